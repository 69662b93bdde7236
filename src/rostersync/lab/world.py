"""The world's frame: how big the municipality is, what happens how often, which schools there are, and on which day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from msgspec import Struct

from rostersync.lab.names import school_name
from rostersync.lab.numbers import organisation_number
from rostersync.lab.schoolyear import school_year

DATASOURCE = "ist@lysvik.example"
"""What stands in every `sourcedid/source`."""

SCHOOLS = {"S": 2, "M": 19, "L": 190, "XL": 1900}
"""Schools by size; each has about 474 pupils, 105 staff and 842 guardians."""

EVENTS = {"S": 0.001, "M": 0.001, "L": 0.0002, "XL": 0.00002}
"""Default chance on each term day that a pupil or employee leaves, and that a pupil moves.

Smaller in the big worlds, because the guard also counts departures over the whole owner.
"""

START = date(2026, 10, 5)
"""Day 1, unless told otherwise: the Monday after the autumn holidays."""

LAST_YEARS = 5
"""School years that the world lasts after its first."""


class World(Struct, frozen=True):
    """Everything that a person's state on a date depends on, besides who she is.

    `today` is the date of the export, `previous` that of the last one synced before it; `quirks` are the ways in which
    today's export (and no earlier one, except for habits, see quirks.py) is unlike the others. `served` are the indices of
    the schools that use the school system in question; None for all of them.
    """

    seed: int
    schools: int
    start: date
    today: date
    churn: float
    leavers: float
    movers: float
    previous: date | None = None
    quirks: frozenset[str] = frozenset()
    served: frozenset[int] | None = None

    @property
    def districts(self) -> int:
        """Pairs of neighbouring schools; with an odd number of schools the last one stands alone."""
        return (self.schools + 1) // 2

    @property
    def first_cohort(self) -> int:
        """The birth year of those in tenth grade at the start."""
        return school_year(self.start) - 15

    @property
    def cohorts(self) -> range:
        """The birth years of everyone who has been a pupil by today."""
        return range(self.first_cohort, school_year(self.today) - 5)

    def has(self, quirk: str, on: date) -> bool:
        """Whether the export of this date has this quirk."""
        return on == self.today and quirk in self.quirks


class School(Struct, frozen=True):
    """A school. `place` is its index within its district."""

    index: int
    place: int
    id: str
    number: str
    name: str
    types: tuple[str, ...]
    lowest: int
    highest: int


class Group(Struct, frozen=True):
    """A group of a school, or a school or the owner itself, as the export describes it.

    `type` is the word in `grouptype/typevalue`. `mentor` is the national number, and so the source id, of a contact
    teacher who stands in the group's id and not among its members.
    """

    id: str
    type: str
    short: str
    long: str
    school: School | None
    begin: date | None = None
    end: date | None = None
    year: int = 0
    code: str = ""
    mentor: str = ""
    parent: str = ""


class Tie(NamedTuple):
    """One role in one group. `role` is the roletype; `standing` is its status 1.

    `written` is False for a contact teacher who stands only in her group's id.
    """

    group: Group
    role: str
    subrole: str = ""
    begin: date | None = None
    end: date | None = None
    standing: bool = True
    primary: bool | None = None
    written: bool = True


OWNER = Group("lysvik-kommune", "skoleeier", "Lysvik kommune", "Lysvik kommune, skoleeier", None)
OWNER_NUMBER = organisation_number(90_000)


def schools_of(world: World, district: int) -> tuple[School, ...]:
    """The one or two schools of a district: a primary school whose pupils go on to the combined school next to it."""
    first = 2 * district
    if first + 1 == world.schools:
        return (_school(first, 0, 1, 10),)
    return _school(first, 0, 1, 7), _school(first + 1, 1, 1, 10)


def class_sizes(schools: int) -> tuple[int, ...]:
    """How many pupils of each birth year belong to each school of a district up to seventh grade."""
    return (68, 27) if schools == 2 else (47,)


def classes_in(schools: int, place: int, grade: int) -> int:
    """How many parallel classes a school has in a grade, of at most 27 pupils."""
    sizes = class_sizes(schools)
    pupils = sum(sizes) if grade > 7 else sizes[place]
    return -(-pupils // 27)


def date_of(day: int, start: date) -> date:
    """The calendar date of day N; day 1 is the start."""
    return start + timedelta(days=day - 1)


def _school(index: int, place: int, lowest: int, highest: int) -> School:
    types = ("barneskole", "ungdomsskole") if highest == 10 else ("barneskole",)
    return School(
        index, place, str(10_001 + index), organisation_number(index), school_name(index), types, lowest, highest
    )
