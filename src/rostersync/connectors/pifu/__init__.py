"""Reads the PIFU-IMS or plain IMS Enterprise files that a school system leaves somewhere, as IST Everyday does."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rostersync.connectors import KeyedDigest, Snapshot, Wanted
from rostersync.connectors.pifu.digesting import Known, known
from rostersync.connectors.pifu.header import Header, moment, read_header
from rostersync.connectors.pifu.reader import PifuReading, reading_of
from rostersync.connectors.pifu.records import every_field
from rostersync.connectors.pifu.settings import ReadingSettings, Settings
from rostersync.connectors.pifu.survey import survey
from rostersync.connectors.pifu.volatile import mistakes
from rostersync.errors import SnapshotRefused, UserMistake
from rostersync.transport.files import Copied, Dated, Files

__all__ = ["Header", "PifuConnector", "ReadingSettings", "Settings", "make"]

_FUTURE = timedelta(days=1)
"""A file may be dated this far ahead of our clock before its date is no date."""


def make(name: str, settings: Settings) -> PifuConnector:
    """The connector of the source called `name`.

    Raises:
        UserMistake: its zone does not exist, it calls volatile what is read, or its keys do not fit together.
    """
    return PifuConnector(name, settings, lambda dated: Files(name, settings, dated))


class PifuConnector:
    """One place where exports are left. `files` makes what fetches them, and is told how to see an export's own date."""

    def __init__(self, name: str, settings: ReadingSettings, files: Callable[[Dated], Files]) -> None:
        self._settings = settings
        try:
            self._zone = ZoneInfo(settings.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise UserMistake(
                [f'source.{name}: "{settings.zone}" is no time zone; use one such as "Europe/Oslo"']
            ) from None
        if wrong := mistakes(name, settings.volatile):
            raise UserMistake(wrong)
        self._files = files(self._dated)

    @property
    def fields(self) -> Wanted:
        """Every field name that PIFU-IMS and IMS Enterprise documents can deliver."""
        return every_field()

    def check(self) -> list[str]:
        """What is wrong with the place, or with the file that would be read, in sentences."""
        return survey(self._files, self._settings)

    def fetch(
        self,
        now: datetime,
        released: Collection[str] = (),
        cursor: str = "",  # noqa: ARG002 - the protocol has it
        wanted: Wanted | None = None,  # noqa: ARG002 - the protocol has it
    ) -> Snapshot:
        """Copy the newest file at rest. `released` are the digests of stale snapshots that a human let through.

        Raises:
            SourceUnavailable: nothing there, still growing, or unreadable.
            SnapshotRefused: no readable header, too old, or two files of the same date.
        """
        copied = self._files.fetch(now)
        try:
            found = known(copied.path, copied.label, repr(reading_of(self._settings)))
            made = self._made(found, copied, now, released)
        except SnapshotRefused:
            self._files.discard(copied.path)
            raise
        return Snapshot(str(copied.path), found.digest, made, copied.label)

    def read(self, snapshot: Snapshot, keyed: KeyedDigest, wanted: Wanted, *, careful: bool = False) -> PifuReading:
        """Read a fetched snapshot. Only what is in `wanted` leaves it; contacts never, unless the config says so."""
        return PifuReading(snapshot, keyed, wanted, self._settings, careful=careful)

    def accepted(self, snapshot: Snapshot) -> None:
        """Drop the copy; delete the file itself, if the config says so and it is still what was read."""
        self._files.accepted(Path(snapshot.path))

    def discard(self, snapshot: Snapshot) -> None:
        """Drop the copy."""
        self._files.discard(Path(snapshot.path))

    def _dated(self, stream: BinaryIO, label: str) -> datetime | None:
        return moment(read_header(stream, label).datetime, self._zone)

    def _made(self, found: Known, copied: Copied, now: datetime, released: Collection[str]) -> datetime | None:
        """When the document says it was made, None if it does not; refuses what is stale or of unknowable age."""
        made: datetime | None = None
        trouble = ""
        try:
            made = moment(found.header.datetime, self._zone)
        except ValueError:
            trouble = "its properties/datetime cannot be read, so nobody knows how old it is"
        if not trouble and self._settings.max_age is not None:
            trouble = _staleness(now - (made or copied.changed or now), self._settings.max_age)
        if trouble and found.digest not in released:
            text = f"{copied.label}: {trouble}; check that the export still runs"
            raise SnapshotRefused("stale", text, releasable=True, digest=found.digest)
        return made


def _staleness(age: timedelta, limit: timedelta) -> str:
    if age > limit:
        return f"it is {_hours(age)} old, more than max_age ({_hours(limit)}) allows"
    if -age > _FUTURE:
        return f"it is dated {_hours(-age)} ahead of this machine's clock"
    return ""


def _hours(span: timedelta) -> str:
    return f"{span.total_seconds() / 3600:.1f} hours"
