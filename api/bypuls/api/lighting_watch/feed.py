"""The store's quarter-hour bins as rounds on the grid: NaN where nobody said anything.

A round is named by the begin of its quarter; what a bin holds happened within the fifteen minutes after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bypuls.analysis.arrays import FloatArray
from bypuls.store.protocol import Store
from bypuls.wire.bins import QUARTER_S, QUARTER_US

_AT_ONCE = 500  # sensors in one query
_HOUR = 4
_COVERED = 0.9
_GAUGES = ("power_w", "voltage_v")
METER = (
    "n", *(f"{name}_{part}" for name in _GAUGES for part in ("n", "sum")), "import_wh_delta", "import_wh_covered_s",
)  # fmt: skip
LAMP = (
    "n", "on_n", "on_true",
    *(f"{name}_{part}" for name in (*_GAUGES, "level_pct", "power_factor", "temp_c") for part in ("n", "sum")),
    "energy_wh_delta", "energy_wh_covered_s", "operating_s_delta", "operating_s_covered_s",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Bins of some sensors of one kind from `start_us` on. columns : (quarters, sensors) each, NaN = unknown."""

    start_us: int
    columns: Mapping[str, FloatArray]
    place: Mapping[str, int]

    @classmethod
    def read(
        cls, store: Store, kind: str, sensors: Sequence[str], start_us: int, end_us: int,
        names: Sequence[str] | None = None,
    ) -> Grid:  # fmt: skip
        """These columns; all that the inference looks at without `names`.  Raises StoreError."""
        names = names or (METER if kind == "meter" else LAMP)
        shape = ((end_us - start_us) // QUARTER_US, len(sensors))
        columns = {name: np.full(shape, np.nan) for name in names}
        place = {sensor: at for at, sensor in enumerate(sensors)}
        for first in range(0, len(sensors), _AT_ONCE):
            table = store.bins(kind, sensors[first : first + _AT_ONCE], start_us, end_us, names)
            row = (table.t_us - start_us) // QUARTER_US
            column = np.array([place[str(one)] for one in table.sensor.tolist()], dtype=np.int64)
            for name in names:
                columns[name][row, column] = table.columns[name]
        return cls(start_us, columns, place)

    def of(self, sensors: Sequence[str]) -> Grid:
        """Some of the sensors, in this order."""
        at = [self.place[one] for one in sensors]
        return Grid(
            self.start_us, {name: column[:, at] for name, column in self.columns.items()},
            {sensor: n for n, sensor in enumerate(sensors)},
        )  # fmt: skip

    def mean(self, name: str) -> FloatArray:
        """(quarters, sensors) of a gauge."""
        return ratio(self.columns[f"{name}_sum"], self.columns[f"{name}_n"])

    def rate(self, register: str) -> FloatArray:
        """(quarters, sensors) by a register, per second, of what it covers of the quarter."""
        covered = self.columns[f"{register}_covered_s"]
        return np.where(covered >= _COVERED * QUARTER_S, ratio(self.columns[f"{register}_delta"], covered), np.nan)

    def hourly_w(self) -> FloatArray:
        """(quarters, sensors) mean power of the hour that ends with each quarter, by the register of energy: a register
        counts in steps too coarse for a quarter."""
        delta, covered = self.columns["import_wh_delta"], np.nan_to_num(self.columns["import_wh_covered_s"])
        found = np.full(delta.shape, np.nan)
        if len(delta) >= _HOUR:
            wh, seconds = (np.lib.stride_tricks.sliding_window_view(one, _HOUR, axis=0).sum(axis=-1)
                           for one in (np.nan_to_num(delta), covered))  # fmt: skip
            known = seconds >= _COVERED * _HOUR * QUARTER_S
            found[_HOUR - 1 :] = np.where(known, ratio(wh, seconds) * 3600.0, np.nan)
        return found


def ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    """above / below; NaN where below isn't above 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below > 0.0, above / below, np.nan)
