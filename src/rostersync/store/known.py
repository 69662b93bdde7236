"""What each target holds, as far as we delivered it.

Known moves only with an outcome: `settle` and `move` are called where the outbox row disappears. Reads come in id order
and page by page, so that memory stays bounded however many users there are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from msgspec.structs import astuple, replace

from rostersync.model import Delivery, Held, Kind, Known, Life, LifeState, ObjectKind, User
from rostersync.store.engine import BATCH, Database, batches
from rostersync.store.packing import (
    KINDS,
    LIFE,
    PAGE,
    Digest,
    LifeRow,
    Packing,
    key_place_of,
    life_of,
    life_row,
    pack,
    place_of,
    unpack,
)
from rostersync.store.places import Places
from rostersync.store.schema import recall, remember
from rostersync.store.tables import known, person

_COLUMNS: Final = ("target", "object_kind", "id", "person_no", "digest", "sealed", "target_key", *LIFE)
_KEY: Final = ("target", "object_kind", "id")
_MOVED: Final = ", ".join(
    [f"{name} = excluded.{name}" for name in ("person_no", "digest", "sealed", *LIFE)]
    + ["target_key = coalesce(excluded.target_key, known.target_key)"]
)
_ROW: Final = (
    known.c.object_kind,
    known.c.id,
    known.c.digest,
    known.c.sealed,
    known.c.target_key,
    person.c.data_key,
    *(known.c[name] for name in LIFE),
)
_ROWS: Final = sa.select(*_ROW).select_from(known.outerjoin(person, known.c.person_no == person.c.no))
# Persons first: an outer join would go through everything that the target holds.
_OF_PERSONS: Final = f"""
    SELECT object_kind, known.id, digest, sealed, target_key, data_key, {", ".join(LIFE)}
      FROM person CROSS JOIN known WHERE known.target = ? AND known.person_no = person.no AND person.id IN (them)
"""  # noqa: S608 - the names are ours


class Move(NamedTuple):
    """The next state of one known row, sealed and ready. A `value` of None removes the row."""

    object_kind: ObjectKind
    id: str
    person_no: int | None
    value: Held | None
    digest: str
    sealed: bytes
    target_key: bytes | None
    life: LifeRow


class Knowledge:
    """The known rows of all targets."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._packing = Packing(database)

    # -- reading ----------------------------------------------------------------------------------------------------

    def for_persons(self, target: str, persons: Iterable[str]) -> dict[str, Known]:
        """The known users of these persons, by user id."""
        users = (self._known(target, row) for row in self._database.among(_OF_PERSONS, persons, target))
        return {user.id: user for user in users}

    def get(self, target: str, id_: str) -> Known | None:
        """One known object, or None."""
        query = _ROWS.where(known.c.target == target, known.c.object_kind.in_(KINDS), known.c.id == id_)
        row = self._database.conn.execute(query).one_or_none()
        return None if row is None else self._known(target, row)

    def objects(self, target: str, object_kind: ObjectKind, after: str = "") -> Iterator[Known]:
        """Everything known of one kind, in id order, behind the id `after`."""
        return self._paged(target, known.c.object_kind == object_kind, after)

    def by_state(self, target: str, state: LifeState) -> Iterator[Known]:
        """The users in one state of life, in id order."""
        return self._paged(target, sa.and_(known.c.object_kind == "user", known.c.state == state))

    def group_schools(self, target: str) -> dict[str, str]:
        """The id of each group that the target holds, and of the school it counts at; no seal is opened for that."""
        return Places(self._database, target).group_schools()

    def groups(self, target: str, ids: Iterable[str]) -> dict[str, Known]:
        """Those of these groups that the target holds, by id."""
        found: dict[str, Known] = {}
        for some in batches(ids, BATCH):
            query = _ROWS.where(known.c.target == target, known.c.object_kind == "group", known.c.id.in_(some))
            found |= {one.id: one for one in map(partial(self._known, target), self._database.conn.execute(query))}
        return found

    def which(self, target: str, ids: Iterable[str]) -> frozenset[str]:
        """Those of these ids that the target holds."""
        found: set[str] = set()
        for some in batches(ids, BATCH):
            query = sa.select(known.c.id).where(
                known.c.target == target, known.c.object_kind.in_(KINDS), known.c.id.in_(some)
            )
            found.update(self._database.conn.execute(query).scalars())
        return frozenset(found)

    def frame_digests(self, target: str) -> Iterator[tuple[str, str]]:
        """The id of each organisation and group that the target holds, in order, and its digest (empty = uncertain)."""
        frame = sa.and_(known.c.target == target, known.c.object_kind.in_(("organisation", "group")))
        return self._database.stream(sa.select(known.c.id, known.c.digest).where(frame).order_by(known.c.id))

    def count(self, target: str) -> int:
        """How many objects of all kinds the target holds."""
        query = sa.select(sa.func.count()).select_from(known).where(known.c.target == target)
        return int(self._database.conn.execute(query).scalar_one())

    def is_empty(self, target: str) -> bool:
        """Whether nothing was ever delivered to the target, or everything was removed again."""
        query = sa.select(known.c.id).where(known.c.target == target).limit(1)
        return self._database.conn.execute(query).first() is None

    def sizes(self, target: str) -> dict[tuple[Kind, str], int]:
        """How much the target holds, by kind and organisation id, for the guard's shares.

        Scope "*" is the whole owner, "" is what belongs to no school. Only enabled users count as persons. What is
        missing is 0.
        """
        return Places(self._database, target).sizes()

    # -- moving -----------------------------------------------------------------------------------------------------

    def settle(self, target: str, delivery: Delivery, digest: str, target_key: str = "") -> None:
        """Move one object to what was delivered.

        `digest` is that of `delivery.after` (empty = uncertain), `target_key` the LMS's own key, if it told one.

        Raises:
            StateBroken: the user's person is not in the state.
        """
        told = replace(delivery, target_key=target_key or delivery.target_key)
        self.settle_many(target, [told], lambda _: digest)

    def adopt(self, target: str, adopted: Known) -> None:
        """Take one object as the target has it.

        Raises:
            StateBroken: the user's person is not in the state.
        """
        kind, id_, value, digest, life, target_key = astuple(adopted)
        self.settle(target, Delivery(kind, id_, 0, None, value, life, (), target_key), digest)

    def settle_many(self, target: str, deliveries: Iterable[Delivery], digest: Digest) -> None:
        """Move to what is delivered, in one transaction or the caller's. Of an object's deliveries the last one counts.

        A set that is written as a whole needs no outbox: known moves, the set is written from the roster and renamed,
        all in one transaction, and a kill before its end leaves known where it was (see `being_written`).

        Raises:
            StateBroken: a user's person is not in the state.
        """
        with self._database.begin():
            places = Places(self._database, target)
            for batch in batches(deliveries, BATCH):
                last = {one.id: one for one in batch}
                self.move(target, self._moves(target, last.values(), digest), places)

    def set_life(self, target: str, id_: str, life: Life) -> None:
        """Move a user's life where the target itself has nothing to do."""
        where = sa.and_(known.c.target == target, known.c.object_kind == "user", known.c.id == id_)
        with self._database.begin():
            self._database.conn.execute(
                sa.update(known).where(where).values(dict(zip(LIFE, life_row(life), strict=True)))
            )

    def forget(self, target: str, id_: str) -> None:
        """Drop a user's row: the LMS administrator has confirmed that the user is deleted there."""
        with self._database.begin():
            self.move(target, [_removed("user", id_)], Places(self._database, target))

    def being_written(self, target: str) -> None:
        """Note durably that a complete set is about to take its place at a target, and may be ahead of known."""
        remember(self._database, _writing(target), "yes")

    def written(self, target: str) -> None:
        """The set is in its place; this counts in the transaction in which known moves."""
        remember(self._database, _writing(target), "")

    def recover(self, target: str) -> int:
        """After a kill while a set was written: the frame it hangs in becomes uncertain, so it is written again.

        Gives the number of objects of which nobody knows whether the target has them as known says.
        """
        if not self.may_be_behind(target):
            return 0
        with self._database.begin():
            frame = sa.and_(known.c.target == target, known.c.object_kind == "organisation")
            return self._database.conn.execute(sa.update(known).where(frame).values(digest="")).rowcount

    def may_be_behind(self, target: str) -> bool:
        """Whether a complete set of ours may have taken its place without known following: a kill came between."""
        return bool(recall(self._database, _writing(target)))

    def doubt(self, target: str, object_kind: ObjectKind, id_: str, *, lost: bool = False) -> None:
        """Mark one row uncertain: what it says may or may not be what the target holds, so it is sent again.

        What the target has `lost` has no key of the target's own any more.
        """
        values: dict[str, Any] = {"digest": "", "target_key": None} if lost else {"digest": ""}
        where = sa.and_(known.c.target == target, known.c.object_kind == object_kind, known.c.id == id_)
        with self._database.begin():
            self._database.conn.execute(sa.update(known).where(where).values(values))

    def move(self, target: str, moves: Iterable[Move], places: Places) -> None:
        """Move many rows, in order, inside the caller's transaction. A row given no target key keeps the one it has."""
        last: dict[str, Move] = {}
        for one in moves:
            before = last.get(one.id)
            last[one.id] = one if one.target_key or not before else one._replace(target_key=before.target_key)
        gone = [(target, one.object_kind, one.id) for one in last.values() if one.value is None]
        self._database.delete_many(known, _KEY, gone)
        there = [(target, *one[:3], *one[4:7], *one.life) for one in last.values() if one.value is not None]
        self._database.upsert_many(known, _COLUMNS, there, _KEY, _MOVED)
        places.move({one.id: one.value for one in last.values()})

    # -- rows -------------------------------------------------------------------------------------------------------

    def _moves(self, target: str, deliveries: Collection[Delivery], digest: Digest) -> Iterator[Move]:
        packing = self._packing
        keys = packing.person_keys(one.after for one in deliveries)
        for one in deliveries:
            kind, id_, value = one.object_kind, one.id, one.after
            if value is None:
                yield _removed(kind, id_)
            else:
                no, key = keys[value.person] if isinstance(value, User) else (None, None)
                sealed = packing.seal(key, pack(value), place_of(target, kind, id_))
                target_key = packing.seal_text(key, one.target_key, key_place_of(target, kind, id_))
                yield Move(kind, id_, no, value, digest(value), sealed, target_key, life_row(one.life))

    def _paged(self, target: str, condition: sa.ColumnElement[bool], last: str = "") -> Iterator[Known]:
        query = _ROWS.where(known.c.target == target, condition).order_by(known.c.id).limit(PAGE)
        while rows := self._database.conn.execute(query.where(known.c.id > last)).all():
            yield from (self._known(target, row) for row in rows)
            last = rows[-1].id

    def _known(self, target: str, row: Sequence[Any]) -> Known:
        kind, id_, digest, sealed, target_key, wrapped = row[:6]
        key = self._packing.unwrapped(wrapped)
        value = unpack(self._packing.open(key, sealed, place_of(target, kind, id_)))
        own_key = self._packing.open_text(key, target_key, key_place_of(target, kind, id_))
        return Known(kind, id_, value, digest, life_of(row[6:]), own_key)


def _writing(target: str) -> str:
    return f"writing.{target}"


def _removed(object_kind: ObjectKind, id_: str) -> Move:
    return Move(object_kind, id_, None, None, "", b"", None, life_row(Life()))
