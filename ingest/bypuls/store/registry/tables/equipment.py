"""What measures: devices, their sensors with calibrations, and what was done or happened where they measure."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bypuls.store.registry import rules
from bypuls.store.registry.base import (
    Base,
    Count,
    Id,
    Label,
    Latitude,
    Longitude,
    Name,
    Note,
    Together,
    dated,
    in_order,
    one_asset,
    refers,
    ruled,
)

SENSOR_KINDS = ("lamp", "passage", "traffic_bin", "meter", "cabinet", "weather", "health")
MEDIA = ("electricity", "heat", "gas", "water")
DOMAINS = ("buildings", "lighting", "charging", "fleet", "other")
REGISTER_LIMITS = (
    "max_power_w", "max_flow_m3h", "register_modulus_wh", "register_modulus_m3", "register_step_wh",
)  # fmt: skip
EVENT_TREATMENTS = ("unknown", "left out", "adjusted")
ASSET_KINDS = ("site", "building", "cabinet", "lamp")
_ONE_OF_FOUR = one_asset(*ASSET_KINDS)
_ONE_OF_THREE = one_asset("site", "building", "cabinet")


class Device(Base):
    """A computer at the edge; its id is its certificate's name and its topic level."""

    __tablename__ = "device"

    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[Name]
    lat: Mapped[Latitude | None] = mapped_column(default=None)
    lon: Mapped[Longitude | None] = mapped_column(default=None)
    retired_at: Mapped[datetime | None] = mapped_column(default=None)
    note: Mapped[Note | None] = mapped_column(default=None)


class Sensor(Base):
    """One source of readings. It belongs to one device and measures at one place at most.

    interval_s : nominal time between readings [s]; without it gaps can't be told.
    parent, sign : the meter that this one sits behind; -1 where it is to be subtracted.
    multiplier : what the readings are multiplied by (a current transformer's ratio) [-].
    max_power_w, max_flow_m3h : the most that can physically flow there, multiplied [W], [m³/h]; a register that rises
        faster is not believed.
    register_modulus_wh, register_modulus_m3 : where its registers begin again at 0, as the meter shows them [Wh], [m³].
    register_step_wh : the step in which they rise, as the meter shows them [Wh]; without it 1 kWh.
    domain : of the climate accounts, such as charging for a charging point; None = that of its place.
    valid_from, valid_to : when the sensor was there; a swapped meter is a further sensor.
    """

    __tablename__ = "sensor"
    __table_args__ = (
        dated(),
        _ONE_OF_FOUR[0],
        CheckConstraint("medium IS NULL OR kind = 'meter'", name="medium_of_meter"),
        CheckConstraint("parent IS NULL OR parent <> id", name="parent_is_other"),
    )
    together = (
        in_order(),
        _ONE_OF_FOUR[1],
        Together("medium", "none, since only a meter has a medium", lambda s: s.medium is None or s.kind == "meter"),
        Together(
            "max_power_w",
            "limits of registers only where there are registers: at meters and lamps",
            lambda s: s.kind in ("meter", "lamp") or not s.has_limits,
        ),
        Together("parent", "another sensor than itself", lambda s: s.parent is None or s.parent != s.id),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    device: Mapped[Id] = mapped_column(refers("device"), index=True)
    kind: Mapped[str] = mapped_column(info=ruled(rules.one_of(*SENSOR_KINDS)))
    name: Mapped[Name]
    site: Mapped[Id | None] = mapped_column(refers("site"), index=True, default=None)
    building: Mapped[Id | None] = mapped_column(refers("building"), index=True, default=None)
    cabinet: Mapped[Id | None] = mapped_column(refers("cabinet"), index=True, default=None)
    lamp: Mapped[Id | None] = mapped_column(refers("lamp"), index=True, default=None)
    medium: Mapped[str | None] = mapped_column(default=None, info=ruled(rules.one_of(*MEDIA)))
    interval_s: Mapped[float | None] = mapped_column(
        default=None, info=ruled(rules.within(0, 31_622_400, "s", open_low=True))
    )
    parent: Mapped[Id | None] = mapped_column(refers("sensor"), index=True, default=None)
    sign: Mapped[int] = mapped_column(default=1, info=ruled(rules.SIGN))
    multiplier: Mapped[float] = mapped_column(default=1.0, info=ruled(rules.within(0, 1_000_000, open_low=True)))
    max_power_w: Mapped[float | None] = mapped_column(
        default=None, info=ruled(rules.within(0, 1e9, "W", open_low=True))
    )
    max_flow_m3h: Mapped[float | None] = mapped_column(
        default=None, info=ruled(rules.within(0, 1e6, "m³/h", open_low=True))
    )
    register_modulus_wh: Mapped[float | None] = mapped_column(
        default=None, info=ruled(rules.within(0, 1e15, "Wh", open_low=True))
    )
    register_modulus_m3: Mapped[float | None] = mapped_column(
        default=None, info=ruled(rules.within(0, 1e12, "m³", open_low=True))
    )
    register_step_wh: Mapped[float | None] = mapped_column(
        default=None, info=ruled(rules.within(0, 1e9, "Wh", open_low=True))
    )
    serial: Mapped[Label | None] = mapped_column(default=None)
    domain: Mapped[str | None] = mapped_column(default=None, info=ruled(rules.one_of(*DOMAINS)))
    valid_from: Mapped[datetime | None] = mapped_column(default=None)
    valid_to: Mapped[datetime | None] = mapped_column(default=None)

    @property
    def has_limits(self) -> bool:
        """Whether anything is said about what its registers can do."""
        return any(getattr(self, name) is not None for name in REGISTER_LIMITS)

    @property
    def asset(self) -> tuple[str, str] | None:
        """Kind and id of the place where it measures; None if it has none."""
        for kind in ASSET_KINDS:
            place: str | None = getattr(self, kind)
            if place is not None:
                return kind, place
        return None


class Calibration(Base):
    """How a sensor is mounted from a day on, as measured, and how that was checked.

    angle_deg, angle_uncertainty_deg : between beam and driving direction [°].
    bearing_deg : where the sensor looks along the street, clockwise from north [°]; from there come those `toward` it.
    height_m : above the road [m].  offset_m : from the sensor to the middle of the lane [m].
    reference : the reference run.  expires : the first day on which it no longer holds.
    manual_count, sensor_count : vehicles by hand, and by the sensor in the same time.
    """

    __tablename__ = "calibration"
    __table_args__ = (dated(end="expires"),)
    together = (in_order(end="expires"),)

    sensor: Mapped[Id] = mapped_column(refers("sensor"), primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    expires: Mapped[date | None] = mapped_column(default=None)
    angle_deg: Mapped[float] = mapped_column(info=ruled(rules.within(0, 89, "degrees")))
    angle_uncertainty_deg: Mapped[float | None] = mapped_column(
        default=None, info=ruled(rules.within(0, 45, "degrees"))
    )
    bearing_deg: Mapped[float | None] = mapped_column(default=None, info=ruled(rules.within(0, 360, "degrees")))
    reference: Mapped[Note | None] = mapped_column(default=None)
    height_m: Mapped[float | None] = mapped_column(default=None, info=ruled(rules.within(0, 100, "m", open_low=True)))
    offset_m: Mapped[float | None] = mapped_column(default=None, info=ruled(rules.within(0, 200, "m")))
    manual_count: Mapped[Count | None] = mapped_column(default=None)
    sensor_count: Mapped[Count | None] = mapped_column(default=None)
    note: Mapped[Note | None] = mapped_column(default=None)


class Intervention(Base):
    """Something that was done on purpose: a hump, a new limit, LED lamps, insulation. At one place at most."""

    __tablename__ = "intervention"
    __table_args__ = (_ONE_OF_THREE[0],)
    together = (_ONE_OF_THREE[1],)

    id: Mapped[Id] = mapped_column(primary_key=True)
    site: Mapped[Id | None] = mapped_column(refers("site"), index=True, default=None)
    building: Mapped[Id | None] = mapped_column(refers("building"), index=True, default=None)
    cabinet: Mapped[Id | None] = mapped_column(refers("cabinet"), index=True, default=None)
    kind: Mapped[Label]
    date: Mapped[date]
    note: Mapped[Note | None] = mapped_column(default=None)


class NonRoutineEvent(Base):
    """Something that changed a building's use without being a measure: an extension, a closure, other hours.

    medium : the one whose use it changed; None = every one.
    treatment : `unknown` = savings that it touches are refused; `left out` = its days count as unknown; `adjusted` = it
        added `kwh_per_day` [kWh] (negative = took away) on each of its days, ± `half_width_kwh_per_day` (90 %).
    """

    __tablename__ = "non_routine_event"
    __table_args__ = (
        dated(),
        CheckConstraint("(treatment = 'adjusted') = (kwh_per_day IS NOT NULL)", name="adjusted"),
    )
    together = (
        in_order(),
        Together(
            "kwh_per_day",
            "a number if and only if treatment is adjusted",
            lambda e: (e.treatment == "adjusted") == (e.kwh_per_day is not None),
        ),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    building: Mapped[Id] = mapped_column(refers("building"), index=True)
    kind: Mapped[Label]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None] = mapped_column(default=None)
    medium: Mapped[str | None] = mapped_column(default=None, info=ruled(rules.one_of(*MEDIA)))
    treatment: Mapped[str] = mapped_column(default="unknown", info=ruled(rules.one_of(*EVENT_TREATMENTS)))
    kwh_per_day: Mapped[float | None] = mapped_column(
        default=None, info=ruled(rules.within(-10_000_000, 10_000_000, "kWh"))
    )
    half_width_kwh_per_day: Mapped[float | None] = mapped_column(
        default=None, info=ruled(rules.within(0, 10_000_000, "kWh"))
    )
    note: Mapped[Note | None] = mapped_column(default=None)
