"""The town's registry rows: complete, and imported without a complaint."""

import csv
import io
import re
from datetime import date
from pathlib import Path

import pytest

from bypuls.sim.roster import registry_rows
from bypuls.sim.town import Town

ROWS = registry_rows(Town(7, date(2024, 1, 1)))


def test_the_town_is_what_was_ordered() -> None:
    assert {entity: len(rows) for entity, rows in ROWS.items()} == {
        "site": 6,
        "speed_limit": 7,
        "cabinet": 4,
        "lamp_group": 2,
        "lamp": 40,
        "lamp_change": 10,
        "dimming_profile": 1,
        "building": 12,
        "heated_area": 12,
        "device": 4,
        "sensor": 88,
        "calibration": 6,
        "manual_count": 16,
        "intervention": 4,
        "price": 24,
        "alarm_owner": 3,
        "report_schedule": 1,
        "calorific_value": 1,
        "normal_year": 1,
        "factor": 18,
        "activity": 36,
        "target": 4,
        "scope_part": 9,
        "measure": 7,
        "measure_effect": 9,
    }
    ids = [str(row["id"]) for rows in ROWS.values() for row in rows if "id" in row]
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", one) for one in ids)
    owners = {row["id"] for row in ROWS["device"]}
    assert {row["device"] for row in ROWS["sensor"]} == owners


def test_the_target_says_that_its_baseline_is_invented() -> None:
    target = ROWS["target"][0]
    assert (target["reduction"], target["target_year"]) == (0.85, 2030)
    assert "simuleret by" in str(target["note"])


def test_the_registry_takes_it_all(tmp_path: Path) -> None:
    registry = pytest.importorskip("bypuls.store.registry", reason="the registry is not installed")
    opened = registry.open_registry(tmp_path / "registry.db")
    for entity, rows in ROWS.items():
        columns = list(dict.fromkeys(name for row in rows for name in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns)
        writer.writeheader()
        for row in rows:
            writer.writerow(
                {name: str(value).lower() if isinstance(value, bool) else value for name, value in row.items()}
            )
        report = registry.import_csv(opened, entity, io.BytesIO(text.getvalue().encode()), actor="test")
        assert report.errors == [] or report.errors == (), (entity, report.errors)
        assert report.created == len(rows)
