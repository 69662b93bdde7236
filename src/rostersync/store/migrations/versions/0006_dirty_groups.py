"""Which groups have to be compared again, and on PostgreSQL an index that tells what is known of a source by itself."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make both; until all groups have been compared once more, none is known to be at rest."""
    op.create_table(
        "dirty_group",
        sa.Column("target", sa.String(60), nullable=False),
        sa.Column("source_no", number, nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["source_no"], ["source.no"]),
        sa.PrimaryKeyConstraint("target", "source_no", "key"),
        sqlite_with_rowid=False,
    )
    if op.get_context().dialect.name == "postgresql":
        op.drop_index("claim_digest", "claim")
        op.create_index("claim_digest", "claim", ["source_no", "digest"], postgresql_include=["no"])


def downgrade() -> None:
    """Drop both."""
    if op.get_context().dialect.name == "postgresql":
        op.drop_index("claim_digest", "claim")
        op.create_index("claim_digest", "claim", ["source_no", "digest"])
    op.drop_table("dirty_group")
