"""Groups whose row was worked out since a target's groups were last found as they are wanted; only these can differ.

A school or an owner stands in what others are called and where they count: after one of those, everything can differ.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from rostersync.model import GroupFact
from rostersync.store.engine import BATCH, Database
from rostersync.store.facts import Facts, Place
from rostersync.store.groups import ORGANISATIONS
from rostersync.store.sources import Sources
from rostersync.store.tables import dirty_group


class DirtyGroups:
    """The dirty groups of all targets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, target: str, sources: Collection[str]) -> list[Place] | None:
        """Where the groups are that can differ at a target that these sources feed; None = all of them can."""
        mine = {no for name, no in Sources(self._database).numbers().items() if name in sources}
        columns = (dirty_group.c.source_no, dirty_group.c.key, dirty_group.c.whole)
        query = sa.select(*columns).where(dirty_group.c.target == target).limit(BATCH + 1)
        rows = self._database.conn.execute(query).all()
        if len(rows) > BATCH or any(row.whole or row.source_no not in mine for row in rows):
            return None
        return [(row.source_no, row.key) for row in rows]

    def facts(self, places: Sequence[Place]) -> dict[str, GroupFact | None]:
        """Group id -> what is said of it; None where its source leaves it out."""
        facts = Facts(self._database)
        facts.learn(places)
        found = ((facts.row(place), facts.fact(place)) for place in places)
        return {row.id: None if row.skipped else fact for row, fact in found if row and row.kind not in ORGANISATIONS}

    def clean(self, target: str) -> None:
        """All groups are at that target as they are wanted."""
        with self._database.begin():
            self._database.conn.execute(sa.delete(dirty_group).where(dirty_group.c.target == target))
