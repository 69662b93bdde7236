"""The tables, and nothing else. Every text that could name a human is sealed; every key from outside is a surrogate.

Three groups: what sources say (source .. contact), what people here decided (pin .. hold), what targets hold and what
happened (known .. journal). Dates are YYYY-MM-DD text and moments RFC 3339 text, so both databases sort them alike.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)

metadata = MetaData()

Number = BigInteger().with_variant(Integer, "sqlite")
"""A row number; SQLite only counts up by itself in a column declared INTEGER."""

meta = Table(
    "meta",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)

_REJECTED = text("rejected")
_HAS_CLAIM = text("claim_no IS NOT NULL")

# -- what sources say -----------------------------------------------------------------------------------------------

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
    Index("claim_digest", "source_no", "digest"),
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

# -- what people here decided ---------------------------------------------------------------------------------------

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

# -- what targets hold, and what happened ---------------------------------------------------------------------------


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
    Index("known_state", "target", "state"),
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
