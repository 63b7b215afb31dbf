"""How much of a target's scope a year's account covers. Never mixed with how much of the meters' time was measured."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from bypuls.api.accounts.model import Line
from bypuls.api.directory import Directory
from bypuls.store.registry import ScopePart, Target

_LEAST_OF_YEAR = 0.9  # meters that were there, and months that an import covers


def covered_parts(lines: Iterable[Line], year_s: float) -> set[tuple[str, str]]:
    """(domain, carrier) whose tonnes of a year are known over nearly all of it: by meters that were there, by imported
    amounts, or by both after one another. A meter that came in November has been complete ever since, and still says
    nothing of the year.

    year_s : the year's length [s].
    """
    known: set[tuple[str, str]] = set()
    metered: dict[tuple[str, str], dict[tuple[str, str] | None, float]] = {}
    imported: dict[tuple[str, str], set[int]] = {}
    for line in lines:
        part = (line.domain, line.carrier)
        if line.emitted_kg is None:
            continue
        known.add(part)
        if line.kind == "activity":
            months = {month for month, kg in enumerate(line.months.tolist()) if kg > 0.0 or line.emitted_kg == 0.0}
            imported.setdefault(part, set()).update(months)
        else:
            places = metered.setdefault(part, {})
            places[line.place] = places.get(line.place, 0.0) + line.asked_s
    return {
        part
        for part in known
        if max(metered.get(part, {None: 0.0}).values()) / year_s + len(imported.get(part, ())) / 12.0 >= _LEAST_OF_YEAR
    }


def share_of(parts: Iterable[ScopePart], covered: Collection[tuple[str, str]]) -> float | None:
    """The covered parts' share of the baseline, 0 … 1; None where the parts say nothing."""
    listed = list(parts)
    total = sum(part.base_tonnes for part in listed)
    if total <= 0.0:
        return None
    return min(sum(part.base_tonnes for part in listed if (part.domain, part.carrier) in covered) / total, 1.0)


def scope_share(directory: Directory, target: Target, covered: Collection[tuple[str, str]]) -> float | None:
    """The share of the target's scope that a year covers: of the parts that the registry lists; without any, the lamps
    behind metered cabinets, or one building's meters. What else a municipality emits isn't in the registry, so there
    the share is unknown."""
    parts = directory.scope_parts.get(target.id)
    if parts:
        return share_of(parts, covered)
    if target.kind == "lighting" and directory.lamps:
        if ("lighting", "electricity") not in covered:
            return None
        metered = {sensor.cabinet for sensor in directory.sensors_of(kinds=("meter",)) if sensor.cabinet}
        return sum(lamp.cabinet in metered for lamp in directory.lamps.values()) / len(directory.lamps)
    if target.kind == "building":
        there = directory.sensors_of(kinds=("meter",), building=target.scope) if target.scope else []
        metered_carriers = {meter.medium for meter in there} - {"water", None}
        return 1.0 if metered_carriers and metered_carriers <= {carrier for _, carrier in covered} else None
    return None
