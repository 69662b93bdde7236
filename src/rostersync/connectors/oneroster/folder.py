"""A folder of CSV sets as the source."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Final

import structlog
from msgspec import Struct

from rostersync.connectors.oneroster.csv_rows import Row, as_raw
from rostersync.connectors.oneroster.csv_sets import CsvSet, at_rest, changed_at, counting, current, delete
from rostersync.connectors.oneroster.entries import COLLECTIONS, encode
from rostersync.connectors.oneroster.settings import Settings
from rostersync.connectors.oneroster.shaping import is_gone, shape
from rostersync.errors import SnapshotRefused, SourceUnavailable
from rostersync.transport.tape import Tape

_NEEDED: Final = ("orgs", "classes", "users", "enrollments")
_ROLES: Final = "roles"

log = structlog.get_logger()


class Read(Struct, frozen=True):
    """What was read: the newest set's date, the sets in it, and those that it has replaced."""

    taken_at: datetime
    used: tuple[Path, ...]
    replaced: tuple[Path, ...]


class Folder:
    """The sets that a sender drops, as the settings name them."""

    def __init__(self, name: str, settings: Settings, zone: tzinfo) -> None:
        self._name = name
        self._settings = settings
        self._zone = zone

    def check(self, now: datetime) -> list[str]:
        """What keeps us from reading what is there, in sentences."""
        try:
            self._sets(now)
        except (SourceUnavailable, SnapshotRefused) as error:
            return [str(error)]
        return []

    def read(self, tape: Tape, now: datetime) -> Read:
        """Read what the sets come to on to a tape.

        Raises:
            SourceUnavailable: nothing there, still growing, unreadable, or changed while it was read.
            SnapshotRefused: no bulk set, or one that is cut off or damaged.
        """
        sets = self._sets(now)
        roles = self._roles(sets)
        used = {one.path: one for one in counting(sets, _ROLES)}
        for collection in COLLECTIONS:
            found = counting(sets, collection)
            used |= {one.path: one for one in found}
            for row in current(found, collection):
                raw = as_raw(collection, row, roles)
                if not is_gone(raw):
                    tape.write(encode(shape(collection, raw, self._zone)))
        if any(changed_at(one.path, now) != one.changed for one in used.values()):
            raise SourceUnavailable(f"{self._settings.files}: a set changed while it was read; run again in a moment")
        oldest, newest = min(one.changed for one in used.values()), max(one.changed for one in used.values())
        replaced = tuple(one.path for one in sets if one.path not in used and one.changed < oldest)
        return Read(newest, tuple(used), replaced)

    def clear(self, replaced: tuple[Path, ...]) -> None:
        """Delete sets that newer ones have replaced, if the settings say so."""
        for path in replaced if self._settings.after == "delete" else ():
            try:
                delete(path)
            except OSError as error:
                log.warning("source.file_kept", source=self._name, reason=error.strerror)

    def _sets(self, now: datetime) -> list[CsvSet]:
        sets = at_rest(self._settings.files, now, self._settings.settle or timedelta())
        missing = [name for name in _NEEDED if not counting(sets, name)]
        if missing:
            raise SnapshotRefused(
                "no proof",
                f"{self._settings.files}: no set has {', '.join(missing)} in bulk, so nobody knows the whole of it; have the "
                "sender write a bulk set, and each set under a name of its own",
            )
        return sets

    def _roles(self, sets: list[CsvSet]) -> dict[str, list[Row]]:
        """User -> her rows of roles.csv, which 1.2 has."""
        roles: defaultdict[str, list[Row]] = defaultdict(list)
        for row in current(counting(sets, _ROLES), _ROLES):
            if not is_gone(row):
                roles[row.get("userSourcedId", "").strip()].append(row)
        return roles
