"""One file from a web server, and settings that do not fit together."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rostersync.credentials import Secret
from rostersync.errors import RostersyncError, SourceUnavailable, UserMistake
from rostersync.lab.doubles.server import Asked, Server, Told
from rostersync.transport.files import Files, FilesSettings

NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)
PROOF = "Basic " + base64.b64encode(b"eksport:hemmelig-passord").decode()


class Shelf:
    """A web server with one file; where it wants a password, it wants this one."""

    content = b"<enterprise/>" * 1000
    headers: tuple[tuple[str, str], ...] = ()
    closed = False

    def answer(self, asked: Asked) -> Told:
        if self.closed and asked.headers.get("authorization") != PROOF:
            return Told(b"who are you", status=401)
        return Told(self.content, kind="application/xml", headers=self.headers)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def server(shelf: Shelf) -> Iterator[Server]:
    with Server(shelf) as running:
        yield running


def files(url: str, spool: Path, **more: object) -> Files:
    values: dict[str, object] = {"files": url, "spool": spool, "patience": None, **more}
    return Files("everyday", FilesSettings(**values), wait=lambda _seconds: None)  # type: ignore[arg-type]


def secret(folder: Path, text: str) -> Secret:
    path = folder / "secret"
    path.write_text(text)
    path.chmod(0o600)
    return Secret("file", str(path), "rostersync.toml:7")


# -- the file ---------------------------------------------------------------------------------------------------------


def test_the_file_is_copied_in_one_call(server: Server, shelf: Shelf, tmp_path: Path) -> None:
    source = files(f"{server.url}/export/elever.xml?nokkel=hemmelig", tmp_path)
    copied = source.fetch(NOW)
    assert copied.path.read_bytes() == shelf.content
    assert copied.path.stat().st_mode & 0o777 == 0o600
    assert [(one.path, one.query) for one in server.asked] == [("/export/elever.xml", (("nokkel", "hemmelig"),))]
    assert (copied.label, copied.changed) == (server.url, None)
    source.accepted(copied.path)
    assert list(tmp_path.iterdir()) == []


def test_the_server_says_when_it_was_changed_and_there_is_nothing_to_wait_for(
    server: Server, shelf: Shelf, tmp_path: Path
) -> None:
    shelf.headers = (("Last-Modified", "Sat, 21 Nov 2026 05:59:59 GMT"),)
    source = files(f"{server.url}/elever.xml", tmp_path)
    copied = source.fetch(NOW)
    source.discard(copied.path)
    assert copied.changed == NOW - timedelta(seconds=1)


def test_looking_fetches_it_too_and_leaves_no_copy(server: Server, shelf: Shelf, tmp_path: Path) -> None:
    source = files(f"{server.url}/elever.xml", tmp_path, settle=timedelta(days=1))
    with source.looking() as copied:
        assert copied.path.read_bytes() == shelf.content
    assert (source.check(), list(tmp_path.iterdir())) == ([], [])


def test_a_password_goes_along_with_the_user_of_the_address(server: Server, shelf: Shelf, tmp_path: Path) -> None:
    shelf.closed = True
    url = server.url.replace("://", "://eksport@") + "/elever.xml"
    (tmp_path / "spool").mkdir()
    source = files(url, tmp_path / "spool", password=secret(tmp_path, "hemmelig-passord"))
    copied = source.fetch(NOW)
    source.discard(copied.path)
    assert "eksport" not in copied.label


def test_a_wrong_password_is_tried_once_and_never_told(server: Server, shelf: Shelf, tmp_path: Path) -> None:
    shelf.closed = True
    url = server.url.replace("://", "://eksport@") + "/elever.xml"
    source = files(url, tmp_path, password=secret(tmp_path, "galt-passord"), patience=timedelta(minutes=5))
    with pytest.raises(SourceUnavailable, match="does not accept our credentials") as caught:
        source.fetch(NOW)
    assert len(server.asked) == 1
    assert names_no_secret(caught.value)


def names_no_secret(error: RostersyncError) -> bool:
    told = f"{error!r} {error.__context__!r} {error.__cause__!r}"
    return not [word for word in ("passord", "eksport", "elever", "nokkel", "hemmelig") if word in told]


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("403", "our credentials may not do this"),
        ("404", "it knows nothing of that name"),
        ("500", "it fails"),
        ("cut", "the answer broke off"),
    ],
)
def test_what_goes_wrong_is_told_without_path_or_query(
    server: Server, tmp_path: Path, fault: str, sentence: str
) -> None:
    server.faults.switch(fault)
    with pytest.raises(SourceUnavailable, match=sentence) as caught:
        files(f"{server.url}/export/elever.xml?nokkel=hemmelig", tmp_path).fetch(NOW)
    assert names_no_secret(caught.value)
    assert list(tmp_path.iterdir()) == [], "no half copy is left"


# -- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "sentences"),
    [
        ("ftp://HOST/hemmelig.xml", ["ftp:// is no way to files"]),
        ("http://school.example/hemmelig.xml", ["is not encrypted"]),
        ("https:///hemmelig.xml", ["is no address"]),
        ("https://[::1/hemmelig.xml", ["is no address"]),
        ("https://kari:hemmelig@school.example/x.xml", ["no password belongs into an address", "go together"]),
        ("https://kari@school.example/x.xml", ["go together"]),
        ("sftp://school.example/hemmelig.xml", ["this is no address", "known_hosts is missing", "key or password"]),
        ("sftp://kari:hemmelig@school.example/x.xml", ["this is no address", "known_hosts is missing", "key or"]),
        ("sftp://kari@school.example:22/x.xml", ["known_hosts is missing", "key or password is missing"]),
        ("sftp://kari@[::1]:2222/x.xml", ["known_hosts is missing", "key or password is missing"]),
    ],
)
def test_what_does_not_fit_together_is_told_at_once_and_shows_no_secret(
    tmp_path: Path, address: str, sentences: list[str]
) -> None:
    with pytest.raises(UserMistake) as raised:
        files(address, tmp_path)
    told = [str(one) for one in raised.value.problems]
    assert len(told) == len(sentences)
    assert all(sentence in one for sentence, one in zip(sentences, told, strict=True))
    assert not [one for one in told if "hemmelig" in one or "kari" in one]


def test_nothing_can_be_deleted_at_a_web_server(tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match='after: nothing can be deleted at https://; use "keep"'):
        files("https://school.example/x.xml", tmp_path, after="delete")


def test_there_is_no_way_through_a_proxy_to_sftp(tmp_path: Path) -> None:
    here = {"password": Secret("env", "X", ""), "known_hosts": tmp_path / "known_hosts", "proxy": "http://proxy:3128"}
    with pytest.raises(UserMistake, match="proxy: there is no way through a proxy to sftp://"):
        files("sftp://kari@school.example/x.xml", tmp_path, **here)
