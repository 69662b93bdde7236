"""Derives the school years of a set from the dates of its groups: no source names them, and there is no clock here.

A Norwegian school year runs from 1 August to 31 July and is named here by the calendar year in which it begins.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from msgspec import Struct

from rostersync.model import Group

_LONGEST = 4
"""School years that a group may span: the longest programme of upper secondary school."""
_PLAUSIBLE = range(1990, 2100)
"""A date outside these years (0001-01-01, 9999-12-31) stands for "none", and makes no school year."""


class Session(Struct, frozen=True):
    """One school year as OneRoster holds it; the id is the same in every set."""

    id: str
    title: str
    begin: date
    end: date


UNDATED = Session("school-year-undated", "Undated", date(2000, 8, 1), date(2099, 7, 31))
"""Stands in when no group of the set has a date, because a class must have a term."""


def years_of(group: Group) -> range:
    """The school years a group runs in; empty when it has no usable dates.

    A group that begins in June or July is ready early for the coming year, and one that ends in August or
    September is late in leaving the old one.
    """
    begin, end = _plausible(group.begin), _plausible(group.end)
    last = _year(end, turns=10) if end else None
    first = _year(begin, turns=6) if begin else last
    if first is None:
        return range(0)
    return range(first, max(first, min(last or first, first + _LONGEST - 1)) + 1)


def sessions_of(groups: Collection[Group]) -> list[Session]:
    """Every school year that some group runs in, oldest first; one undated session when no group has dates."""
    years = sorted({year for group in groups for year in years_of(group)})
    if groups and not years:
        return [UNDATED]
    return [Session(f"school-year-{y}", f"{y}/{y + 1}", date(y, 8, 1), date(y + 1, 7, 31)) for y in years]


def _plausible(day: date | None) -> date | None:
    return day if day is not None and day.year in _PLAUSIBLE else None


def _year(day: date, turns: int) -> int:
    """The school year of a day, when a new one is taken to begin in the month `turns`."""
    return day.year if day.month >= turns else day.year - 1
