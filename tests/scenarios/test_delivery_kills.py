"""Real kills while an LMS is told, over a line on which calls break off or are never answered: it ends as it should."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from rostersync.model import Placed, User
from rostersync.targets.memory import MemoryTarget, Settings
from tests.scenarios.test_kills import DAY, crowd, lives, second_day, sync
from tests.scenarios.town import AUTUMN, Town

BAD_LINE = "connections = 8\nat_once = 10\ndelay = 5\nfaltering = 10\nunheard = 5\n"
"""Of a hundred calls ten break off, and five are carried out without an answer."""


def town_on_a_bad_line(home: Path, chance: int) -> Town:
    town = Town(home, target="memory")
    text = town.config.read_text()
    town.config.write_text(
        text.replace('path = "out/lms.jsonl"\n', f'path = "out/lms.jsonl"\n{BAD_LINE}chance = {chance}\n')
    )
    crowd(town)
    return town


def holds(town: Town) -> tuple[Placed, ...]:
    """What the LMS holds, with everything it was asked in its life behind it."""
    return MemoryTarget("lms", Settings(path=town.home / "out" / "lms.jsonl")).snapshot()


def kill_while_it_delivers(town: Town, process: subprocess.Popen[bytes], chance: random.Random) -> None:
    """Wait until the LMS is told something, and a little longer."""
    file = town.home / "out" / "lms.jsonl"
    before = file.stat().st_size if file.exists() else 0
    while process.poll() is None and (not file.exists() or file.stat().st_size == before):
        time.sleep(0.005)
    time.sleep(chance.uniform(0, 0.6))
    process.send_signal(signal.SIGKILL)
    process.wait()


def run_until_done(town: Town, on: str) -> int:
    """Run again until nothing is left to do; how often that took."""
    for times in range(1, 6):
        if (code := sync(town, on).wait()) == 0:
            return times
        assert code == 4, (town.home / "log").read_text()[-2000:]
    raise AssertionError((town.home / "log").read_text()[-2000:])


@pytest.mark.proof
@pytest.mark.slice
def test_whatever_breaks_off_the_lms_ends_with_everything_once_and_nobody_gone_early(
    tmp_path: Path, kills: int
) -> None:
    calm = Town(tmp_path / "calm", target="memory")
    crowd(calm)
    calm.sync(AUTUMN)
    second_day(calm)
    calm.sync(AUTUMN + DAY)
    expected, everybody = lives(calm), holds(calm)
    chance = random.Random(20261122)
    for number in range(max(1, kills // 2)):
        town = town_on_a_bad_line(tmp_path / f"killed-{number}", number)
        for on, change in ((AUTUMN, None), (AUTUMN + DAY, second_day)):
            if change:
                change(town)
            town.export(on)
            kill_while_it_delivers(town, sync(town, on.isoformat()), chance)
            assert all(one.value.enabled for one in holds(town) if isinstance(one.value, User)), "nobody is suspended"
            run_until_done(town, on.isoformat())
        assert lives(town) == expected, f"kill {number}"
        assert holds(town) == everybody, f"kill {number}"
        asked = {what for _, what in MemoryTarget("lms", Settings(path=town.home / "out" / "lms.jsonl")).calls}
        assert asked == {"create", "update"}, "nobody is removed"
        assert town.run(AUTUMN + DAY, "plan", full=True).changes == {}
