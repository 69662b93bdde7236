"""Which ties count, and on which days they give access."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from rostersync.desire.ties import Affiliation, Reading, TieReader, changes_after, highest
from rostersync.model import GroupFact, TieFact
from rostersync.schoolyear import Policy
from tests.line.builders import NORTH, ROLES, group, owner_fact, school_fact, tie


def read(*ties: TieFact, silent: dict[str, str] | None = None) -> Reading:
    return TieReader(ROLES, Policy()).read(ties, silent or {})


def only(*ties: TieFact) -> Affiliation:
    (affiliation,) = read(*ties).affiliations
    return affiliation


BEGIN, END = date(2026, 8, 17), date(2027, 6, 18)


@pytest.mark.parametrize(
    ("role", "first", "last"),
    [("pupil", date(2026, 8, 10), date(2027, 7, 2)), ("teacher", date(2026, 7, 18), date(2027, 8, 17))],
)
def test_a_school_year_is_open_from_its_lead_to_its_grace(role: str, first: date, last: date) -> None:
    window = only(tie(group(), role, BEGIN, END)).window
    assert (window.first, window.begins, window.last) == (first, BEGIN, last)


@pytest.mark.parametrize("role", ["pupil", "teacher"])
@pytest.mark.parametrize("end", [date(2026, 12, 18), date(2027, 5, 31), date(2027, 8, 1)])
def test_a_tie_that_ends_in_mid_year_ends_on_its_day(role: str, end: date) -> None:
    assert only(tie(group(), role, BEGIN, end)).window.last == end


def test_a_tie_is_open_on_its_first_and_on_its_last_day() -> None:
    affiliation = only(tie(group(), "pupil", BEGIN, END))
    assert [affiliation.open_on(day) for day in (date(2026, 8, 9), date(2026, 8, 10))] == [False, True]
    assert [affiliation.open_on(day) for day in (date(2027, 7, 2), date(2027, 7, 3))] == [True, False]
    assert [affiliation.begun_on(day) for day in (date(2026, 8, 16), BEGIN)] == [False, True]
    assert [affiliation.over_on(day) for day in (date(2027, 7, 2), date(2027, 7, 3))] == [False, True]


def test_a_tie_of_one_day_counts_on_that_day() -> None:
    affiliation = only(tie(group(begin=BEGIN, end=BEGIN), "pupil", BEGIN, BEGIN))
    assert [affiliation.begun_on(date(2026, 8, day)) for day in (16, 17, 18)] == [False, True, False]


def test_a_group_s_dates_bound_its_ties_in_the_same_way() -> None:
    bounded = group(begin=BEGIN, end=END)
    assert only(tie(bounded, "teacher")).window == only(tie(group(), "teacher", BEGIN, END)).window
    narrower = only(tie(bounded, "pupil", date(2026, 10, 1), date(2026, 11, 1))).window
    assert (narrower.begins, narrower.last) == (date(2026, 10, 1), date(2026, 11, 1))
    wider = only(tie(bounded, "pupil", date(2020, 1, 1), date(2030, 1, 1))).window
    assert (wider.begins, wider.last) == (BEGIN, date(2027, 7, 2))


@pytest.mark.parametrize(("begin", "end"), [(None, None), (date.min, date.max)])
def test_a_tie_without_dates_or_with_those_for_always_is_always_open(begin: date | None, end: date | None) -> None:
    window = only(tie(group(), "pupil", begin, end)).window
    assert (window.first, window.begins, window.last) == (date.min, date.min, date.max)


@pytest.mark.parametrize(
    ("left_out", "because"),
    [
        (tie(group(), left="membership switched off"), "in a group: membership switched off"),
        (tie(None), "in a group: its source never described it"),
        (tie(group(standing=False)), "in a group: it is no longer in its source"),
        (tie(group(kind="grade")), "in a group: the kind grade does not go to the LMS"),
        (tie(group(school=None)), "in a group: its school is unknown"),
        (tie(group(kind="school", school=None)), "at a school: its school is unknown"),
        (tie(group(), "janitor"), "in a group: the tie word janitor has no role in the LMS"),
        (tie(group(), "guardian"), "in a group: guardians come in through their pupils, not through a tie"),
        (tie(group(), begin=END, end=BEGIN), "in a group: its end lies before its begin"),
        (tie(group(begin=END, end=BEGIN)), "in a group: its end lies before its begin"),
        (tie(school_fact(), left="status 0"), "at a school: status 0"),
    ],
)
def test_a_tie_that_gives_nothing_says_why(left_out: TieFact, because: str) -> None:
    reading = read(left_out)
    assert (reading.affiliations, reading.left_out) == ((), (because,))


def test_the_ties_of_a_source_that_says_she_left_give_nothing() -> None:
    reading = read(tie(group()), tie(group("8b"), source="sits"), silent={"everyday": "she left"})
    assert [one.source for one in reading.affiliations] == ["sits"]
    assert reading.left_out == ("in a group: she left",)


@pytest.mark.parametrize("role", ["super_user", "school_leader", "system_administrator"])
def test_no_tie_gives_more_than_staff(role: str) -> None:
    roles = {**ROLES.ties, "boss": role}
    (affiliation,) = TieReader(replace(ROLES, ties=roles), Policy()).read([tie(group(), "boss")], {}).affiliations
    assert affiliation.role == "staff"


@pytest.mark.parametrize(("leads_to", "school"), [(group(), "north"), (school_fact(), "north"), (owner_fact(), "")])
def test_a_tie_leads_to_a_school_unless_it_leads_to_the_owner(leads_to: GroupFact, school: str) -> None:
    assert only(tie(leads_to, "employee")).school == school


def test_an_owner_that_is_known_as_an_organisation_is_still_no_school() -> None:
    assert only(tie(GroupFact("owner", "owner", "Eksempel", "", NORTH), "employee")).school == ""


@pytest.mark.parametrize(
    ("one", "taken_back"),
    [
        (tie(group(), end=date(2020, 1, 1)), False),
        (tie(None), False),
        (tie(group(kind="grade")), False),
        (tie(group(kind="grade"), left="trinn is no LMS group"), False),
        (tie(group(), "janitor", left="not a user"), False),
        (tie(group(), left="switched off"), True),
        (tie(group(standing=False)), True),
        (tie(group(), source="sits"), True),
    ],
)
def test_a_tie_that_was_taken_back_is_told_from_one_that_never_counted(one: TieFact, taken_back: bool) -> None:
    reading = read(one, silent={"sits": "she left"})
    assert [held.group.id for held in reading.taken_back] == (["8a"] if taken_back else [])


def test_the_highest_role_is_the_one_with_most_rights() -> None:
    assert highest(["guardian", "pupil", "staff"]) == "staff"
    assert highest(["school_leader", "super_user"]) == "super_user"


@pytest.mark.parametrize(
    ("on", "again"),
    [
        (date(2026, 1, 1), date(2026, 8, 10)),
        (date(2026, 8, 10), BEGIN),
        (BEGIN, date(2027, 7, 3)),
        (date(2027, 7, 2), date(2027, 7, 3)),
        (date(2027, 7, 3), date.max),
    ],
)
def test_the_next_change_is_the_opening_the_begin_or_the_day_after_the_last(on: date, again: date) -> None:
    assert changes_after(read(tie(group(), "pupil", BEGIN, END)).affiliations, on) == again


def test_the_next_change_of_several_ties_is_the_soonest() -> None:
    ties = (tie(group(), "pupil", BEGIN, END), tie(group("8b"), "pupil", BEGIN, date(2026, 9, 30)), tie(group("8c")))
    assert changes_after(read(*ties).affiliations, BEGIN) == date(2026, 10, 1)
