"""Small counts don't leave in public tables: cells below k are hidden, and others with them, so that no hidden one can
be computed from the totals."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import BoolArray, FloatArray
from bypuls.analysis.errors import BadInput

MIN_CELL = 5


def hidden_cells(counts: npt.ArrayLike, *, k: int = MIN_CELL) -> BoolArray:
    """Which fields of a table with its margins must be hidden.

    counts : (rows, columns) [vehicles], ≥ 0; the result is (rows + 1, columns + 1): the last row and column are the
    totals, which are hidden too where they are small.

    Hidden are the fields with 0 < n < k (primary), and as many others (the smallest first) that every primary one could
    be k or more by all that is still shown. Checked by the bounds that the shown figures leave (linear programming),
    since a count of holes per line isn't enough.
    Raises BadInput.  Source: Willenborg & de Waal, Elements of Statistical Disclosure Control (2001), ch. 4."""
    inner = np.asarray(counts, dtype=np.float64)
    if inner.ndim != 2 or not inner.size or not np.isfinite(inner).all() or (inner < 0.0).any():
        raise BadInput(f"counts: {inner.shape}; expected a table of finite counts ≥ 0")
    if k < 1:
        raise BadInput(f"k: {k}; expected at least 1")
    table = np.block(
        [[inner, inner.sum(axis=1, keepdims=True)], [inner.sum(axis=0, keepdims=True), inner.sum(keepdims=True)]]
    )
    hidden: BoolArray = (table > 0.0) & (table < k)
    primary = hidden.copy()
    while (exposed := _exposed(table, hidden, primary, k)) is not None:
        more = _complement(table, hidden, exposed)
        if more is None:
            hidden[:, :] = table > 0.0
            break
        hidden[more] = True
    return hidden


def _exposed(table: FloatArray, hidden: BoolArray, primary: BoolArray, k: int) -> tuple[int, int] | None:
    """A primary field whose shown neighbours give it away: its upper bound is below k, or it is determined."""
    fields = np.argwhere(hidden)
    if not len(fields):
        return None
    from scipy.optimize import linprog  # slow to load, and only tables for the public need it

    equations, totals = _equations(table, hidden, fields)
    for at, (row, column) in enumerate(fields):
        if not primary[row, column]:
            continue
        aim = np.zeros(len(fields))
        aim[at] = -1.0
        highest = linprog(aim, A_eq=equations, b_eq=totals, bounds=(0.0, None), method="highs")
        # Unbounded (status 3) is as unknown as can be.
        if highest.status != 3 and -highest.fun < k - 1e-6:
            return int(row), int(column)
    return None


def _equations(table: FloatArray, hidden: BoolArray, fields: npt.NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    """Each line of the table: its inner fields less its total are 0; shown ones stand on the right."""
    rows, columns = table.shape
    equations = np.zeros((rows + columns, len(fields)))
    totals = np.zeros(rows + columns)
    row_sign = np.where(np.arange(columns) == columns - 1, -1.0, 1.0)
    column_sign = np.where(np.arange(rows) == rows - 1, -1.0, 1.0)
    shown = np.where(hidden, 0.0, table)
    totals[:rows] = -(shown @ row_sign)
    totals[rows:] = -(column_sign @ shown)
    for at, (row, column) in enumerate(fields):
        equations[row, at] += row_sign[column]
        equations[rows + column, at] += column_sign[row]
    return equations, totals


def _complement(table: FloatArray, hidden: BoolArray, exposed: tuple[int, int]) -> tuple[int, int] | None:
    """The smallest shown field above 0 in a line that holds only one hidden field, else beside the exposed one, else
    anywhere."""
    row, column = exposed
    open_to: BoolArray = ~hidden & (table > 0.0)
    beside = np.zeros_like(hidden)
    lonely_row, lonely_column = hidden[row].sum() <= 1, hidden[:, column].sum() <= 1
    beside[row] = lonely_row or not lonely_column
    beside[:, column] |= lonely_column or not lonely_row
    # A total is of more use to a reader than one field: it goes last.
    for choice in (open_to[:-1, :-1] & beside[:-1, :-1], open_to[:-1, :-1], open_to):
        if choice.any():
            part = np.where(choice, table[: choice.shape[0], : choice.shape[1]], np.inf)
            found = np.unravel_index(int(np.argmin(part)), part.shape)
            return int(found[0]), int(found[1])
    return None
