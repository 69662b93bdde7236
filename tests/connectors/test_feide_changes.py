"""Following a directory's changes: only what is told beyond doubt counts; in doubt everything is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ldap
import pytest
from ldap.syncrepl import SyncDoneControl

from rostersync.connectors import Snapshot, Wanted
from rostersync.connectors.feide import FeideConnector
from rostersync.connectors.feide.following import Following, Lost, State
from rostersync.errors import SnapshotRefused
from tests.slapd import FOLLOWER, READER, Slapd

from .contract import NOW, keyed
from .directory import Directory

COOKIE = "rid=000,csn=20261122091727.173203Z#000000#000#000000"
LOGINS: Wanted = {"person": frozenset({"id", "uid", "eduPersonPrincipalName"})}


@pytest.fixture
def follower(directory: Directory) -> FeideConnector:
    for number in range(5):
        directory.add(f"elev{number}")
    return directory.connector(mode="syncrepl", bind_dn=FOLLOWER)


def fetched(connector: FeideConnector, cursor: str = "", wanted: Wanted = LOGINS) -> tuple[Snapshot, list[str]]:
    """A snapshot, and the user names in it."""
    snapshot = connector.fetch(NOW, cursor=cursor, wanted=wanted)
    uids = [one.parse().fields["uid"][0] for one in connector.read(snapshot, keyed, LOGINS) if one.kind == "person"]
    connector.discard(snapshot)
    return snapshot, sorted(uids)


def test_without_a_note_everything_is_read(follower: FeideConnector) -> None:
    snapshot, uids = fetched(follower)
    assert not snapshot.partial
    assert uids == [f"elev{number}" for number in range(5)]
    assert "csn=" in snapshot.cursor


def test_with_a_note_only_what_has_changed_is(directory: Directory, follower: FeideConnector) -> None:
    before, _ = fetched(follower)
    directory.server.change(f"uid=elev2,{directory.base}", eduPersonPrincipalName="ny@eksempel.example")
    directory.add("nykommer")
    snapshot, uids = fetched(follower, before.cursor)
    assert snapshot.partial
    assert uids == ["elev2", "nykommer"]
    assert snapshot.cursor != before.cursor


def test_where_nothing_has_changed_nothing_is_read(follower: FeideConnector) -> None:
    before, _ = fetched(follower)
    snapshot, uids = fetched(follower, before.cursor)
    assert snapshot.partial
    assert uids == []
    assert fetched(follower, snapshot.cursor)[0].partial


def test_who_is_deleted_is_told_by_a_whole_reading(directory: Directory, follower: FeideConnector) -> None:
    before, _ = fetched(follower)
    directory.server.delete(f"uid=elev3,{directory.base}")
    snapshot, uids = fetched(follower, before.cursor)
    assert not snapshot.partial
    assert uids == ["elev0", "elev1", "elev2", "elev4"]
    assert fetched(follower, snapshot.cursor)[0].partial


def test_who_no_longer_fits_the_filter_is_missing_from_a_whole_reading(
    directory: Directory, follower: FeideConnector
) -> None:
    before, _ = fetched(follower)
    directory.server.change(f"uid=elev3,{directory.base}", eduPersonPrincipalName=[])
    snapshot, uids = fetched(follower, before.cursor)
    assert not snapshot.partial
    assert "elev3" not in uids


def test_a_server_that_has_forgotten_its_deletions_makes_for_a_whole_reading(
    slapd: Slapd, directory: Directory, follower: FeideConnector
) -> None:
    before, _ = fetched(follower)
    directory.server.delete(f"uid=elev3,{directory.base}")
    slapd.stop()
    slapd.start()
    again = directory.connector(mode="syncrepl", bind_dn=FOLLOWER, url=slapd.url)
    way = fetched(again)[0].cursor.partition(" ")[0]
    snapshot, uids = fetched(again, f"{way} {before.cursor.partition(' ')[2]}")
    assert not snapshot.partial
    assert uids == ["elev0", "elev1", "elev2", "elev4"]


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda note: note.replace("csn=", "csm="),
        lambda note: note[:-8],
        lambda note: f"other{note}",
        lambda note: note.partition(" ")[0] + " ",
        lambda _: "rubbish",
        lambda note: f"{note.partition(' ')[0]} rid=000,csn=rubbish",
        lambda note: f"{note.partition(' ')[0]} rid=000,csn=20991231235959.999999Z#000000#000#000000",
        lambda note: f"{note.partition(' ')[0]} rid=000,csn=20010101000000.000000Z#000000#000#000000",
    ],
)
def test_a_note_that_cannot_be_gone_on_from_makes_for_a_whole_reading(follower: FeideConnector, spoilt: Any) -> None:
    before, _ = fetched(follower)
    snapshot, uids = fetched(follower, spoilt(before.cursor))
    assert not snapshot.partial
    assert len(uids) == 5
    assert fetched(follower, snapshot.cursor)[0].partial


class Misbehaving:
    """A session that gives what no server should: messages of (kind, rows, controls)."""

    def __init__(self, *messages: Any) -> None:
        self._messages = messages

    def messages(self, *_asked: object) -> Iterator[Any]:
        yield from self._messages

    def refuse_elsewhere(self, references: int) -> None:
        assert references == 0


def done(cookie: str | None = COOKIE, *, deletes: bool = True) -> tuple[int, list[Any], list[Any]]:
    control = SyncDoneControl()
    control.cookie, control.refreshDeletes = cookie, deletes
    return ldap.RES_SEARCH_RESULT, [], [control]


def given(state: int | None) -> tuple[int, list[Any], list[Any]]:
    control = State()
    control.decodeControlValue(b"rubbish" if state is None else bytes([0x30, 21, 0x0A, 1, state]))
    return ldap.RES_SEARCH_ENTRY, [("uid=x", {}, [control])], []


@pytest.mark.parametrize(
    "messages",
    [
        [(ldap.RES_SEARCH_ENTRY, [("uid=x", {}, [])], []), done()],
        [given(None), done()],
        [given(0), done()],
        [given(3), done()],
        [given(1), (ldap.RES_SEARCH_RESULT, [], [])],
        [given(1), done("rubbish")],
    ],
)
def test_a_server_that_does_not_keep_to_the_protocol_proves_nothing(messages: list[Any]) -> None:
    session: Any = Misbehaving(*messages)
    with pytest.raises(Lost):
        list(Following(session, COOKIE).entries("", "", ()))
    with pytest.raises(SnapshotRefused, match="set mode to paged"):
        list(Following(session, "").entries("", "", ()))


def test_a_server_that_keeps_to_it_does() -> None:
    session: Any = Misbehaving(given(1), given(2), done(None))
    following = Following(session, COOKIE)
    assert len(list(following.entries("", "", ()))) == 2
    assert following.cookie == COOKIE


def test_other_settings_make_for_a_whole_reading(directory: Directory, follower: FeideConnector) -> None:
    before, _ = fetched(follower)
    narrower = directory.connector(mode="syncrepl", bind_dn=FOLLOWER, filter="(uid=elev1)")
    snapshot, uids = fetched(narrower, before.cursor)
    assert not snapshot.partial
    assert uids == ["elev1"]


def test_where_groups_are_wanted_everything_is_read_each_time(follower: FeideConnector) -> None:
    grouped = {**LOGINS, "group": frozenset({"group"})}
    before, _ = fetched(follower, wanted=grouped)
    snapshot, uids = fetched(follower, before.cursor, grouped)
    assert not snapshot.partial
    assert len(uids) == 5


def test_reading_in_pages_leaves_no_note(directory: Directory) -> None:
    assert fetched(directory.connector())[0].cursor == ""


def test_an_account_with_a_size_limit_cannot_follow(directory: Directory) -> None:
    for _ in range(101):
        directory.add()
    with pytest.raises(SnapshotRefused, match="have the limit lifted"):
        directory.connector(mode="syncrepl", bind_dn=READER).fetch(NOW, wanted=LOGINS)


def test_a_line_that_breaks_among_the_changes_is_begun_again(directory: Directory, follower: FeideConnector) -> None:
    before, _ = fetched(follower)
    for _ in range(30):
        directory.add()
    directory.line.cut_after, directory.line.cuts = 2_000, directory.line.lines + 1
    snapshot, uids = fetched(follower, before.cursor)
    assert snapshot.partial
    assert len(uids) == 30
