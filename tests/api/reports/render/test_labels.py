"""Everything that a real report calls by an identifier has words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from bypuls.api.reports.speed.build import build_report
from bypuls.api.reports.speed.compare import Pair
from bypuls.api.reports.speed.model import Change, Comparison, Estimate, Limit, Quality, Site, SpeedReport
from bypuls.api.reports.speed.observations import Observations, Vehicles
from bypuls.api.reports.speed.render.labels import HEADWAY, NAMES, NOTES
from bypuls.api.reports.speed.settings import Settings

SETTINGS = Settings(Site("Måløv Hovedgade"), limits=(Limit("both", 50.0),))


def seen(first: datetime, *, days: int, n: int, mean_kmh: float, times: bool = True) -> Observations:
    rng = np.random.default_rng(7)
    start = int(first.timestamp() * 1e6)
    t_us = np.sort(rng.integers(0, days * 86_400, n)) * 1_000_000 + start
    return Observations(
        Vehicles(
            rng.normal(mean_kmh, 7.0, n).clip(5.0, 120.0),
            t_us.astype(np.int64) if times else None,
            rng.integers(0, 2, n).astype(np.int64),
            ("toward", "away"),
        ),
        bins=None,
        quality=Quality(n, n, {}),
    )


def reports() -> dict[str, SpeedReport]:
    may, june = datetime(2026, 5, 3, 22, tzinfo=UTC), datetime(2026, 5, 31, 22, tzinfo=UTC)
    before, after = seen(may, days=10, n=9000, mean_kmh=52.0), seen(june, days=10, n=9000, mean_kmh=48.0)
    few = seen(may, days=1, n=60, mean_kmh=50.0)
    return {
        "effect": build_report(after, SETTINGS, other=before, controls=(Pair("kontrol", before, after),)),
        "association": build_report(after, SETTINGS, other=before),
        "refused": build_report(after, SETTINGS, other=few),
        "refused, no times": build_report(after, SETTINGS, other=seen(may, days=1, n=500, mean_kmh=50.0, times=False)),
        "few": build_report(few, SETTINGS),
        "no limit": build_report(seen(may, days=2, n=500, mean_kmh=50.0), Settings(Site("a"))),
        "no times": build_report(seen(may, days=1, n=500, mean_kmh=50.0, times=False), SETTINGS),
        "empty": build_report(seen(may, days=1, n=0, mean_kmh=50.0), SETTINGS, allow_empty=True),
        "gap": build_report(seen(may - timedelta(days=1), days=40, n=4000, mean_kmh=60.0), SETTINGS),
    }


def identifiers(value: object) -> Iterator[str]:
    """Reasons, methods, notes, kinds of a report, wherever they stand."""
    if isinstance(value, SpeedReport):
        yield from (*value.methods, *value.methods.values(), *value.notes, *value.day_groups)
    if isinstance(value, Comparison):
        yield from (*value.reasons, *value.warnings, *value.changes, *value.effects, *filter(None, [value.weekdays]))
    if isinstance(value, Estimate):
        yield from (value.name, value.model)
    if isinstance(value, Change) and value.conclusion:
        yield value.conclusion
    if hasattr(value, "__dataclass_fields__"):
        for name in ("reason", "left_out"):
            found = getattr(value, name, None)
            if isinstance(found, str):
                yield found
    if isinstance(value, dict):
        for part in value.values():
            yield from identifiers(part)
    elif isinstance(value, tuple | list):
        for part in value:
            yield from identifiers(part)
    elif is_dataclass(value):
        for part in fields(value):
            yield from identifiers(getattr(value, part.name))


def test_what_real_reports_say_has_words() -> None:
    unnamed = {
        (shape, found)
        for shape, report in reports().items()
        for found in identifiers(report)
        if found not in NAMES and found not in NOTES and not HEADWAY.fullmatch(found) and " " not in found
    }
    assert unnamed == set()
