"""The daemon killed at any moment: its next start ends where an undisturbed one would have."""

from __future__ import annotations

import random
import signal
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.daemon.conftest import Daemon, until
from tests.scenarios.test_kills import crowd, lives, second_day
from tests.scenarios.town import AUTUMN, Town

DAY = timedelta(days=1)
EXTRA = 'schedule = "30 4 * * *"\n[daemon]\nlisten = ""\n'


def at(on: date, hour: int) -> str:
    return datetime(on.year, on.month, on.day, hour, 0, tzinfo=UTC).isoformat(timespec="seconds")


def begin(town: Town, until_: str) -> Daemon:
    """The daemon, from where its clock stands."""
    daemon = Daemon(town)
    return daemon.begin("tests.daemon.quick", str(town.config), str(town.home / "clock"), until_, "60")


def serve(town: Town, on: date, chance: random.Random | None = None) -> float:
    """Serve the night of a date; with `chance`, be killed at some moment of its run and started again. Seconds it took."""
    (town.home / "clock").write_text(at(on, 1))
    town.export(on)
    daemon = begin(town, at(on, 5))
    began = time.monotonic()
    if chance:
        ready, runs = len(daemon.events("serve.ready")), len(daemon.events("run.started"))
        until(lambda: len(daemon.events("serve.ready")) > ready)
        if chance.random() < 0.8:
            until(lambda: len(daemon.events("run.started")) > runs)
        time.sleep(chance.uniform(0, 1.2))
        daemon.end(signal.SIGKILL)
        daemon = begin(town, at(on, 5))
    assert daemon.end(0) == 0, daemon.log.read_text()[-2000:]
    return time.monotonic() - began


@pytest.mark.proof
@pytest.mark.slice
@pytest.mark.parametrize("target", ["oneroster_csv", "memory"])
@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgres", marks=pytest.mark.in_full)], indirect=True)
def test_a_killed_daemon_finishes_at_its_next_start(tmp_path: Path, target: str, kills: int) -> None:
    calm = Town(tmp_path / "calm", target=target, extra=EXTRA)
    crowd(calm)
    serve(calm, AUTUMN)
    second_day(calm)
    serve(calm, AUTUMN + DAY)
    expected = lives(calm)
    assert len(expected) > 600
    chance = random.Random(20261122)
    for number in range(max(2, kills // 2)):  # one of them is killed on each of its two days
        town = Town(tmp_path / f"killed-{number}", target=target, extra=EXTRA)
        crowd(town)
        serve(town, AUTUMN, chance)
        second_day(town)
        serve(town, AUTUMN + DAY, chance)
        assert lives(town) == expected, f"kill {number}"
        if target == "oneroster_csv":
            assert (town.home / "out" / "oneroster.zip").read_bytes() == (
                calm.home / "out" / "oneroster.zip"
            ).read_bytes()
            assert [one.name for one in (town.home / "out").iterdir()] == ["oneroster.zip"]
        assert town.run(AUTUMN + DAY, "plan", full=True).changes == {}
