"""Guardians on both cards: the link on the ward's user, the guardian's own user, and one user for both."""

from __future__ import annotations

import pytest

from rostersync.model import (
    Card,
    Consent,
    Gone,
    Local,
    Membership,
    SchoolRole,
)
from tests.line.builders import (
    IDS,
    SOUTH,
    claim,
    contact,
    group,
    guardian,
    pupil,
    teacher,
    tie,
)
from tests.line.wanting import (
    DENIED,
    FATHER,
    MOTHER,
    PROTECTED,
    SAME,
    TOMORROW,
    YESTERDAY,
    gone,
    groups_of,
    guardian_user,
    samlegrupper_of,
    school_user,
    wanted,
)

# -- guardians ------------------------------------------------------------------------------------------------------


def test_the_link_stands_on_the_ward_s_school_user_in_order_of_user_ids() -> None:
    user = school_user(pupil("pupil", contact("mother"), contact("father")))
    assert user.guardians == tuple(sorted((MOTHER, FATHER)))


def test_a_guardian_is_at_her_wards_schools_and_in_the_groups_that_take_guardians() -> None:
    younger = pupil("a", contact(), ties=[tie(group("2b", SOUTH)), tie(group("norsk", SOUTH, "teaching_group"))])
    user = guardian_user(guardian("mother", pupil("b", contact()), younger))
    assert (user.id, user.role, user.guardians) == (MOTHER, "guardian", ())
    assert user.schools == (SchoolRole("north", "guardian"), SchoolRole("south", "guardian"))
    assert groups_of(user) == {"8a", "2b"}
    assert sorted(samlegrupper_of(user).values()) == [
        ("north", "all_guardians", "guardian"),
        ("south", "all_guardians", "guardian"),
    ]


def test_a_parent_who_works_at_school_has_two_users_each_with_its_own_groups() -> None:
    card = Card("t", (claim(),), (tie(group("9c"), "teacher"),), (pupil("pupil", contact("t")),))
    assert groups_of(school_user(card)) == {"9c"}
    assert groups_of(guardian_user(card)) == {"8a"}


def test_who_may_follow_her_stands_on_her_school_user_and_never_on_her_guardian_user() -> None:
    """A young mother who is a pupil herself."""
    card = Card("t", (claim("everyday", contact("mother")),), (tie(group("9c")),), (pupil("pupil", contact("t")),))
    assert school_user(card).guardians == (MOTHER,)
    assert guardian_user(card).guardians == ()


def test_a_teacher_who_left_keeps_her_guardian_user() -> None:
    card = Card("t", (claim(left="employment ended"),), (), (pupil("pupil", contact("t")),))
    assert gone(card).reason == "left: employment ended"
    assert guardian_user(card).role == "guardian"


@pytest.mark.parametrize(
    "ward",
    [
        pupil("pupil"),
        pupil("pupil", contact(kind="question")),
        pupil("pupil", contact(), local=DENIED),
        pupil("pupil", contact(), local=PROTECTED),
        pupil("pupil", contact(protected=True)),
        pupil("pupil", contact(), birth_date="2008-11-23"),
        pupil("pupil", contact(), rejected=True),
        pupil("pupil", contact(), left="moved"),
        pupil("pupil", contact(), ties=()),
        pupil("pupil", contact(), ties=[tie(group(), begin=TOMORROW)]),
    ],
)
def test_who_is_guardian_of_nobody_today_has_no_guardian_user(ward: Card) -> None:
    card = guardian("mother", ward)
    assert wanted(card).users == ()
    assert (gone(card, "guardian").reason, gone(card, "guardian").keeps_ties) == ("no active pupil", False)
    assert MOTHER not in {link for user in wanted(ward).users for link in user.guardians}


def test_guardians_follow_only_in_the_source_that_proves_the_guardianship() -> None:
    ward = Card("p", (claim("everyday", contact()), claim("sits")), (tie(group("8a")), tie(group("v"), source="sits")))
    assert groups_of(guardian_user(guardian("mother", ward))) == {"8a"}


def test_a_contact_who_is_no_guardian_is_asked_about_and_never_linked() -> None:
    desired = wanted(pupil("pupil", contact("uncle", kind="question", because="foster parent")))
    assert desired.users[0].guardians == ()
    (asked,) = desired.questions
    assert (asked.code, asked.about) == ("contact", ("pupil", "uncle"))
    assert "listed as foster parent" in asked.text
    assert "listed" not in wanted(pupil("pupil", contact("uncle", kind="question"))).questions[0].text


@pytest.mark.parametrize(
    "card",
    [
        pupil("pupil", contact(kind="question", present=False)),
        pupil("pupil", contact(kind="question", protected=True)),
        pupil("pupil", contact(), contact(kind="question")),
        pupil("pupil", contact(kind="question"), birth_date="2008-11-23"),
        pupil("pupil", contact(), local=DENIED),
        pupil("pupil", contact(kind="question"), ties=()),
        teacher("t"),
    ],
)
def test_nothing_is_asked_about_a_contact_where_no_answer_would_matter(card: Card) -> None:
    assert wanted(card).questions == ()


def test_a_pupil_without_a_known_birth_date_keeps_her_guardians_and_is_noted() -> None:
    desired = wanted(pupil("pupil", contact(), birth_date=""))
    assert desired.users[0].guardians == (MOTHER,)
    assert desired.notes == ("no birth date is known, so the guardians' access has no known end (1)",)


# -- departing pupils and guardians ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("card", "revoked"),
    [
        (pupil("pupil", contact(), present=False), ()),
        (pupil("pupil", contact(present=False), present=False), ()),
        (pupil("pupil", contact(), present=False, local=DENIED), (MOTHER,)),
        (pupil("pupil", contact(), present=False, birth_date="2008-11-23"), (MOTHER,)),
        (pupil("pupil", contact(protected=True), contact("father"), present=False), (MOTHER,)),
        (pupil("pupil", contact(), present=False, rejected=True), (MOTHER,)),
        (
            pupil(
                "pupil",
                contact(),
                present=False,
                birth_date="2008-11-23",
                local=Local(consents=(Consent("mother", "signed"),)),
            ),
            (),
        ),
    ],
)
def test_an_absent_ward_keeps_her_links_except_those_that_nothing_may_keep_alive(
    card: Card, revoked: tuple[str, ...]
) -> None:
    assert gone(card).keeps_ties
    assert gone(card).revoked == revoked


def test_a_guardian_of_an_absent_pupil_keeps_her_memberships_until_suspended() -> None:
    assert gone(guardian("mother", pupil("pupil", contact(), present=False)), "guardian").keeps_ties


def test_a_guardian_who_is_denied_one_pupil_keeps_no_membership_for_the_absence_of_another() -> None:
    absent, denied = pupil("a", contact(), present=False), pupil("b", contact(), local=DENIED)
    assert not gone(guardian("mother", absent, denied), "guardian").keeps_ties
    assert not gone(guardian("mother", absent, denied, present=False), "guardian").keeps_ties
    assert gone(guardian("mother", absent, present=False), "guardian") == Gone(MOTHER, "guardian", "absent", True)


# -- one user for both ----------------------------------------------------------------------------------------------


def test_one_user_carries_both_faces_where_the_owner_wants_that() -> None:
    ward = pupil("pupil", contact("t"))
    ties = (tie(group("9c", SOUTH), "teacher"),)
    card = Card("t", (claim(email="t@home.example", login="t@x.example"),), ties, (ward,))
    user = school_user(card, rules=SAME)
    assert user.id == IDS.user("t", "school")
    assert user.role == "staff"
    assert set(user.schools) == {SchoolRole("north", "guardian"), SchoolRole("south", "staff")}
    assert {Membership("8a", "guardian"), Membership("9c", "staff")} <= set(user.memberships)
    assert user.fields == (("login", "t@x.example"), ("email", "t@home.example"))
    assert school_user(ward, rules=SAME).guardians == (user.id,)
    assert [one.face for one in wanted(card, rules=SAME).users] == ["school"]
    assert gone(card, "guardian", rules=SAME).id == IDS.user("t", "guardian")


def test_one_user_of_a_teacher_with_her_own_child_in_class_is_its_teacher() -> None:
    card = Card("t", (claim(),), (tie(group(), "teacher"),), (pupil("pupil", contact("t")),))
    memberships = school_user(card, rules=SAME).memberships
    assert [one.role for one in memberships if one.group == "8a"] == ["staff"]


def test_one_user_who_is_a_guardian_only_is_a_guardian() -> None:
    user = school_user(guardian("mother", pupil("pupil", contact())), rules=SAME)
    assert (user.id, user.role, groups_of(user)) == (IDS.user("mother", "school"), "guardian", {"8a"})


@pytest.mark.parametrize(
    ("card", "reason", "keeps_ties"),
    [
        (pupil(ties=()), "no active affiliation", False),
        (pupil(present=False), "absent", True),
        (guardian("mother", pupil("a", contact(), present=False)), "no active pupil", True),
        (guardian("mother", pupil("a", contact(), local=DENIED)), "no active pupil", False),
        (Card("t", (claim(present=False),), (tie(group()),), (pupil("a", contact("t")),)), "absent", True),
    ],
)
def test_one_user_who_is_gone_is_gone_for_the_face_she_had(card: Card, reason: str, keeps_ties: bool) -> None:
    assert wanted(card, rules=SAME).users == ()
    assert (gone(card, rules=SAME).reason, gone(card, rules=SAME).keeps_ties) == (reason, keeps_ties)


@pytest.mark.parametrize(
    ("present", "ward"),
    [
        (False, pupil("a", contact("t"), local=Local(denied=(("t", None),)))),
        (True, pupil("a", contact("t"), present=False)),
    ],
)
def test_one_user_keeps_her_ties_only_when_both_her_faces_do(present: bool, ward: Card) -> None:
    card = Card("t", (claim(present=present),), (tie(group("9c"), "teacher", left="quit"),), (ward,))
    assert not gone(card, rules=SAME).keeps_ties


def test_one_user_went_by_date_only_when_both_her_faces_did() -> None:
    withdrawn = (tie(group("9c"), "teacher", left="quit"),)
    ended = (tie(group("9c"), "teacher", end=YESTERDAY),)
    grown = pupil("a", contact("t"), birth_date="2008-11-23")
    denied = pupil("a", contact("t"), local=Local(denied=(("t", None),)))
    assert gone(Card("t", (claim(),), ended, (grown,)), rules=SAME).by_date
    assert not gone(Card("t", (claim(),), ended, (denied,)), rules=SAME).by_date
    assert not gone(Card("t", (claim(),), withdrawn, (grown,)), rules=SAME).by_date
