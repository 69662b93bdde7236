"""The school for adults, synced from its SITS: the way from its export to the LMS, and what may go wrong on it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from rostersync.lab.adult_school import AdultSchool, adult_school, schools_table
from rostersync.lab.doubles.faults import SERVER_FAULTS
from rostersync.lab.doubles.server import Server
from rostersync.lab.doubles.sits import SERVICES, Sits
from rostersync.lab.sits_writer import xet
from rostersync.lab.world import START, World
from rostersync.model import User
from rostersync.report import RunReport
from tests.conftest import ROOT
from tests.connectors.sits_exports import employee, member, student, whole
from tests.scenarios.town import AUTUMN, Town

DAY = timedelta(days=1)
SECRET_OF_THE_DOUBLE = "of no use elsewhere"


class AdultTown(Town):
    """A town whose only source is SITS."""

    def __init__(self, home: Path, shape: str = "xet", files: str = "in/*.xml", more: str = "") -> None:
        super().__init__(home)
        (home / "schools.csv").write_text(
            "code;number;name;kind\n;974589230;Lysvik kommune;owner\nVO/1;970944443;Lysvik voksenopplæring;school\n"
            "VO/2;974589230;Lysvik voksenopplæring sør;school\n"
        )
        text = self.config.read_text()
        begin, end = text.index("[source.everyday]"), text.index("[target.lms]")
        source = (
            f'[source.sits]\ntype = "sits"\nmapping = "{ROOT}/mappings/sits.yaml"\nschools = "schools.csv"\n'
            f'layout = "{ROOT}/mappings/layouts/sits-{shape}.yaml"\nfiles = "{files}"\nsettle = "0s"\n{more}\n'
        )
        self.config.write_text(text[:begin] + source + text[end:].replace('from = ["everyday"]', 'from = ["sits"]'))

    def offer(self, school: AdultSchool) -> None:
        """Drop the export."""
        self.export(AUTUMN, xet(school))

    def learn(self, school: AdultSchool, on: date = AUTUMN) -> RunReport:
        """Drop the export, and sync it."""
        self.offer(school)
        return self.run(on)

    def user(self, given: str) -> User:
        return self.known()[given, "school"]

    def names(self) -> list[tuple[str, str]]:
        """Everybody who can log in."""
        store = self.store()
        users = [one.value for one in store.known.objects("lms", "user")]
        store.close()
        return sorted((one.given_name, one.family_name) for one in users if isinstance(one, User) and one.enabled)

    def groups_of(self, given: str) -> set[str]:
        """The names of the groups that somebody is in, samlegrupper left out."""
        names = {row["sourcedId"]: row["title"] for row in self.set().classes.values()}
        return {names[one.group] for one in self.user(given).memberships} - {
            "Alle elever",
            "Alle lærere",
            "Alle ansatte",
        }


@pytest.fixture
def adults(tmp_path: Path) -> AdultTown:
    return AdultTown(tmp_path)


@pytest.mark.both
def test_an_export_becomes_users_classes_and_groups_with_their_teachers(adults: AdultTown) -> None:
    report = adults.learn(whole())
    assert (report.code, report.sources[0].rejected) == (0, 0)
    kari, eva = adults.user("Kari"), adults.user("Eva")
    assert (kari.role, eva.role) == ("pupil", "staff")
    assert dict(kari.fields) == {"national_number": "15889030094", "feide_id": "kari@lysvik.example"}
    assert adults.groups_of("Kari") == {"N1", "Norsk B1", "Eva Dahl"}
    assert adults.groups_of("Eva") == {"Norsk B1", "Eva Dahl"}
    assert {row["name"] for row in adults.set().orgs.values()} == {"Lysvik kommune", "Lysvik voksenopplæring"}
    assert adults.run(AUTUMN, "plan", full=True).changes == {}


# -- keys -----------------------------------------------------------------------------------------------------------


def sole(*students: dict[str, str]) -> AdultSchool:
    """A school with these participants and nobody else of note."""
    return whole()._replace(students=list(students), groups=[member("7/1", "lærer")])


BEFORE = student("", feide="kari@lysvik.example", kontaktlarer="Dahl, Eva")
OTHER = student("1002/1", fornavn="Ærø")


def test_a_code_that_sits_gives_later_is_a_new_key_and_no_new_person(adults: AdultTown) -> None:
    adults.learn(sole(BEFORE, OTHER))
    first = adults.user("Kari").id
    report = adults.learn(sole(BEFORE | {"elevkode": "1001/1"}, OTHER), AUTUMN + DAY)
    assert adults.user("Kari").id == first
    assert report.changes.get("person", {}) == {}


def test_a_code_that_sits_takes_back_makes_no_new_person_either(adults: AdultTown) -> None:
    adults.learn(sole(BEFORE | {"elevkode": "1001/1"}, OTHER))
    first = adults.user("Kari").id
    assert adults.learn(sole(BEFORE, OTHER), AUTUMN + DAY).changes.get("person", {}) == {}
    assert adults.user("Kari").id == first


def test_another_code_with_the_same_national_number_is_no_new_person(adults: AdultTown) -> None:
    kari = student("1001/1", fnr="15889030094")
    adults.learn(sole(kari, OTHER))
    report = adults.learn(sole(kari | {"elevkode": "2001/1"}, OTHER), AUTUMN + DAY)
    assert report.changes.get("person", {}) == {}


def test_a_feide_ident_given_to_somebody_else_is_not_the_same_person(adults: AdultTown) -> None:
    adults.learn(sole(BEFORE | {"elevkode": "1001/1", "fnr": "15889030094"}, OTHER))
    first = adults.user("Kari").id
    heir = student("3001/1", feide="kari@lysvik.example", fornavn="Karin", fodselsdato="1985-01-01")
    adults.learn(sole(heir, OTHER), AUTUMN + DAY)
    assert adults.user("Karin").id != first


# -- what cannot be used ----------------------------------------------------------------------------------------------


def test_a_school_that_nobody_knows_rejects_the_record_and_she_stays_where_she_was(adults: AdultTown) -> None:
    adults.learn(whole())
    before = adults.user("Kari")
    lost = whole()
    lost.students[0] |= {"skolekode": "VO/9", "etternavn": "Nyttnavn"}
    for day in (1, 2):
        lost.students[1]["slutt"] = f"2027-01-0{day}"  # the same export twice would not be read
        report = adults.learn(lost, AUTUMN + day * DAY)
        assert report.sources[0].rejected == 1
        assert report.changes == {}
        assert adults.user("Kari") == before
    lost.students[0] |= {"skolekode": "VO/2"}
    adults.learn(lost, AUTUMN + 3 * DAY)
    assert adults.user("Kari").schools != before.schools
    assert adults.user("Kari").family_name == "Nyttnavn"


def test_an_access_that_nobody_knows_gives_none_and_is_counted(adults: AdultTown) -> None:
    school = whole()
    school.groups.append(member("1002/1", "eier"))
    report = adults.learn(school)
    assert report.sources[0].reasons["rejected membership: unknown access (tilgang)"] == 1
    assert "Norsk B1" not in adults.groups_of("Ærø")


def test_who_is_named_in_a_group_and_nowhere_else_is_no_person(adults: AdultTown) -> None:
    school = whole()
    school.groups.append(member("", fnr="01818012345"))
    report = adults.learn(school)
    assert report.code == 0
    assert len(adults.known()) == 3
    assert report.sources[0].reasons["person named by a member or contact but not described"] == 1


def test_a_member_is_found_by_her_national_number(adults: AdultTown) -> None:
    school = whole()._replace(groups=[member("", fnr="158890 30094"), member("7/1", "lærer")])
    adults.learn(school)
    assert "Norsk B1" in adults.groups_of("Kari")


def test_a_contact_teacher_whom_nobody_knows_is_listed_and_the_rest_stands(adults: AdultTown) -> None:
    school = whole()
    school.students[1]["kontaktlarer"] = "Ukjent, Lærer"
    report = adults.learn(school)
    assert report.sources[0].reasons["kontaktlærer: no such employee in SITS"] == 1
    assert adults.groups_of("Ærø") == {"N1"}


def test_whoever_stops_is_out_at_once_and_departs(adults: AdultTown) -> None:
    adults.learn(whole())
    stopped = whole()
    stopped.students[1]["status"] = "sluttet"
    report = adults.learn(stopped, AUTUMN + DAY)
    assert report.changes["person"] == {"depart": 1}
    assert report.changes["membership"]["end"] >= 1


# -- trouble on the line: the run ends with a reason, nobody departs, and the next good night catches up ----------------


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[AdultTown, Sits, Server]]:
    """A town that reads RWS, and the double behind it: ten participants and their teacher."""
    double = Sits(many())
    with Server(double) as server:
        (tmp_path / "password").write_text(SECRET_OF_THE_DOUBLE)
        (tmp_path / "password").chmod(0o600)
        address = f"{server.url}{SERVICES}".replace("://", "://rostersync@")
        more = 'password = { file = "password" }\ntimeout = "1s"\npatience = "0s"'
        yield AdultTown(tmp_path, "rws", address, more), double, server


def many() -> AdultSchool:
    """Ten participants."""
    students = [student(f"{number}/1", fornavn=f"Ola{number}", kontaktlarer="7/1") for number in range(2000, 2010)]
    groups = [member(one["elevkode"]) for one in students]
    return AdultSchool(students, [employee("7/1")], [*groups, member("7/1", "lærer")])


def departing(report: RunReport) -> int:
    return report.changes.get("person", {}).get("depart", 0)


def test_a_server_in_trouble_is_a_reason_and_no_departure(served: tuple[AdultTown, Sits, Server]) -> None:
    town, double, server = served
    town.run(AUTUMN)
    for number, fault in enumerate(fault for fault in SERVER_FAULTS if fault != "slow"):
        before = town.known()
        on = AUTUMN + (2 * number + 1) * DAY
        double.school.students.append(student(f"300{number}/1", fornavn=f"Ny{number}"))
        server.faults.switch(fault, path="GRUPPER")
        tried = len(server.asked)
        report = town.run(on)
        assert (report.code, report.changes) == (1, {}), fault
        assert len(report.sources[0].refused.split()) > 5
        assert town.known() == before
        if fault in ("401", "403"):
            assert len([one for one in server.asked[tried:] if "GRUPPER" in one.path]) == 1, "no lock-out loop"
        server.faults.clear()
        assert town.run(on + DAY).changes["person"] == {"create": 1}, fault


@pytest.mark.parametrize(("fault", "said"), [("empty", "there is no row for"), ("shrunk", "")])
def test_answers_with_less_in_them_make_nobody_depart(
    served: tuple[AdultTown, Sits, Server], fault: str, said: str
) -> None:
    town, double, _ = served
    double.school.students.extend(student(f"{number}/1", fornavn=f"Per{number}") for number in range(4000, 4090))
    town.run(AUTUMN)
    double.faults.switch(fault)
    report = town.run(AUTUMN + DAY)
    assert report.code in (1, 3)
    assert said in report.sources[0].refused
    assert all(user.enabled for user in town.known().values())
    assert departing(report) == 0 or any(entry.action == "depart" for entry in report.held)
    double.faults.clear()
    assert town.run(AUTUMN + 2 * DAY).code == 0


def test_the_same_rows_told_otherwise_change_nothing(served: tuple[AdultTown, Sits, Server]) -> None:
    town, double, _ = served
    town.run(AUTUMN)
    for number, fault in enumerate(("reordered", "duplicated", "braceless", "nulls"), 1):
        double.faults.switch(fault)
        report = town.run(AUTUMN + number * DAY)
        assert (report.code, report.changes, report.sources[0].rejected) == (0, {}, 0), fault
        double.faults.clear()


# -- the synthetic municipality ---------------------------------------------------------------------------------------


def test_the_labs_school_for_adults_is_in_the_lms_person_by_person(tmp_path: Path) -> None:
    town = AdultTown(tmp_path)
    (tmp_path / "schools.csv").write_text(schools_table())
    for day in (0, 1):
        on = START + day * DAY
        school = adult_school(World(42, 2, START, on, 0.01, 0.001, 0.001))
        report = town.learn(school, on)
        assert (report.sources[0].accepted, report.sources[0].rejected) == (True, 0)
        here = [row for row in school.students if row["status"] == "aktiv"] + school.staff
        assert len(here) > 250
        expected = sorted((row["fornavn"], row["etternavn"]) for row in here)
        assert town.names() == expected


# -- all the year round -----------------------------------------------------------------------------------------------


def test_in_summer_whoever_leaves_departs_and_the_days_count(adults: AdultTown) -> None:
    july = date(2027, 7, 1)
    here = [student(code, fornavn=name, skolear="") for code, name in (("1001/1", "Kari"), ("1002/1", "Ærø"))]
    adults.learn(sole(*here), july)
    report = adults.learn(sole(here[1]), july + DAY)
    assert report.changes["person"] == {"depart": 1}
    assert adults.run(july + 32 * DAY).changes["person"] == {"suspend": 1}
    assert not adults.user("Kari").enabled


def test_a_config_may_say_that_the_summer_counts_here_too(tmp_path: Path) -> None:
    town = AdultTown(tmp_path)
    town.config.write_text(town.config.read_text() + "[sync.oslo.calendar]\nall_year = []\n")
    july = date(2027, 7, 1)
    here = [student(code, fornavn=name, skolear="") for code, name in (("1001/1", "Kari"), ("1002/1", "Ærø"))]
    town.learn(sole(*here), july)
    assert "depart" not in town.learn(sole(here[1]), july + DAY).changes.get("person", {})
