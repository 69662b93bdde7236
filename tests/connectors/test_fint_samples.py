"""A synthetic roster that was checked against FINT's own class metadata, with deliberate faults in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rostersync.connectors.fint.entries import Entry, Links
from rostersync.mapping import parse_mapping, parse_roles
from rostersync.model import Claim, GroupClaim, MembershipClaim, PersonClaim
from tests.conftest import ROOT

from .contract import NOW, keyed
from .fint_county import Site, site


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as found:
        yield found


def claims(here: Site, standards: Path) -> tuple[list[Claim], list[str]]:
    """What the bundled mapping makes of the roster, and why something was rejected."""
    sample = json.loads((standards / "fint" / "synthetic-tiny-roster-v4.json").read_text())
    here.double.full_sync({path.strip("/"): entries for path, entries in sample["entries"].items()})
    roles = parse_roles((ROOT / "mappings/roles/oslo.yaml").read_text(), "oslo.yaml")
    name = "visma-inschool.yaml"
    connector = here.connector
    mapping = parse_mapping((ROOT / "mappings" / name).read_text(), name, fields=connector.fields, roles=roles)
    snapshot = connector.fetch(NOW)
    mapped = [mapping.read(one.parse()) for one in connector.read(snapshot, keyed, mapping.wanted)]
    connector.discard(snapshot)
    return [one.claim for one in mapped if one.claim], [no.because for one in mapped for no in one.rejected]


def test_the_roster_is_read_with_its_faults(here: Site, standards: Path) -> None:
    found, rejected = claims(here, standards)
    persons = {one.key: dict(one.values) for one in found if isinstance(one, PersonClaim)}
    groups = {one.key: one for one in found if isinstance(one, GroupClaim)}
    ties = {(one.key, tie.person): tie for one in found if isinstance(one, MembershipClaim) for tie in one.ties}
    assert rejected == []
    assert persons["fint/elev/E-Ada-1"]["given_name"] == "Ada"
    assert persons["fint/skoleressurs/7001"]["family_name"]
    assert {one.kind for one in groups.values()} == {"school", "base_class", "teaching_group", "mentor_group"}
    assert str(groups["fint/klasse/5001"].end) == "2027-07-31"
    assert ties["fint/klasse/5001", "fint/elev/E-Ada-1"].role == "pupil"
    assert ties["fint/kontaktlarergruppe/5101", "fint/skoleressurs/7001"].role == "contact_teacher"
    left = {tie.left for tie in ties.values()} - {""}
    assert left == {"external candidate (privatist)"}


@pytest.mark.parametrize(("model", "absent"), [("v4", "basisgruppe"), ("v3.21.10", "klasse")])
def test_every_field_and_relation_that_is_read_is_one_of_the_model(standards: Path, model: str, absent: str) -> None:
    classes = json.loads((standards / "fint" / f"fint-model-{model}-extract.json").read_text())["classes"].values()
    fields, relations = ({_name(one) for kind in classes for one in kind[part]} for part in ("fields", "relations"))
    # periods of groups went with model 4; the older extract leaves out the personnel component
    assert set(Entry.__struct_fields__) - fields <= {"links", "periode", "ansattnummer"}
    assert set(Links.__struct_fields__) - relations <= {"self_", absent, "skoleressurs", "personalressurs", "leder"}


def _name(described: str | dict[str, str]) -> str:
    return described if isinstance(described, str) else described["name"]
