"""The lit area of street sections and the illuminance that is maintained there, dated."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019_street_lighting"
down_revision = "0018_lighting_watch"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A new table."""
    op.create_table(
        "street_lighting",
        sa.Column("site", sa.String(length=63), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("area_m2", sa.Double(), nullable=True),
        sa.Column("illuminance_lx", sa.Double(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint("area_m2 > 0 AND area_m2 <= 10000000", name=op.f("ck_street_lighting_area_m2")),
        sa.CheckConstraint(
            "illuminance_lx > 0 AND illuminance_lx <= 1000", name=op.f("ck_street_lighting_illuminance_lx")
        ),
        sa.ForeignKeyConstraint(
            ["site"], ["site.id"], name=op.f("fk_street_lighting_site"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("site", "valid_from", name=op.f("pk_street_lighting")),
    )


def downgrade() -> None:
    """Takes it away."""
    op.drop_table("street_lighting")
