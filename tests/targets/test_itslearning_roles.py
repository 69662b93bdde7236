"""Roles and settings: what a site is told that somebody is, and what is refused before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from rostersync.errors import UserMistake
from rostersync.model import Group, Membership, Role, SchoolRole, User
from rostersync.targets import make, settings_type, types
from rostersync.targets.itslearning import Settings
from tests.targets.contract import GUARDIAN, PUPIL, SCHOOL_OPENS, TEACHER, made, moved, refused
from tests.targets.itslearning_site import ROOT_KEY, Lab

MENTORS = Group("mentors", "mentor_group", "8A-1", "Kontaktgruppe 8A-1", "school")
SOUTH = "south"


def roles(site: Lab, user: User, **settings: Any) -> dict[str, str]:
    """Group -> the role that the site was told."""
    target = site.target(**settings)
    assert not refused(site.deliver(target, *SCHOOL_OPENS, made(MENTORS), made(user)))
    return {one.group: one.role for one in site.site.groups_of(user.id)}


def at(role: Role, school: str = "school") -> tuple[SchoolRole, ...]:
    return (SchoolRole(school, role),)


def test_it_is_found_by_its_type() -> None:
    assert "itslearning" in types()
    assert settings_type("itslearning") is Settings


def test_pupils_learn_and_teachers_instruct(site: Lab) -> None:
    assert roles(site, PUPIL) == {"school": "Learner", "class": "Learner", "pupils": "Learner"}
    assert roles(site, TEACHER) == {"school": "Instructor", "class": "Instructor"}


def test_a_contact_teacher_is_the_mentor_of_her_group_and_its_pupils_learn_there(site: Lab) -> None:
    both = (Membership("class", "staff"), Membership("mentors", "staff"))
    assert roles(site, replace(TEACHER, memberships=both)) == {
        "school": "Instructor",
        "class": "Instructor",
        "mentors": "Mentor",
    }
    assert roles(site, replace(PUPIL, memberships=(Membership("mentors", "pupil"),)))["mentors"] == "Learner"


@pytest.mark.parametrize("role", ["school_leader", "super_user"])
def test_nobody_is_more_than_staff_at_the_root(site: Lab, role: Role) -> None:
    told = roles(
        site,
        replace(TEACHER, role=role, schools=(*at(role, "owner"), *at(role)), memberships=()),
        role_school_leader="Administrator",
        role_super_user="Manager",
    )
    assert told == {ROOT_KEY: "Instructor", "school": "Administrator" if role == "school_leader" else "Manager"}


def test_a_leader_without_a_profile_of_her_own_goes_as_staff_and_is_counted(site: Lab) -> None:
    target = site.target()
    site.deliver(target, *SCHOOL_OPENS, made(replace(TEACHER, role="school_leader", schools=at("school_leader"))))
    assert site.site.active()["teacher"].profile == "Staff"
    assert list(target.left_out) == ["a school leader with the profile of staff (profile_school_leader is not set)"]


def test_a_profile_that_the_site_maps_is_sent_as_it_is(site: Lab) -> None:
    site.site.profiles["Skoleleder"] = "Skoleleder"
    target = site.target(profile_school_leader="Skoleleder", site_profiles=("Skoleleder",))
    site.deliver(target, *SCHOOL_OPENS, made(replace(TEACHER, role="school_leader", schools=at("school_leader"))))
    assert site.site.active()["teacher"].profile == "Skoleleder"
    assert not target.left_out


def test_the_site_replaces_what_it_does_not_know_without_a_word(site: Lab) -> None:
    """Which is why the settings insist that somebody has said it is known."""
    target = site.target(profile_staff="Laerer", site_profiles=("Laerer",))
    assert not refused(site.deliver(target, *SCHOOL_OPENS, made(TEACHER)))
    assert site.site.active()["teacher"].profile == "Pupil"


@pytest.mark.parametrize("before", [TEACHER, None])
def test_a_system_administrator_is_neither_made_nor_raised(site: Lab, before: User | None) -> None:
    target = site.target()
    site.deliver(target, *SCHOOL_OPENS)
    raised = replace(TEACHER, role="system_administrator")
    told = refused(site.deliver(target, moved(before, raised) if before else made(raised)))
    assert "never made or changed by a sync" in told["teacher"]
    assert site.site.persons == {}


def test_the_first_school_is_home_and_home_moves_with_it(site: Lab) -> None:
    target = site.target()
    south = SCHOOL_OPENS[1].after
    assert south is not None
    site.deliver(target, *SCHOOL_OPENS, made(replace(south, id=SOUTH, name="Sør skole")), made(PUPIL))
    assert [one.group for one in site.site.groups_of("pupil") if one.home] == ["school"]
    away = replace(PUPIL, schools=at("pupil", SOUTH))
    site.deliver(target, moved(PUPIL, away))
    assert [one.group for one in site.site.groups_of("pupil") if one.home] == [SOUTH]
    assert "school" not in {one.group for one in site.site.groups_of("pupil")}


def test_a_guardian_is_a_guest_of_the_class_or_nothing_there(site: Lab) -> None:
    member = replace(GUARDIAN, memberships=(Membership("class", "guardian"),))
    assert roles(site, member) == {"school": "Member", "class": "Member"}
    target = site.target(role_guardian="")
    site.deliver(target, moved(member, replace(member, given_name="Karin")))
    assert any("role_guardian is empty" in sentence for sentence in target.left_out)


def test_a_group_kind_may_become_a_course(site: Lab) -> None:
    subject = Group("norsk", "teaching_group", "NOR", "Norsk 8A", "school")
    site.deliver(site.target(courses=("teaching_group",)), *SCHOOL_OPENS, made(subject))
    assert site.site.groups["norsk"].kind == "Course"
    assert site.site.groups["class"].kind == "Unspecified"
    assert site.site.groups["school"].kind == "School"


def test_the_organisation_number_goes_only_where_the_settings_name_a_field(site: Lab) -> None:
    site.deliver(site.target(), *SCHOOL_OPENS)
    assert not any(b"974589230" in asked.body for asked in site.server.asked)
    site.deliver(site.target(legal_id="LegalId"), *SCHOOL_OPENS)
    assert any(b"LegalId</c:fieldName>" in asked.body for asked in site.server.asked)


def test_a_national_number_goes_only_where_the_settings_name_a_field(site: Lab) -> None:
    site.deliver(site.target(), *SCHOOL_OPENS, made(PUPIL))
    assert not any(b"05810890051" in asked.body for asked in site.server.asked)


def test_a_service_may_have_an_address_of_its_own(site: Lab) -> None:
    target = site.target(membership_url=f"{site.server.url}/memberships.svc")
    site.deliver(target, *SCHOOL_OPENS, made(PUPIL))
    paths = {op: asked.path for op, asked in zip(site.operations(), site.server.asked, strict=True)}
    assert paths["createMemberships"] == "/memberships.svc"
    assert paths["createPersons"] == "/ims.svc"


def test_never_more_in_a_request_than_the_batch(site: Lab) -> None:
    target = site.target(batch=2)
    site.deliver(target, *SCHOOL_OPENS, *(made(replace(PUPIL, id=f"p{n}", fields=())) for n in range(5)))
    assert max(asked.body.count(b"IdPair>") // 2 for asked in site.server.asked) == 2
    assert target.at_once == 2


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("url", "http://lms.example/ims", "is not encrypted"),
        ("person_url", "ftp://lms.example", "is no address"),
        ("batch", 51, "1 to 50"),
        ("batch", 0, "1 to 50"),
        ("connections", 9, "1 to 8"),
        ("root", "", "sync id"),
        ("profile_pupil", "", "cannot be empty"),
        ("profile_staff", "System Administrator", "no sync makes one"),
        ("profile_super_user", "Superbruker", "site_profiles"),
        ("role_pupil", "Pupil", "is no role in a hierarchy"),
        ("role_staff", "", "is no role in a hierarchy"),
        ("role_mentor", "06", "as words or all as numbers"),
    ],
)
def test_what_would_go_wrong_in_silence_is_refused_before(site: Lab, key: str, value: Any, why: str) -> None:
    settings = site.settings(**{key: value})
    with pytest.raises(UserMistake, match=why) as refusal:
        make("itslearning", "lms", settings)
    assert str(refusal.value).startswith("target.lms: ")


def test_every_mistake_is_told_at_once(site: Lab) -> None:
    with pytest.raises(UserMistake) as refusal:
        site.target(batch=99, connections=0, role_pupil="Elev")
    assert len(refusal.value.problems) == 3
