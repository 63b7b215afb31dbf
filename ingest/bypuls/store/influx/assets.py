"""Names, limits, areas and targets of what the sensors serve, beside the bins, so that dashboards have one source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bypuls.store.influx.answers import Table
from bypuls.store.influx.line_protocol import point
from bypuls.wire.fields import check_id

MEASUREMENT = "asset"
# One point for each asset, always at the same time: what is written again takes its place.
_AT_US = 0


@dataclass(frozen=True, slots=True)
class Asset:
    """A site, building, cabinet or lamp. `target_tonnes` is the CO₂e that it may cause in its target year [t]."""

    id: str
    name: str
    kind: str = ""
    limit_kmh: float | None = None
    area_m2: float | None = None
    target_tonnes: float | None = None

    def __post_init__(self) -> None:
        check_id("id", self.id)

    def fields(self) -> dict[str, float | bool | str]:
        """What is known, by field."""
        every = {
            "name": self.name or None,
            "kind": self.kind or None,
            "limit_kmh": self.limit_kmh,
            "area_m2": self.area_m2,
            "target_tonnes": self.target_tonnes,
        }
        return {name: value for name, value in every.items() if value is not None}


def asset_lines(assets: Sequence[Asset]) -> Iterator[str]:
    """The assets' points. Raises ValueError for an asset without a name or with control characters in it."""
    for asset in assets:
        yield point(MEASUREMENT, {"id": asset.id}, asset.fields(), _AT_US)


def same_assets(there: Sequence[Table], assets: Sequence[Asset]) -> bool:
    """Whether writing `assets` overwrites all that is there."""
    new = {(asset.id, field) for asset in assets for field in asset.fields()}
    return {(table.tags["id"], table.field) for table in there} <= new
