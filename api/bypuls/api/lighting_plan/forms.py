"""A plan as JSON, as a table, and for people as PDF and workbook."""

from __future__ import annotations

import csv
import io
from typing import Any

from bypuls.api.directory import Directory
from bypuls.api.lighting_plan.plan import By, Plan
from bypuls.api.lighting_plan.scenario import LED_BASE_SHARE, OTHER_BASE_SHARE
from bypuls.store.registry.cells import write_cell

_PLACES = {"saved_share": 4, "payback_years": 2}


def as_json(plan: Plan, directory: Directory, by: By) -> dict[str, Any]:
    """Everything that was assumed beside what comes of it; unknown is None."""
    asked, money = plan.scenario, plan.money
    return {
        "year": plan.year,
        "by": by,
        "assumptions": {
            "burning": asked.burning,
            "burning_h": round(plan.burning_h, 1),
            "lat": plan.place[0],
            "lon": plan.place[1],
            "schedule": asked.schedule,
            "replace": asked.replace,
            "types": list(asked.types),
            "watts": {f"{old:g}": new for old, new in sorted(asked.watts.items())},
            "watt_share": asked.watt_share,
            "gear": dict(asked.gear),
            "base_share_led": LED_BASE_SHARE,
            "base_share_other": OTHER_BASE_SHARE,
            "efficacy_lm_w": asked.efficacy_lm_w,
            "useful_share": asked.useful_share,
            "cost_dkk": asked.cost_dkk,
            "dkk_per_kwh": money.dkk_per_kwh,
            "kg_per_kwh": money.kg_per_kwh,
            "gas": money.gas,
            "factor": money.factor,
        },
        "unknown": list(money.why),
        "total": _rounded(plan.totals()),
        "classes": plan.classes(),
        "rows": [_rounded(row) for row in plan.groups(directory, by)],
    }


def as_csv(plan: Plan, directory: Directory, by: By, *, danish: bool) -> bytes:
    """The rows, then the total; Danish with semicolons, decimal commas and a byte order mark, as Excel expects."""
    text = io.StringIO(newline="")
    rows = [*plan.groups(directory, by), {by: "total" if not danish else "i alt"} | plan.totals()]
    writer = csv.writer(text, delimiter=";" if danish else ",", lineterminator="\r\n")
    writer.writerow(list(rows[0]))
    writer.writerows([write_cell(value, decimal_comma=danish) for value in _rounded(row).values()] for row in rows)
    return text.getvalue().encode("utf-8-sig" if danish else "utf-8")


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: round(value, _PLACES.get(name, 1)) if isinstance(value, float) else value for name, value in row.items()
    }
