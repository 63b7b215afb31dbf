"""The book's tables. They live in the registry's database, so that one transaction keeps them together."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
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

# One alarm: from its opening to its closing, and on, where it came back soon after. `part_of` is the alarm that it is
# shown under. `facts` are the figures that its sentence is made of, `cost` what it costs a day. `well_us` is when its
# condition was first seen absent, before it came: what began earlier began unseen.
alarm = Table(
    "alarm",
    metadata,
    Column("id", _SERIAL, primary_key=True, autoincrement=True),
    Column("kind", _ID, nullable=False),
    Column("domain", _ID, nullable=False),
    Column("subject_kind", _ID, nullable=False),
    Column("subject", _ID, nullable=False),
    Column("place_kind", _ID),
    Column("place", _ID),
    Column("device", _ID),
    Column("rule", _ID, nullable=False),
    Column("severity", _ID, nullable=False),
    Column("owner", _ID),
    Column("state", _ID, nullable=False),
    Column("since_us", BigInteger, nullable=False),
    Column("began_us", BigInteger, nullable=False),
    Column("opened_us", BigInteger, nullable=False),
    Column("closed_us", BigInteger),
    Column("acknowledged_by", String(200)),
    Column("reopened", Integer, nullable=False),
    Column("part_of", BigInteger),
    Column("facts", JSON, nullable=False),
    Column("cost", JSON, nullable=False),
    Column("well_us", BigInteger),
    Index("ix_alarm_state", "state", "since_us"),
    Index("ix_alarm_subject", "kind", "subject"),
    sqlite_autoincrement=True,
)

# What happened to an alarm. A row begins in the state in which the one before it ended; rows are added, never changed.
alarm_event = Table(
    "alarm_event",
    metadata,
    Column("number", _SERIAL, primary_key=True, autoincrement=True),
    Column("alarm", BigInteger, nullable=False),
    Column("t_us", BigInteger, nullable=False),
    Column("action", _ID, nullable=False),
    Column("before", _ID),
    Column("after", _ID, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("note", Text),
    Column("facts", JSON, nullable=False),
    Index("ix_alarm_event_alarm", "alarm"),
    Index("ix_alarm_event_t_us", "t_us"),
    sqlite_autoincrement=True,
)

# What is remembered of one condition of one thing between two rounds; nothing is kept of what is quiet.
alarm_watch = Table(
    "alarm_watch",
    metadata,
    Column("kind", _ID, primary_key=True),
    Column("subject", _ID, primary_key=True),
    Column("alarm", BigInteger),
    Column("state", _ID),
    Column("present_since_us", BigInteger),
    Column("absent_since_us", BigInteger),
    Column("evidence_us", BigInteger),
    Column("acknowledged", Boolean, nullable=False),
    Column("closed_us", BigInteger),
    Column("closed_by_person", Boolean, nullable=False),
    Column("reopened", Integer, nullable=False),
)

# Since when a condition is watched: when it was first seen absent. Written once for each, and read seldom.
alarm_well = Table(
    "alarm_well",
    metadata,
    Column("kind", _ID, primary_key=True),
    Column("subject", _ID, primary_key=True),
    Column("since_us", BigInteger, nullable=False),
)

# What is to be told to somebody. It is written with the event that it tells of, and leaves afterwards. `key` makes one
# notice of each event and channel, and of each day's digest.
alarm_notice = Table(
    "alarm_notice",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("channel", _ID, nullable=False),
    Column("target", String(200), nullable=False),
    Column("alarm", BigInteger),
    Column("event", BigInteger),
    Column("state", _ID, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("next_us", BigInteger, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    Index("ix_alarm_notice_next_us", "state", "next_us"),
)

# What people reported of the light, without a word of who they are. closed_us : when somebody had seen to it.
citizen_report = Table(
    "citizen_report",
    metadata,
    Column("id", _SERIAL, primary_key=True, autoincrement=True),
    Column("t_us", BigInteger, nullable=False),
    Column("category", _ID, nullable=False),
    Column("text", String(500), nullable=False),
    Column("address", String(200), nullable=False),
    Column("lamp", _ID),
    Column("lat", Double),
    Column("lon", Double),
    Column("closed_us", BigInteger),
    Index("ix_citizen_report_t_us", "t_us"),
    sqlite_autoincrement=True,
)

# What is kept of each cabinet's meter and of its lamps from quarter to quarter, and what is known of them now.
# next_us : the first quarter that `state` doesn't know.
lighting_watch = Table(
    "lighting_watch",
    metadata,
    Column("unit", String(80), primary_key=True),
    Column("basis", Text, nullable=False),
    Column("next_us", BigInteger, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("told", Text, nullable=False),
)
