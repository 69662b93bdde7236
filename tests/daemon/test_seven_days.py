"""Seven days of schedules, arrivals, triggers, reloads and kills in one accelerated test: every due run exactly once."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from rostersync.daemon.calling import call, known_socket
from rostersync.daemon.protocol import Ask
from rostersync.errors import RostersyncError
from tests.daemon.conftest import Daemon, until
from tests.scenarios.town import Town

OSLO = ZoneInfo("Europe/Oslo")
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
WEEKS = {"autumn": date(2026, 10, 22), "spring": date(2026, 3, 26)}
"""Thursdays: the clocks change on the Sunday after."""

CONFIG = """schedule = "30 2 * * *"
schedule_full = "0 3 * * 0"
on_arrival = true
[target.other]
type = "memory"
path = "out/other.jsonl"
deliver = true
[sync.bergen]
from = ["everyday"]
to = ["other"]
roles = "{roles}"
schedule = "15 */6 * * *"
[daemon]
listen = ""
"""


class Week:
    """A week of a town with two syncs on one state, on a quick clock, with everything that was remembered and when."""

    def __init__(self, home: Path, first: date) -> None:
        self.town = Town(home, extra=CONFIG.replace("{roles}", "ROLES"))
        roles = next(line for line in self.town.config.read_text().splitlines() if line.startswith("roles"))
        self.town.config.write_text(self.town.config.read_text().replace('roles = "ROLES"', roles))
        self.begin = datetime(first.year, first.month, first.day, 1, 0, tzinfo=OSLO).astimezone(UTC)
        self.end = (datetime(first.year, first.month, first.day, 1, 0, tzinfo=OSLO) + 7 * DAY).astimezone(UTC)
        self.clock = home / "clock"
        self.clock.write_text(self.begin.isoformat(timespec="seconds"))
        self.hold = home / "clock.hold"
        self.until(self.begin)
        self.daemon = Daemon(self.town)
        self.exports = 0
        self.kills = 0
        self.town.store().close()
        self._keep_history()

    def _keep_history(self) -> None:
        """The database itself writes down, in the transaction that does it, each run that ends and each mark that is kept."""
        with closing(sqlite3.connect(self.town.home / "state.db")) as database, database:
            database.executescript(
                """
                CREATE TABLE history (no INTEGER PRIMARY KEY, what TEXT, value TEXT);
                CREATE TRIGGER kept AFTER INSERT ON meta WHEN new.name LIKE 'served.%' OR new.name LIKE 'arrived.%'
                BEGIN INSERT INTO history (what, value) VALUES (new.name, new.value); END;
                CREATE TRIGGER ended AFTER UPDATE OF finished_at ON run
                BEGIN INSERT INTO history (what, value) VALUES ('run ' || new.sync, new.started_at); END;
                """
            )

    def history(self) -> list[tuple[str, str]]:
        with closing(sqlite3.connect(self.town.home / "state.db")) as database:
            return list(database.execute("SELECT what, value FROM history ORDER BY no"))

    def now(self) -> datetime:
        return datetime.fromisoformat(self.clock.read_text()[:25])

    def until(self, at: datetime) -> None:
        """Let time go on until then."""
        self.hold.touch()
        with self.hold.open("r+") as hold:  # in one write, for the daemon may be reading
            hold.write(at.astimezone(UTC).isoformat(timespec="seconds"))

    def start(self) -> None:
        ready = len(self.daemon.events("serve.ready"))
        self.daemon.begin("tests.daemon.quick", str(self.town.config), str(self.clock), self.end.isoformat(), "90")
        until(lambda: len(self.daemon.events("serve.ready")) > ready, "serve.ready")

    # -- what happens in that week ----------------------------------------------------------------------------------

    def arrival(self) -> None:
        """The school system drops a new export."""
        # somebody else every day: the guard counts a week's changes together
        whom = ("kari", "per", "ola", "siri", "eva", "mor", "far")[self.exports]
        self.exports += 1
        self.town.world.change(whom, family="Endret")
        fresh = self.town.home / "in" / ".coming"
        fresh.write_text(self.town.world.xml(self.now()))
        then = self.now().timestamp()
        os.utime(fresh, (then, then))
        fresh.rename(self.town.export_path)

    def trigger(self) -> None:
        """Somebody asks for a run; a daemon that is down, or killed meanwhile, is none of her business."""
        try:
            for _ in call(known_socket(self.town.settings()), Ask("oslo")):
                pass
        except RostersyncError:
            pass

    def reload(self) -> None:
        """The config is saved broken, and reloaded; then mended, and reloaded."""
        right = self.town.config.read_text()
        for text, told in (
            (right.replace("version = 1", "version = 2"), "serve.reload_refused"),
            (right, "serve.reloaded"),
        ):
            before = len(self.daemon.events(told))
            self.town.config.write_text(text)
            self.daemon.send(signal.SIGHUP)
            until(lambda told=told, before=before: len(self.daemon.events(told)) > before, told)

    def kill(self, chance: random.Random) -> None:
        """The power fails, often in the middle of a run, and comes back after a while, once or twice with an older clock."""
        if chance.random() < 0.8:
            seen = len(self.daemon.events("run.started"))
            self.until(min(self.now() + 7 * HOUR, self.end - 2 * HOUR))
            with suppress(AssertionError):
                until(lambda: len(self.daemon.events("run.started")) > seen or self._stands(), "a run")
            time.sleep(chance.uniform(0, 0.25))
        self.daemon.end(signal.SIGKILL)
        self.kills += 1
        self.clock.write_text(
            (self.now() + chance.choice([-90, 0, 10, 45, 100]) * MINUTE).isoformat(timespec="seconds")
        )
        self.start()

    def live(self, chance: random.Random) -> None:
        """Live through the week."""
        happenings = sorted(
            (self.begin + day * DAY + chance.uniform(0, 14) * HOUR, what)
            for day in range(7)
            for what in ("arrival", "trigger", "reload", "kill")
        )
        self.start()
        for at, what in happenings:
            self.until(max(at, self.now()))
            until(self._stands, what)
            self.kill(chance) if what == "kill" else getattr(self, what)()
        self.until(self.end)
        until(self._ended, "the end of the week")
        assert self.daemon.end(0) == 0, self.daemon.log.read_text()[-3000:]

    def _stands(self) -> bool:
        return self.now() >= datetime.fromisoformat(self.hold.read_text())

    def _ended(self) -> bool:
        return self.daemon.process is not None and self.daemon.process.poll() is not None


def expected(first: date) -> Iterator[tuple[str, datetime]]:
    """Every due run of the week, told without the daemon's own reckoning: what the wall clock shows, day by day."""
    for day in (first + number * DAY for number in range(8)):
        at = datetime(day.year, day.month, day.day, tzinfo=OSLO)
        skipped = day == date(2026, 3, 29)
        yield "served.oslo.schedule", at.replace(hour=3) if skipped else at.replace(hour=2, minute=30)
        for hour in (0, 6, 12, 18):
            yield "served.bergen.schedule", at.replace(hour=hour, minute=15)
        if day.weekday() == 6:
            yield "served.oslo.full", at.replace(hour=3)


@pytest.mark.parametrize("season", WEEKS)
def test_every_due_run_of_seven_days_ran_exactly_once(tmp_path: Path, season: str) -> None:
    first = WEEKS[season]
    week = Week(tmp_path, first)
    try:
        week.live(random.Random(season))
    finally:
        week.daemon.end(signal.SIGKILL)
    due = {
        (name, at.astimezone(UTC)) for name, at in expected(first) if week.begin < at.astimezone(UTC) < week.end - HOUR
    }
    history = week.history()
    made: dict[tuple[str, datetime], int] = {}
    for number, (what, value) in enumerate(history):
        moment = value.partition(" ")[0]
        if what.startswith("served.") and (key := (what, datetime.fromisoformat(moment))) in due:
            made[key] = made.get(key, 0) + 1
            # the mark is kept with the end of a run of that sync, in one transaction
            behind = [one for one, _ in history[:number] if one.startswith("run ")][-1]
            assert behind == f"run {what.split('.')[1]}"
    assert {key: made.get(key, 0) for key in due} == dict.fromkeys(due, 1)
    unknown = [
        value
        for what, value in history
        if what.startswith("served.") and datetime.fromisoformat(value.partition(" ")[0]) not in {at for _, at in due}
    ]
    assert len(unknown) <= 6, unknown  # where each schedule began to count, and what was due in the last hour
    seen = [value for what, value in history if what == "arrived.oslo.everyday"]
    assert len(seen) == len(set(seen)) >= week.exports
    assert week.kills == 7
    assert week.daemon.events("serve.reload_refused") != []
    assert week.town.run(week.now().astimezone(OSLO).date(), "plan", full=True).changes == {}
