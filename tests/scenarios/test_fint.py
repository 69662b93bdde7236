"""Visma InSchool through FINT, from the server to the LMS: what a school does there, and what a failing server never does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rostersync import run as runs
from rostersync.model import User
from rostersync.report import RunReport
from tests.conftest import ROOT
from tests.connectors.fint_county import (
    ADA,
    BO,
    CLASS,
    ELEV,
    FATHER,
    MOTHER,
    PERSON,
    SCHOOL,
    STAY,
    Site,
    entry,
    link,
    site,
    value,
)
from tests.scenarios.town import Town

MONDAY = datetime(2026, 10, 5, 4, 30, tzinfo=UTC)
FAULTS = [
    "401",
    "403",
    "404",
    "429",
    "500",
    "503",
    "hang",
    "cut",
    "html",
    "expired",
    "rotated",
    "empty",
    "shrunk",
    "duplicated",
]


class Schools:
    """A county's schools in FINT, and a home of rostersync that reads them."""

    def __init__(self, home: Path, fint: Site) -> None:
        self.fint = fint
        self.town = Town(home)
        account = fint.settings.account
        assert account
        text = self.town.config.read_text()
        head, rest = text.split("[source.everyday]")
        source = f"""[source.vis]
type = "fint"
mapping = "{ROOT}/mappings/visma-inschool.yaml"
account = {{ file = "{account.name}" }}
url = "{fint.settings.url}"
token_url = "{fint.settings.token_url}"
ca = "{fint.settings.ca}"
timeout = "2s"
patience = "0s"
guardians = true
"""
        self.town.config.write_text(
            head + source + "[target.lms]" + rest.split("[target.lms]")[1].replace("everyday", "vis")
        )

    def run(self, hours: float = 0, command: str = "sync", **order: object) -> RunReport:
        """One run so many hours after Monday morning, with FINT as it is."""
        store = self.town.store()
        try:
            now = MONDAY + timedelta(hours=hours)
            return runs.start(store, self.town.parts(), runs.Order(command, **order), now, lambda _s, _d: None)  # type: ignore[arg-type]
        finally:
            store.close()

    def sync(self, hours: float = 0) -> RunReport:
        """The school system sends what it has, and it is synced."""
        self.fint.send()
        return self.run(hours)

    def users(self) -> dict[tuple[str, str], User]:
        """(given name, face) -> user."""
        return self.town.known()


@pytest.fixture
def schools(tmp_path: Path) -> Iterator[Schools]:
    with site(tmp_path) as fint:
        for n in range(20):  # a school large enough that one pupil is no mass
            fint.county.pupil(f"p{n}", f"{n:011d}", f"Elev{n}", "Prøve")
            fint.county.member(CLASS, "1A", f"p{n}")
        yield Schools(tmp_path, fint)


def test_pupils_parents_and_staff_come_into_the_lms(schools: Schools) -> None:
    report = schools.sync()
    assert report.changes["organisation"] == {"create": 1}
    assert report.changes["person"] == {"create": 25}
    users = schools.users()
    assert {key for key in users if not key[0].startswith("Elev")} == {
        ("Ada", "school"),
        ("Bo", "school"),
        ("Dag", "school"),
        ("Mor", "guardian"),
        ("Far", "guardian"),
    }
    assert dict(users["Ada", "school"].fields) == {"national_number": ADA, "feide_id": "ada@lysvik.example"}
    assert dict(users["Mor", "guardian"].fields)["email"] == "mor@privat.example"
    assert sorted(users["Ada", "school"].guardians) == sorted(users[one, "guardian"].id for one in ("Mor", "Far"))
    assert [one.role for one in users["Dag", "school"].schools] == ["staff"]


def test_between_the_full_reads_what_changed_is_delivered_and_nothing_else(schools: Schools) -> None:
    schools.sync()
    assert schools.sync(1).changes == {}
    schools.fint.county.find(PERSON, ADA)["navn"]["etternavn"] = "Lund"
    assert schools.sync(2).changes == {"person": {"update": 1}}
    assert schools.users()["Ada", "school"].family_name == "Lund"
    assert schools.sync(3).changes == {}


def test_a_pupil_who_changes_class_keeps_her_other_ties(schools: Schools) -> None:
    schools.fint.county.entries[CLASS].append(entry(CLASS, "1B", {"navn": "1B"}, skole=link(SCHOOL, "s1")))
    schools.sync()
    before = schools.users()["Ada", "school"].memberships
    schools.fint.county.drop(f"{CLASS}medlemskap", "m-1A-ada")
    schools.fint.county.member(CLASS, "1B", "ada")
    schools.sync(1)
    now = schools.users()["Ada", "school"].memberships
    assert len(now) == len(before)
    assert len(set(now) - set(before)) == 1


def test_who_leaves_departs_with_the_next_full_read(schools: Schools) -> None:
    schools.sync()
    for path, key in ((ELEV, "bo-id"), (PERSON, BO), (STAY, "stay-bo")):
        schools.fint.county.drop(path, key)
    assert schools.sync(1).changes == {}
    assert schools.sync(24).changes["person"] == {"depart": 1}


def test_an_hourly_run_lets_nobody_go_whatever_else_changed_in_that_hour(schools: Schools) -> None:
    schools.sync()
    for path, key in ((ELEV, "bo-id"), (PERSON, BO), (STAY, "stay-bo"), (f"{CLASS}medlemskap", "m-1A-bo")):
        schools.fint.county.drop(path, key)
    schools.fint.county.find(STAY, "stay-ada")["hovedskole"] = False
    schools.fint.county.find(PERSON, ADA)["navn"]["etternavn"] = "Lund"
    changes = schools.sync(1).changes
    assert changes["person"] == {"update": 1}
    assert changes["membership"] == {"end": 3}, "her class, her subject and her contact teacher's group"
    assert ("Bo", "school") in schools.users()
    assert schools.sync(24).changes["person"]["depart"] == 1


def test_who_is_new_has_a_user_within_the_hour(schools: Schools) -> None:
    schools.sync()
    schools.fint.county.pupil("ny", "31811212345", "Nina", "Nilsen")
    schools.fint.county.member(CLASS, "1A", "ny")
    assert schools.sync(1).changes["person"] == {"create": 1}
    assert ("Nina", "school") in schools.users()
    assert schools.sync(24).changes.get("person", {}).get("depart", 0) == 0


def test_a_parents_access_ends_on_the_18th_birthday_without_any_word_from_fint(schools: Schools) -> None:
    schools.fint.county.find(PERSON, ADA)["fodselsdato"] = "2008-10-07T12:00:00Z"
    schools.sync()
    assert {key for key in schools.users() if key[1] == "guardian"} == {("Mor", "guardian"), ("Far", "guardian")}
    assert schools.run(24).changes == {}
    assert schools.run(48).changes["guardianship"] == {"end": 2}


def test_a_teacher_who_is_a_parent_there_is_one_human_with_two_users(schools: Schools) -> None:
    dag = schools.fint.county.find("administrasjon/personal/person", "05858536032")
    dag["fodselsnummer"] = value(FATHER)
    dag["fodselsdato"] = "1979-06-03T12:00:00Z"
    schools.sync()
    users = schools.users()
    assert users["Dag", "school"].person == users["Dag", "guardian"].person, "her name is that of the staff's records"
    assert "email" not in dict(users["Dag", "school"].fields)


def test_guests_and_external_candidates_get_no_user(schools: Schools) -> None:
    schools.fint.county.find(ELEV, "ada-id")["gjest"] = True
    schools.fint.county.find(STAY, "stay-bo")["_links"]["kategori"] = link("utdanning/kodeverk/elevkategori", "1")
    schools.sync()
    assert not {"Ada", "Bo", "Mor", "Far"} & {given for given, _ in schools.users()}


@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_of_the_server_takes_anything_from_anybody(schools: Schools, fault: str) -> None:
    schools.sync()
    before = schools.users()
    schools.fint.county.find(PERSON, ADA)["navn"]["etternavn"] = "Lund"
    schools.fint.send()
    schools.fint.faults.switch(fault, path="elev/elev")
    report = schools.run(24)
    (source,) = report.sources
    assert not source.accepted
    assert len(source.refused.split()) > 6, "a reason in words"
    assert not [secret for secret in (ADA, MOTHER, "Lund") if secret in source.refused]
    assert report.changes == {}
    assert schools.users() == before
    schools.fint.faults.clear()
    assert schools.run(25).changes == {"person": {"update": 1}}


@pytest.mark.parametrize("fault", ["slow", "reordered", "repeated", "moving", "lost"])
def test_what_only_makes_reading_harder_changes_nothing(schools: Schools, fault: str) -> None:
    schools.sync()
    if fault == "slow":
        schools.fint.faults.switch(fault, times=1, path="elev/person")
    else:
        schools.fint.faults.switch(fault)
    report = schools.run(24)
    assert [one.accepted for one in report.sources] == [True]
    assert report.changes == {}


def test_model_4_takes_over_from_model_3_without_a_change(schools: Schools) -> None:
    schools.fint.double.full_sync(schools.fint.county.of_model_3())
    first = schools.run()
    assert first.changes["person"] == {"create": 25}
    for path in ("utdanning/elev/basisgruppe", "utdanning/elev/basisgruppemedlemskap"):
        del schools.fint.double.caches[path]
    assert schools.sync(1).changes == {}
