"""The lab's own idea of a school year, and of chance that can be looked up."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostersync.lab.chance import NEVER, draws, pick, waiting
from rostersync.lab.schoolyear import add_only, clock_end, first_day, last_day, school_year, term_days_later, turnover

dates = st.dates(date(2024, 1, 1), date(2034, 12, 31))


def test_exports_speak_of_the_new_school_year_from_the_first_of_august() -> None:
    assert school_year(date(2027, 7, 31)) == 2026
    assert school_year(turnover(2027)) == 2027


def test_a_school_year_runs_from_a_monday_in_august_to_a_friday_in_june() -> None:
    assert first_day(2026) == date(2026, 8, 17)
    assert last_day(2026) == date(2027, 6, 18)
    for year in range(2024, 2034):
        assert first_day(year).weekday() == 0
        assert last_day(year).weekday() == 4
        assert date(year, 8, 16) <= first_day(year) < last_day(year) <= date(year + 1, 6, 21)


def test_the_add_only_summer_begins_on_15_june_and_is_over_on_1_september() -> None:
    assert not add_only(date(2027, 6, 14))
    assert add_only(date(2027, 6, 15))
    assert add_only(date(2027, 8, 31))
    assert not add_only(date(2027, 9, 1))


@given(dates.filter(lambda on: not add_only(on)), st.integers(1, 60))
def test_clocks_stand_still_in_summer(since: date, days: int) -> None:
    due = clock_end(since, days)
    passed = sum(not add_only(since + timedelta(days=n)) for n in range((due - since).days))
    assert passed == days
    assert not add_only(due)


@given(dates, st.integers(0, 900))
def test_what_chance_brings_falls_outside_the_quiet_weeks(origin: date, days: int) -> None:
    on = term_days_later(origin, days)
    assert not date(on.year, 6, 1) <= on < date(on.year, 9, 8)


@given(dates, st.integers(0, 500), st.integers(0, 500))
def test_term_days_add_up(origin: date, some: int, more: int) -> None:
    assert term_days_later(term_days_later(origin, some), more) == term_days_later(origin, some + more)


def test_a_draw_depends_on_what_it_is_about_and_on_nothing_else() -> None:
    assert draws(1, "pupil", 3) == draws(1, "pupil", 3)
    assert draws(1, "pupil", 3) != draws(1, "pupil", 4)
    assert draws(1, 23) != draws(12, 3)
    assert len(set(draws("anything"))) == 8


def test_picks_reach_every_choice() -> None:
    assert {pick("abc", draws(n)[0]) for n in range(50)} == set("abc")


@pytest.mark.parametrize("rate", [0.5, 0.01])
def test_waiting_times_have_the_mean_that_the_rate_gives(rate: float) -> None:
    times = [waiting(draws("wait", n)[0], rate) for n in range(4000)]
    assert min(times) >= 1
    assert sum(times) / len(times) == pytest.approx(1 / rate, rel=0.1)


def test_what_never_happens_is_never_waited_for_and_what_always_happens_comes_tomorrow() -> None:
    assert waiting(draws("x")[0], 0) == NEVER
    assert waiting(draws("x")[0], 1) == 1
