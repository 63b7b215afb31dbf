"""A scheduled report is of a site or of a building."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017_building_schedules"
down_revision = "0016_alarm_beginnings"
branch_labels = None
depends_on = None

_ID = sa.String(length=63)
_CHECKS = {
    "ck_report_schedule_one_place": "(site IS NULL) <> (building IS NULL)",
    "ck_report_schedule_building_by_month": "building IS NULL OR every = 'month'",
}


def upgrade() -> None:
    """A new column; the site may be none."""
    with op.batch_alter_table("report_schedule") as table:
        table.add_column(sa.Column("building", _ID, nullable=True))
        table.alter_column("site", existing_type=_ID, nullable=True)
        table.create_foreign_key(
            op.f("fk_report_schedule_building"), "building", ["building"], ["id"],
            initially="DEFERRED", deferrable=True,
        )  # fmt: skip
        for name, sql in _CHECKS.items():
            table.create_check_constraint(op.f(name), sql)
        table.create_index("ix_report_schedule_building", ["building"])


def downgrade() -> None:
    """Takes it away, and the schedules of buildings with it."""
    op.execute("DELETE FROM report_schedule WHERE building IS NOT NULL")
    with op.batch_alter_table("report_schedule") as table:
        table.drop_index("ix_report_schedule_building")
        for name in _CHECKS:
            table.drop_constraint(op.f(name), type_="check")
        table.drop_constraint(op.f("fk_report_schedule_building"), type_="foreignkey")
        table.alter_column("site", existing_type=_ID, nullable=False)
        table.drop_column("building")
