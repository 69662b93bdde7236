"""What targets hold, what is on its way to them, and what happened."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from rostersync.store.tables.base import Number, metadata


def _life() -> tuple[Column[Any], ...]:
    """Where a user stands between active and removed; an outbox row carries what its known row will get."""
    return (
        Column("state", String(12), nullable=False, default="active"),
        Column("life_reason", Text, nullable=False, default=""),
        Column("departed_on", String(10)),
        Column("suspended_on", String(10)),
        Column("extended_to", String(10)),
        Column("hold", Text, nullable=False, default=""),
    )


dirty = Table(
    "dirty",
    metadata,
    Column("target", String(60), primary_key=True),
    Column("person_no", Number, ForeignKey("person.no"), primary_key=True),
    Column("since", String(40), nullable=False),
)

dirty_group = Table(
    "dirty_group",
    metadata,
    Column("target", String(60), primary_key=True),
    Column("source_no", Number, ForeignKey("source.no"), primary_key=True),
    Column("key", BigInteger, primary_key=True),
    Column("whole", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

due = Table(
    "due",
    metadata,
    Column("target", String(60), primary_key=True),
    Column("person_no", Number, ForeignKey("person.no"), primary_key=True),
    Column("on", String(10), nullable=False),
    Index("due_on", "target", "on"),
)

known = Table(
    "known",
    metadata,
    Column("target", String(60), primary_key=True),
    Column("object_kind", String(12), primary_key=True),
    Column("id", String(32), primary_key=True),
    Column("person_no", Number, ForeignKey("person.no")),
    Column("digest", String(32), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("target_key", LargeBinary),
    *_life(),
    Index("known_person", "target", "person_no"),
    Index("known_state", "target", "state", "id"),
)

known_place = Table(
    "known_place",
    metadata,
    Column("target", String(60), primary_key=True),
    Column("id", String(32), primary_key=True),
    Column("school", String(32), primary_key=True),
    Column("persons", Integer, nullable=False, default=0),
    Column("groups", Integer, nullable=False, default=0),
    Column("memberships", Integer, nullable=False, default=0),
    Column("guardianships", Integer, nullable=False, default=0),
    sqlite_with_rowid=False,
)

outbox = Table(
    "outbox",
    metadata,
    Column("target", String(60), primary_key=True),
    Column("phase", Integer, primary_key=True),
    Column("object_kind", String(12), primary_key=True),
    Column("id", String(32), primary_key=True),
    Column("person_no", Number, ForeignKey("person.no")),
    Column("run", String(60), nullable=False),
    Column("sent", Boolean, nullable=False, default=False),
    Column("after", LargeBinary),
    Column("target_key", LargeBinary),
    *_life(),
    Column("sealed", LargeBinary, nullable=False),
)

refusal = Table(
    "refusal",
    metadata,
    Column("target", String(60), primary_key=True),
    Column("id", String(32), primary_key=True),
    Column("phase", Integer, nullable=False),
    Column("kind", String(12), nullable=False),
    Column("digest", String(32), nullable=False),
    Column("times", Integer, nullable=False),
    Column("since", String(10), nullable=False),
    Column("reason", Text, nullable=False),
)

plan = Table(
    "plan",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("sync", String(60), nullable=False),
    Column("purpose", String(20), nullable=False),
    Column("run", String(60), nullable=False),
    Column("at", String(40), nullable=False),
    Column("text", Text, nullable=False, default=""),
)

approval = Table(
    "approval",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("sync", String(60), nullable=False),
    Column("reason", Text, nullable=False),
    Column("who", String(120), nullable=False),
    Column("at", String(40), nullable=False),
    Column("expires", String(40), nullable=False),
)

tally = Table(
    "tally",
    metadata,
    Column("target", String(60), primary_key=True),
    Column("on", String(10), primary_key=True),
    Column("kind", String(12), primary_key=True),
    Column("action", String(10), primary_key=True),
    Column("scope", String(32), primary_key=True),
    Column("count", Integer, nullable=False),
)

run = Table(
    "run",
    metadata,
    Column("id", String(60), primary_key=True),
    Column("sync", String(60), nullable=False),
    Column("command", String(20), nullable=False),
    Column("started_at", String(40), nullable=False),
    Column("finished_at", String(40)),
    Column("code", Integer),
    Column("report", Text, nullable=False, default=""),
)

outcome = Table(
    "outcome",
    metadata,
    Column("run", String(60), ForeignKey("run.id"), nullable=False),
    Column("target", String(60), nullable=False),
    Column("id", String(32), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("action", String(10), nullable=False),
    Column("result", String(10), nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Index("outcome_run", "run"),
    Index("outcome_id", "id"),
)

journal = Table(
    "journal",
    metadata,
    Column("no", Number, primary_key=True),
    Column("at", String(40), nullable=False),
    Column("who", String(120), nullable=False),
    Column("what", String(60), nullable=False),
    Column("about", String(80), nullable=False, default=""),
    Column("why", LargeBinary, nullable=False),
    Column("chain", LargeBinary, nullable=False),
)
