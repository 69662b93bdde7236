"""FINT's moments as school dates, and the days on which several periods hold at once.

A date is written as a moment in UTC: at noon by recommendation, often at midnight, and sometimes as local midnight, which
is 22:00 or 23:00 the day before. So periods are compared as dates in the school's own zone, never as moments.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from rostersync.connectors.fint.entries import inner

_NO_END: Final = 9990
"""From this year on a date means "no end", as in 9999-12-31."""

_NO_BEGIN: Final = 1800

Period = tuple[str, str]
"""Begin and end as YYYY-MM-DD, empty for none; what cannot be read stays as it is written, so that nobody gets in by it."""


@lru_cache(maxsize=4096)
def day(written: str, zone: ZoneInfo) -> str:
    """The date of a moment; the text itself where it is none."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return written
    if moment.year >= _NO_END or moment.year <= _NO_BEGIN:
        return ""
    return (moment.astimezone(zone) if moment.tzinfo else moment).date().isoformat()


def period_of(value: Any, zone: ZoneInfo) -> Period:
    """A `Periode` (`start`, `slutt`) as dates. A missing one always holds."""
    return day(inner(value, "start"), zone), day(inner(value, "slutt"), zone)


def together(*periods: Period) -> Period:
    """The days on which all periods hold: from the latest begin to the earliest end."""
    begins = [begin for begin, _ in periods if begin]
    ends = [end for _, end in periods if end]
    return _last(begins), _unreadable(ends) or min(ends, default="")


def spanning(periods: Iterable[Period]) -> Period:
    """From the earliest begin to the latest end of several periods, such as the terms of a group; open where one is."""
    known = [one for one in periods if any(one)]
    begins, ends = [begin for begin, _ in known], [end for _, end in known]
    first = "" if "" in begins else _unreadable(begins) or min(begins, default="")
    return first, "" if "" in ends else _last(ends)


def _last(days: list[str]) -> str:
    return _unreadable(days) or max(days, default="")


def _unreadable(days: list[str]) -> str:
    """What among some days is no date."""
    for one in days:
        if len(one) != 10 or one[4:8:3] != "--" or not one.replace("-", "").isdecimal():
            return one
    return ""
