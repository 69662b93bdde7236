"""The public samples are read whole: the official ones of versions 1.2 and 1.3, and two of plain IMS Enterprise."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .documents import DropFolder

OFFICIAL = [
    "v1.2/PIFU-IMS_SAS_eksempel.xml",
    "v1.3/PIFU-IMS_SAS_eksempel.xml",
    *(
        f"v1.3/PIFU-IMS_SAS_eksempel_{name}.xml"
        for name in (
            *("fravar_1", "fravar_1_kompakt", "fravar_2", "fravar_2_kompakt"),
            *("karakter_1", "karakter_1_kompakt", "karakter_2", "karakter_2_kompakt"),
        )
    ),
]
PLAIN = ["moodle-ims-enterprise/example-grouped.xml", "moodle-ims-enterprise/example-oneline.xml"]
SOURCE = "mitt-sas@måne.kommune.no"


def sample(standards: Path, name: str) -> bytes:
    return (standards / "pifu" / "samples" / name).read_bytes()


@pytest.mark.parametrize("name", OFFICIAL + PLAIN)
def test_every_element_of_a_sample_becomes_a_record(standards: Path, folder: DropFolder, name: str) -> None:
    content = sample(standards, name)
    bare = re.sub(rb"<!--.*?-->", b"", content, flags=re.DOTALL)
    expected = {kind: len(re.findall(rb"<%s[\s>]" % kind.encode(), bare)) for kind in ("person", "group", "membership")}
    records = folder.records(content)
    assert {kind: sum(record.kind == kind for record in records) for kind in expected} == expected
    roles = sum(part.kind == "member" for record in records for part in record.parts)
    assert roles == len(re.findall(rb"<role[\s>]", bare))
    assert all("sourcedid" in record.fields for record in records)


@pytest.mark.parametrize("name", OFFICIAL[:2])
def test_the_official_sample_is_understood(standards: Path, folder: DropFolder, name: str) -> None:
    records = {record.fields["sourcedid"][0]: record for record in folder.records(sample(standards, name))[:14]}
    teacher, pupil = records[f"{SOURCE}/global_ID_01235"], records[f"{SOURCE}/global_ID_01236"]
    assert teacher.fields["sourcedid.old"] == (f"{SOURCE}/Måne_personid_1235",)
    assert [part.fields["type"] for part in teacher.parts] == [("nextOfKin",)]
    assert [part.fields["contact"][0] for part in pupil.parts] == [
        f"{SOURCE}/global_ID_03822",
        f"{SOURCE}/global_ID_03823",
    ]
    # both numbers fail their check digits, and are delivered all the same: judging them is not the reader's business
    assert teacher.fields["userid.personNIN"] == ("17097055655",)
    assert pupil.fields["userid.personNIN"] == ("09119311111",)
    owner, school = records[f"{SOURCE}/global_ID_org_2"], records[f"{SOURCE}/global_ID_org_17"]
    assert "parent" not in owner.fields
    assert school.fields["parent"] == (f"{SOURCE}/global_ID_org_2",)
    assert school.fields["ext.id.organizationNumber"] == ("333000333",)
    # a leading space in the sample's Grep code
    (programme,) = (record for record in records.values() if record.fields.get("type") == ("programområde",))
    assert programme.fields["ext.id.grepCode"][0].startswith("uuid:")


def test_the_secrets_of_the_official_samples_stay_inside(standards: Path, folder: DropFolder) -> None:
    for name in OFFICIAL:
        told = repr(folder.records(sample(standards, name)))
        for secret in ("4bee4fc53ab2a25fb6bc15b892e97b82", "jannest.jpg", "Neil Armstrongs aveny", "smj", "Måneby"):
            assert secret not in told


def test_padded_ids_of_plain_ims_match(standards: Path, folder: DropFolder) -> None:
    for name in PLAIN:
        records = folder.records(sample(standards, name))
        persons = {record.fields["sourcedid"] for record in records if record.kind == "person"}
        (members,) = (record.parts for record in records if record.kind == "membership")
        assert {(member.whose,) for member in members} == persons
        assert [member.fields["roletype"] for member in members] == [("01",)] * 4 + [("02",)]


def test_an_announced_deletion_of_plain_ims_is_told_as_a_field(standards: Path, folder: DropFolder) -> None:
    records = folder.records(sample(standards, PLAIN[0]))
    (group,) = (record for record in records if record.kind == "group")
    assert group.fields["recstatus"] == ("3",)
    assert group.fields["sourcedid"] == ("sits:vision/PHRE1001A2005/06T1/2",)
