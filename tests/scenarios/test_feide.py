"""IST Everyday says who is at school, a real Feide directory beside it gives the logins."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from rostersync.report import RunReport
from tests.connectors.directory import Directory, directory_in
from tests.scenarios.town import AUTUMN, Town
from tests.slapd import FOLLOWER, READER, Slapd

DAY = timedelta(days=1)
MODES = pytest.mark.parametrize("mode", ["paged", "syncrepl"])


@pytest.fixture
def directory(slapd: Slapd, tmp_path: Path) -> Iterator[Directory]:
    yield from directory_in(slapd, tmp_path)


@pytest.fixture
def mode() -> str:
    return "paged"


@pytest.fixture
def town(directory: Directory, tmp_path: Path, mode: str) -> Town:
    """The small town; its pupil Kari and its teacher Eva have Feide accounts, and so has somebody from elsewhere."""
    town = Town(tmp_path / "home", target="memory")
    text = town.config.read_text()
    mapping = next(line for line in text.splitlines() if line.startswith("mapping")).replace("ist-everyday", "feide")
    feide = f"""[source.feide]
type = "feide"
{mapping}
url = "{directory.line.url}"
base = "{directory.base}"
bind_dn = "{FOLLOWER if mode == "syncrepl" else READER}"
password = {{ file = "{directory.secret}" }}
mode = "{mode}"
pause = "0s"
"""
    # whoever has no login yet would wait for it: those stories are told in test_one_person.py
    from_both = 'from = ["everyday", "feide"]\nlogin_wait = "off"'
    town.config.write_text(text.replace('from = ["everyday"]', from_both) + feide)
    directory.add("kari01", norEduPersonNIN=town.world.people["kari"].number)
    directory.add("eva01", norEduPersonNIN=town.world.people["eva"].number)
    directory.add("ukjent", norEduPersonNIN="01817012345")
    return town


def logins(town: Town) -> dict[str, str]:
    """Given name -> the Feide name that the LMS's user carries."""
    users = town.known()
    return {given: dict(user.fields).get("feide_id", "") for (given, face), user in users.items() if face == "school"}


def source(report: RunReport) -> tuple[int, int]:
    """How many of Feide's records were read, and how many of them were known already."""
    (feide,) = [one for one in report.sources if one.name == "feide"]
    return feide.read, feide.skipped


@MODES
def test_feide_gives_logins_to_those_whom_the_school_system_has(town: Town) -> None:
    town.sync(AUTUMN)
    users = town.known()
    assert logins(town)["Kari"] == "kari01@eksempel.example"
    assert logins(town)["Eva"] == "eva01@eksempel.example"
    assert logins(town)["Per"] == ""
    assert len(users) == len({*town.world.people}), "nobody is made from the directory alone"
    assert not [user for user in users.values() if dict(user.fields).get("email", "").startswith("kari@")]


def test_who_has_no_national_number_gets_her_login_by_the_local_one(town: Town, directory: Directory) -> None:
    town.world.change("per", local="000123")
    directory.add("per01", norEduPersonLIN="eksempel.example:localnin:000123")
    directory.add("annen", norEduPersonLIN="eksempel.example:fin:000123")
    town.sync(AUTUMN)
    assert logins(town)["Per"] == "per01@eksempel.example"
    assert len(town.known()) == len(town.world.people)


@MODES
def test_an_unchanged_directory_changes_nothing(town: Town, mode: str) -> None:
    town.sync(AUTUMN)
    again = town.sync(AUTUMN + DAY)
    assert again.changes == {}
    assert source(again) == (0, 0)


def test_what_has_not_changed_is_not_parsed(town: Town, directory: Directory) -> None:
    town.sync(AUTUMN)
    directory.server.change(f"uid=eva01,{directory.base}", eduPersonPrincipalName="eva02@eksempel.example")
    report = town.sync(AUTUMN + DAY)
    assert source(report) == (3, 2)
    assert report.changes == {"person": {"update": 1}}
    assert logins(town)["Eva"] == "eva02@eksempel.example"


@MODES
def test_whom_the_directory_no_longer_has_stays(town: Town, directory: Directory, mode: str) -> None:
    town.sync(AUTUMN)
    directory.server.delete(f"uid=kari01,{directory.base}")
    report = town.sync(AUTUMN + DAY)
    assert "depart" not in report.changes.get("person", {})
    assert town.known()["Kari", "school"].memberships


def test_whom_the_directory_loses_for_a_night_keeps_her_login_and_may_come_back_with_another(
    town: Town, directory: Directory
) -> None:
    town.sync(AUTUMN)
    number = town.world.people["kari"].number
    directory.server.delete(f"uid=kari01,{directory.base}")
    assert town.sync(AUTUMN + DAY).changes == {}
    assert logins(town)["Kari"] == "kari01@eksempel.example"
    directory.add("kari02", norEduPersonNIN=number)
    town.sync(AUTUMN + 2 * DAY)
    assert logins(town)["Kari"] == "kari02@eksempel.example"


def test_a_login_that_is_given_on_while_the_directory_has_lost_its_owner_goes_to_the_new_one(
    town: Town, directory: Directory
) -> None:
    town.sync(AUTUMN)
    directory.server.delete(f"uid=kari01,{directory.base}")
    directory.server.change(f"uid=eva01,{directory.base}", eduPersonPrincipalName="kari01@eksempel.example")
    report = town.sync(AUTUMN + DAY)
    assert (logins(town)["Kari"], logins(town)["Eva"]) == ("", "kari01@eksempel.example")
    assert report.questions == 0
    assert town.sync(AUTUMN + 2 * DAY).changes == {}


def test_whom_only_the_directory_still_has_departs(town: Town) -> None:
    town.sync(AUTUMN)
    town.world.drop("kari")
    assert town.sync(AUTUMN + DAY).changes["person"] == {"depart": 1}


@MODES
def test_a_directory_that_is_down_costs_nobody_anything(town: Town, directory: Directory, mode: str) -> None:
    town.sync(AUTUMN)
    directory.line.take_down()
    town.world.change("per", family="Moe")
    report = town.sync(AUTUMN + DAY)
    assert report.code == 4
    assert report.changes == {"person": {"update": 1}}
    assert logins(town)["Kari"] == "kari01@eksempel.example"


def test_a_wrong_password_stops_no_other_source_and_is_told(town: Town, directory: Directory) -> None:
    directory.secret.write_text("wrong")
    report = town.sync(AUTUMN)
    (feide,) = [one for one in report.sources if one.name == "feide"]
    assert report.code == 4
    assert "refuses the account or its password" in feide.refused
    assert len(town.known()) == len(town.world.people)


def test_an_empty_directory_is_refused_where_there_were_people(town: Town, directory: Directory) -> None:
    town.sync(AUTUMN)
    directory.empty()
    report = town.sync(AUTUMN + DAY)
    assert report.code == 4
    assert report.changes == {}
    assert logins(town)["Kari"] == "kari01@eksempel.example"


def test_an_account_that_sees_no_logins_any_more_takes_none_away(town: Town, directory: Directory) -> None:
    town.sync(AUTUMN)
    text = town.config.read_text()
    # the server hides what the account may not read: the same as a filter that finds entries without it
    town.config.write_text(text.replace('mode = "paged"', 'mode = "paged"\nfilter = "(objectClass=norEduPerson)"'))
    town._parts = None
    for uid in ("kari01", "eva01", "ukjent"):
        directory.server.change(f"uid={uid},{directory.base}", eduPersonPrincipalName=[])
    report = town.sync(AUTUMN + DAY)
    assert report.changes == {}
    assert logins(town)["Kari"] == "kari01@eksempel.example"


def test_the_number_that_feide_knows_is_not_passed_on(town: Town) -> None:
    number = town.world.people["kari"].number
    town.world.change("kari", number="")
    town.sync(AUTUMN)
    assert number not in str(town.known()["Kari", "school"].fields)
