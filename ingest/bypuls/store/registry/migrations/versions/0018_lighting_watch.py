"""What the watch on street lights keeps from quarter to quarter."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018_lighting_watch"
down_revision = "0017_building_schedules"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A new table."""
    op.create_table(
        "lighting_watch",
        sa.Column("unit", sa.String(length=80), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("next_us", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("unit", name=op.f("pk_lighting_watch")),
    )


def downgrade() -> None:
    """Takes it away."""
    op.drop_table("lighting_watch")
