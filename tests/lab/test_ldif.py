"""The municipality's directory and its export tell of the same people."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from rostersync.connectors.feide import Settings, make
from rostersync.credentials import Secret
from rostersync.lab import START
from rostersync.lab.ldif import SUFFIX, escaped, write_ldif
from rostersync.lab.world import EVENTS, SCHOOLS, World
from rostersync.model import Record
from tests import slapd as openldap
from tests.connectors.contract import NOW, keyed
from tests.lab.conftest import Day

pytestmark = pytest.mark.skipif(openldap.program() is None, reason="OpenLDAP's server is not on this machine")


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    """What the connector reads from a real server that holds the first day's directory."""
    folder = tmp_path_factory.mktemp("directory")
    often = EVENTS["S"]
    write_ldif(folder / "day1.ldif", World(42, SCHOOLS["S"], START, START, 0.01, often, often))
    program = openldap.program()
    assert program
    server = openldap.Slapd(program, ldif=folder / "day1.ldif")
    secret = folder / "password"
    secret.write_text(openldap.PASSWORD)
    secret.chmod(0o600)
    settings = Settings(
        url=server.url, bind_dn=openldap.READER, password=Secret("file", str(secret), ""), base=SUFFIX,
        timeout=timedelta(seconds=10), guardians=True,
    )  # fmt: skip
    connector = make("feide", settings)
    try:
        assert connector.check() == []
        snapshot = connector.fetch(NOW)
        found = [one.parse() for one in connector.read(snapshot, keyed, connector.fields)]
        connector.discard(snapshot)
    finally:
        server.remove()
    return found


def texts(records: list[Record], kind: str, name: str) -> set[str]:
    return {text for one in records if one.kind == kind for text in one.fields.get(name, ())}


def in_export(first: Day, kind: str) -> set[str]:
    """The user ids of a kind that the export has of whoever has a Feide account."""
    people = re.findall(r"<person>.*?</person>", first.made.export.read_text(encoding="utf-8"))
    found = (re.search(rf'useridtype="{kind}">([^<]*)<', one) for one in people if 'useridtype="feideID"' in one)
    return {one[1] for one in found if one}


def test_everybody_with_a_feide_name_in_the_export_is_in_the_directory(records: list[Record], first: Day) -> None:
    assert texts(records, "person", "eduPersonPrincipalName") == in_export(first, "feideID")


def test_they_have_the_same_numbers(records: list[Record], first: Day) -> None:
    assert texts(records, "person", "norEduPersonNIN") == in_export(first, "personNIN")
    assert texts(records, "person", "norEduPersonLIN.localnin") == in_export(first, "personLIN")


def test_every_group_value_can_be_read(records: list[Record]) -> None:
    assert texts(records, "group", "type") == {"owner", "school", "b", "u"}
    ties = {role for one in records for part in one.parts if one.kind == "membership" for role in part.fields["role"]}
    assert ties == {"student", "faculty", "employee", "member"}


def test_guardians_have_no_entry_and_stand_on_the_pupils(records: list[Record]) -> None:
    guardians = {part.fields["contact"][0] for one in records if one.kind == "person" for part in one.parts}
    assert len(guardians) > 500
    employed = guardians & texts(records, "person", "norEduPersonNIN")
    assert len(employed) < len(guardians) / 10


@pytest.mark.parametrize(("name", "told"), [("Å, B", r"Å\, B"), ('a+"b"', r"a\+\"b\""), ("Nord", "Nord")])
def test_a_name_in_a_dn_is_escaped(name: str, told: str) -> None:
    assert escaped(name) == told


def test_the_same_world_is_the_same_file(tmp_path: Path) -> None:
    world = World(42, 1, START, START, 0.01, 0.0, 0.0)
    assert write_ldif(tmp_path / "a", world) == write_ldif(tmp_path / "b", world)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
