"""Which source keys lead to which person, and how they are made to lead to another.

The claims behind a key are sealed under the data key of the person it leads to, so moving keys seals them anew. This is
for what people decide about single persons; intakes link in batches (`linking.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
import sqlalchemy as sa

from rostersync.errors import UserMistake
from rostersync.store.decisions import Decisions
from rostersync.store.engine import Database
from rostersync.store.persons import place_of
from rostersync.store.tables import claim, link, person

Key = tuple[int, int]
"""A source's row number and the surrogate of one of its person keys."""

_RECORDS: Final = sa.text("""
    SELECT link.source_no, link.key, source.name AS source, claim.present, claim.sealed, origin.person_no AS origin
      FROM link JOIN source ON source.no = link.source_no
      JOIN claim ON claim.source_no = link.source_no AND claim.kind = 'person' AND claim.key = link.key
      LEFT JOIN origin ON origin.source_no = link.source_no AND origin.key = link.key
     WHERE link.person_no = :person AND link.kind <> 'number'
     ORDER BY source.name, link.key, claim.no
""")

_NUMBERS: Final = sa.text("""
    SELECT by_number.source_no, by_number.key
      FROM link AS by_number JOIN claim ON claim.no = by_number.claim_no
     WHERE by_number.source_no = :source AND by_number.kind = 'number' AND claim.key = :key
""")


class Record(msgspec.Struct, frozen=True):
    """What one key of a source says of a person. `name` (8 hexadecimal digits) is how people call it.

    `joined` is true when it came to her because people joined two persons.
    """

    name: str
    source: str
    present: bool
    joined: bool
    at: Key


class Sealed(NamedTuple):
    """One claim of a person, as it is kept. `origin` is whose the key was before people joined two persons."""

    source_no: int
    key: int
    source: str
    present: bool
    sealed: bytes
    origin: int | None


class Leading:
    """Looks up and moves the keys of single persons, inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._keyring = database.keyring

    def records(self, person_id: str) -> list[Record]:
        """The records of a person, each key once, by source.

        Raises:
            UserMistake: no such person.
        """
        found: dict[Key, Record] = {}
        for one in self._claims(self._number(person_id)):
            at = (one.source_no, one.key)
            if at not in found or one.present:
                found[at] = Record(record_name(one.key), one.source, bool(one.present), one.origin is not None, at)
        return list(found.values())

    def _claims(self, no: int) -> list[Sealed]:
        return [Sealed(*row) for row in self._database.tuples(_RECORDS, {"person": no})]

    def _keys(self, no: int) -> list[Key]:
        """The keys that lead to a person by themselves."""
        by_themselves = link.c.kind.in_(("own", "old"))
        query = sa.select(link.c.source_no, link.c.key).where(link.c.person_no == no, by_themselves)
        return [(source_no, key) for source_no, key in self._database.conn.execute(query)]

    def _move(self, keys: Collection[Key], before: int, after: int) -> None:
        """Let keys, and the national numbers that stand for them, lead to another person."""
        moved = [(after, *key) for key in (*keys, *self._by_number(keys))]
        self._database.update_many(link, ("person_no",), ("source_no", "key"), moved)
        theirs, hers = self._data_key(before), self._data_key(after)
        resealed: list[tuple[bytes, int]] = []
        for source_no, key in keys:
            place = place_of(source_no, key)
            mine = sa.and_(claim.c.source_no == source_no, claim.c.kind == "person", claim.c.key == key)
            for no, sealed in self._database.conn.execute(sa.select(claim.c.no, claim.c.sealed).where(mine)).all():
                resealed.append((self._keyring.seal(hers, self._keyring.open(theirs, sealed, place), place), no))
        self._database.update_many(claim, ("sealed",), ("no",), resealed)

    def _by_number(self, keys: Iterable[Key]) -> list[Key]:
        found: list[tuple[Any, ...]] = []
        for source_no, key in keys:
            found += self._database.tuples(_NUMBERS, {"source": source_no, "key": key})
        return [(source_no, key) for source_no, key in found]

    def _copy_denials(self, before: str, after: str) -> None:
        """A denial beats every source, and who is who as well: it then holds for either person."""
        decisions = Decisions(self._database)
        denials = decisions.denials()
        there = {(one.pupil, one.guardian) for one in denials}
        for one in denials:
            pair = (after if one.pupil == before else one.pupil, after if one.guardian == before else one.guardian)
            if pair not in there and before in (one.pupil, one.guardian):
                decisions.deny(*pair, one.reason, one.until, one.who, datetime.fromisoformat(one.at))

    # -- rows -------------------------------------------------------------------------------------------------------

    def _find(self, person_id: str) -> int | None:
        return self._database.conn.execute(sa.select(person.c.no).where(person.c.id == person_id)).scalar()

    def _number(self, person_id: str) -> int:
        no = self._find(person_id)
        if no is None:
            raise UserMistake(
                [f"no person here has the id {person_id}: look the person up with `rostersync person KEY`"]
            )
        return no

    def _id(self, no: int) -> str:
        return str(self._database.conn.execute(sa.select(person.c.id).where(person.c.no == no)).scalar_one())

    def _data_key(self, no: int) -> bytes:
        wrapped = self._database.conn.execute(sa.select(person.c.data_key).where(person.c.no == no)).scalar_one()
        return self._keyring.unwrap(wrapped)


def record_name(key: int) -> str:
    """How people call a record: the beginning of its key's surrogate, which tells nothing about the key."""
    return (key & (1 << 64) - 1).to_bytes(8, "big").hex()[:8]
