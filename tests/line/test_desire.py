"""One person's card -> her school user, rule by rule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from rostersync.desire import Rules
from rostersync.model import (
    Card,
    Gone,
    GroupFact,
    Membership,
    Role,
    SchoolRole,
    TieFact,
    User,
)
from tests.line.builders import (
    IDS,
    ROLES,
    SOUTH,
    TODAY,
    claim,
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
    NUMBER,
    PROTECTED,
    YESTERDAY,
    gone,
    groups_of,
    guardian_user,
    kinds_of,
    samlegrupper_of,
    school_user,
    wanted,
)

# -- who has a school user ------------------------------------------------------------------------------------------


def test_a_pupil_with_an_open_tie_has_a_school_user_and_no_guardian_user() -> None:
    desired = wanted(pupil(login="kari@x.example"))
    (user,) = desired.users
    assert user == User(
        id=IDS.user("pupil", "school"),
        person="pupil",
        face="school",
        role="pupil",
        given_name="Kari",
        family_name="Nordmann",
        fields=(("login", "kari@x.example"),),
        schools=(SchoolRole("north", "pupil"),),
        memberships=tuple(
            sorted((Membership("8a", "pupil"), Membership(IDS.samlegruppe("north", "all_pupils"), "pupil")))
        ),
    )
    assert desired.gone == (Gone(IDS.user("pupil", "guardian"), "guardian", "no active pupil"),)
    assert (desired.questions, desired.notes, desired.lapsed, desired.pinned) == ((), (), (), False)


def test_every_face_is_answered_for_by_a_user_or_by_why_she_is_gone() -> None:
    parent = guardian("mother", pupil("pupil", contact()))
    for card in (pupil(), teacher(), parent, Card("nobody"), pupil(local=PROTECTED)):
        desired = wanted(card)
        assert sorted(one.face for one in (*desired.users, *desired.gone)) == ["guardian", "school"]


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        (pupil(left="inactive in the school system"), "left: inactive in the school system"),
        (pupil(ties=()), "no active affiliation"),
        (pupil(ties=[tie(group(), left="switched off")]), "no active affiliation"),
        (pupil(ties=[tie(group(), end=YESTERDAY)]), "no active affiliation"),
        (pupil(ties=[tie(group(), begin=TODAY + timedelta(days=8))]), "no active affiliation"),
        (pupil(ties=[tie(group(), begin=TODAY, end=YESTERDAY)]), "no active affiliation"),
        (pupil(ties=[tie(group(standing=False))]), "no active affiliation"),
        (pupil(ties=[tie(None)]), "no active affiliation"),
        (pupil(ties=[tie(group(kind="sfo"))]), "no active affiliation"),
        (pupil(ties=[tie(group(), "janitor")]), "no active affiliation"),
        (pupil(ties=[tie(group(), "guardian")]), "no active affiliation"),
    ],
)
def test_a_present_person_without_an_open_tie_is_gone_and_keeps_nothing(card: Card, reason: str) -> None:
    assert wanted(card).users == ()
    assert (gone(card).reason, gone(card).keeps_ties, gone(card).at_once) == (reason, False, False)


def test_who_is_absent_from_every_source_keeps_her_ties_until_suspended() -> None:
    card = pupil("pupil", contact(), present=False)
    assert wanted(card).users == ()
    assert gone(card) == Gone(IDS.user("pupil", "school"), "school", "absent", keeps_ties=True)
    assert gone(card, "guardian") == Gone(IDS.user("pupil", "guardian"), "guardian", "absent", keeps_ties=True)


def test_one_source_that_still_has_her_is_enough_to_stay() -> None:
    """A person departs only when every source that had her says so."""
    card = Card("p", (claim("everyday"), claim("feide", present=False)), (tie(group()),))
    assert school_user(card)


def test_a_tie_ends_at_once_when_its_source_lists_the_person_without_it() -> None:
    assert groups_of(school_user(pupil(ties=[tie(group("8a")), tie(group("8b"), left="moved")]))) == {"8a"}


def test_who_left_in_one_source_keeps_what_the_other_gives() -> None:
    card = Card(
        "p", (claim("everyday", left="inactive"), claim("sits")), (tie(group("8a")), tie(group("v"), source="sits"))
    )
    assert groups_of(school_user(card)) == {"v"}


def test_a_rejected_record_keeps_the_school_user_on_its_last_good_values() -> None:
    desired = wanted(pupil(rejected=True))
    assert desired.users
    assert "the newest record of a source was rejected, so its last good one is used (1)" in desired.notes


# -- records that contradict each other -----------------------------------------------------------------------------


def test_records_that_contradict_each_other_in_one_run_provision_nobody_and_ask() -> None:
    card = Card("p", (claim(given_name="Kari"), claim(first=1, given_name="Ola")), (tie(group()),))
    desired = wanted(card)
    assert desired.users == ()
    assert [(one.reason, one.keeps_ties) for one in desired.gone] == [
        ("two records of one source contradict each other", True)
    ] * 2
    assert [(one.code, one.about) for one in desired.questions] == [("conflicting_records", ("p",))]


def test_an_older_record_keeps_its_user_while_the_question_is_open() -> None:
    card = Card("p", (claim(given_name="Kari"), claim(first=1, run="r2", given_name="Ola")), (tie(group()),))
    assert school_user(card).given_name == "Kari"
    assert [one.code for one in wanted(card).questions] == ["conflicting_records"]


# -- schools and roles ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ties", "home"),
    [
        ([tie(group("n")), tie(group("s", SOUTH), primary=True)], "south"),
        ([tie(group("n"), begin=date(2026, 8, 1)), tie(group("s", SOUTH), begin=date(2026, 9, 1))], "south"),
        ([tie(group("n"), begin=date(2026, 9, 1), primary=True), tie(group("s", SOUTH), begin=TODAY)], "north"),
        ([tie(group("s", SOUTH)), tie(group("n"))], "north"),
        ([tie(group("n")), tie(group("s", SOUTH), begin=date(2020, 1, 1))], "south"),
    ],
)
def test_the_home_school_is_the_primary_one_else_the_newest_else_by_id(ties: Sequence[TieFact], home: str) -> None:
    schools = school_user(pupil(ties=ties)).schools
    assert schools[0].school == home
    assert len(schools) == 2


def test_a_role_is_the_highest_held_at_that_school_and_never_carried_to_another() -> None:
    user = school_user(pupil(ties=[tie(group("a")), tie(group("b"), "teacher"), tie(group("c", SOUTH), primary=True)]))
    assert user.schools == (SchoolRole("south", "pupil"), SchoolRole("north", "staff"))
    assert user.role == "staff"


def test_a_role_in_a_group_is_the_highest_held_in_that_very_group() -> None:
    ties = [tie(group("a")), tie(group("a"), "teacher"), tie(group("b"))]
    memberships = school_user(pupil(ties=ties)).memberships
    assert [one.role for one in memberships if one.group == "a"] == ["staff"]
    assert [one.role for one in memberships if one.group == "b"] == ["pupil"]


def test_an_employee_of_the_owner_alone_is_staff_without_a_school() -> None:
    user = school_user(teacher("t", tie(owner_fact(), "employee")))
    assert (user.role, user.schools, user.memberships) == ("staff", (), ())


def test_a_tie_to_the_owner_adds_nothing_to_ties_at_a_school() -> None:
    user = school_user(pupil(ties=[tie(group()), tie(owner_fact(), "employee")]))
    assert (user.role, user.schools) == ("pupil", (SchoolRole("north", "pupil"),))


# -- groups ---------------------------------------------------------------------------------------------------------


def test_a_tie_to_the_school_itself_gives_a_school_role_and_samlegrupper_and_no_membership() -> None:
    user = school_user(teacher("t", tie(school_fact(), "employee")))
    assert user.schools == (SchoolRole("north", "staff"),)
    assert groups_of(user) == set()
    assert kinds_of(user) == {"all_employees"}


def test_only_the_roles_that_a_kind_of_group_takes_become_members() -> None:
    groups = {**ROLES.groups, "class": frozenset[Role](("pupil", "guardian"))}
    desired = wanted(teacher(), rules=Rules(replace(ROLES, groups=groups)))
    assert [groups_of(user) for user in desired.users] == [set()]
    assert desired.notes == ("not in a group: the kind class does not take the role staff (1)",)


def test_a_group_of_an_unused_kind_is_noted_and_not_joined() -> None:
    desired = wanted(pupil(ties=[tie(group()), tie(group("8", kind="grade")), tie(group("9", kind="grade"))]))
    assert [groups_of(user) for user in desired.users] == [{"8a"}]
    assert desired.notes == ("not in a group: the kind grade does not go to the LMS (2)",)


@pytest.mark.parametrize(
    ("role", "kinds"),
    [
        ("pupil", {"all_pupils"}),
        ("teacher", {"all_teachers", "all_employees"}),
        ("contact_teacher", {"all_teachers", "all_employees"}),
        ("employee", {"all_employees"}),
    ],
)
@pytest.mark.parametrize("leads_to", [group(), school_fact()])
def test_a_tie_at_a_school_or_through_its_groups_puts_her_in_its_samlegrupper(
    leads_to: GroupFact, role: str, kinds: set[str]
) -> None:
    assert kinds_of(school_user(teacher("t", tie(leads_to, role)))) == kinds


def test_samlegrupper_are_those_of_every_school_she_is_at() -> None:
    user = school_user(teacher("t", tie(group("n"), "teacher"), tie(group("n2"), "teacher"), tie(group("s", SOUTH))))
    assert sorted(samlegrupper_of(user).values()) == [
        ("north", "all_employees", "staff"),
        ("north", "all_teachers", "staff"),
        ("south", "all_pupils", "pupil"),
    ]


# -- what is released -----------------------------------------------------------------------------------------------


def test_each_user_carries_only_what_her_own_role_justifies() -> None:
    """A teacher's private e-mail as a guardian never shows on her staff user."""
    ward = pupil("pupil", contact("t"))
    card = Card(
        "t",
        (claim(national_number=NUMBER, email="t@home.example", login="t@x.example", mobile="99887766"),),
        (tie(group(), "teacher"),),
        (ward,),
    )
    assert school_user(card).fields == (("national_number", NUMBER), ("login", "t@x.example"))
    assert guardian_user(card).fields == (("national_number", NUMBER), ("email", "t@home.example"))


@pytest.mark.parametrize("number", ["01829012356", "200012345678", "010190123456"])
def test_a_number_that_is_not_genuine_is_never_released_and_blocks_nobody(number: str) -> None:
    assert school_user(pupil(national_number=number)).fields == ()


def test_a_role_for_which_nothing_is_released_carries_names_only() -> None:
    user = school_user(pupil(login="x"), rules=Rules(replace(ROLES, release={})))
    assert (user.fields, user.given_name, user.family_name) == ((), "Kari", "Nordmann")
