"""Seals: up to when raw readings are gone and bins are final."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_seals"
down_revision = "0002_book"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The table of seals."""
    op.create_table(
        "seal",
        sa.Column("kind", sa.String(length=63), nullable=False),
        sa.Column("sensor", sa.String(length=63), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("part", sa.BigInteger(), nullable=False),
        sa.Column("deleting", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "sensor", name=op.f("pk_seal")),
    )


def downgrade() -> None:
    """Takes it away."""
    op.drop_table("seal")
