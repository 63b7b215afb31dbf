"""How much of a target's scope a year's account covers. Never mixed with how much of the meters' time was measured."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from bypuls.api.directory import Directory
from bypuls.store.registry import ScopePart, Target


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
        metered = {sensor.cabinet for sensor in directory.sensors_of(kinds=("meter",)) if sensor.cabinet}
        return sum(lamp.cabinet in metered for lamp in directory.lamps.values()) / len(directory.lamps)
    if target.kind == "building":
        return 1.0 if directory.sensors_of(kinds=("meter",), building=target.scope) and target.scope else None
    return None
