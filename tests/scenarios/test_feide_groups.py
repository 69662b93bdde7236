"""Feide's groups beside a school system: members are whoever has their Feide names today; they make nobody, and depart nobody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from rostersync.lab.doubles.feide_groups import FeideGroups
from rostersync.lab.doubles.server import Server
from rostersync.report import RunReport
from tests.cli.conftest import Desk
from tests.conftest import ROOT
from tests.connectors.test_feide_groups import REALM, SCHOOL, group, member
from tests.scenarios.town import AUTUMN, Human, Tied, Town

CHOIR = f"fc:gogroup:{REALM}:b:NO974589230:kor:2026-08-01:2027-07-31"
KARI, STRANGER = f"kari@{REALM}", f"ukjent@{REALM}"
EVERYBODY = {"Kari", "Per", "Ola", "Siri", "Anne", "Jon", "Eva"}


@pytest.fixture
def feide() -> Iterator[FeideGroups]:
    """Kari is in a class of which the school system knows nothing; a stranger is in it too."""
    kari, stranger = member(KARI), member(STRANGER)
    double = FeideGroups(
        {
            f"fc:org:{REALM}": (group(f"fc:org:{REALM}", "Lysvik kommune"), []),
            SCHOOL: (group(SCHOOL, "Nord skole"), [kari, stranger]),
            CHOIR: (group(CHOIR, "Kor", go_type="b", parent=SCHOOL), [kari, stranger]),
        }
    )
    with Server(double, faults=double.faults) as server:
        double.base = f"{server.url}{double.base}"
        yield double


@pytest.fixture
def town(tmp_path: Path, feide: FeideGroups) -> Town:
    """A town that reads both; the school system knows Kari's Feide name. Feide's word comes first on the list."""
    town = Town(tmp_path)
    (tmp_path / "client.secret").write_text("secret of the lab")
    (tmp_path / "client.secret").chmod(0o600)
    base, feide.base = feide.base, feide.base[feide.base.index("/groups") :]
    source = f"""[source.feide]
type = "feide_groups"
mapping = "{ROOT}/mappings/feide-groups.yaml"
realm = "{REALM}"
client_id = "rostersync"
client_secret = {{ file = "client.secret" }}
url = "{base}"
token_url = "{base.removesuffix("/groups/v1")}/oauth/token"
patience = "0s"
timeout = "1s"
[target.lms]
"""
    text = town.config.read_text().replace("[target.lms]\n", source)
    town.config.write_text(text.replace('from = ["everyday"]', 'from = ["feide", "everyday"]'))
    give(town, "kari", KARI)
    return town


def give(town: Town, human: str, login: str) -> None:
    """Let the school system say that this is somebody's Feide name."""
    town.world.change(human, feide=login)


def on(day: int) -> date:
    return AUTUMN + timedelta(days=day)


def singers(town: Town) -> set[str]:
    """Given names of those who are in the choir in the LMS."""
    lms = town.set()
    names = {row["sourcedId"]: row["givenName"] for row in lms.users.values()}
    choir = next(number for number, row in lms.classes.items() if row["title"] == "Kor")
    return {names[row["userSourcedId"]] for row in lms.enrollments.values() if row["classSourcedId"] == choir}


def told(report: RunReport) -> dict[str, int]:
    """What the report says of Feide's members, without the advice."""
    (feide,) = [one for one in report.sources if one.name == "feide"]
    members = {reason: count for reason, count in feide.reasons.items() if reason.startswith("member ")}
    return {reason.partition(" (")[0]: count for reason, count in members.items()}


def test_a_class_from_feide_reaches_the_pupil_who_has_the_feide_name_and_no_stranger(town: Town) -> None:
    report = town.sync(AUTUMN)
    assert [source.accepted for source in report.sources] == [True, True], report.sources
    assert singers(town) == {"Kari"}
    assert {given for given, _ in town.known()} == EVERYBODY, "a Feide name makes nobody a user"
    with town.store() as store:
        assert store.questions.open_ones() == []
    assert told(report) == {"member whose login nobody has": 1}


def test_whom_nobody_has_is_listed_by_login_and_group(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    desk = Desk(town, capsys)
    town.sync(AUTUMN)
    (found,) = desk("source", "unmatched", "feide", "--json").document
    assert (found["login"], found["people"], len(found["groups"])) == (STRANGER, 0, 2)
    listed = desk("source", "unmatched", "feide").out
    assert STRANGER in listed
    assert KARI not in listed
    give(town, "per", STRANGER)
    town.sync(on(1))
    assert desk("source", "unmatched", "feide").out == "Every login in its groups leads to somebody.\n"


def test_a_feide_name_that_moves_takes_the_membership_along_on_that_very_day(town: Town) -> None:
    town.sync(AUTUMN)
    give(town, "kari", f"kari2@{REALM}")
    give(town, "ola", KARI)
    report = town.sync(on(1))
    assert singers(town) == {"Ola"}, "Feide's own answer has not changed, and yet it means somebody else"
    assert {source.name: source.repeat for source in report.sources} == {"feide": True, "everyday": False}
    assert town.sync(on(2)).changes == {}


def test_a_feide_name_that_two_have_leads_to_neither(town: Town) -> None:
    give(town, "ola", KARI)
    report = town.sync(AUTUMN)
    assert singers(town) == set()
    assert told(report) == {"member whose login nobody has": 1, "member whose login several persons have": 1}
    give(town, "ola", "")
    town.sync(on(1))
    assert singers(town) == {"Kari"}


def test_whose_feide_name_becomes_known_later_gets_the_membership_then(town: Town) -> None:
    town.sync(AUTUMN)
    give(town, "per", STRANGER)
    report = town.sync(on(1))
    assert singers(town) == {"Kari", "Per"}
    assert told(report) == {}


def test_who_departs_is_not_followed_into_the_groups_of_whoever_gets_her_feide_name(town: Town) -> None:
    town.sync(AUTUMN)
    town.world.drop("kari")
    give(town, "ola", KARI)
    town.sync(on(1))
    assert singers(town) == {"Kari", "Ola"}, "who is absent keeps her ties until she is suspended"
    town.sync(on(40))
    assert singers(town) == {"Ola"}


@pytest.mark.parametrize("fault", ["401", "403", "404", "429", "500", "503", "hang", "cut", "html", "empty"])
def test_a_bad_night_ends_nothing_moves_nothing_and_the_next_good_one_catches_up(
    town: Town, feide: FeideGroups, fault: str
) -> None:
    town.sync(AUTUMN)
    feide.faults.switch(fault)
    give(town, "kari", f"kari2@{REALM}")
    give(town, "ola", KARI)
    report = town.sync(on(1))
    bad, good = report.sources
    assert (bad.accepted, good.accepted) == (False, True)
    assert len(bad.refused.split()) > 5
    assert {
        kind: dict(counts) for kind, counts in report.changes.items() if "depart" in counts or "end" in counts
    } == {}
    assert singers(town) == {"Kari"}, "what Feide said yesterday was said of those who had the names then"
    feide.faults.clear()
    town.sync(on(2))
    assert singers(town) == {"Ola"}


def test_members_without_their_feide_names_end_nothing(town: Town, feide: FeideGroups) -> None:
    town.sync(AUTUMN)
    feide.faults.switch("nameless")
    report = town.sync(on(1))
    assert report.sources[0].rejected == 2
    assert report.changes == {}
    assert singers(town) == {"Kari"}


def test_members_that_are_all_gone_are_not_believed(town: Town, feide: FeideGroups) -> None:
    """The service lost the right to see them: groups come, and none of them has anybody in it."""
    town.sync(AUTUMN)
    feide.groups = {number: (found, []) for number, (found, _) in feide.groups.items()}
    report = town.sync(on(1))
    assert "holds no persons, and the one before held 2" in report.sources[0].refused
    assert singers(town) == {"Kari"}


@pytest.mark.parametrize("fault", ["reordered", "duplicated", "expired"])
def test_what_only_comes_otherwise_changes_nothing(town: Town, feide: FeideGroups, fault: str) -> None:
    town.sync(AUTUMN)
    feide.faults.switch(fault)
    report = town.sync(on(1))
    assert (report.code, report.changes) == (0, {})


def test_half_of_all_members_gone_is_held_and_nobody_departs(town: Town, feide: FeideGroups) -> None:
    """The API tells no totals, so half an answer looks like any other: the limits on a plan stop it."""
    for number in range(40):
        town.world.put(Human(f"s{number}", f"Sanger{number}", "Sang", feide=f"s{number}@{REALM}"))
        town.world.put(Tied("north", f"s{number}"))
        feide.groups[CHOIR][1].append(member(f"s{number}@{REALM}"))
    town.sync(AUTUMN)
    feide.faults.switch("shrunk")
    report = town.sync(on(1))
    assert [(one.kind, one.action) for one in report.held if one.school == "974589230"] == [("membership", "end")]
    assert "person" not in report.changes
    assert len(singers(town)) == 41
    feide.faults.clear()
    assert town.sync(on(2)).code == 0
