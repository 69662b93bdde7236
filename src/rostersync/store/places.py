"""At which schools known objects count, so that the guard has its sizes without opening a single seal.

An enabled user counts as one person at each of her schools, a membership at the school its group had when the user was
delivered, a guardianship at each of the ward's schools, a group at its own. Scope "" is "no school". Users in the LMS's
trash are nobody's pupils any more: were they counted, a school's limits would widen with every year.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

import sqlalchemy as sa

from rostersync.model import Group, Held, Kind, User
from rostersync.store.engine import BATCH, Database, batches
from rostersync.store.tables import known, known_place

_COUNTS: Final = ("persons", "groups", "memberships", "guardianships")
_KINDS: Final[tuple[Kind, ...]] = ("person", "group", "membership", "guardianship")
_COLUMNS: Final = ("target", "id", "school", *_COUNTS)


class Places:
    """The counts of one target. Group schools looked up once are remembered for as long as this lives: one delivery."""

    def __init__(self, database: Database, target: str) -> None:
        self._database = database
        self._target = target
        self._schools: dict[str, str] = {}

    def move(self, values: Mapping[str, Held | None]) -> None:
        """Let these objects (id -> value, None = removed) count where their values say, and nowhere else."""
        self._learn_schools(values)
        self._database.delete_many(known_place, ("target", "id"), [(self._target, id_) for id_ in values])
        rows = (row for id_, value in values.items() for row in self._rows(id_, value))
        self._database.insert_many(known_place, _COLUMNS, rows)

    def sizes(self) -> dict[tuple[Kind, str], int]:
        """How much is known, by kind and organisation id; "*" is the whole owner, where nobody counts twice."""
        sizes: Counter[tuple[Kind, str]] = Counter()
        for school, *counts in self._database.conn.execute(self._by_school()):
            sizes.update({(kind, school): int(count) for kind, count in zip(_KINDS, counts, strict=True)})
        totals = self._database.conn.execute(self._in_all()).one()
        sizes.update({(kind, "*"): int(total or 0) for kind, total in zip(_KINDS, totals, strict=True)})
        organisations = sa.select(known.c.id).where(
            known.c.target == self._target, known.c.object_kind == "organisation"
        )
        for id_ in self._database.conn.execute(organisations).scalars():
            sizes.update({("organisation", id_): 1, ("organisation", "*"): 1})
        return {key: size for key, size in sizes.items() if size}

    def group_schools(self) -> dict[str, str]:
        """Group id -> id of the school it counts at, empty for none."""
        mine = sa.and_(known_place.c.target == self._target, known_place.c.groups > 0)
        rows = self._database.tuples(sa.select(known_place.c.id, known_place.c.school).where(mine), {})
        return dict(rows)

    def _by_school(self) -> sa.Select[Any]:
        sums = (sa.func.sum(known_place.c[column]) for column in _COUNTS)
        query = sa.select(known_place.c.school, *sums).where(known_place.c.target == self._target)
        return query.group_by(known_place.c.school)

    def _in_all(self) -> sa.Select[Any]:
        # A user counts at each of her schools, and a link at each of its ward's; the owner has either only once.
        once = (sa.func.sum if column == "memberships" else sa.func.max for column in _COUNTS)
        counts = (of(known_place.c[column]).label(column) for of, column in zip(once, _COUNTS, strict=True))
        by_id = sa.select(*counts).where(known_place.c.target == self._target).group_by(known_place.c.id).subquery()
        return sa.select(*(sa.func.sum(by_id.c[column]) for column in _COUNTS))

    def _learn_schools(self, values: Mapping[str, Held | None]) -> None:
        self._schools |= {value.id: value.school for value in values.values() if isinstance(value, Group)}
        named = {tie.group for value in values.values() if isinstance(value, User) for tie in value.memberships}
        for ids in batches(named - self._schools.keys(), BATCH):
            query = sa.select(known_place.c.id, known_place.c.school).where(
                known_place.c.target == self._target, known_place.c.id.in_(ids), known_place.c.groups > 0
            )
            self._schools |= dict(map(tuple, self._database.conn.execute(query).all()))

    def _rows(self, id_: str, value: Held | None) -> Iterator[tuple[Any, ...]]:
        if isinstance(value, Group):
            yield (self._target, id_, value.school, 0, 1, 0, 0)
        elif isinstance(value, User):
            own = dict.fromkeys([at.school for at in value.schools] or [""], 0)
            memberships = dict(own)
            for tie in value.memberships:
                school = self._schools.get(tie.group, "")
                memberships[school] = memberships.get(school, 0) + 1
            for school, count in memberships.items():
                persons, links = (int(value.enabled), len(value.guardians)) if school in own else (0, 0)
                if persons or links or count:
                    yield (self._target, id_, school, persons, 0, count, links)
