"""The importer that one writes first: `findtext` for each field, `session.merge` of SQLAlchemy's ORM for each row.

    python -m benchmarks.naive EXPORT DATABASE-URL

It fills three tables. It computes no plan, delivers nothing, and does not notice who has left.
"""

from __future__ import annotations

import sys
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session

from benchmarks.records import GROUP, MEMBERSHIP, PERSON, Table, found, records

_COMMIT_AFTER = 1000


class Base(DeclarativeBase):
    """What the tables have in common."""


def _table(table: Table) -> sa.Table:
    columns = dict.fromkeys([*table.key, *table.paths])
    return sa.Table(
        table.name, Base.metadata, *(sa.Column(name, sa.Text, primary_key=name in table.key) for name in columns)
    )


class Person(Base):
    """A person element."""

    __table__ = _table(PERSON)


class Group(Base):
    """A group element."""

    __table__ = _table(GROUP)


class Membership(Base):
    """A member element."""

    __table__ = _table(MEMBERSHIP)


MODELS: dict[str, type[Base]] = {model.__table__.name: model for model in (Person, Group, Membership)}


def main(export: str, url: str) -> None:
    """Read the export into the database."""
    engine = sa.create_engine(url)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        for number, (table, row) in enumerate(records(Path(export), found), 1):
            session.merge(MODELS[table.name](**row))
            if number % _COMMIT_AFTER == 0:
                session.commit()
        session.commit()
    engine.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])
