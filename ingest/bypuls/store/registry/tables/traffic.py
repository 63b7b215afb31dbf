"""What a traffic count is held against: factors that make a year of it, and counts by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bypuls.store.registry import rules
from bypuls.store.registry.base import Base, Count, Id, Label, Note, Together, dated, in_order, refers, ruled
from bypuls.store.registry.tables.places import LIMIT_DIRECTIONS, TRAFFIC_TYPES

EXPANSION_SPANS = {"hours_to_day": (0, 24), "day_to_week": (1, 7), "week_to_year": (1, 53)}
"""The steps of an expansion, and what `first` and `last` of each lie between."""
ALL_CLASSES = "all"
_SPAN_SQL = " OR ".join(
    f"(step = '{step}' AND first >= {low} AND last <= {high} AND first {'<' if step == 'hours_to_day' else '<='} last)"
    for step, (low, high) in EXPANSION_SPANS.items()
)


def _spans(row: Any) -> bool:
    low, high = EXPANSION_SPANS[row.step]
    long_enough = row.first < row.last or (row.first == row.last and row.step != "hours_to_day")
    return bool(low <= row.first and row.last <= high and long_enough)


class ExpansionFactor(Base):
    """What a count is multiplied by on its way to the annual average day: T → DT → UDT → ÅDT, by type of traffic.

    step, first, last : hours_to_day, counted from `first` to `last` o'clock (7, 19); day_to_week, counted on the ISO
        weekdays `first` to `last` (2, 4: Tuesday to Thursday); week_to_year, counted in the ISO weeks so.
    factor : the day of the hours, the average day of the week of the day, that of the year of the week [-].
    uncertainty : of this step (share, 95 %), where the source says one.
    """

    __tablename__ = "expansion_factor"
    __table_args__ = (dated(), CheckConstraint(_SPAN_SQL, name="span"))
    together = (
        in_order(),
        Together(
            "last",
            "hours 0 to 24, first before last (7, 19), of hours_to_day; weekdays 1 to 7 of day_to_week; "
            "weeks 1 to 53 of week_to_year",
            _spans,
        ),
    )

    traffic_type: Mapped[str] = mapped_column(primary_key=True, info=ruled(rules.one_of(*TRAFFIC_TYPES)))
    step: Mapped[str] = mapped_column(primary_key=True, info=ruled(rules.one_of(*EXPANSION_SPANS)))
    first: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, info=ruled(rules.within(0, 53)))
    last: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, info=ruled(rules.within(1, 53)))
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    valid_to: Mapped[date | None] = mapped_column(default=None)
    factor: Mapped[float] = mapped_column(info=ruled(rules.within(0, 100, open_low=True)))
    uncertainty: Mapped[float | None] = mapped_column(default=None, info=ruled(rules.within(0, 1, "as a share")))
    source: Mapped[Note]


class ManualCount(Base):
    """Vehicles counted by hand beside a sensor from `from_clock` to `to_clock`, local time, on whole quarters.

    direction : as the sensor names them; `both` for both together.
    vehicle_class : as it was counted; classes of one interval add up, unless there is a row for `all`.
    """

    __tablename__ = "manual_count"
    together = (
        Together(
            "to_clock",
            "a time later than from_clock; 24:00 ends the day",
            lambda row: rules.clock_minutes(row.to_clock) > rules.clock_minutes(row.from_clock),
        ),
    )

    sensor: Mapped[Id] = mapped_column(refers("sensor"), primary_key=True)
    date: Mapped[date] = mapped_column(primary_key=True)
    from_clock: Mapped[str] = mapped_column(primary_key=True, info=ruled(rules.QUARTER_CLOCK))
    to_clock: Mapped[str] = mapped_column(info=ruled(rules.QUARTER_CLOCK))
    direction: Mapped[str] = mapped_column(
        primary_key=True, default="both", info=ruled(rules.one_of(*LIMIT_DIRECTIONS))
    )
    vehicle_class: Mapped[Label] = mapped_column(primary_key=True, default=ALL_CLASSES)
    vehicles: Mapped[Count]
    note: Mapped[Note | None] = mapped_column(default=None)
