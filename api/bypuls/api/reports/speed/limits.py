"""Which posted limit held where and when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from bypuls.api.reports.speed.model import Limit
from bypuls.api.reports.speed.observations import Floats

BOTH = "both"


def limit_table(limits: Sequence[Limit], directions: Sequence[str], days: Sequence[date] | None) -> Floats:
    """(directions + 1, days) the limit [km/h]; the last row is of vehicles without a direction. NaN = unknown.

    The limit of a direction goes before that of both, a later one before an earlier one. Without days (None) there is
    one column: the limit where all that are given are equal, otherwise unknown."""
    names = [*directions, BOTH]
    table = np.full((len(names), 1 if days is None else len(days)), np.nan)
    for row, name in enumerate(names):
        of_name = [limit for limit in limits if limit.direction == name]
        of_both = [limit for limit in limits if limit.direction == BOTH]
        for part in (of_both, of_name):
            _fill(table[row], part, days)
    return table


def _fill(row: Floats, limits: Sequence[Limit], days: Sequence[date] | None) -> None:
    if days is None:
        values = {limit.limit_kmh for limit in limits}
        if values:
            row[0] = values.pop() if len(values) == 1 else np.nan
        return
    # Later ones overwrite earlier ones; one without a beginning holds from ever.
    for limit in sorted(limits, key=lambda one: one.valid_from or date.min):
        for at, day in enumerate(days):
            if (limit.valid_from is None or day >= limit.valid_from) and (
                limit.valid_to is None or day < limit.valid_to
            ):
                row[at] = limit.limit_kmh
