"""The same mix of weekdays in two periods, so that a change of the mix isn't taken for a change of speed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np

from bypuls.analysis.arrays import FloatArray
from bypuls.analysis.traffic.days import MIN_DAYS
from bypuls.analysis.traffic.volumes import is_working_day

Level = Literal["weekday", "working_day"]
SUNDAY = 7


@dataclass(frozen=True, slots=True)
class Matched:
    """Weights of the days of both periods; 0 = left out, since the other period has no such day.

    level : `weekday` where the seven weekdays were matched, `working_day` where working days and others were."""

    level: Level
    before: FloatArray
    after: FloatArray

    @property
    def days(self) -> tuple[int, int]:
        """How many days of each period count."""
        return int((self.before > 0.0).sum()), int((self.after > 0.0).sum())


def match_weekdays(
    before: Sequence[date], after: Sequence[date], holidays: Collection[date] = (), *, min_days: int = MIN_DAYS
) -> Matched | None:
    """Weights with which each kind of day weighs the same in both periods: min(before, after) / its days in the period.

    By weekday, public holidays counting as Sundays; where fewer than `min_days` days of a period have a counterpart, by
    working day or not; None where that leaves too few as well."""
    kinds: tuple[tuple[Level, Callable[[date], int]], ...] = (
        ("weekday", lambda day: SUNDAY if day in holidays else day.isoweekday()),
        ("working_day", lambda day: int(is_working_day(day, holidays))),
    )
    for level, kind in kinds:
        found = Matched(level, *_weights([kind(day) for day in before], [kind(day) for day in after]))
        if min(found.days) >= min_days:
            return found
    return None


def _weights(before: Sequence[int], after: Sequence[int]) -> tuple[FloatArray, FloatArray]:
    in_before, in_after = Counter(before), Counter(after)
    common = {kind: min(count, in_after[kind]) for kind, count in in_before.items()}
    return (
        np.array([common[kind] / in_before[kind] for kind in before], dtype=np.float64),
        np.array([common.get(kind, 0) / in_after[kind] for kind in after], dtype=np.float64),
    )
