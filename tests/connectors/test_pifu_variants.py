"""The head of a document in all its shapes: what is said of it, what is demanded of it, and which file it makes newest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rostersync.errors import SnapshotRefused

from .contract import NOW
from .documents import SOURCE, V1, V1_1, V1_2, WHOLE, DropFolder, document, made, peek, person, properties

MOMENT = "2026-11-21T04:00:00"


def head(*inside: str, attributes: str = ' lang="no"') -> str:
    return f"<properties{attributes}>{''.join(inside)}</properties>"


DATASOURCE = f"<datasource>{SOURCE}</datasource>"
FULL = "<type>full</type>"
WHEN = f"<datetime>{MOMENT}</datetime>"

SOUND = {
    "as the profile has it": properties(),
    "another order": head(WHEN, FULL, DATASOURCE),
    "with comments and a target": head(
        "<comments lang='no'>Natt</comments>", DATASOURCE, "<target>lms</target>", FULL, WHEN
    ),
    "without a language": head(DATASOURCE, FULL, WHEN, attributes=""),
    "with an extension": head(DATASOURCE, FULL, WHEN, "<extension><type>delta</type></extension>"),
    "on several lines": head(f"\n  {DATASOURCE}\n  <type>\n full\n</type>\n  <datetime> {MOMENT} </datetime>\n"),
    "in capitals": head(DATASOURCE, "<type>FULL</type>", WHEN),
    "with a comment before it": "<!-- eksport -->" + properties(),
    "with comments of the document before it": "<comments>Natt</comments>" + properties(),
    "twice the same": properties() + properties(),
    "without a datasource": head(FULL, WHEN),
}


@pytest.mark.parametrize("shape", SOUND)
def test_a_full_export_is_read_however_its_head_is_written(folder: DropFolder, shape: str) -> None:
    plain = folder.records(document(*WHOLE))
    found = folder.records(document(*WHOLE, head=SOUND[shape]))
    assert [(one.kind, one.fields) for one in found] == [(one.kind, one.fields) for one in plain]


@pytest.mark.parametrize("shape", [one for one in SOUND if one not in ("twice the same", "without a datasource")])
def test_its_head_says_where_it_is_from_and_when_it_was_made(tmp_path: Path, shape: str) -> None:
    path = tmp_path / "export.xml"
    path.write_bytes(document(*WHOLE, head=SOUND[shape]))
    header = peek(path)
    assert (header.datasource, header.type.lower(), header.datetime) == (SOURCE, "full", MOMENT)


UNSOUND = {
    "a delta": (head(DATASOURCE, "<type>delta</type>", WHEN), "properties/type is not full"),
    "an incremental one": (head(DATASOURCE, "<type>incremental</type>", WHEN), "properties/type is not full"),
    "full and more": (head(DATASOURCE, "<type>full (delvis)</type>", WHEN), "properties/type is not full"),
    "an empty type": (head(DATASOURCE, "<type/>", WHEN), "properties/type is missing"),
    "a type that only a comment gives": (head(DATASOURCE, "<!-- <type>full</type> -->", WHEN), "type is missing"),
    "full, and then a delta": (properties() + properties(kind="delta"), "properties/type is not full"),
    "none at all": ("", "it has no properties"),
}


@pytest.mark.parametrize("shape", UNSOUND)
def test_what_is_not_said_to_be_full_proves_no_absence(folder: DropFolder, shape: str) -> None:
    written, said = UNSOUND[shape]
    with pytest.raises(SnapshotRefused, match=said) as refused:
        folder.records(document(*WHOLE, head=written))
    assert (refused.value.reason, refused.value.releasable) == ("no proof", False)


@pytest.mark.parametrize("namespace", [V1, V1_1, V1_2, V1.upper(), "http://pifu.no/xsd/pifu-ims_sas/pifu-ims_sas-0.9"])
def test_every_version_of_the_profile_demands_that_full_is_said(folder: DropFolder, namespace: str) -> None:
    with pytest.raises(SnapshotRefused, match="properties/type is missing"):
        folder.records(document(*WHOLE, head=properties(kind=""), namespace=namespace))


@pytest.mark.parametrize("namespace", ["", "http://www.imsglobal.org/services/enterprise", "urn:sats"])
def test_plain_ims_is_full_unless_it_says_otherwise(folder: DropFolder, namespace: str) -> None:
    assert len(folder.records(document(*WHOLE, head=properties(kind=""), namespace=namespace))) == len(WHOLE)
    with pytest.raises(SnapshotRefused, match="properties/type is not full"):
        folder.records(document(*WHOLE, head=properties(kind="delta"), namespace=namespace))


@pytest.mark.parametrize("datasource", ["", "SAS.LUNDE.EXAMPLE", "sas.lunde.example.evil.example", "lunde.example"])
def test_a_datasource_must_be_the_demanded_one_to_the_letter(tmp_path: Path, datasource: str) -> None:
    folder = DropFolder(tmp_path, datasource=SOURCE)
    with pytest.raises(SnapshotRefused, match=f'properties/datasource is not "{SOURCE}"'):
        folder.records(document(*WHOLE, head=properties(datasource=datasource)))


def test_a_second_head_from_elsewhere_refuses_the_file_where_one_is_demanded(tmp_path: Path) -> None:
    folder = DropFolder(tmp_path, datasource=SOURCE)
    with pytest.raises(SnapshotRefused, match="properties/datasource is not"):
        folder.records(document(*WHOLE, properties(datasource="sas.annen.example")))


# -- which one is the newest ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("2026-11-20T23:59:59", "2026-11-21T00:00:00"),
        ("2026-11-21T04:00:00+01:00", "2026-11-21T03:30:00Z"),
        ("2026-11-21", "2026-11-21T00:00:01"),
        ("20/Nov/2026", "2026-11-21T00:00:00"),
        ("2025-12-31T23:00:00", "2026-01-01T00:00:00"),
        ("2026-11-21T04:00:00.100", "2026-11-21T04:00:00.200"),
    ],
)
@pytest.mark.parametrize("order", ["older first", "newer first"])
def test_the_newest_document_is_taken_whatever_the_names_say(
    folder: DropFolder, older: str, newer: str, order: str
) -> None:
    names = ("a.xml", "b.xml") if order == "older first" else ("b.xml", "a.xml")
    for name, when in zip(names, (older, newer), strict=True):
        folder.drop(made(when), name)
    snapshot = folder.connector.fetch(NOW)
    folder.connector.discard(snapshot)
    assert Path(snapshot.label).name == names[1]


def test_three_files_of_one_moment_of_which_one_differs_are_named_together(folder: DropFolder) -> None:
    for name in ("a.xml", "b.xml"):
        folder.drop(made(MOMENT), name)
    folder.drop(made(MOMENT, person("1")), "c.xml")
    with pytest.raises(
        SnapshotRefused, match=r"a\.xml, b\.xml, c\.xml say they were made at the same moment"
    ) as refused:
        folder.connector.fetch(NOW)
    assert refused.value.reason == "ambiguous"


def test_an_older_pair_of_one_moment_bothers_nobody(folder: DropFolder) -> None:
    folder.drop(made("2026-11-20T04:00:00"), "a.xml")
    folder.drop(made("2026-11-20T04:00:00", person("1")), "b.xml")
    folder.drop(made(MOMENT), "c.xml")
    snapshot = folder.connector.fetch(NOW)
    folder.connector.discard(snapshot)
    assert Path(snapshot.label).name == "c.xml"


def test_the_snapshot_of_an_export_tells_its_moment_in_its_own_zone(folder: DropFolder) -> None:
    folder.drop(made("2026-07-01T04:00:00"))
    snapshot = folder.connector.fetch(NOW)
    folder.connector.discard(snapshot)
    assert snapshot.taken_at == datetime(2026, 7, 1, 2, 0, tzinfo=UTC)


def test_with_a_greatest_age_an_export_is_taken_until_it_is_that_old(tmp_path: Path) -> None:
    folder = DropFolder(tmp_path, max_age=timedelta(hours=26))
    for hours in (0, 23, 25):
        folder.drop(made((NOW - timedelta(hours=hours)).isoformat(timespec="seconds")))
        folder.connector.discard(folder.connector.fetch(NOW))
    folder.drop(made((NOW - timedelta(hours=27)).isoformat(timespec="seconds")))
    with pytest.raises(SnapshotRefused, match=r"27\.0 hours old") as refused:
        folder.connector.fetch(NOW)
    assert (refused.value.reason, refused.value.releasable) == ("stale", True)
