"""The first state."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make every table, those that others refer to first."""
    _runs()
    _plans()
    _journal()
    _sources()
    _persons()
    _claims()
    _links()
    _groups()
    _ties()
    _decisions()
    _known()
    _outbox()
    _outcomes()
    _dues()


def downgrade() -> None:
    """Drop every table, those that refer to others first."""
    for name in reversed(TABLES):
        op.drop_table(name)


def _runs() -> None:
    """What the state says of itself, and what ran."""
    op.create_table(
        "meta",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("sync", sa.String(length=60), nullable=False),
        sa.Column("command", sa.String(length=20), nullable=False),
        sa.Column("started_at", sa.String(length=40), nullable=False),
        sa.Column("finished_at", sa.String(length=40), nullable=True),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("report", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _plans() -> None:
    """What was planned, released by people, and counted against the limits."""
    op.create_table(
        "plan",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("sync", sa.String(length=60), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("run", sa.String(length=60), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "approval",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("sync", sa.String(length=60), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("who", sa.String(length=120), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("expires", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "tally",
        sa.Column("target", sa.String(length=60), nullable=False),
        sa.Column("on", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("action", sa.String(length=10), nullable=False),
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("target", "on", "kind", "action", "scope"),
    )


def _journal() -> None:
    """What was done by whom, and what people are asked."""
    op.create_table(
        "journal",
        sa.Column("no", number, nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("who", sa.String(length=120), nullable=False),
        sa.Column("what", sa.String(length=60), nullable=False),
        sa.Column("about", sa.String(length=80), nullable=False),
        sa.Column("why", sa.LargeBinary(), nullable=False),
        sa.Column("chain", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("no"),
    )
    op.create_table(
        "question",
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.String(length=40), nullable=False),
        sa.Column("closed_at", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("digest"),
    )


def _sources() -> None:
    """The sources and what became of their snapshots."""
    op.create_table(
        "source",
        sa.Column("no", number, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("accepted_digest", sa.String(length=64), nullable=False),
        sa.Column("versions", sa.String(length=64), nullable=False),
        sa.Column("taken_at", sa.String(length=40), nullable=True),
        sa.Column("accepted_at", sa.String(length=40), nullable=True),
        sa.Column("accepted_run", sa.String(length=60), nullable=True),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("key_spaces", sa.LargeBinary(), nullable=True),
        sa.Column("retired_at", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("no"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "snapshot_refused",
        sa.Column("source_no", number, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("releasable", sa.Boolean(), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["source_no"], ["source.no"]),
        sa.PrimaryKeyConstraint("source_no", "digest"),
    )
    op.create_table(
        "snapshot_release",
        sa.Column("source_no", number, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("who", sa.String(length=120), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["source_no"], ["source.no"]),
        sa.PrimaryKeyConstraint("source_no", "digest"),
    )


def _persons() -> None:
    """Everybody whom a source told of."""
    op.create_table(
        "person",
        sa.Column("no", number, nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("data_key", sa.LargeBinary(), nullable=False),
        sa.Column("founded_run", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("no"),
        sa.UniqueConstraint("id"),
    )


def _claims() -> None:
    """What the sources say, and by what a person is recognised."""
    op.create_table(
        "claim",
        sa.Column("no", number, nullable=False),
        sa.Column("source_no", number, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("rejected", sa.Boolean(), nullable=False),
        sa.Column("run", sa.String(length=60), nullable=False),
        sa.Column("first", number, nullable=False),
        sa.ForeignKeyConstraint(["source_no"], ["source.no"]),
        sa.PrimaryKeyConstraint("no"),
    )
    op.create_index("claim_digest", "claim", ["source_no", "digest"])
    op.create_index("claim_key", "claim", ["source_no", "kind", "key", "present"])
    op.create_index(
        "claim_rejected", "claim", ["source_no"], sqlite_where=sa.text("rejected"), postgresql_where=sa.text("rejected")
    )
    op.create_table(
        "identifier",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("claim_no", number, nullable=False),
        sa.ForeignKeyConstraint(["claim_no"], ["claim.no"]),
        sa.PrimaryKeyConstraint("kind", "digest", "claim_no"),
        sqlite_with_rowid=False,
    )
    op.create_index("identifier_claim", "identifier", ["claim_no"])


def _links() -> None:
    """Whose each record is."""
    op.create_table(
        "link",
        sa.Column("source_no", number, nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("check", sa.LargeBinary(), nullable=False),
        sa.Column("person_no", number, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("claim_no", number, nullable=True),
        sa.ForeignKeyConstraint(["person_no"], ["person.no"]),
        sa.ForeignKeyConstraint(["source_no"], ["source.no"]),
        sa.PrimaryKeyConstraint("source_no", "key"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "link_claim",
        "link",
        ["claim_no"],
        sqlite_where=sa.text("claim_no IS NOT NULL"),
        postgresql_where=sa.text("claim_no IS NOT NULL"),
    )
    op.create_index("link_person", "link", ["person_no"])


def _groups() -> None:
    """What the sources say of groups."""
    op.create_table(
        "group",
        sa.Column("source_no", number, nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("check", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("parent_key", sa.BigInteger(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("begin", sa.String(length=10), nullable=True),
        sa.Column("end", sa.String(length=10), nullable=True),
        sa.Column("skipped", sa.Text(), nullable=False),
        sa.Column("standing", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["source_no"], ["source.no"]),
        sa.PrimaryKeyConstraint("source_no", "key"),
    )
    op.create_index("group_id", "group", ["id"])
    op.create_index("group_parent", "group", ["source_no", "parent_key"])


def _ties() -> None:
    """Who follows whom, and who is in which group."""
    op.create_table(
        "contact",
        sa.Column("claim_no", number, nullable=False),
        sa.Column("source_no", number, nullable=False),
        sa.Column("pupil_key", sa.BigInteger(), nullable=False),
        sa.Column("contact_key", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["claim_no"], ["claim.no"]),
    )
    op.create_index("contact_adult", "contact", ["source_no", "contact_key"])
    op.create_index("contact_claim", "contact", ["claim_no"])
    op.create_index("contact_pupil", "contact", ["source_no", "pupil_key"])
    op.create_table(
        "tie",
        sa.Column("claim_no", number, nullable=False),
        sa.Column("source_no", number, nullable=False),
        sa.Column("group_key", sa.BigInteger(), nullable=False),
        sa.Column("person_key", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("begin", sa.String(length=10), nullable=True),
        sa.Column("end", sa.String(length=10), nullable=True),
        sa.Column("primary", sa.Boolean(), nullable=False),
        sa.Column("left", sa.Text(), nullable=False),
        sa.Column("standing", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["claim_no"], ["claim.no"]),
    )
    op.create_index("tie_claim", "tie", ["claim_no"])
    op.create_index("tie_person", "tie", ["source_no", "person_key"])


def _decisions() -> None:
    """What people decided about single persons."""
    op.create_table(
        "denial",
        sa.Column("pupil_no", number, nullable=False),
        sa.Column("guardian_no", number, nullable=False),
        sa.Column("until", sa.String(length=10), nullable=True),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("who", sa.String(length=120), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["guardian_no"], ["person.no"]),
        sa.ForeignKeyConstraint(["pupil_no"], ["person.no"]),
        sa.PrimaryKeyConstraint("pupil_no", "guardian_no"),
    )
    op.create_table(
        "pin",
        sa.Column("person_no", number, nullable=False),
        sa.Column("until", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("who", sa.String(length=120), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["person_no"], ["person.no"]),
        sa.PrimaryKeyConstraint("person_no"),
    )
    op.create_table(
        "protection",
        sa.Column("person_no", number, nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("who", sa.String(length=120), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["person_no"], ["person.no"]),
        sa.PrimaryKeyConstraint("person_no"),
    )


def _known() -> None:
    """What each LMS holds, and how much of it at each school."""
    op.create_table(
        "known_place",
        sa.Column("target", sa.String(length=60), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("school", sa.String(length=32), nullable=False),
        sa.Column("persons", sa.Integer(), nullable=False),
        sa.Column("groups", sa.Integer(), nullable=False),
        sa.Column("memberships", sa.Integer(), nullable=False),
        sa.Column("guardianships", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("target", "id", "school"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "known",
        sa.Column("target", sa.String(length=60), nullable=False),
        sa.Column("object_kind", sa.String(length=12), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("person_no", number, nullable=True),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("target_key", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("life_reason", sa.Text(), nullable=False),
        sa.Column("departed_on", sa.String(length=10), nullable=True),
        sa.Column("suspended_on", sa.String(length=10), nullable=True),
        sa.Column("extended_to", sa.String(length=10), nullable=True),
        sa.Column("hold", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_no"], ["person.no"]),
        sa.PrimaryKeyConstraint("target", "object_kind", "id"),
    )
    op.create_index("known_person", "known", ["target", "person_no"])
    op.create_index("known_state", "known", ["target", "state", "id"])


def _outbox() -> None:
    """What is on its way to an LMS."""
    op.create_table(
        "outbox",
        sa.Column("target", sa.String(length=60), nullable=False),
        sa.Column("phase", sa.Integer(), nullable=False),
        sa.Column("object_kind", sa.String(length=12), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("person_no", number, nullable=True),
        sa.Column("run", sa.String(length=60), nullable=False),
        sa.Column("sent", sa.Boolean(), nullable=False),
        sa.Column("after", sa.LargeBinary(), nullable=True),
        sa.Column("target_key", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("life_reason", sa.Text(), nullable=False),
        sa.Column("departed_on", sa.String(length=10), nullable=True),
        sa.Column("suspended_on", sa.String(length=10), nullable=True),
        sa.Column("extended_to", sa.String(length=10), nullable=True),
        sa.Column("hold", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["person_no"], ["person.no"]),
        sa.PrimaryKeyConstraint("target", "phase", "object_kind", "id"),
    )


def _outcomes() -> None:
    """What became of what was delivered."""
    op.create_table(
        "outcome",
        sa.Column("run", sa.String(length=60), nullable=False),
        sa.Column("target", sa.String(length=60), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("action", sa.String(length=10), nullable=False),
        sa.Column("result", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["run.id"]),
    )
    op.create_index("outcome_id", "outcome", ["id"])
    op.create_index("outcome_run", "outcome", ["run"])


def _dues() -> None:
    """Whom to look at again, and on which day."""
    op.create_table(
        "dirty",
        sa.Column("target", sa.String(length=60), nullable=False),
        sa.Column("person_no", number, nullable=False),
        sa.Column("since", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["person_no"], ["person.no"]),
        sa.PrimaryKeyConstraint("target", "person_no"),
    )
    op.create_table(
        "due",
        sa.Column("target", sa.String(length=60), nullable=False),
        sa.Column("person_no", number, nullable=False),
        sa.Column("on", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(["person_no"], ["person.no"]),
        sa.PrimaryKeyConstraint("target", "person_no"),
    )
    op.create_index("due_on", "due", ["target", "on"])


TABLES = (
    "meta",
    "run",
    "plan",
    "approval",
    "tally",
    "journal",
    "question",
    "source",
    "snapshot_refused",
    "snapshot_release",
    "person",
    "claim",
    "identifier",
    "link",
    "group",
    "contact",
    "tie",
    "denial",
    "pin",
    "protection",
    "known_place",
    "known",
    "outbox",
    "outcome",
    "dirty",
    "due",
)
"""In the order in which they are made."""
