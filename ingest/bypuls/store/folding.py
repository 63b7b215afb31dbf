"""How the text fields of bins fold: unions, histograms, the last word. Numbers fold in the stores themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from bypuls.store.protocol import BinTable
from bypuls.wire.bins import BinField, Fold


def fold_text(fold: Fold, texts: Iterable[str]) -> str:
    """Several bins' text as one. Histograms of one width add up class by class; widths are never mixed by a sensor."""
    parts = [text for text in texts if text]
    if fold == "last" or len(parts) < 2:
        return parts[-1] if parts else ""
    if fold == "union":
        return ",".join(sorted({item for text in parts for item in text.split(",")}))
    classes: dict[str, float] = {}
    for text in parts:
        for item in text.split(","):
            edge, _, count = item.rpartition(":")
            classes[edge] = classes.get(edge, 0.0) + float(count)
    # Upper edges rise; an open top (`inf`, `>edge`) stands last.
    edges = sorted(classes, key=lambda edge: float("inf") if edge.startswith(">") else float(edge))
    return ",".join(f"{edge}:{classes[edge]:.15g}" for edge in edges)


def summable(names: Sequence[str], fields: Mapping[str, BinField]) -> None:
    """Raises ValueError unless every one of `names` folds by sum."""
    for name in names:
        if name not in fields or fields[name].fold != "sum":
            raise ValueError(f"names: {name!r} — expected fields that fold by sum")


def rising_edges(edges_us: npt.NDArray[np.int64]) -> None:
    """Raises ValueError unless there are at least two, rising, on quarters."""
    if len(edges_us) < 2 or (np.diff(edges_us) <= 0).any() or (edges_us % 900_000_000).any():
        raise ValueError("edges_us: expected at least two, rising whole quarters")


def summed(
    table: BinTable, sensors: Sequence[str], edges_us: npt.NDArray[np.int64], names: Sequence[str]
) -> dict[str, npt.NDArray[np.float64]]:
    """Bins of a table added up between edges: name → (sensors, spans); NaN where nothing is known."""
    rank = {sensor: at for at, sensor in enumerate(sensors)}
    spans = len(edges_us) - 1
    row = np.fromiter((rank[one] for one in table.sensor), dtype=np.int64, count=len(table))
    cell = row * spans + np.searchsorted(edges_us, table.t_us, "right") - 1
    size = len(sensors) * spans
    found = {}
    for name in names:
        column = table.columns[name]
        known = ~np.isnan(column)
        total = np.bincount(cell[known], weights=column[known], minlength=size)
        count = np.bincount(cell[known], minlength=size)
        found[name] = np.where(count > 0, total, np.nan).reshape(len(sensors), spans)
    return found
