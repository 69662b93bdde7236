"""When a departed user is suspended and removed: clocks, windows, extensions, holds and the cap."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from rostersync.lifecycle import due, moves_by_itself, next_step, policy_for, policy_role
from rostersync.model import Face, Life, Role
from rostersync.schoolyear import Calendar, DepartedPolicy
from tests.line.builders import user
from tests.line.worlds import POLICIES, SUMMER

ALWAYS = Calendar()
NEVER = Calendar(add_only=(((1, 1), (7, 1)), ((7, 1), (12, 31)), ((12, 31), (1, 1))))
THIRTY = DepartedPolicy(suspend_after=30)
REMOVING = DepartedPolicy(suspend_after=30, remove_after=180)
MARCH = Life("departed", "absent", date(2026, 3, 2))
IN_TRASH = Life("suspended", "absent", date(2026, 3, 2), date(2026, 4, 1))


@pytest.mark.parametrize(
    ("role", "face", "policy"),
    [
        ("pupil", "school", "pupil"),
        ("staff", "school", "staff"),
        ("super_user", "school", "staff"),
        ("school_leader", "school", "staff"),
        ("guardian", "guardian", "guardian"),
        ("staff", "guardian", "guardian"),
    ],
)
def test_each_user_follows_the_periods_of_her_role(role: Role, face: Face, policy: str) -> None:
    assert policy_role(user("one", role, face=face)) == policy
    assert policy_for(user("one", role, face=face), POLICIES) == POLICIES[policy]


# -- suspension -----------------------------------------------------------------------------------------------------


def test_a_departed_user_is_due_on_the_day_her_period_is_over() -> None:
    assert next_step(MARCH, THIRTY, ALWAYS) == (date(2026, 4, 1), "suspend")
    assert due(MARCH, THIRTY, ALWAYS, date(2026, 3, 31)) is None
    assert due(MARCH, THIRTY, ALWAYS, date(2026, 4, 1)) == "suspend"
    assert due(MARCH, THIRTY, ALWAYS, date(2027, 1, 1)) == "suspend"


def test_without_days_of_grace_she_is_due_on_the_day_she_departed() -> None:
    assert due(MARCH, DepartedPolicy(suspend_after=0), ALWAYS, date(2026, 3, 2)) == "suspend"


def test_the_clock_stands_still_in_the_summer() -> None:
    departed = Life("departed", "absent", date(2026, 6, 1))
    assert next_step(departed, THIRTY, SUMMER) == (date(2026, 9, 17), "suspend")


def test_a_step_that_falls_due_as_the_summer_begins_waits_for_its_end() -> None:
    departed = Life("departed", "absent", date(2026, 5, 16))
    assert due(departed, THIRTY, ALWAYS, date(2026, 6, 15)) == "suspend"
    assert due(departed, THIRTY, SUMMER, date(2026, 6, 15)) is None
    assert next_step(departed, THIRTY, SUMMER) == (date(2026, 9, 1), "suspend")


def test_what_was_overdue_before_the_summer_waits_as_well() -> None:
    assert due(MARCH, THIRTY, SUMMER, date(2026, 7, 1)) is None
    assert due(MARCH, THIRTY, SUMMER, date(2026, 9, 1)) == "suspend"


def test_when_the_window_is_the_whole_year_nothing_ever_falls_due() -> None:
    assert next_step(MARCH, THIRTY, NEVER) is None
    assert due(MARCH, THIRTY, NEVER, date(2030, 1, 1)) is None


def test_an_extension_moves_the_next_step_to_its_date() -> None:
    extended = replace(MARCH, extended_to=date(2026, 5, 4))
    assert next_step(extended, THIRTY, ALWAYS) == (date(2026, 5, 4), "suspend")


def test_an_extension_never_hastens_a_step() -> None:
    assert next_step(replace(MARCH, extended_to=date(2026, 3, 10)), THIRTY, ALWAYS) == (date(2026, 4, 1), "suspend")


def test_an_extension_into_the_summer_lasts_until_its_end() -> None:
    extended = replace(MARCH, extended_to=date(2026, 7, 1))
    assert next_step(extended, THIRTY, SUMMER) == (date(2026, 9, 1), "suspend")


@pytest.mark.parametrize("life", [MARCH, IN_TRASH])
def test_a_hold_freezes_everything(life: Life) -> None:
    assert next_step(replace(life, hold="a case is open"), REMOVING, ALWAYS) is None


@pytest.mark.parametrize("reason", ["restricted", "denied", "protected", "held"])
def test_what_only_a_command_ends_is_not_ended_by_the_clock(reason: str) -> None:
    assert next_step(replace(IN_TRASH, reason=reason), REMOVING, ALWAYS) is None


@pytest.mark.parametrize("life", [Life(), replace(IN_TRASH, state="handed_over")])
def test_nothing_is_due_for_who_is_active_or_handed_over(life: Life) -> None:
    assert next_step(life, REMOVING, ALWAYS) is None


# -- removal --------------------------------------------------------------------------------------------------------


def test_nobody_is_removed_until_the_owner_has_written_a_period() -> None:
    assert next_step(IN_TRASH, THIRTY, ALWAYS) is None


def test_a_suspended_user_is_due_for_removal_when_that_period_is_over() -> None:
    assert next_step(IN_TRASH, REMOVING, ALWAYS) == (date(2026, 9, 28), "remove")
    assert due(IN_TRASH, REMOVING, ALWAYS, date(2026, 9, 27)) is None
    assert due(IN_TRASH, REMOVING, ALWAYS, date(2026, 9, 28)) == "remove"


def test_removal_clocks_stand_still_in_the_summer_too() -> None:
    assert next_step(IN_TRASH, REMOVING, SUMMER) == (date(2026, 12, 15), "remove")


def test_after_two_years_goes_whom_no_source_has_however_long_the_period() -> None:
    long = DepartedPolicy(suspend_after=30, remove_after=3650)
    assert next_step(IN_TRASH, long, ALWAYS) == (date(2028, 3, 31), "remove")


def test_the_cap_never_applies_to_whom_a_source_still_has() -> None:
    long = DepartedPolicy(suspend_after=30, remove_after=3650)
    left = replace(IN_TRASH, reason="left: moved away")
    assert next_step(left, long, ALWAYS) == (date(2036, 3, 29), "remove")


def test_the_cap_is_off_while_removal_is() -> None:
    assert due(IN_TRASH, THIRTY, ALWAYS, date(2040, 1, 1)) is None


def test_a_person_who_extends_beyond_the_cap_is_obeyed() -> None:
    long = DepartedPolicy(suspend_after=30, remove_after=3650)
    extended = replace(IN_TRASH, extended_to=date(2029, 1, 8))
    assert next_step(extended, long, ALWAYS) == (date(2029, 1, 8), "remove")


# -- coming back ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("life", "returns"),
    [
        (MARCH, True),
        (IN_TRASH, True),
        (replace(IN_TRASH, reason="left: moved away"), True),
        (replace(IN_TRASH, reason="restricted"), False),
        (replace(IN_TRASH, reason="denied"), False),
        (replace(IN_TRASH, reason="protected"), False),
        (replace(IN_TRASH, reason="held"), False),
        (replace(IN_TRASH, hold="a case is open"), False),
    ],
)
def test_only_absence_is_undone_by_reappearing(life: Life, returns: bool) -> None:
    assert moves_by_itself(life) is returns


# -- always ---------------------------------------------------------------------------------------------------------

LIVES = st.builds(
    Life,
    st.sampled_from(("departed", "suspended")),
    st.sampled_from(("absent", "left: moved away")),
    st.just(date(2026, 2, 1)),
    st.dates(date(2026, 2, 1), date(2027, 2, 1)),
    st.none() | st.dates(date(2026, 1, 1), date(2028, 1, 1)),
)
PERIODS = st.builds(DepartedPolicy, st.integers(0, 400), st.none() | st.integers(0, 900))


@given(life=LIVES, policy=PERIODS, calendar=st.sampled_from((ALWAYS, SUMMER)))
def test_a_step_is_due_from_the_day_foretold_and_not_before(
    life: Life, policy: DepartedPolicy, calendar: Calendar
) -> None:
    foretold = next_step(life, policy, calendar)
    if foretold is None:
        assert due(life, policy, calendar, date(2032, 5, 5)) is None
        return
    day, step = foretold
    assert not calendar.contains(day)
    assert due(life, policy, calendar, day) == step
    assert due(life, policy, calendar, day - timedelta(days=1)) is None


@given(life=LIVES, policy=PERIODS, on=st.dates(date(2026, 6, 15), date(2026, 8, 31)))
def test_nothing_is_ever_due_in_the_summer(life: Life, policy: DepartedPolicy, on: date) -> None:
    assert due(life, policy, SUMMER, on) is None
