"""`bypuls report energy` as a user calls it."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from bypuls.cli.app import app


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["report", "energy", *(str(word) for word in words)])


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A meter in MWh with hours, and daily weather in °F."""
    begin = datetime(2024, 1, 1, tzinfo=UTC)
    rng = np.random.default_rng(7)
    temps = 9.0 - 8.5 * np.cos(2 * np.pi * (np.arange(731) - 20) / 365.25) + rng.normal(0.0, 2.0, 731)
    use = (30.0 + 10.0 * np.maximum(0.0, 15.0 - temps)) * np.where(np.arange(731) < 366, 1.0, 0.85)
    meter, weather = tmp_path / "skolen.csv", tmp_path / "weather.csv"
    with meter.open("w", encoding="utf-8") as out:
        out.write("time,heat [MWh]\n")
        for hour in range(731 * 24):
            out.write(f"{begin + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ},{use[hour // 24] / 24 / 1000:.7f}\n")
    weather.write_text(
        "date,temp\n"
        + "".join(f"{begin.date() + timedelta(days=n)},{t * 1.8 + 32:.2f}\n" for n, t in enumerate(temps)),
        encoding="utf-8",
    )
    return meter, weather


def told(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout_bytes)
    return found


def test_files_give_json(files: tuple[Path, Path]) -> None:
    meter, weather = files
    found = told(
        run(
            meter, "--weather", weather, "--temperature-unit", "F", "--baseline", "2024-01-01", "2024-12-30",
            "--reporting", "2025-01-01", "2025-12-31", "--format", "json", "--area", "250", "--normal-year", "3000",
        )
    )  # fmt: skip
    assert found["title"] == "skolen"
    assert (found["quality"]["unit"], found["quality"]["medium"], found["quality"]["timezone"]) == (
        "MWh",
        "heat",
        "UTC",
    )
    assert found["model"]["kind"] == "3PH"
    assert found["model"]["coefficients"]["heating_kwh_per_day_k"] == pytest.approx(10.0, abs=0.1)
    assert found["savings"]["share"] == pytest.approx(0.15, abs=0.01)
    assert found["degree_days"]["correction"]["normal"] == 3000.0
    assert found["figures"]["eui_kwh_m2"] == pytest.approx(found["figures"]["year_kwh"] / 250)


def test_without_periods_the_reason_is_told(files: tuple[Path, Path]) -> None:
    meter, weather = files
    found = told(run(meter, "--weather", weather, "--temperature-unit", "F", "--tz", "Europe/Copenhagen"))
    assert found["savings"]["kwh"] is None
    assert found["savings"]["refused"][0]["code"] == "periods"
    assert found["quality"]["timezone"] == "Europe/Copenhagen"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--baseline", "2024-13-01", "2024-12-30"], "--baseline '2024-13-01': expected a day like"),
        (["--baseline", "2024-12-30", "2024-01-01"], "expected a last day that isn't before the first"),
        (["--map", "value"], "--map 'value': expected KEY=VALUE"),
        (["--map", "value=Forbrug"], "Name the columns"),
        (["--tz", "Mars/Olympus"], "--tz 'Mars/Olympus'"),
        (["--weather-tz", "Mars/Olympus"], "--weather-tz 'Mars/Olympus'"),
        (["--normal-year", "1e99"], "--normal-year '1e99': expected degree days above 0"),
        (["--encoding", "klingon"], "--encoding 'klingon'"),
        (["--decimal", ";"], "--decimal ';': expected , or ."),
        (["--area", "0"], "--area 0: expected above 0"),
        (["--normal-year", "many"], "--normal-year 'many': expected teknologisk-institut"),
        (["--leave-out", "2024-01-01"], "--leave-out '2024-01-01': expected FROM..TO=WHAT"),
        (["--event", "2024-01-01..2024-02-01=solar=much"], "expected kWh a day"),
        (["--unit", "m3"], "--calorific"),
        (["--temperature-unit", "C"], "say --temperature-unit F"),
    ],
)
def test_mistakes_say_what_to_change(files: tuple[Path, Path], words: list[str], message: str) -> None:
    meter, weather = files
    degrees = [] if "--temperature-unit" in words else ["--temperature-unit", "F"]
    result = run(meter, "--weather", weather, *degrees, *words)
    assert result.exit_code == 2, result.output
    assert message in result.output


def test_hopeless_files(tmp_path: Path, files: tuple[Path, Path]) -> None:
    _, weather = files
    picture = tmp_path / "meter.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00")
    words = tmp_path / "letter.csv"
    words.write_text("Kære kommune\nvi har ingen data\n", encoding="utf-8")
    workbook = tmp_path / "meter.xlsx"
    workbook.write_bytes(b"PK\x03\x04 and more")
    for path, message in (
        (workbook, "not a text file but an Excel workbook or another archive; export it as CSV first"),
        (picture, "not a text file; export it as CSV first"),
        (words, "Name the columns"),
        (tmp_path / "none.csv", "none.csv"),
    ):
        result = run(path, "--weather", weather)
        assert result.exit_code == 2
        assert message in result.output


def test_weather_of_another_year(tmp_path: Path, files: tuple[Path, Path]) -> None:
    meter, _ = files
    other = tmp_path / "vejr.csv"
    other.write_text("dato;middel\n" + "".join(f"2019-01-{day:02d};{day % 5}\n" for day in range(1, 29)))
    result = run(meter, "--weather", other)
    assert result.exit_code == 2
    assert (
        "temperatures of 2019-01-01 … 2019-01-28, but the meter's files hold 2024-01-01 … 2025-12-31" in result.output
    )


def test_months_are_refused_a_signature_but_corrected(tmp_path: Path, files: tuple[Path, Path]) -> None:
    _, weather = files
    months = tmp_path / "bills.csv"
    firsts = [date(2024 + n // 12, n % 12 + 1, 1) for n in range(24)]
    months.write_text("month,kWh\n" + "".join(f"{day},{1000 + 100 * abs(day.month - 7)}\n" for day in firsts))
    found = told(
        run(
            months, "--weather", weather, "--temperature-unit", "F", "--medium", "heat", "--normal-year", "3000",
            "--reporting", "2025-01-01", "2025-12-31",
        )
    )  # fmt: skip
    assert found["model"]["kind"] is None
    assert [one["code"] for one in found["savings"]["refused"]] == ["resolution"]
    assert found["degree_days"]["correction"]["raw_kwh"] == pytest.approx(12 * 1000 + 100 * 36)


def test_meter_and_weather_in_each_others_place_are_told(files: tuple[Path, Path]) -> None:
    meter, weather = files
    found = run(weather, "--weather", weather)
    assert found.exit_code == 2
    assert "weather.csv: column 'temp' holds temperatures; expected amounts of energy" in found.output
    found = run(meter, "--weather", meter)
    assert found.exit_code == 2
    assert "skolen.csv: column 'heat [MWh]' holds amounts of energy; expected temperatures" in found.output
    # What is named by hand is taken as it is named.
    assert run(weather, "--weather", weather, "--map", "value=temp", "--temperature-unit", "F").exit_code == 0


def test_a_place_that_cant_be_written_is_told_in_words(files: tuple[Path, Path], tmp_path: Path) -> None:
    meter, weather = files
    for place, expected in ((tmp_path, "is a folder — expected a file"), (tmp_path / "no" / "x", "there is no such")):
        found = run(meter, "--weather", weather, "--temperature-unit", "F", "--output", place)
        assert found.exit_code == 2
        assert f"{place}: {expected}" in found.output
        assert "Errno" not in found.output


def test_a_model_that_is_not_installed_is_told_with_what_installs_it(files: tuple[Path, Path]) -> None:
    """In a process of its own, in which there is no OpenDSM whether it is installed here or not."""
    meter, weather = files
    program = "import sys; sys.modules['opendsm'] = None; from bypuls.cli import main; main()"
    words = ["report", "energy", str(meter), "--weather", str(weather), "--model", "opendsm-hourly"]
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("bypuls report: --model opendsm-hourly needs OpenDSM, which ")
    assert len(done.stderr.splitlines()) == 1


def test_nothing_heavy_is_imported_for_the_daily_model(files: tuple[Path, Path]) -> None:
    meter, weather = files
    program = (
        "import sys\nfrom bypuls.cli import main\ntry: main()\n"
        "finally: print(sorted({'pandas', 'opendsm', 'numba', 'sklearn'} & sys.modules.keys()), file=sys.stderr)"
    )
    words = ["report", "energy", str(meter), "--weather", str(weather), "--temperature-unit", "F"]
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "[]\n")
    assert json.loads(done.stdout)["methods"]["model"] == "daily"
