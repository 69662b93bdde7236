"""Who did what, when and why: written once, never changed, and chained so that a change shows.

Each entry's chain is a keyed digest over the chain before it and the entry itself, so nobody without the secret can
change, remove or insert an entry unnoticed; only leaving off the newest ones leaves no trace in the chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from rostersync.store.engine import Database, moment
from rostersync.store.tables import journal

_PAGE: Final = 1_000


class Entry(msgspec.Struct, frozen=True):
    """One entry. `at` is RFC 3339; `about` one of our ids, a digest or a source's name; `why` the reason given."""

    no: int
    at: str
    who: str
    what: str
    about: str
    why: str


class Journal:
    """The journal of the whole state."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._keyring = database.keyring
        self._digest = database.keyring.digest("journal")

    def write(self, at: datetime, who: str, what: str, about: str, why: str) -> None:
        """Append one entry, in the transaction of what it tells about where there is one."""
        with self._database.begin():
            last = self._database.conn.execute(sa.select(journal).order_by(journal.c.no.desc()).limit(1)).one_or_none()
            no, chain = (last.no + 1, last.chain) if last else (1, b"")
            sealed = self._keyring.seal_global(why.encode(), _place(no))
            entry = (no, moment(at), who, what, about, sealed)
            columns = [column.name for column in journal.columns]
            self._database.insert_many(journal, columns, [(*entry, self._chained(chain, entry))])

    def entries(self, limit: int, about: str = "") -> list[Entry]:
        """The newest entries, newest first; with `about`, only those about that id, digest or name."""
        query = sa.select(journal).order_by(journal.c.no.desc()).limit(limit)
        if about:
            query = query.where(journal.c.about == about)
        rows = self._database.conn.execute(query).all()
        return [
            Entry(
                row.no,
                row.at,
                row.who,
                row.what,
                row.about,
                self._keyring.open_global(row.why, _place(row.no)).decode(),
            )
            for row in rows
        ]

    def verify(self) -> list[int]:
        """The numbers of the entries that were changed, or that follow on one that was removed or inserted."""
        broken, chain, last = [], b"", 0
        while rows := self._page(last):
            for row in rows:
                if row.chain != self._chained(chain, row[:6]):
                    broken.append(row.no)
                chain, last = row.chain, row.no
        return broken

    def _page(self, after: int) -> Sequence[sa.Row[Any]]:
        query = sa.select(journal).where(journal.c.no > after).order_by(journal.c.no).limit(_PAGE)
        return self._database.conn.execute(query).all()

    def _chained(self, before: bytes, entry: Sequence[Any]) -> bytes:
        return self._digest(msgspec.msgpack.encode((before, *entry)))


def _place(no: int) -> bytes:
    return f"journal/{no}".encode()
