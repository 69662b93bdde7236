"""Files on an SFTP server: a real sshd, whose host key is the right one, another one, or nobody knows."""

from __future__ import annotations

import os
import socket
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from rostersync.errors import SnapshotRefused, SourceUnavailable, UserMistake
from rostersync.lab.doubles.server import Asked, Server, Told
from rostersync.transport.files import Files, FilesSettings

from .password_server import PASSWORD, PasswordServer
from .place import HOUR, NOW, Place, secret
from .sshd import Sshd, new_key


@pytest.fixture
def place(sshd: Sshd, tmp_path: Path) -> Place:
    return Place(sshd, tmp_path)


def fetched(files: Files, now: datetime = NOW) -> bytes:
    copied = files.fetch(now)
    try:
        return copied.path.read_bytes()
    finally:
        files.discard(copied.path)


# -- which one --------------------------------------------------------------------------------------------------------


def test_the_newest_file_is_copied_and_stays_where_it_is(place: Place) -> None:
    place.drop("old.xml", b"old", NOW - 2 * HOUR)
    path = place.drop("new.xml", b"new" * 1_000_000)
    files = place.files()
    copied = files.fetch(NOW)
    assert copied.path.read_bytes() == b"new" * 1_000_000
    assert copied.path.stat().st_mode & 0o777 == 0o600
    assert copied.label == f"sftp://127.0.0.1:{place.sshd.port}{path}"
    assert copied.changed == (NOW - HOUR).replace(microsecond=0)
    files.accepted(copied.path)
    assert path.exists()
    assert list(place.spool.iterdir()) == []


def test_a_files_own_date_goes_before_that_of_the_server(place: Place) -> None:
    place.drop("a.xml", b"2026-11-21T04:00:00+00:00", NOW - 2 * HOUR)
    place.drop("b.xml", b"2026-11-20T04:00:00+00:00")
    assert fetched(place.files(dated=lambda stream, _: datetime.fromisoformat(stream.read().decode()))).startswith(
        b"2026-11-21"
    )


def test_two_files_of_one_moment_must_be_the_same(place: Place) -> None:
    def same_date(_stream: object, _label: str) -> datetime:
        return NOW

    place.drop("a.xml", b"one")
    place.drop("b.xml", b"one")
    assert fetched(place.files(dated=same_date)) == b"one"
    place.drop("b.xml", b"two")
    with pytest.raises(SnapshotRefused, match=r"a\.xml, b\.xml say they were made at the same moment"):
        place.files(dated=same_date).fetch(NOW)


@pytest.mark.parametrize(
    ("pattern", "content"),
    [("export.xml", b"export"), ("x-?.xml", b"x-1"), ("[v-z]-*.xml", b"x-1"), ("*/*.xml", b"deep")],
)
def test_a_pattern_means_the_same_as_in_a_folder(place: Place, pattern: str, content: bytes) -> None:
    place.drop("export.xml", b"export")
    place.drop("x-1.xml", b"x-1")
    place.drop("deeper/late.xml", b"deep")
    place.drop(".x-2.xml", b"hidden")
    place.drop("x-3.xml.part", b"partial")
    (place.there / "x-4.xml").mkdir()
    assert fetched(place.files(pattern)) == content


def test_a_file_that_still_grows_is_waited_for(place: Place) -> None:
    place.drop("export.xml", b"growing", NOW - timedelta(seconds=5))
    with pytest.raises(SourceUnavailable, match="still growing"):
        place.files().fetch(NOW)
    assert fetched(place.files(), NOW + timedelta(seconds=6)) == b"growing"


@pytest.mark.parametrize("pattern", ["*.xml", "export.xml", "gone/export.xml", "gone/*.xml"])
def test_nothing_there_is_said_to_be_so(place: Place, pattern: str) -> None:
    with pytest.raises(SourceUnavailable, match="no file is there; check that the export still runs"):
        place.files(pattern).fetch(NOW)


# -- afterwards -------------------------------------------------------------------------------------------------------


def test_an_accepted_file_is_deleted_where_the_settings_say_so(place: Place) -> None:
    path = place.drop("export.xml", b"whole")
    files = place.files(after="delete")
    files.discard(files.fetch(NOW).path)
    assert path.exists()
    files.accepted(files.fetch(NOW).path)
    assert not path.exists()


def test_a_file_that_was_replaced_meanwhile_is_not_deleted(place: Place) -> None:
    path = place.drop("export.xml", b"whole")
    files = place.files(after="delete")
    copied = files.fetch(NOW)
    place.drop("export.xml", b"another")
    files.accepted(copied.path)
    assert path.read_bytes() == b"another"
    assert list(place.spool.iterdir()) == []


def test_looking_leaves_no_copy(place: Place) -> None:
    place.drop("export.xml", b"whole", NOW)
    files = place.files()
    assert files.check() == []
    with files.looking() as copied:
        assert copied.path.read_bytes() == b"whole"
    assert list(place.spool.iterdir()) == []


# -- who answers ------------------------------------------------------------------------------------------------------


def test_nobody_is_spoken_to_whose_host_key_is_not_known(place: Place) -> None:
    place.drop("export.xml", b"whole")
    place.known_hosts.write_text("")
    with pytest.raises(SourceUnavailable, match="host key is not in known_hosts, so nobody knows who answers"):
        place.files().fetch(NOW)
    assert place.waits == []


def test_another_host_key_than_the_known_one_ends_it(place: Place, tmp_path: Path) -> None:
    place.drop("export.xml", b"whole")
    other = new_key(tmp_path / "other").with_suffix(".pub").read_text()
    place.known_hosts.write_text(f"[127.0.0.1]:{place.sshd.port} {other}")
    before = place.sshd.connections
    with pytest.raises(SourceUnavailable, match="host key is another than in known_hosts"):
        place.files(patience=timedelta(minutes=5)).fetch(NOW)
    assert place.sshd.connections - before == 1


def test_hashed_host_names_are_known_too(place: Place) -> None:
    place.drop("export.xml", b"whole")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(place.known_hosts)], check=True, capture_output=True)
    assert "127.0.0.1" not in place.known_hosts.read_text()
    assert fetched(place.files()) == b"whole"


# -- who asks ---------------------------------------------------------------------------------------------------------


def test_a_key_that_is_not_accepted_is_tried_once(place: Place, tmp_path: Path) -> None:
    place.drop("export.xml", b"whole")
    before = place.sshd.connections
    with pytest.raises(SourceUnavailable, match="does not accept our log-in; it is not tried again"):
        place.files(key=secret(new_key(tmp_path / "other")), patience=timedelta(minutes=5)).fetch(NOW)
    assert (place.sshd.connections - before, place.waits) == (1, [])


def test_a_wrong_password_is_tried_once_and_never_told(place: Place, tmp_path: Path) -> None:
    place.drop("export.xml", b"whole")
    (tmp_path / "password").write_text("hemmelig-passord")
    before = place.sshd.log().count("Failed password")
    with pytest.raises(SourceUnavailable, match="does not accept our log-in") as caught:
        place.files(key=None, password=secret(tmp_path / "password"), patience=timedelta(minutes=5)).fetch(NOW)
    assert place.sshd.log().count("Failed password") - before == 1
    told = f"{caught.value!r} {caught.value.__context__!r} {caught.value.__cause__!r}"
    assert not [word for word in ("hemmelig-passord", place.sshd.user + "@") if word in told]


@pytest.mark.parametrize("right", [True, False])
def test_a_password_is_sent_once_and_to_the_known_server_alone(tmp_path: Path, right: bool) -> None:
    (tmp_path / "password").write_text(PASSWORD if right else "galt")
    with PasswordServer() as server:
        files = Files(
            "everyday",
            FilesSettings(
                files=f"sftp://oslo@127.0.0.1:{server.port}/out/export.xml",
                password=secret(tmp_path / "password"),
                known_hosts=server.known_hosts(tmp_path),
                spool=tmp_path,
            ),
        )
        if right:
            assert fetched(files) == b"whole" * 100_000
        else:
            with pytest.raises(SourceUnavailable, match="does not accept our log-in"):
                files.fetch(NOW)
        assert server.tried == [("oslo", PASSWORD if right else "galt")]
        (tmp_path / "known_hosts").write_text("")
        with pytest.raises(SourceUnavailable, match="not in known_hosts"):
            files.fetch(NOW)
        assert len(server.tried) == 1


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_keys_of_other_kinds_can_be_read(place: Place, tmp_path: Path, kind: str) -> None:
    key = new_key(tmp_path / "key", kind)
    with pytest.raises(SourceUnavailable, match="does not accept our log-in"):
        place.files(key=secret(key)).fetch(NOW)


def test_a_key_with_a_passphrase_cannot_be_used(place: Place, tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match=r"rostersync.toml:7: the key cannot be used; .*without a passphrase"):
        place.files(key=secret(new_key(tmp_path / "locked", passphrase="hemmelig"))).fetch(NOW)


def test_known_hosts_that_cannot_be_read_are_a_mistake(place: Place, tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match="the known host keys cannot be read"):
        place.files(known_hosts=tmp_path / "gone").fetch(NOW)


# -- a server that fails ----------------------------------------------------------------------------------------------


def test_a_server_that_is_away_is_tried_until_patience_ends(place: Place) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound, but nobody listens
        files = place.files(files=f"sftp://x@127.0.0.1:{free.getsockname()[1]}/in/*.xml", patience=timedelta(seconds=9))
        with pytest.raises(SourceUnavailable, match="cannot be reached; check the address"):
            files.fetch(NOW)
    assert place.waits[:3] == [1.0, 2.0, 4.0]


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [
        ("drop_sessions", "the connection was lost"),
        ("stall_sessions", "did not answer in time; see the setting timeout"),
    ],
)
def test_a_session_that_is_lost_or_hangs_leaves_no_half_copy(place: Place, trouble: str, sentence: str) -> None:
    place.drop("a.xml", b"x" * 3_000_000)
    place.drop("b.xml", b"y" * 3_000_000)

    def dated(_stream: object, label: str) -> datetime | None:
        if label.endswith("b.xml"):
            getattr(place.sshd, trouble)()
        return None

    with pytest.raises(SourceUnavailable, match=sentence):
        place.files(dated=dated, timeout=timedelta(seconds=1)).fetch(NOW)
    assert list(place.spool.iterdir()) == []


def test_a_file_that_changes_while_it_is_copied_is_not_taken(place: Place) -> None:
    place.drop("a.xml", b"x")
    path = place.drop("b.xml", b"y" * 3_000_000)

    def dated(_stream: object, _label: str) -> datetime | None:
        path.write_bytes(b"y" * 4_000_000)  # it is listed already
        os.utime(path, (NOW.timestamp(), NOW.timestamp()))
        return None

    place.drop("a.xml", b"x", NOW - 2 * HOUR)
    with pytest.raises(SourceUnavailable, match="it changed while it was read"):
        place.files(dated=dated).fetch(NOW)
    assert list(place.spool.iterdir()) == []


def test_what_is_no_ssh_server_is_said_in_our_words_alone(place: Place, capfd: pytest.CaptureFixture[str]) -> None:
    with Server(Silent()) as web:
        host = web.url.removeprefix("http://")
        with pytest.raises(SourceUnavailable, match="the connection was lost"):
            place.files(files=f"sftp://x@{host}/in/*.xml").fetch(NOW)
    assert capfd.readouterr() == ("", "")


class Silent:
    """A web server, where somebody expects SSH."""

    def answer(self, asked: Asked) -> Told:
        return Told()
