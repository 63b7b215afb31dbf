"""What turns energy into money and CO₂, and the targets that the result is held against."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Text
from sqlalchemy.orm import Mapped, mapped_column

from bypuls.store.registry import rules
from bypuls.store.registry.base import (
    Base,
    Id,
    Label,
    Name,
    Note,
    Together,
    Year,
    dated,
    in_order,
    one_asset,
    refers,
    ruled,
)
from bypuls.store.registry.tables.equipment import DOMAINS, MEDIA

PRICE_UNITS = ("dkk_per_kwh", "dkk_per_m3")
DEGREE_DAY_RULES = ("all year", "season")
BASES = ("lower", "upper")
GASES = ("CO2", "CO2e")
STEPS = ("hour", "month", "year")
SCOPES = ("1", "2-location", "2-market", "3", "1+3", "life-cycle")
PURPOSES = ("accounts", "scenario")
FACTOR_UNITS = ("kg/kWh", "kg/m3", "kg/l")
ACTIVITY_UNITS = ("kWh", "m3", "l", "t")
VIEWS = ("location", "market")
TARGET_KINDS = ("geography", "organisation", "lighting", "building")


class Price(Base):
    """What a kilowatt-hour or a cubic metre costs from a day on; `unit` says of which."""

    __tablename__ = "price"
    __table_args__ = (dated(),)
    together = (in_order(),)

    medium: Mapped[str] = mapped_column(primary_key=True, info=ruled(rules.one_of(*MEDIA)))
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    valid_to: Mapped[date | None] = mapped_column(default=None)
    unit: Mapped[str] = mapped_column(info=ruled(rules.one_of(*PRICE_UNITS)))
    value: Mapped[float] = mapped_column(info=ruled(rules.within(-1000, 100_000, "in the row's unit")))
    source: Mapped[Note | None] = mapped_column(default=None)


class CalorificValue(Base):
    """Energy per volume of gas [kWh/m³] from a day on, on the lower or the upper heating value."""

    __tablename__ = "calorific_value"

    valid_from: Mapped[date] = mapped_column(primary_key=True)
    basis: Mapped[str] = mapped_column(primary_key=True, info=ruled(rules.one_of(*BASES)))
    kwh_per_m3: Mapped[float] = mapped_column(info=ruled(rules.within(0, 50, "kWh/m³", open_low=True)))
    source: Mapped[Note | None] = mapped_column(default=None)


class NormalYear(Base):
    """The degree days of a normal year [K·d] at a station, as published or averaged from ten years or more.

    sensor : the weather sensor whose temperatures are those of the station; only against them is a use corrected.
    rule : `all year`, or `season` (Teknologisk Institut's heating season).  period : the years that it rests on.
    """

    __tablename__ = "normal_year"

    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[Name]
    station: Mapped[Label]
    sensor: Mapped[Id | None] = mapped_column(refers("sensor"), index=True, default=None)
    rule: Mapped[str] = mapped_column(info=ruled(rules.one_of(*DEGREE_DAY_RULES)))
    base_c: Mapped[float] = mapped_column(default=17.0, info=ruled(rules.within(0, 30, "°C")))
    degree_days: Mapped[float] = mapped_column(info=ruled(rules.within(0, 20_000, "K·d", open_low=True)))
    period: Mapped[Label | None] = mapped_column(default=None)
    source: Mapped[Note]


class Factor(Base):
    """One published emission factor: `value` in `unit` (kg per kWh, m³ or litre), from `valid_from` up to `valid_to`.

    A set has a name and a version: new figures for past years are a new version, never an overwritten one.
    value : None where `step` is hour and the values are rows of `factor_day` with the same key.
    gas, scope, method, area, loss_included, basis : two factors that differ in one of them are never mixed.
    loss_included : grid loss in or out; None = unknown.
    basis : lower or upper heating value; None where it has no meaning.
    purpose : `scenario` factors are forecasts, never for accounts.
    """

    __tablename__ = "factor"
    __table_args__ = (dated(), CheckConstraint("value IS NOT NULL OR step = 'hour'", name="value_of_step"))
    together = (
        in_order(),
        Together("value", "a number; none only where step is hour", lambda f: f.value is not None or f.step == "hour"),
    )

    factor_set: Mapped[Id] = mapped_column(primary_key=True)
    version: Mapped[Label] = mapped_column(primary_key=True)
    carrier: Mapped[Id] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(primary_key=True, info=ruled(rules.one_of(*SCOPES)))
    gas: Mapped[str] = mapped_column(primary_key=True, info=ruled(rules.one_of(*GASES)))
    method: Mapped[Label] = mapped_column(primary_key=True)
    area: Mapped[Label] = mapped_column(primary_key=True)
    valid_from: Mapped[datetime] = mapped_column(primary_key=True)
    valid_to: Mapped[datetime | None] = mapped_column(default=None)
    step: Mapped[str] = mapped_column(info=ruled(rules.one_of(*STEPS)))
    value: Mapped[float | None] = mapped_column(default=None, info=ruled(rules.within(-10, 100, "in the row's unit")))
    unit: Mapped[str] = mapped_column(info=ruled(rules.one_of(*FACTOR_UNITS)))
    loss_included: Mapped[bool | None] = mapped_column(default=None)
    basis: Mapped[str | None] = mapped_column(default=None, info=ruled(rules.one_of(*BASES)))
    purpose: Mapped[str] = mapped_column(default="accounts", info=ruled(rules.one_of(*PURPOSES)))
    source: Mapped[Note]


class FactorDay(Base):
    """The hourly factors [g/kWh] of one UTC day: 24 of them in one text, since a row for each hour of each area would
    be 8,760 a year. What they are is said by the row of `factor` with the same key, whose step is hour."""

    __tablename__ = "factor_day"

    factor_set: Mapped[Id] = mapped_column(primary_key=True)
    version: Mapped[Label] = mapped_column(primary_key=True)
    carrier: Mapped[Id] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(primary_key=True, info=ruled(rules.one_of(*SCOPES)))
    gas: Mapped[str] = mapped_column(primary_key=True, info=ruled(rules.one_of(*GASES)))
    method: Mapped[Label] = mapped_column(primary_key=True)
    area: Mapped[Label] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    g_per_kwh: Mapped[str] = mapped_column(Text, info=ruled(rules.HOURS_OF_DAY))


class FactorChoice(Base):
    """Which set of factors a carrier is accounted with, where several would fit. Without a row the only one that fits
    is taken; of several none.

    view : location (what the grid delivered) or market (what was bought).
    method, area : None = whatever the set has, if it is one.
    """

    __tablename__ = "factor_choice"

    view: Mapped[str] = mapped_column(primary_key=True, info=ruled(rules.one_of(*VIEWS)))
    carrier: Mapped[Id] = mapped_column(primary_key=True)
    factor_set: Mapped[Id]
    method: Mapped[Label | None] = mapped_column(default=None)
    area: Mapped[Label | None] = mapped_column(default=None)
    note: Mapped[Note | None] = mapped_column(default=None)


class Activity(Base):
    """An amount that no meter here measures, from a bill or somebody else's account: litres of diesel, a year's
    kilowatt-hours, or tonnes that were accounted elsewhere. From `valid_from` up to but not including `valid_to`.

    amount : in `unit`; `t` are tonnes of `gas`, already accounted by `method`.
    basis : heating value that kilowatt-hours of a fuel are counted on; None where it has no meaning, or nobody said.
    """

    __tablename__ = "activity"
    __table_args__ = (
        dated(),
        one_asset("building", "site")[0],
        CheckConstraint("unit <> 't' OR gas IS NOT NULL", name="gas_of_tonnes"),
    )
    together = (
        in_order(),
        one_asset("building", "site")[1],
        Together("gas", "CO2 or CO2e where the unit is t", lambda a: a.unit != "t" or a.gas is not None),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[Name]
    domain: Mapped[str] = mapped_column(info=ruled(rules.one_of(*DOMAINS)))
    carrier: Mapped[Id]
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    amount: Mapped[float] = mapped_column(info=ruled(rules.within(0, 1e12, "in the row's unit")))
    unit: Mapped[str] = mapped_column(info=ruled(rules.one_of(*ACTIVITY_UNITS)))
    basis: Mapped[str | None] = mapped_column(default=None, info=ruled(rules.one_of(*BASES)))
    gas: Mapped[str | None] = mapped_column(default=None, info=ruled(rules.one_of(*GASES)))
    method: Mapped[Label | None] = mapped_column(default=None)
    building: Mapped[Id | None] = mapped_column(refers("building"), index=True, default=None)
    site: Mapped[Id | None] = mapped_column(refers("site"), index=True, default=None)
    source: Mapped[Note]


class Target(Base):
    """A promise: `reduction` [share, 0..1] of `base_tonnes` [t a year] by `target_year`.

    Several may stand side by side.

    base_tonnes : None = nobody has said yet; then no trajectory can be drawn.
    """

    __tablename__ = "target"
    __table_args__ = (CheckConstraint("target_year > base_year", name="years"),)
    together = (in_order("base_year", "target_year"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[Name]
    kind: Mapped[str] = mapped_column(info=ruled(rules.one_of(*TARGET_KINDS)))
    scope: Mapped[Note | None] = mapped_column(default=None)
    base_year: Mapped[Year | None] = mapped_column(default=None)
    base_tonnes: Mapped[float | None] = mapped_column(
        default=None, info=ruled(rules.within(0, 1_000_000_000, "t a year", open_low=True))
    )
    reduction: Mapped[float] = mapped_column(info=ruled(rules.within(0, 1, "as a share")))
    target_year: Mapped[Year]
    gas: Mapped[str] = mapped_column(info=ruled(rules.one_of(*GASES)))
    method: Mapped[Label | None] = mapped_column(default=None)
    source: Mapped[Note | None] = mapped_column(default=None)
    note: Mapped[Note | None] = mapped_column(default=None)
