"""How a lighting cabinet switches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013_working_mode"
down_revision = "0012_lamp_changes"
branch_labels = None
depends_on = None

_RULE = "working_mode IN ('automatic', 'manual', 'semiautomatic')"


def upgrade() -> None:
    """A new column."""
    # A cabinet can't be written anew while lamps refer to it: SQLite takes the column with its rule.
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "ALTER TABLE cabinet ADD COLUMN working_mode VARCHAR(63) "
            f"CONSTRAINT ck_cabinet_working_mode CHECK ({_RULE})"
        )
    else:
        op.add_column("cabinet", sa.Column("working_mode", sa.String(length=63), nullable=True))
        op.create_check_constraint(op.f("ck_cabinet_working_mode"), "cabinet", _RULE)


def downgrade() -> None:
    """Takes it away."""
    op.drop_column("cabinet", "working_mode")
