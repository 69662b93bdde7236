"""What Norwegian exports have been seen to do, and what comes of it through the bundled mapping.

The numbers are the rows of the table in section 3 of the research on PIFU-IMS (shared/research/ist-pifu.md). Rows that
are about a whole night, and not about a file, are in tests/scenarios.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from rostersync.connectors.pifu.records import every_field
from rostersync.mapping import Mapped, Mapping, parse_mapping, parse_roles
from rostersync.model import Claim, Contact, GroupClaim, MembershipClaim, PersonClaim, Tie
from rostersync.normalize import national_number as classify
from tests.conftest import ROOT

from .documents import (
    SOURCE,
    V1,
    WHOLE,
    DropFolder,
    contact,
    document,
    group,
    key,
    member,
    membership,
    national_number,
    person,
    role,
    sourcedid,
)


def bundled(name: str) -> Mapping:
    roles = parse_roles((ROOT / "mappings/roles/oslo.yaml").read_text(), "oslo.yaml")
    return parse_mapping((ROOT / "mappings" / name).read_text(), name, fields=every_field(), roles=roles)


@pytest.fixture(scope="module")
def everyday() -> Mapping:
    return bundled("ist-everyday.yaml")


class Reader:
    """Reads elements as an export of IST Everyday."""

    def __init__(self, folder: DropFolder, mapping: Mapping) -> None:
        self._folder = folder
        self._mapping = mapping

    def mapped(self, *elements: str, namespace: str = V1, encoding: str = "UTF-8") -> list[Mapped]:
        content = document(*elements, namespace=namespace, encoding=encoding)
        return [self._mapping.read(record) for record in self._folder.records(content)]

    def claims(self, *elements: str, namespace: str = V1) -> list[Claim]:
        found = self.mapped(*elements, namespace=namespace)
        assert [one.rejected for one in found] == [()] * len(found)
        return [one.claim for one in found if one.claim is not None]

    def person(self, element: str) -> PersonClaim:
        (claim,) = self.claims(element)
        assert isinstance(claim, PersonClaim)
        return claim

    def group(self, element: str) -> GroupClaim:
        (claim,) = self.claims(element)
        assert isinstance(claim, GroupClaim)
        return claim

    def ties(self, *members: str) -> tuple[Tie, ...]:
        (claim,) = self.claims(membership("7A", *members))
        assert isinstance(claim, MembershipClaim)
        return claim.ties


@pytest.fixture
def read(tmp_path: Path, everyday: Mapping) -> Reader:
    return Reader(DropFolder(tmp_path), everyday)


def nin(number: str) -> str:
    return f'<userid useridtype="personNIN">{number}</userid>'


def dated(begin: str, end: str) -> str:
    return f"<status>1</status><timeframe><begin>{begin}</begin><end>{end}</end></timeframe>"


# -- who is who -------------------------------------------------------------------------------------------------------


def test_1_a_new_number_announced_with_the_old_one_is_the_same_person_under_two_keys(read: Reader) -> None:
    ids = sourcedid(national_number(1), "Old") + sourcedid(national_number(2), "New")
    claim = read.person(person("x").replace(sourcedid("x"), ids))
    assert (claim.key,) == key(national_number(2))
    assert claim.old_keys == key(national_number(1))


@pytest.mark.parametrize(
    ("number", "genuine"),
    [
        (national_number(0), True),
        ("200601023456", False),
        ("2006010234567890", False),
        ("0000", False),
        (national_number(0)[:10] + str((int(national_number(0)[10]) + 1) % 10), False),
        ("mangler", False),
    ],
    ids=["synthetic, genuine shape", "DUF", "16 digits", "serial", "misprint", "a word"],
)
def test_3_and_4_a_number_that_is_none_blocks_nobody_and_is_told_from_a_genuine_one(
    read: Reader, number: str, genuine: bool
) -> None:
    values = dict(read.person(person("1", nin(number))).values)
    assert (values["given_name"], values["family_name"]) == ("Kari", "Skogfjell")
    assert classify(values.get("national_number", "")).genuine is genuine


def test_5_a_bare_serial_never_stands_alone_as_a_key(read: Reader) -> None:
    elsewhere = person("0001").replace(SOURCE, "flyvo.lunde.example")
    keys = [claim.key for claim in read.claims(person("0001"), elsewhere)]
    assert keys == [f"{SOURCE}/0001", "flyvo.lunde.example/0001"]


def test_6_and_8_a_person_described_twice_comes_out_twice_so_that_the_state_can_compare(read: Reader) -> None:
    claims = read.claims(person("1", given="Kari"), person("1", given="Karianne"), person("1", given="Kari"))
    assert [dict(claim.values)["given_name"] for claim in claims if isinstance(claim, PersonClaim)] == [
        "Kari",
        "Karianne",
        "Kari",
    ]
    assert {claim.key for claim in claims} == set(key("1"))


def test_7_a_person_without_a_code_is_rejected_without_one_and_the_others_stay(read: Reader) -> None:
    nobody, somebody = read.mapped(person("x").replace(sourcedid("x"), ""), person("1"))
    (rejected,) = nobody.rejected
    assert (nobody.claim, rejected.key, rejected.because) == (None, "", "sourcedid is missing")
    assert somebody.claim is not None


def test_9_one_person_with_two_roles_in_one_group_has_both(read: Reader) -> None:
    ties = read.ties(member("1", role("06"), role("02", "<subrole>faglærer</subrole><status>1</status>")), member("2"))
    assert [(tie.person, tie.role) for tie in ties] == [
        (*key("1"), "contact_teacher"),
        (*key("1"), "teacher"),
        (*key("2"), "pupil"),
    ]


@pytest.mark.parametrize("number", ["007", "0", "00", "1e5", "0x1F", "1_000", "12345678901234567890", "+7"])
def test_10_a_code_is_a_text_whatever_number_it_looks_like(read: Reader, number: str) -> None:
    assert (read.person(person(number)).key,) == key(number)


# -- what points nowhere ----------------------------------------------------------------------------------------------


def test_13_a_group_below_a_school_that_is_not_there_still_says_where_it_belongs(read: Reader) -> None:
    claim = read.group(group("7A", parent="nedlagt"))
    assert (claim.parent,) == key("nedlagt")
    assert claim.skipped == ""


def test_13_members_of_nothing_and_members_who_are_nobody_are_ties_like_any_other(read: Reader) -> None:
    (claim,) = read.claims(membership("nowhere", member("nobody")))
    assert claim == MembershipClaim(*key("nowhere"), (Tie(*key("nobody"), "pupil"),))


def test_15_an_empty_membership_empties_its_group_and_is_no_mistake(read: Reader) -> None:
    assert read.claims(membership("7A")) == [MembershipClaim(*key("7A"), ())]


def test_16_contacts_come_out_by_type_and_only_a_guardian_may_lead_to_access(read: Reader) -> None:
    kinds = ("guardian", "nextOfKin", "fosterParent", "closeRelative", "Guardian", "verge")
    found = read.person(person("1", extension="".join(contact(f"a-{kind}", kind) for kind in kinds)))
    assert {one.key: one.kind for one in found.contacts} == {
        f"{SOURCE}/a-guardian": "guardian",
        f"{SOURCE}/a-fosterParent": "question",
        f"{SOURCE}/a-closeRelative": "question",
        f"{SOURCE}/a-Guardian": "guardian",
        f"{SOURCE}/a-verge": "question",
    }


def test_16_a_contact_that_points_to_nobody_is_left_out_and_the_pupil_stays(read: Reader) -> None:
    (mapped,) = read.mapped(person("1", extension='<pifu_hasContactPerson type="guardian"/>' + contact("a1")))
    assert isinstance(mapped.claim, PersonClaim)
    assert mapped.claim.contacts == (Contact(*key("a1"), "guardian"),)
    assert len(mapped.skipped) == 1


# -- groups -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["basisgruppe", "sammensattgruppe"])
def test_17_of_several_group_types_the_first_known_one_is_what_the_group_is(read: Reader, first: str) -> None:
    second = "<grouptype><scheme>pifu-ims-go-grp</scheme><typevalue level='10'>trinn</typevalue></grouptype>"
    element = group("7A", kind=first).replace("</grouptype>", f"</grouptype>{second}", 1)
    assert read.group(element).kind == {"basisgruppe": "base_class", "sammensattgruppe": "combined_group"}[first]


def test_17_a_second_relationship_to_an_earlier_name_is_no_second_parent(read: Reader) -> None:
    known_as = f'<relationship relation="3">{sourcedid("gammel")}<label>Tidligere</label></relationship>'
    assert (read.group(group("7A", inside=known_as)).parent,) == key("skole")


def test_18_two_memberships_of_one_group_are_two_claims_under_one_key(read: Reader) -> None:
    claims = read.claims(membership("7A", member("1")), membership("7A", member("2")))
    assert [claim.key for claim in claims] == [*key("7A"), *key("7A")]
    assert [tie.person for claim in claims if isinstance(claim, MembershipClaim) for tie in claim.ties] == [
        *key("1"),
        *key("2"),
    ]


@pytest.mark.parametrize("kind", ["utdanningsprogram", "programområde"])
def test_19_a_programme_needs_no_school(read: Reader, kind: str) -> None:
    orphan = group("ST", kind=kind, level="5")
    begin, end = orphan.index("<relationship"), orphan.index("</relationship>") + len("</relationship>")
    claim = read.group(orphan[:begin] + orphan[end:])
    assert (claim.kind, claim.parent) == ({"utdanningsprogram": "programme"}.get(kind, "programme_area"), "")


def test_24_a_substitute_has_her_contracts_dates(read: Reader) -> None:
    (tie,) = read.ties(member("1", role("02", "<subrole>vikar</subrole>" + dated("2026-11-02", "2026-12-11"))))
    assert (tie.role, tie.begin, tie.end) == ("substitute", date(2026, 11, 2), date(2026, 12, 11))


def test_25_addresses_never_become_values(read: Reader) -> None:
    secret = (
        '<pifu_adr type="personRegisteredAddressPrivate"><adr><street>Hemmelig vei 1</street>'
        "<locality>Lunde</locality><pcode>9999</pcode></adr></pifu_adr>"
    )
    claim = read.person(person("1", "<adr><street>Hemmelig vei 1</street></adr>", extension=secret))
    assert [field for field, _ in claim.values] == ["given_name", "family_name"]


# -- texts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spelt", ["undervisningsgruppe på Måne skole: Valg & vrak", "7A  (øst)", "måne.kommune.no:7A", "gruppe;7/A"]
)
def test_27_ids_with_letters_spaces_and_signs_are_the_same_wherever_they_stand(read: Reader, spelt: str) -> None:
    written = spelt.replace("&", "&amp;")
    described, tied = read.claims(group(written), membership(written, member("1")))
    assert described.key == tied.key == f"{SOURCE}/{spelt}"


def test_27_letters_are_compared_composed_whatever_the_sender_wrote(read: Reader) -> None:
    composed, decomposed = "Måne", "Ma\u030ane"
    assert composed != decomposed
    assert read.claims(person(decomposed)) == read.claims(person(composed))


def test_27_an_address_under_a_norwegian_domain_is_kept(read: Reader) -> None:
    claim = read.person(person("1").replace("</name>", "</name><email>kari@måne.example</email>"))
    assert dict(claim.values)["email"] == "kari@måne.example"


@pytest.mark.parametrize("encoding", ["windows-1252", "ISO-8859-1", "UTF-16"])
def test_26_the_same_roster_in_another_encoding_says_the_same(read: Reader, encoding: str) -> None:
    assert read.mapped(*WHOLE, encoding=encoding) == read.mapped(*WHOLE)


def test_29_a_pupil_without_any_number_is_a_whole_person(read: Reader) -> None:
    local = '<userid useridtype="personLIN">150312000017</userid>'
    claim = read.person(person("150312000017", local))
    assert dict(claim.values) == {
        "local_number": "localnin:150312000017",
        "given_name": "Kari",
        "family_name": "Skogfjell",
    }
    assert claim.left == ""
