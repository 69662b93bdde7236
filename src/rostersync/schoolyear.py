"""The school year: the summer when nothing is taken away, and how long before and after its dates a tie gives access.

Dates are school dates; ends are inclusive. Sources write 0001-01-01 and 9999-12-31 for "always", so no step here may
fall off either end of the calendar.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from msgspec import Struct

from rostersync.model import Role

MonthDay = tuple[int, int]
"""A month and a day of every year."""

SCHOOL_YEAR_ENDS: tuple[MonthDay, MonthDay] = ((6, 1), (7, 31))
"""An end on one of these days, both included, is the end of a school year; only such an end has a grace."""

_DAYS_IN_A_YEAR = 366


class Calendar(Struct, frozen=True):
    """The windows in which a sync only adds: `(start, end)` in every year, the end's own day no longer inside.

    A window may run over New Year. `add_only` may be empty. `all_year` are the sources that take people in, and see them
    off, all the year round: there is no window for those whom nothing else ties to a school.
    """

    add_only: tuple[tuple[MonthDay, MonthDay], ...] = ()
    all_year: tuple[str, ...] = ()

    def ignored_by(self, sources: Collection[str]) -> bool:
        """Whether there is no window for somebody whose ties are from these sources."""
        return bool(sources) and set(sources) <= set(self.all_year)

    def contains(self, on: date) -> bool:
        """Whether nothing may be taken away on that day."""
        day = (on.month, on.day)
        return any(_inside(day, start, end) for start, end in self.add_only)

    def days_counted(self, since: date, on: date) -> int:
        """How far a clock started on `since` has come on `on`: the days from one to the other, windows left out."""
        if not self.add_only:
            return max(0, (on - since).days)
        return sum(not self.contains(since + timedelta(days=n)) for n in range((on - since).days))

    def due(self, since: date, days: int) -> date:
        """The first day on which a clock started on `since` has counted `days`; `date.max` when it never will."""
        on, left = since, days
        while left > 0:
            running = self.next_end(on)
            if running is None or running == date.max:
                return date.max
            on, left = day_after(running), left - 1
        return on

    def next_end(self, on: date) -> date | None:
        """The first day, `on` included, that lies outside every window; None when the windows fill the year."""
        for _ in range(_DAYS_IN_A_YEAR + 1):
            if not self.contains(on):
                return on
            on = day_after(on)
        return None


class Policy(Struct, frozen=True):
    """How many days before its begin, and after a school year's end, a tie gives access. Guardians have neither."""

    pupil_lead: int = 7
    staff_lead: int = 30
    pupil_grace: int = 14
    staff_grace: int = 60

    def lead(self, role: Role) -> int:
        """Days of access before a tie begins."""
        if role == "guardian":
            return 0  # guardians come in on the first school day
        return self.pupil_lead if role == "pupil" else self.staff_lead

    def grace(self, role: Role, end: date) -> int:
        """Days of access after a tie ends: none when it ends in the middle of a school year."""
        first, last = SCHOOL_YEAR_ENDS
        if role == "guardian" or not first <= (end.month, end.day) <= last:
            return 0
        return self.pupil_grace if role == "pupil" else self.staff_grace


class DepartedPolicy(Struct, frozen=True):
    """What becomes of a departed user of one role: days until suspended, and then until removed (None = never)."""

    suspend_after: int
    remove_after: int | None = None


def shifted(day: date, days: int) -> date:
    """The date that many days later (or earlier), stopping at the ends of the calendar."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min


def day_after(day: date) -> date:
    """The next day; the last day of the calendar has no other."""
    return shifted(day, 1)


def _inside(day: MonthDay, start: MonthDay, end: MonthDay) -> bool:
    if start <= end:
        return start <= day < end
    return day >= start or day < end  # the window runs over New Year
