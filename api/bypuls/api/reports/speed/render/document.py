"""A speed report as a document: what each renderer writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from bypuls.api.reports.layout.cells import Chart, Mark, Section, Table


@dataclass(frozen=True, slots=True)
class Headline:
    """What one look must tell.

    v85, unit : as text.  word, mark : the verdict.  reason : one sentence on it.  facts : name and value, short.
    directions : the same in a table, where there are several.
    strip : what the chart of V85 on the scale of the thresholds says in words; None = no chart.
    comparison : what the comparison with another period found.
    """

    v85: str
    unit: str
    word: str
    mark: Mark
    reason: str
    facts: tuple[tuple[str, str], ...]
    directions: Table | None = None
    strip: str | None = None
    comparison: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """The whole report.

    kicker : what it is.  title : of which street.  subtitle : of which days.  warnings : what must not be overlooked.
    map : where the street is; None = unknown.
    foot : version and fingerprint, on every page.  day : the last day of the period, from which files are dated.
    """

    lang: str
    kicker: str
    title: str
    subtitle: str
    headline: Headline
    warnings: tuple[str, ...]
    facts: Table
    sections: tuple[Section, ...]
    foot: str
    fingerprint: str
    day: date | None
    map: Chart | None = None
    words: dict[str, str] = field(default_factory=dict)
