"""The kinds of reading. Each is a frozen dataclass that validates itself; absent = None = unknown.

Quantities are float64 and carry their unit in their name. Registers are cumulative as the meter shows them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import ClassVar, Self, TypeVar

from bypuls.wire.errors import BadField
from bypuls.wire.fields import (
    CHECKS,
    TALQ_EVENTS,
    Check,
    Spec,
    check_id,
    choice,
    count,
    flag,
    gauge,
    register,
    spec_field,
)
from bypuls.wire.times import in_utc

MEDIA = ("electricity", "heat", "gas", "water")
DIRECTIONS = ("toward", "away")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one sensor said at one moment. `t` is None only where the device never learned the time."""

    kind: ClassVar[str] = ""
    # Fields beside `kind`, `sensor` and `t` that tell two readings of the same moment apart.
    key: ClassVar[tuple[str, ...]] = ()
    specs: ClassVar[Mapping[str, Spec]] = {}
    _checks: ClassVar[tuple[tuple[str, Spec, Check], ...]] = ()

    sensor: str
    t: datetime | None = None

    def __post_init__(self) -> None:
        check_id("sensor", self.sensor)
        t = self.t
        if t is not None and not (type(t) is datetime and t.tzinfo is UTC):
            object.__setattr__(self, "t", in_utc("t", t))
        empty = True
        for name, spec, check in self._checks:
            value = getattr(self, name)
            if value is None:
                if spec.required:
                    raise BadField(name, None, spec.expected)
                continue
            if name not in self.key:
                empty = False
            checked = check(name, spec, value)
            if checked is not value:
                object.__setattr__(self, name, checked)
        if empty:
            raise BadField(
                "reading", self.kind, f"at least one of {', '.join(n for n in self.specs if n not in self.key)}"
            )
        self._check_together()

    def _check_together(self) -> None:
        """What several fields must keep together; kinds that have such a rule say it here."""

    def replace_t(self, t: datetime) -> Self:
        """The same reading at another time."""
        return dataclasses.replace(self, t=t)

    def values(self) -> dict[str, object]:
        """The kind's own fields that are known, by name."""
        return {name: value for name, _, _ in self._checks if (value := getattr(self, name)) is not None}


_R = TypeVar("_R", bound=Reading)


def _kind(name: str, key: tuple[str, ...] = ()) -> Callable[[type[_R]], type[_R]]:
    """Registers a dataclass as the kind `name` and reads its specs once."""

    def finish(cls: type[_R]) -> type[_R]:
        specs = {f.name: f.metadata["spec"] for f in dataclasses.fields(cls) if "spec" in f.metadata}
        cls.kind, cls.key, cls.specs = name, key, MappingProxyType(specs)
        cls._checks = tuple((field, spec, CHECKS[spec.role]) for field, spec in specs.items())
        return cls

    return finish


@_kind("lamp")
@dataclass(frozen=True, slots=True, kw_only=True)
class Lamp(Reading):
    """A single street light."""

    on: bool | None = flag("lit")
    level_pct: float | None = gauge("%", 0, 100, "dimming level")
    power_w: float | None = gauge("W", 0, 10_000, "active power")
    energy_wh: float | None = register("Wh", "energy register")
    voltage_v: float | None = gauge("V", 0, 1_000, "supply voltage")
    current_a: float | None = gauge("A", 0, 1_000, "current")
    power_factor: float | None = gauge("", -1, 1, "power factor")
    operating_s: float | None = register("s", "operating time register")
    ambient_lux: float | None = gauge("lx", 0, 200_000, "ambient light")
    temp_c: float | None = gauge("°C", -60, 150, "temperature of the driver")
    faults: tuple[str, ...] | None = spec_field(Spec("events", "faults that the lamp reports", choices=TALQ_EVENTS))


@_kind("passage")
@dataclass(frozen=True, slots=True, kw_only=True)
class Passage(Reading):
    """One vehicle passing. A continuous-wave radar gives no length and no class."""

    speed_kmh: float = gauge("km/h", 0, 400, "speed, corrected for the mounting's angle", required=True)
    raw_kmh: float | None = gauge("km/h", 0, 400, "speed as the sensor measured it")
    direction: str | None = choice(DIRECTIONS, "seen from the sensor")
    length_m: float | None = gauge("m", 0, 100, "length")
    vehicle_class: str | None = spec_field(Spec("name", "class, where the sensor knows it"))
    magnitude: float | None = gauge("", 0, 1e9, "strength of the radar's signal, in the sensor's own scale")


@_kind("traffic_bin", key=("period_s", "direction", "vehicle_class"))
@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficBin(Reading):
    """Counts per speed class over a period that starts at `t`, for sensors that only count.

    A class holds lower < v ≤ upper; the first begins at 0. With `open_top` there is one count more than there are
    edges: what lies above the last. No edges and one count = vehicles counted without a speed.
    """

    period_s: int = count("s", 1, 86_400, "length of the period", required=True)
    direction: str | None = choice(DIRECTIONS, "seen from the sensor")
    vehicle_class: str | None = spec_field(Spec("name", "class, where the sensor knows it"))
    upper_edges_kmh: tuple[float, ...] = spec_field(
        Spec("edges", "upper edges of the speed classes", "km/h", 0, 400, required=True)
    )
    counts: tuple[float, ...] = spec_field(
        Spec("counts", "vehicles per class; decimals where the sensor extrapolates", "vehicles", 0, 1e6, required=True)
    )
    resolution_kmh: float | None = gauge("km/h", 0, 100, "resolution of the sensor's own speeds")
    open_top: bool | None = flag("the last count lies above the last edge")
    uptime: float | None = gauge("", 0, 1, "share of the period that was observed; 0 = unknown, not zero vehicles")

    def _check_together(self) -> None:
        edges, counts = len(self.upper_edges_kmh), len(self.counts)
        if not edges and not self.open_top:
            raise BadField("open_top", self.open_top, "true where there are no edges: one count, of all vehicles")
        if counts != edges + (1 if self.open_top else 0):
            expected = (
                f"{edges + 1} counts for {edges} edges and an open top"
                if self.open_top
                else f"{edges} counts for {edges} edges"
            )
            raise BadField("counts", list(self.counts), expected)


@_kind("meter", key=("medium",))
@dataclass(frozen=True, slots=True, kw_only=True)
class Meter(Reading):
    """A meter of electricity, heat, gas or water."""

    medium: str = choice(MEDIA, "what is metered", required=True)
    import_wh: float | None = register("Wh", "energy register, used")
    export_wh: float | None = register("Wh", "energy register, delivered to the grid")
    power_w: float | None = gauge("W", -1e8, 1e8, "active power; negative = delivered to the grid")
    voltage_v: tuple[float, ...] | None = spec_field(Spec("phases", "voltage per phase", "V", 0, 500_000))
    current_a: tuple[float, ...] | None = spec_field(Spec("phases", "current per phase", "A", -100_000, 100_000))
    power_factor: float | None = gauge("", -1, 1, "power factor")
    volume_m3: float | None = register("m³", "volume register")
    flow_m3c: float | None = register("m³·°C", "register E8: volume × flow temperature")
    return_m3c: float | None = register("m³·°C", "register E9: volume × return temperature")
    flow_temp_c: float | None = gauge("°C", -50, 300, "flow temperature")
    return_temp_c: float | None = gauge("°C", -50, 300, "return temperature")
    flow_m3h: float | None = gauge("m³/h", 0, 100_000, "volume flow")
    serial: str | None = spec_field(Spec("text", "serial number as the meter says it", high=64))


@_kind("cabinet")
@dataclass(frozen=True, slots=True, kw_only=True)
class Cabinet(Reading):
    """A street-light cabinet's contacts."""

    door_open: bool | None = flag("the door is open")
    contactor_on: bool | None = flag("the lighting contactor is on")
    leakage_ma: float | None = gauge("mA", 0, 100_000, "leakage current")
    faults: tuple[str, ...] | None = spec_field(Spec("events", "faults that the cabinet reports", choices=TALQ_EVENTS))


@_kind("weather")
@dataclass(frozen=True, slots=True, kw_only=True)
class Weather(Reading):
    """Outdoor conditions."""

    temp_c: float | None = gauge("°C", -60, 60, "air temperature")
    ambient_lux: float | None = gauge("lx", 0, 200_000, "ambient light")
    irradiance_wm2: float | None = gauge("W/m²", 0, 2_000, "global irradiance")


@_kind("health")
@dataclass(frozen=True, slots=True, kw_only=True)
class Health(Reading):
    """How a device is; `sensor` is the device's own id."""

    uptime_s: float | None = gauge("s", 0, 1e10, "time since the device booted")
    clock_offset_ms: float | None = gauge("ms", -1e12, 1e12, "clock's offset from its time source")
    clock_synced: bool | None = flag("the clock is synchronised")
    outbox_rows: int | None = count("rows", 0, 10**12, "readings that wait for a receipt")
    outbox_oldest_s: float | None = gauge("s", 0, 1e10, "age of the oldest reading that waits")
    dropped: int | None = count("rows", 0, 10**15, "readings refused because the outbox was full, since it was made")
    disk_free_mb: float | None = gauge("MB", 0, 1e9, "free space where the outbox lies")
    cpu_temp_c: float | None = gauge("°C", -60, 150, "temperature of the processor")
    failing: tuple[str, ...] | None = spec_field(Spec("ids", "sensors that can't be read just now", high=200))
    version: str | None = spec_field(Spec("text", "release of the edge", high=64))


KINDS: Mapping[str, type[Reading]] = MappingProxyType(
    {cls.kind: cls for cls in (Lamp, Passage, TrafficBin, Meter, Cabinet, Weather, Health)}
)
