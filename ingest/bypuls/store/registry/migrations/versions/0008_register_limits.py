"""What a meter's registers can do: the physical maximum, where they begin again at 0, and their step."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008_register_limits"
down_revision = "0007_meter_years"
branch_labels = None
depends_on = None

_MOST = {
    "max_power_w": 10**9,
    "max_flow_m3h": 10**6,
    "register_modulus_wh": 10**15,
    "register_modulus_m3": 10**12,
    "register_step_wh": 10**9,
}


def upgrade() -> None:
    """New columns."""
    with op.batch_alter_table("sensor") as table:
        for name, most in _MOST.items():
            table.add_column(sa.Column(name, sa.Double(), nullable=True))
            table.create_check_constraint(op.f(f"ck_sensor_{name}"), f"{name} > 0 AND {name} <= {most}")


def downgrade() -> None:
    """Takes them away."""
    with op.batch_alter_table("sensor") as table:
        for name in _MOST:
            table.drop_constraint(op.f(f"ck_sensor_{name}"), type_="check")
            table.drop_column(name)
