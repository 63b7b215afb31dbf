"""`bypuls climate account`: the yearly account as a file, as the API gives it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from bypuls.cli.app import app
from bypuls.store.protocol import Bins
from bypuls.store.registry import Building, Device, Factor, Sensor, open_registry
from bypuls.store.sqlite import SqliteStore
from bypuls.wire import to_us

START, END = datetime(2024, 12, 31, 23, tzinfo=UTC), datetime(2025, 12, 31, 23, tzinfo=UTC)


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["climate", "account", *map(str, words)])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    with open_registry(tmp_path / "registry.db") as registry, registry.session() as session:
        session.add_all(
            [
                Device(id="pi", name="Pi"),
                Building(id="hall", name="Hall"),
                Sensor(id="heat", device="pi", kind="meter", name="Hall, heat", medium="heat", building="hall"),
                Factor(
                    factor_set="test", version="1", carrier="heat", scope="2-location", gas="CO2", method="200 %",
                    area="DK", valid_from=START, valid_to=END, step="year", value=0.1, unit="kg/kWh", source="a test",
                ),
            ]
        )  # fmt: skip
    t_us = np.arange(to_us(START), to_us(END), 900_000_000, dtype=np.int64)
    columns = {"import_wh_delta": np.full(len(t_us), 1000.0), "import_wh_covered_s": np.full(len(t_us), 900.0)}
    store = SqliteStore(tmp_path)
    block = Bins("meter", "heat", t_us, columns, {"medium": "heat"})
    store.replace_bins("meter", "heat", int(t_us[0]), int(t_us[-1]) + 1, [block])
    store.close()
    return tmp_path


def test_forms(data: Path) -> None:
    found = run(2025, "--format", "json", "--data-dir", data)
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout_bytes)
    assert told["views"]["location"]["total"]["emitted_t"] == pytest.approx(3.504)
    file = data / "account.csv"
    assert run(2025, "--building", "hall", "--format", "csv", "-o", file, "--data-dir", data).exit_code == 0
    text = file.read_text("utf-8-sig")
    assert text.startswith("Klimaregnskab;Hall")
    assert "Hall, heat;Bygninger;Fjernvarme;35040;kWh;1;F1;3504;3504" in text
    pdf = run(2025, "--lang", "en", "--data-dir", data)
    assert pdf.stdout_bytes.startswith(b"%PDF")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["1999"], "expected one that is over"),
        (["2099"], "expected one that is over"),
        (["2025", "--target", "x"], "expected one of none at all"),
        (["2025", "--building", "x"], "expected the id of a building"),
        (["2025", "--gas", "CH4"], "expected CO2 or CO2e"),
        (["2025", "--factors", "x"], "expected a set and its version"),
        (["2025", "--target", "x", "--building", "hall"], "nothing beside --target"),
    ],
)
def test_what_is_refused(data: Path, words: list[str], told: str) -> None:
    found = run(*words, "--data-dir", data)
    assert found.exit_code == 1
    assert told in found.output
