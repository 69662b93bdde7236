"""The lab's odd exports through the project's own reading: what is only dress says the same, what is unsound is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree
from msgspec.structs import replace

from rostersync.connectors.pifu.records import every_field
from rostersync.errors import SnapshotRefused
from rostersync.lab import QUIRKS, START, date_of
from rostersync.lab.district import District
from rostersync.lab.export_file import ExportFile
from rostersync.lab.pifu_writer import DistrictWriter, Elements
from rostersync.lab.world import World
from rostersync.mapping import Mapping, parse_mapping, parse_roles
from rostersync.model import Claim, GroupClaim, MembershipClaim, PersonClaim
from tests.conftest import ROOT
from tests.connectors.documents import DropFolder

WORLD = World(42, 1, START, date_of(2, START), 0.01, 0.001, 0.001, START)
FEW = 20
"""Elements of each kind: enough for every quirk to find a victim, few enough to be read many times."""

DRESS = (
    *("namespace-0.9", "namespace-1.0", "namespace-1.1", "namespace-1.2", "prefixed-root", "indented", "comments"),
    *("empty-timeframes", "unknown-extensions", "passwords", "photos", "grades-and-absence", "no-prefixed-orgnr"),
    "several-grouptypes",
)
UNSOUND = ("latin1-bytes", "control-characters", "truncated", "doctype", "entity-bomb")
VALID = (
    *("indented", "passwords", "photos", "grades-and-absence", "no-prefixed-orgnr", "several-grouptypes"),
    *("duplicate-person", "split-membership", "member-nowhere", "membership-without-group", "comments"),
)
"""Odd, and still what the schema of version 1.3 allows."""

AGAINST = ("ims-enterprise", "unknown-extensions", "namespace-1.1", "empty-timeframes", "other-contact-types")
"""Against the schema, and seen all the same."""

Read = Callable[[bytes], list[Claim]]


class Few(DistrictWriter):
    """Writes the first elements of a district's, made once."""

    _few: Elements | None = None

    def elements(self) -> Elements:
        if self._few is None:
            whole = super().elements()
            parts = (whole.persons, whole.groups, whole.memberships)
            persons, groups, memberships = ([*part[:FEW], *part[-FEW:]] for part in parts)
            self._few = Elements(persons, groups, memberships, members=0)
        return self._few


@pytest.fixture(scope="module")
def writer() -> Few:
    return Few(District(WORLD, 0), WORLD.today)


def export(folder: Path, writer: Few, *quirks: str) -> bytes:
    """A part of the municipality's export, with these quirks of its dress."""
    with ExportFile(folder / "export.xml", replace(WORLD, quirks=frozenset(quirks))) as file:
        file.add(writer)
        file.finish()
    return (folder / "export.xml").read_bytes()


@pytest.fixture(scope="module")
def everyday() -> Mapping:
    name = "ist-everyday.yaml"
    roles = parse_roles((ROOT / "mappings/roles/oslo.yaml").read_text(), "oslo.yaml")
    return parse_mapping((ROOT / "mappings" / name).read_text(), name, fields=every_field(), roles=roles)


def read_with(mapping: Mapping, folder: Path) -> Read:
    """Reads an export into claims; no record of it may be rejected."""

    def read(content: bytes) -> list[Claim]:
        found = [mapping.read(one) for one in DropFolder(folder).records(content)]
        assert not [one.rejected for one in found if one.rejected]
        return [one.claim for one in found if one.claim is not None]

    return read


@pytest.fixture
def read(tmp_path: Path, everyday: Mapping) -> Read:
    return read_with(everyday, tmp_path)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, writer: Few, everyday: Mapping) -> list[Claim]:
    folder = tmp_path_factory.mktemp("plain")
    return read_with(everyday, folder)(export(folder, writer))


def kinds(claims: list[Claim]) -> dict[type[Claim], int]:
    return {kind: sum(isinstance(one, kind) for one in claims) for kind in (PersonClaim, GroupClaim, MembershipClaim)}


# -- only dress -------------------------------------------------------------------------------------------------------


def test_a_plain_export_becomes_a_claim_for_every_element(plain: list[Claim]) -> None:
    assert kinds(plain) == {PersonClaim: 2 * FEW, GroupClaim: 2 * FEW, MembershipClaim: 2 * FEW}


@pytest.mark.parametrize("quirk", DRESS)
def test_what_is_only_dress_is_read_as_the_same_claims(
    tmp_path: Path, writer: Few, read: Read, plain: list[Claim], quirk: str
) -> None:
    assert read(export(tmp_path, writer, quirk)) == plain


def test_all_dress_at_once_is_read_as_the_same_claims(
    tmp_path: Path, writer: Few, read: Read, plain: list[Claim]
) -> None:
    assert read(export(tmp_path, writer, *DRESS)) == plain


def test_plain_ims_enterprise_says_the_same_of_persons_and_members(
    tmp_path: Path, writer: Few, read: Read, plain: list[Claim]
) -> None:
    def of(claims: list[Claim], kind: type[Claim]) -> list[Claim]:
        return [one for one in claims if isinstance(one, kind)]

    ims = read(export(tmp_path, writer, "ims-enterprise"))
    for kind in (PersonClaim, GroupClaim, MembershipClaim):
        assert of(ims, kind) == of(plain, kind)
    assert isinstance(ims[0], GroupClaim), "groups come first there"


# -- said twice, or of nobody -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "quirk", ["duplicate-person", "split-membership", "member-nowhere", "membership-without-group"]
)
def test_what_is_said_twice_or_of_nobody_takes_nothing_from_anybody(
    tmp_path: Path, writer: Few, read: Read, plain: list[Claim], quirk: str
) -> None:
    odd = read(export(tmp_path, writer, quirk))
    assert len(odd) >= len(plain)

    def ties(claims: list[Claim]) -> set[tuple[str, object]]:
        return {(one.key, tie) for one in claims if isinstance(one, MembershipClaim) for tie in one.ties}

    assert ties(odd) >= ties(plain)
    assert {one.key for one in odd} >= {one.key for one in plain}
    persons = [one for one in odd if isinstance(one, PersonClaim)]
    assert {one.key: one for one in persons} == {one.key: one for one in plain if isinstance(one, PersonClaim)}


def test_contacts_of_other_kinds_are_questions_and_never_more_guardians(
    tmp_path: Path, writer: Few, read: Read, plain: list[Claim]
) -> None:
    def contacts(claims: list[Claim], kind: str) -> list[tuple[str, str]]:
        persons = [one for one in claims if isinstance(one, PersonClaim)]
        return [(one.key, to.key) for one in persons for to in one.contacts if to.kind == kind]

    odd = read(export(tmp_path, writer, "other-contact-types"))
    assert contacts(odd, "guardian") == contacts(plain, "guardian")
    assert contacts(plain, "question") == []
    assert contacts(odd, "question")


def test_the_secrets_of_an_export_reach_no_claim(tmp_path: Path, writer: Few, read: Read) -> None:
    told = repr(read(export(tmp_path, writer, "passwords", "photos", "grades-and-absence")))
    assert not [word for word in ("6c6162", "labbruker", ".jpg", "standpunkt", "3.5") if word in told]


# -- unsound ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quirk", UNSOUND)
def test_an_unsound_export_is_refused_for_want_of_proof_and_nobody_can_release_it(
    tmp_path: Path, writer: Few, read: Read, quirk: str
) -> None:
    content = export(tmp_path, writer, quirk)
    with pytest.raises(SnapshotRefused) as refused:
        read(content)
    assert (refused.value.reason, refused.value.releasable) == ("no proof", False)
    assert "@" not in str(refused.value)


# -- by the schema ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def schema(standards: Path) -> etree.XMLSchema:
    return etree.XMLSchema(file=str(standards / "pifu" / "PIFU-IMS_SAS-1.3.xsd"))


@pytest.mark.parametrize("quirk", ["", *VALID])
def test_odd_as_it_is_the_schema_allows_it(tmp_path: Path, writer: Few, schema: etree.XMLSchema, quirk: str) -> None:
    document = etree.fromstring(export(tmp_path, writer, *filter(None, [quirk])))
    assert schema.validate(document), str(schema.error_log)


@pytest.mark.parametrize("quirk", AGAINST)
def test_some_oddities_are_against_the_schema_and_read_all_the_same(
    tmp_path: Path, writer: Few, schema: etree.XMLSchema, read: Read, quirk: str
) -> None:
    content = export(tmp_path, writer, quirk)
    assert not schema.validate(etree.fromstring(content))
    assert read(content)


def test_every_quirk_named_here_exists() -> None:
    assert {*DRESS, *UNSOUND, *VALID} <= QUIRKS.keys()
