"""What people here decided: pins, protections, denials, who is who, and the questions they have to answer."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, String, Table, Text

from rostersync.store.tables.base import Number, metadata

pin = Table(
    "pin",
    metadata,
    Column("person_no", Number, ForeignKey("person.no"), primary_key=True),
    Column("until", String(10), nullable=False),
    Column("reason", Text, nullable=False),
    Column("who", String(120), nullable=False),
    Column("at", String(40), nullable=False),
)

protection = Table(
    "protection",
    metadata,
    Column("person_no", Number, ForeignKey("person.no"), primary_key=True),
    Column("level", String(20), nullable=False),
    Column("reason", LargeBinary, nullable=False),
    Column("who", String(120), nullable=False),
    Column("at", String(40), nullable=False),
)

denial = Table(
    "denial",
    metadata,
    Column("pupil_no", Number, ForeignKey("person.no"), primary_key=True),
    Column("guardian_no", Number, ForeignKey("person.no"), primary_key=True),
    Column("until", String(10)),
    Column("reason", LargeBinary, nullable=False),
    Column("who", String(120), nullable=False),
    Column("at", String(40), nullable=False),
)

question = Table(
    "question",
    metadata,
    Column("digest", String(32), primary_key=True),
    Column("code", String(40), nullable=False),
    Column("about", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("opened_at", String(40), nullable=False),
    Column("closed_at", String(40)),
)

alias = Table(
    "alias",
    metadata,
    Column("old_no", Number, ForeignKey("person.no"), primary_key=True),
    Column("new_no", Number, ForeignKey("person.no"), nullable=False),
    Column("who", String(120), nullable=False),
    Column("at", String(40), nullable=False),
)

apart = Table(
    "apart",
    metadata,
    Column("one_no", Number, ForeignKey("person.no"), primary_key=True),
    Column("other_no", Number, ForeignKey("person.no"), primary_key=True),
    Column("who", String(120), nullable=False),
    Column("at", String(40), nullable=False),
)

origin = Table(
    "origin",
    metadata,
    Column("source_no", Number, ForeignKey("source.no"), primary_key=True),
    Column("key", BigInteger, primary_key=True),
    Column("person_no", Number, ForeignKey("person.no"), nullable=False),
)
