"""The page of metrics is what ingest and the alarms publish."""

from __future__ import annotations

import re
from pathlib import Path

from prometheus_client import CollectorRegistry

from bypuls.api.alarms.metrics import AlarmMeters
from bypuls.ingest.metrics import Metrics

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "metrics.md"


def test_the_page_lists_every_metric_with_its_text() -> None:
    collectors = CollectorRegistry()
    Metrics(collectors)
    AlarmMeters(collectors)
    published = {
        (f"{m.name}_total" if m.type == "counter" else m.name, m.type, m.documentation) for m in collectors.collect()
    }
    said = set(re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \|$", PAGE.read_text(encoding="utf-8"), re.M))
    assert said == published
