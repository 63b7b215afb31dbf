"""Marks on charts: what was done on purpose, and what went wrong."""

from __future__ import annotations

from bypuls.grafana.builders import Json, annotation
from bypuls.grafana.flux import Buckets, program
from bypuls.grafana.texts import Translate
from bypuls.store.results import measurement


def _marks(buckets: Buckets, topic: str, names: tuple[str, str], where: str = "") -> str:
    """Rows with `_time`, `title` and `text` out of a topic's two texts."""
    title, text = names
    known = f' and (r._field == "{title}" or r._field == "{text}" or r._field == "severity")'
    return program(f"""
from(bucket: "{buckets.rollup}")
  |> range(start: start, stop: stop)
  |> filter(fn: (r) => r._measurement == "{measurement(topic)}"{known})
  |> group()
  |> pivot(rowKey: ["_time", "{topic}"], columnKey: ["_field"], valueColumn: "_value")
  {where}
  |> rename(columns: {{{title}: "title", {text}: "text"}})
  |> keep(columns: ["_time", "title", "text"])
""")


def marks(_: Translate, buckets: Buckets, language: str) -> list[Json]:
    """Interventions, and alarms that are grave; the others are in the tables."""
    grave = '|> filter(fn: (r) => r.severity == "critical" or r.severity == "major")'
    alarms = _marks(buckets, "alarm", (f"title_{language}", f"text_{language}"), grave)
    return [
        annotation(_("Interventions"), _marks(buckets, "intervention", ("name", f"text_{language}")), color="blue"),
        annotation(_("Grave alarms"), alarms, color="red"),
    ]
