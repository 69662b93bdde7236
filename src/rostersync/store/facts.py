"""The facts of groups and schools, as cards and plans refer to them.

Opening a seal costs more than remembering a fact, and a batch of persons in id order touches groups everywhere, so
facts are remembered for as long as this lives: one reading of cards. An owner like Oslo has some 25,000.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from rostersync.model import GroupFact, Organisation, School
from rostersync.normalize import organisation_number
from rostersync.store.engine import BATCH, Database, batches
from rostersync.store.groups import ORGANISATIONS, open_group
from rostersync.store.persons import place_of
from rostersync.store.tables import group

Place = tuple[int, int]
"""Where a group is found: (source number, surrogate of its key)."""

_ROWS: Final = """
    SELECT key, sealed, id, kind, parent_key, "begin", "end", skipped, standing
      FROM "group" WHERE source_no = ? AND key IN (them)
"""


class Known(msgspec.Struct, frozen=True, gc=False):
    """A group's row, opened. `parent` is where its parent would be found, None when it has none."""

    id: str
    kind: str
    name: str
    title: str
    number: str
    key: str
    parent: Place | None
    begin: date | None
    end: date | None
    skipped: str
    standing: bool


class Facts:
    """Looks up groups, and the schools above them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows: dict[Place, Known | None] = {}
        self._facts: dict[Place, GroupFact] = {}

    def learn(self, places: Iterable[Place]) -> None:
        """Look up these groups and everything above them: a few queries, however many groups."""
        unknown = {place for place in places if place not in self._rows}
        while unknown:
            self._rows.update((place, None) for place in unknown)
            self._read(unknown)
            above = (row.parent for place in unknown if (row := self._rows[place]))
            unknown = {parent for parent in above if parent and parent not in self._rows}

    def learn_all(self, sources: Sequence[int], kinds: Sequence[str] = ()) -> Iterator[Place]:
        """Look up every group of some sources, or those of some kinds. Gives their places, by source in that order."""
        for source in sources:
            keys = sa.select(group.c.key).where(group.c.source_no == source).order_by(group.c.id)
            if kinds:
                keys = keys.where(group.c.kind.in_(kinds))
            places = [(source, key) for key in self._database.conn.execute(keys).scalars()]
            self.learn(places)
            yield from places

    def row(self, place: Place) -> Known | None:
        """The row of a learnt group; None when its source never described it."""
        return self._rows[place]

    def fact(self, place: Place) -> GroupFact | None:
        """The fact of a learnt group; None when its source never described it."""
        if place not in self._facts:
            row = self._rows[place]
            if row is None:
                return None
            above = self._above(place, ("school",))
            school = _school(above) if above else None
            self._facts[place] = GroupFact(
                row.id, row.kind, row.name, row.title, school, row.begin, row.end, row.standing
            )
        return self._facts[place]

    def organisation(self, place: Place) -> Organisation | None:
        """A learnt group as an organisation; None when it is none, or its source leaves it out."""
        row = self._rows[place]
        if row is None or row.kind not in ORGANISATIONS or row.skipped:
            return None
        parent = self._above(row.parent, ORGANISATIONS) if row.parent else None
        kind: Any = row.kind
        return Organisation(row.id, kind, row.name, organisation_number(row.number), parent.id if parent else "")

    def _above(self, place: Place | None, kinds: Sequence[str]) -> Known | None:
        """The nearest group of one of these kinds, from a place upwards. A circle of parents leads nowhere."""
        been: set[Place] = set()
        while place and place not in been:
            been.add(place)
            row = self._rows.get(place)
            if row is None or row.kind in kinds:
                return row
            place = row.parent
        return None

    def _read(self, places: Iterable[Place]) -> None:
        by_source: dict[int, list[int]] = {}
        for source, key in places:
            by_source.setdefault(source, []).append(key)
        for source, keys in by_source.items():
            for some in batches(keys, BATCH):
                for key, sealed, *row in self._database.among(_ROWS, some, source):
                    self._rows[source, key] = self._opened(source, key, sealed, row)

    def _opened(self, source: int, key: int, sealed: bytes, row: Sequence[Any]) -> Known:
        said = open_group(self._database.keyring.open_global(sealed, place_of(source, key)))
        id_, kind, parent, begin, end, skipped, standing = row
        return Known(
            id=id_,
            kind=kind,
            name=said.name,
            title=said.title,
            number=said.number,
            key=said.key,
            parent=None if parent is None else (source, parent),
            begin=day_of(begin),
            end=day_of(end),
            skipped=skipped,
            standing=bool(standing),
        )


def _school(row: Known) -> School:
    return School(row.id, row.name, organisation_number(row.number), row.key)


@lru_cache(maxsize=4_096)
def day_of(text: str | None) -> date | None:
    """The date that a column holds; nearly all ties of a year share a few."""
    return date.fromisoformat(text) if text else None
