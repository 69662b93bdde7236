"""What can go wrong with a directory: nothing half read counts, every wait ends, and people are told what to do."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rostersync.connectors.feide import FeideConnector
from rostersync.credentials import Secret
from rostersync.errors import SnapshotRefused, SourceUnavailable, UserMistake
from tests.certificates import Authority
from tests.slapd import FOLLOWER, SHORT

from .contract import NOW
from .directory import SECRETS, Directory

QUICK = timedelta(seconds=0.4)


def refusal(directory: Directory, **keys: Any) -> SnapshotRefused:
    """Why a fetch is refused; nobody is named, and no copy is left."""
    with pytest.raises(SnapshotRefused) as caught:
        directory.connector(**keys).fetch(NOW)
    assert directory.copies() == 0
    assert not [secret for secret in SECRETS if secret in str(caught.value)]
    assert not caught.value.releasable
    return caught.value


def unavailable(directory: Directory, **keys: Any) -> str:
    with pytest.raises(SourceUnavailable) as caught:
        directory.connector(**keys).fetch(NOW)
    assert directory.copies() == 0
    return str(caught.value)


# -- a part, and success -----------------------------------------------------------------------------------------------


def test_an_empty_answer_is_a_whole_one_of_nobody_and_gate_one_judges_it(directory: Directory) -> None:
    connector = directory.connector()
    snapshot = connector.fetch(NOW)
    assert [one.kind for one in connector.read(snapshot, lambda content: content[:16], connector.fields)] == ["group"]
    connector.discard(snapshot)


def test_a_size_limit_is_never_taken_for_the_end(directory: Directory) -> None:
    for _ in range(8):
        directory.add()
    error = refusal(directory, bind_dn=SHORT, page_size=5)
    assert error.reason == "no proof"
    assert "have the limit lifted" in str(error)


@pytest.mark.parametrize("size", [51, 400])
def test_a_page_too_large_for_the_server_is_halved(directory: Directory, size: int) -> None:
    for _ in range(3):
        directory.add()
    assert len(directory.records(page_size=size)) == 3


def test_many_pages_are_read_to_the_last(directory: Directory) -> None:
    for _ in range(23):
        directory.add()
    assert len({one.fields["id"] for one in directory.records(page_size=5)}) == 23


@pytest.fixture
def pointer(directory: Directory) -> Iterator[str]:
    """An entry that says: all below here is on another server."""
    dn = f"ou=elsewhere,{directory.base}"
    classes = ["referral", "extensibleObject"]
    yield directory.server.add(dn, objectClass=classes, ou="elsewhere", ref=f"ldap://other.example/{dn}")
    directory.server.delete(dn)


@pytest.mark.parametrize("keys", [{}, {"mode": "syncrepl", "bind_dn": FOLLOWER}])
def test_a_part_of_the_tree_on_another_server_is_missing(
    directory: Directory, pointer: str, keys: dict[str, Any]
) -> None:
    directory.add()
    assert "1 parts of the tree are on other servers" in str(refusal(directory, **keys))


def test_a_base_on_another_server_is_no_base(directory: Directory, pointer: str) -> None:
    assert "points to another server" in str(refusal(directory, base=pointer))


def test_a_base_that_is_not_there_is_a_mistake_and_not_an_empty_school(directory: Directory) -> None:
    assert "correct the setting base" in str(refusal(directory, base="ou=typo,dc=lysvik,dc=example"))


def test_a_filter_that_cannot_be_read_is_told(directory: Directory) -> None:
    assert "correct the setting filter" in str(refusal(directory, filter="(uid=*"))


def test_without_a_base_the_servers_only_tree_is_read(directory: Directory) -> None:
    dn = directory.add("alone-in-the-world", eduPersonPrincipalName="alone@unique.example")
    keys = {"base": "", "filter": "(eduPersonPrincipalName=alone@unique.example)"}
    assert [one.fields["uid"] for one in directory.records(**keys)] == [("alone-in-the-world",)]
    directory.server.delete(dn)


# -- a line that breaks ------------------------------------------------------------------------------------------------


def fill(directory: Directory, persons: int = 30) -> None:
    for _ in range(persons):
        directory.add()


@pytest.mark.parametrize("starttls", [False, True])
def test_a_line_that_breaks_is_begun_again_from_the_first_page(directory: Directory, starttls: bool) -> None:
    fill(directory)
    directory.line.cut_after, directory.line.cuts = 4_000, 2
    found = directory.records(page_size=5, starttls=starttls, ca=directory.server.ca)
    assert len({one.fields["id"] for one in found}) == 30
    assert directory.line.lines == 3


def test_a_line_that_breaks_every_time_is_given_up(directory: Directory) -> None:
    fill(directory)
    directory.line.cut_after = 4_000
    assert "(3 attempts)" in unavailable(directory, page_size=5)
    assert directory.line.lines == 3


def test_between_two_attempts_there_is_a_pause(directory: Directory) -> None:
    waited: list[float] = []
    directory.line.take_down()
    connector = FeideConnector("feide", directory.settings(pause=timedelta(seconds=7)), waited.append)
    with pytest.raises(SourceUnavailable):
        connector.fetch(NOW)
    assert waited == [7, 7]


@pytest.mark.parametrize("starttls", [False, True])
@pytest.mark.parametrize("after", [0, 100, 4_000])
def test_a_server_that_hangs_is_not_waited_for_for_ever(directory: Directory, after: int, starttls: bool) -> None:
    fill(directory)
    directory.line.freeze_after = after
    began = time.monotonic()
    assert "did not answer in time" in unavailable(
        directory, timeout=QUICK, attempts=1, page_size=5, starttls=starttls, ca=directory.server.ca
    )
    assert time.monotonic() - began < 4


def test_a_spool_that_cannot_be_written_is_told(directory: Directory, tmp_path: Path) -> None:
    assert "check the setting spool" in unavailable(directory, spool=tmp_path / "nowhere")


def test_a_copy_cut_off_on_disk_proves_nothing(directory: Directory) -> None:
    fill(directory, 3)
    connector = directory.connector()
    snapshot = connector.fetch(NOW)
    whole = Path(snapshot.path).read_bytes()
    for size in (len(whole) - 1, len(whole) // 2, 0):
        Path(snapshot.path).write_bytes(whole[:size])
        with pytest.raises(SnapshotRefused) as caught:
            list(connector.read(snapshot, lambda content: content[:16], connector.fields))
        assert caught.value.reason == "no proof"
    connector.discard(snapshot)


# -- passwords ---------------------------------------------------------------------------------------------------------


def test_a_wrong_password_is_tried_once_and_not_again(directory: Directory) -> None:
    directory.secret.write_text("wrong")
    connector = directory.connector()
    for told in ("it was tried once", "it is not tried again"):
        with pytest.raises(SnapshotRefused) as caught:
            connector.fetch(NOW)
        assert caught.value.reason == "credentials"
        assert told in str(caught.value)
        assert "wrong" not in str(caught.value)
    assert "not tried again" in connector.check()[0]
    assert directory.line.lines == 1


def test_a_password_that_was_corrected_is_tried(directory: Directory) -> None:
    directory.secret.write_text("wrong")
    connector = directory.connector()
    with pytest.raises(SnapshotRefused):
        connector.fetch(NOW)
    directory.secret.write_text("a long pass phrase")
    connector.discard(connector.fetch(NOW))


def test_an_empty_password_would_be_nobodys(directory: Directory) -> None:
    directory.secret.write_text("")
    with pytest.raises(UserMistake, match="the password is empty"):
        directory.connector().fetch(NOW)
    assert directory.line.lines == 0


def test_a_password_that_is_missing_is_told_by_check(directory: Directory) -> None:
    directory.secret.unlink()
    (sentence,) = directory.connector().check()
    assert "cannot be read" in sentence


# -- certificates ------------------------------------------------------------------------------------------------------


@contextmanager
def tls_server(certificate: Path, key: Path) -> Iterator[str]:
    """What shakes hands and says nothing more: an expired certificate is refused before any LDAP."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listening.accept()
                    with client, suppress(OSError):
                        client.settimeout(2)
                        context.wrap_socket(client, server_side=True).close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"ldaps://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(3)


def test_an_encrypted_line_is_read(directory: Directory) -> None:
    directory.add()
    assert len(directory.records(url=directory.server.secure_url, ca=directory.server.ca)) == 1


def test_starttls_encrypts_a_plain_line(directory: Directory) -> None:
    directory.add()
    assert len(directory.records(starttls=True, ca=directory.server.ca)) == 1


@pytest.mark.parametrize("starttls", [False, True])
def test_a_certificate_of_an_unknown_authority_is_not_believed(
    directory: Directory, tmp_path: Path, starttls: bool
) -> None:
    Authority().write(tmp_path / "other.pem")
    url = directory.line.url if starttls else directory.server.secure_url
    error = refusal(directory, url=url, starttls=starttls, ca=tmp_path / "other.pem")
    assert error.reason == "certificate"
    assert "self-signed certificate in certificate chain" in str(error)


@pytest.mark.parametrize(
    ("issued", "told"),
    [({"lasts": timedelta(days=-1)}, "has expired"), ({"host": "127.0.0.2"}, "mismatch")],
)
def test_a_certificate_that_has_expired_or_names_another_is_not_believed(
    directory: Directory, tmp_path: Path, issued: dict[str, Any], told: str
) -> None:
    authority = Authority()
    authority.write(tmp_path / "ca.pem")
    authority.issue(tmp_path / "server.pem", tmp_path / "server.key", **issued)
    with tls_server(tmp_path / "server.pem", tmp_path / "server.key") as url:
        error = refusal(directory, url=url, ca=tmp_path / "ca.pem")
    assert error.reason == "certificate"
    assert told in str(error)


def test_a_file_of_authorities_that_is_not_there_is_told(directory: Directory, tmp_path: Path) -> None:
    error = refusal(directory, url=directory.server.secure_url, ca=tmp_path / "none.pem")
    assert "correct the setting ca" in str(error)


def test_the_environment_cannot_switch_verification_off(
    directory: Directory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LDAPTLS_REQCERT", "never")
    Authority().write(tmp_path / "other.pem")
    refusal(directory, url=directory.server.secure_url, ca=tmp_path / "other.pem")


def test_a_server_that_never_shakes_hands_is_not_waited_for(directory: Directory) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"ldaps://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        unavailable(directory, url=url, ca=directory.server.ca, timeout=QUICK, attempts=1)
        assert time.monotonic() - began < 4


# -- settings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"url": "ldap://ldap.example.no"}, "would send the password in the clear"),
        ({"url": "http://ldap.example.no"}, "must begin with ldaps://"),
        ({"url": "ldaps://"}, "must begin with ldaps://"),
        ({"url": "ldaps://host:port"}, "cannot be read"),
        ({"url": "ldaps://ldap.example.no/dc=no"}, "the tree goes into base"),
        ({"url": "ldaps://ldap.example.no", "starttls": True}, "encrypted from the first byte"),
        ({"bind_dn": " "}, "never read anonymously"),
        ({"timeout": None}, "timeout cannot be off"),
        ({"page_size": 0}, "page_size must be 1 or more"),
        ({"attempts": 0}, "attempts must be 1 or more"),
    ],
)
def test_a_setting_that_cannot_be_right_is_refused_before_anything_is_sent(
    directory: Directory, keys: dict[str, Any], told: str
) -> None:
    with pytest.raises(UserMistake, match=told):
        directory.connector(**keys)


def test_all_mistakes_are_told_at_once(directory: Directory) -> None:
    with pytest.raises(UserMistake) as caught:
        directory.connector(url="ldap://ldap.example.no", bind_dn="", page_size=0)
    assert len(caught.value.problems) == 3


# -- check -------------------------------------------------------------------------------------------------------------


def test_check_tells_of_an_account_that_sees_too_little(directory: Directory) -> None:
    directory.add()
    (sentence,) = directory.connector().check()
    assert "none of the first 1 entries shows norEduPersonNIN" in sentence


def test_check_tells_of_a_filter_that_fits_nobody(directory: Directory) -> None:
    (sentence,) = directory.connector().check()
    assert "no entry below" in sentence


def test_check_tells_of_a_certificate(directory: Directory, tmp_path: Path) -> None:
    Authority().write(tmp_path / "other.pem")
    (sentence,) = directory.connector(url=directory.server.secure_url, ca=tmp_path / "other.pem").check()
    assert "is not believed" in sentence


def test_a_secret_in_the_environment_is_read_too(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    directory.add_class()
    monkeypatch.setenv("FEIDE_PASSWORD", "a long pass phrase")
    assert directory.connector(password=Secret("env", "FEIDE_PASSWORD", "")).check() == []
