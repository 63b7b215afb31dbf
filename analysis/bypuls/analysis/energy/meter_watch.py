"""What the days of a meter say about the meter itself: exchanged, its unit changed, its register not believed.

Amounts are never changed here; what is found is told, so that nobody takes a figure for what it is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import FloatArray, float_column, same_length
from bypuls.analysis.errors import BadInput

Kind = Literal["meter_swapped", "unit_jump", "register_reset", "not_believed"]

_SIDE_DAYS = 28  # looked at on either side of an event: four weeks have every weekday alike
_FEWEST_DAYS = 3
_JUMP = 1000.0
_JUMP_WITHIN = 3.0  # a season's use may double or halve within the days looked at


@dataclass(frozen=True, slots=True)
class MeterStatement:
    """One statement about a meter.

    row : index of the day on which it happened; for `not_believed` the first.
    before, after : serial numbers of `meter_swapped`; median use per day of `unit_jump`.
    factor : of `unit_jump`, after through before.  count : events, for `register_reset` and `not_believed`.
    """

    kind: Kind
    row: int
    before: str | float | None = None
    after: str | float | None = None
    factor: float | None = None
    count: int | None = None


def meter_statements(
    amount: npt.ArrayLike, covered: npt.ArrayLike, resets: npt.ArrayLike, serial: Sequence[str | None]
) -> list[MeterStatement]:
    """Statements about one register of one meter, by day.

    amount : (n,) measured in the day, in the register's unit; NaN = unknown.
    covered : (n,) share of the day that it is measured for, 0…1.
    resets : (n,) resets, swaps and refused values of the day.
    serial : (n,) the last serial number told in the day, None where none was.

    A day's use is scaled to the whole day. A unit jump is a change of the median use by a factor of 1000 (within 3
    either way) at a day with a reset or a refused value, with at least 3 days known within 28 on either side.
    `not_believed`: the last 3 or more days all have events and are covered for less than half.  Raises BadInput.
    Source: the platform's own rules for registers.
    """
    use, share, events = (
        float_column(name, column) for name, column in (("amount", amount), ("covered", covered), ("resets", resets))
    )
    same_length(amount=use, covered=share, resets=events)
    if len(serial) != use.size:
        raise BadInput(f"serial: {len(serial)} days; expected {use.size}, as many as amounts")
    events = np.nan_to_num(events)
    with np.errstate(divide="ignore", invalid="ignore"):
        per_day = np.where(share >= 0.5, use / share, np.nan)

    found = list(_swaps(serial))
    swapped = {statement.row for statement in found}
    for row in np.flatnonzero(events > 0).tolist():
        jump = _unit_jump(per_day, row)
        if jump is not None:
            # Of several days with events around one jump the first tells it.
            told = next((one for one in found if one.kind == "unit_jump" and row - one.row <= _FEWEST_DAYS), None)
            if told is None:
                found.append(jump)
        elif row not in swapped:
            found.append(MeterStatement("register_reset", row, count=int(events[row])))
    doubtful = _not_believed(share, events)
    if doubtful is not None:
        found = [one for one in found if one.kind != "register_reset" or one.row < doubtful.row]
        found.append(doubtful)
    return sorted(found, key=lambda one: (one.row, one.kind))


def _swaps(serial: Sequence[str | None]) -> list[MeterStatement]:
    found: list[MeterStatement] = []
    last: str | None = None
    for row, told in enumerate(serial):
        if told and last and told != last:
            found.append(MeterStatement("meter_swapped", row, before=last, after=told))
        last = told or last
    return found


def _unit_jump(per_day: FloatArray, row: int) -> MeterStatement | None:
    before, after = per_day[max(0, row - _SIDE_DAYS) : row], per_day[row + 1 : row + 1 + _SIDE_DAYS]
    sides = [side[~np.isnan(side)] for side in (before, after)]
    if min(side.size for side in sides) < _FEWEST_DAYS:
        return None
    old, new = (float(np.median(side)) for side in sides)
    if old <= 0.0 or new <= 0.0:
        return None
    factor = new / old
    off = max(factor, 1.0 / factor) / _JUMP
    if not 1.0 / _JUMP_WITHIN <= off <= _JUMP_WITHIN:
        return None
    return MeterStatement("unit_jump", row, before=old, after=new, factor=factor)


def _not_believed(share: FloatArray, events: FloatArray) -> MeterStatement | None:
    """The tail of days in which the register rises and is refused, again and again."""
    refused = (events > 0) & (share < 0.5)
    believed = np.flatnonzero(~refused)
    first = int(believed[-1]) + 1 if believed.size else 0
    if share.size - first < _FEWEST_DAYS:
        return None
    return MeterStatement("not_believed", first, count=int(events[first:].sum()))
