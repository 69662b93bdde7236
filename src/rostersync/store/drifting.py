"""What differs at the targets from what was delivered, as last seen; what people let be; and how far each walk has come.

No value of anybody's is kept: ids, and the names of the aspects that differ.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Final

import msgspec
import sqlalchemy as sa

from rostersync.model import ObjectKind, What
from rostersync.store.engine import BATCH, Database, batches, moment
from rostersync.store.tables import drift, drift_ignored, drift_walk

_KEY: Final = ("target", "object_kind", "id")
_BETWEEN: Final = ", "
"""What aspects are written with; no name of one has a comma."""


class Drifted(msgspec.Struct, frozen=True):
    """One thing that is not as it was delivered. `id` is ours, or of what is foreign its name here (see `name_of`).

    `aspects` say what differs; `since` (RFC 3339) is when it was first seen so.
    """

    target: str
    object_kind: ObjectKind
    id: str
    what: What
    aspects: str = ""
    since: str = ""

    @property
    def row(self) -> tuple[str, ...]:
        """What makes it the same finding as another."""
        return (self.target, self.object_kind, self.id, self.what, self.aspects)


class Ignored(msgspec.Struct, frozen=True):
    """A finding that people let be, through `until`, as long as it is just that. `at` is RFC 3339."""

    target: str
    object_kind: ObjectKind
    id: str
    what: What
    aspects: str
    until: date
    reason: str
    who: str
    at: str

    @property
    def row(self) -> tuple[str, ...]:
        """The finding's own."""
        return (self.target, self.object_kind, self.id, self.what, self.aspects)


class Place(msgspec.Struct, frozen=True):
    """How far a walk has come: behind this kind and id. `ended_at` is when the last whole round ended, or empty."""

    object_kind: str = ""
    id: str = ""
    begun_at: str = ""
    ended_at: str = ""


class Drift:
    """The drift of all targets."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._digest = database.keyring.digest("drift")

    def name_of(self, key: str) -> str:
        """What a foreign key of an LMS is called here: 32 hexadecimal digits that tell nothing about it."""
        return self._digest(key.encode()).hex()

    # -- findings ---------------------------------------------------------------------------------------------------

    def found(self, *targets: str) -> list[Drifted]:
        """What differs at these targets as last seen, by target, kind and id."""
        query = sa.select(drift).where(drift.c.target.in_(targets)).order_by(*(drift.c[name] for name in _KEY))
        return [Drifted(*row) for row in self._database.conn.execute(query).all()]

    def listed(self, target: str, whats: Collection[What], findings: Iterable[Drifted], at: datetime) -> None:
        """A whole target was read: these are all its findings of those sorts. What was there before keeps its date."""
        mine = sa.and_(drift.c.target == target, drift.c.what.in_(whats))
        self._replace(target, mine, findings, at)

    def walked(
        self, target: str, kind: ObjectKind, ids: Iterable[str], findings: Iterable[Drifted], at: datetime
    ) -> None:
        """These things of one kind were looked at: the findings are all that is to be said of them."""
        mine = sa.and_(drift.c.target == target, drift.c.object_kind == kind, drift.c.id.in_(list(ids)))
        self._replace(target, mine, findings, at)

    def clear(self, findings: Iterable[Drifted]) -> None:
        """Forget findings: what they tell of is on its way again."""
        with self._database.begin():
            self._database.delete_many(drift, _KEY, [one.row[:3] for one in findings])

    def _replace(self, target: str, mine: sa.ColumnElement[bool], findings: Iterable[Drifted], at: datetime) -> None:
        with self._database.begin():
            before = {one.row: one.since for one in self.found(target)}
            self._database.conn.execute(sa.delete(drift).where(mine))
            for some in batches(findings, BATCH):
                rows = [(*one.row, before.get(one.row, moment(at))) for one in some]
                self._database.delete_many(drift, _KEY, [row[:3] for row in rows])
                self._database.insert_many(drift, [column.name for column in drift.columns], rows)

    # -- what people let be -----------------------------------------------------------------------------------------

    def ignore(self, finding: Drifted, until: date, reason: str, who: str, at: datetime) -> None:
        """Let a finding be, through `until`. What was decided of the same thing before is replaced."""
        row = (*finding.row, until.isoformat(), reason, who, moment(at))
        with self._database.begin():
            self._database.delete_many(drift_ignored, _KEY, [row[:3]])
            self._database.insert_many(drift_ignored, [column.name for column in drift_ignored.columns], [row])

    def ignored(self) -> list[Ignored]:
        """Everything that people let be, by target, kind and id, what has run out included."""
        query = sa.select(drift_ignored).order_by(*(drift_ignored.c[name] for name in _KEY))
        rows = self._database.conn.execute(query).all()
        return [Ignored(*[*row[:5], date.fromisoformat(row.until), *row[6:]]) for row in rows]

    # -- walks ------------------------------------------------------------------------------------------------------

    def place(self, target: str) -> Place:
        """How far the walk of a target has come; at the very beginning when there was none."""
        row = self._database.conn.execute(sa.select(drift_walk).where(drift_walk.c.target == target)).one_or_none()
        return Place(row.object_kind, row.id, row.begun_at, row.ended_at or "") if row else Place()

    def move_on(self, target: str, place: Place) -> None:
        """Note how far it has come."""
        row = (target, place.object_kind, place.id, place.begun_at, place.ended_at or None)
        with self._database.begin():
            self._database.delete_many(drift_walk, ("target",), [(target,)])
            self._database.insert_many(drift_walk, [column.name for column in drift_walk.columns], [row])
