"""Everything a target should hold once the outbox is delivered: known, with what is on its way laid over it.

All sides are read in id order, page by page, and merged, so the memory is that of a few pages.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from rostersync.model import ObjectKind, Placed
from rostersync.store.engine import Database
from rostersync.store.packing import KINDS, PAGE, Packing, key_place_of, place_of, unpack
from rostersync.store.tables import known, outbox, person

_KNOWN: Final = -1
"""Where known stands among the phases: before them all."""


class _Version(NamedTuple):
    """One state of an object: as known, or as some phase leaves it. `sealed` is None where it is removed."""

    id: str
    phase: int
    sealed: bytes | None
    wrapped: bytes | None
    target_key: bytes | None


def roster(database: Database, target: str) -> Iterator[Placed]:
    """Organisations, then groups, then users, each in id order, as the target should hold them."""
    packing = Packing(database)
    phases = (
        database.conn.execute(sa.select(outbox.c.phase).where(outbox.c.target == target).distinct()).scalars().all()
    )
    for kind in KINDS:
        versions = [_known(database, target, kind), *(_pending(database, target, kind, phase) for phase in phases)]
        for id_, states in groupby(heapq.merge(*versions), key=itemgetter(0)):
            *earlier, last = states  # later phases build on earlier ones, so the last one's state is the one to come
            if last.sealed is not None:
                key = packing.unwrapped(last.wrapped)
                value = unpack(packing.open(key, last.sealed, place_of(target, kind, id_)))
                target_key = last.target_key or next((one.target_key for one in earlier if one.target_key), None)
                yield Placed(value, packing.open_text(key, target_key, key_place_of(target, kind, id_)))


def _known(database: Database, target: str, kind: ObjectKind) -> Iterator[_Version]:
    columns = (known.c.id, sa.literal(_KNOWN), known.c.sealed, person.c.data_key, known.c.target_key)
    query = sa.select(*columns).select_from(known.outerjoin(person, known.c.person_no == person.c.no))
    return _paged(database, query.where(known.c.target == target, known.c.object_kind == kind), known.c.id)


def _pending(database: Database, target: str, kind: ObjectKind, phase: int) -> Iterator[_Version]:
    columns = (outbox.c.id, outbox.c.phase, outbox.c.after, person.c.data_key, outbox.c.target_key)
    query = sa.select(*columns).select_from(outbox.outerjoin(person, outbox.c.person_no == person.c.no))
    query = query.where(outbox.c.target == target, outbox.c.phase == phase, outbox.c.object_kind == kind)
    return _paged(database, query, outbox.c.id)


def _paged(database: Database, query: sa.Select[Any], id_: sa.Column[str]) -> Iterator[_Version]:
    last = ""
    while rows := database.conn.execute(query.where(id_ > last).order_by(id_).limit(PAGE)).all():
        yield from (_Version(*row) for row in rows)
        last = rows[-1][0]
