"""What a target covers, and the measures that are to reach it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006_measures"
down_revision = "0005_accounts"
branch_labels = None
depends_on = None

_KINDS = "'renovation', 'led', 'dimming', 'solar', 'heating', 'vehicles', 'other'"
_DOMAINS = "'buildings', 'lighting', 'charging', 'fleet', 'other'"
_PLACES = ("site", "building", "cabinet")


def _check(name: str, sql: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(sql, name=op.f(name))


def _word(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=63), nullable=nullable)


def _refers(table: str, column: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [f"{column}.id"], name=name, initially="DEFERRED", deferrable=True)


def upgrade() -> None:
    """New tables."""
    op.create_table(
        "scope_part",
        _word("target"),
        _word("domain"),
        _word("carrier"),
        sa.Column("base_tonnes", sa.Double(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        _check("ck_scope_part_domain", f"domain IN ({_DOMAINS})"),
        _check("ck_scope_part_base_tonnes", "base_tonnes >= 0 AND base_tonnes <= 1000000000"),
        _refers("scope_part", "target"),
        sa.PrimaryKeyConstraint("target", "domain", "carrier", name=op.f("pk_scope_part")),
    )
    op.create_table(
        "measure",
        _word("id"),
        sa.Column("name", sa.String(length=200), nullable=False),
        _word("kind"),
        *(_word(place, nullable=True) for place in _PLACES),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("certainty", sa.Double(), nullable=True),
        sa.Column("cost_dkk", sa.Double(), nullable=True),
        _word("intervention", nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        _check(
            "ck_measure_one_asset",
            " + ".join(f"(CASE WHEN {place} IS NULL THEN 0 ELSE 1 END)" for place in _PLACES) + " <= 1",
        ),
        _check("ck_measure_kind", f"kind IN ({_KINDS})"),
        _check("ck_measure_certainty", "certainty >= 0 AND certainty <= 1"),
        _check("ck_measure_cost_dkk", "cost_dkk >= 0 AND cost_dkk <= 1000000000000"),
        *(_refers("measure", column) for column in (*_PLACES, "intervention")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measure")),
    )
    for column in (*_PLACES, "intervention"):
        op.create_index(f"ix_measure_{column}", "measure", [column])
    op.create_table(
        "measure_effect",
        _word("measure"),
        _word("carrier"),
        sa.Column("kwh_per_year", sa.Double(), nullable=True),
        sa.Column("t_per_year", sa.Double(), nullable=True),
        _word("sensor", nullable=True),
        _check("ck_measure_effect_amount", "kwh_per_year IS NOT NULL OR t_per_year IS NOT NULL"),
        _check("ck_measure_effect_kwh_per_year", "kwh_per_year >= -1000000000000 AND kwh_per_year <= 1000000000000"),
        _check("ck_measure_effect_t_per_year", "t_per_year >= -1000000000 AND t_per_year <= 1000000000"),
        _refers("measure_effect", "measure"),
        _refers("measure_effect", "sensor"),
        sa.PrimaryKeyConstraint("measure", "carrier", name=op.f("pk_measure_effect")),
    )
    op.create_index("ix_measure_effect_sensor", "measure_effect", ["sensor"])


def downgrade() -> None:
    """Takes them away."""
    for table in ("measure_effect", "measure", "scope_part"):
        op.drop_table(table)
