"""The synthetic municipality over OneRoster: from a service, and from CSV sets, through to what the LMS is given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from rostersync.lab.doubles.oneroster import OneRoster
from rostersync.lab.doubles.oneroster.rows import Collections, as_1_2, collections, source_id
from rostersync.lab.doubles.server import Server
from rostersync.lab.world import START, World
from tests.conftest import ROOT
from tests.connectors.oneroster_parts import write_zip
from tests.scenarios.town import Town

WORLD = World(42, 1, START, START, 0.01, 0.001, 0.001)
SECRET = "secret of the lab"
SOURCE = """\
type = "oneroster"
mapping = "{mappings}/oneroster.yaml"
guardians = true
"""


@pytest.fixture(scope="module")
def roster() -> Collections:
    """The municipality's entries on its first day."""
    return collections(WORLD, START)


def oneroster_town(home: Path, lines: str) -> Town:
    """A town whose one source is read over OneRoster."""
    town = Town(home)
    before, rest = town.config.read_text().split("[source.everyday]\n")
    after = rest[rest.index("[target.lms]") :]
    own = SOURCE.format(mappings=ROOT / "mappings")
    town.config.write_text(f"{before}[source.everyday]\n{own}{lines}\n{after}")
    return town


class Served(Town):
    """A town with its service."""

    double: OneRoster


@pytest.fixture
def served(tmp_path: Path, roster: Collections) -> Iterator[tuple[Town, OneRoster]]:
    """A town whose source is a 1.2 service with OAuth 2."""
    double = OneRoster(as_1_2(roster), version="rostering/v1p2")
    (tmp_path / "client.secret").write_text(SECRET)
    (tmp_path / "client.secret").chmod(0o600)
    with Server(double, faults=double.faults) as server:
        yield (
            oneroster_town(
                tmp_path,
                f'url = "{server.url}{double.base}"\ntoken_url = "{server.url}/token"\nclient_id = "rostersync"\n'
                'client_secret = { file = "client.secret" }\npatience = "0s"\ndates = "reliable"',
            ),
            double,
        )


def test_the_municipality_comes_through_a_service(served: tuple[Town, OneRoster], roster: Collections) -> None:
    town, _ = served
    report = town.run(START)
    assert report.sources[0].accepted, report.sources[0].refused
    print(report.sources[0], report.code, report.changes)
    roles = Counter(user.role for user in town.known().values())
    print(roles)
    assert 0
