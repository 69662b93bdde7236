"""Reads OneRoster 1.1 and 1.2: a service over REST, or CSV sets in a folder. The settings decide."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rostersync.connectors import KeyedDigest, Snapshot, Wanted
from rostersync.connectors.oneroster.entries import COLLECTIONS, End, encode
from rostersync.connectors.oneroster.folder import Folder
from rostersync.connectors.oneroster.reading import RosterReading, reading_of
from rostersync.connectors.oneroster.records import every_field
from rostersync.connectors.oneroster.service import Service
from rostersync.connectors.oneroster.settings import Settings, mistakes
from rostersync.errors import SnapshotRefused, refuse_settings
from rostersync.transport.spool import Spool
from rostersync.transport.tape import Tape

__all__ = ["OneRosterConnector", "Settings", "make"]


def make(name: str, settings: Settings) -> OneRosterConnector:
    """The connector of the source called `name`.

    Raises:
        UserMistake: its settings do not fit together.
    """
    return OneRosterConnector(name, settings)


class OneRosterConnector:
    """One roster. Keeps the private copies it has made until each is accepted or discarded."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        *,
        wait: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        refuse_settings(f"source.{name}", mistakes(settings))
        zone = ZoneInfo(settings.zone)
        self._settings = settings
        self._spool = Spool(name, settings.spool, ".roster")
        self._service = Service(name, settings, zone, wait=wait, now=now) if settings.url else None
        self._folder = Folder(name, settings, zone, wait=wait, clock=now) if settings.files else None
        self._replaced: dict[str, tuple[Path, ...]] = {}

    @property
    def fields(self) -> Wanted:
        """Every field name that OneRoster 1.1 and 1.2 can deliver."""
        return every_field()

    def check(self) -> list[str]:
        """What keeps us from reading the source, in sentences."""
        if self._service:
            return self._service.check()
        return self._folder.check(datetime.now(UTC)) if self._folder else []

    def fetch(
        self,
        now: datetime,
        released: Collection[str] = (),
        cursor: str = "",
        wanted: Wanted | None = None,  # noqa: ARG002 - a service may refuse to be asked for less
    ) -> Snapshot:
        """Read the whole roster into a copy; where a service says that nothing has changed, the last snapshot again.

        Raises:
            SourceUnavailable: it cannot be reached or read, or does not answer as it should.
            SnapshotRefused: it did not come whole, or is too old.
            UserMistake: the secret cannot be read.
        """
        with Tape(self._spool) as tape:
            if self._service:
                return self._from_service(self._service, tape, cursor)
            if self._folder:
                return self._from_folder(self._folder, tape, now, released)
        raise SnapshotRefused("no proof", "neither url nor files is set")  # refused when the connector was made

    def read(
        self,
        snapshot: Snapshot,
        keyed: KeyedDigest,
        wanted: Wanted,
        *,
        careful: bool = False,  # noqa: ARG002 - there is no short cut to forgo
    ) -> RosterReading:
        """Read a fetched snapshot. Only what is in `wanted` leaves it; guardians never, unless the config says so."""
        return RosterReading(snapshot, keyed, wanted, self._settings)

    def accepted(self, snapshot: Snapshot) -> None:
        """Drop the copy; delete sets that newer ones have replaced, if the config says so."""
        if self._folder:
            self._folder.clear(self._replaced.get(snapshot.path, ()))
        self.discard(snapshot)

    def discard(self, snapshot: Snapshot) -> None:
        """Drop the copy."""
        self._replaced.pop(snapshot.path, None)
        self._spool.drop(Path(snapshot.path))

    def _from_service(self, service: Service, tape: Tape, cursor: str) -> Snapshot:
        label = self._settings.url
        if known := service.unchanged(cursor):
            tape.end(encode(End("the service says that nothing has changed")))
            return Snapshot(str(tape.path), known.digest, None, label, partial=True, cursor=cursor)
        tallies = service.read(tape)
        counts = ", ".join(f"{name} {tally.different}" for name, tally in tallies.items())
        tape.end(encode(End(f"{counts}: all read to their end")))
        digest = tape.digest(reading_of(self._settings))
        return Snapshot(str(tape.path), digest, None, label, cursor=service.cursor(tallies, digest))

    def _from_folder(self, folder: Folder, tape: Tape, now: datetime, released: Collection[str]) -> Snapshot:
        read = folder.read(tape, now)
        sets = "the newest bulk set" + (f" and {read.sets - 1} after it" if read.sets > 1 else "")
        tape.end(encode(End(f"{sets}, {len(COLLECTIONS)} files to their end")))
        digest, label = tape.digest(reading_of(self._settings)), read.label
        age, limit = now - read.taken_at, self._settings.max_age
        if limit is not None and age > limit and digest not in released:
            hours, allowed = age.total_seconds() / 3600, limit.total_seconds() / 3600
            text = f"it is {hours:.1f} hours old, more than max_age ({allowed:.1f} hours) allows; check that the export runs"
            raise SnapshotRefused("stale", f"{label}: {text}", releasable=True, digest=digest)
        self._replaced[str(tape.path)] = read.replaced
        return Snapshot(str(tape.path), digest, read.taken_at, label)
