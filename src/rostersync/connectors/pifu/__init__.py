"""Reads the PIFU-IMS or plain IMS Enterprise files that a school system drops in a folder, as IST Everyday does."""

from __future__ import annotations

import filecmp
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

from rostersync.connectors import KeyedDigest, Snapshot, Wanted
from rostersync.connectors.pifu.dropfolder import Candidate, at_rest, newest
from rostersync.connectors.pifu.header import Header, moment, peek
from rostersync.connectors.pifu.reader import PifuReading, reading_of
from rostersync.connectors.pifu.records import every_field
from rostersync.connectors.pifu.settings import Settings
from rostersync.connectors.pifu.spool import Copy, take
from rostersync.connectors.pifu.survey import survey, unreadable
from rostersync.connectors.pifu.volatile import mistakes
from rostersync.errors import SnapshotRefused, SourceUnavailable, UserMistake
from rostersync.transport.spool import Spool

__all__ = ["Header", "PifuConnector", "Settings", "make", "peek"]

_FUTURE = timedelta(days=1)
"""A file may be dated this far ahead of our clock before its date is no date."""

log = structlog.get_logger()


def make(name: str, settings: Settings) -> PifuConnector:
    """The connector of the source called `name`.

    Raises:
        UserMistake: its zone does not exist, or it calls volatile what is read.
    """
    return PifuConnector(name, settings)


class PifuConnector:
    """One drop folder. Keeps the private copies it has made until each is accepted or discarded."""

    def __init__(self, name: str, settings: Settings) -> None:
        self._name = name
        self._settings = settings
        self._spool = Spool(name, settings.spool, ".xml")
        try:
            self._zone = ZoneInfo(settings.zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise UserMistake(
                [f'source.{name}: "{settings.zone}" is no time zone; use one such as "Europe/Oslo"']
            ) from None
        if wrong := mistakes(name, settings.volatile):
            raise UserMistake(wrong)

    @property
    def fields(self) -> Wanted:
        """Every field name that PIFU-IMS and IMS Enterprise documents can deliver."""
        return every_field()

    def check(self) -> list[str]:
        """What is wrong with the folder, or with the file that would be read, in sentences."""
        return survey(self._settings, self._zone)

    def fetch(self, now: datetime, released: Collection[str] = (), cursor: str = "") -> Snapshot:  # noqa: ARG002
        """Copy the newest file at rest. `released` are the digests of stale snapshots that a human let through.

        Raises:
            SourceUnavailable: nothing there, still growing, or unreadable.
            SnapshotRefused: no readable header, too old, or two files of the same date.
        """
        try:
            paths = at_rest(self._settings.files, now, self._settings.settle or timedelta(), self._zone)
            chosen = newest(paths, self._zone)
            copy = take(self._spool, chosen.path, repr(reading_of(self._settings)))
        except OSError as error:
            raise SourceUnavailable(unreadable(error)) from None
        try:
            made = self._made(copy, chosen, now, released)
        except SnapshotRefused:
            self._spool.drop(copy.path)
            raise
        return Snapshot(str(copy.path), copy.digest, made, str(chosen.path))

    def read(self, snapshot: Snapshot, keyed: KeyedDigest, wanted: Wanted, *, careful: bool = False) -> PifuReading:
        """Read a fetched snapshot. Only what is in `wanted` leaves it; contacts never, unless the config says so."""
        return PifuReading(snapshot, keyed, wanted, self._settings, careful=careful)

    def accepted(self, snapshot: Snapshot) -> None:
        """Drop the copy; delete the file itself, if the config says so and it is still what was read."""
        copy, source = Path(snapshot.path), Path(snapshot.label)
        try:
            if self._settings.after == "delete" and source.is_file() and filecmp.cmp(copy, source, shallow=False):
                source.unlink()
        except OSError as error:
            log.warning("source.file_kept", source=self._name, reason=error.strerror)
        self._spool.drop(copy)

    def discard(self, snapshot: Snapshot) -> None:
        """Drop the copy."""
        self._spool.drop(Path(snapshot.path))

    def _made(self, copy: Copy, chosen: Candidate, now: datetime, released: Collection[str]) -> datetime | None:
        """When the document says it was made, None if it does not; refuses what is stale or of unknowable age."""
        made: datetime | None = None
        trouble = ""
        try:
            made = moment(copy.header.datetime, self._zone)
        except ValueError:
            trouble = "its properties/datetime cannot be read, so nobody knows how old it is"
        if not trouble and self._settings.max_age is not None:
            trouble = _staleness(now - (made or chosen.changed), self._settings.max_age)
        if trouble and copy.digest not in released:
            text = f"{chosen.path}: {trouble}; check that the export still runs"
            raise SnapshotRefused("stale", text, releasable=True, digest=copy.digest)
        return made


def _staleness(age: timedelta, limit: timedelta) -> str:
    if age > limit:
        return f"it is {_hours(age)} old, more than max_age ({_hours(limit)}) allows"
    if -age > _FUTURE:
        return f"it is dated {_hours(-age)} ahead of this machine's clock"
    return ""


def _hours(span: timedelta) -> str:
    return f"{span.total_seconds() / 3600:.1f} hours"
