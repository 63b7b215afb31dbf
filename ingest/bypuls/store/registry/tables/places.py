"""What stands in the town: streets with their limits, cabinets, lamps and buildings.

Periods run from `valid_from` up to but not including `valid_to`; without `valid_to` they last until the next one.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from bypuls.store.registry import rules
from bypuls.store.registry.base import (
    PAST,
    Base,
    Count,
    Id,
    Label,
    Latitude,
    Longitude,
    Name,
    Note,
    Wkt,
    Year,
    dated,
    in_order,
    placed,
    refers,
    ruled,
)

BUILDING_USES = ("housing", "office", "culture", "education", "hospital", "day-care", "sports", "other")
LIMIT_DIRECTIONS = ("toward", "away", "both")
WORKING_MODES = ("automatic", "manual", "semiautomatic")
TRAFFIC_TYPES = (
    "commuter", "local", "regional", "long_distance", "some_holiday", "much_holiday", "holiday_cottages",
)  # fmt: skip
"""Why people drive there, as the Danish Road Directorate sorts roads for expanding counts."""


class Site(Base):
    """A stretch of street (or a square, a path) where traffic or light is measured.

    traffic_type : which expansion factors make a year of a short count.
    """

    __tablename__ = "site"
    together = placed()

    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[Name]
    kind: Mapped[Label | None] = mapped_column(default=None)
    road_class: Mapped[Label | None] = mapped_column(default=None)
    school_way: Mapped[bool | None] = mapped_column(default=None)
    lanes: Mapped[int | None] = mapped_column(default=None, info=ruled(rules.within(1, 20, "lanes")))
    lat: Mapped[Latitude | None] = mapped_column(default=None)
    lon: Mapped[Longitude | None] = mapped_column(default=None)
    geometry: Mapped[Wkt | None] = mapped_column(default=None)
    note: Mapped[Note | None] = mapped_column(default=None)
    traffic_type: Mapped[str | None] = mapped_column(default=None, info=ruled(rules.one_of(*TRAFFIC_TYPES)))


class SpeedLimit(Base):
    """The posted limit [km/h] of a site; one for a single direction goes before the one for `both`."""

    __tablename__ = "speed_limit"
    __table_args__ = (dated(),)
    together = (in_order(),)

    site: Mapped[Id] = mapped_column(refers("site"), primary_key=True)
    direction: Mapped[str] = mapped_column(
        primary_key=True, default="both", info=ruled(rules.one_of(*LIMIT_DIRECTIONS))
    )
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    valid_to: Mapped[date | None] = mapped_column(default=None)
    limit_kmh: Mapped[int] = mapped_column(info=ruled(rules.within(5, 150, "km/h")))


class StreetLighting(Base):
    """What of a street section is lit, and how well, from a day on, until the next row's day.

    area_m2 : lit area: carriageway, and the paths beside it where the same lamps are meant to light them [m²].
    illuminance_lx : average illuminance that is maintained on it at full level [lx]. Both as of EN 13201-5.
    """

    __tablename__ = "street_lighting"

    site: Mapped[Id] = mapped_column(refers("site"), primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    area_m2: Mapped[float | None] = mapped_column(
        default=None, info=ruled(rules.within(0, 10_000_000, "m²", open_low=True))
    )
    illuminance_lx: Mapped[float | None] = mapped_column(
        default=None, info=ruled(rules.within(0, 1000, "lx", open_low=True))
    )
    note: Mapped[Note | None] = mapped_column(default=None)


class Cabinet(Base):
    """A lighting cabinet: feeds lamps, often metered.

    working_mode : whether it switches by itself, only when somebody orders it, or both.
    """

    __tablename__ = "cabinet"
    together = placed()

    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[Name]
    lat: Mapped[Latitude | None] = mapped_column(default=None)
    lon: Mapped[Longitude | None] = mapped_column(default=None)
    site: Mapped[Id | None] = mapped_column(refers("site"), index=True, default=None)
    lamp_count: Mapped[Count | None] = mapped_column(default=None)
    note: Mapped[Note | None] = mapped_column(default=None)
    working_mode: Mapped[str | None] = mapped_column(default=None, info=ruled(rules.one_of(*WORKING_MODES)))


class LampGroup(Base):
    """Lamps that are dimmed alike. A group names a cabinet or a street where all of its lamps belong to it.

    owner : whose lamps they are, where that isn't the municipality.
    """

    __tablename__ = "lamp_group"

    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[Name]
    cabinet: Mapped[Id | None] = mapped_column(refers("cabinet"), index=True, default=None)
    site: Mapped[Id | None] = mapped_column(refers("site"), index=True, default=None)
    owner: Mapped[Name | None] = mapped_column(default=None)
    note: Mapped[Note | None] = mapped_column(default=None)


class Lamp(Base):
    """One street light: what hangs on one pole.

    watt : nominal power at full level, of all its luminaires together, with their gear [W].
    lamp_group : by whose profile it is dimmed where it has none of its own.  luminaires : on this pole; None = unknown.
    flux_lm : nominal luminous flux at full level, of all of them [lm].
    street : the street's name, for registers that know it; `site` is the stretch where something is measured.
    installed : the day since when the present luminaires hang there.
    """

    __tablename__ = "lamp"
    together = placed()

    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[Name]
    cabinet: Mapped[Id | None] = mapped_column(refers("cabinet"), index=True, default=None)
    site: Mapped[Id | None] = mapped_column(refers("site"), index=True, default=None)
    lat: Mapped[Latitude | None] = mapped_column(default=None)
    lon: Mapped[Longitude | None] = mapped_column(default=None)
    watt: Mapped[float | None] = mapped_column(default=None, info=ruled(rules.within(0, 5000, "W", open_low=True)))
    lamp_type: Mapped[Label | None] = mapped_column(default=None)
    pole_height_m: Mapped[float | None] = mapped_column(
        default=None, info=ruled(rules.within(0, 100, "m", open_low=True))
    )
    lighting_class: Mapped[Label | None] = mapped_column(default=None)
    road_class: Mapped[Label | None] = mapped_column(default=None)
    school_way: Mapped[bool | None] = mapped_column(default=None)
    cycle_path: Mapped[bool | None] = mapped_column(default=None)
    lamp_group: Mapped[Id | None] = mapped_column(refers("lamp_group"), index=True, default=None)
    installed: Mapped[date | None] = mapped_column(default=None, info=PAST)
    street: Mapped[Name | None] = mapped_column(default=None)
    pole_type: Mapped[Label | None] = mapped_column(default=None)
    luminaires: Mapped[int | None] = mapped_column(default=None, info=ruled(rules.within(1, 100, "luminaires")))
    flux_lm: Mapped[float | None] = mapped_column(
        default=None, info=ruled(rules.within(0, 1_000_000, "lm", open_low=True))
    )
    note: Mapped[Note | None] = mapped_column(default=None)


class LampChange(Base):
    """The day on which a lamp was changed, and what hung there before it.

    watt_before : nominal power [W], as `Lamp.watt`.  What hangs there since stands in the next change, or in the lamp.
    """

    __tablename__ = "lamp_change"

    lamp: Mapped[Id] = mapped_column(refers("lamp"), primary_key=True)
    date: Mapped[date] = mapped_column(primary_key=True)
    lamp_type_before: Mapped[Label | None] = mapped_column(default=None)
    watt_before: Mapped[float | None] = mapped_column(
        default=None, info=ruled(rules.within(0, 5000, "W", open_low=True))
    )
    note: Mapped[Note | None] = mapped_column(default=None)


class DimmingProfile(Base):
    """How a group of lamps is dimmed at night; `schedule` is read by `parse_schedule`. Without one it burns at full
    level."""

    __tablename__ = "dimming_profile"
    __table_args__ = (dated(),)
    together = (in_order(),)

    lamp_group: Mapped[Id] = mapped_column(refers("lamp_group"), primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    valid_to: Mapped[date | None] = mapped_column(default=None)
    schedule: Mapped[str] = mapped_column(Text, info=ruled(rules.SCHEDULE))


class LampProfile(Base):
    """How a single lamp is dimmed, in place of its group's profile: at a crossing, say, that stays fully lit
    (`00:00-23:59=100`)."""

    __tablename__ = "lamp_profile"
    __table_args__ = (dated(),)
    together = (in_order(),)

    lamp: Mapped[Id] = mapped_column(refers("lamp"), primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    valid_to: Mapped[date | None] = mapped_column(default=None)
    schedule: Mapped[str] = mapped_column(Text, info=ruled(rules.SCHEDULE))


class Building(Base):
    """A building whose energy is measured. `use` decides the default weather-independent share."""

    __tablename__ = "building"
    together = placed()

    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[Name]
    use: Mapped[str] = mapped_column(default="other", info=ruled(rules.one_of(*BUILDING_USES)))
    address: Mapped[Name | None] = mapped_column(default=None)
    lat: Mapped[Latitude | None] = mapped_column(default=None)
    lon: Mapped[Longitude | None] = mapped_column(default=None)
    built_year: Mapped[Year | None] = mapped_column(default=None)
    note: Mapped[Note | None] = mapped_column(default=None)


class HeatedArea(Base):
    """The heated area [m²] of a building from a day on, until the next row's day."""

    __tablename__ = "heated_area"

    building: Mapped[Id] = mapped_column(refers("building"), primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    area_m2: Mapped[float] = mapped_column(info=ruled(rules.within(0, 10_000_000, "m²", open_low=True)))
