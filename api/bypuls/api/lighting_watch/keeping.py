"""What a watch keeps, as bytes: the arrays of its frozen dataclasses, by name. What isn't kept comes from the registry
or from the settings."""

from __future__ import annotations

import io
import zlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np

from bypuls.analysis.arrays import FloatArray
from bypuls.analysis.lighting.open_steps import OpenStep

T = TypeVar("T")

_NOT_KEPT = {
    "limits", "meters", "learned", "own_w", "own_sigma_w", "tonight", "nominal_w", "exponent", "cabinet", "lamp_share",
}  # fmt: skip
Arrays = dict[str, "np.ndarray[Any, Any]"]


def arrays_of(thing: Any, prefix: str = "") -> Arrays:
    """The arrays and whole numbers of a dataclass and of those within it."""
    found: Arrays = {}
    for one in fields(thing):
        value, name = getattr(thing, one.name), f"{prefix}{one.name}"
        if one.name in _NOT_KEPT:
            continue
        if one.name == "open_steps":
            found[name] = _rows(value)
        elif is_dataclass(value):
            found |= arrays_of(value, f"{name}.")
        elif isinstance(value, np.ndarray | int):
            found[name] = np.asarray(value)
    return found


def with_arrays(thing: T, kept: Mapping[str, Any], prefix: str = "") -> T:
    """`thing` as it was kept. Raises ValueError where what was kept has another shape: it is of another release."""
    values: dict[str, Any] = {}
    for one in fields(thing):  # type: ignore[arg-type]
        value, name = getattr(thing, one.name), f"{prefix}{one.name}"
        if one.name in _NOT_KEPT:
            continue
        if one.name == "open_steps":
            values[one.name] = _steps(kept[name], len(value))
        elif is_dataclass(value):
            values[one.name] = with_arrays(value, kept, f"{name}.")
        elif isinstance(value, np.ndarray):
            if name not in kept or kept[name].shape != value.shape:
                raise ValueError(f"{name}: {kept.get(name, np.array([])).shape} — expected {value.shape}")
            values[one.name] = kept[name].astype(value.dtype)
        elif isinstance(value, int):
            values[one.name] = int(kept[name])
    return replace(thing, **values)  # type: ignore[type-var]


def packed(arrays: Arrays) -> bytes:
    """As bytes. Floats are kept to float32's 7 digits: meters are less exact."""
    written = io.BytesIO()
    short = {name: one.astype(np.float32) if name.startswith(("past_", "nights_w")) else one
             for name, one in arrays.items()}  # fmt: skip
    np.savez(written, **short)  # type: ignore[arg-type]
    return zlib.compress(written.getvalue(), 3)


def unpacked(data: bytes) -> Arrays:
    """What was packed. Raises ValueError."""
    try:
        with np.load(io.BytesIO(zlib.decompress(data)), allow_pickle=False) as kept:
            return {name: kept[name] for name in kept.files}
    except (zlib.error, OSError) as error:
        raise ValueError(f"state: {len(data)} bytes — expected what was packed") from error


def _rows(steps: tuple[tuple[OpenStep, ...], ...]) -> FloatArray:
    rows = [
        (at, one.share, np.nan if one.lamps is None else one.lamps, one.from_us, one.confirmed_us, one.confidence)
        for at, mine in enumerate(steps) for one in mine
    ]  # fmt: skip
    return np.array(rows, dtype=np.float64).reshape(-1, 6)


def _steps(rows: FloatArray, cabinets: int) -> tuple[tuple[OpenStep, ...], ...]:
    found: list[list[OpenStep]] = [[] for _ in range(cabinets)]
    for at, share, lamps, from_us, confirmed_us, confidence in rows.tolist():
        told = None if lamps != lamps else int(lamps)
        found[int(at)].append(OpenStep(share, told, int(from_us), int(confirmed_us), confidence))
    return tuple(tuple(one) for one in found)
