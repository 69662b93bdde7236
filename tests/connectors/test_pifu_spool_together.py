"""Two runs on one machine, for two school owners that call their source alike."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rostersync.transport.files import Files, FilesSettings
from tests.scenarios.town import AUTUMN, Town

from .contract import NOW


def test_no_run_sweeps_away_the_copy_that_another_is_making(tmp_path: Path) -> None:
    export = Town(tmp_path / "home").export(AUTUMN)
    folder = tmp_path / "spool"
    folder.mkdir()

    def copies(_run: int) -> int:
        files, whole = Files("everyday", FilesSettings(files=str(export), settle=None, spool=folder)), 0
        for _ in range(60):
            copy = files.fetch(NOW)
            whole += copy.path.is_file() and copy.path.stat().st_size == export.stat().st_size
            files.discard(copy.path)
        return whole

    with ThreadPoolExecutor(4) as runs:
        assert list(runs.map(copies, range(4))) == [60] * 4
    assert list(folder.iterdir()) == []
