"""What is copied, by what it is known again, and what becomes of it afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from rostersync.connectors.pifu import make
from rostersync.connectors.pifu.settings import Settings
from rostersync.errors import SourceUnavailable, UserMistake
from rostersync.transport.files import Files, FilesSettings

from .contract import NOW, keyed
from .documents import WHOLE, DropFolder, document, made, person, properties

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


# -- the digest -----------------------------------------------------------------------------------------------------


def digest(folder: DropFolder, content: bytes) -> str:
    folder.drop(content)
    snapshot = folder.connector.fetch(NOW)
    folder.connector.discard(snapshot)
    return snapshot.digest


def test_the_same_roster_exported_again_is_a_repeat(folder: DropFolder) -> None:
    first = digest(folder, made("2026-11-20T04:00:00"))
    assert digest(folder, made("2026-11-21T04:00:00")) == first
    assert len(first) == 64


def test_whatever_decides_the_records_decides_the_digest(folder: DropFolder) -> None:
    latin = document(*WHOLE, encoding="ISO-8859-1")
    variants = [
        document(*WHOLE),
        document(*WHOLE, person("2")),
        document(*WHOLE, namespace=""),
        document(*WHOLE).replace(b"<enterprise", b"<enterprise xmlns:x='urn:x'"),
        latin,
        latin.replace(b"ISO-8859-1", b"ISO-8859-15"),
        document(*WHOLE, head=properties(datasource="another.example")),
        document(*WHOLE, head=properties(kind="delta")),
        document(*WHOLE, head=properties() + person("3")),
        document(*WHOLE, head=person("3") + properties()),
        document(*WHOLE, head=person("4") + properties()),
        document(*WHOLE, encoding="UTF-16"),
        document(*WHOLE, person("2"), encoding="UTF-16"),
        document("<person recstatus='1'/>", encoding="UTF-16"),
        document("<person recstatus='2'/>", encoding="UTF-16"),
    ]
    assert len({digest(folder, variant) for variant in variants}) == len(variants)


def test_the_settings_that_change_a_reading_change_the_digest(tmp_path: Path) -> None:
    settings: list[dict[str, object]] = [{}, {"guardians": False}, {"dialect": "ims"}, {"datasource": "x"}]
    assert len({digest(DropFolder(tmp_path, **one), document(*WHOLE)) for one in settings}) == len(settings)


def digests(folder: DropFolder, content: bytes) -> list[bytes]:
    """The digests of the fragments."""
    folder.drop(content)
    snapshot = folder.connector.fetch(NOW)
    found = [one.digest for one in folder.connector.read(snapshot, keyed, folder.connector.fields, careful=True)]
    folder.connector.discard(snapshot)
    return found


def test_a_fragment_is_the_same_wherever_it_stands(folder: DropFolder) -> None:
    here = digests(folder, document(*WHOLE))
    assert digests(folder, document("\n\n", *reversed(WHOLE))) == here[::-1]
    assert digests(folder, document("".join(WHOLE))) == here


def test_where_the_bytes_cannot_be_cut_the_digests_are_of_what_was_parsed(folder: DropFolder) -> None:
    hidden = digests(folder, document("<!-- x -->\n\n", *WHOLE))
    assert digests(folder, document("<!-- y -->", *reversed(WHOLE))) == hidden[::-1]
    assert not set(hidden) & set(digests(folder, document(*WHOLE)))


def test_a_careful_reading_leaves_the_digests_that_a_quick_one_knows(folder: DropFolder) -> None:
    careful = digests(folder, document(*WHOLE))
    reading = folder.connector.read(folder.connector.fetch(NOW), keyed, folder.connector.fields)
    assert [one.digest for one in reading] == careful


def test_a_fragment_is_another_under_another_root_or_other_settings(folder: DropFolder, tmp_path: Path) -> None:
    here = digests(folder, document(*WHOLE))
    for other in (
        digests(folder, document(*WHOLE, namespace="")),
        digests(folder, document(*WHOLE).replace(b"<enterprise", b"<enterprise xmlns:x='urn:x'")),
        digests(DropFolder(tmp_path, guardians=False), document(*WHOLE)),
        digests(DropFolder(tmp_path, dialect="ims"), document(*WHOLE)),
    ):
        assert not set(here) & set(other)


def test_a_header_longer_than_a_block_is_found(folder: DropFolder) -> None:
    comment = f"<!-- {'> ' * 50_000} -->"
    first = digest(folder, document(*WHOLE, head=comment + properties(made="2026-11-20")))
    assert digest(folder, document(*WHOLE, head=comment + properties(made="2026-11-21"))) == first


# -- the copy -------------------------------------------------------------------------------------------------------


def test_the_copy_is_for_our_eyes_only_and_the_same_byte_for_byte(folder: DropFolder) -> None:
    source = folder.drop(document(*WHOLE))
    copy = Path(folder.connector.fetch(NOW).path)
    assert copy.stat().st_mode & 0o777 == 0o600
    assert copy.read_bytes() == source.read_bytes()
    assert copy.parent == folder.spool


def test_a_reading_is_of_the_copy_whatever_happens_to_the_file(folder: DropFolder) -> None:
    source = folder.drop(document(*WHOLE))
    snapshot = folder.connector.fetch(NOW)
    source.unlink()
    reading = folder.connector.read(snapshot, lambda content: content[:16], folder.connector.fields, careful=True)
    assert len(list(reading)) == len(WHOLE)


def test_a_copy_that_is_gone_asks_for_another_run(folder: DropFolder) -> None:
    folder.drop(document(*WHOLE))
    snapshot = folder.connector.fetch(NOW)
    Path(snapshot.path).unlink()
    with pytest.raises(SourceUnavailable, match="run again"):
        list(folder.connector.read(snapshot, lambda content: content, folder.connector.fields, careful=True))
    folder.connector.discard(snapshot)


def test_a_killed_runs_copy_is_swept_and_a_living_ones_is_not(folder: DropFolder) -> None:
    folder.drop(document(*WHOLE))
    living = folder.connector.fetch(NOW)
    program = (
        "import os, sys\nfrom datetime import datetime, UTC\nfrom pathlib import Path\n"
        "from rostersync.transport.files import Files, FilesSettings\n"
        "settings = FilesSettings(files=sys.argv[2], settle=None, spool=Path(sys.argv[1]))\n"
        "Files('everyday', settings).fetch(datetime.now(UTC))\nos.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program, str(folder.spool), living.label], check=False)
    assert len(list(folder.spool.iterdir())) == 2
    newer = folder.connector.fetch(NOW)
    assert {str(path) for path in folder.spool.iterdir()} == {living.path, newer.path}


def test_a_spool_that_cannot_be_written_is_said_to_be_so(tmp_path: Path) -> None:
    folder = DropFolder(tmp_path, spool=tmp_path / "gone")
    folder.drop(document(*WHOLE))
    with pytest.raises(SourceUnavailable, match=r"gone.*: No such file or directory; check"):
        folder.connector.fetch(NOW)
    assert folder.connector.check() == [
        f"{tmp_path / 'gone'}: nothing can be written there; create the folder, or correct the setting spool"
    ]


def test_odd_source_names_make_no_odd_files(tmp_path: Path) -> None:
    (tmp_path / "export.xml").write_bytes(document(*WHOLE))
    files = Files("../skoler *", FilesSettings(files=str(tmp_path / "export.xml"), settle=None, spool=tmp_path))
    copy = files.fetch(NOW)
    assert copy.path.parent == tmp_path


# -- afterwards -----------------------------------------------------------------------------------------------------


def test_an_accepted_file_is_kept_unless_the_config_says_delete(tmp_path: Path) -> None:
    for after, stays in (("keep", True), ("delete", False)):
        folder = DropFolder(tmp_path, after=after)
        path = folder.drop(document(*WHOLE))
        folder.connector.accepted(folder.connector.fetch(NOW))
        assert path.exists() is stays


def test_a_file_that_was_replaced_meanwhile_is_not_deleted(tmp_path: Path) -> None:
    folder = DropFolder(tmp_path, after="delete")
    path = folder.drop(document(*WHOLE))
    snapshot = folder.connector.fetch(NOW)
    folder.drop(document(*WHOLE, person("2")))
    folder.connector.accepted(snapshot)
    assert path.exists()
    assert not list(folder.spool.iterdir())


def test_a_discarded_file_stays_whatever_the_config_says(tmp_path: Path) -> None:
    folder = DropFolder(tmp_path, after="delete")
    path = folder.drop(document(*WHOLE))
    folder.connector.discard(folder.connector.fetch(NOW))
    assert path.exists()


def test_a_file_that_somebody_else_deleted_is_no_trouble(tmp_path: Path) -> None:
    folder = DropFolder(tmp_path, after="delete")
    path = folder.drop(document(*WHOLE))
    snapshot = folder.connector.fetch(NOW)
    path.unlink()
    folder.connector.accepted(snapshot)
    assert not list(folder.spool.iterdir())


# -- check ----------------------------------------------------------------------------------------------------------


def test_check_tells_of_contacts_that_stay_behind(tmp_path: Path) -> None:
    folder = DropFolder(tmp_path, guardians=False)
    folder.drop(document(*WHOLE))
    (sentence,) = folder.connector.check()
    assert "guardians = true" in sentence
    folder.drop(document(person("1")))
    assert folder.connector.check() == []


def test_check_tells_of_what_would_be_refused(tmp_path: Path) -> None:
    folder = DropFolder(tmp_path, datasource="another.example")
    folder.drop(document(person("1"), head=properties(kind="delta")))
    assert "is not full" in folder.connector.check()[0]
    folder.drop(document(person("1")))
    assert 'not "another.example"' in folder.connector.check()[0]
    folder.drop(b"")
    assert "is empty" in folder.connector.check()[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_check_tells_of_a_folder_where_nothing_can_be_deleted(tmp_path: Path) -> None:
    folder = DropFolder(tmp_path, after="delete")
    folder.drop(document(person("1")))
    folder.folder.chmod(0o500)
    try:
        assert "no file can be deleted there" in folder.connector.check()[0]
    finally:
        folder.folder.chmod(0o700)


def test_a_zone_that_does_not_exist_is_a_mistake_in_the_config() -> None:
    with pytest.raises(UserMistake, match='"Europe/Lunde" is no time zone'):
        make("everyday", Settings(files="/srv/in/*.xml", zone="Europe/Lunde"))
