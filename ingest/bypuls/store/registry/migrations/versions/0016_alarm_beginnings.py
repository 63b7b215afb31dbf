"""Since when conditions of alarms are watched, so that what began earlier is known to have begun unseen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016_alarm_beginnings"
down_revision = "0015_lamp_groups"
branch_labels = None
depends_on = None

_ID = sa.String(length=63)


def upgrade() -> None:
    """A new table, and a column. Of alarms that are there already it isn't known."""
    op.create_table(
        "alarm_well",
        sa.Column("kind", _ID, nullable=False),
        sa.Column("subject", _ID, nullable=False),
        sa.Column("since_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject", name=op.f("pk_alarm_well")),
    )
    op.add_column("alarm", sa.Column("well_us", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Takes both away."""
    op.drop_column("alarm", "well_us")
    op.drop_table("alarm_well")
