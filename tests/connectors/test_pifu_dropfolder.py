"""Which file is read, when it is at rest, and how old it may be."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from rostersync.errors import SnapshotRefused, SourceUnavailable
from rostersync.transport.files import Files, FilesSettings

from .contract import NOW
from .documents import DropFolder, made, person

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


def fetched(folder: DropFolder, now: datetime = NOW) -> str:
    """The name of the file that is fetched."""
    snapshot = folder.connector.fetch(now)
    folder.connector.discard(snapshot)
    return Path(snapshot.label).name


# -- which one ------------------------------------------------------------------------------------------------------


def test_the_newest_by_its_own_date_is_read_whatever_the_file_system_says(folder: DropFolder) -> None:
    folder.drop(made("2026-11-21T04:00:00"), "a.xml", changed=NOW - 9 * HOUR)
    folder.drop(made("2026-11-20T04:00:00"), "b.xml", changed=NOW - HOUR)
    assert fetched(folder) == "a.xml"


def test_a_date_with_a_zone_is_compared_as_a_moment(folder: DropFolder) -> None:
    folder.drop(made("2026-11-21T04:30:00"), "oslo.xml")
    folder.drop(made("2026-11-21T04:00:00Z"), "utc.xml")
    assert fetched(folder) == "utc.xml"


def test_a_file_without_a_date_competes_by_the_file_systems(folder: DropFolder) -> None:
    folder.drop(made(""), "undated.xml", changed=datetime.fromisoformat("2026-11-21T05:00:00+01:00"))
    folder.drop(made("2026-11-21T04:00:00"), "dated.xml")
    assert fetched(folder) == "undated.xml"
    snapshot = folder.connector.fetch(NOW)
    assert snapshot.taken_at is None


def test_a_broken_file_that_may_be_the_newest_is_not_passed_over(folder: DropFolder) -> None:
    folder.drop(made("2026-11-21T04:00:00"), "good.xml")
    folder.drop(b"<enterprise><prop", "broken.xml", changed=NOW - HOUR)
    with pytest.raises(SnapshotRefused, match=r"broken\.xml"):
        folder.connector.fetch(NOW)


def test_a_broken_file_of_long_ago_bothers_nobody(folder: DropFolder) -> None:
    folder.drop(made("2026-11-21T04:00:00"), "good.xml")
    folder.drop(b"<enterprise><prop", "broken.xml", changed=datetime.fromisoformat("2026-01-01T00:00:00+01:00"))
    assert fetched(folder) == "good.xml"


def test_two_different_files_of_one_moment_are_both_refused(folder: DropFolder) -> None:
    folder.drop(made("2026-11-21T04:00:00"), "a.xml")
    folder.drop(made("2026-11-21T04:00:00", person("1")), "b.xml")
    folder.drop(made("2026-11-20T04:00:00", person("2")), "old.xml")
    with pytest.raises(SnapshotRefused, match=r"a\.xml, b\.xml say") as caught:
        folder.connector.fetch(NOW)
    assert caught.value.reason == "ambiguous"
    assert not caught.value.releasable


def test_the_same_file_twice_is_one_file(folder: DropFolder) -> None:
    folder.drop(made("2026-11-21T04:00:00"), "a.xml")
    folder.drop(made("2026-11-21T04:00:00"), "b.xml")
    assert fetched(folder) in ("a.xml", "b.xml")


def test_hidden_files_other_names_and_folders_are_left_alone(folder: DropFolder) -> None:
    folder.drop(made("2026-11-21T04:00:00"), "export.xml")
    folder.drop(made("2026-11-22T04:00:00"), ".export.xml.part.xml")
    folder.drop(made("2026-11-22T04:00:00"), "export.xml.tmp")
    (folder.folder / "folder.xml").mkdir()
    assert fetched(folder) == "export.xml"


def test_a_pattern_without_a_wildcard_names_one_file(tmp_path: Path) -> None:
    folder = DropFolder(tmp_path, files=str(tmp_path / "in" / "export.xml"))
    folder.drop(made("2026-11-21T04:00:00"), "export.xml")
    folder.drop(made("2026-11-22T04:00:00"), "other.xml")
    assert fetched(folder) == "export.xml"


# -- at rest --------------------------------------------------------------------------------------------------------


def test_a_file_that_still_grows_is_waited_for(folder: DropFolder) -> None:
    folder.drop(made("2026-11-21T04:00:00"), changed=NOW - 9 * SECOND)
    with pytest.raises(SourceUnavailable, match=r"still growing or younger than settle \(10 s\)"):
        folder.connector.fetch(NOW)
    assert fetched(folder, NOW + 2 * SECOND) == "export.xml"


def test_an_older_file_at_rest_is_read_while_a_newer_one_grows(folder: DropFolder) -> None:
    folder.drop(made("2026-11-20T04:00:00"), "yesterday.xml")
    folder.drop(made("2026-11-21T04:00:00"), "today.xml", changed=NOW)
    assert fetched(folder) == "yesterday.xml"


def test_a_file_server_whose_clock_runs_ahead_does_not_block_for_ever(folder: DropFolder) -> None:
    folder.drop(made("2026-11-21T04:00:00"), changed=NOW + 3 * HOUR)
    assert fetched(folder) == "export.xml"
    folder.drop(made("2026-11-21T04:00:00"), changed=NOW + 5 * SECOND)
    with pytest.raises(SourceUnavailable):
        folder.connector.fetch(NOW)


def test_settling_can_be_switched_off(tmp_path: Path) -> None:
    folder = DropFolder(tmp_path, settle=None)
    folder.drop(made("2026-11-21T04:00:00"), changed=NOW)
    assert fetched(folder) == "export.xml"


def fetched_again_and_again(files: Files) -> None:
    """On a busy machine, whoever writes to the file may not get the processor during one copy."""
    for _ in range(100):
        files.discard(files.fetch(NOW).path)


def test_a_file_that_changes_while_it_is_copied_is_not_taken(folder: DropFolder, tmp_path: Path) -> None:
    # somebody goes on writing to it the whole time
    path = folder.drop(made("2026-11-21T04:00:00", *(person(str(number)) for number in range(40_000))))
    whole = path.stat().st_size
    writer = subprocess.Popen(
        [sys.executable, "-c", "import sys\nwhile True: open(sys.argv[1], 'ab').write(b' ')", str(path)]
    )
    try:
        while path.stat().st_size == whole:
            pass
        files = Files("everyday", FilesSettings(files=str(path), settle=None, spool=folder.spool))
        with pytest.raises(SourceUnavailable, match="changed while it was read"):
            fetched_again_and_again(files)
    finally:
        writer.kill()
        writer.wait()
    assert not list(folder.spool.iterdir())


# -- nothing there, or nothing to be read -------------------------------------------------------------------------


def test_what_is_missing_is_told_apart(tmp_path: Path) -> None:
    folder = DropFolder(tmp_path)
    with pytest.raises(SourceUnavailable, match="no file is there; check that the export still runs"):
        folder.connector.fetch(NOW)
    gone = DropFolder(tmp_path, files=str(tmp_path / "gone" / "*" / "*.xml"))
    with pytest.raises(SourceUnavailable, match="gone: no such folder; create it"):
        gone.connector.fetch(NOW)
    assert gone.connector.check() == [f"{tmp_path / 'gone'}: no such folder; create it, or correct the setting files"]


def test_an_empty_file_is_refused_as_empty(folder: DropFolder) -> None:
    folder.drop(b"")
    with pytest.raises(SnapshotRefused, match="is empty"):
        folder.connector.fetch(NOW)


def test_a_file_that_cannot_be_read_is_a_matter_of_rights(tmp_path: Path) -> None:
    # even root gets no byte out of this one
    unreadable = DropFolder(tmp_path, files="/proc/self/mem", settle=None)
    with pytest.raises(SourceUnavailable, match="check the rights"):
        unreadable.connector.fetch(NOW)
    assert any("check the rights" in sentence for sentence in unreadable.connector.check())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_listed_is_said_to_be_so(folder: DropFolder) -> None:
    folder.folder.chmod(0)
    try:
        with pytest.raises(SourceUnavailable, match="may not be listed"):
            folder.connector.fetch(NOW)
    finally:
        folder.folder.chmod(0o700)


# -- how old --------------------------------------------------------------------------------------------------------


AGED = datetime.fromisoformat("2026-11-22T06:00:01+01:00")


def test_an_export_older_than_allowed_is_refused_until_a_human_lets_it_through(tmp_path: Path) -> None:
    folder = DropFolder(tmp_path, max_age=26 * HOUR)
    folder.drop(made("2026-11-21T04:00:00"))
    with pytest.raises(SnapshotRefused, match=r"26\.0 hours old, more than max_age \(26\.0 hours\)") as caught:
        folder.connector.fetch(AGED)
    assert (caught.value.reason, caught.value.releasable) == ("stale", True)
    assert not list(folder.spool.iterdir())
    snapshot = folder.connector.fetch(AGED, released=[caught.value.digest])
    assert snapshot.digest == caught.value.digest
    assert folder.connector.fetch(AGED - SECOND).digest == snapshot.digest


def test_an_export_without_a_date_is_as_old_as_its_file(tmp_path: Path) -> None:
    folder = DropFolder(tmp_path, max_age=26 * HOUR)
    folder.drop(made(""), changed=NOW - 25 * HOUR)
    assert folder.connector.fetch(NOW).taken_at is None
    with pytest.raises(SnapshotRefused, match="hours old"):
        folder.connector.fetch(NOW + 2 * HOUR)


def test_an_export_from_the_future_is_refused_where_age_matters(tmp_path: Path) -> None:
    early = datetime.fromisoformat("2026-11-19T04:00:00+01:00")
    folder = DropFolder(tmp_path, max_age=26 * HOUR)
    folder.drop(made("2026-11-21T04:00:00"))
    with pytest.raises(SnapshotRefused, match=r"48\.0 hours ahead") as caught:
        folder.connector.fetch(early)
    assert caught.value.releasable
    assert fetched(folder, early + 24 * HOUR) == "export.xml"


def test_a_date_that_cannot_be_read_is_an_age_that_nobody_knows(folder: DropFolder) -> None:
    folder.drop(made("i går"))
    with pytest.raises(SnapshotRefused, match="nobody knows how old") as caught:
        folder.connector.fetch(NOW)
    assert (caught.value.reason, caught.value.releasable) == ("stale", True)
    assert folder.connector.fetch(NOW, released={caught.value.digest}).taken_at is None


def test_the_snapshot_carries_the_documents_own_date(folder: DropFolder) -> None:
    folder.drop(made("2026-07-01"))
    assert folder.connector.fetch(NOW).taken_at == datetime.fromisoformat("2026-07-01T00:00:00+02:00")
