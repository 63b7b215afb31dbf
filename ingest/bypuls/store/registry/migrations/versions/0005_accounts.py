"""Climate accounts: hourly factors by day, choices of factors, imported activities, domains of meters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005_accounts"
down_revision = "0004_reports"
branch_labels = None
depends_on = None

_SCOPES = "'1', '2-location', '2-market', '3', '1+3', 'life-cycle'"
_DOMAINS = "'buildings', 'lighting', 'charging', 'fleet', 'other'"


def _check(name: str, sql: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(sql, name=op.f(name))


def _word(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=63), nullable=nullable)


def upgrade() -> None:
    """New tables; hourly factors need no value of their own; a meter may have a domain."""
    with op.batch_alter_table("sensor") as table:
        table.add_column(_word("domain", nullable=True))
        table.create_check_constraint(op.f("ck_sensor_domain"), f"domain IN ({_DOMAINS})")
    with op.batch_alter_table("factor") as table:
        table.alter_column("value", existing_type=sa.Double(), nullable=True)
        table.create_check_constraint(op.f("ck_factor_value_of_step"), "value IS NOT NULL OR step = 'hour'")
    op.create_table(
        "factor_day",
        _word("factor_set"),
        _word("version"),
        _word("carrier"),
        _word("scope"),
        _word("gas"),
        _word("method"),
        _word("area"),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("g_per_kwh", sa.Text(), nullable=False),
        _check("ck_factor_day_scope", f"scope IN ({_SCOPES})"),
        _check("ck_factor_day_gas", "gas IN ('CO2', 'CO2e')"),
        sa.PrimaryKeyConstraint(
            "factor_set", "version", "carrier", "scope", "gas", "method", "area", "day", name=op.f("pk_factor_day")
        ),
    )
    op.create_table(
        "factor_choice",
        _word("view"),
        _word("carrier"),
        _word("factor_set"),
        _word("method", nullable=True),
        _word("area", nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        _check("ck_factor_choice_view", "view IN ('location', 'market')"),
        sa.PrimaryKeyConstraint("view", "carrier", name=op.f("pk_factor_choice")),
    )
    op.create_table(
        "activity",
        _word("id"),
        sa.Column("name", sa.String(length=200), nullable=False),
        _word("domain"),
        _word("carrier"),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("amount", sa.Double(), nullable=False),
        _word("unit"),
        _word("basis", nullable=True),
        _word("gas", nullable=True),
        _word("method", nullable=True),
        _word("building", nullable=True),
        _word("site", nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        _check("ck_activity_period", "valid_to IS NULL OR valid_to > valid_from"),
        _check(
            "ck_activity_one_asset",
            "(CASE WHEN building IS NULL THEN 0 ELSE 1 END) + (CASE WHEN site IS NULL THEN 0 ELSE 1 END) <= 1",
        ),
        _check("ck_activity_gas_of_tonnes", "unit <> 't' OR gas IS NOT NULL"),
        _check("ck_activity_domain", f"domain IN ({_DOMAINS})"),
        _check("ck_activity_amount", "amount >= 0 AND amount <= 1000000000000"),
        _check("ck_activity_unit", "unit IN ('kWh', 'm3', 'l', 't')"),
        _check("ck_activity_basis", "basis IN ('lower', 'upper')"),
        _check("ck_activity_gas", "gas IN ('CO2', 'CO2e')"),
        sa.ForeignKeyConstraint(
            ["building"], ["building.id"], name=op.f("fk_activity_building"), initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["site"], ["site.id"], name=op.f("fk_activity_site"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity")),
    )
    op.create_index("ix_activity_building", "activity", ["building"])
    op.create_index("ix_activity_site", "activity", ["site"])


def downgrade() -> None:
    """Takes them away; hourly factors go with their days."""
    op.drop_table("activity")
    op.drop_table("factor_choice")
    op.drop_table("factor_day")
    op.execute("DELETE FROM factor WHERE value IS NULL")
    with op.batch_alter_table("factor") as table:
        table.drop_constraint(op.f("ck_factor_value_of_step"), type_="check")
        table.alter_column("value", existing_type=sa.Double(), nullable=False)
    with op.batch_alter_table("sensor") as table:
        table.drop_constraint(op.f("ck_sensor_domain"), type_="check")
        table.drop_column("domain")
