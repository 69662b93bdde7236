"""The summer when nothing is taken away, and the days before and after a tie's dates."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostersync.model import Role
from rostersync.schoolyear import Calendar, Policy, day_after, shifted

SUMMER = Calendar(add_only=(((6, 15), (9, 1)),))
CHRISTMAS = Calendar(add_only=(((12, 20), (1, 6)),))
ALWAYS = Calendar(add_only=(((1, 1), (7, 1)), ((7, 1), (1, 1))))
NEVER = Calendar()

DATES = st.dates(date(2020, 1, 1), date(2035, 12, 31))
MONTH_DAYS = st.dates(date(2024, 1, 1), date(2024, 12, 31)).map(lambda day: (day.month, day.day))
CALENDARS = st.builds(Calendar, st.lists(st.tuples(MONTH_DAYS, MONTH_DAYS), max_size=3).map(tuple))


@pytest.mark.parametrize(
    ("sources", "ignored"), [({"sits"}, True), ({"sits", "feide"}, True), ({"sits", "everyday"}, False), (set(), False)]
)
def test_a_window_is_ignored_by_those_whom_only_sources_of_all_the_year_tie(sources: set[str], ignored: bool) -> None:
    assert Calendar(all_year=("sits", "feide")).ignored_by(sources) is ignored


@pytest.mark.parametrize(
    ("calendar", "on", "inside"),
    [
        (SUMMER, date(2026, 6, 14), False),
        (SUMMER, date(2026, 6, 15), True),
        (SUMMER, date(2026, 8, 31), True),
        (SUMMER, date(2026, 9, 1), False),
        (CHRISTMAS, date(2026, 12, 19), False),
        (CHRISTMAS, date(2026, 12, 20), True),
        (CHRISTMAS, date(2027, 1, 5), True),
        (CHRISTMAS, date(2027, 1, 6), False),
        (NEVER, date(2026, 7, 1), False),
        (Calendar(add_only=(((7, 1), (7, 1)),)), date(2026, 7, 1), False),
    ],
)
def test_a_window_holds_its_first_day_and_not_its_end(calendar: Calendar, on: date, inside: bool) -> None:
    assert calendar.contains(on) is inside


def test_a_clock_stands_still_in_the_summer() -> None:
    assert SUMMER.days_counted(date(2026, 6, 10), date(2026, 6, 15)) == 5
    assert SUMMER.days_counted(date(2026, 6, 10), date(2026, 8, 31)) == 5
    assert SUMMER.days_counted(date(2026, 6, 10), date(2026, 9, 1)) == 5
    assert SUMMER.days_counted(date(2026, 6, 10), date(2026, 9, 2)) == 6


def test_a_clock_without_windows_counts_every_day() -> None:
    assert NEVER.days_counted(date(2026, 6, 10), date(2026, 7, 10)) == 30


@pytest.mark.parametrize("calendar", [SUMMER, NEVER])
def test_a_clock_never_runs_backwards(calendar: Calendar) -> None:
    assert calendar.days_counted(date(2026, 5, 2), date(2026, 5, 1)) == 0


@pytest.mark.parametrize(
    ("since", "days", "due"),
    [
        (date(2026, 5, 1), 0, date(2026, 5, 1)),
        (date(2026, 5, 1), 30, date(2026, 5, 31)),
        (date(2026, 6, 5), 10, date(2026, 6, 15)),
        (date(2026, 6, 5), 11, date(2026, 9, 2)),
        (date(2026, 7, 1), 1, date(2026, 9, 2)),
    ],
)
def test_a_step_is_due_when_its_days_are_counted(since: date, days: int, due: date) -> None:
    assert SUMMER.due(since, days) == due


@settings(deadline=None)
@given(CALENDARS, DATES, st.integers(0, 60))
def test_the_due_date_is_the_first_that_has_the_days_counted(calendar: Calendar, since: date, days: int) -> None:
    due = calendar.due(since, days)
    if due == date.max:
        assert calendar.next_end(since) is None
        return
    assert calendar.days_counted(since, due) >= days
    assert due == since or calendar.days_counted(since, due - timedelta(days=1)) < days


@pytest.mark.parametrize(
    ("on", "end"),
    [
        (date(2026, 6, 14), date(2026, 6, 14)),
        (date(2026, 6, 15), date(2026, 9, 1)),
        (date(2026, 8, 31), date(2026, 9, 1)),
    ],
)
def test_the_wait_ends_on_the_first_day_outside_the_window(on: date, end: date) -> None:
    assert SUMMER.next_end(on) == end


def test_windows_that_fill_the_year_never_end_and_nothing_is_ever_due() -> None:
    assert ALWAYS.next_end(date(2026, 3, 1)) is None
    assert ALWAYS.due(date(2026, 3, 1), 1) == date.max


@pytest.mark.parametrize(
    ("role", "lead"),
    [("pupil", 7), ("staff", 30), ("school_leader", 30), ("super_user", 30), ("guardian", 0)],
)
def test_the_lead_is_seven_days_for_pupils_thirty_for_staff_and_none_for_guardians(role: Role, lead: int) -> None:
    assert Policy().lead(role) == lead


@pytest.mark.parametrize(
    ("role", "end", "grace"),
    [
        ("pupil", date(2026, 6, 20), 14),
        ("staff", date(2026, 6, 20), 60),
        ("guardian", date(2026, 6, 20), 0),
        ("pupil", date(2026, 6, 1), 14),
        ("pupil", date(2026, 7, 31), 14),
        ("pupil", date(2026, 5, 31), 0),
        ("pupil", date(2026, 8, 1), 0),
        ("staff", date(2026, 12, 20), 0),
    ],
)
def test_there_is_a_grace_only_at_the_end_of_the_school_year(role: Role, end: date, grace: int) -> None:
    assert Policy().grace(role, end) == grace


def test_the_days_are_settings_and_not_law() -> None:
    policy = Policy(pupil_lead=1, staff_lead=2, pupil_grace=3, staff_grace=4)
    end = date(2026, 6, 20)
    assert (policy.lead("pupil"), policy.lead("staff")) == (1, 2)
    assert (policy.grace("pupil", end), policy.grace("staff", end)) == (3, 4)


def test_dates_that_mean_always_do_not_fall_off_the_calendar() -> None:
    assert day_after(date.max) == date.max
    assert shifted(date.max, 60) == date.max
    assert shifted(date.min, -7) == date.min
    assert shifted(date(2026, 2, 28), 1) == day_after(date(2026, 2, 28)) == date(2026, 3, 1)
