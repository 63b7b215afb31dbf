"""What hangs on a lamp's pole, the street's name, and the days on which lamps were changed."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012_lamp_changes"
down_revision = "0011_alarms"
branch_labels = None
depends_on = None

_PLAIN: tuple[tuple[str, sa.types.TypeEngine[Any]], ...] = (
    ("street", sa.String(length=200)),
    ("pole_type", sa.String(length=63)),
    ("note", sa.Text()),
)
_RULED: tuple[tuple[str, sa.types.TypeEngine[Any], str], ...] = (
    ("luminaires", sa.Integer(), "luminaires >= 1 AND luminaires <= 100"),
    ("flux_lm", sa.Double(), "flux_lm > 0 AND flux_lm <= 1000000"),
)


def upgrade() -> None:
    """New columns, a new table."""
    for name, kind in _PLAIN:
        op.add_column("lamp", sa.Column(name, kind, nullable=True))
    for name, kind, rule in _RULED:
        # A lamp can't be written anew while sensors refer to it: SQLite takes the column with its rule.
        if op.get_bind().dialect.name == "sqlite":
            told = kind.compile(op.get_bind().dialect)
            op.execute(f"ALTER TABLE lamp ADD COLUMN {name} {told} CONSTRAINT ck_lamp_{name} CHECK ({rule})")
        else:
            op.add_column("lamp", sa.Column(name, kind, nullable=True))
            op.create_check_constraint(op.f(f"ck_lamp_{name}"), "lamp", rule)
    op.create_table(
        "lamp_change",
        sa.Column("lamp", sa.String(length=63), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("lamp_type_before", sa.String(length=63), nullable=True),
        sa.Column("watt_before", sa.Double(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint("watt_before > 0 AND watt_before <= 5000", name=op.f("ck_lamp_change_watt_before")),
        sa.ForeignKeyConstraint(
            ["lamp"], ["lamp.id"], name=op.f("fk_lamp_change_lamp"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("lamp", "date", name=op.f("pk_lamp_change")),
    )


def downgrade() -> None:
    """Takes them away."""
    op.drop_table("lamp_change")
    for name in [one[0] for one in _RULED] + [one[0] for one in _PLAIN]:
        op.drop_column("lamp", name)
