"""The OneRoster CSV target: the contract in both layouts, and what stands in its rows."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from zipfile import ZipFile

import pytest
from msgspec.structs import replace

from rostersync.model import Group, Membership, Organisation, Role, SchoolRole, User
from rostersync.targets import Placed, Target, make, settings_type, types
from rostersync.targets.oneroster_csv import OneRosterCsv, Settings
from rostersync.targets.oneroster_csv.rows import HEADERS
from tests.targets.contract import (
    ALL_PUPILS,
    CLASS,
    EVERYBODY,
    GUARDIAN,
    LINKED,
    OWNER,
    PUPIL,
    SCHOOL,
    SCHOOL_OPENS,
    TEACHER,
    Seen,
    SeenUser,
    made,
    roster_of,
)
from tests.targets.observing import ObservingContract
from tests.targets.oneroster_set import OneRosterSet, read_set


class TestZip(ObservingContract):
    def make(self, place: Path) -> Target:
        return make("oneroster_csv", "lms", Settings(place))

    def seen(self, target: Target, place: Path) -> Seen:
        found = read_set(place)
        users = {
            key: SeenUser(
                row["enabledUser"] == "true",
                row["givenName"],
                frozenset(found.classes_of(key)),
                frozenset(found.agents_of(key)),
            )
            for key, row in found.users.items()
        }
        return Seen(frozenset(found.orgs), frozenset(found.classes), users)


class TestDirectory(TestZip):
    def make(self, place: Path) -> Target:
        return make("oneroster_csv", "lms", Settings(place, layout="directory"))


OTHER_SCHOOL = Organisation("other", "school", "Sol skole", "974589231", parent="owner")


def written(tmp_path: Path, *values: Organisation | Group | User, groups: tuple[str, ...] = ()) -> OneRosterSet:
    """The set that holds the owner, two schools and these."""
    _, found = delivered(tmp_path, *values, groups=groups)
    return found


def delivered(
    tmp_path: Path, *values: Organisation | Group | User, groups: tuple[str, ...] = ()
) -> tuple[OneRosterCsv, OneRosterSet]:
    target = OneRosterCsv(Settings(tmp_path / "out", groups=groups))
    deliveries = [made(value) for value in (OWNER, SCHOOL, OTHER_SCHOOL, *values)]
    assert all(outcome.delivered for outcome in target.deliver(deliveries, roster_of(deliveries)))
    return target, read_set(tmp_path / "out")


def test_it_is_found_by_its_type() -> None:
    assert "oneroster_csv" in types()
    assert settings_type("oneroster_csv") is Settings


def test_the_headers_are_those_of_the_standard(standards: Path) -> None:
    for name, header in HEADERS.items():
        with (standards / "oneroster" / "csv-v1p1-headers" / f"{name}.csv").open(newline="") as file:
            columns = next(csv.reader(file))
        assert [column for column in columns if not column.startswith("metadata.")] == list(header), name


def test_the_manifest_names_every_file_of_the_standard(tmp_path: Path, standards: Path) -> None:
    written(tmp_path, CLASS, PUPIL)
    with (standards / "oneroster" / "csv-v1p1-headers" / "manifest.csv").open(newline="") as file:
        names = {row[0] for row in csv.reader(file)}
    with ZipFile(tmp_path / "out" / "oneroster.zip") as archive:
        manifest = dict(csv.reader(archive.read("manifest.csv").decode().splitlines()))
    assert set(manifest) == names
    assert (manifest["manifest.version"], manifest["oneroster.version"]) == ("1.0", "1.1")


# -- organisations, school years, classes -----------------------------------------------------------------------------


def test_an_owner_is_a_district_and_its_schools_hang_under_it(tmp_path: Path) -> None:
    orgs = written(tmp_path).orgs
    assert (orgs["owner"]["type"], orgs["owner"]["identifier"], orgs["owner"]["parentSourcedId"]) == (
        "district",
        "958935420",
        "",
    )
    assert (orgs["school"]["type"], orgs["school"]["name"], orgs["school"]["parentSourcedId"]) == (
        "school",
        "Måne skole",
        "owner",
    )


def test_a_class_has_the_short_name_its_school_its_year_and_the_course_of_its_kind(tmp_path: Path) -> None:
    found = written(tmp_path, CLASS)
    row = found.classes["class"]
    assert (row["title"], row["schoolSourcedId"], row["classType"]) == ("8A", "school", "homeroom")
    assert (row["courseSourcedId"], row["termSourcedIds"]) == ("course-base_class", "school-year-2026")
    assert found.courses["course-base_class"]["orgSourcedId"] == "owner"
    year = found.academicSessions["school-year-2026"]
    assert (year["title"], year["type"], year["schoolYear"]) == ("2026/2027", "term", "2027")
    assert (year["startDate"], year["endDate"]) == ("2026-08-01", "2027-07-31")


def test_there_is_one_course_a_kind_and_no_year_without_a_class(tmp_path: Path) -> None:
    found = written(tmp_path, CLASS, ALL_PUPILS, replace(CLASS, id="class-b"))
    assert set(found.courses) == {"course-base_class", "course-all_pupils"}
    assert (found.classes["pupils"]["classType"], found.classes["class-b"]["classType"]) == ("scheduled", "homeroom")
    empty = written(tmp_path)
    assert (empty.courses, empty.classes, empty.academicSessions) == ({}, {}, {})


def test_a_group_without_dates_stands_in_every_year_of_the_set(tmp_path: Path) -> None:
    old = replace(CLASS, id="old", begin=date(2025, 8, 18), end=date(2026, 6, 19))
    found = written(tmp_path, CLASS, old, ALL_PUPILS)
    assert found.classes["pupils"]["termSourcedIds"] == "school-year-2025,school-year-2026"


def test_without_any_dates_there_is_one_undated_year(tmp_path: Path) -> None:
    found = written(tmp_path, ALL_PUPILS)
    assert list(found.academicSessions) == ["school-year-undated"]
    assert found.classes["pupils"]["termSourcedIds"] == "school-year-undated"


def test_only_the_chosen_kinds_of_group_become_classes(tmp_path: Path) -> None:
    target, found = delivered(tmp_path, CLASS, ALL_PUPILS, PUPIL, groups=("base_class",))
    assert set(found.classes) == {"class"}
    assert found.classes_of("pupil") == {"class": "student"}
    assert target.left_out == {}


# -- users ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "word"),
    [
        ("pupil", "student"),
        ("guardian", "guardian"),
        ("staff", "teacher"),
        ("super_user", "teacher"),
        ("school_leader", "administrator"),
        ("system_administrator", "administrator"),
    ],
)
def test_each_role_has_its_word(tmp_path: Path, role: Role, word: str) -> None:
    user = replace(TEACHER, role=role, schools=(SchoolRole("school", role),), memberships=())
    row = written(tmp_path, user).users["teacher"]
    assert (row["role"], row["orgSourcedIds"]) == (word, "school")


def test_a_school_leader_is_administrator_of_that_school_only(tmp_path: Path) -> None:
    schools = (SchoolRole("other", "staff"), SchoolRole("school", "school_leader"))
    leader = replace(TEACHER, role="school_leader", schools=schools)
    assert written(tmp_path, CLASS, leader).users["teacher"]["orgSourcedIds"] == "school"


def test_a_role_is_never_carried_to_another_school(tmp_path: Path) -> None:
    learner = replace(TEACHER, schools=(SchoolRole("other", "pupil"), SchoolRole("school", "staff")))
    assert written(tmp_path, CLASS, learner).users["teacher"]["orgSourcedIds"] == "school"


def test_a_guardian_belongs_to_her_wards_schools_home_school_first(tmp_path: Path) -> None:
    guardian = replace(GUARDIAN, schools=(SchoolRole("school", "guardian"), SchoolRole("other", "guardian")))
    assert written(tmp_path, guardian).users["guardian"]["orgSourcedIds"] == "school,other"


def test_whoever_works_for_the_owner_alone_stands_at_the_owner_as_no_more_than_a_teacher(tmp_path: Path) -> None:
    clerk = replace(TEACHER, schools=(), memberships=())
    leader = replace(clerk, id="leader", role="school_leader", schools=(SchoolRole("closed", "school_leader"),))
    target, found = delivered(tmp_path, leader, clerk)
    for key in ("teacher", "leader"):
        assert (found.users[key]["role"], found.users[key]["orgSourcedIds"]) == ("teacher", "owner")
    assert list(target.left_out.values()) == [1]


def test_only_what_was_released_stands_on_the_row(tmp_path: Path) -> None:
    fields = (
        ("national_number", "05810890051"),
        ("login", "kari.lie"),
        ("email", "kari@måne.example"),
        ("mobile", "+4799999999"),
        ("birth_date", "1981-01-05"),
    )
    row = written(tmp_path, replace(GUARDIAN, fields=fields)).users["guardian"]
    assert (row["givenName"], row["familyName"]) == ("Kari", "Lie")
    assert (row["identifier"], row["username"], row["email"]) == ("05810890051", "kari.lie", "kari@måne.example")
    blank = ("userIds", "middleName", "sms", "phone", "grades", "password")
    assert [row[column] for column in blank] == [""] * len(blank)


def test_the_username_is_the_login_else_the_feide_id_else_the_key(tmp_path: Path) -> None:
    login, feide = ("login", "kari"), ("feide_id", "kari@måne.example")
    for fields, username in (((feide, login), "kari"), ((feide,), feide[1]), ((), "guardian")):
        found = written(tmp_path, replace(GUARDIAN, fields=fields))
        assert found.users["guardian"]["username"] == username
        assert found.users["guardian"]["identifier"] == ""


def test_a_teacher_with_a_child_at_school_has_two_users_and_only_the_guardian_has_the_link(tmp_path: Path) -> None:
    found = written(tmp_path, CLASS, ALL_PUPILS, GUARDIAN, LINKED, replace(TEACHER, person=GUARDIAN.person))
    assert found.agents_of("teacher") == set()
    assert found.agents_of("guardian") == {"pupil"}


def test_one_guardian_of_many_and_many_guardians_of_one_stand_on_every_row(tmp_path: Path) -> None:
    guardians = [replace(GUARDIAN, id=f"g-{number}", person=f"pg-{number}") for number in range(3)]
    wards = [
        replace(PUPIL, id=f"w-{number}", memberships=(), guardians=("g-0", f"g-{number}") if number else ("g-0",))
        for number in range(3)
    ]
    found = written(tmp_path, *guardians, *wards)
    assert found.agents_of("g-0") == {"w-0", "w-1", "w-2"}
    assert found.agents_of("w-2") == {"g-0", "g-2"}


# -- enrolments -------------------------------------------------------------------------------------------------------


def test_each_role_in_a_class_has_its_word_and_a_guardian_has_none(tmp_path: Path) -> None:
    roles: tuple[Role, ...] = ("pupil", "staff", "super_user", "school_leader", "system_administrator", "guardian")
    users = [replace(TEACHER, id=role, role=role, memberships=(Membership("class", role),)) for role in roles]
    schooled = [replace(user, schools=(SchoolRole("school", user.role),)) for user in users]
    target, found = delivered(tmp_path, CLASS, *schooled)
    assert {row["userSourcedId"]: row["role"] for row in found.enrollments.values()} == {
        "pupil": "student",
        "staff": "teacher",
        "super_user": "teacher",
        "school_leader": "administrator",
        "system_administrator": "administrator",
    }
    assert {row["schoolSourcedId"] for row in found.enrollments.values()} == {"school"}
    assert dict(target.left_out) == {
        "a guardian's class membership (OneRoster 1.1 has none; the link to the pupil carries it)": 1
    }


def test_an_enrolment_keeps_its_key_whatever_else_changes(tmp_path: Path) -> None:
    before = written(tmp_path, CLASS, ALL_PUPILS, PUPIL)
    renamed = replace(PUPIL, given_name="Ny", memberships=PUPIL.memberships[:1])
    after = written(tmp_path, replace(CLASS, name="9A"), renamed, TEACHER)
    kept = {key for key, row in before.enrollments.items() if row["classSourcedId"] == "class"}
    assert kept < set(after.enrollments)
    assert len(after.enrollments) == 2


def test_an_adopted_users_enrolments_stand_under_her_key(tmp_path: Path) -> None:
    target = OneRosterCsv(Settings(tmp_path / "out"))
    deliveries = [made(OWNER), made(SCHOOL), made(CLASS), made(TEACHER, target_key="Å, 7")]
    list(target.deliver(deliveries, roster_of(deliveries)))
    assert read_set(tmp_path / "out").classes_of("Å, 7") == {"class": "teacher"}


# -- what cannot be carried -------------------------------------------------------------------------------------------


def test_what_points_outside_the_set_is_left_out_and_counted(tmp_path: Path) -> None:
    homeless = replace(CLASS, id="homeless", school="closed")
    orphan = replace(SCHOOL, id="orphan", parent="gone")
    pupil = replace(
        LINKED,
        guardians=("guardian", "nobody"),
        memberships=(Membership("class", "pupil"), Membership("homeless", "pupil"), Membership("none", "pupil")),
        schools=(SchoolRole("school", "pupil"), SchoolRole("closed", "pupil")),
    )
    target, found = delivered(tmp_path, orphan, CLASS, homeless, GUARDIAN, pupil)
    assert set(found.classes) == {"class"}
    assert found.classes_of("pupil") == {"class": "student"}
    assert found.agents_of("pupil") == {"guardian"}
    assert sorted(target.left_out.values()) == [1, 1, 1, 1, 2]


def test_a_suspended_guardian_is_not_linked(tmp_path: Path) -> None:
    target, found = delivered(tmp_path, CLASS, ALL_PUPILS, replace(GUARDIAN, enabled=False), LINKED)
    assert found.agents_of("pupil") == found.agents_of("guardian") == set()
    assert sum(target.left_out.values()) == 1


@pytest.mark.parametrize(("guardian_key", "pupil_key"), [("a,b", "c"), ("a", "b,c"), ("a,b", "c,d")])
def test_a_key_with_a_comma_never_makes_a_link_to_somebody_else(
    tmp_path: Path, guardian_key: str, pupil_key: str
) -> None:
    target = OneRosterCsv(Settings(tmp_path / "out"))
    deliveries = [*SCHOOL_OPENS, made(GUARDIAN, target_key=guardian_key), made(LINKED, target_key=pupil_key)]
    deliveries += [made(replace(GUARDIAN, id=key)) for key in "abcd" if key not in (guardian_key, pupil_key)]
    list(target.deliver(deliveries, roster_of(deliveries)))
    found = read_set(tmp_path / "out")
    assert not any(row["agentSourcedIds"] for row in found.users.values())
    assert sum(target.left_out.values()) == 1


def test_a_roster_out_of_order_is_a_mistake_in_the_program(tmp_path: Path) -> None:
    target = OneRosterCsv(Settings(tmp_path / "out"))
    with pytest.raises(TypeError, match="before the first user"):
        list(target.deliver(EVERYBODY, lambda: iter([Placed(PUPIL), Placed(SCHOOL)])))
    assert list((tmp_path / "out").iterdir()) == []


# -- size -------------------------------------------------------------------------------------------------------------


def test_users_are_never_all_in_memory(tmp_path: Path) -> None:
    def roster() -> Iterator[Placed]:
        yield Placed(SCHOOL)
        for number in range(4_000):
            yield Placed(replace(PUPIL, id=f"{number:032}", memberships=(), fields=(("email", f"{number:010000}"),)))

    target = OneRosterCsv(Settings(tmp_path))
    tracemalloc.start()
    list(target.deliver([made(SCHOOL)], roster))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10_000_000, "40 MB of users went through; a few buffers of 1 MB are all that may stay"


def test_the_roster_is_read_once(tmp_path: Path) -> None:
    reads: list[int] = []

    def roster() -> Iterator[Placed]:
        reads.append(1)
        return roster_of(EVERYBODY)()

    list(OneRosterCsv(Settings(tmp_path)).deliver(EVERYBODY, roster))
    assert reads == [1]


@pytest.mark.proof
def test_a_large_owner_fits_in_a_hundred_megabytes(tmp_path: Path) -> None:
    size = 1 if os.environ.get("ROSTERSYNC_PROOF") == "full" else 0.02
    command = [sys.executable, "-m", "tests.targets.write_large_set", str(tmp_path), str(size)]
    told = subprocess.run(command, capture_output=True, check=True, text=True)
    assert json.loads(told.stdout)["peak_mb"] < 100
