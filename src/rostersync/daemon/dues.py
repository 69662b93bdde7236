"""Which runs are due: each schedule, and until when its runs are served. Pure but for what it remembers.

A mark says up to which moment a schedule's runs were served. It is kept in the state beside the run that it belongs to, so a
restart, a kill or a clock set back neither repeats a run nor loses one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

import structlog

from rostersync.daemon.schedule import Cron

Kind = Literal["schedule", "full"]
CLOCK_WAS_WRONG: Final = timedelta(days=1)
"""A mark further ahead than this was made by a clock that ran ahead: counting begins anew from now."""

AT_ONCE: Final = timedelta(minutes=1)
"""How late a run may begin that is not to be made up for later."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Timed:
    """One schedule of one sync, and how late a missed run of it may be made up for (None = never)."""

    sync: str
    kind: Kind
    cron: Cron
    catch_up: timedelta | None

    @property
    def name(self) -> str:
        """Under which name the state remembers its mark."""
        return f"served.{self.sync}.{self.kind}"


@dataclass(frozen=True, slots=True)
class Due:
    """One run that is due: of which schedule, at which moment, and the mark to keep once it has been made."""

    timed: Timed
    at: datetime

    @property
    def mark(self) -> str:
        """The mark as the state keeps it."""
        return mark(self.timed, self.at)


def mark(timed: Timed, until: datetime) -> str:
    """`until` and the rule it was made under: under another rule it means nothing."""
    return f"{until.isoformat()} {timed.cron.rule}"


class Dues:
    """The schedules, each with its mark. `recalled` are the marks the state kept, by name."""

    def __init__(self, schedules: Mapping[str, Timed], recalled: Mapping[str, str], now: datetime) -> None:
        self._schedules = schedules
        self._until = {name: _until(one, recalled.get(name, ""), now) or now for name, one in schedules.items()}
        self._next = {name: one.cron.next_after(self._until[name]) for name, one in schedules.items()}
        self.fresh = {
            name: mark(one, now) for name, one in schedules.items() if not _until(one, recalled.get(name, ""), now)
        }
        """Marks of schedules that are new or were changed: they count from now, and the state does not know it yet."""

    def owed(self, now: datetime) -> Iterator[Due]:
        """Every schedule's run that is due now, once: several that were missed are made up for by one."""
        for name, timed in self._schedules.items():
            self._mend(name, now)
            if self._next[name] <= now:
                due = self._newest(name, timed, now - (timed.catch_up or AT_ONCE), now)
                self._serve(name, due or now)
                if due is not None:
                    yield Due(timed, due)

    def next(self, sync: str) -> datetime | None:
        """When the sync is due next."""
        return min((self._next[name] for name, one in self._schedules.items() if one.sync == sync), default=None)

    def marks(self) -> dict[str, str]:
        """Every mark as it stands, to be recalled by the next Dues."""
        return {name: mark(one, self._until[name]) for name, one in self._schedules.items()}

    def _newest(self, name: str, timed: Timed, floor: datetime, now: datetime) -> datetime | None:
        """The newest moment up to now that is not too late to be made up for; None when all are."""
        due = self._next[name]
        if due < floor:
            log.warning("schedule.passed_over", sync=timed.sync, schedule=timed.kind, due=due.isoformat())
            due = timed.cron.next_after(floor)
        if due > now:
            return None
        while (later := timed.cron.next_after(due)) <= now:
            due = later
        return due

    def _serve(self, name: str, until: datetime) -> None:
        self._until[name] = until
        self._next[name] = self._schedules[name].cron.next_after(until)

    def _mend(self, name: str, now: datetime) -> None:
        if self._until[name] - now > CLOCK_WAS_WRONG:
            log.warning("schedule.clock_went_back", schedule=name, served_until=self._until[name].isoformat())
            self._serve(name, now)


def _until(timed: Timed, kept: str, now: datetime) -> datetime | None:
    """The moment in a kept mark; None for none, one of another rule, or one by a clock that ran ahead."""
    moment, _, rule = kept.partition(" ")
    if rule != timed.cron.rule:
        return None
    until = datetime.fromisoformat(moment)
    return until if until - now <= CLOCK_WAS_WRONG else None


def served(kept: str, mark: str) -> bool:
    """Whether a kept mark says that the run of another mark was made already, by whomever."""
    (kept_at, _, kept_rule), (at, _, rule) = kept.partition(" "), mark.partition(" ")
    if kept_rule != rule:
        return False
    ahead = datetime.fromisoformat(kept_at) - datetime.fromisoformat(at)
    return timedelta() <= ahead <= CLOCK_WAS_WRONG
