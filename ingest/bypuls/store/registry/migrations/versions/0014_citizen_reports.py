"""What people reported of the light."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014_citizen_reports"
down_revision = "0013_working_mode"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_ID = sa.String(length=63)


def upgrade() -> None:
    """A new table."""
    op.create_table(
        "citizen_report",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("t_us", sa.BigInteger(), nullable=False),
        sa.Column("category", _ID, nullable=False),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("lamp", _ID, nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("closed_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_citizen_report")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_citizen_report_t_us", "citizen_report", ["t_us"])


def downgrade() -> None:
    """Takes it away."""
    op.drop_table("citizen_report")
