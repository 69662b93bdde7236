"""Person keys that are logins: whom a source means that describes nobody itself."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table of logins that stand for persons."""
    op.create_table(
        "login_key",
        sa.Column("source_no", number, nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("check", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["source_no"], ["source.no"]),
        sa.PrimaryKeyConstraint("source_no", "key"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("login_key")
