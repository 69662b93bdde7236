"""What `make demo` shows of an LMS: somebody goes to its trash, and comes back from it as the same user."""

from __future__ import annotations

import re
import runpy
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conftest import ROOT

if TYPE_CHECKING:
    import pytest

DEMO = runpy.run_path(str(ROOT / "scripts" / "demo.py"))


def test_the_demo_puts_somebody_into_the_trash_and_takes_her_out_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT / "mappings", tmp_path / "mappings")
    (tmp_path / "demo").mkdir()
    DEMO["trash_and_back"](tmp_path / "demo" / "town")
    said = capsys.readouterr().out
    assert re.findall(r"holds (\d+) users, each made once", said) == ["7", "7", "6", "7"]
    assert re.findall(r"in its trash: (.*)", said) == ["nobody", "nobody", "Kari Lund", "nobody"]
    links = re.findall(r"(\d+) guardian links", said)
    assert (links[0], links[2], links[3]) == ("4", "3", "4")
