"""The first weeks with an LMS: only planning, then delivering, then nights on which nothing happens."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from rostersync.errors import NotOurs
from tests.scenarios.town import AUTUMN, Town

pytestmark = pytest.mark.both


def test_the_first_sync_gives_everybody_her_place(any_town: Town) -> None:
    report = any_town.sync(AUTUMN)
    assert (report.code, report.verdict) == (0, "cleared")
    known = any_town.known()
    assert {name for name, face in known if face == "school"} == {"Kari", "Per", "Ola", "Siri", "Eva"}
    assert {name for name, face in known if face == "guardian"} == {"Anne", "Jon"}
    assert known["Eva", "school"].role == "staff"
    assert known["Kari", "school"].guardians == (known["Anne", "guardian"].id,)


def test_the_set_says_the_same_in_oneroster(town: Town) -> None:
    town.sync(AUTUMN)
    roster = town.set()
    users = {row["givenName"]: row for row in roster.users.values()}
    assert {name: row["role"] for name, row in users.items()} == {
        "Kari": "student", "Per": "student", "Ola": "student", "Siri": "student",
        "Eva": "teacher", "Anne": "guardian", "Jon": "guardian",
    }  # fmt: skip
    assert users["Kari"]["agentSourcedIds"] == users["Anne"]["sourcedId"]
    assert sorted(users["Anne"]["agentSourcedIds"].split(",")) == sorted(
        [users["Kari"]["sourcedId"], users["Per"]["sourcedId"]]
    )
    assert users["Anne"]["email"] == "anne@home.example"
    assert users["Eva"]["email"] == "", "a private address that she gave as a guardian never shows on her staff user"


def test_planning_after_delivering_is_empty(any_town: Town) -> None:
    any_town.sync(AUTUMN)
    again = any_town.plan(AUTUMN, full=True)
    assert again.changes == {}
    assert again.code == 0


def test_an_unchanged_night_reads_nothing_and_writes_nothing(town: Town) -> None:
    town.sync(AUTUMN)
    bundle = town.home / "out" / "oneroster.zip"
    before = (bundle.read_bytes(), bundle.stat().st_mtime_ns)
    report = town.sync(AUTUMN + timedelta(days=1))
    assert report.sources[0].repeat
    assert (bundle.read_bytes(), bundle.stat().st_mtime_ns) == before


def test_planning_writes_nothing_to_any_lms(town: Town) -> None:
    report = town.plan(AUTUMN)
    assert report.code == 2
    assert report.changes["person"]["create"] == 7
    assert list((town.home / "out").iterdir()) == []


def test_nothing_is_delivered_before_delivering_is_switched_on(tmp_path: Path) -> None:
    town = Town(tmp_path, deliver=False)
    report = town.sync(AUTUMN)
    assert report.code == 2
    assert list((town.home / "out").iterdir()) == []


def test_an_lms_with_users_of_its_own_is_not_touched(town: Town, tmp_path: Path) -> None:
    other = Town(tmp_path / "other")
    other.sync(AUTUMN)
    foreign = (other.home / "out" / "oneroster.zip").read_bytes()
    (town.home / "out" / "oneroster.zip").write_bytes(foreign)
    with pytest.raises(NotOurs, match="rostersync adopt oslo"):
        town.sync(AUTUMN)
    assert (town.home / "out" / "oneroster.zip").read_bytes() == foreign


def test_a_new_site_may_be_replaced_when_somebody_says_so(town: Town, tmp_path: Path) -> None:
    other = Town(tmp_path / "other")
    other.sync(AUTUMN)
    (town.home / "out" / "oneroster.zip").write_bytes((other.home / "out" / "oneroster.zip").read_bytes())
    assert town.sync(AUTUMN, new_site=True).code == 0
