"""What a store is: readings as they came, and quarter-hour bins. SQLite and InfluxDB keep the same promise.

Promise: when `write` or `replace_bins` returns, the data survive a kill -9 of this process; writing the same again
changes nothing. Not a promise that the machine's disk is sound.

StoreError (OSError)
├── Unavailable    the store can't take it now (down, busy, full): the caller tries again after `retry_after_s`
└── Misconfigured  it never will as it is set up (wrong token, missing bucket): the operator must act
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from bypuls.wire import Reading
from bypuls.wire.bins import BIN_FIELDS, BIN_TAGS, QUARTER_US

Int64 = npt.NDArray[np.int64]
# float64 columns hold NaN where nothing is known; text columns (object) hold None there.
Column = npt.NDArray[Any]
Every = Literal[900, 3600]


class StoreError(OSError):
    """The store did not do what it was asked."""


class Unavailable(StoreError):
    """Not now. `retry_after_s` is what the server asked for, or None."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Misconfigured(StoreError):
    """Not as things are set up."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A reading that the store can never take: its index in what was written, and why."""

    index: int
    reason: str


@dataclass(frozen=True, slots=True)
class Columns:
    """Raw readings of one sensor, by column, rising in `t_us`: what rollups are computed from."""

    t_us: Int64
    values: Mapping[str, Column]


@dataclass(frozen=True, slots=True)
class Bins:
    """Quarter-hour bins of one sensor, one set of tags and one part; rising in `t_us`, each on a whole UTC quarter.

    `asset` is the id of the site, building, cabinet or lamp that the sensor serves: carried along, not a key.
    """

    kind: str
    sensor: str
    t_us: Int64
    columns: Mapping[str, Column]
    tags: Mapping[str, str] = field(default_factory=dict)
    part: int = 0
    asset: str = ""

    def __post_init__(self) -> None:
        known, tags = BIN_FIELDS.get(self.kind), BIN_TAGS.get(self.kind, ())
        if known is None:
            raise ValueError(f"kind: {self.kind!r} — expected one of {', '.join(BIN_FIELDS)}")
        for name, column in self.columns.items():
            if name not in known:
                raise ValueError(f"columns: {name!r} — no such field of a {self.kind} bin")
            if len(column) != len(self.t_us):
                raise ValueError(f"{name}: {len(column)} values — expected {len(self.t_us)}, one for each bin")
        for name in self.tags:
            if name not in tags:
                raise ValueError(f"tags: {name!r} — a {self.kind} bin has {', '.join(tags) or 'none'}")
        if len(self.t_us) and ((self.t_us % QUARTER_US).any() or (np.diff(self.t_us) <= 0).any()):
            raise ValueError("t_us: expected rising whole UTC quarters")


@dataclass(frozen=True, slots=True)
class BinTable:
    """Folded bins, sorted by sensor, tags and time: parallel columns of equal length."""

    sensor: npt.NDArray[np.object_]
    t_us: Int64
    tags: Mapping[str, npt.NDArray[np.object_]]
    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(self.t_us)


class Store(Protocol):
    """Readings and bins. Times are µs since 1970 in UTC; ranges are half-open [start, end)."""

    def write(self, readings: Sequence[Reading]) -> list[Rejected]:
        """Stores readings (each with its `t`), durably and idempotently: same kind, sensor, t and key = same row.

        Returns those that it can never take; the others are stored. Raises Unavailable, Misconfigured.
        """

    def readings(self, kind: str, sensor: str, start_us: int, end_us: int) -> list[Reading]:
        """The sensor's readings in the range, as they were written, rising in time."""

    def columns(self, kind: str, sensor: str, start_us: int, end_us: int, names: Sequence[str]) -> Columns:
        """The named fields of the sensor's readings in the range."""

    def neighbour(self, kind: str, sensor: str, t_us: int, *, before: bool, having: Sequence[str] = ()) -> int | None:
        """Time of the last reading strictly before `t_us` (or the first one at or after it) that knows one of `having`.

        Without `having`, any reading. None where there is none.
        """

    def latest(self, kind: str, sensors: Iterable[str]) -> dict[str, Reading]:
        """Each sensor's newest reading; sensors that never spoke are left out."""

    def replace_bins(
        self, kind: str, sensor: str, start_us: int, end_us: int, bins: Sequence[Bins], part: int = 0
    ) -> None:
        """Makes `bins` all that the sensor has of `part` in the range: idempotent, and nothing half done is seen."""

    def bins(
        self,
        kind: str,
        sensors: Sequence[str],
        start_us: int,
        end_us: int,
        names: Sequence[str],
        *,
        every_s: Every = 900,
        by: Sequence[str] = (),
    ) -> BinTable:
        """Bins of the sensors folded over parts and over all tags but `by`, into quarters or UTC hours.

        Where none of `names` is known there is no row.
        Text fields (`hist`, unions) are only had in quarters `by` all tags of the kind; otherwise ValueError.
        """

    def sums(
        self,
        kind: str,
        sensors: Sequence[str],
        edges_us: Int64,
        names: Sequence[str],
        *,
        keep_before_us: int | None = None,
    ) -> dict[str, npt.NDArray[np.float64]]:
        """Bins added up between edges, of fields that fold by sum: name → (sensors, spans); NaN = nothing known.

        edges_us : (spans + 1,) rising whole quarters.  keep_before_us : sums of spans of a day or less that end by then
        may be kept by the store, to be read faster; what they are made of may still change.
        """

    def delete_readings(self, kind: str, before_us: int, sensor: str | None = None) -> None:
        """Deletes raw readings older than `before_us`; bins stay."""

    def ping(self) -> None:
        """Raises Unavailable or Misconfigured where the store can't be used."""

    def close(self) -> None:
        """Ends connections; what was written stays."""
