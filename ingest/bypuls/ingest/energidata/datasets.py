"""The datasets that are used of the service, and how their figures come into the registry."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from bypuls.ingest.energidata.records import COPENHAGEN, BadRecords, Series
from bypuls.store.registry import HourlyLabel, KeptHours, Registry, keep_hourly_factors

DECLARATION = "DeclarationGridEmission"
FORECAST = "CO2EmisProg"
FACTOR_SET = "energinet-hourly"
AREAS = ("DK1", "DK2")
_HOUR_US = 3_600_000_000


def declaration_query(year: int, areas: Sequence[str], method: str) -> Mapping[str, str]:
    """A Danish calendar year of hourly declarations. method : as the registry writes it, `125 %`."""
    return {
        "start": _minute(datetime(year, 1, 1, tzinfo=COPENHAGEN)),
        "end": _minute(datetime(year + 1, 1, 1, tzinfo=COPENHAGEN)),
        "timezone": "UTC",
        "columns": "HourUTC,HourDK,PriceArea,FuelAllocationMethod,CO2PerkWh",
        "filter": json.dumps({"PriceArea": list(areas), "FuelAllocationMethod": [method.replace(" ", "")]}),
        "sort": "HourUTC ASC",
        "limit": "0",
    }


def forecast_query(now: datetime, areas: Sequence[str]) -> Mapping[str, str]:
    """The forecast of the coming two days, from the last whole hour on."""
    start = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return {
        "start": _minute(start),
        "end": _minute(start + timedelta(days=2)),
        "timezone": "UTC",
        "columns": "Minutes5UTC,Minutes5DK,PriceArea,CO2Emission",
        "filter": json.dumps({"PriceArea": list(areas)}),
        "sort": "Minutes5UTC ASC",
        "limit": "0",
    }


def keep_declarations(
    registry: Registry,
    series: Sequence[Series],
    *,
    source: str,
    factor_set: str = FACTOR_SET,
    method: str | None = None,
    loss_included: bool | None = None,
    version: str | None = None,
    restate: bool = False,
    actor: str = "local",
) -> list[tuple[Series, KeptHours]]:
    """Keeps hourly declarations as factors, area by area. method : where the records name none.

    Raises BadRecords where they aren't hourly or nobody names the method, Restated, BadValue.
    """
    found = []
    for one in series:
        if (one.t_us % _HOUR_US).any():
            raise BadRecords(f"{one.area}: times within the hour; expected hourly declarations")
        known = one.method or method
        if known is None:
            raise BadRecords(f"{one.area}: no column FuelAllocationMethod; expected a method by name, as 125 %")
        label = HourlyLabel(factor_set, one.area, known, source, loss_included=loss_included)
        kept = keep_hourly_factors(
            registry, label, one.t_us, one.g_per_kwh, version=version, restate=restate, actor=actor
        )
        found.append((one, kept))
    return found


def _minute(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M}"
