"""Private copies: for our eyes only, locked while they are needed, swept away when their run is dead."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rostersync.transport.spool import Spool


def test_a_copy_is_for_our_eyes_only_and_gone_when_it_is_dropped(tmp_path: Path) -> None:
    spool = Spool("everyday", tmp_path, ".xml")
    path = spool.create()
    with spool.writing(path) as copy:
        copy.write(b"whole")
    assert (path.read_bytes(), path.stat().st_mode & 0o777, path.suffix) == (b"whole", 0o600, ".xml")
    spool.drop(path)
    spool.drop(path)  # who cleans up twice does no harm
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_swept_and_what_lives_is_not(tmp_path: Path) -> None:
    program = (
        "import os, sys\nfrom pathlib import Path\nfrom rostersync.transport.spool import Spool\n"
        "Spool('everyday', Path(sys.argv[1]), '.xml').create()\nos.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    (dead,) = tmp_path.iterdir()
    living, other = Spool("everyday", tmp_path, ".xml"), Spool("vigo", tmp_path, ".xml")
    first, foreign = living.create(), other.create()
    second = Spool("everyday", tmp_path, ".xml").create()
    assert set(tmp_path.iterdir()) == {first, foreign, second}
    assert dead not in tmp_path.iterdir()
    living.drop(first)
    other.drop(foreign)


@pytest.mark.parametrize("name", ["../skoler *", "skoler/nord", "[a]", "æ"])
def test_odd_names_make_no_odd_files(tmp_path: Path, name: str) -> None:
    spool = Spool(name, tmp_path, ".xml")
    path = spool.create()
    assert path.parent == tmp_path
    spool.drop(path)


def test_a_link_that_somebody_laid_in_the_way_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("whole")
    spool_folder = tmp_path / "spool"
    spool_folder.mkdir()
    os.symlink(precious, spool_folder / "rostersync-everyday-x.xml")  # noqa: PTH211 - as an attacker would
    spool = Spool("everyday", spool_folder, ".xml")
    spool.drop(spool.create())
    assert precious.read_text() == "whole"
    assert (spool_folder / "rostersync-everyday-x.xml").is_symlink()


def test_a_folder_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        Spool("everyday", tmp_path / "gone", ".xml").create()
