"""CSV sets in a folder: which of them count, what bulk and delta come to together, and everything that is refused."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from rostersync.connectors import Snapshot
from rostersync.connectors.oneroster import OneRosterConnector, Settings, make
from rostersync.errors import RostersyncError, SnapshotRefused, SourceUnavailable
from rostersync.model import Record

from .contract import NOW
from .oneroster_parts import (
    SECRETS,
    csv_files,
    enrollment,
    only,
    records_of,
    rest,
    school_class,
    user,
    whole,
    write_folder,
    write_zip,
)

GONE = {"status": "tobedeleted"}


class Sets:
    """A folder that sets are dropped in, one an hour, the last one an hour ago."""

    def __init__(self, home: Path) -> None:
        self.folder, self.spool = home / "in", home / "spool"
        self.folder.mkdir()
        self.spool.mkdir()

    def connector(self, **more: object) -> OneRosterConnector:
        pattern = str(self.folder / "*")
        return make("vis", Settings(**{"files": pattern, "spool": self.spool, "guardians": True, **more}))  # type: ignore[arg-type]

    def drop(self, name: str, roster: dict[str, list[dict[str, object]]], how: str = "bulk", hours: float = 1) -> Path:
        write = write_zip if name.endswith(".zip") else write_folder
        return write(self.folder / name, roster, how=how, changed=NOW - timedelta(hours=hours))

    def fetch(self, **more: object) -> Snapshot:
        return self.connector(**more).fetch(NOW)

    def records(self) -> list[Record]:
        return records_of(self.connector())

    def people(self) -> set[str]:
        return {record.fields["sourcedId"][0] for record in self.records() if record.kind == "person"}

    def refusal(self, **more: object) -> RostersyncError:
        with pytest.raises((SnapshotRefused, SourceUnavailable)) as caught:
            self.fetch(**more)
        told = f"{caught.value} {caught.value.__context__!r} {caught.value.__cause__!r}"
        assert not [secret for secret in SECRETS if secret in told]
        assert list(self.spool.iterdir()) == []
        return caught.value


@pytest.fixture
def sets(tmp_path: Path) -> Sets:
    return Sets(tmp_path)


# -- which sets count -------------------------------------------------------------------------------------------------


def test_the_newest_bulk_set_counts_and_older_ones_do_not(sets: Sets) -> None:
    sets.drop("a.zip", whole() | {"users": [user("gammel")]}, hours=9)
    sets.drop("b.zip", whole(), hours=1)
    assert "gammel" not in sets.people()


def test_a_delta_adds_changes_and_takes_away(sets: Sets) -> None:
    sets.drop("1.zip", whole(), hours=9)
    sets.drop(
        "2.zip", {"users": [user("elev-2"), user("elev-1", givenName="Karina"), user("foresatt-1") | GONE]}, "delta", 5
    )
    assert sets.people() == {"elev-1", "elev-2", "lærer/1"}
    assert only(sets.records(), "person", sourcedId="elev-1").fields["givenName"] == ("Karina",)


def test_several_deltas_count_in_the_order_in_which_they_were_written(sets: Sets) -> None:
    sets.drop("1.zip", whole(), hours=9)
    sets.drop("x.zip", {"users": [user("elev-2") | GONE]}, "delta", 7)
    sets.drop("a.zip", {"users": [user("elev-2", givenName="Én")]}, "delta", 5)
    sets.drop("m", {"users": [user("elev-2", givenName="To")]}, "delta", 3)
    assert only(sets.records(), "person", sourcedId="elev-2").fields["givenName"] == ("To",)


def test_a_delta_that_is_older_than_the_bulk_set_does_not_count(sets: Sets) -> None:
    sets.drop("delta.zip", {"users": [user("elev-1") | GONE]}, "delta", 9)
    sets.drop("bulk.zip", whole(), hours=5)
    assert "elev-1" in sets.people()


def test_a_move_to_another_school_in_a_delta_ends_the_place_at_the_old_one(sets: Sets) -> None:
    sets.drop("1.zip", whole(), hours=9)
    sets.drop("2.zip", {"users": [user("elev-1", orgs=["annen"])]}, "delta", 5)
    records = sets.records()
    assert [part.whose for part in only(records, "membership", group="org/skole").parts] == ["lærer/1"]
    assert [part.whose for part in only(records, "membership", group="org/annen").parts] == ["elev-1"]


def test_the_end_of_an_enrollment_in_a_delta_leaves_the_others_in_the_class(sets: Sets) -> None:
    sets.drop("1.zip", whole(), hours=9)
    sets.drop("2.zip", {"enrollments": [enrollment("7A", "elev-1") | GONE]}, "delta", 5)
    assert [part.whose for part in only(sets.records(), "membership", group="class/7A").parts] == ["lærer/1"]


def test_the_roles_of_1_2_come_in_deltas_too(sets: Sets) -> None:
    write_zip(sets.folder / "1.zip", whole(), version="1.2", changed=NOW - timedelta(hours=9))
    more = {"users": [user("elev-2", orgs=["skole", "annen"])]}
    write_zip(sets.folder / "2.zip", more, how="delta", version="1.2", changed=NOW - timedelta(hours=5))
    found = only(sets.records(), "membership", group="org/annen")
    assert [part.fields["home"] for part in found.parts] == [("false",)]


def test_what_a_bulk_row_says_of_its_status_is_put_up_with(sets: Sets) -> None:
    """The standard wants it blank in bulk; some senders write it all the same."""
    files = csv_files(whole(), how="delta")
    files["manifest.csv"] = files["manifest.csv"].replace(b"delta", b"bulk")
    for name, content in files.items():
        (sets.folder / "set").mkdir(exist_ok=True)
        rest(_written(sets.folder / "set" / name, content))
    rest(sets.folder / "set")
    assert len(sets.people()) == 3


def test_a_set_is_dated_by_its_newest_file(sets: Sets) -> None:
    sets.drop("1.zip", whole(), hours=9)
    sets.drop("2.zip", {"users": [user("elev-2")]}, "delta", 5)
    assert abs(sets.fetch().taken_at - (NOW - timedelta(hours=5))) < timedelta(seconds=1)  # type: ignore[operator]


def test_sets_that_a_newer_one_has_replaced_are_deleted_if_the_config_says_so(sets: Sets) -> None:
    for name, hours in (("old.zip", 20), ("older", 30), ("bulk.zip", 9)):
        sets.drop(name, whole(), hours=hours)
    sets.drop("delta.zip", {"users": [user("elev-2")]}, "delta", 5)
    for after, left in (("keep", 4), ("delete", 2)):
        connector = sets.connector(after=after)
        connector.accepted(connector.fetch(NOW))
        assert len(list(sets.folder.iterdir())) == left


# -- what is refused --------------------------------------------------------------------------------------------------


def test_deltas_without_a_bulk_set_are_no_whole(sets: Sets) -> None:
    sets.drop("2.zip", {"users": [user("elev-2")]}, "delta", 5)
    assert "no set has orgs, classes, users, enrollments in bulk" in str(sets.refusal())


@pytest.mark.parametrize("name", ["set.zip", "set"])
def test_a_set_without_a_manifest_is_refused(sets: Sets, name: str) -> None:
    sets.drop("set", whole())
    (sets.folder / "set" / "manifest.csv").unlink()
    if name == "set.zip":
        shutil.make_archive(str(sets.folder / "set"), "zip", sets.folder / "set")
        shutil.rmtree(sets.folder / "set")
        rest(sets.folder / "set.zip")
    assert "it has no manifest.csv" in str(sets.refusal())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda text: text[: len(text) // 2], r"users\.csv: line \d+ has \d+ fields where the first line names"),
        (
            lambda text: text.replace(b"Hemmelig", "Åse".encode("latin-1")),
            r"users\.csv: what follows line \d+ is not UTF-8",
        ),
        (lambda text: text.replace(b"Kari", b'"Kari'), r"users\.csv: what follows line \d+ is not CSV"),
        (lambda text: text.replace(b"sourcedId", b"id"), r"users\.csv: its first line names no column sourcedId"),
        (lambda text: b"", r"users\.csv: its first line names no column sourcedId"),
        (lambda text: b"<html>Logg inn</html>", r"users\.csv: its first line names no column sourcedId"),
    ],
)
def test_a_file_that_is_cut_off_or_broken_refuses_the_set(
    sets: Sets, change: Callable[[bytes], bytes], sentence: str
) -> None:
    sets.drop("set", whole())
    path = sets.folder / "set" / "users.csv"
    rest(_written(path, change(path.read_bytes())))
    error = sets.refusal()
    assert re.search(sentence, str(error))
    assert not getattr(error, "releasable", False)


def test_a_file_that_the_manifest_names_and_the_set_lacks_refuses_it(sets: Sets) -> None:
    sets.drop("set", whole())
    (sets.folder / "set" / "enrollments.csv").unlink()
    rest(sets.folder / "set")
    assert "it has no enrollments.csv, though it should" in str(sets.refusal())


@pytest.mark.parametrize("at", [0.3, 0.6, 0.95])
def test_a_zip_file_that_is_cut_off_is_refused(sets: Sets, at: float) -> None:
    path = sets.drop("set.zip", whole())
    content = path.read_bytes()
    rest(_written(path, content[: int(len(content) * at)]))
    assert "the zip file is damaged" in str(sets.refusal())


def test_a_zip_file_with_one_wrong_byte_is_refused(sets: Sets) -> None:
    path = sets.drop("set.zip", whole())
    content = bytearray(path.read_bytes())
    content[content.index(b"users.csv") + len("users.csv") + 20] ^= 0xFF
    rest(_written(path, bytes(content)))
    assert "the zip file is damaged" in str(sets.refusal())


def test_a_manifest_that_says_nothing_is_refused(sets: Sets) -> None:
    sets.drop("set", whole())
    rest(_written(sets.folder / "set" / "manifest.csv", b"propertyName,value\n"))
    assert "does not say which files are bulk, delta or absent" in str(sets.refusal())


def test_a_set_that_is_still_growing_is_waited_for(sets: Sets) -> None:
    sets.drop("set.zip", whole(), hours=0.001)
    assert "still growing or younger than settle (10 s)" in str(sets.refusal())


def test_an_old_set_is_refused_and_can_be_released(sets: Sets) -> None:
    sets.drop("set.zip", whole(), hours=30)
    error = sets.refusal(max_age=timedelta(hours=26))
    assert isinstance(error, SnapshotRefused)
    assert error.releasable
    assert sets.connector(max_age=timedelta(hours=26)).fetch(NOW, [error.digest]).digest == error.digest


def test_check_tells_what_fetching_would(sets: Sets) -> None:
    connector = sets.connector(settle=None)
    assert "no zip file or folder is there" in connector.check()[0]
    sets.drop("set.zip", whole())
    assert connector.check() == []
    sets.drop("set.zip", {"users": [user("x")]}, "delta")
    assert "in bulk" in connector.check()[0]


# -- what the columns hold --------------------------------------------------------------------------------------------


def test_a_byte_order_mark_and_quoted_line_breaks_are_no_trouble(sets: Sets) -> None:
    roster = whole()
    roster["users"][0] |= {"givenName": 'Kari "Kaja"', "phone": "1\r\n2"}
    roster["classes"].append(school_class("Å, Æ og Ø"))
    sets.drop("set", roster)
    path = sets.folder / "set" / "users.csv"
    rest(_written(path, b"\xef\xbb\xbf" + path.read_bytes()))
    records = sets.records()
    assert only(records, "person", sourcedId="elev-1").fields["givenName"] == ('Kari "Kaja"',)
    assert only(records, "group", key="class/Å, Æ og Ø").fields["title"] == ("Å, Æ og Ø",)


def test_several_user_ids_are_told_apart(sets: Sets) -> None:
    ids = [{"type": "Feide", "identifier": "kari@lunde.example"}, {"type": "System", "identifier": "12"}]
    sets.drop("set.zip", whole() | {"users": [user("elev-1", userIds=ids)]})
    fields = only(sets.records(), "person").fields
    assert (fields["userIds.Feide"], fields["userIds.System"]) == (("kari@lunde.example",), ("12",))


def test_the_headers_and_the_sample_of_others_are_read(sets: Sets, standards: Path) -> None:
    """1.1 headers with metadata columns, and a generated sample whose bulk rows have a status."""
    folder = sets.folder / "set"
    folder.mkdir()
    for path in (standards / "oneroster" / "csv-v1p1-headers").glob("*.csv"):
        rest(_written(folder / path.name, path.read_bytes()))
    for path in (standards / "oneroster" / "csv-v1p1-sample").glob("*.csv"):
        rest(_written(folder / path.name, path.read_bytes()))
    rest(folder)
    lines = (folder / "users.csv").read_text(encoding="utf-8").splitlines()
    assert len(sets.people()) == len(lines) - 1 == 4


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
