"""A cabinet's report: what the file is, how its lamps burnt, and what was wrong."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """The file. first, last : ISO 8601 with offset, of its first and after its last interval.  start_assumed : the file
    has no times, and its beginning was found from the sun; sun_match : how well the lit hours fit it there, 0 … 1."""

    file: str
    rows: int
    missing: int
    unused_lines: int
    interval_s: float
    first: str
    last: str
    zone: str
    unit: str
    start_assumed: bool
    sun_match: float | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where the cabinet stands [°]."""

    latitude_deg: float
    longitude_deg: float


@dataclass(frozen=True, slots=True)
class Power:
    """full_w : of the lamps at full level, none out.  own_w : by day.  lamp_w : that one lamp takes of full_w, None =
    neither number nor wattage was told.  energy_kwh : of all that is known."""

    full_w: float
    own_w: float
    lamp_w: float | None
    energy_kwh: float


@dataclass(frozen=True, slots=True)
class Burning:
    """Hours within the file. measured_h : lit.  sun_h : sunset to sunrise, civil_h : civil dusk to dawn.
    by_day_h : lit of the hours outside civil twilight ± 30 min.  unknown_h : without a reading.
    lit_share : of the known hours from civil dusk to dawn."""

    measured_h: float
    sun_h: float
    civil_h: float
    by_day_h: float
    unknown_h: float
    lit_share: float | None


@dataclass(frozen=True, slots=True)
class Night:
    """One night's switching; None = not seen. night : its evening's date.  Minutes are positive after sun(set|rise)."""

    night: str
    sunset: str
    on: str | None
    on_after_sunset_min: float | None
    sunrise: str
    off: str | None
    off_after_sunrise_min: float | None
    residual: float | None


@dataclass(frozen=True, slots=True)
class Event:
    """A fault by its TALQ name, ISO 8601 with offset. to : None = it stands at the end of the file.
    lamps : how many, None = unknown.  confidence : probability that it isn't noise."""

    name: str
    from_: str
    to: str | None
    lamps: int | None
    confidence: float | None


@dataclass(frozen=True, slots=True)
class LightingReport:
    """notes : keys of what the reader should know.  sigma : spread of the nights, share of the power; None = too few
    nights to tell a step of lamps.  detectable_lamps : fewer than so many that are out can't be found.
    withheld_events : how many aren't told because the lamps don't switch by the sun of the place."""

    title: str
    software: str
    source: Source
    place: Place
    lamps: int | None
    power: Power
    burning: Burning
    on_after_sunset_min: float | None
    off_after_sunrise_min: float | None
    nights: tuple[Night, ...]
    sigma: float | None
    detectable_lamps: int | None
    events: tuple[Event, ...]
    withheld_events: int
    notes: tuple[str, ...]
