"""What others changed in the LMSs: what was found, what people let be, and how far the walks have come."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the three tables."""
    op.create_table("drift", *_thing(), sa.Column("since", sa.String(length=40), nullable=False), _key())
    op.create_table(
        "drift_ignored",
        *_thing(),
        sa.Column("until", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("who", sa.String(length=120), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        _key(),
    )
    op.create_table(
        "drift_walk",
        sa.Column("target", sa.String(length=60), nullable=False),
        sa.Column("object_kind", sa.String(length=12), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("begun_at", sa.String(length=40), nullable=False),
        sa.Column("ended_at", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("target"),
    )


def _thing() -> tuple[sa.Column[str], ...]:
    return (
        sa.Column("target", sa.String(length=60), nullable=False),
        sa.Column("object_kind", sa.String(length=12), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("what", sa.String(length=10), nullable=False),
        sa.Column("aspects", sa.Text(), nullable=False),
    )


def _key() -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("target", "object_kind", "id")


def downgrade() -> None:
    """Drop them."""
    for name in ("drift_walk", "drift_ignored", "drift"):
        op.drop_table(name)
