"""CSV sets on a server: by SFTP from a real sshd, and by HTTPS; none but those that count are fetched, and none is kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from rostersync.connectors.oneroster import OneRosterConnector, Settings, make
from rostersync.credentials import Secret
from rostersync.errors import SnapshotRefused, SourceUnavailable, UserMistake
from rostersync.lab.doubles.server import Asked, Server, Told
from tests.transport.sshd import Sshd

from .contract import NOW
from .oneroster_parts import records_of, rest, user, whole, write_zip

HOUR = timedelta(hours=1)


class Remote:
    """A folder on an SFTP server, and what reads the sets in it."""

    def __init__(self, sshd: Sshd, home: Path) -> None:
        self.sshd = sshd
        self.there, self.spool = home / "there", home / "spool"
        self.there.mkdir()
        self.spool.mkdir()
        self.known_hosts = home / "known_hosts"
        self.known_hosts.write_text(sshd.known_host)
        sshd.client_key.chmod(0o600)

    def connector(self, **more: object) -> OneRosterConnector:
        values: dict[str, object] = {
            "files": self.sshd.address(self.there / "*.zip"),
            "key": Secret("file", str(self.sshd.client_key), "key"),
            "known_hosts": self.known_hosts,
            "spool": self.spool,
            "patience": None,
        }
        return make("flyt", Settings(**{**values, **more}))  # type: ignore[arg-type]

    def people(self) -> set[str]:
        found = records_of(self.connector())
        assert list(self.spool.iterdir()) == []
        return {record.fields["sourcedId"][0] for record in found if record.kind == "person"}


@pytest.fixture
def remote(sshd: Sshd, tmp_path: Path) -> Remote:
    return Remote(sshd, tmp_path)


def test_the_newest_bulk_set_and_its_deltas_come_by_sftp(remote: Remote) -> None:
    write_zip(remote.there / "1.zip", whole(), changed=NOW - 9 * HOUR)
    write_zip(remote.there / "2.zip", {"users": [user("elev-2")]}, how="delta", changed=NOW - 5 * HOUR)
    assert remote.people() == {"elev-1", "elev-2", "foresatt-1", "lærer/1"}


def test_a_set_that_is_older_than_the_newest_bulk_set_is_not_even_fetched(remote: Remote) -> None:
    rest((remote.there / "0.zip").parent, NOW)
    (remote.there / "0.zip").write_bytes(b"broken, and nobody minds")
    rest(remote.there / "0.zip", NOW - 20 * HOUR)
    write_zip(remote.there / "1.zip", whole(), changed=NOW - 9 * HOUR)
    assert len(remote.people()) == 3


def test_what_is_wrong_is_told_by_the_servers_name_for_the_set(remote: Remote) -> None:
    path = write_zip(remote.there / "1.zip", whole())
    path.write_bytes(path.read_bytes()[:200])
    rest(path)
    with pytest.raises(SnapshotRefused, match=r"sftp://.*/1\.zip: the zip file is damaged") as caught:
        remote.connector().fetch(NOW)
    assert str(remote.spool) not in str(caught.value)
    assert list(remote.spool.iterdir()) == []
    assert remote.connector().check() == [str(caught.value)]


def test_a_folder_without_sets_is_a_matter_of_waiting(remote: Remote) -> None:
    with pytest.raises(SourceUnavailable, match="no file is there"):
        remote.connector().fetch(NOW)


def test_sets_on_a_server_are_never_deleted(remote: Remote) -> None:
    with pytest.raises(UserMistake, match=r'source.flyt: after: sets are only deleted on this machine; use "keep"'):
        remote.connector(after="delete")


class Download:
    """A server with one file."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def answer(self, asked: Asked) -> Told:
        return Told(self.content, kind="application/zip") if asked.path == "/set.zip" else Told(status=404)


@pytest.fixture
def download(tmp_path: Path) -> Iterator[Server]:
    with Server(Download(write_zip(tmp_path / "set.zip", whole()).read_bytes())) as server:
        yield server


def test_one_set_comes_by_https(download: Server, tmp_path: Path) -> None:
    connector = make("flyt", Settings(files=f"{download.url}/set.zip", spool=tmp_path, patience=None))
    assert len([one for one in records_of(connector) if one.kind == "person"]) == 3
    download.faults.switch("html")
    with pytest.raises(SnapshotRefused, match="the zip file is damaged"):
        connector.fetch(NOW)
    download.faults.clear()
    download.faults.switch("cut")
    with pytest.raises(SourceUnavailable):
        connector.fetch(NOW)
