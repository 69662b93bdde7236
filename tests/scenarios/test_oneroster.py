"""A municipality over OneRoster, from a service or from CSV sets, through to what the LMS is given."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from rostersync.lab.doubles.faults import SERVER_FAULTS
from rostersync.lab.doubles.oneroster import FAULTS, OneRoster
from rostersync.lab.doubles.oneroster.rows import Collections, as_1_2, collections
from rostersync.lab.doubles.server import Server
from rostersync.lab.world import START, World
from rostersync.report import RunReport
from tests.conftest import ROOT
from tests.connectors.oneroster_parts import enrollment, rest, to, user, whole, write_zip
from tests.scenarios.town import AUTUMN, Town

WORLD = World(42, 1, START, START, 0.01, 0.001, 0.001)
SOURCE = f"""\
type = "oneroster"
mapping = "{ROOT}/mappings/oneroster.yaml"
guardians = true
"""
HARMLESS = {"slow", "expired", "reordered"}
"""Faults that cost nothing but time: the run is as good as any."""


def town_over_oneroster(home: Path, lines: str) -> Town:
    """A town whose one source is read over OneRoster."""
    town = Town(home)
    before, rest_of_it = town.config.read_text().split("[source.everyday]\n")
    after = rest_of_it[rest_of_it.index("[target.lms]") :]
    town.config.write_text(f"{before}[source.everyday]\n{SOURCE}{lines}\n{after}")
    return town


class Served:
    """A town, and the service that it reads."""

    def __init__(self, home: Path, roster: Collections, **double: int) -> None:
        self.double = OneRoster(as_1_2(roster), version="rostering/v1p2", **double)  # type: ignore[arg-type]
        self.server = Server(self.double, faults=self.double.faults)
        secret = home / "client.secret"
        secret.write_text("secret of the lab")
        secret.chmod(0o600)
        self.town = town_over_oneroster(
            home,
            f'url = "{self.server.url}{self.double.base}"\ntoken_url = "{self.server.url}/token"\npage = 20\n'
            'client_id = "rostersync"\nclient_secret = { file = "client.secret" }\npatience = "0s"\ntimeout = "2s"\n'
            'dates = "reliable"',
        )

    def offer(self, roster: Collections, changed: str) -> None:
        """Have the service tell another roster, all of it changed then."""
        newer = as_1_2(roster)
        for several in newer.values():
            for one in several:
                one["dateLastModified"] = changed
        self.double.entries = dict(newer)


@pytest.fixture
def served(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Served]:
    """A town whose source is a 1.2 service with OAuth 2; a small school by default."""
    found = Served(tmp_path, getattr(request, "param", None) or school(), cap=40)
    with found.server:
        yield found


def school() -> Collections:
    """A school with a class of forty, their guardians and a teacher."""
    roster = whole()
    for number in range(40):
        roster["users"] += [
            user(f"p{number}", givenName=f"Elev{number}", agents=[to(f"g{number}")]),
            user(f"g{number}", "parent", ("eier",), givenName=f"Foresatt{number}", email=f"g{number}@hjem.example"),
        ]
        roster["enrollments"].append(enrollment("7A", f"p{number}"))
    return roster


def names(town: Town, role: str) -> set[str]:
    """The given names of the LMS users of a role who can log in."""
    users = town.set().users.values()
    return {row["givenName"] for row in users if row["role"] == role and row["enabledUser"] == "true"}


def expected(roster: Collections) -> set[tuple[str, str, str, str, str]]:
    """Role, names, number and e-mail of every LMS user that a roster comes to."""
    found = set()
    for one in roster["users"]:
        role = {"student": "student", "parent": "guardian"}.get(one["role"], "teacher")
        email = one["email"] if role == "guardian" else ""
        if one["enabledUser"]:
            found.add((role, one["givenName"], one["familyName"], one["identifier"], email))
    return found


def test_the_municipality_comes_through_from_csv_person_by_person(tmp_path: Path) -> None:
    roster = collections(WORLD, START)
    town = town_over_oneroster(tmp_path, 'files = "in/*.zip"')
    write_zip(tmp_path / "in" / "bulk.zip", roster)
    report = town.run(START)
    assert (report.code, report.held, report.sources[0].rejected) == (0, (), 0)
    lms = town.set()
    columns = ("role", "givenName", "familyName", "identifier", "email")
    found = {tuple(row[column] for column in columns) for row in lms.users.values()}
    # who is switched off has left, and with her the guardians who follow nobody else
    switched_off = {one["sourcedId"] for one in roster["users"] if not one["enabledUser"]}
    assert found <= expected(roster)
    assert len(expected(roster) - found) <= 2 * len(switched_off)
    assert _members_by_class(roster) == _classes_by_member(lms)


def _members_by_class(roster: Collections) -> dict[str, set[tuple[str, str]]]:
    people = {one["sourcedId"]: one["givenName"] + one["familyName"] for one in roster["users"] if one["enabledUser"]}
    titles = {one["sourcedId"]: one["title"] for one in roster["classes"]}
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for one in roster["enrollments"]:
        if name := people.get(one["user"]["sourcedId"]):
            found[titles[one["class"]["sourcedId"]]].add((name, one["role"]))
    return found


def _classes_by_member(lms: object) -> dict[str, set[tuple[str, str]]]:
    users, classes = lms.users, lms.classes  # type: ignore[attr-defined]
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in lms.enrollments.values():  # type: ignore[attr-defined]
        title, person = classes[row["classSourcedId"]]["title"], users[row["userSourcedId"]]
        if not title.startswith("Alle "):
            found[title].add((person["givenName"] + person["familyName"], row["role"]))
    return found


@pytest.mark.both
def test_a_service_is_read_and_then_only_asked_whether_anything_has_changed(served: Served) -> None:
    town = served.town
    assert town.run(AUTUMN).code == 0
    assert names(town, "student") == {"Kari"} | {f"Elev{number}" for number in range(40)}
    assert len(names(town, "guardian")) == 41
    served.server.asked.clear()
    again = town.run(AUTUMN + timedelta(days=1))
    assert (again.code, again.sources[0].repeat, again.changes) == (0, True, {})
    assert {one.one("limit") for one in served.server.asked if "roster" in one.path} == {"1"}

    roster = school()
    roster["users"] = [one for one in roster["users"] if one["sourcedId"] not in ("p7", "g7")]
    roster["users"].append(user("ny", givenName="Nyinnflyttet"))
    served.offer(roster, "2026-12-01T00:00:00.000Z")
    report = town.run(AUTUMN + timedelta(days=2))
    assert {"create": 1, "depart": 2}.items() <= report.changes["person"].items()
    assert "Nyinnflyttet" in names(town, "student")


def departures(report: RunReport) -> int:
    return report.changes.get("person", {}).get("depart", 0)


@pytest.mark.parametrize("fault", sorted({*SERVER_FAULTS, *FAULTS}))
def test_no_fault_departs_anybody_and_the_next_good_run_catches_up(served: Served, fault: str) -> None:
    town = served.town
    assert town.run(AUTUMN).code == 0
    before = town.known()
    roster = school()
    roster["users"].append(user("ny", givenName="Nyinnflyttet"))
    served.offer(roster, "2026-12-01T00:00:00.000Z")
    served.double.faults.switch(fault, times=2 if fault == "slow" else -1)
    report = town.run(AUTUMN + timedelta(days=1))
    if fault in HARMLESS:
        assert report.code == 0
    else:
        assert report.code == 1
        assert len(report.sources[0].refused.split()) > 5
        assert town.known() == before
    assert departures(report) == 0
    assert {"Kari", "Elev0", "Elev39"} <= names(town, "student")
    served.double.faults.clear()
    served.offer(roster, "2026-12-02T00:00:00.000Z")
    good = town.run(AUTUMN + timedelta(days=2))
    assert (good.code, good.held, departures(good)) == (0, (), 0)
    assert "Nyinnflyttet" in names(town, "student")


def test_a_deletion_in_a_delta_set_is_an_absence_and_runs_its_clock(tmp_path: Path) -> None:
    town = town_over_oneroster(tmp_path, 'files = "in/*.zip"\nsettle = "0s"')
    rest(write_zip(tmp_path / "in" / "1.zip", school()))
    assert town.run(AUTUMN).code == 0
    gone = [user("p7", givenName="Elev7") | {"status": "tobedeleted"}]
    ended = [enrollment("7A", "p8") | {"status": "tobedeleted"}]
    write_zip(tmp_path / "in" / "2.zip", {"users": gone, "enrollments": ended}, how="delta")
    report = town.run(AUTUMN + timedelta(days=1))
    assert report.changes["person"] == {"depart": 2}, "the pupil, and the guardian who follows nobody else"
    assert "Elev7" in names(town, "student"), "she is suspended after the grace period, not before"
    assert {name for name, _ in _classes_by_member(town.set())["7A"]}.isdisjoint({"Elev8Hemmelig"})
    later = town.run(AUTUMN + timedelta(days=40))
    assert later.changes["person"] == {"suspend": 2}
    assert "Elev7" not in names(town, "student")


def test_a_row_that_stands_twice_in_a_file_makes_nobody_twice(tmp_path: Path) -> None:
    town = town_over_oneroster(tmp_path, 'files = "in/*.zip"\nsettle = "0s"')
    roster = {name: several * 2 for name, several in school().items()}
    write_zip(tmp_path / "in" / "1.zip", roster)
    assert town.run(AUTUMN).code == 0
    assert len([user for user in town.set().users.values() if user["role"] == "student"]) == 41
    write_zip(tmp_path / "in" / "2.zip", school())
    assert town.run(AUTUMN + timedelta(days=1)).changes == {}
