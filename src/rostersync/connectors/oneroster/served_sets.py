"""CSV sets on an SFTP or HTTPS server: private copies of those that count, as long as they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from rostersync.connectors.oneroster.csv_sets import CsvSet, described, lacking
from rostersync.connectors.oneroster.settings import Settings
from rostersync.transport.files.choosing import at_rest
from rostersync.transport.files.copying import copied
from rostersync.transport.files.opening import opened
from rostersync.transport.spool import Spool


@contextmanager
def fetched(
    name: str, settings: Settings, now: datetime, wait: Callable[[float], None], clock: Callable[[], float]
) -> Iterator[list[CsvSet]]:
    """The sets at rest, oldest first: back to the newest in bulk, and none that is older.

    Raises:
        SourceUnavailable: the server cannot be reached, offers nothing, or a set changed while it was copied.
        SnapshotRefused: a set has no readable manifest.
        UserMistake: a secret cannot be read.
    """
    spool = Spool(name, settings.spool, ".zip")
    copies: list[Path] = []
    try:
        with opened(settings, wait, clock) as place:
            offered = at_rest(place.offered(), now, settings.settle or timedelta(), settings.files)
            sets: list[CsvSet] = []
            for one in sorted(offered, key=lambda one: (one.changed or now, one.name), reverse=True):
                copies.append(copied(spool, place, one))
                sets.insert(0, described(copies[-1], one.label, one.changed or now))
                if not lacking(sets):
                    break
        yield sets
    finally:
        for path in copies:
            spool.drop(path)
