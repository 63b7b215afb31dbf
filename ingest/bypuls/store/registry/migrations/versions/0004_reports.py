"""Scheduled reports and what became of them; mounting and manual counts of calibrations."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004_reports"
down_revision = "0003_seals"
branch_labels = None
depends_on = None

_CALIBRATION: dict[str, tuple[sa.types.TypeEngine[Any], str]] = {
    "height_m": (sa.Double(), "height_m > 0 AND height_m <= 100"),
    "offset_m": (sa.Double(), "offset_m >= 0 AND offset_m <= 200"),
    "manual_count": (sa.Integer(), "manual_count >= 0 AND manual_count <= 1000000"),
    "sensor_count": (sa.Integer(), "sensor_count >= 0 AND sensor_count <= 1000000"),
}


def _check(name: str, sql: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(sql, name=op.f(name))


def upgrade() -> None:
    """New tables, new columns."""
    with op.batch_alter_table("calibration") as table:
        for name, (kind, check) in _CALIBRATION.items():
            table.add_column(sa.Column(name, kind, nullable=True))
            table.create_check_constraint(op.f(f"ck_calibration_{name}"), check)
    op.create_table(
        "report_schedule",
        sa.Column("id", sa.String(length=63), nullable=False),
        sa.Column("site", sa.String(length=63), nullable=False),
        sa.Column("every", sa.String(length=63), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=True),
        sa.Column("day", sa.Integer(), nullable=True),
        sa.Column("lang", sa.String(length=63), nullable=False),
        sa.Column("formats", sa.String(length=63), nullable=False),
        sa.Column("folder", sa.String(length=63), nullable=True),
        sa.Column("recipients", sa.Text(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        _check("ck_report_schedule_every", "every IN ('week', 'month')"),
        _check("ck_report_schedule_weekday", "weekday >= 1 AND weekday <= 7"),
        _check("ck_report_schedule_day", "day >= 1 AND day <= 28"),
        _check("ck_report_schedule_lang", "lang IN ('da', 'en')"),
        _check("ck_report_schedule_day_of_month", "day IS NULL OR every = 'month'"),
        _check("ck_report_schedule_weekday_of_week", "weekday IS NULL OR every = 'week'"),
        sa.ForeignKeyConstraint(
            ["site"], ["site.id"], name=op.f("fk_report_schedule_site"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_schedule")),
    )
    op.create_index("ix_report_schedule_site", "report_schedule", ["site"])
    op.create_table(
        "report_run",
        sa.Column("schedule", sa.String(length=63), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=63), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_us", sa.BigInteger(), nullable=False),
        sa.Column("changed_us", sa.BigInteger(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("schedule", "first_day", name=op.f("pk_report_run")),
    )


def downgrade() -> None:
    """Takes them away."""
    op.drop_table("report_run")
    op.drop_table("report_schedule")
    with op.batch_alter_table("calibration") as table:
        for name in _CALIBRATION:
            table.drop_constraint(op.f(f"ck_calibration_{name}"), type_="check")
            table.drop_column(name)
