"""When lamps should burn, and how bright: by dusk and dawn, and by a dimming profile."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import BoolArray, FloatArray, IntArray, finite_column, integer_column, time_column
from bypuls.analysis.errors import BadInput
from bypuls.analysis.lighting.figures import nights_of

_US = 1_000_000
DAY_MARGIN_S = 1800
"""Outside civil twilight ± 30 min a lamp that burns is a day burner."""


def night_and_day(
    t_us: npt.ArrayLike,
    dusk_us: npt.ArrayLike,
    dawn_us: npt.ArrayLike,
    *,
    night_margin_s: int = 0,
    day_margin_s: int = DAY_MARGIN_S,
) -> tuple[BoolArray, BoolArray]:
    """Whether each moment surely is of the night, and whether surely of the day; neither in between, nor where no
    night is known around it.

    t_us : (n,) [µs UTC].  dusk_us, dawn_us : (m,) of civil twilight, night by night.  Raises BadInput."""
    at = time_column("t_us", t_us)
    dusk, dawn = nights_of(dusk_us, dawn_us)
    if not dusk.size:
        raise BadInput("dusk_us: empty; expected at least one night")
    last = np.searchsorted(dusk, at, "right") - 1  # the night that began last
    begun = last >= 0
    night = begun & (at >= dusk[last] + night_margin_s * _US) & (at <= dawn[last] - night_margin_s * _US)
    ends = np.append(dusk, np.int64(0))[last + 1]
    known = begun & (last + 1 < dusk.size)
    day = known & (at >= dawn[last] + day_margin_s * _US) & (at <= ends - day_margin_s * _US)
    return night, day


def night_index(t_us: npt.ArrayLike, dusk_us: npt.ArrayLike) -> tuple[IntArray, IntArray]:
    """Of each moment the night that began last (−1 before the first) and the whole hours since its dusk."""
    at, dusk = time_column("t_us", t_us), time_column("dusk_us", dusk_us)
    last = np.searchsorted(dusk, at, "right") - 1
    hours = np.where(last >= 0, (at - dusk[last]) // (3600 * _US), 0) if dusk.size else np.zeros_like(at)
    return last, hours


def commanded_pct(local_minute: npt.ArrayLike, starts: npt.ArrayLike, levels_pct: npt.ArrayLike) -> FloatArray:
    """The level of a dimming profile at each minute of the local day.

    local_minute : (n,) 0 … 1439.  starts : (m,) rising minutes of the day from which `levels_pct` [%] hold; before the
    first holds the last.  A group's profile is dated: the caller takes the one of the day.  Raises BadInput.
    Example: 50 % from 22:00 to 06:00 is starts (360, 1320), levels (100, 50)."""
    minute, start = integer_column("local_minute", local_minute), integer_column("starts", starts)
    level = finite_column("levels_pct", levels_pct)
    if not start.size or start.size != level.size or (np.diff(start) <= 0).any() or start[0] < 0 or start[-1] >= 1440:
        raise BadInput(f"starts: {start.tolist()}; expected rising minutes of a day, as many as levels")
    if (level < 0.0).any() or (level > 100.0).any():
        raise BadInput(f"levels_pct: {level.tolist()}; expected 0 to 100")
    found: FloatArray = level[np.searchsorted(start, minute, "right") - 1]
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Quarters:
    """Moments against the sun, (n,) each. night, day : as of `night_and_day`.  hour : whole hours since dusk.
    since_s : since dusk at night, else since dawn; −1 = unknown.  left_s : until the next dusk; 0 = unknown.
    """

    t_us: IntArray
    night: BoolArray
    day: BoolArray
    hour: IntArray
    since_s: IntArray
    left_s: IntArray

    @classmethod
    def of(cls, t_us: npt.ArrayLike, dusk_us: npt.ArrayLike, dawn_us: npt.ArrayLike) -> Quarters:
        """t_us : (n,) [µs UTC].  dusk_us, dawn_us : (m,) of civil twilight, night by night.  Raises BadInput."""
        at = time_column("t_us", t_us)
        dusk, dawn = nights_of(dusk_us, dawn_us)
        night, day = night_and_day(at, dusk, dawn)
        last, hour = night_index(at, dusk)
        since = np.where(last >= 0, (at - np.where(night, dusk[last], dawn[last])) // _US, -1)
        following = np.append(dusk, np.int64(0))[last + 1]
        left = np.where(last + 1 < dusk.size, (following - at) // _US, 0)
        return cls(at, night, day, hour, since, left)

    def part(self, span: slice) -> Quarters:
        """Some of them."""
        return Quarters(*(getattr(self, one.name)[span] for one in fields(self)))
