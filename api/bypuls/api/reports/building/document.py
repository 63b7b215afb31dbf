"""A report of buildings as a document: what each renderer writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from bypuls.api.reports.building.charts import Size
from bypuls.api.reports.layout.cells import Chart, Mark, Section, Table

Draw = Callable[[Size], str]


@dataclass(frozen=True, slots=True)
class Headline:
    """What one look must tell. word, mark : how it stands.  reason : one sentence on it.  keys : name, value, remark.
    actions : what to do, the dearest first.  table : the media side by side."""

    word: str
    mark: Mark
    reason: str
    keys: tuple[tuple[str, str, str], ...]
    actions: tuple[str, ...]
    table: Table | None


@dataclass(frozen=True)
class Document:
    """The whole report. draw : how each chart is drawn, by its id.  Otherwise as a speed report's document."""

    lang: str
    kicker: str
    title: str
    subtitle: str
    headline: Headline
    warnings: tuple[str, ...]
    sections: tuple[Section, ...]
    foot: str
    fingerprint: str
    day: date
    draw: dict[str, Draw]
    words: dict[str, str] = field(default_factory=dict)

    @property
    def charts(self) -> list[Chart]:
        """All charts, in their order."""
        return [block for section in self.sections for block in section.blocks if isinstance(block, Chart)]
