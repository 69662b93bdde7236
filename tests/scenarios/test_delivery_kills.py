"""Real kills while an LMS is told, over a line on which calls break off or are never answered: it ends as it should.

In full these are 200 kills while the lab's itslearning is told of size M, and 100 while the memory target is told of S.
"""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from rostersync.lab.doubles.itslearning import ItslearningDouble, Site
from rostersync.lab.doubles.server import Asked, Server, Told
from rostersync.lab.generate import Size, generate
from rostersync.model import Placed, User
from rostersync.targets.memory import MemoryTarget, Settings
from tests.scenarios.test_kills import DAY, crowd, lives, second_day, sync
from tests.scenarios.town import AUTUMN, Town

BAD_LINE = "connections = 8\nat_once = 10\ndelay = {delay}\nfaltering = 10\nunheard = 5\n"
"""Of a hundred calls ten break off, and five are carried out without an answer."""

Days = Sequence[Callable[[Town], None]]
"""What the school system exports on each day."""


def small_days(_folder: Path) -> Days:
    """Six hundred people."""

    def first(town: Town) -> None:
        crowd(town)
        town.export(AUTUMN)

    def second(town: Town) -> None:
        second_day(town)
        town.export(AUTUMN + DAY)

    return first, second


def lab_days(folder: Path, size: Size) -> Days:
    """The lab's municipality of a size; on the next day every fiftieth person has another name or address."""
    texts = [generate(folder, size=size, day=day, churn=0.02).export.read_bytes() for day in (1, 2)]
    return tuple(
        partial(Town.export, on=AUTUMN + number * DAY, text=text)  # type: ignore[misc]
        for number, text in enumerate(texts)
    )


def town_on_a_bad_line(home: Path, chance: int, delay: int) -> Town:
    town = Town(home, target="memory")
    text, line = town.config.read_text(), BAD_LINE.format(delay=delay)
    town.config.write_text(
        text.replace('path = "out/lms.jsonl"\n', f'path = "out/lms.jsonl"\n{line}chance = {chance}\n')
    )
    return town


def holds(town: Town) -> tuple[Placed, ...]:
    """What the LMS holds, with everything it was asked in its life behind it."""
    return MemoryTarget("lms", Settings(path=town.home / "out" / "lms.jsonl")).snapshot()


def killed_while_it_delivers(
    process: subprocess.Popen[bytes], told: Callable[[], int], chance: random.Random, longest: float
) -> bool:
    """Kill when the LMS has been told something, or a little later; whether it was still at it."""
    before = told()
    while process.poll() is None and told() == before:
        time.sleep(0.005)
    time.sleep(chance.uniform(0, longest))
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def run_until_done(town: Town, on: str) -> None:
    """Run again until nothing is left to do."""
    for _ in range(8):
        if (code := sync(town, on).wait()) == 0:
            return
        assert code == 4, (town.home / "log").read_text()[-2000:]
    raise AssertionError((town.home / "log").read_text()[-2000:])


@pytest.mark.proof
@pytest.mark.slice
def test_whatever_breaks_off_the_lms_ends_with_everything_once_and_nobody_gone_early(
    tmp_path: Path, kills: int
) -> None:
    in_full = kills > 10
    days = lab_days(tmp_path, "S") if in_full else small_days(tmp_path)
    calm = Town(tmp_path / "calm", target="memory")
    for number, exports in enumerate(days):
        exports(calm)
        calm.run(AUTUMN + number * DAY)
    expected, everybody = lives(calm), holds(calm)
    chance, killed, number = random.Random(20261122), 0, 0
    while killed < kills:
        town = town_on_a_bad_line(tmp_path / f"killed-{number}", number, delay=60 if in_full else 5)
        lms = town.home / "out" / "lms.jsonl"
        for on, exports in zip((AUTUMN, AUTUMN + DAY), days, strict=True):
            exports(town)
            for _ in range(12 if in_full else 2):
                told = partial(lambda file: file.stat().st_size if file.exists() else 0, lms)
                if not killed_while_it_delivers(sync(town, on.isoformat()), told, chance, 0.6):
                    break
                killed += 1
                assert all(one.value.enabled for one in holds(town) if isinstance(one.value, User)), (
                    "nobody is suspended"
                )
            run_until_done(town, on.isoformat())
        assert lives(town) == expected, f"town {number}"
        assert holds(town) == everybody, f"town {number}"
        asked = {what for _, what in MemoryTarget("lms", Settings(path=lms)).calls}
        assert asked == {"create", "update"}, "nobody is removed"
        assert town.run(AUTUMN + DAY, "plan", full=True).changes == {}
        number += 1
        print(f"{killed} kills in {number} towns")


# -- over a real line --------------------------------------------------------------------------------------------------


class Unlucky:
    """A site behind a bad line, where each call takes a moment."""

    def __init__(self, seed: int) -> None:
        self.double = ItslearningDouble(Site("root"))
        self.double.delay = 0.005
        self.dice = random.Random(seed)

    def answer(self, asked: Asked) -> Told:
        thrown = self.dice.random()
        if thrown < 0.10:
            return Told(b"busy", status=503)
        told = self.double.answer(asked)
        return Told(b"lost", status=502) if thrown < 0.15 else told

    def holds(self) -> tuple[object, ...]:
        """What the site has. It makes up the logins of guardians by itself."""
        people = {key: replace(one, login="") for key, one in self.double.site.persons.items()}
        return people, self.double.site.groups, self.double.site.memberships


def town_at(home: Path, url: str) -> Town:
    home.mkdir()
    (home / "ims").write_text("of no use")
    (home / "ims").chmod(0o600)
    account = 'user = "rostersync"\npassword = { file = "ims" }\nroot = "root"\nconnections = 8'
    return Town(home, target="itslearning", place=f'url = "{url}"\n{account}')


@pytest.mark.proof
def test_itslearning_too_ends_with_everything_once_and_nobody_gone_early(tmp_path: Path, kills: int) -> None:
    in_full = kills > 10
    days = lab_days(tmp_path, "M") if in_full else small_days(tmp_path)
    chance, killed = random.Random(20261122), 0
    quiet, lms = Unlucky(0), Unlucky(1)
    with Server(quiet.double) as server:
        calm = town_at(tmp_path / "calm", server.url)
        for on, exports in zip((AUTUMN, AUTUMN + DAY), days, strict=True):
            exports(calm)
            assert sync(calm, on.isoformat()).wait() == 0
    with Server(lms) as server:
        town = town_at(tmp_path / "killed", server.url)
        told = partial(len, server.asked)
        for on, exports, until in zip((AUTUMN, AUTUMN + DAY), days, (1.6 * kills, 2 * kills), strict=True):
            exports(town)
            while killed < until and killed_while_it_delivers(
                sync(town, on.isoformat()), told, chance, 8 if in_full else 1.2
            ):
                killed += 1
                assert not [one for one in lms.double.site.persons.values() if one.trashed], "nobody is gone early"
                print(f"{killed} kills, {told()} calls", flush=True)
            run_until_done(town, on.isoformat())
    assert lives(town) == lives(calm)
    assert lms.holds() == quiet.holds()
    assert set(lms.double.site.created.values()) == {1}, "nobody is there twice"
    if in_full:
        assert killed >= kills, "most of the kills came in time"
