"""What sources say: snapshots, persons, links, claims, ties, contacts and groups."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, LargeBinary, String, Table, Text, text

from rostersync.store.tables.base import Number, metadata

_REJECTED = text("rejected")
_HAS_CLAIM = text("claim_no IS NOT NULL")

source = Table(
    "source",
    metadata,
    Column("no", Number, primary_key=True),
    Column("name", String(60), nullable=False, unique=True),
    Column("accepted_digest", String(64), nullable=False, default=""),
    Column("versions", String(64), nullable=False, default=""),
    Column("taken_at", String(40)),
    Column("accepted_at", String(40)),
    Column("accepted_run", String(60)),
    Column("proof", Text, nullable=False, default=""),
    Column("counts", Text, nullable=False, default=""),
    Column("cursor", Text, nullable=False, default=""),
    Column("key_spaces", LargeBinary),
    Column("retired_at", String(40)),
)

snapshot_release = Table(
    "snapshot_release",
    metadata,
    Column("source_no", Number, ForeignKey("source.no"), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("who", String(120), nullable=False),
    Column("at", String(40), nullable=False),
)

snapshot_refused = Table(
    "snapshot_refused",
    metadata,
    Column("source_no", Number, ForeignKey("source.no"), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("code", String(20), nullable=False),
    Column("text", Text, nullable=False),
    Column("releasable", Boolean, nullable=False),
    Column("at", String(40), nullable=False),
)

person = Table(
    "person",
    metadata,
    Column("no", Number, primary_key=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("data_key", LargeBinary, nullable=False),
    Column("founded_run", String(60), nullable=False),
)

link = Table(
    "link",
    metadata,
    Column("source_no", Number, ForeignKey("source.no"), primary_key=True),
    Column("key", BigInteger, primary_key=True),
    Column("check", LargeBinary, nullable=False),
    Column("person_no", Number, ForeignKey("person.no"), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("claim_no", Number),
    Index("link_person", "person_no"),
    Index("link_claim", "claim_no", sqlite_where=_HAS_CLAIM, postgresql_where=_HAS_CLAIM),
    sqlite_with_rowid=False,
)

claim = Table(
    "claim",
    metadata,
    Column("no", Number, primary_key=True),
    Column("source_no", Number, ForeignKey("source.no"), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("key", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("present", Boolean, nullable=False, default=True),
    Column("rejected", Boolean, nullable=False, default=False),
    Column("run", String(60), nullable=False),
    Column("first", Number, nullable=False),
    Index("claim_key", "source_no", "kind", "key", "present"),
    # PostgreSQL then reads what is known of a source without its sealed rows; in SQLite the number is there anyway.
    Index("claim_digest", "source_no", "digest", postgresql_include=["no"]),
    Index("claim_rejected", "source_no", sqlite_where=_REJECTED, postgresql_where=_REJECTED),
)

identifier = Table(
    "identifier",
    metadata,
    Column("kind", String(20), primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("claim_no", Number, ForeignKey("claim.no"), primary_key=True),
    Index("identifier_claim", "claim_no"),
    sqlite_with_rowid=False,
)

tie = Table(
    "tie",
    metadata,
    Column("claim_no", Number, ForeignKey("claim.no"), nullable=False),
    Column("source_no", Number, nullable=False),
    Column("group_key", BigInteger, nullable=False),
    Column("person_key", BigInteger, nullable=False),
    Column("role", String(40), nullable=False),
    Column("begin", String(10)),
    Column("end", String(10)),
    Column("primary", Boolean, nullable=False, default=False),
    Column("left", Text, nullable=False, default=""),
    Column("standing", Boolean, nullable=False, default=True),
    Index("tie_claim", "claim_no"),
    Index("tie_person", "source_no", "person_key"),
)

login_key = Table(
    "login_key",
    metadata,
    Column("source_no", Number, ForeignKey("source.no"), primary_key=True),
    Column("key", BigInteger, primary_key=True),
    Column("check", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

contact = Table(
    "contact",
    metadata,
    Column("claim_no", Number, ForeignKey("claim.no"), nullable=False),
    Column("source_no", Number, nullable=False),
    Column("pupil_key", BigInteger, nullable=False),
    Column("contact_key", BigInteger, nullable=False),
    Column("kind", String(10), nullable=False),
    Column("because", Text, nullable=False, default=""),
    Index("contact_claim", "claim_no"),
    Index("contact_pupil", "source_no", "pupil_key"),
    Index("contact_adult", "source_no", "contact_key"),
)

group = Table(
    "group",
    metadata,
    Column("source_no", Number, ForeignKey("source.no"), primary_key=True),
    Column("key", BigInteger, primary_key=True),
    Column("check", LargeBinary, nullable=False),
    Column("id", String(32), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("parent_key", BigInteger),
    Column("sealed", LargeBinary, nullable=False),
    Column("begin", String(10)),
    Column("end", String(10)),
    Column("skipped", Text, nullable=False, default=""),
    Column("standing", Boolean, nullable=False, default=True),
    Index("group_id", "id"),
    Index("group_parent", "source_no", "parent_key"),
)
