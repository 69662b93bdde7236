"""An idle daemon is small, and stays as small after two thousand runs."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.daemon.conftest import QUIET, Daemon, until
from tests.scenarios.town import AUTUMN, Town

MEGABYTE = 1 << 20
IDLE = 90 * MEGABYTE


def resident(process: int) -> int:
    """Bytes a process has in memory."""
    (found,) = re.findall(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    return int(found) * 1024


def test_an_idle_daemon_has_less_than_90_megabytes(town: Town, daemons) -> None:
    daemon = daemons(town).ready()
    assert daemon.process
    assert daemon.trigger().code == 0
    until(lambda: resident(daemon.process.pid) < IDLE, f"{resident(daemon.process.pid) / MEGABYTE:.1f} MB")


@pytest.mark.proof
@pytest.mark.slice
def test_memory_is_flat_over_two_thousand_runs(tmp_path: Path) -> None:
    runs = 2_000 if os.environ.get("ROSTERSYNC_PROOF") == "full" else 60
    town = Town(tmp_path, extra=f'schedule = "*/10 * * * *"\n{QUIET}')
    town.export(AUTUMN)
    begin = datetime(AUTUMN.year, AUTUMN.month, AUTUMN.day, tzinfo=UTC)
    clock = tmp_path / "clock"
    clock.write_text(begin.isoformat(timespec="seconds"))
    daemon = Daemon(town)
    far = (begin + timedelta(days=365)).isoformat(timespec="seconds")
    daemon.begin("tests.daemon.quick", str(town.config), str(clock), far, "120")
    assert daemon.process
    try:
        sizes = []
        for number in (runs // 4, runs):
            _wait(daemon, number)
            sizes.append(resident(daemon.process.pid))
    finally:
        daemon.end()
    assert sizes[1] - sizes[0] < 4 * MEGABYTE, [f"{size / MEGABYTE:.1f} MB" for size in sizes]
    assert sizes[1] < IDLE, [f"{size / MEGABYTE:.1f} MB" for size in sizes]


def _wait(daemon: Daemon, runs: int) -> None:
    """Until so many runs have ended, however long that takes; a run in the small town takes a tenth of a second."""
    while daemon.log.read_text().count('"run.finished"') < runs:
        until(lambda: daemon.log.stat().st_size, "a log")
        assert daemon.process
        assert daemon.process.poll() is None
