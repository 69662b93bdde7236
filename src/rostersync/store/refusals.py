"""What a target has refused, and how often: what it refused thrice is parked, and not handed over again as it is.

It is tried again when something else is wanted of it, when a person asks for it (`resync`, `drift repair`), in every full
run, and when something arrived that it may have waited for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import Final

import sqlalchemy as sa
from msgspec import Struct

from rostersync.model import ObjectKind
from rostersync.store.engine import BATCH, Database, batches
from rostersync.store.tables import refusal

PARKED_AFTER: Final = 3
"""Refusals of one and the same value, each in a run of its own."""


class Refusal(Struct, frozen=True):
    """What was refused. `digest` is that of the value wanted, empty for a removal; `since` is the day of the first time."""

    id: str
    phase: int
    kind: ObjectKind
    digest: str
    reason: str
    since: date
    times: int = 1

    @property
    def parked(self) -> bool:
        """Whether it is not handed over again as it is."""
        return self.times >= PARKED_AFTER


_COLUMNS: Final = ("target", "id", "phase", "kind", "digest", "reason", "since", "times")
_AGAIN: Final = ", ".join(
    [f"{name} = excluded.{name}" for name in ("phase", "kind", "digest", "reason")]
    + [
        "since = CASE WHEN refusal.digest = excluded.digest THEN refusal.since ELSE excluded.since END",
        "times = CASE WHEN refusal.digest = excluded.digest THEN refusal.times + 1 ELSE 1 END",
    ]
)


class Refusals:
    """The refusals of all targets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, target: str) -> dict[str, Refusal]:
        """What a target has refused, by id."""
        query = sa.select(*(refusal.c[name] for name in _COLUMNS[1:])).where(refusal.c.target == target)
        rows = self._database.conn.execute(query.order_by(refusal.c.id)).all()
        return {
            row.id: Refusal(
                row.id, row.phase, row.kind, row.digest, row.reason, date.fromisoformat(row.since), row.times
            )
            for row in rows
        }

    def add(self, target: str, refused: Iterable[Refusal]) -> None:
        """Note what was refused in one run; the same value once more counts up."""
        rows = (
            (target, one.id, one.phase, one.kind, one.digest, one.reason, one.since.isoformat(), one.times)
            for one in refused
        )
        with self._database.begin():
            self._database.upsert_many(refusal, _COLUMNS, rows, ("target", "id"), _AGAIN)

    def drop(self, target: str, ids: Collection[str]) -> int:
        """Forget about these: they have arrived, or nothing of the kind is wanted any more, or a person says so.

        Gives how many of them there were.
        """
        dropped = 0
        with self._database.begin():
            for some in batches(ids, BATCH):
                these = sa.delete(refusal).where(refusal.c.target == target, refusal.c.id.in_(some))
                dropped += self._database.conn.execute(these).rowcount
        return dropped
