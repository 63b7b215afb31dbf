"""What of the bins that are there isn't overwritten by the bins that shall be there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bypuls.store.influx.answers import Table
from bypuls.store.protocol import Bins, Int64


def stale_stretch(there: Sequence[Table], bins: Sequence[Bins]) -> tuple[int, int] | None:
    """[start, end) [µs] of values in `there` that no bin of `bins` overwrites; None where there are none.

    An overwriting point has the same tags (the asset is one in InfluxDB), time and field.
    """
    overwritten: dict[tuple[frozenset[tuple[str, str]], str], list[Int64]] = {}
    for block in bins:
        tags = frozenset((name, value) for name, value in {**block.tags, "asset": block.asset}.items() if value)
        for name, column in block.columns.items():
            known = np.array([cell is not None and cell == cell for cell in column.tolist()], dtype=bool)
            overwritten.setdefault((tags, name), []).append(block.t_us[known])
    stale: list[Int64] = []
    for table in there:
        tags = frozenset((name, value) for name, value in table.tags.items() if name not in ("sensor", "part"))
        new = overwritten.get((tags, table.field))
        stale.append(table.t_us[~np.isin(table.t_us, np.concatenate(new))] if new else table.t_us)
    times = np.concatenate(stale) if stale else np.zeros(0, dtype=np.int64)
    return (int(times.min()), int(times.max()) + 1) if len(times) else None
