"""How the text fields of bins fold: unions, histograms, the last word. Numbers fold in the stores themselves."""

from __future__ import annotations

from collections.abc import Iterable

from bypuls.wire.bins import Fold


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
