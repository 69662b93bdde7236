"""Five crontab fields and a time zone -> the moments at which a run is due.

The numbers mean what crontab(5) says: Sunday is 0 and 7, and where both the day of the month and the day of the week
are restricted, either will do. A wall-clock time counts once a day: one that the spring change skips is due at the change
itself, one that the autumn change gives twice is due the first time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger  # type: ignore[import-untyped]

_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PART: Final = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?")
_LEAST: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class _Field:
    """One of the five: its name, its least and greatest number, and the words that stand for numbers from `least` on."""

    name: str
    least: int
    most: int
    words: tuple[str, ...] = ()

    def numbers(self, text: str) -> list[int]:
        """Every number that a field's text allows.

        Raises:
            ValueError: it is no such text.
        """
        found: set[int] = set()
        for part in text.lower().split(","):
            match = _PART.fullmatch(part)
            if not match or match["step"] in ("0", "00"):
                raise self._wrong(part)
            first = self._number(match["first"]) if match["first"] else self.least
            last = self._number(match["last"]) if match["last"] else first
            if not match["first"] or (match["step"] and not match["last"]):
                last = self.most
            if last < first:
                raise ValueError(f'{self.name}: "{part}" runs backwards; write it as two parts with a comma')
            found.update(range(first, last + 1, int(match["step"] or 1)))
        return sorted(found)

    def _number(self, text: str) -> int:
        if text in self.words:
            return self.words.index(text) + self.least
        if not text.isdecimal() or not self.least <= int(text) <= self.most:
            raise self._wrong(text)
        return int(text)

    def _wrong(self, text: str) -> ValueError:
        words = f" or {self.words[0]} to {self.words[-1]}" if self.words else ""
        return ValueError(f'{self.name}: "{text}" is not {self.least} to {self.most}{words}')


_FIELDS: Final = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of the week", 0, 7, _DAYS),
)


class Cron:
    """One schedule in one zone.

    Raises:
        ValueError: a sentence about the text, or that it never comes.
    """

    def __init__(self, text: str, zone: ZoneInfo) -> None:
        self.text = text
        self._zone = zone
        typed = text.split()
        if len(typed) != len(_FIELDS):
            raise ValueError(
                f'"{text}" has {len(typed)} fields; a schedule has five, minute hour day month weekday: "30 4 * * *"'
            )
        minute, hour, day, month, weekday = (field.numbers(one) for field, one in zip(_FIELDS, typed, strict=True))
        times = {"minute": _listed(minute), "hour": _listed(hour), "month": _listed(month)}
        days = {"day": _listed(day)}
        weekdays = {"day_of_week": ",".join(dict.fromkeys(_DAYS[one % 7] for one in weekday))}
        either = not typed[2].startswith("*") and not typed[4].startswith("*")
        choices = [days, weekdays] if either else [days | weekdays]
        self._triggers = [CronTrigger(**times, **choice, timezone=UTC) for choice in choices]
        if self._next_wall(datetime(2000, 1, 1, tzinfo=UTC)) is None:
            raise ValueError(f'"{text}" never comes: no such day is in the calendar')

    @property
    def rule(self) -> str:
        """What decides its moments, as one text."""
        return f"{self.text} {self._zone.key}"

    def next_after(self, moment: datetime) -> datetime:
        """The first moment after this one at which a run is due, in UTC."""
        # the wall clock is followed as if it stood in UTC, so that no change of clocks confuses the trigger
        wall = moment.astimezone(self._zone).replace(tzinfo=UTC, fold=0)
        while (found := self._next_wall(wall)) is not None:
            due = _shown(found, self._zone)
            if due > moment:
                return due
            wall = found
        raise OverflowError(self.text)  # the year 9999 has passed

    def _next_wall(self, wall: datetime) -> datetime | None:
        after = wall + timedelta(microseconds=1)
        found = (trigger.get_next_fire_time(None, after) for trigger in self._triggers)
        return min((one for one in found if one is not None), default=None)


def _listed(numbers: list[int]) -> str:
    return ",".join(map(str, numbers))


def _shown(wall: datetime, zone: ZoneInfo) -> datetime:
    """When the wall clock first showed this time, or jumped over it."""
    there = wall.replace(tzinfo=zone).astimezone(UTC)
    if there.astimezone(zone).replace(tzinfo=UTC, fold=0) == wall:
        return there
    before, after = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), there
    offset = before.astimezone(zone).utcoffset()
    while after - before > _LEAST:
        middle = before + ((after - before) / 2)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)
