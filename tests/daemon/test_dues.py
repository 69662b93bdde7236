"""Every due run is made once: after a restart, a night without power, a clock set back, and a new schedule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from rostersync.daemon.dues import Dues, Timed, served
from rostersync.daemon.schedule import Cron

OSLO = ZoneInfo("Europe/Oslo")
DAY = timedelta(days=1)
MONDAY = datetime(2026, 10, 5, 12, 0, tzinfo=UTC)


def nightly(text: str = "30 4 * * *", catch_up: timedelta | None = DAY) -> dict[str, Timed]:
    one = Timed("oslo", "schedule", Cron(text, OSLO), catch_up)
    return {one.name: one}


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 10, day, hour, minute, tzinfo=OSLO)


def owed(dues: Dues, now: datetime) -> list[str]:
    return [f"{due.at.astimezone(OSLO):%d %H:%M}" for due in dues.owed(now)]


def test_a_new_schedule_counts_from_now() -> None:
    dues = Dues(nightly(), {}, MONDAY)
    assert owed(dues, MONDAY) == []
    assert owed(dues, at(6, 4, 29)) == []
    assert owed(dues, at(6, 4, 30)) == ["06 04:30"]
    assert owed(dues, at(6, 4, 31)) == []
    assert [name for name, _ in dues.fresh.items()] == ["served.oslo.schedule"]


def test_a_restart_neither_repeats_a_run_nor_loses_one() -> None:
    first = Dues(nightly(), {}, MONDAY)
    assert owed(first, at(6, 5)) == ["06 04:30"]
    assert owed(Dues(nightly(), first.marks(), at(6, 6)), at(6, 6)) == []
    assert owed(Dues(nightly(), first.marks(), at(7, 9)), at(7, 9)) == ["07 04:30"]


def test_several_missed_runs_are_made_up_for_by_one() -> None:
    dues = Dues(nightly("0 * * * *"), {}, MONDAY)
    assert owed(dues, at(6, 9, 30)) == ["06 09:00"]
    assert owed(dues, at(6, 9, 40)) == []


def test_what_was_missed_too_long_ago_is_passed_over() -> None:
    marks = Dues(nightly("0 3 * * 0"), {}, MONDAY).marks()
    assert owed(Dues(nightly("0 3 * * 0"), marks, at(12, 2)), at(12, 2)) == ["11 03:00"]
    late = Dues(nightly("0 3 * * 0"), marks, at(13, 9))
    assert owed(late, at(13, 9)) == []
    assert owed(late, at(18, 3)) == ["18 03:00"]


def test_catch_up_off_makes_up_for_nothing() -> None:
    marks = Dues(nightly(catch_up=None), {}, MONDAY).marks()
    assert owed(Dues(nightly(catch_up=None), marks, at(6, 4, 45)), at(6, 4, 45)) == []
    assert owed(Dues(nightly(catch_up=None), marks, at(6, 4, 30)), at(6, 4, 30)) == ["06 04:30"]


def test_a_clock_set_back_repeats_nothing() -> None:
    dues = Dues(nightly(), {}, MONDAY)
    assert owed(dues, at(6, 4, 30)) == ["06 04:30"]
    assert [owed(dues, at(6, hour, minute)) for hour, minute in ((3, 0), (4, 29), (4, 30), (5, 0))] == [[], [], [], []]
    assert owed(dues, at(7, 4, 30)) == ["07 04:30"]


def test_a_clock_that_was_a_year_ahead_does_not_silence_the_daemon_for_a_year() -> None:
    dues = Dues(nightly(), {}, MONDAY)
    assert len(owed(dues, MONDAY + 365 * DAY)) == 1
    assert owed(dues, at(6, 4)) == []
    assert owed(dues, at(6, 4, 30)) == ["06 04:30"]
    assert owed(Dues(nightly(), Dues(nightly(), {}, MONDAY + 365 * DAY).marks(), at(6, 12)), at(7, 4, 30)) == [
        "07 04:30"
    ]


def test_a_changed_schedule_counts_from_the_change_and_the_same_one_goes_on() -> None:
    first = Dues(nightly(), {}, MONDAY)
    assert owed(Dues(nightly("0 9 * * *"), first.marks(), at(6, 10)), at(6, 10)) == []
    assert owed(Dues(nightly(), first.marks(), at(6, 10)), at(6, 10)) == ["06 04:30"]


def test_a_run_that_another_daemon_made_is_known_by_its_mark() -> None:
    rule = "30 4 * * * Europe/Oslo"
    assert served(f"2026-10-06T02:30:00+00:00 {rule}", f"2026-10-06T02:30:00+00:00 {rule}")
    assert not served(f"2026-10-05T02:30:00+00:00 {rule}", f"2026-10-06T02:30:00+00:00 {rule}")
    assert not served("", f"2026-10-06T02:30:00+00:00 {rule}")
    assert not served(f"2027-10-06T02:30:00+00:00 {rule}", f"2026-10-06T02:30:00+00:00 {rule}")
