"""What people here have decided (grants, pins, denials, protection), and what they are told."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from rostersync.desire import Rules
from rostersync.model import (
    Card,
    Grant,
    GroupFact,
    Local,
    Membership,
    Role,
    School,
    SchoolRole,
    TieFact,
)
from tests.line.builders import (
    IDS,
    NORTH,
    ROLES,
    SOUTH,
    TODAY,
    contact,
    group,
    guardian,
    owner_fact,
    pupil,
    school_fact,
    teacher,
    tie,
)
from tests.line.wanting import (
    DENIED,
    MOTHER,
    PINNED,
    PROTECTED,
    RULES,
    SAME,
    TOMORROW,
    YESTERDAY,
    granted,
    school_user,
    wanted,
)

# -- grants and suggestions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["school_leader", "super_user"])
def test_a_grant_raises_her_at_the_school_where_she_works(role: Role) -> None:
    ties = (tie(group("n"), "teacher"), tie(group("s", SOUTH), "teacher", primary=True))
    user = school_user(teacher("t", *ties, local=granted(role)))
    assert user.schools == (SchoolRole("south", "staff"), SchoolRole("north", role))
    assert user.role == role
    assert Membership("n", "staff") in user.memberships


@pytest.mark.parametrize(
    ("local", "ties"),
    [
        (granted(), (tie(group("s", SOUTH), "teacher"),)),
        (granted(), (tie(group("n")),)),
        (granted(), (tie(group("n"), "teacher", end=YESTERDAY), tie(group("s", SOUTH), "teacher"))),
        (granted(end=YESTERDAY), (tie(group(), "teacher"),)),
        (granted(begin=TOMORROW), (tie(group(), "teacher"),)),
        (granted("system_administrator"), (tie(group(), "teacher"),)),
        (granted(), (tie(owner_fact(), "employee"),)),
        (granted(school=School("north", "", "")), (tie(group(school=School("x", "", "")), "teacher"),)),
    ],
)
def test_a_grant_lapses_where_she_does_not_work_or_out_of_its_dates(local: Local, ties: tuple[TieFact, ...]) -> None:
    desired = wanted(teacher("t", *ties, local=local))
    assert {desired.users[0].role, *(place.role for place in desired.users[0].schools)} <= {"staff", "pupil"}
    assert any(note.startswith("not granted") for note in desired.notes)


@pytest.mark.parametrize(
    "local", [granted(begin=TODAY, end=TODAY), granted(begin=YESTERDAY, end=TOMORROW), granted(begin=YESTERDAY)]
)
def test_a_grant_holds_from_its_first_day_to_its_last(local: Local) -> None:
    desired = wanted(teacher(local=local))
    assert (desired.users[0].role, desired.notes) == ("school_leader", ())


def test_a_system_administrator_is_never_made_by_a_grant() -> None:
    assert wanted(teacher(local=granted("system_administrator"))).notes == (
        "not granted: a sync never gives the role system_administrator (1)",
    )


def test_the_highest_of_two_grants_counts() -> None:
    grants = tuple(Grant(role, NORTH.number, "decided") for role in ("school_leader", "super_user", "school_leader"))
    assert school_user(teacher(local=Local(grants=grants))).role == "super_user"


def test_a_tie_word_that_suggests_a_higher_role_is_a_question_and_gives_nothing() -> None:
    desired = wanted(teacher("t", tie(school_fact(), "leader")))
    assert desired.users[0].role == "staff"
    assert [(one.code, one.about) for one in desired.questions] == [("suggested_role", ("t",))]
    assert NORTH.number in desired.questions[0].text


@pytest.mark.parametrize("role", ["school_leader", "super_user"])
def test_a_suggestion_that_was_granted_is_not_asked_again(role: Role) -> None:
    assert wanted(teacher("t", tie(school_fact(), "leader"), local=granted(role))).questions == ()


@pytest.mark.parametrize("owner", [owner_fact(), GroupFact("owner", "owner", "Eksempel kommune", "", SOUTH)])
def test_at_the_owner_nothing_is_suggested(owner: GroupFact) -> None:
    assert wanted(teacher("t", tie(owner, "leader"))).questions == ()


def test_nobody_is_suggested_as_system_administrator() -> None:
    rules = Rules(replace(ROLES, suggests={"leader": "system_administrator"}))
    assert wanted(teacher("t", tie(school_fact(), "leader")), rules=rules).questions == ()


def test_a_suggestion_at_a_school_without_a_number_is_asked_all_the_same() -> None:
    (asked,) = wanted(teacher("t", tie(group(school=School("x", "X skole")), "leader"))).questions
    assert "a school without a number" in asked.text


# -- people here have decided ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("rules", [RULES, SAME])
def test_a_protected_person_is_taken_out_at_once_in_silence(rules: Rules) -> None:
    card = replace(pupil("pupil", contact(), contact("uncle", kind="question"), local=PROTECTED), wards=(pupil("w"),))
    desired = wanted(card, rules=rules)
    assert desired.users == ()
    assert {(one.id, one.reason, one.at_once, one.keeps_ties) for one in desired.gone} == {
        (IDS.user("pupil", "school"), "protected", True, False),
        (IDS.user("pupil", "guardian"), "protected", True, False),
    }
    assert (desired.questions, desired.notes, desired.lapsed, desired.next_change_on) == ((), (), (), None)


def test_protection_outweighs_a_pin() -> None:
    assert all(one.at_once for one in wanted(pupil(local=replace(PINNED, protected="withhold"))).gone)


def test_a_pinned_person_is_not_touched_until_the_day_after() -> None:
    desired = wanted(pupil("pupil", contact(), local=PINNED))
    assert (desired.pinned, desired.users, desired.gone) == (True, (), ())
    assert desired.next_change_on == TOMORROW + timedelta(days=1)
    assert wanted(pupil(local=Local(pinned_until=TODAY))).pinned
    assert not wanted(pupil(local=Local(pinned_until=YESTERDAY))).pinned


def test_a_pinned_pupil_without_guardians_is_not_looked_at_before_her_pin_ends() -> None:
    desired = wanted(pupil(ties=[tie(group(), end=TODAY)], local=Local(pinned_until=date(2026, 12, 24))))
    assert desired.next_change_on == date(2026, 12, 25)


@pytest.mark.parametrize(
    "card",
    [
        pupil("pupil", contact(), local=replace(DENIED, pinned_until=TOMORROW)),
        pupil("pupil", contact(protected=True), local=PINNED),
        pupil("pupil", contact(), local=PINNED, birth_date="2008-11-23"),
    ],
)
def test_a_pin_keeps_no_link_that_is_denied_outgrown_or_protected(card: Card) -> None:
    desired = wanted(card)
    assert desired.pinned
    assert [(one.face, one.revoked, one.keeps_ties) for one in desired.gone] == [("school", (MOTHER,), True)]


def test_a_pinned_pupil_grows_up_in_time() -> None:
    local = Local(pinned_until=date(2026, 12, 24))
    assert wanted(pupil("pupil", contact(), local=local, birth_date="2008-12-01")).next_change_on == date(2026, 12, 1)


# -- notes ----------------------------------------------------------------------------------------------------------


def test_the_notes_say_without_names_what_was_left_out_and_how_often() -> None:
    own = [
        tie(group()),
        tie(group("a"), left="membership switched off in the school system"),
        tie(group("b"), left="membership switched off in the school system"),
        tie(group("c"), end=YESTERDAY),
        tie(group("d"), begin=date(2027, 1, 4)),
        tie(school_fact(), end=YESTERDAY),
        tie(group("e"), begin=TODAY, end=YESTERDAY),
    ]
    assert wanted(pupil("pupil", contact(), contact("father"), ties=own, local=DENIED)).notes == (
        "no link to a guardian: denied here (1)",
        "not at a school: its time is over (1)",
        "not in a group: its end lies before its begin (1)",
        "not in a group: its time has not come (1)",
        "not in a group: its time is over (1)",
        "not in a group: membership switched off in the school system (2)",
    )


def test_a_guardian_s_notes_say_why_a_pupil_is_not_followed() -> None:
    denied, protected = pupil("a", contact(), local=DENIED), pupil("b", contact(), local=PROTECTED)
    card = guardian("mother", denied, protected, pupil("c", contact()))
    assert wanted(card).notes == ("no link to a pupil: denied here (1)",)


def test_no_note_hints_at_a_protected_guardian() -> None:
    desired = wanted(pupil("pupil", contact(protected=True), contact("uncle", kind="question", protected=True)))
    assert (desired.notes, desired.questions) == ((), ())
