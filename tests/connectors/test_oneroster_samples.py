"""The national provider's own sample answers, read over a service and through the mapping."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rostersync.mapping import parse_mapping, parse_roles
from rostersync.model import Claim, GroupClaim, MembershipClaim, PersonClaim
from tests.conftest import ROOT

from .oneroster_parts import Service, records_of

FILES = {
    "orgs": "org",
    "academicSessions": "academicSession",
    "courses": "course",
    "classes": "class",
    "users": "user",
    "enrollments": "enrollment",
}


@pytest.fixture
def samples(standards: Path) -> dict[str, list[dict[str, Any]]]:
    """Collection -> the entries of the sample answer."""
    folder = standards / "fint" / "oneroster-provider-samples"
    return {
        collection: json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))[collection]
        for collection, name in FILES.items()
    }


@pytest.fixture
def claims(samples: dict[str, list[dict[str, Any]]], tmp_path: Path) -> list[Claim]:
    """What the mapping makes of them."""
    roles = parse_roles((ROOT / "mappings/roles/oslo.yaml").read_text(encoding="utf-8"), "oslo.yaml")
    text = (ROOT / "mappings/oneroster.yaml").read_text(encoding="utf-8")
    with Service(tmp_path) as service:
        service.offer(samples)
        mapping = parse_mapping(text, "oneroster.yaml", fields=service.connector.fields, roles=roles)
        mapped = [mapping.read(record) for record in records_of(service.connector, mapping.wanted)]
    assert [rejected.because for one in mapped for rejected in one.rejected] == []
    return [one.claim for one in mapped if one.claim is not None]


def test_every_sample_becomes_a_claim(claims: list[Claim]) -> None:
    groups = {claim.key: claim for claim in claims if isinstance(claim, GroupClaim)}
    assert {(one.kind, one.number) for key, one in groups.items() if key.startswith("org/")} == {
        ("owner", "971045600"),
        ("school", "913385600"),
    }
    assert {key: one.kind for key, one in groups.items() if key.startswith("class/")} == {
        "class/1002683": "base_class",
        "class/1002683_493666": "mentor_group",
        "class/10083032": "teaching_group",
    }
    periods = {(str(one.begin), str(one.end)) for key, one in groups.items() if key.startswith("class/")}
    assert periods == {("2020-08-01", "2021-07-31")}


def test_the_samples_people_and_places_are_told(claims: list[Claim], samples: dict[str, list[dict[str, Any]]]) -> None:
    people = {claim.key: dict(claim.values) for claim in claims if isinstance(claim, PersonClaim)}
    assert set(people) == {one["sourcedId"] for one in samples["users"]}
    assert all(one["feide_id"].endswith("@feide.fylke.no") and "email" not in one for one in people.values())
    ties = {claim.key: {tie.role for tie in claim.ties} for claim in claims if isinstance(claim, MembershipClaim)}
    assert ties == {"org/11004": {"pupil", "teacher"}, "class/1002683": {"pupil", "teacher"}}
