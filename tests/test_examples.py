"""The examples run as their README says."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from rostersync.cli import main
from tests.conftest import ROOT


def test_the_small_town_syncs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "a" / "b"
    shutil.copytree(ROOT / "examples" / "small-town", home)
    shutil.copytree(ROOT / "mappings", tmp_path / "mappings")
    os.utime(home / "in" / "export.xml", (time.time() - 60,) * 2)
    monkeypatch.setenv("ROSTERSYNC_EXAMPLE_SECRET", "a secret of the tests, of no use anywhere else")
    with pytest.raises(SystemExit) as ended:
        main(["-c", str(home / "rostersync.toml"), "sync", "town", "--as-of", "2026-10-05"])
    assert ended.value.code == 0, capsys.readouterr()
    assert (home / "out" / "oneroster.zip").is_file()
