"""CSV sets as the source: in a folder of this machine, or on a server."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Final

import structlog
from msgspec import Struct

from rostersync.connectors.oneroster.csv_rows import Row, as_raw
from rostersync.connectors.oneroster.csv_sets import CsvSet, at_rest, changed_at, counting, current, delete, lacking
from rostersync.connectors.oneroster.entries import COLLECTIONS, encode
from rostersync.connectors.oneroster.served_sets import fetched
from rostersync.connectors.oneroster.settings import Settings
from rostersync.connectors.oneroster.shaping import is_gone, shape
from rostersync.errors import SnapshotRefused, SourceUnavailable
from rostersync.transport.files.address import scheme
from rostersync.transport.tape import Tape

_ROLES: Final = "roles"

log = structlog.get_logger()


class Read(Struct, frozen=True):
    """What was read: the newest set's date and label, how many there were in all, and those that they have replaced."""

    taken_at: datetime
    label: str
    sets: int
    replaced: tuple[Path, ...]


class Folder:
    """The sets that a sender drops, as the settings name them."""

    def __init__(
        self, name: str, settings: Settings, zone: tzinfo, *, wait: Callable[[float], None], clock: Callable[[], float]
    ) -> None:
        self._name = name
        self._settings = settings
        self._zone = zone
        self._wait, self._clock = wait, clock
        self._served = bool(scheme(settings.files))

    def check(self, now: datetime) -> list[str]:
        """What keeps us from reading what is there, in sentences."""
        try:
            with self._sets(now):
                return []
        except (SourceUnavailable, SnapshotRefused) as error:
            return [str(error)]

    def read(self, tape: Tape, now: datetime) -> Read:
        """Read what the sets come to on to a tape.

        Raises:
            SourceUnavailable: nothing there, still growing, unreadable, or changed while it was read.
            SnapshotRefused: no bulk set, or one that is cut off or damaged.
        """
        with self._sets(now) as sets:
            used = self._write(tape, sets)
        if not self._served and any(changed_at(one.path, now) != one.changed for one in used):
            raise SourceUnavailable(f"{self._settings.files}: a set changed while it was read; run again in a moment")
        oldest, newest = used[0].changed, used[-1]
        replaced = tuple(one.path for one in sets if one not in used and one.changed < oldest)
        return Read(newest.changed, newest.label, len(used), replaced)

    def _write(self, tape: Tape, sets: list[CsvSet]) -> list[CsvSet]:
        """Write what the sets come to; those of them that counted, oldest first."""
        roles = self._roles(sets)
        used = counting(sets, _ROLES)
        for collection in COLLECTIONS:
            found = counting(sets, collection)
            used += [one for one in found if one not in used]
            for row in current(found, collection):
                raw = as_raw(collection, row, roles)
                if not is_gone(raw):
                    tape.write(encode(shape(collection, raw, self._zone)))
        return [one for one in sets if one in used]

    def clear(self, replaced: tuple[Path, ...]) -> None:
        """Delete sets that newer ones have replaced, if the settings say so."""
        for path in replaced if self._settings.after == "delete" else ():
            try:
                delete(path)
            except OSError as error:
                log.warning("source.file_kept", source=self._name, reason=error.strerror)

    @contextmanager
    def _sets(self, now: datetime) -> Iterator[list[CsvSet]]:
        """The sets, oldest first, as long as somebody reads them."""
        settings = self._settings
        if self._served:
            with fetched(self._name, settings, now, self._wait, self._clock) as sets:
                yield self._complete(sets)
        else:
            yield self._complete(at_rest(settings.files, now, settings.settle or timedelta()))

    def _complete(self, sets: list[CsvSet]) -> list[CsvSet]:
        if missing := lacking(sets):
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
