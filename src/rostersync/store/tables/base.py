"""What every table stands on."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table, Text

metadata = MetaData()

Number = BigInteger().with_variant(Integer, "sqlite")
"""A row number; SQLite only counts up by itself in a column declared INTEGER."""

meta = Table(
    "meta",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)
