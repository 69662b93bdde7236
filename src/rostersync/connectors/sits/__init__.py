"""Reads what SITS:Vision exports: XML of exchange templates, delimited files, RWS answers or views of its database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import TypeVar

from rostersync.connectors import KeyedDigest, Snapshot, Wanted
from rostersync.connectors.sits.layout import Layout, Table, read_layout
from rostersync.connectors.sits.mapper import every_field
from rostersync.connectors.sits.reading import SitsReading
from rostersync.connectors.sits.rows import Row
from rostersync.connectors.sits.schools import read_schools
from rostersync.connectors.sits.settings import Settings
from rostersync.connectors.sits.taking import Taken, keep, rows_of_file
from rostersync.errors import Problem, SnapshotRefused, SourceUnavailable, UserMistake, refuse_settings
from rostersync.transport.files import Copied, Files
from rostersync.transport.spool import Spool

__all__ = ["ALL_YEAR", "Settings", "SitsConnector", "make"]

ALL_YEAR = True
"""Adults begin and end in any week, so the summer in which nothing is taken away does not concern them."""

T = TypeVar("T")

_SUFFIXES = {"xet": ".xml", "delimited": ".csv", "rws": ".json"}


def make(name: str, settings: Settings) -> SitsConnector:
    """The connector of the source called `name`.

    Raises:
        UserMistake: the layout or the table of schools cannot be used, or the settings do not fit the layout's shape.
    """
    return SitsConnector(name, settings)


class SitsConnector:
    """One SITS, in whatever shape it exports. Keeps private copies until each snapshot is accepted or discarded."""

    def __init__(self, name: str, settings: Settings) -> None:
        self._name = name
        self._settings = settings
        problems: list[Problem] = []
        layout = _attempt(read_layout, settings.layout, problems)
        schools = _attempt(read_schools, settings.schools, problems)
        if layout is None or schools is None:
            raise UserMistake(problems)
        refuse_settings(f"source.{name}", _mistakes(settings, layout))
        self._layout, self._schools = layout, schools
        self._spool = Spool(f"{name}-rows", settings.spool, ".jsonl")
        self._files = {
            place: Files(name, replace(settings, files=place), suffix=_SUFFIXES[self._layout.shape])
            for place in dict.fromkeys(map(self._place, self._tables_apart()))
        }
        self._copied: dict[str, dict[str, Copied]] = {}

    @property
    def fields(self) -> Wanted:
        """Every field name that the layout's rows can deliver."""
        return every_field(self._layout)

    def check(self) -> list[str]:
        """What is wrong with where the export is, or with what would be read there, in sentences."""
        found = list(dict.fromkeys(one for files in self._files.values() for one in files.check()))
        if found:
            return found
        try:
            with ExitStack() as looking:
                copied = {place: looking.enter_context(files.looking()) for place, files in self._files.items()}
                taken = keep(self._spool, self._rows(copied), self._layout, "")
        except (SourceUnavailable, SnapshotRefused) as error:
            return [str(error)]
        self._spool.drop(taken.path)
        return [_emptiness(table) for table in taken.empty]

    def fetch(
        self,
        now: datetime,
        released: Collection[str] = (),
        cursor: str = "",  # noqa: ARG002 - always everything
        wanted: Wanted | None = None,  # noqa: ARG002 - what to ask for is the layout's business
    ) -> Snapshot:
        """Fetch every part of the export, and read its rows to the end.

        Raises:
            SourceUnavailable: nothing there, still growing, of different nights, or out of reach.
            SnapshotRefused: not whole, too old, or without any row of some table.
        """
        copied: dict[str, Copied] = {}
        taken: Taken | None = None
        try:
            for place, files in self._files.items():
                copied[place] = files.fetch(now)
            self._refuse_apart(copied)
            taken = keep(self._spool, self._rows(copied), self._layout, self._way)
            made = min((one.changed for one in copied.values() if one.changed), default=None)
            self._refuse_doubtful(taken, made, now, released)
        except BaseException:
            self._drop(copied)
            if taken:
                self._spool.drop(taken.path)
            raise
        self._copied[str(taken.path)] = copied
        label = next((one.label for one in copied.values()), self._name)
        return Snapshot(str(taken.path), taken.digest, made, label)

    def read(self, snapshot: Snapshot, keyed: KeyedDigest, wanted: Wanted, *, careful: bool = False) -> SitsReading:  # noqa: ARG002 - the protocol has it
        """Read a fetched snapshot. There is one way only: nothing is taken on trust."""
        return SitsReading(snapshot, keyed, wanted, self._layout, self._schools, self._way)

    def accepted(self, snapshot: Snapshot) -> None:
        """Drop the copies; delete the sender's files, if the config says so and they are still what was read."""
        for place, one in self._copied.pop(snapshot.path, {}).items():
            self._files[place].accepted(one.path)
        self._spool.drop(Path(snapshot.path))

    def discard(self, snapshot: Snapshot) -> None:
        """Drop the copies."""
        self._drop(self._copied.pop(snapshot.path, {}))
        self._spool.drop(Path(snapshot.path))

    # -- within -------------------------------------------------------------------------------------------------------

    @property
    def _way(self) -> str:
        """What, besides its rows, decides the records of an export."""
        return f"{self._layout.digest} {self._schools.digest}"

    def _tables_apart(self) -> tuple[Table, ...]:
        """One table for each file to fetch: all are in one XET file, and none of a view's is in any."""
        tables = self._layout.tables
        return {"xet": tables[:1], "views": ()}.get(self._layout.shape, tables)

    def _place(self, table: Table) -> str:
        files = self._settings.files
        if self._layout.shape == "xet":
            return files
        before = files.rpartition("/")[0] if self._layout.shape == "delimited" else files.rstrip("/")
        return f"{before}/{table.place.lstrip('/')}"

    def _rows(self, copied: dict[str, Copied]) -> Iterator[Row]:
        if self._layout.shape == "views":
            from rostersync.connectors.sits.views import view_rows  # it brings SQLAlchemy along

            secret = self._settings.password
            password = secret.read() if secret else ""
            return view_rows(
                self._settings.database, self._settings.user, password, self._layout.tables, f"source {self._name}"
            )
        apart = self._tables_apart()
        return chain.from_iterable(rows_of_file(self._layout, table, copied[self._place(table)]) for table in apart)

    def _drop(self, copied: dict[str, Copied]) -> None:
        for place, one in copied.items():
            self._files[place].discard(one.path)

    def _refuse_apart(self, copied: dict[str, Copied]) -> None:
        """Yesterday's persons and today's memberships are no export."""
        limit = self._settings.together
        dates = sorted((one.changed, one.label) for one in copied.values() if one.changed)
        if limit is not None and dates and dates[-1][0] - dates[0][0] > limit:
            raise SourceUnavailable(
                f"{dates[0][1]} was written {_hours(dates[-1][0] - dates[0][0])} before {dates[-1][1]}, more than together "
                f"({_hours(limit)}) allows; run again when all files of the export are there"
            )

    def _refuse_doubtful(self, taken: Taken, made: datetime | None, now: datetime, released: Collection[str]) -> None:
        if taken.digest in released:
            return
        limit = self._settings.max_age
        if limit is not None and made and now - made > limit:
            text = f"the export is {_hours(now - made)} old, more than max_age ({_hours(limit)}) allows"
            raise SnapshotRefused("stale", f"{text}; check that it still runs", releasable=True, digest=taken.digest)
        if taken.empty:
            text = "; ".join(map(_emptiness, taken.empty))
            raise SnapshotRefused("zero", text, releasable=True, digest=taken.digest)


def _attempt(read: Callable[[Path], T], path: Path, problems: list[Problem]) -> T | None:
    """What a file beside the config says; what is wrong with several of them is told at once."""
    try:
        return read(path)
    except UserMistake as mistake:
        problems += mistake.problems
        return None


def _mistakes(settings: Settings, layout: Layout) -> list[str]:
    shape = layout.shape
    needed, other = ("database", "files") if shape == "views" else ("files", "database")
    found = []
    if not getattr(settings, needed):
        found.append(f"{needed} is missing: the layout {layout.name} is of shape {shape}")
    if getattr(settings, other):
        found.append(f"{other} does not go with the layout {layout.name}, which is of shape {shape}; leave it out")
    if shape == "views" and settings.database:
        from rostersync.connectors.sits.views import view_trouble

        if trouble := view_trouble(settings.database):
            found.append(f"database: {trouble}")
    return found


def _emptiness(table: Table) -> str:
    return (
        f"there is no row for {table.name} ({table.place}): the export ran empty, or `from` in the layout is wrong; "
        "where there are none at all, take the table out of the layout"
    )


def _hours(span: timedelta) -> str:
    return f"{span.total_seconds() / 3600:.1f} hours"
