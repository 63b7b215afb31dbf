"""Which bins changed, what years of meters came to, and the newest forecast of the grid."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007_meter_years"
down_revision = "0006_measures"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables. Bins that are there already count as never changed, which is what kept years say of them, too."""
    op.create_table(
        "bin_change",
        sa.Column("month", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sensor", sa.String(length=63), nullable=False),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("month", "sensor", name=op.f("pk_bin_change")),
    )
    op.create_table(
        "meter_year",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("zone", sa.String(length=63), nullable=False),
        sa.Column("factor", sa.String(length=63), nullable=False),
        sa.Column("sensor", sa.String(length=63), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("year", "zone", "factor", "sensor", name=op.f("pk_meter_year")),
    )
    op.create_table(
        "grid_forecast",
        sa.Column("area", sa.String(length=63), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("fetched_us", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("area", name=op.f("pk_grid_forecast")),
    )


def downgrade() -> None:
    """Takes them away."""
    op.drop_table("grid_forecast")
    op.drop_table("meter_year")
    op.drop_table("bin_change")
