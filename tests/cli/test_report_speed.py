"""`bypuls report speed` and `report verify` as a user calls them."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner, Result

from bypuls.cli.app import app
from bypuls.cli.option_texts import parse_pairs
from bypuls.cli.report import parse_limit, parse_moment
from bypuls.store.registry import import_csv, open_registry

CPH = ZoneInfo("Europe/Copenhagen")


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["report", *(str(word) for word in words)])


def survey(path: Path, month: int, shift: int = 0, days: int = 5) -> Path:
    lines = ["Tid;Hastighed;Retning"]
    for day in range(2, 2 + days):
        for n in range(240):
            speed = 40 + (n * 7 + day * 3) % 21 + shift
            lines.append(
                f"2026-{month:02d}-{day:02d} {n // 10:02d}:{n % 10 * 6:02d}:01;{speed};{'øst' if n % 3 else 'vest'}"
            )
    path.write_text("\n".join(lines))
    return path


def told(result: Result) -> dict[str, object]:
    assert result.exit_code == 0, result.output
    found: dict[str, object] = json.loads(result.stdout_bytes)
    return found


def test_a_file_gives_json(tmp_path: Path) -> None:
    found = told(run("speed", survey(tmp_path / "søvej.csv", 3), "--limit", "50"))
    assert found["site"]["name"] == "søvej"  # type: ignore[index]
    one = found["statistics"]["all"]  # type: ignore[index]
    assert (one["n"], one["limit_kmh"]) == (1200, 50.0)
    assert found["statistics"]["directions"].keys() == {"vest", "øst"}  # type: ignore[index]
    assert found["comparison"] is None


def test_comparison_with_a_control(tmp_path: Path) -> None:
    found = told(
        run(
            "speed", survey(tmp_path / "before.csv", 3), "--limit", "50",
            "--compare", survey(tmp_path / "after.csv", 5, shift=-4),
            "--control-before", survey(tmp_path / "c1.csv", 3), "--control-after", survey(tmp_path / "c2.csv", 5),
        )
    )  # fmt: skip
    comparison = found["comparison"]
    assert comparison["design"] == "difference_of_differences"  # type: ignore[index]
    assert comparison["effects"]["mean_kmh"]["change"] == pytest.approx(-4.0, abs=0.5)  # type: ignore[index]


def test_files_are_written_and_bundles_verified(tmp_path: Path) -> None:
    source, out, bundle = survey(tmp_path / "a.csv", 3), tmp_path / "a.out", tmp_path / "a.zip"
    result = run("speed", source, "--limit", "50", "--format", "csv", "--lang", "en", "-o", out, "--bundle", bundle)
    assert result.exit_code == 0, result.output
    assert out.read_bytes().startswith(b"\xef\xbb\xbfsite,a")
    verified = run("verify", bundle)
    assert verified.exit_code == 0, verified.output
    assert "holds" in verified.output
    bundle.write_bytes(b"PK")
    assert run("verify", bundle).exit_code == 2


def test_a_period(tmp_path: Path) -> None:
    found = told(run("speed", survey(tmp_path / "a.csv", 3), "--from", "2026-03-03", "--to", "2026-03-04"))
    assert found["period"]["days"] == 2  # type: ignore[index]
    assert found["quality"]["dropped"]["outside_period"] == 720  # type: ignore[index]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--limit", "fast"], "--limit 'fast': expected 50"),
        (["--tz", "Mars/Olympus"], "--tz 'Mars/Olympus'"),
        (["--from", "yesterday"], "--from 'yesterday'"),
        (["--map", "speed"], "--map 'speed': expected KEY=VALUE"),
        (["--traffic-type", "local"], "expected both or none"),
        (["--length-bounds", "5,2"], "expected rising lengths"),
        (["--map", "speed=Fart"], "no column with speeds found"),
        (["--from", "2026-03-02", "--to", "2026-03-01"], "expected a period that ends after it begins"),
        (["--min-kmh", "100", "--max-kmh", "10"], "expected 0 or more, a maximum above the minimum"),
        (["--min-kmh", "nan"], "--min-kmh nan"),
        (["--max-kmh", "1e11"], "at most 1000"),
        (["--pace-width", "100000000"], "--pace-width"),
        (["--angle", "95"], "--angle 95: expected degrees"),
        (["--angle", "nan"], "--angle nan: expected degrees"),
        (["--encoding", "klingon"], "--encoding 'klingon': expected an encoding"),
    ],
)
def test_mistakes_say_what_to_change(tmp_path: Path, words: list[str], message: str) -> None:
    result = run("speed", survey(tmp_path / "a.csv", 3, days=1), *words)
    assert result.exit_code == 2
    assert message in result.output


def test_a_report_that_can_not_be_written(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "none" / "a.json"):
        result = run("speed", survey(tmp_path / "a.csv", 3, days=1), "-o", place)
        assert result.exit_code == 2
        assert str(place) in result.output


def test_a_folder_half_a_text_and_headings_alone(tmp_path: Path) -> None:
    half, headings = tmp_path / "half.csv", tmp_path / "headings.csv"
    half.write_bytes(b"\xff\xfea\x00b")
    headings.write_text("time,speed\n")
    for file, message in ((tmp_path, "expected a file"), (half, "expected whole UTF-16"), (headings, "no lines")):
        result = run("speed", file)
        assert result.exit_code == 2
        assert file.name in result.output
        assert message in result.output


def test_a_missing_file(tmp_path: Path) -> None:
    result = run("speed", tmp_path / "none.csv")
    assert result.exit_code == 2
    assert "none.csv" in result.output


def test_controls_come_in_pairs_and_with_a_comparison(tmp_path: Path) -> None:
    one = survey(tmp_path / "a.csv", 3, days=1)
    assert "expected as many" in run("speed", one, "--control-before", one).output
    alone = run("speed", one, "--control-before", one, "--control-after", one)
    assert "expected --compare too" in alone.output


def test_limits() -> None:
    assert parse_limit("50").limit_kmh == 50.0
    assert parse_limit("30mph").limit_kmh == pytest.approx(48.28, abs=0.01)
    dated = parse_limit("mod øst=40@2026-03-01")
    assert (dated.direction, dated.limit_kmh, dated.valid_from) == ("mod øst", 40.0, date(2026, 3, 1))
    with pytest.raises(ValueError, match="expected above 0"):
        parse_limit("0")


def test_moments_and_pairs() -> None:
    assert parse_moment("--to", "2026-03-28", CPH, end=True) == datetime(2026, 3, 29, tzinfo=CPH)
    assert parse_moment("--to", "2026-03-28T07:00", CPH, end=True) == datetime(2026, 3, 28, 7, tzinfo=CPH)
    assert parse_pairs("--map", ["speed=v", "time= t"]) == {"speed": "v", "time": "t"}


FACTORS = """traffic_type,step,first,last,valid_from,factor,source
local,day_to_week,1,7,2020-01-01,0.9,table of 2026
local,week_to_year,1,53,2020-01-01,1.1,table of 2026
"""


def test_expansion_factors_from_a_file_and_from_a_registry(tmp_path: Path) -> None:
    source, factors = survey(tmp_path / "a.csv", 3), tmp_path / "factors.csv"
    factors.write_text(FACTORS)
    words = ("speed", source, "--limit", "50", "--traffic-type", "local")
    found = told(run(*words, "--factors", factors))["volumes"]["all"]["average_day"]  # type: ignore[index]
    assert (found["name"], found["value"]) == ("aadt", pytest.approx(240 * 0.9 * 1.1))
    with open_registry(tmp_path / "data" / "registry.db") as registry:
        assert not import_csv(registry, "expansion_factor", factors).errors
    assert told(run(*words, "--factors", tmp_path / "data"))["volumes"]["all"]["average_day"] == found  # type: ignore[index]
    bundle = tmp_path / "a.zip"
    assert run(*words, "--factors", factors, "--bundle", bundle, "-o", tmp_path / "out").exit_code == 0
    assert run("verify", bundle).exit_code == 0


def test_factors_that_do_not_fit(tmp_path: Path) -> None:
    source, factors = survey(tmp_path / "a.csv", 3, days=1), tmp_path / "factors.csv"
    factors.write_text(FACTORS)
    assert "none for commuter" in run("speed", source, "--traffic-type", "commuter", "--factors", factors).output
    assert "expected one of them" in run("speed", source, "--factors", factors, "--expansion-factor", "1").output
    factors.write_text(FACTORS.replace("1.1", "1_1"))
    wrong = run("speed", source, "--traffic-type", "local", "--factors", factors).output
    assert "factors.csv: line 3: factor: '1_1'" in wrong
    assert "no registry.db in it" in run("speed", source, "--traffic-type", "local", "--factors", tmp_path).output


def test_a_count_by_hand(tmp_path: Path) -> None:
    source, manual, out = survey(tmp_path / "a.csv", 3), tmp_path / "manual.csv", tmp_path / "a.html"
    rows = [f"2026-03-03;{hour:02d}:00;{hour + 1:02d}:00;{10 + hour % 2}" for hour in range(7, 13)]
    manual.write_text("\n".join(["date;from_clock;to_clock;vehicles", *rows]))
    found = told(run("speed", source, "--limit", "50", "--manual-count", manual))
    check = found["sensors"][0]["count_check"]  # type: ignore[index]
    assert (check["manual_n"], check["sensor_n"], check["intervals"]) == (63, 60, 6)
    assert check["low"] < 60 / 63 < check["high"]
    assert run("speed", source, "--manual-count", manual, "--format", "html", "-o", out).exit_code == 0
    assert "95,2\xa0% af køretøjerne (60 mod 63 talt manuelt" in out.read_text()
    manual.write_text("date,from_clock,to_clock,vehicles\n2026-04-03,07:00,08:00,9\n")
    assert "none of its 1 intervals lies in the data" in run("speed", source, "--manual-count", manual).output
