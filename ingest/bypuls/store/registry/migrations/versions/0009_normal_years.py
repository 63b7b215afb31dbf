"""Normal years of degree days; how a non-routine event is treated."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009_normal_years"
down_revision = "0008_register_limits"
branch_labels = None
depends_on = None

_EVENT: dict[str, tuple[sa.types.TypeEngine[Any], str]] = {
    "medium": (sa.String(length=63), "medium IN ('electricity', 'heat', 'gas', 'water')"),
    "kwh_per_day": (sa.Double(), "kwh_per_day >= -10000000 AND kwh_per_day <= 10000000"),
    "half_width_kwh_per_day": (sa.Double(), "half_width_kwh_per_day >= 0 AND half_width_kwh_per_day <= 10000000"),
}


def _check(name: str, sql: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(sql, name=op.f(name))


def upgrade() -> None:
    """A new table, new columns. Events that are there are of unknown effect, as they were taken before."""
    op.create_table(
        "normal_year",
        sa.Column("id", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("station", sa.String(length=63), nullable=False),
        sa.Column("sensor", sa.String(length=63), nullable=True),
        sa.Column("rule", sa.String(length=63), nullable=False),
        sa.Column("base_c", sa.Double(), nullable=False),
        sa.Column("degree_days", sa.Double(), nullable=False),
        sa.Column("period", sa.String(length=63), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        _check("ck_normal_year_rule", "rule IN ('all year', 'season')"),
        _check("ck_normal_year_base_c", "base_c >= 0 AND base_c <= 30"),
        _check("ck_normal_year_degree_days", "degree_days > 0 AND degree_days <= 20000"),
        sa.ForeignKeyConstraint(
            ["sensor"], ["sensor.id"], name=op.f("fk_normal_year_sensor"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_normal_year")),
    )
    op.create_index("ix_normal_year_sensor", "normal_year", ["sensor"])
    with op.batch_alter_table("non_routine_event") as table:
        table.add_column(sa.Column("treatment", sa.String(length=63), nullable=False, server_default="unknown"))
        table.create_check_constraint(
            op.f("ck_non_routine_event_treatment"), "treatment IN ('unknown', 'left out', 'adjusted')"
        )
        for name, (kind, check) in _EVENT.items():
            table.add_column(sa.Column(name, kind, nullable=True))
            table.create_check_constraint(op.f(f"ck_non_routine_event_{name}"), check)
        table.create_check_constraint(
            op.f("ck_non_routine_event_adjusted"), "(treatment = 'adjusted') = (kwh_per_day IS NOT NULL)"
        )
    with op.batch_alter_table("non_routine_event") as table:
        table.alter_column("treatment", server_default=None)


def downgrade() -> None:
    """Takes them away."""
    with op.batch_alter_table("non_routine_event") as table:
        table.drop_constraint(op.f("ck_non_routine_event_adjusted"), type_="check")
        for name in ("treatment", *_EVENT):
            table.drop_constraint(op.f(f"ck_non_routine_event_{name}"), type_="check")
            table.drop_column(name)
    op.drop_table("normal_year")
