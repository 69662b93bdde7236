"""Feide's groups beside a school system: they add classes and groups to people it knows, make nobody, and depart nobody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from rostersync.lab.doubles.feide_groups import FeideGroups
from rostersync.lab.doubles.server import Server
from tests.conftest import ROOT
from tests.connectors.test_feide_groups import REALM, SCHOOL, group, member
from tests.scenarios.town import AUTUMN, Town

CHOIR = f"fc:gogroup:{REALM}:u:NO974589230:kor:2026-08-01:2027-07-31"


@pytest.fixture
def feide() -> Iterator[FeideGroups]:
    """Kari sings in a choir of which the school system knows nothing; a stranger does so too."""
    kari, stranger = member(f"kari@{REALM}"), member(f"ukjent@{REALM}")
    double = FeideGroups(
        {
            f"fc:org:{REALM}": (group(f"fc:org:{REALM}", "Lysvik kommune"), []),
            SCHOOL: (group(SCHOOL, "Nord skole"), [kari, stranger]),
            CHOIR: (group(CHOIR, "Kor", go_type="u", parent=SCHOOL), [kari, stranger]),
        }
    )
    with Server(double, faults=double.faults) as server:
        double.base = f"{server.url}{double.base}"
        yield double


@pytest.fixture
def town(tmp_path: Path, feide: FeideGroups) -> Town:
    """A town that reads both; the school system knows Kari's Feide name."""
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
[target.lms]
"""
    text = town.config.read_text().replace("[target.lms]\n", source)
    town.config.write_text(text.replace('from = ["everyday"]', 'from = ["everyday", "feide"]'))
    return town


def export(town: Town, on: object) -> None:
    """The school system's export, with Kari's Feide name in it."""
    plain = town.world.xml(datetime(on.year, on.month, on.day, 2, tzinfo=UTC))  # type: ignore[attr-defined]
    head, _, rest = plain.partition("<name><fn>Kari")
    named = f'{head}<userid useridtype="feideID">kari@{REALM}</userid><name><fn>Kari{rest}'
    town.export(on, named)  # type: ignore[arg-type]


def singers(town: Town) -> set[str]:
    """Given names of those who are in the choir in the LMS."""
    lms = town.set()
    names = {row["sourcedId"]: row["givenName"] for row in lms.users.values()}
    choir = next(number for number, row in lms.classes.items() if row["title"] == "Kor")
    return {names[row["userSourcedId"]] for row in lms.enrollments.values() if row["classSourcedId"] == choir}


def test_feides_groups_reach_whom_people_have_joined_and_no_stranger(town: Town, feide: FeideGroups) -> None:
    export(town, AUTUMN)
    report = town.run(AUTUMN)
    assert [source.accepted for source in report.sources] == [True, True], report.sources
    everybody = {"Kari", "Per", "Ola", "Siri", "Anne", "Jon", "Eva"}
    assert {given for given, _ in town.known()} == everybody
    assert singers(town) == set(), "a Feide name alone may be somebody else's by now"
    with town.store() as store, store.begin():
        (asked,) = [one for one in store.questions.open_ones() if one.code == "feide_id_only"]
        store.joining.join(*asked.about, "tester", datetime.combine(AUTUMN, time(8), UTC))
        store.cards.mark_dirty("lms", asked.about, datetime.combine(AUTUMN, time(8), UTC))
    town.run(AUTUMN + timedelta(days=1))
    assert singers(town) == {"Kari"}
    assert {given for given, _ in town.known()} == everybody


@pytest.mark.parametrize("fault", ["401", "500", "cut", "html", "empty", "nameless"])
def test_nobody_departs_when_feide_does_not_answer_as_it_should(town: Town, feide: FeideGroups, fault: str) -> None:
    export(town, AUTUMN)
    assert town.run(AUTUMN).code == 0
    feide.faults.switch(fault)
    export(town, AUTUMN + timedelta(days=1))
    report = town.run(AUTUMN + timedelta(days=1))
    assert report.sources[0].accepted
    assert report.sources[1].accepted == (fault == "nameless"), (
        "a few who cannot be told are rejected; the last good stays"
    )
    assert report.changes == {}
