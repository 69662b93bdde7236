"""Real kills at any moment: the next run ends where an undisturbed one would have."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.scenarios.town import AUTUMN, Human, Tied, Town
from tests.states import STATES

DAY = timedelta(days=1)
TARGETS = ("oneroster_csv", "memory")


def crowd(town: Town) -> None:
    """Enough people that a run takes a while."""
    for number in range(300):
        town.world.put(
            Human(f"p{number}", f"P{number}", "Test", guardians=(f"g{number}",)),
            Human(f"g{number}", f"G{number}", "Test", None, email=f"g{number}@home.example"),
            Tied("7A", f"p{number}"),
            Tied("north", f"p{number}"),
        )


def second_day(town: Town) -> None:
    """What changes on day two: some leave, some move, some change their names."""
    for number in range(4):
        town.world.drop(f"p{number}")
    for number in range(10, 40):
        town.world.change(f"p{number}", family="Endret")
    for number in range(50, 60):
        town.world.untie(f"p{number}", "7A").put(Tied("7B", f"p{number}"))


def sync(town: Town, on: str) -> subprocess.Popen[bytes]:
    with (town.home / "log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "rostersync", "-c", str(town.config), "--quiet", "sync", "oslo", "--as-of", on],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )


def lives(town: Town) -> dict[str, tuple[object, str]]:
    """Everything known, with its life, and whether it is certain."""
    store = town.store()
    try:
        return {
            f"{kind} {one.id}": (one.value, one.life.state)
            for kind in ("organisation", "group", "user")
            for one in store.known.objects("lms", kind)
        }
    finally:
        store.close()


def undisturbed(home: Path, target: str) -> Town:
    town = Town(home, target=target)
    crowd(town)
    town.sync(AUTUMN)
    second_day(town)
    town.sync(AUTUMN + DAY)
    return town


@pytest.mark.proof
@pytest.mark.slice
@pytest.mark.both
@pytest.mark.parametrize("target", TARGETS)
def test_a_killed_run_and_a_rerun_end_where_an_undisturbed_run_does(tmp_path: Path, target: str, kills: int) -> None:
    calm = undisturbed(tmp_path / "calm", target)
    expected = lives(calm)
    chance = random.Random(20261122)
    took = 1.5
    for number in range(kills):
        town = Town(tmp_path / f"killed-{number}", target=target)
        crowd(town)
        for on, change in ((AUTUMN, None), (AUTUMN + DAY, second_day)):
            if change:
                change(town)
            town.export(on)
            began = time.monotonic()
            process = sync(town, on.isoformat())
            time.sleep(chance.uniform(0.3, took))
            process.send_signal(signal.SIGKILL)
            process.wait()
            took = max(took, time.monotonic() - began)
            again = sync(town, on.isoformat())
            assert again.wait() == 0, (town.home / "log").read_text()[-2000:]
        assert lives(town) == expected, f"kill {number}"
        if target == "oneroster_csv":
            assert (town.home / "out" / "oneroster.zip").read_bytes() == (
                calm.home / "out" / "oneroster.zip"
            ).read_bytes()
            assert [one.name for one in (town.home / "out").iterdir()] == ["oneroster.zip"]
        assert town.run(AUTUMN + DAY, "plan", full=True).changes == {}


@pytest.mark.proof
@pytest.mark.slice
@pytest.mark.both
@pytest.mark.parametrize("target", TARGETS)
def test_a_server_that_goes_down_and_a_rerun_end_where_an_undisturbed_run_does(
    tmp_path: Path, target: str, kills: int, engine: str
) -> None:
    server = STATES.server
    if server is None:
        pytest.skip("SQLite has no server")
    expected = lives(undisturbed(tmp_path / "calm", target))
    chance = random.Random(20261122)
    told = set()
    for number in range(max(2, kills // 2)):
        town = Town(tmp_path / f"cut-{number}", target=target)
        crowd(town)
        for on, change in ((AUTUMN, None), (AUTUMN + DAY, second_day)):
            if change:
                change(town)
            town.export(on)
            process = sync(town, on.isoformat())
            time.sleep(chance.uniform(0.5, 2.5))
            server.restart(chance.choice([signal.SIGINT, signal.SIGQUIT, signal.SIGKILL]))
            told.add(process.wait())
            assert sync(town, on.isoformat()).wait() == 0, (town.home / "log").read_text()[-2000:]
        assert lives(town) == expected, f"cut {number}"
        assert town.run(AUTUMN + DAY, "plan", full=True).changes == {}
    assert told <= {0, 1}
