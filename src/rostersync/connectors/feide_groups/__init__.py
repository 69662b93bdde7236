"""Reads Feide's Groups API: who is at which school, and in which class and group, by Feide name."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path

from rostersync.connectors import KeyedDigest, Snapshot, Wanted
from rostersync.connectors.feide_groups.api import Api
from rostersync.connectors.feide_groups.entries import End, encode
from rostersync.connectors.feide_groups.reading import FIELDS, GroupsReading
from rostersync.connectors.feide_groups.settings import Settings, mistakes
from rostersync.errors import refuse_settings
from rostersync.transport.spool import Spool
from rostersync.transport.tape import Tape

__all__ = ["DEPARTS", "FeideGroupsConnector", "Settings", "make"]

DEPARTS = False
"""A Feide account says little of who is at school: one may be left over, or missing for a summer."""


def make(name: str, settings: Settings) -> FeideGroupsConnector:
    """The connector of the source called `name`.

    Raises:
        UserMistake: every setting that cannot be right.
    """
    return FeideGroupsConnector(name, settings)


class FeideGroupsConnector:
    """One realm. Keeps the private copies it has made until each is accepted or discarded."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        *,
        wait: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        refuse_settings(f"source.{name}", mistakes(settings))
        self._label = f"{settings.url}, realm {settings.realm}"
        self._spool = Spool(name, settings.spool, ".groups")
        self._api = Api(name, settings, wait=wait, now=now)

    @property
    def fields(self) -> Wanted:
        """Every field name that the Groups API can deliver."""
        return {kind: frozenset(names) for kind, names in FIELDS.items()}

    def check(self) -> list[str]:
        """What keeps us from reading the source, in sentences."""
        return self._api.check()

    def fetch(
        self,
        now: datetime,  # noqa: ARG002 - everything is read, whatever the time
        released: Collection[str] = (),  # noqa: ARG002 - the protocol has it
        cursor: str = "",  # noqa: ARG002 - the protocol has it
        wanted: Wanted | None = None,  # noqa: ARG002 - the protocol has it
    ) -> Snapshot:
        """Read all groups and their members into a copy. The API knows no changes: everything is read every time.

        Raises:
            SourceUnavailable: it cannot be reached, or does not answer as it should.
            SnapshotRefused: its lists never end.
            UserMistake: the secret cannot be read.
        """
        with Tape(self._spool) as tape:
            tape.end(encode(End(self._api.read(tape))))
            return Snapshot(str(tape.path), tape.digest(""), None, self._label)

    def read(
        self,
        snapshot: Snapshot,
        keyed: KeyedDigest,
        wanted: Wanted,
        *,
        careful: bool = False,  # noqa: ARG002 - there is no short cut to forgo
    ) -> GroupsReading:
        """Read a fetched snapshot. Only what is in `wanted` leaves it."""
        return GroupsReading(snapshot, keyed, wanted)

    def accepted(self, snapshot: Snapshot) -> None:
        """Drop the copy."""
        self.discard(snapshot)

    def discard(self, snapshot: Snapshot) -> None:
        """Drop the copy."""
        self._spool.drop(Path(snapshot.path))
