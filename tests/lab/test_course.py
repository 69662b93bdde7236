"""What becomes of an LMS user over the synced days: told in stretches, checked against a day-by-day walk."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rostersync.lab.course import Course, Status, follow, stretches
from rostersync.lab.schoolyear import add_only

ACTIVE, LEFT, ABSENT = Status.ACTIVE, Status.LEFT, Status.ABSENT
START = date(2026, 10, 5)


def on(day: int) -> date:
    return START + timedelta(days=day)


def days(*numbers: int) -> list[date]:
    return [on(number) for number in numbers]


def course_of(history: dict[int, Status], synced: list[date], patience: int = 30) -> Course | None:
    """`history`: from which day on what holds."""

    def status(at: date) -> Status:
        return history[max(day for day in history if on(day) <= at)]

    return follow((on(day) for day in history), status, synced, patience)


def test_who_never_had_a_tie_is_no_user() -> None:
    assert course_of({0: ABSENT, 3: LEFT}, days(0, 2, 5)) is None


def test_who_vanishes_departs_on_the_first_synced_day_without_her_and_keeps_her_ties() -> None:
    assert course_of({0: ACTIVE, 4: ABSENT}, days(0, 3)) == Course("active", on(3), True)
    assert course_of({0: ACTIVE, 4: ABSENT}, days(0, 3, 9)) == Course("departed", on(3), True)


def test_her_thirty_days_begin_when_a_sync_missed_her_and_not_when_she_left() -> None:
    assert course_of({0: ACTIVE, 4: ABSENT}, days(0, 10, 39)) == Course("departed", on(0), True)
    assert course_of({0: ACTIVE, 4: ABSENT}, days(0, 10, 40)) == Course("suspended", on(0), True)


def test_who_is_listed_without_ties_loses_what_she_had_at_once() -> None:
    assert course_of({0: ACTIVE, 4: LEFT}, days(0, 5)) == Course("departed", on(0), False)


def test_vanishing_after_being_left_does_not_start_the_clock_again() -> None:
    assert course_of({0: ACTIVE, 4: LEFT, 20: ABSENT}, days(0, 4, 20, 34)) == Course("suspended", on(0), False)


def test_who_comes_back_is_active_again() -> None:
    assert course_of({0: ACTIVE, 4: ABSENT, 50: ACTIVE}, days(0, 4, 40, 50)) == Course("active", on(50), True)


def test_an_absence_that_no_sync_saw_did_not_happen() -> None:
    assert course_of({0: ACTIVE, 4: ABSENT, 8: ACTIVE}, days(0, 3, 9)) == Course("active", on(9), True)


def test_nobody_departs_in_summer() -> None:
    gone, july, september = (date(2027, 6, 20) - START).days, (date(2027, 7, 20) - START).days, date(2027, 9, 1)
    history = {0: ACTIVE, gone: ABSENT}
    assert course_of(history, days(0, july)) == Course("active", on(0), True)
    assert course_of(history, [*days(0, july), september]) == Course("departed", on(0), True)
    assert course_of(history, [*days(0, july), september, date(2027, 10, 1)]) == Course("suspended", on(0), True)


def test_stretches_are_the_synced_days_between_two_edges() -> None:
    assert list(stretches(days(3, 7), days(1, 2, 3, 9))) == [days(1, 2), days(3), days(9)]
    assert list(stretches([], days(1, 2))) == [days(1, 2)]
    assert list(stretches(days(0, 20), days(1, 2))) == [days(1, 2)]


histories = st.dictionaries(st.integers(1, 500), st.sampled_from(list(Status)), max_size=6)


@given(histories, st.sampled_from(list(Status)), st.sets(st.integers(0, 500), min_size=1), st.sampled_from((30, 60)))
def test_a_course_is_what_a_walk_over_every_single_day_comes_to(
    later: dict[int, Status], first: Status, numbers: set[int], patience: int
) -> None:
    history, synced = {0: first, **later}, days(*sorted(numbers))
    assert course_of(history, synced, patience) == _walked(history, synced, patience)


def _walked(history: dict[int, Status], synced: list[date], patience: int) -> Course | None:
    state, last, keeps, counted, since = "", date.min, True, 0, date.max
    day = synced[0]
    while day <= synced[-1]:
        if day in synced:
            now = history[max(number for number in history if on(number) <= day)]
            if now is ACTIVE:
                state, last, keeps = "active", day, True
            elif state and not add_only(day):
                if state == "active":
                    state, since, counted = "departed", day, 0
                keeps = keeps and now is not LEFT
                state = "suspended" if counted >= patience else state
        if state in ("departed", "suspended") and day >= since and not add_only(day):
            counted += 1
        day += timedelta(days=1)
    return Course(state, last, keeps) if state else None  # type: ignore[arg-type]
