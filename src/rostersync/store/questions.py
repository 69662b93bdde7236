"""What only a human can decide, kept open until it is answered or no longer asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from rostersync.model import Question
from rostersync.store.engine import Database, moment
from rostersync.store.tables import person, protection, question


class OpenQuestion(msgspec.Struct, frozen=True):
    """A question as it stands. `digest` (32 hexadecimal digits) names it; `about` are person ids; `at` is RFC 3339."""

    digest: str
    code: str
    about: tuple[str, ...]
    text: str
    at: str


class Questions:
    """The questions of the whole state."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._digest = database.keyring.digest("question")

    def open(self, asked: Question, at: datetime) -> str:
        """Ask, and give the question's digest. What stands open already stays as it was; what was closed opens anew."""
        digest = self.digest(asked)
        with self._database.begin():
            known = self._database.conn.execute(sa.select(question).where(question.c.digest == digest)).one_or_none()
            if known is None:
                new = {"digest": digest, "code": asked.code, "about": " ".join(asked.about), "text": asked.text}
                self._database.conn.execute(sa.insert(question).values(**new, opened_at=moment(at)))
            elif known.closed_at is not None:
                self._set(question.c.digest == digest, opened_at=moment(at), closed_at=None)
        return digest

    def close_missing(
        self, codes: Collection[str], persons: Collection[str], asked: Iterable[Question], at: datetime
    ) -> int:
        """Close what is no longer asked, and give the number.

        Looks only at open questions with one of `codes` that are about nobody but `persons`: those of whom all that can
        be asked under these codes has just been asked, in `asked`.
        """
        standing = {self.digest(one) for one in asked}
        whole = frozenset(persons)
        gone = [
            one.digest
            for one in self.open_ones()
            if one.code in codes and one.digest not in standing and whole.issuperset(one.about)
        ]
        with self._database.begin():
            for digest in gone:
                self._set(question.c.digest == digest, closed_at=moment(at))
        return len(gone)

    def open_ones(self) -> list[OpenQuestion]:
        """Every open question, the oldest first; none about a protected person."""
        query = sa.select(question).where(question.c.closed_at.is_(None))
        rows = self._database.conn.execute(query.order_by(question.c.opened_at, question.c.digest)).all()
        protected = sa.select(person.c.id).join(protection, protection.c.person_no == person.c.no)
        hidden = set(self._database.conn.execute(protected).scalars()) if rows else set()
        asked = (OpenQuestion(one.digest, one.code, tuple(one.about.split()), one.text, one.opened_at) for one in rows)
        return [one for one in asked if hidden.isdisjoint(one.about)]

    def digest(self, asked: Question) -> str:
        """The digest that names a question (32 hexadecimal digits): the same whenever the same is asked again."""
        return self._digest(msgspec.msgpack.encode(asked)).hex()

    def _set(self, which: sa.ColumnElement[bool], **values: Any) -> None:
        self._database.conn.execute(sa.update(question).where(which).values(**values))
