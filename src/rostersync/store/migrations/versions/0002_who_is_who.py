"""What people decided about who is who: persons who are one, persons who are two, and whose the keys were before."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the three tables."""
    op.create_table(
        "alias",
        sa.Column("old_no", number, nullable=False),
        sa.Column("new_no", number, nullable=False),
        sa.Column("who", sa.String(length=120), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["old_no"], ["person.no"]),
        sa.ForeignKeyConstraint(["new_no"], ["person.no"]),
        sa.PrimaryKeyConstraint("old_no"),
    )
    op.create_table(
        "apart",
        sa.Column("one_no", number, nullable=False),
        sa.Column("other_no", number, nullable=False),
        sa.Column("who", sa.String(length=120), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["one_no"], ["person.no"]),
        sa.ForeignKeyConstraint(["other_no"], ["person.no"]),
        sa.PrimaryKeyConstraint("one_no", "other_no"),
    )
    op.create_table(
        "origin",
        sa.Column("source_no", number, nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("person_no", number, nullable=False),
        sa.ForeignKeyConstraint(["source_no"], ["source.no"]),
        sa.ForeignKeyConstraint(["person_no"], ["person.no"]),
        sa.PrimaryKeyConstraint("source_no", "key"),
    )


def downgrade() -> None:
    """Drop them."""
    for name in ("origin", "apart", "alias"):
        op.drop_table(name)
