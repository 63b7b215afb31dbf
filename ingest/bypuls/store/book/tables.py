"""The book's tables. They live in the registry's database, so that one transaction keeps them together."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from bypuls.store.registry.base import metadata

_ID = String(63)
# SQLite counts up by itself for the type INTEGER alone.
_SERIAL = BigInteger().with_variant(Integer, "sqlite")

# Sequence numbers that were receipted, stored or refused: inclusive ranges that never touch.
ledger_range = Table(
    "ledger_range",
    metadata,
    Column("device", _ID, primary_key=True),
    Column("epoch", _ID, primary_key=True),
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
)

ledger_epoch = Table(
    "ledger_epoch",
    metadata,
    Column("device", _ID, primary_key=True),
    Column("epoch", _ID, primary_key=True),
    Column("first_seen_us", BigInteger, nullable=False),
    Column("last_seen_us", BigInteger, nullable=False),
)

# What came in by the hour in which ingest took it over.
ledger_hour = Table(
    "ledger_hour",
    metadata,
    Column("device", _ID, primary_key=True),
    Column("epoch", _ID, primary_key=True),
    Column("hour_us", BigInteger, primary_key=True, autoincrement=False),
    Column("received", BigInteger, nullable=False),
    Column("stored", BigInteger, nullable=False),
    Column("duplicate", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
)

# What the operator should know of a device: a cloned card, forged batches.
device_alarm = Table(
    "device_alarm",
    metadata,
    Column("device", _ID, primary_key=True),
    Column("alarm", _ID, primary_key=True),
    Column("first_us", BigInteger, nullable=False),
    Column("last_us", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
)

# `fingerprint` tells letters apart: device, epoch and seq of a reading, the hash of a message that can't be decoded.
dead_letter = Table(
    "dead_letter",
    metadata,
    Column("id", _SERIAL, primary_key=True, autoincrement=True),
    Column("fingerprint", String(200), nullable=False),
    Column("t_us", BigInteger, nullable=False),
    Column("device", String(200), nullable=False),
    Column("epoch", _ID),
    Column("seq", BigInteger),
    Column("reason", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("times", BigInteger, nullable=False),
    Column("readmitted_us", BigInteger),
    UniqueConstraint("fingerprint"),
    Index("ix_dead_letter_t_us", "t_us"),
    # What waits is counted and its bytes added up without reading the letters.
    Index("ix_dead_letter_waiting", "readmitted_us", "size"),
    sqlite_autoincrement=True,
)

# Windows of a sensor whose bins are no longer what its readings say. The id is the mark's generation.
dirty_window = Table(
    "dirty_window",
    metadata,
    Column("id", _SERIAL, primary_key=True, autoincrement=True),
    Column("kind", _ID, nullable=False),
    Column("sensor", _ID, nullable=False),
    Column("start_us", BigInteger, nullable=False),
    Column("end_us", BigInteger, nullable=False),
    Index("ix_dirty_window_sensor", "sensor"),
    sqlite_autoincrement=True,
)

# Up to when a sensor's raw readings are gone and its bins are final. What comes later for that time makes part `part`.
# While `deleting` is set nothing may be written there.
seal = Table(
    "seal",
    metadata,
    Column("kind", _ID, primary_key=True),
    Column("sensor", _ID, primary_key=True),
    Column("until_us", BigInteger, nullable=False),
    Column("part", BigInteger, nullable=False),
    Column("deleting", Boolean, nullable=False),
)

# How often the bins of a sensor changed, by UTC month since 1970; the sensor '' counts for all of them.
bin_change = Table(
    "bin_change",
    metadata,
    Column("month", Integer, primary_key=True, autoincrement=False),
    Column("sensor", _ID, primary_key=True),
    Column("changes", BigInteger, nullable=False),
)

# What a meter's calendar year came to, so that accounts of many years needn't add it up again. `factor` is the
# fingerprint of the factors of its hours, '' for the energy alone; `seen` the changes of its bins by then.
meter_year = Table(
    "meter_year",
    metadata,
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("zone", _ID, primary_key=True),
    Column("factor", _ID, primary_key=True),
    Column("sensor", _ID, primary_key=True),
    Column("seen", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)

# The newest forecast of the grid's emission by area, for 'now or later'; never for accounts.
grid_forecast = Table(
    "grid_forecast",
    metadata,
    Column("area", _ID, primary_key=True),
    Column("source", Text, nullable=False),
    Column("fetched_us", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)

# What became of a scheduled report: one row for each schedule and period.
report_run = Table(
    "report_run",
    metadata,
    Column("schedule", _ID, primary_key=True),
    Column("first_day", Date, primary_key=True),
    Column("state", _ID, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_us", BigInteger, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
    Column("files", Text, nullable=False),
    Column("detail", Text, nullable=False),
)

# Who may do what only one process may do at a time, and until when.
lease = Table(
    "lease",
    metadata,
    Column("name", _ID, primary_key=True),
    Column("owner", _ID, nullable=False),
    Column("until_us", BigInteger, nullable=False),
)
