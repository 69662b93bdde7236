"""The municipality in Feide's Groups API: the same logins as in its PIFU export, in the same classes, all mapped."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rostersync.connectors.feide_groups import FeideGroupsConnector, Settings
from rostersync.credentials import Secret
from rostersync.lab import START, generate
from rostersync.lab.doubles.feide_groups import REALM, FeideGroups, Rosters, choirs, rosters
from rostersync.lab.doubles.server import Server
from rostersync.lab.world import EVENTS, World
from rostersync.mapping import parse_mapping, parse_roles
from rostersync.model import GroupClaim, MembershipClaim
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def groups() -> Rosters:
    return rosters(World(42, 2, START, START, 0.01, EVENTS["S"], EVENTS["S"]), START)


def test_nobody_logs_in_whom_the_school_system_does_not_know_by_that_name(groups: Rosters, tmp_path: Path) -> None:
    export = generate(tmp_path).export.read_text(encoding="utf-8")
    theirs = set(re.findall(r'useridtype="feideID">([^<]*)<', export))
    ours = {one["userid_sec"][0].removeprefix("feide:") for _, members in groups.values() for one in members}
    assert ours <= theirs
    assert len(ours) > 0.95 * len(theirs)


@pytest.fixture
def connector(groups: Rosters, tmp_path: Path) -> Iterator[FeideGroupsConnector]:
    double = FeideGroups({number: found for number, found in groups.items() if ":u:" not in number})
    secret = tmp_path / "client.secret"
    secret.write_text("secret of the lab")
    secret.chmod(0o600)
    with Server(double, faults=double.faults) as server:
        yield FeideGroupsConnector(
            "feide",
            Settings(
                realm=REALM,
                client_id="rostersync",
                client_secret=Secret("file", str(secret), "client_secret"),
                url=f"{server.url}{double.base}",
                token_url=f"{server.url}/oauth/token",
                kinds=("school", "b"),
                spool=tmp_path,
                patience=timedelta(0),
            ),
        )


def test_all_of_it_becomes_claims(connector: FeideGroupsConnector, groups: Rosters) -> None:
    roles = parse_roles((ROOT / "mappings/roles/oslo.yaml").read_text(encoding="utf-8"), "oslo.yaml")
    text = (ROOT / "mappings/feide-groups.yaml").read_text(encoding="utf-8")
    mapping = parse_mapping(text, "feide-groups.yaml", fields=connector.fields, roles=roles)
    snapshot = connector.fetch(datetime.now(UTC))
    reading = connector.read(snapshot, lambda raw: hashlib.blake2b(raw, digest_size=16).digest(), mapping.wanted)
    mapped = [mapping.read(fragment.parse()) for fragment in reading]
    connector.discard(snapshot)
    assert [rejected.because for one in mapped for rejected in one.rejected] == []
    claims = [one.claim for one in mapped]
    kinds = Counter(claim.kind for claim in claims if isinstance(claim, GroupClaim))
    assert (kinds["owner"], kinds["school"]) == (0, 2)
    assert kinds["base_class"] == sum(":b:" in number for number in groups)
    people = {tie.person for claim in claims if isinstance(claim, MembershipClaim) for tie in claim.ties}
    assert people == {
        one["userid_sec"][0].removeprefix("feide:")
        for number, (_, members) in groups.items()
        for one in members
        if ":unit:" in number or ":b:" in number
    }
    assert all(claim.by_login for claim in claims if isinstance(claim, MembershipClaim))
    assert reading.proof.endswith("every list read to its last page")


def test_the_choirs_are_of_every_school_and_in_no_school_system(groups: Rosters) -> None:
    found = choirs(groups, START)
    (north, south) = [members for number, (_, members) in found.items() if ":kor:" in number]
    assert len(north) > 5
    assert len(south) > 5
    assert {one["membership"]["affiliation"] for one in north} == {"student"}
