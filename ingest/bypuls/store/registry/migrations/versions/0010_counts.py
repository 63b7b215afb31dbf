"""Factors that make a year of a short count, counts by hand, where a sensor looks, and types of traffic."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010_counts"
down_revision = "0009_normal_years"
branch_labels = None
depends_on = None

_TYPES = "'commuter', 'local', 'regional', 'long_distance', 'some_holiday', 'much_holiday', 'holiday_cottages'"
_SPAN = (
    "(step = 'hours_to_day' AND first >= 0 AND last <= 24 AND first < last)"
    " OR (step = 'day_to_week' AND first >= 1 AND last <= 7 AND first <= last)"
    " OR (step = 'week_to_year' AND first >= 1 AND last <= 53 AND first <= last)"
)


def _check(name: str, sql: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(sql, name=op.f(name))


def upgrade() -> None:
    """New tables, new columns."""
    with op.batch_alter_table("calibration") as table:
        table.add_column(sa.Column("bearing_deg", sa.Double(), nullable=True))
        table.create_check_constraint(op.f("ck_calibration_bearing_deg"), "bearing_deg >= 0 AND bearing_deg <= 360")
    # A site can't be written anew while others refer to it: SQLite takes the column with its rule.
    kind = sa.Column("traffic_type", sa.String(length=63), nullable=True)
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "ALTER TABLE site ADD COLUMN traffic_type VARCHAR(63) "
            f"CONSTRAINT ck_site_traffic_type CHECK (traffic_type IN ({_TYPES}))"
        )
    else:
        op.add_column("site", kind)
        op.create_check_constraint(op.f("ck_site_traffic_type"), "site", f"traffic_type IN ({_TYPES})")
    op.create_table(
        "expansion_factor",
        sa.Column("traffic_type", sa.String(length=63), nullable=False),
        sa.Column("step", sa.String(length=63), nullable=False),
        sa.Column("first", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("factor", sa.Double(), nullable=False),
        sa.Column("uncertainty", sa.Double(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        _check("ck_expansion_factor_traffic_type", f"traffic_type IN ({_TYPES})"),
        _check("ck_expansion_factor_step", "step IN ('hours_to_day', 'day_to_week', 'week_to_year')"),
        _check("ck_expansion_factor_first", "first >= 0 AND first <= 53"),
        _check("ck_expansion_factor_last", "last >= 1 AND last <= 53"),
        _check("ck_expansion_factor_factor", "factor > 0 AND factor <= 100"),
        _check("ck_expansion_factor_uncertainty", "uncertainty >= 0 AND uncertainty <= 1"),
        _check("ck_expansion_factor_period", "valid_to IS NULL OR valid_to > valid_from"),
        _check("ck_expansion_factor_span", _SPAN),
        sa.PrimaryKeyConstraint(
            "traffic_type", "step", "first", "last", "valid_from", name=op.f("pk_expansion_factor")
        ),
    )
    op.create_table(
        "manual_count",
        sa.Column("sensor", sa.String(length=63), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("from_clock", sa.String(length=63), nullable=False),
        sa.Column("to_clock", sa.String(length=63), nullable=False),
        sa.Column("direction", sa.String(length=63), nullable=False),
        sa.Column("vehicle_class", sa.String(length=63), nullable=False),
        sa.Column("vehicles", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        _check("ck_manual_count_direction", "direction IN ('toward', 'away', 'both')"),
        _check("ck_manual_count_vehicles", "vehicles >= 0 AND vehicles <= 1000000"),
        sa.ForeignKeyConstraint(
            ["sensor"], ["sensor.id"], name=op.f("fk_manual_count_sensor"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint(
            "sensor", "date", "from_clock", "direction", "vehicle_class", name=op.f("pk_manual_count")
        ),
    )


def downgrade() -> None:
    """Takes them away."""
    op.drop_table("manual_count")
    op.drop_table("expansion_factor")
    op.drop_column("site", "traffic_type")
    with op.batch_alter_table("calibration") as table:
        table.drop_constraint(op.f("ck_calibration_bearing_deg"), type_="check")
        table.drop_column("bearing_deg")
