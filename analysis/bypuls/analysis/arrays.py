"""Array types of this room, and the checks that every function makes on what it is handed."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from bypuls.analysis.errors import BadInput

FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]


def float_column(name: str, values: npt.ArrayLike) -> FloatArray:
    """`values` as one-dimensional float64. Raises BadInput naming `name`."""
    try:
        column = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadInput(f"{name}: {_shown(values)}; expected numbers") from error
    if column.ndim != 1:
        raise BadInput(f"{name}: {column.ndim} dimensions; expected 1")
    return column


def finite_column(name: str, values: npt.ArrayLike) -> FloatArray:
    """`values` as one-dimensional float64 without NaN and infinities. Raises BadInput naming the first that isn't."""
    column = float_column(name, values)
    wrong = np.flatnonzero(~np.isfinite(column))
    if wrong.size:
        raise BadInput(f"{name}[{wrong[0]}]: {column[wrong[0]]}; expected a finite number")
    return column


def known_column(name: str, values: npt.ArrayLike) -> FloatArray:
    """`values` as one-dimensional float64, NaN = unknown. Infinities are refused: they are neither known nor unknown.
    Raises BadInput naming the first."""
    column = float_column(name, values)
    wrong = np.flatnonzero(np.isinf(column))
    if wrong.size:
        raise BadInput(f"{name}[{wrong[0]}]: {column[wrong[0]]}; expected a finite number, or NaN for unknown")
    return column


def time_column(name: str, values: npt.ArrayLike) -> IntArray:
    """`values` as one-dimensional int64 [µs since 1970-01-01 UTC]. Floats are refused: they can't hold a µs reliably.
    Raises BadInput."""
    column = np.asarray(values)
    if column.ndim != 1:
        raise BadInput(f"{name}: {column.ndim} dimensions; expected 1")
    if column.size and column.dtype.kind not in "iu":
        raise BadInput(f"{name}: {column.dtype}; expected integers [µs since 1970 UTC]")
    return column.astype(np.int64, copy=False)


def integer_column(name: str, values: npt.ArrayLike) -> IntArray:
    """`values` as one-dimensional int64; booleans count as 0 and 1, floats are refused. Raises BadInput."""
    column = np.asarray(values)
    if column.ndim != 1 or (column.size and column.dtype.kind not in "iub"):
        raise BadInput(f"{name}: {column.dtype}, {column.ndim} dimensions; expected integers in 1 dimension")
    return column.astype(np.int64)


def sum_by(index: npt.NDArray[np.integer[Any]], amounts: npt.NDArray[Any], length: int) -> FloatArray:
    """The sum of `amounts` per `index` 0 … length − 1 as float64, added in their order."""
    # numpy's bincount returns integers where there is nothing to add up.
    return np.bincount(index, weights=amounts, minlength=length).astype(np.float64, copy=False)


def same_length(**columns: npt.NDArray[Any]) -> None:
    """Raises BadInput unless all columns are equally long."""
    lengths = {name: column.shape[0] for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise BadInput(f"lengths differ: {shown}; expected equal lengths")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
