"""What differed at a target when it was last read back, what people let be, and how far a walk has come.

The id of what is not ours is a keyed digest of the LMS's own key, which may be anything.
"""

from __future__ import annotations

from sqlalchemy import Column, String, Table, Text

from rostersync.store.tables.base import metadata

drift = Table(
    "drift",
    metadata,
    Column("target", String(60), primary_key=True),
    Column("object_kind", String(12), primary_key=True),
    Column("id", String(32), primary_key=True),
    Column("what", String(10), nullable=False),
    Column("aspects", Text, nullable=False, default=""),
    Column("since", String(40), nullable=False),
)

drift_ignored = Table(
    "drift_ignored",
    metadata,
    Column("target", String(60), primary_key=True),
    Column("object_kind", String(12), primary_key=True),
    Column("id", String(32), primary_key=True),
    Column("what", String(10), nullable=False),
    Column("aspects", Text, nullable=False, default=""),
    Column("until", String(10), nullable=False),
    Column("reason", Text, nullable=False),
    Column("who", String(120), nullable=False),
    Column("at", String(40), nullable=False),
)

drift_walk = Table(
    "drift_walk",
    metadata,
    Column("target", String(60), primary_key=True),
    Column("object_kind", String(12), nullable=False, default=""),
    Column("id", String(32), nullable=False, default=""),
    Column("begun_at", String(40), nullable=False),
    Column("ended_at", String(40)),
)
