"""Rules and owners of alarms, alarms with their history, and what is to be told of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011_alarms"
down_revision = "0010_counts"
branch_labels = None
depends_on = None

_TABLES = ("alarm_notice", "alarm_watch", "alarm_event", "alarm", "alarm_rule", "alarm_owner")
_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_ID = sa.String(length=63)


def _check(name: str, sql: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(sql, name=op.f(name))


def _refers(table: str, column: str) -> sa.ForeignKeyConstraint:
    target = "alarm_owner" if column == "owner" else column
    return sa.ForeignKeyConstraint(
        [column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"), initially="DEFERRED", deferrable=True
    )


def _one_asset(table: str, *kinds: str) -> sa.CheckConstraint:
    count = " + ".join(f"(CASE WHEN {kind} IS NULL THEN 0 ELSE 1 END)" for kind in kinds)
    return _check(f"ck_{table}_one_asset", f"{count} <= 1")


def _needed(*columns: str) -> list[sa.Column[str]]:
    return [sa.Column(column, _ID, nullable=False) for column in columns]


def _moments(*columns: str) -> list[sa.Column[int]]:
    return [sa.Column(column, sa.BigInteger(), nullable=False) for column in columns]


def upgrade() -> None:
    """New tables."""
    op.create_table(
        "alarm_owner",
        sa.Column("id", _ID, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        *(sa.Column(name, _ID, nullable=True) for name in ("domain", "site", "building", "cabinet")),
        sa.Column("recipients", sa.Text(), nullable=True),
        sa.Column("lang", _ID, nullable=False),
        sa.Column("quiet_hours", _ID, nullable=True),
        sa.Column("digest", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        _check("ck_alarm_owner_domain", "domain IN ('platform', 'energy', 'traffic', 'lighting', 'climate')"),
        _check("ck_alarm_owner_lang", "lang IN ('da', 'en')"),
        _one_asset("alarm_owner", "site", "building", "cabinet"),
        *(_refers("alarm_owner", column) for column in ("site", "building", "cabinet")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_owner")),
    )
    op.create_table(
        "alarm_rule",
        *_needed("id", "kind"),
        *(sa.Column(name, _ID, nullable=True) for name in ("site", "building", "cabinet", "device")),
        sa.Column("parameters", sa.Text(), nullable=True),
        sa.Column("severity", _ID, nullable=True),
        *(sa.Column(name, sa.Double(), nullable=True) for name in ("confirm_min", "clear_min", "reopen_min")),
        sa.Column("quiet_hours", _ID, nullable=True),
        sa.Column("owner", _ID, nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        _check("ck_alarm_rule_severity", "severity IN ('critical', 'major', 'minor', 'warning')"),
        *(
            _check(f"ck_alarm_rule_{name}", f"{name} >= 0 AND {name} <= 525600")
            for name in ("confirm_min", "clear_min", "reopen_min")
        ),
        _one_asset("alarm_rule", "site", "building", "cabinet", "device"),
        *(_refers("alarm_rule", column) for column in ("site", "building", "cabinet", "device", "owner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_rule")),
    )
    for table, columns in (
        ("alarm_owner", ("site", "building", "cabinet")),
        ("alarm_rule", ("site", "building", "cabinet", "device", "owner")),
    ):
        for column in columns:
            op.create_index(f"ix_{table}_{column}", table, [column])
    op.create_table(
        "alarm",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        *_needed("kind", "domain", "subject_kind", "subject"),
        *(sa.Column(name, _ID, nullable=True) for name in ("place_kind", "place", "device")),
        *_needed("rule", "severity"),
        sa.Column("owner", _ID, nullable=True),
        *_needed("state"),
        *_moments("since_us", "began_us", "opened_us"),
        sa.Column("closed_us", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=200), nullable=True),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.Column("part_of", sa.BigInteger(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("cost", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alarm_state", "alarm", ["state", "since_us"])
    op.create_index("ix_alarm_subject", "alarm", ["kind", "subject"])
    op.create_table(
        "alarm_event",
        sa.Column("number", _SERIAL, autoincrement=True, nullable=False),
        *_moments("alarm", "t_us"),
        *_needed("action"),
        sa.Column("before", _ID, nullable=True),
        *_needed("after"),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_alarm_event")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alarm_event_alarm", "alarm_event", ["alarm"])
    op.create_index("ix_alarm_event_t_us", "alarm_event", ["t_us"])
    op.create_table(
        "alarm_watch",
        *_needed("kind", "subject"),
        sa.Column("alarm", sa.BigInteger(), nullable=True),
        sa.Column("state", _ID, nullable=True),
        *(
            sa.Column(name, sa.BigInteger(), nullable=True)
            for name in ("present_since_us", "absent_since_us", "evidence_us")
        ),
        sa.Column("acknowledged", sa.Boolean(), nullable=False),
        sa.Column("closed_us", sa.BigInteger(), nullable=True),
        sa.Column("closed_by_person", sa.Boolean(), nullable=False),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject", name=op.f("pk_alarm_watch")),
    )
    op.create_table(
        "alarm_notice",
        sa.Column("key", sa.String(length=200), nullable=False),
        *_needed("channel"),
        sa.Column("target", sa.String(length=200), nullable=False),
        sa.Column("alarm", sa.BigInteger(), nullable=True),
        sa.Column("event", sa.BigInteger(), nullable=True),
        *_needed("state"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        *_moments("created_us", "next_us", "changed_us"),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_alarm_notice")),
    )
    op.create_index("ix_alarm_notice_next_us", "alarm_notice", ["state", "next_us"])


def downgrade() -> None:
    """Takes them away."""
    for table in _TABLES:
        op.drop_table(table)
