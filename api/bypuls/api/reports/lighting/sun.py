"""Sunset, sunrise and civil twilight of a place, night by night, by astral; and when a series without times began."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
from astral import Depression, Observer
from astral.sun import dawn, dusk, sunrise, sunset

from bypuls.analysis.arrays import BoolArray, FloatArray, IntArray
from bypuls.analysis.lighting.plan import night_and_day
from bypuls.api.reports.reading.errors import FileProblem

_DAY_US = 86_400_000_000
_QUARTER_US = 900_000_000
REFERENCE_YEAR = 2025
"""A series without times is laid into it."""


@dataclass(frozen=True, slots=True, eq=False)
class Nights:
    """(m,) [µs UTC], rising."""

    sunset_us: IntArray
    sunrise_us: IntArray
    dusk_us: IntArray
    dawn_us: IntArray


def nights_around(first_us: int, last_us: int, latitude_deg: float, longitude_deg: float) -> Nights:
    """The nights that touch [first, last], and one more on either side. Raises FileProblem where the sun doesn't sink
    to 6° below the horizon."""
    place = Observer(latitude_deg, longitude_deg)
    # By the sun's own zone: far from Greenwich an evening lies on another day of UTC, where astral finds none.
    sun_zone = timezone(timedelta(hours=round(longitude_deg / 15.0)))
    days = [_day(first_us - 2 * _DAY_US) + timedelta(days=n) for n in range(int((last_us - first_us) // _DAY_US) + 5)]

    def moments(event: Callable[[date], datetime]) -> IntArray:
        try:
            found = [event(day) for day in days]
        except ValueError as error:
            raise FileProblem(
                f"--lat {latitude_deg:g} --lon {longitude_deg:g}: {str(error).rstrip('.')}; expected a place where "
                "every night of the file gets dark (civil twilight ends)"
            ) from error
        return np.unique(np.array([round(one.timestamp() * 1e6) for one in found], dtype=np.int64))

    dusks = moments(lambda day: dusk(place, day, depression=Depression.CIVIL, tzinfo=sun_zone))
    dawns = moments(lambda day: dawn(place, day, depression=Depression.CIVIL, tzinfo=sun_zone))
    sets, rises = (
        moments(lambda day: sunset(place, day, tzinfo=sun_zone)),
        moments(lambda day: sunrise(place, day, tzinfo=sun_zone)),
    )
    dusks = dusks[(dusks > sets[0]) & (dusks < dawns[-1])]
    last = np.searchsorted(dawns, dusks, "right")
    down = sets[np.searchsorted(sets, dusks, "right") - 1]
    up_at = np.searchsorted(rises, dusks, "right")
    whole = (last < dawns.size) & (up_at < rises.size)
    return Nights(down[whole], rises[up_at[whole]], dusks[whole], dawns[last[whole]])


def beginning(lit: BoolArray, latitude_deg: float, longitude_deg: float) -> tuple[int, float]:
    """When a series began, to a quarter of an hour [µs UTC] of `REFERENCE_YEAR`: where its lit quarters fit the dark
    ones best; and the share that fits.

    lit : (n,) quarters of an hour, at least two days. Day length tells the date, twice a year; how it changes tells
    which. Raises FileProblem."""
    start = round(datetime(REFERENCE_YEAR, 1, 1, tzinfo=UTC).timestamp() * 1e6)
    if lit.size < 192:
        raise FileProblem(f"{lit.size / 96:.1f} days; expected at least 2 to tell the time of day, or say --start")
    year = 365 * 96
    t = start + np.arange(year, dtype=np.int64) * _QUARTER_US
    nights = nights_around(int(t[0]), int(t[-1]), latitude_deg, longitude_deg)
    shown = np.where(lit[:year], 1.0, -1.0)
    spectrum = np.conj(np.fft.rfft(shown, year))
    best = 0, -np.inf
    # Cabinets switch somewhere between sunset and civil dusk.
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        dusks = nights.sunset_us + ((nights.dusk_us - nights.sunset_us) * share).astype(np.int64)
        dawns = nights.sunrise_us - ((nights.sunrise_us - nights.dawn_us) * share).astype(np.int64)
        dark, _ = night_and_day(t, dusks, dawns)
        # Circular correlation: a year has no end.
        score: FloatArray = np.fft.irfft(np.fft.rfft(np.where(dark, 1.0, -1.0)) * spectrum, year)
        at = int(score.argmax())
        if score[at] > best[1]:
            best = at, float(score[at])
    return int(t[best[0]]), 0.5 + 0.5 * best[1] / shown.size


def _day(t_us: int) -> date:
    return datetime.fromtimestamp(t_us / 1e6, UTC).date()
