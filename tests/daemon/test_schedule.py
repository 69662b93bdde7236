"""Crontab texts mean what crontab(5) says, through both changes of the clocks."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostersync.daemon.schedule import Cron

OSLO = ZoneInfo("Europe/Oslo")


def dues(text: str, first: datetime, last: datetime) -> list[datetime]:
    """Every moment of a schedule in (first, last], on Oslo's clock."""
    cron, found, at = Cron(text, OSLO), [], first
    while (at := cron.next_after(at)) <= last:
        found.append(at.astimezone(OSLO))
    return found


def week(text: str) -> list[str]:
    """The days of the week (Monday 5 October 2026 first) on which a schedule comes."""
    found = dues(text, datetime(2026, 10, 5, tzinfo=OSLO), datetime(2026, 10, 11, 23, 59, tzinfo=OSLO))
    return [f"{one:%a}" for one in found]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("30 4 * * 0", ["Sun"]),
        ("30 4 * * 7", ["Sun"]),
        ("30 4 * * 1", ["Mon"]),
        ("30 4 * * 6", ["Sat"]),
        ("30 4 * * 1-5", ["Mon", "Tue", "Wed", "Thu", "Fri"]),
        ("30 4 * * 5-7", ["Fri", "Sat", "Sun"]),
        ("30 4 * * 0-2", ["Mon", "Tue", "Sun"]),
        ("30 4 * * mon-fri", ["Mon", "Tue", "Wed", "Thu", "Fri"]),
        ("30 4 * * SUN", ["Sun"]),
        ("30 4 * * */2", ["Tue", "Thu", "Sat", "Sun"]),
        ("30 4 * * 1,3", ["Mon", "Wed"]),
        ("30 4 * * *", ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]),
        ("30 4 7 * 1", ["Mon", "Wed"]),
        ("30 4 7 * *", ["Wed"]),
    ],
)
def test_the_days_of_the_week_are_those_of_crontab(text: str, days: list[str]) -> None:
    assert week(text) == days


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("30 4 * *", "has 4 fields"),
        ("", "has 0 fields"),
        ("60 4 * * *", 'minute: "60" is not 0 to 59'),
        ("30 24 * * *", 'hour: "24" is not 0 to 23'),
        ("30 4 0 * *", 'day of the month: "0" is not 1 to 31'),
        ("30 4 * 13 *", 'month: "13" is not 1 to 12 or jan to dec'),
        ("30 4 * * 8", 'day of the week: "8" is not 0 to 7 or sun to sat'),
        ("30 4 * * fri-mon", "runs backwards"),
        ("30 4 * * man", '"man" is not 0 to 7'),
        ("*/0 4 * * *", '"*/0" is not 0 to 59'),
        ("30 4 last * *", '"last" is not 1 to 31'),
        ("@daily", "has 1 fields"),
        ("0 0 31 2 *", "never comes"),
        ("0 0 30 feb *", "never comes"),
        ("0 0 31 4,6,9,11 *", "never comes"),
    ],
)
def test_a_text_that_is_no_schedule_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        Cron(text, OSLO)


def test_a_day_that_comes_every_fourth_year_comes() -> None:
    assert Cron("0 3 29 2 *", OSLO).next_after(datetime(2026, 1, 1, tzinfo=UTC)).astimezone(OSLO).date() == date(
        2028, 2, 29
    )


def test_what_the_spring_change_skips_is_due_at_the_change() -> None:
    found = dues("30 2 * * *", datetime(2026, 3, 28, tzinfo=OSLO), datetime(2026, 3, 30, 23, tzinfo=OSLO))
    assert [f"{one:%d %H:%M %z}" for one in found] == ["28 02:30 +0100", "29 03:00 +0200", "30 02:30 +0200"]


def test_what_the_autumn_change_gives_twice_is_due_once() -> None:
    found = dues("30 2 * * *", datetime(2026, 10, 24, tzinfo=OSLO), datetime(2026, 10, 26, 23, tzinfo=OSLO))
    assert [f"{one:%d %H:%M %z}" for one in found] == ["24 02:30 +0200", "25 02:30 +0200", "26 02:30 +0100"]


@pytest.mark.parametrize("hour", range(24))
def test_a_daily_run_is_due_exactly_once_on_every_day_of_the_year(hour: int) -> None:
    found = dues(f"30 {hour} * * *", datetime(2026, 1, 1, tzinfo=OSLO), datetime(2026, 12, 31, 23, 59, tzinfo=OSLO))
    assert [one.date() for one in found] == [date(2026, 1, 1) + timedelta(days=day) for day in range(365)]


@given(
    st.integers(0, 365 * 24 * 3600).map(lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)),
    st.sampled_from(["*/15 * * * *", "0 */6 * * *", "30 2 * * *", "0 3 * * 0", "5 1-3 * 3,10 *"]),
)
def test_moments_come_in_order_and_none_is_left_out_wherever_one_begins(begin: datetime, text: str) -> None:
    cron = Cron(text, OSLO)
    moments = [begin]
    for _ in range(6):
        moments.append(cron.next_after(moments[-1]))
    assert all(earlier < later for earlier, later in pairwise(moments))
    for earlier, later in pairwise(moments):
        assert cron.next_after(later - timedelta(microseconds=1)) == later
        assert cron.next_after(earlier + (later - earlier) / 2) == later
