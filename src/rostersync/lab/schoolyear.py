"""The school year as the lab knows it: first and last days, the quiet summer, and clocks that stand still in it."""

from __future__ import annotations

from datetime import date, timedelta

_SUMMER_DAYS = 78
"""15 June up to, not including, 1 September."""


def school_year(on: date) -> int:
    """The year in which the school year begins that an export of this date speaks of (1 August turns it over)."""
    return on.year if on.month >= 8 else on.year - 1


def turnover(year: int) -> date:
    """The first date on which exports speak of the school year that begins in `year`."""
    return date(year, 8, 1)


def first_day(year: int) -> date:
    """The first school day: the Monday on or after 16 August."""
    earliest = date(year, 8, 16)
    return earliest + timedelta(days=-earliest.weekday() % 7)


def last_day(year: int) -> date:
    """The last school day of the school year that began in `year`: the Friday on or before 21 June."""
    latest = date(year + 1, 6, 21)
    return latest - timedelta(days=(latest.weekday() - 4) % 7)


def add_only(on: date) -> bool:
    """Whether the sync only adds on this date: nothing ends from 15 June until 1 September."""
    return date(on.year, 6, 15) <= on < date(on.year, 9, 1)


def clock_end(since: date, days: int) -> date:
    """The date on which `days` have passed since `since`, when the days of the add-only summer do not count."""
    due = since + timedelta(days=days)
    summer = date(since.year, 6, 15)
    return due + timedelta(days=_SUMMER_DAYS) if since < summer <= due else due


def term_days_later(origin: date, days: int) -> date:
    """The date `days` after `origin`, not counting the weeks from 1 June to 7 September.

    Nothing by chance happens in those weeks, so that what a summer does to a roster can be told from the calendar.
    """
    at = origin
    if date(at.year, 6, 1) <= at < date(at.year, 9, 8):
        at = date(at.year, 9, 8)
    while True:
        quiet = date(at.year if at.month < 6 else at.year + 1, 6, 1)
        room = (quiet - at).days
        if days < room:
            return at + timedelta(days=days)
        days -= room
        at = date(quiet.year, 9, 8)
