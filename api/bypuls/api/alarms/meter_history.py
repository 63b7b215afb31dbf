"""The days of a town's meters, read once a round: what the alarms of energy are found in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from bypuls.analysis.localtime import local_day_edges_us
from bypuls.api.buildings.meters import MeterDays, meter_days
from bypuls.api.buildings.source import DAY, Days, Floats, Int64
from bypuls.api.buildings.weather import Weather, weather_days
from bypuls.store.registry import Sensor
from bypuls.wire import to_us

if TYPE_CHECKING:
    from bypuls.api.alarms.scene import Scene

BACK = timedelta(days=730)
NIGHT_ENDS = time(4)
_SETTLED = timedelta(hours=1)
_WHOLE = 0.9


@dataclass(frozen=True)
class MeterHistory:
    """Two years of days up to yesterday."""

    days: Days
    meters: Mapping[str, MeterDays]
    weather: Weather


@dataclass(frozen=True, slots=True)
class Nights:
    """00–04 of local days. kw : (nights,) mean power, NaN = less than 90 % measured.  ends_us : (nights,) [µs]."""

    first: date
    kw: Floats
    ends_us: Int64


def history_of(scene: Scene, meters: Sequence[Sensor]) -> MeterHistory:
    """The meters' days. The newest day counts an hour after midnight, when what was late is in."""
    last = (scene.now - _SETTLED).astimezone(scene.zone).date() - DAY
    days = Days(scene.zone, last - BACK + DAY, last)
    found = meter_days(scene.source, [(meter, 1) for meter in meters], days)
    return MeterHistory(days, found, weather_days(scene.source, days))


def nights_of(scene: Scene, meters: Sequence[Sensor]) -> dict[str, Nights]:
    """Each meter's nights of two years, the last one an hour after its end."""
    if not meters:
        return {}
    last = (scene.now - _SETTLED - timedelta(hours=NIGHT_ENDS.hour)).astimezone(scene.zone).date()
    first = last - BACK + DAY
    edges = _night_edges(scene.zone, first, last)
    names = ("import_wh_delta", "import_wh_covered_s")
    ids = [meter.id for meter in meters]
    sums = scene.store.sums("meter", ids, edges, names, keep_before_us=scene.now_us)
    length_s = np.diff(edges)[::2] / 1e6
    found = {}
    for at, id in enumerate(ids):
        wh, covered = sums[names[0]][at][::2], np.nan_to_num(sums[names[1]][at][::2])
        with np.errstate(divide="ignore", invalid="ignore"):
            kw = np.where(covered >= _WHOLE * length_s, wh / covered * 3.6, np.nan)
        found[id] = Nights(first, kw, edges[1::2])
    return found


@lru_cache(maxsize=4)
def _night_edges(zone: ZoneInfo, first: date, last: date) -> Int64:
    """Midnight and four o'clock of each local day, and the last four o'clock's end."""
    midnights = local_day_edges_us(zone, first, last)
    edges = np.empty(2 * (len(midnights) - 1), dtype=np.int64)
    edges[::2] = midnights[:-1]
    edges[1::2] = [
        to_us(datetime.combine(first + number * DAY, NIGHT_ENDS, zone)) for number in range(len(midnights) - 1)
    ]
    edges.setflags(write=False)
    return edges


def end_us(days: Days, row: int) -> int:
    """The end of a day [µs]."""
    return int(days.edges_us[row + 1])
