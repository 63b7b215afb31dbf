"""`bypuls climate trajectory` as a user calls it: the published values, spreadsheets' files, and plain words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bypuls.cli.app import app

LINE = {2016 + i: 100.0 * (1 - 0.85 * (i + 1) / 15) for i in range(10)}


def run(*words: str | Path, **changed: str) -> Result:
    options = {"baseline": "100", "base-year": "2015", "reduction": "0.85", "target-year": "2030"} | changed
    listed = [word for name, value in options.items() for word in (f"--{name}", value)]
    return CliRunner().invoke(app, ["climate", "trajectory", *listed, *(str(word) for word in words)])


def told(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout_bytes)
    return found


def saved(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def years(path: Path, emitted: dict[int, float], shares: str = ",1,1") -> Path:
    header = "year,tonnes" + (",completeness,scope_share" if shares else "")
    return saved(path, "\n".join([header, *(f"{year},{tonnes!r}{shares}" for year, tonnes in emitted.items())]) + "\n")


def test_without_a_file() -> None:
    found = told(run("--format", "json"))
    assert list(found) == ["trajectory", "status", "remaining_budget", "required_rate", "projected_year"]
    line = {one["year"]: one["tonnes"] for one in found["trajectory"]}
    assert list(line) == list(range(2015, 2031))
    assert [line[year] for year in (2015, 2020, 2025, 2026, 2030)] == pytest.approx(
        [100, 71.67, 43.33, 37.67, 15], abs=0.005
    )
    assert found["status"] == "insufficient data"
    assert found["remaining_budget"] == pytest.approx(820)
    assert (found["required_rate"], found["projected_year"]) == (None, None)


def test_years_on_the_line(tmp_path: Path) -> None:
    found = told(run("--actual", years(tmp_path / "a.csv", LINE), "--format", "json"))
    assert found["status"] == "on track"
    assert found["remaining_budget"] == pytest.approx(131.67, abs=0.005)
    assert found["projected_year"] == 2030


@pytest.mark.parametrize(
    ("last", "status"), [(43.33, "on track"), (45.5, "at risk"), (45.6, "off track"), (50.0, "off track")]
)
def test_the_last_year_decides(tmp_path: Path, last: float, status: str) -> None:
    found = told(run("--actual", years(tmp_path / "a.csv", LINE | {2025: last}), "--format", "json"))
    assert found["status"] == status
    if last == 50.0:
        assert found["required_rate"] == pytest.approx(0.214, abs=0.0005)


def test_figures_without_shares_carry_no_status(tmp_path: Path) -> None:
    done = run("--actual", years(tmp_path / "a.csv", LINE, ""), "--format", "json")
    found = told(done)
    assert found["status"] == "insufficient data"
    assert found["remaining_budget"] == pytest.approx(131.67, abs=0.005)
    assert "completeness: unknown in 2025" in done.stderr
    assert "scope share: unknown in 2025" in done.stderr


def test_a_year_that_says_that_it_is_incomplete_is_unknown(tmp_path: Path) -> None:
    rows = "year,tonnes,completeness,scope_share\n2016,90,1,1\n2017,40,0.5,1\n2018,70,1,1\n"
    found = told(run("--actual", saved(tmp_path / "a.csv", rows), "--format", "json"))
    assert found["remaining_budget"] is None
    assert found["required_rate"] is not None
    rows += "2019,20,1,0.94\n"
    found = told(run("--actual", saved(tmp_path / "a.csv", rows), "--format", "json"))
    assert (found["status"], found["required_rate"]) == ("insufficient data", None)


def test_a_missing_year_leaves_the_budget_unknown(tmp_path: Path) -> None:
    file = saved(tmp_path / "a.csv", "year,tonnes\n2023,60\n2024,\n2025,50\n")
    found = told(run("--actual", file, "--format", "json"))
    assert found["remaining_budget"] is None
    assert found["required_rate"] == pytest.approx(0.214, abs=0.0005)
    only_base = told(run("--actual", saved(tmp_path / "b.csv", "year,tonnes\n2015,100\n"), "--format", "json"))
    assert only_base["remaining_budget"] == pytest.approx(820)


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffår;ton;datadækning;scope_share\n2024;52,5;0,97;95 %\n2025;50,0;0,93;0,99\n2023;55;1;1\n",
        "scope_share;year;tonnes;completeness\n0,95;2024;52.5;0.97\n0,99;2025;50,0;0,93\n1;2023;55;1\n\n",
        "year\ttonnes\tcompleteness\tscope_share\n2023\t55\t1\t1\n2024\t52,5\t0,97\t0,95\n2025\t50\t93%\t0,99\n",
    ],
)
def test_as_spreadsheets_save_it(tmp_path: Path, text: str) -> None:
    found = told(run("--actual", saved(tmp_path / "a.csv", text), "--format", "json"))
    assert found["status"] == "off track"
    assert found["required_rate"] == pytest.approx(0.214, abs=0.0005)


def test_the_table(tmp_path: Path) -> None:
    done = run("--actual", years(tmp_path / "a.csv", LINE | {2025: 50.0}))
    assert done.exit_code == 0
    for text in ("24.88", "37.67", "+6.67", "off track (2025)", "21.4% a year, or 7.00 t a year", "11.88% a year"):
        assert text in done.stdout


def test_what_differs_from_the_baseline_is_said(tmp_path: Path) -> None:
    done = run("--actual", saved(tmp_path / "a.csv", "year,tonnes\n2014,120\n2015,90\n2016,80\n"))
    assert "before the base year, left out: 2014" in done.stderr
    assert "the file has 90 t in 2015, --baseline says 100 t" in done.stderr


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"reduction": "85"}, "--reduction 85: expected a share above 0 and up to 1, such as 0.85"),
        ({"reduction": "0"}, "--reduction 0: expected"),
        ({"reduction": "nan"}, "--reduction nan: expected"),
        ({"baseline": "0"}, "--baseline 0: expected tonnes above 0"),
        ({"baseline": "inf"}, "--baseline inf: expected"),
        ({"base-year": "2030"}, "--target-year 2030: expected after --base-year 2030"),
        ({"base-year": "15"}, "--base-year 15: expected a year from 1800 to 2200"),
    ],
)
def test_targets_that_are_none(changed: dict[str, str], message: str) -> None:
    done = run(**changed)
    assert done.exit_code == 2
    assert message in done.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("year,tonnes\n", "no year follows the first line"),
        ("year,tonnes\n2024,50\n2024,51\n", "line 3: year: '2024' — expected each year once"),
        ("year,tonnes\n2024,-5\n", "line 2: tonnes: '-5' — expected tonnes a year, 0 to"),
        ("year,tonnes\n2024,many\n", "line 2: tonnes: 'many'"),
        ("year,tonnes\n2024,nan\n", "line 2: tonnes: 'nan'"),
        ("year,tonnes\n2024,1e30\n", "line 2: tonnes: '1e30'"),
        ("year;tonnes\n2024;1.234,5\n", "line 2: tonnes: '1.234,5'"),
        ('year,tonnes\n2024,"1,5"\n', "with a decimal point and nothing between thousands"),
        ("year,tonnes\n2024,50,3\n", "line 2: line: '2024,50,3' — expected 2 cells as in the first line"),
        ("year,tonnes\n24,50\n", "line 2: year: '24' — expected a year like 2025"),
        ("year,tonnes,completness\n", "line 1: column: 'completness' — expected one of"),
        ("year,completeness\n", "a column tonnes"),
        ("year,year,tonnes\n", "each column once"),
        ("year,tonnes,completeness\n2024,50,95\n", "line 2: completeness: '95' — expected a share from 0 to 1"),
    ],
)
def test_files_that_are_none(tmp_path: Path, text: str, message: str) -> None:
    done = run("--actual", saved(tmp_path / "a.csv", text))
    assert done.exit_code == 2
    assert message in done.stderr


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    done = run("--actual", tmp_path / "nowhere.csv")
    assert done.exit_code == 2
    assert "nowhere.csv" in done.stderr


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    result = run("--actual", tmp_path)
    assert result.exit_code == 2
    assert f"{tmp_path}: Is a directory — expected a file" in result.output
