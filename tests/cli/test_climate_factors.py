"""Emission factors by command: files in, a service that behaves, and nothing lost without a network."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner

from bypuls.cli.climate import app
from bypuls.store.book import Book
from bypuls.store.registry import open_registry

HEAD = "HourUTC,PriceArea,FuelAllocationMethod,CO2PerkWh"


def told(*words: str, code: int = 0) -> str:
    found = CliRunner().invoke(app, list(words))
    assert found.exit_code == code, (found.output, found.exception)
    return " ".join(found.output.split())


def file(folder: Path, *rows: str) -> Path:
    path = folder / "factors.csv"
    path.write_text("\n".join([HEAD, *rows]) + "\n")
    return path


def test_files_come_in_once_and_are_never_overwritten(tmp_path: Path) -> None:
    data = ["--data-dir", str(tmp_path / "data")]
    path = file(tmp_path, "2025-01-01T00:00:00,DK2,125%,50", "2025-01-01T02:00:00,DK2,125%,70")
    shown = told("import-factors", str(path), "--dry-run", *data)
    assert "DK2, 125 %, 2 hours, 2025-01-01 00:00Z to 2025-01-01 02:00Z, 1 missing between" in shown
    with open_registry(tmp_path / "data" / "registry.db") as registry:
        assert registry.factors() == []
    assert "version 1: 2 new, 0 the same, 0 changed" in told("import-factors", str(path), "--loss-included", *data)
    assert "0 new, 2 the same" in told("import-factors", str(path), *data)
    path = file(tmp_path, "2025-01-01T00:00:00,DK2,125%,51")
    assert "expected a new version (such as 2)" in told("import-factors", str(path), *data, code=1)
    assert "version 2: 0 new, 0 the same, 1 changed" in told("import-factors", str(path), "--restate", *data)
    with open_registry(tmp_path / "data" / "registry.db") as registry:
        assert [(one.version, one.loss_included) for one in registry.factors()] == [("1", True), ("2", None)]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("2025-01-01T00:30:00,DK2,125%,50", "expected hourly declarations"),
        ("2025-01-01T00:00:00,DK2,,50", "expected a method by name"),
        ("2025-01-01T00:00:00,DK2,125%,x", "line 2: CO2PerkWh: 'x'"),
    ],
)
def test_bad_files(tmp_path: Path, row: str, words: str) -> None:
    assert words in told("import-factors", str(file(tmp_path, row)), "--data-dir", str(tmp_path), code=1)


def test_a_file_that_isnt_there(tmp_path: Path) -> None:
    said = told("import-factors", str(tmp_path / "no.csv"), "--data-dir", str(tmp_path), code=1)
    assert "no.csv: there is no such file" in said


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        start = datetime.fromisoformat(query["start"]).replace(tzinfo=UTC)
        areas = json.loads(query["filter"])["PriceArea"]
        if url.path.endswith("CO2EmisProg"):
            records = [
                {"Minutes5UTC": f"{start + timedelta(minutes=5 * at):%Y-%m-%dT%H:%M:%S}", "PriceArea": area,
                 "CO2Emission": 100 + at}
                for area in areas for at in range(36)
            ]  # fmt: skip
        else:
            records = [
                {"HourUTC": f"{start + timedelta(hours=at):%Y-%m-%dT%H:%M:%S}", "PriceArea": area,
                 "FuelAllocationMethod": "125%", "CO2PerkWh": 50.0 + at}
                for area in areas for at in range(24)
            ]  # fmt: skip
        body = json.dumps({"records": records}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def service() -> Iterator[tuple[str, ThreadingHTTPServer]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", server
    server.shutdown()
    thread.join()
    server.server_close()


def test_declarations_are_fetched_and_kept(tmp_path: Path, service: tuple[str, ThreadingHTTPServer]) -> None:
    words = ["fetch-factors", "--from-year", "2024", "--to-year", "2024", "--area", "DK2", "--data-dir", str(tmp_path)]
    assert "2024: DK2, 125 %, 24 hours, 2023-12-31 23:00Z" in told(*words, "--url", service[0])
    again = told(*words, "--url", service[0])
    assert "since it is still fresh" in again
    assert "0 new, 24 the same" in again
    (factor,) = _factors(tmp_path)
    assert (factor.area, factor.method, factor.step) == ("DK2", "125 %", "hour")
    assert factor.source == "Energinet, energidataservice.dk, CC BY 4.0, DeclarationGridEmission"


def test_the_forecast_is_kept_by_area(tmp_path: Path, service: tuple[str, ThreadingHTTPServer]) -> None:
    shown = told("fetch-forecast", "--url", service[0], "--data-dir", str(tmp_path))
    assert "DK1: 36 steps" in shown
    with open_registry(tmp_path / "registry.db") as registry:
        found = {one.area: one for one in Book(registry).grid_forecasts()}
    assert sorted(found) == ["DK1", "DK2"]
    assert len(json.loads(found["DK2"].body)["t_us"]) == 36


def test_years_in_order(tmp_path: Path) -> None:
    words = told("fetch-factors", "--from-year", "2024", "--to-year", "2023", "--data-dir", str(tmp_path), code=1)
    assert "--to-year 2023: expected 2024 to" in words


def _factors(folder: Path) -> Any:
    with open_registry(folder / "registry.db") as registry:
        return registry.factors()


def test_a_folder_in_place_of_a_file_is_told_in_words(tmp_path: Path) -> None:
    said = CliRunner().invoke(app, ["import-factors", str(tmp_path), "--data-dir", str(tmp_path / "data")])
    assert (said.exit_code, said.output) == (1, f"bypuls: {tmp_path}: is a folder — expected a file\n")


def test_what_a_pipe_gets_is_one_line_a_series(tmp_path: Path) -> None:
    path = file(tmp_path, "2025-01-01T00:00:00,DK2,125%,50", "2025-01-01T02:00:00,DK2,125%,70")
    said = CliRunner().invoke(app, ["import-factors", str(path), "--dry-run", "--data-dir", str(tmp_path / "data")])
    assert said.output.count("\n") == 1
    assert len(said.output) > 80
