"""Carries a whole state over to another database, and proves that everything arrived.

All of it happens in one transaction at the destination, while nobody can write at either end: a move that is cut off
leaves the destination as empty as it was. Rows are compared by what they mean, so it does not matter how either database
keeps a truth value or in which order it gives the rows back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
import sqlalchemy as sa

from rostersync.errors import StateBroken, UserMistake
from rostersync.store.engine import Database, moment
from rostersync.store.schema import recall, remember, upgrade
from rostersync.store.tables import metadata

MOVED: Final = "moved"
"""Under this name a state remembers where everything of it has gone."""

_SUM: Final = 1 << 256


class Carried(NamedTuple):
    """One table: how many rows, and the digest of what they say (64 hexadecimal digits)."""

    table: str
    rows: int
    digest: str


class _Tally:
    """Counts and digests the rows that pass; the sum of their digests does not depend on their order."""

    def __init__(self, table: sa.Table) -> None:
        self._table = table
        self._truths = [place for place, column in enumerate(table.columns) if isinstance(column.type, sa.Boolean)]
        self._encode = msgspec.msgpack.Encoder().encode
        self._rows = 0
        self._sum = 0

    def watch(self, rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        """Pass the rows on, with truth values as such."""
        for row in rows:
            plain = list(row)
            for place in self._truths:
                plain[place] = bool(plain[place])
            self._rows += 1
            self._sum += int.from_bytes(hashlib.blake2b(self._encode(plain), digest_size=32).digest(), "big")
            yield tuple(plain)

    def come_to(self) -> Carried:
        """What passed."""
        return Carried(self._table.name, self._rows, f"{self._sum % _SUM:064x}")


def carry(here: Database, there: Database, at: datetime, told: str) -> list[Carried]:
    """Carry everything over, verify it, and let the old state say that it has moved to `told`.

    Raises:
        UserMistake: the destination is not empty.
        StateBroken: what arrived is not what left. Nothing is then kept at the destination.
    """
    if there.table_names():
        raise UserMistake([f"{there.name} is not empty: name an empty schema, or a file that does not exist yet"])
    with here.begin():
        with there.begin():
            upgrade(there)
            left = [_copy(here, there, table) for table in metadata.sorted_tables]
            arrived = [_seen(there, table) for table in metadata.sorted_tables]
            if wrong := [one.table for one, other in zip(left, arrived, strict=True) if one != other]:
                raise StateBroken(
                    f"what arrived in {there.name} is not what left ({', '.join(wrong)}), so nothing was kept there. "
                    f"The state {here.name} is as it was; report this"
                )
            there.counted_on()
            there.sized()
        remember(here, MOVED, f"{told} on {moment(at)[:10]}")
    return left


def moved_to(database: Database) -> str:
    """Where this state has moved, and when; empty while it is the one that counts."""
    return recall(database, MOVED)


def stay(database: Database) -> None:
    """Let a state that has moved count again."""
    remember(database, MOVED, "")


def _copy(here: Database, there: Database, table: sa.Table) -> Carried:
    tally = _Tally(table)
    there.conn.execute(sa.delete(table))
    columns = [column.name for column in table.columns]
    there.insert_many(table, columns, tally.watch(here.stream(sa.select(table))))
    return tally.come_to()


def _seen(there: Database, table: sa.Table) -> Carried:
    tally = _Tally(table)
    for _ in tally.watch(there.stream(sa.select(table))):
        pass
    return tally.come_to()
