"""The book that ingest keeps: ledger, dead letters, dirty windows, leases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_book"
down_revision = "0001_registry"
branch_labels = None
depends_on = None

_ID = sa.String(length=63)
_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _column(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=null)


def upgrade() -> None:
    """Every table of the book."""
    op.create_table(
        "ledger_range",
        sa.Column("device", _ID, nullable=False),
        sa.Column("epoch", _ID, nullable=False),
        sa.Column("first", sa.BigInteger(), autoincrement=False, nullable=False),
        _column("last"),
        sa.PrimaryKeyConstraint("device", "epoch", "first", name=op.f("pk_ledger_range")),
    )
    op.create_table(
        "ledger_epoch",
        sa.Column("device", _ID, nullable=False),
        sa.Column("epoch", _ID, nullable=False),
        _column("first_seen_us"),
        _column("last_seen_us"),
        sa.PrimaryKeyConstraint("device", "epoch", name=op.f("pk_ledger_epoch")),
    )
    op.create_table(
        "ledger_hour",
        sa.Column("device", _ID, nullable=False),
        sa.Column("epoch", _ID, nullable=False),
        sa.Column("hour_us", sa.BigInteger(), autoincrement=False, nullable=False),
        *(_column(name) for name in ("received", "stored", "duplicate", "refused")),
        sa.PrimaryKeyConstraint("device", "epoch", "hour_us", name=op.f("pk_ledger_hour")),
    )
    op.create_table(
        "device_alarm",
        sa.Column("device", _ID, nullable=False),
        sa.Column("alarm", _ID, nullable=False),
        *(_column(name) for name in ("first_us", "last_us", "count")),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("device", "alarm", name=op.f("pk_device_alarm")),
    )
    op.create_table(
        "dead_letter",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("fingerprint", sa.String(length=200), nullable=False),
        _column("t_us"),
        sa.Column("device", sa.String(length=200), nullable=False),
        sa.Column("epoch", _ID, nullable=True),
        _column("seq", null=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        _column("size"),
        _column("times"),
        _column("readmitted_us", null=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letter")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_dead_letter_fingerprint")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_dead_letter_t_us", "dead_letter", ["t_us"])
    op.create_index("ix_dead_letter_waiting", "dead_letter", ["readmitted_us", "size"])
    op.create_table(
        "dirty_window",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("kind", _ID, nullable=False),
        sa.Column("sensor", _ID, nullable=False),
        _column("start_us"),
        _column("end_us"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dirty_window")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_dirty_window_sensor", "dirty_window", ["sensor"])
    op.create_table(
        "lease",
        sa.Column("name", _ID, nullable=False),
        sa.Column("owner", _ID, nullable=False),
        _column("until_us"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )


def downgrade() -> None:
    """What `upgrade` made, in reverse."""
    for table in (
        "lease",
        "dirty_window",
        "dead_letter",
        "device_alarm",
        "ledger_hour",
        "ledger_epoch",
        "ledger_range",
    ):
        op.drop_table(table)
