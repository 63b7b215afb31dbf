"""What a quarter-hour bin of each kind holds: the names that rollups, the simulated history and dashboards share.

Everything in a bin folds: bins of a day are folded from its quarters, never averaged. By the role of a reading's field:

gauge, count, phases   <f>_n, <f>_sum, <f>_min, <f>_max
flag                   <f>_n (readings that said it), <f>_true
register               <f>_delta (amount measured in the bin), <f>_covered_s (seconds of the bin it is measured for),
                       <f>_gap and <f>_gap_s (amount and length of a gap that ends in the bin: known in total only),
                       <f>_resets (resets and refused values)
events, ids            <f> (union, comma between)
text                   <f> (the last)

Passages and traffic bins share the bin kind `traffic`: n, sum_kmh, sum_kmh2, max_kmh, hist, and the same for free flow
(ff_…). `hist` is compact text, upper edge:count (`31:2,38:5`), its class width in `width_kmh` (0 = irregular: every
class is listed). Sums and maxima are unknown where the sensor only counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from bypuls.wire.fields import Spec
from bypuls.wire.kinds import KINDS, Reading

QUARTER_S = 900
QUARTER_US = QUARTER_S * 1_000_000

Fold = Literal["sum", "min", "max", "union", "last", "hist"]


@dataclass(frozen=True, slots=True)
class BinField:
    """One field of a bin: how it folds, and its unit."""

    name: str
    fold: Fold
    unit: str = ""

    @property
    def is_text(self) -> bool:
        """Held as text; all others are float64."""
        return self.fold in ("union", "last", "hist")


def _of(name: str, spec: Spec) -> tuple[BinField, ...]:
    unit = spec.unit
    match spec.role:
        case "gauge" | "count" | "phases":
            return (
                BinField(f"{name}_n", "sum", "readings"),
                BinField(f"{name}_sum", "sum", unit),
                BinField(f"{name}_min", "min", unit),
                BinField(f"{name}_max", "max", unit),
            )
        case "flag":
            return BinField(f"{name}_n", "sum", "readings"), BinField(f"{name}_true", "sum", "readings")
        case "register":
            return (
                BinField(f"{name}_delta", "sum", unit),
                BinField(f"{name}_covered_s", "sum", "s"),
                BinField(f"{name}_gap", "sum", unit),
                BinField(f"{name}_gap_s", "sum", "s"),
                BinField(f"{name}_resets", "sum", "resets"),
            )
        case "events" | "ids":
            return (BinField(name, "union"),)
        case "text" | "name" | "choice":
            return (BinField(name, "last"),)
        case "edges" | "counts":
            return ()


TRAFFIC = "traffic"

_TRAFFIC_FIELDS = (
    BinField("n", "sum", "vehicles"),
    BinField("sum_kmh", "sum", "km/h"),
    BinField("sum_kmh2", "sum", "km²/h²"),
    BinField("max_kmh", "max", "km/h"),
    BinField("hist", "hist", "vehicles"),
    BinField("ff_n", "sum", "vehicles"),
    BinField("ff_sum_kmh", "sum", "km/h"),
    BinField("ff_sum_kmh2", "sum", "km²/h²"),
    BinField("ff_max_kmh", "max", "km/h"),
    BinField("ff_hist", "hist", "vehicles"),
    BinField("width_kmh", "max", "km/h"),
    BinField("period_s", "max", "s"),
    # Observed seconds of the period; unknown where neither the sensor nor its device tells.
    BinField("uptime_s", "sum", "s"),
)


def bin_kind(kind: str) -> str:
    """The bin kind that readings of `kind` are rolled up into."""
    return TRAFFIC if kind in ("passage", "traffic_bin") else kind


def _fields(cls: type[Reading]) -> Mapping[str, BinField]:
    fields = [BinField("n", "sum", "readings")]
    for name, spec in cls.specs.items():
        if name not in cls.key:
            fields.extend(_of(name, spec))
    return MappingProxyType({field.name: field for field in fields})


BIN_FIELDS: Mapping[str, Mapping[str, BinField]] = MappingProxyType(
    {TRAFFIC: MappingProxyType({field.name: field for field in _TRAFFIC_FIELDS})}
    | {kind: _fields(cls) for kind, cls in KINDS.items() if bin_kind(kind) == kind}
)

# What tells two bins of one sensor and quarter apart, beside their part.
BIN_TAGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {kind: {TRAFFIC: ("direction", "vehicle_class"), "meter": ("medium",)}.get(kind, ()) for kind in BIN_FIELDS}
)
