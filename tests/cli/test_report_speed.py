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
    ],
)
def test_mistakes_say_what_to_change(tmp_path: Path, words: list[str], message: str) -> None:
    result = run("speed", survey(tmp_path / "a.csv", 3, days=1), *words)
    assert result.exit_code == 2
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
