"""The mapping files of the project: they load, their in-file tests hold, and they read the official samples."""

from __future__ import annotations

import re
from hashlib import blake2b
from pathlib import Path

import pytest

from rostersync.connectors import Snapshot, pifu
from rostersync.connectors.feide.fields import FIELDS as FEIDE
from rostersync.connectors.feide_groups.reading import FIELDS as FEIDE_GROUPS
from rostersync.connectors.fint.records import FIELDS as FINT
from rostersync.connectors.oneroster.records import every_field as every_oneroster_field
from rostersync.connectors.pifu.records import every_field
from rostersync.connectors.sits.layout import read_layout
from rostersync.connectors.sits.mapper import every_field as every_sits_field
from rostersync.mapping import Mapping, parse_mapping, parse_roles
from rostersync.mapping.rules import CONTACT_KINDS, GROUP_KINDS
from rostersync.model import PERSON_FIELDS, ROLES, Claim, GroupClaim, MembershipClaim, PersonClaim, RoleModel
from tests.conftest import ROOT

MAPPINGS = sorted((ROOT / "mappings").glob("*.yaml"))
OFFERED = {
    "feide.yaml": FEIDE,
    "sits.yaml": every_sits_field(read_layout(ROOT / "mappings" / "layouts" / "sits-xet.yaml")),
    "feide-groups.yaml": {kind: frozenset(names) for kind, names in FEIDE_GROUPS.items()},
    "oneroster.yaml": every_oneroster_field(),
    "visma-inschool.yaml": FINT,
}
"""Mapping file -> what its source offers, where that is not PIFU-IMS."""
ROLE_MODELS = sorted((ROOT / "mappings" / "roles").glob("*.yaml"))


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def oslo() -> RoleModel:
    return parse_roles(text_of(ROOT / "mappings" / "roles" / "oslo.yaml"), "oslo.yaml")


def mapping_of(name: str, roles: RoleModel) -> Mapping:
    return parse_mapping(text_of(ROOT / "mappings" / name), name, fields=OFFERED.get(name, every_field()), roles=roles)


@pytest.mark.parametrize("path", MAPPINGS, ids=lambda path: path.name)
def test_a_mapping_loads_and_its_tests_hold(path: Path, oslo: RoleModel) -> None:
    assert mapping_of(path.name, oslo).tests >= 10


@pytest.mark.parametrize("path", ROLE_MODELS, ids=lambda path: path.name)
def test_a_role_model_loads_and_its_tests_hold(path: Path) -> None:
    assert "\ntests:\n" in text_of(path)
    assert parse_roles(text_of(path), path.name).name == path.stem


@pytest.mark.parametrize("path", [*MAPPINGS, *ROLE_MODELS], ids=lambda path: path.name)
def test_no_file_names_a_real_domain_or_a_number_that_could_be_somebodys(path: Path) -> None:
    text = text_of(path)
    assert not re.findall(r"@[\w.]+\.(?!example)\w+", text)
    months = [number[2:4] for number in re.findall(r"\b[0-9]{6} ?[0-9]{5}\b", text)]
    assert all("81" <= month <= "92" for month in months)


# -- Oslo's role model ----------------------------------------------------------------------------------------------


def test_every_tie_word_of_oslo_is_tested_in_some_mapping(oslo: RoleModel) -> None:
    text = text_of(ROOT / "mappings" / "ist-everyday.yaml")
    tests = text[text.index("\ntests:") :]
    assert not [tie for tie in oslo.ties if f"role: {tie}" not in tests]


def test_every_staff_tie_is_an_employee_and_no_pupil_is(oslo: RoleModel) -> None:
    employees = next(one for one in oslo.samlegrupper if one.kind == "all_employees")
    assert employees.ties == {tie for tie, role in oslo.ties.items() if role == "staff"}


def test_oslo_releases_e_mail_to_guardians_only_and_birth_dates_to_nobody(oslo: RoleModel) -> None:
    assert [role for role in ROLES if "email" in oslo.release[role]] == ["guardian"]
    assert not [role for role in ROLES if "birth_date" in oslo.release[role]]
    assert all("national_number" in oslo.release[role] for role in ROLES)


def test_oslo_has_its_four_samlegrupper(oslo: RoleModel) -> None:
    assert [one.kind for one in oslo.samlegrupper] == ["all_pupils", "all_teachers", "all_employees", "all_guardians"]


# -- IST Everyday ---------------------------------------------------------------------------------------------------


def test_every_group_kind_and_contact_kind_is_tested(oslo: RoleModel) -> None:
    text = text_of(ROOT / "mappings" / "ist-everyday.yaml")
    tests = text[text.index("\ntests:") :]
    assert not [kind for kind in (*GROUP_KINDS, *CONTACT_KINDS) if not re.search(rf"kind: {kind}\b", tests)]


def test_no_field_of_everyday_is_read_without_a_use(oslo: RoleModel) -> None:
    mapping = mapping_of("ist-everyday.yaml", oslo)
    used = {field for fields in oslo.release.values() for field in fields} | mapping.deciding | mapping.matching
    read = {field for field in PERSON_FIELDS if mapping.line_of("person", field)}
    assert read - used == {"given_name", "family_name"}


def test_everyday_never_asks_for_what_must_stay_in_the_school_system(oslo: RoleModel) -> None:
    wanted = mapping_of("ist-everyday.yaml", oslo).wanted
    assert not [
        name for name in wanted["person"] if re.search(r"tel|photo|adr|absence|gender|AtOrg|FIN|password", name)
    ]


# -- Feide ------------------------------------------------------------------------------------------------------------


def test_feide_gives_the_login_and_nothing_else(oslo: RoleModel) -> None:
    mapping = mapping_of("feide.yaml", oslo)
    read = {field for field in PERSON_FIELDS if mapping.line_of("person", field)}
    assert read - mapping.matching == {"feide_id"}
    assert dict(mapping.sensitive)["feide_id"]
    assert set(mapping.wanted) == {"person"}


# -- SITS -------------------------------------------------------------------------------------------------------------


def test_sits_gives_what_the_role_model_lists_and_no_more(oslo: RoleModel) -> None:
    mapping = mapping_of("sits.yaml", oslo)
    read = {field for field in PERSON_FIELDS if mapping.line_of("person", field)}
    assert read == {"given_name", "family_name", "national_number", "feide_id", "birth_date"}
    assert mapping.deciding == {"birth_date"}
    assert "contact" not in mapping.wanted


# -- the official samples -------------------------------------------------------------------------------------------


def read_sample(path: Path, mapping: Mapping, *, guardians: bool = False) -> tuple[list[Claim], list[str], list[str]]:
    """The claims of a sample, and the reasons for what was skipped and rejected."""
    connector = pifu.make("sample", pifu.Settings(files=str(path), guardians=guardians))
    reading = connector.read(
        Snapshot(str(path), "", None, ""), lambda raw: blake2b(raw).digest(), mapping.wanted, careful=True
    )
    mapped = [mapping.read(fragment.parse()) for fragment in reading]
    claims = [one.claim for one in mapped if one.claim is not None]
    skipped = [skip.because for one in mapped for skip in one.skipped]
    return claims, skipped, [rejected.because for one in mapped for rejected in one.rejected]


def test_the_official_sample_is_read_without_a_rejection(oslo: RoleModel, standards: Path) -> None:
    sample = standards / "pifu" / "samples" / "v1.3" / "PIFU-IMS_SAS_eksempel.xml"
    claims, skipped, rejected = read_sample(sample, mapping_of("ist-everyday.yaml", oslo), guardians=True)
    persons = [claim for claim in claims if isinstance(claim, PersonClaim)]
    groups = [claim for claim in claims if isinstance(claim, GroupClaim)]
    assert rejected == []
    assert skipped == ["next of kin (pårørende) get no access"]
    assert [len(person.contacts) for person in persons] == [0, 2, 0, 0, 0]
    assert len(persons[0].old_keys) == 1
    assert [group.kind for group in groups][:5] == ["owner", "school", "base_class", "teaching_group", "mentor_group"]
    assert [group.number for group in groups][:2] == ["999000999", "333000333"]
    assert {tie.role for claim in claims if isinstance(claim, MembershipClaim) for tie in claim.ties} == {
        "teacher",
        "pupil",
    }


@pytest.mark.parametrize("version", ["v1.2", "v1.3"])
def test_no_official_sample_is_rejected(version: str, oslo: RoleModel, standards: Path) -> None:
    mapping = mapping_of("ist-everyday.yaml", oslo)
    samples = sorted((standards / "pifu" / "samples" / version).glob("*.xml"))
    assert samples
    assert [read_sample(sample, mapping)[2] for sample in samples] == [[]] * len(samples)


@pytest.mark.parametrize("name", ["example-grouped.xml", "example-oneline.xml"])
def test_the_samples_of_the_student_system_are_read_without_a_rejection(
    name: str, oslo: RoleModel, standards: Path
) -> None:
    sample = standards / "pifu" / "samples" / "moodle-ims-enterprise" / name
    claims, _, rejected = read_sample(sample, mapping_of("ims-enterprise.yaml", oslo))
    names = [text for claim in claims if isinstance(claim, PersonClaim) for _, text in claim.values]
    assert rejected == []
    assert names
    assert not [text for text in names if text.isupper()], "names in capitals are tidied"
