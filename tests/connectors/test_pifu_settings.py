"""The keys of `[source.NAME]` with type pifu: what may be left out, what each does, and every mistake with its line."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from rostersync.config import load
from rostersync.connectors.pifu import Settings, make
from rostersync.errors import SnapshotRefused, SourceUnavailable, UserMistake
from rostersync.model import Record

from .contract import NOW
from .documents import V1, WHOLE, DropFolder, document, made, member, membership, person, properties, role

CONFIG = """\
version = 1
[state]
url = "sqlite:///state.db"
secret = { file = "state.secret" }
[source.everyday]
type = "pifu"
mapping = "everyday.yaml"
files = "in/*.xml"
[target.lms]
type = "oneroster_csv"
directory = "out"
[sync.oslo]
from = ["everyday"]
to = ["lms"]
roles = "oslo.yaml"
"""
LINE = 9
"""Where `more` stands."""


def settings(folder: Path, more: str = "", files: str = 'files = "in/*.xml"') -> Settings:
    """The settings that a config with these lines in `[source.everyday]` gives."""
    path = folder / "rostersync.toml"
    path.write_text(CONFIG.replace('files = "in/*.xml"', f"{files}\n{more}".rstrip()))
    found = load(path).sources["everyday"].settings
    assert isinstance(found, Settings)
    return found


# -- reading them -----------------------------------------------------------------------------------------------------


def test_what_is_left_out_is_careful(tmp_path: Path) -> None:
    found = settings(tmp_path)
    assert not found.guardians, "contacts stay in the school system until somebody lets them out"
    assert (found.after, found.dialect, found.datasource) == ("keep", "auto", "")
    assert (found.settle, found.max_age, found.zone) == (timedelta(seconds=10), None, "Europe/Oslo")


@pytest.mark.parametrize(
    ("more", "field", "value"),
    [
        ('settle = "2m"', "settle", timedelta(minutes=2)),
        ('settle = "0s"', "settle", timedelta()),
        ('settle = "off"', "settle", None),
        ('max_age = "26h"', "max_age", timedelta(hours=26)),
        ('max_age = "2d"', "max_age", timedelta(days=2)),
        ('after = "delete"', "after", "delete"),
        ('dialect = "ims"', "dialect", "ims"),
        ("guardians = true", "guardians", True),
        ('datasource = "sas.lunde.example"', "datasource", "sas.lunde.example"),
        ('zone = "UTC"', "zone", "UTC"),
    ],
)
def test_a_key_is_read_as_it_is_written(tmp_path: Path, more: str, field: str, value: object) -> None:
    assert getattr(settings(tmp_path, more), field) == value


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("in/*.xml", "{here}/in/*.xml"),
        ("/srv/pifu/[a-c]*.xml", "/srv/pifu/[a-c]*.xml"),
        ("export.xml", "{here}/export.xml"),
        ("sftp://fil@export.lunde.example/ut/*.xml", "sftp://fil@export.lunde.example/ut/*.xml"),
        ("https://export.lunde.example/ut/export.xml", "https://export.lunde.example/ut/export.xml"),
    ],
)
def test_the_pattern_begins_at_the_config(tmp_path: Path, written: str, read: str) -> None:
    assert settings(tmp_path, files=f'files = "{written}"').files == read.format(here=tmp_path)


def test_the_spool_begins_at_the_config_too(tmp_path: Path) -> None:
    assert settings(tmp_path, 'spool = "private"').spool == tmp_path / "private"


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ("settle = 10", '"settle" must be a time span such as "10s", "15m", "26h" or "30d"'),
        ('settle = "ten seconds"', '"settle" must be a time span'),
        ('settle = "-10s"', '"settle" must be a time span'),
        ('max_age = "1.5h"', '"max_age" must be a time span'),
        ('max_age = "2w"', '"max_age" must be a time span'),
        ('dialect = "pifu-ims"', '"dialect" must be "auto" or "pifu" or "ims"'),
        ('dialect = "PIFU"', '"dialect" must be "auto" or "pifu" or "ims"'),
        ("datasource = true", '"datasource" must be a text in quotes'),
        ("zone = [1]", '"zone" must be a text in quotes'),
        ("spool = true", '"spool" must be a text in quotes'),
        ('guardians = "yes"', '"guardians" must be true or false, without quotes'),
        ("guardian = true", 'unknown key "guardian" in [source.everyday] (did you mean "guardians"?)'),
        ('max_days = "2d"', 'unknown key "max_days" in [source.everyday]'),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, more: str, sentence: str) -> None:
    with pytest.raises(UserMistake) as raised:
        settings(tmp_path, more)
    (problem,) = raised.value.problems
    assert str(problem).startswith(f"rostersync.toml:{LINE}: {sentence}")


def test_without_files_nobody_knows_what_to_read(tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match=r'"files" is missing in \[source.everyday\]'):
        settings(tmp_path, files="")


def test_every_mistake_in_the_table_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(UserMistake) as raised:
        settings(tmp_path, 'settle = 3\nafter = "move"\ndialekt = "ims"')
    assert len(raised.value.problems) == 3


@pytest.mark.parametrize("zone", ["", "Oslo", "Europe", "/etc/hostname", "../UTC", "Europe/Oslo\\u0000"])
def test_a_zone_that_is_none_is_a_mistake_whatever_it_looks_like(zone: str) -> None:
    with pytest.raises(UserMistake, match='is no time zone; use one such as "Europe/Oslo"'):
        make("everyday", Settings(files="/srv/in/*.xml", zone=zone.replace("\\u0000", "\0")))


# -- what they do -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("zone", "hours"), [("Europe/Oslo", 3), ("UTC", 4), ("America/New_York", 9)])
def test_the_zone_says_when_a_document_without_one_was_made(tmp_path: Path, zone: str, hours: int) -> None:
    folder = DropFolder(tmp_path, zone=zone)
    folder.drop(made("2026-11-21T04:00:00"))
    snapshot = folder.connector.fetch(NOW)
    folder.connector.discard(snapshot)
    assert snapshot.taken_at is not None
    assert snapshot.taken_at.isoformat()[:19] == "2026-11-21T04:00:00"
    assert (snapshot.taken_at.timestamp() / 3600) % 24 == hours


def test_the_newest_is_told_by_moments_and_not_by_what_clocks_showed(tmp_path: Path) -> None:
    folder = DropFolder(tmp_path, zone="America/New_York")
    folder.drop(made("2026-11-21T04:00:00"), "here.xml")
    folder.drop(made("2026-11-21T08:59:59Z"), "there.xml")
    snapshot = folder.connector.fetch(NOW)
    folder.connector.discard(snapshot)
    assert Path(snapshot.label).name == "here.xml"


@pytest.mark.parametrize(
    ("dialect", "namespace", "status"),
    [
        ("auto", V1, None),
        ("auto", "", "1"),
        ("pifu", "", None),
        ("ims", V1, "1"),
    ],
)
def test_the_dialect_says_what_a_role_without_a_status_means(
    tmp_path: Path, dialect: str, namespace: str, status: str | None
) -> None:
    folder = DropFolder(tmp_path, dialect=dialect)
    content = document(membership("7A", member("1", role("01", ""))), namespace=namespace)
    (part,) = folder.records(content)[0].parts
    assert part.fields.get("status") == (None if status is None else (status,))


def test_a_pifu_dialect_by_choice_refuses_an_export_of_no_stated_type(tmp_path: Path) -> None:
    folder = DropFolder(tmp_path, dialect="pifu")
    content = document(person("1"), head=properties(kind=""), namespace="")
    with pytest.raises(SnapshotRefused, match="properties/type is missing"):
        folder.records(content)


@pytest.mark.parametrize("datasource", ["sas.lunde.example", ""])
def test_the_own_datasource_and_any_datasource_are_read(tmp_path: Path, datasource: str) -> None:
    assert len(DropFolder(tmp_path, datasource=datasource).records(document(*WHOLE))) == len(WHOLE)


@pytest.mark.parametrize("guardians", [True, False])
def test_contacts_come_out_when_they_are_let_out_and_everything_else_in_any_case(
    tmp_path: Path, guardians: bool
) -> None:
    records = DropFolder(tmp_path, guardians=guardians).records(document(*WHOLE))
    parts: list[Record] = [part for one in records for part in one.parts if part.kind == "contact"]
    assert bool(parts) is guardians
    assert len(records) == len(WHOLE)


@pytest.mark.parametrize(
    ("pattern", "taken"),
    [
        ("everyday-*.xml", "everyday-1.xml"),
        ("[v-z]*.xml", "vis-1.xml"),
        ("*/*.xml", "late.xml"),
        ("vis-?.xml", "vis-1.xml"),
    ],
)
def test_a_pattern_chooses_among_the_files_of_several_senders(tmp_path: Path, pattern: str, taken: str) -> None:
    folder = DropFolder(tmp_path, files=str(tmp_path / "in" / pattern))
    (folder.folder / "deeper").mkdir()
    for name in ("everyday-1.xml", "vis-1.xml", "deeper/late.xml", "vis-10.xml.part"):
        folder.drop(made("2026-11-21T04:00:00"), name)
    snapshot = folder.connector.fetch(NOW)
    folder.connector.discard(snapshot)
    assert Path(snapshot.label).name == taken


def test_a_pattern_that_fits_nothing_says_what_it_looked_for(tmp_path: Path) -> None:
    folder = DropFolder(tmp_path, files=str(tmp_path / "in" / "everyday-*.xml"))
    folder.drop(made("2026-11-21T04:00:00"), "Everyday-1.XML")
    with pytest.raises(
        SourceUnavailable, match=r"everyday-\*\.xml: no file is there; .* the setting files fits its name"
    ):
        folder.connector.fetch(NOW)
