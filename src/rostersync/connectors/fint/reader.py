"""One pass over what was gathered: the sections of the snapshot, as fragments, and what proved that they are whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from rostersync.connectors import Fragment, KeyedDigest, Snapshot, Wanted
from rostersync.connectors.fint.filing import Shelves, opened
from rostersync.connectors.fint.fragments import Fragments
from rostersync.connectors.fint.note import Note
from rostersync.connectors.fint.records import Recorder
from rostersync.connectors.fint.resources import GROUPS
from rostersync.connectors.fint.settings import Settings
from rostersync.connectors.fint.tables import Tables
from rostersync.errors import SourceUnavailable

log = structlog.get_logger()


def way_of(settings: Settings) -> str:
    """The settings that decide what a reading of the same entries gives; digests cover them."""
    return repr((settings.guardians, settings.zone))


class FintReading:
    """One pass. There is only one way to read: every entry was proved to be JSON when it was fetched."""

    def __init__(
        self, name: str, snapshot: Snapshot, keyed: KeyedDigest, wanted: Wanted, settings: Settings, zone: ZoneInfo
    ) -> None:
        self._name = name
        self._path = Path(snapshot.path)
        self._sections = Note.of(snapshot.cursor).sections
        self._partial = snapshot.partial
        self._evidence = snapshot.label
        self._keyed = keyed
        self._way = way_of(settings).encode()
        self._recorder = Recorder(wanted if settings.guardians else {**wanted, "contact": frozenset[str]()}, zone)
        self._zone = zone
        self._proof = ""

    @property
    def proof(self) -> str:
        """What proved completeness, in words; empty until the end."""
        return self._proof

    def __iter__(self) -> Iterator[Fragment]:
        self._proof = ""
        try:
            with opened(self._path) as shelves:
                yield from self._fragments(shelves)
        except OSError as error:
            raise SourceUnavailable(
                f"{self._path}: our copy of what was read is gone ({error.strerror}); run again"
            ) from None
        self._proof = self._evidence

    def _fragments(self, shelves: Shelves) -> Iterator[Fragment]:
        fragments = Fragments(shelves, self._recorder, self._zone, self._keyed, self._way)
        if "pupils" in self._sections:
            yield from fragments.pupils()
        if "staff" in self._sections:
            yield from fragments.staff()
        if not {"schools", *GROUPS} & set(self._sections):
            return
        tables = Tables(shelves, self._zone)
        if "schools" in self._sections:
            # The tie to a school is what keeps somebody in the LMS, so it ends on the word of a full read only.
            yield from fragments.schools(tables, members=not self._partial)
        for kind in GROUPS:
            if kind in self._sections:
                yield from fragments.groups(kind, tables)
        if tables.dangling:
            log.info("source.links_led_nowhere", source=self._name, count=tables.dangling)
