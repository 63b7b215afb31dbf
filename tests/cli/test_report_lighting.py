"""`bypuls report lighting` as a user calls it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from pypdf import PdfReader
from typer.testing import CliRunner, Result

from bypuls.api.reports.lighting import render
from bypuls.cli.app import app
from bypuls.sim.sun import elevation_deg

TOWN = ("--lat", "55.7317", "--lon", "12.3633")
COPENHAGEN = ZoneInfo("Europe/Copenhagen")
BEGIN = datetime(2026, 2, 1, 11, tzinfo=UTC)
STEP_S = 900


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["report", "lighting", *(str(word) for word in words)])


def told(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout_bytes)
    return found


@pytest.fixture
def power() -> np.ndarray[Any, np.dtype[np.float64]]:
    """Thirty days of forty lamps of 60 W; three of them out from the 10th to the 16th day."""
    t = BEGIN.timestamp() + np.arange(30 * 96) * float(STEP_S)
    clock = (t + 3600.0) % 86_400.0 / 3600.0
    burning = elevation_deg(t) < -4.0
    level = np.where((clock >= 22.0) | (clock < 6.0), 0.5, 1.0)
    lamps = np.full(t.size, 40.0)
    lamps[10 * 96 : 16 * 96] = 37.0
    found: np.ndarray[Any, np.dtype[np.float64]] = burning * level * lamps * 60.0 + 15.0
    return found


def moments() -> list[datetime]:
    return [BEGIN + timedelta(seconds=STEP_S * n) for n in range(30 * 96)]


def test_events_of_a_file_with_danish_times(tmp_path: Path, power: Any) -> None:
    file = tmp_path / "skab-7.csv"
    rows = [f"{t.astimezone(COPENHAGEN):%d-%m-%Y %H:%M};{p:.1f}" for t, p in zip(moments(), power, strict=True)]
    file.write_text("Tidspunkt;Effekt [W]\n" + "\n".join(rows).replace(".", ",") + "\n", encoding="latin-1")
    report = told(run(file, "--interval", STEP_S, *TOWN, "--lamps", 40, "--watt", 60))
    (event,) = report["events"]
    assert list(event) == ["name", "from", "to", "lamps", "confidence"]
    assert (event["name"], event["lamps"]) == ("lampFailure", 3)
    begin, end = (datetime.fromisoformat(event[key]) for key in ("from", "to"))
    assert timedelta(0) <= begin - (BEGIN + timedelta(days=10)) < timedelta(hours=7)
    assert timedelta(0) <= end - (BEGIN + timedelta(days=16)) < timedelta(hours=7)
    assert report["source"]["interval_s"] == STEP_S
    assert report["burning"]["sun_h"] > report["burning"]["measured_h"] > report["burning"]["civil_h"] - 15
    assert 20 < report["on_after_sunset_min"] < 45
    assert report["title"] == "skab-7"


@pytest.mark.parametrize(("heading", "interval"), [("whatever\n", "900"), ("", "900"), ("W\n", "15")])
def test_without_times_the_sun_tells_when(tmp_path: Path, power: Any, heading: str, interval: str) -> None:
    file = tmp_path / "power.txt"
    file.write_text(heading + "".join(f"{p:.0f}\n" for p in power), encoding="utf-8")
    report = told(run(file, "--interval", interval, *TOWN, "--lamps", 40))
    assert report["source"]["start_assumed"] is True
    assert report["source"]["interval_s"] == 900.0
    first = datetime.fromisoformat(report["source"]["first"])
    assert abs(first - BEGIN.replace(year=2025)) < timedelta(days=4)
    assert [(one["name"], one["lamps"]) for one in report["events"]] == [("lampFailure", 3)]
    assert "start_found_from_sun" in report["notes"]


def test_without_times_but_a_start(tmp_path: Path, power: Any) -> None:
    file = tmp_path / "power.csv"
    file.write_text(
        "row,power_w,volts\n" + "".join(f"{n},{p:.0f},230\n" for n, p in enumerate(power)), encoding="utf-8"
    )
    report = told(run(file, "--interval", 900, *TOWN, "--start", "2026-02-01T12:00"))
    assert report["source"]["first"] == "2026-02-01T12:00:00+01:00"
    assert report["source"]["start_assumed"] is False
    assert report["notes"] == ["lamps_unknown"]


def test_kwh_of_hours(tmp_path: Path, power: Any) -> None:
    file = tmp_path / "hours.csv"
    kwh = power.reshape(-1, 4).mean(axis=1) / 1000.0
    rows = "".join(f"{t:%Y-%m-%dT%H:%MZ},{k:.4f}\n" for t, k in zip(moments()[::4], kwh, strict=True))
    file.write_text("time,kWh\n" + rows, encoding="utf-8")
    report = told(run(file, *TOWN, "--lamps", 40))
    assert report["source"]["interval_s"] == 3600.0
    assert report["power"]["energy_kwh"] == pytest.approx(kwh.sum(), rel=1e-3)
    assert [(one["name"], one["lamps"]) for one in report["events"]] == [("lampFailure", 3)]


@pytest.mark.parametrize("stamp", ["start", "end"])
@pytest.mark.parametrize("heading", ["power_w", "kWh"])
def test_a_file_that_changes_its_interval_loses_nothing(tmp_path: Path, power: Any, heading: str, stamp: str) -> None:
    half = 15 * 96
    drawn = np.concatenate((np.repeat(power[:half], 3), power[half:]))
    length_s = np.concatenate((np.full(3 * half, 300), np.full(power.size - half, 900)))
    begin_s = BEGIN.timestamp() + np.cumsum(length_s) - length_s
    value = drawn if heading == "power_w" else drawn * length_s / 3.6e6
    told_at = begin_s + (length_s if stamp == "end" else 0)
    lost = (np.arange(drawn.size) >= 96) & (np.arange(drawn.size) < 102)  # half an hour of the first afternoon
    rows = (f"{t:.0f},{v:.7f}\n" for t, v in zip(told_at[~lost], value[~lost], strict=True))
    file = tmp_path / "mixed.csv"
    file.write_text(f"time,{heading}\n" + "".join(rows), encoding="utf-8")
    report = told(run(file, *TOWN, "--lamps", 40, "--stamp", stamp))
    assert report["power"]["energy_kwh"] == pytest.approx((drawn * length_s)[~lost].sum() / 3.6e6, rel=1e-6)
    assert report["burning"]["unknown_h"] == pytest.approx(0.5)
    assert report["power"]["full_w"] == pytest.approx(2400.0, rel=0.01)
    assert [(one["name"], one["lamps"]) for one in report["events"]] == [("lampFailure", 3)]
    assert report["notes"] == ["intervals_mixed"]


@pytest.mark.parametrize(
    ("heading", "stamp", "scale"),
    [
        ("når,kW", lambda t: t.isoformat(), 0.001),  # a heading of times that nobody knows doesn't hide the unit's
        ("ts,w", lambda t: f"{t.timestamp():.0f}", 1.0),
        ("logged,W", lambda t: f"{t.timestamp() * 1000:.0f}", 1.0),
    ],
)
def test_times_under_any_heading(tmp_path: Path, power: Any, heading: str, stamp: Any, scale: float) -> None:
    file = tmp_path / "odd.csv"
    rows = "".join(f"{stamp(t)},{p * scale:.4f}\n" for t, p in zip(moments(), power, strict=True))
    file.write_text(f"{heading}\n{rows}", encoding="utf-8")
    report = told(run(file, "--interval", STEP_S, *TOWN, "--lamps", 40))
    assert report["source"]["first"] == "2026-02-01T12:00:00+01:00"
    assert report["power"]["energy_kwh"] == pytest.approx(power.sum() / 4000.0, rel=1e-3)
    assert [(one["name"], one["lamps"]) for one in report["events"]] == [("lampFailure", 3)]


def test_lamps_dim_by_the_local_clock_where_the_file_counts_by_utc(tmp_path: Path) -> None:
    t = datetime(2026, 10, 15, 12, tzinfo=UTC).timestamp() + np.arange(20 * 96) * float(STEP_S)
    local = [datetime.fromtimestamp(one, COPENHAGEN) for one in t]
    level = np.array([0.25 if 1 <= at.hour < 5 else 0.5 if at.hour >= 22 or at.hour < 6 else 1.0 for at in local])
    drawn = (elevation_deg(t) < -4.0) * level * 2400.0 + 15.0
    rows = (f"{at.astimezone(UTC):%Y-%m-%d %H:%M},{p:.0f}\n" for at, p in zip(local, drawn, strict=True))
    file = tmp_path / "utc.csv"
    file.write_text("time,power_w\n" + "".join(rows), encoding="utf-8")
    report = told(run(file, *TOWN, "--lamps", 40, "--tz", "UTC"))
    assert report["events"] == []
    assert report["notes"] == []
    assert report["source"]["zone"] == "Europe/Copenhagen"
    elsewhere = told(run(file, "--lat", "12.3633", "--lon", "55.7317", "--lamps", 40, "--tz", "UTC"))
    assert {"switching_far_from_twilight", "faults_not_sure"} <= set(elsewhere["notes"])
    assert elsewhere["withheld_events"] > 20
    assert all(one["confidence"] <= 0.5 for one in elsewhere["events"])


def test_two_days_are_a_report_that_leaves_steps_open(tmp_path: Path, power: Any) -> None:
    file, made = tmp_path / "short.csv", tmp_path / "short.pdf"
    rows = (f"{t:%Y-%m-%dT%H:%MZ},{p:.1f}\n" for t, p in zip(moments()[:192], power, strict=False))
    file.write_text("time,power_w\n" + "".join(rows), encoding="utf-8")
    report = told(run(file, *TOWN, "--lamps", 40))
    assert (report["events"], report["sigma"], report["detectable_lamps"]) == ([], None, None)
    assert "too_few_nights_for_steps" in report["notes"]
    assert run(file, *TOWN, "--lamps", 40, "--format", "pdf", "--lang", "en", "--output", made).exit_code == 0
    text = " ".join("".join(page.extract_text() for page in PdfReader(made).pages).split())
    assert "No fault found" not in text
    assert "unknown whether lamps are out" in text


@pytest.mark.parametrize(("lang", "told_as"), [("da", "Armaturer slukket"), ("en", "Lamps out")])
def test_pdf_in_both_languages(tmp_path: Path, power: Any, lang: str, told_as: str) -> None:
    file, made = tmp_path / "skab.csv", tmp_path / "skab.pdf"
    rows = "".join(f"{t:%Y-%m-%dT%H:%MZ},{p:.1f}\n" for t, p in zip(moments(), power, strict=True))
    file.write_text("time,power_w\n" + rows, encoding="utf-8")
    result = run(file, *TOWN, "--lamps", 40, "--format", "pdf", "--lang", lang, "--output", made)
    assert result.exit_code == 0, result.output
    text = "".join(page.extract_text() for page in PdfReader(made).pages)
    assert told_as in text
    assert "lampFailure" in text
    assert "skab" in text


def test_danish_catalogue_is_whole() -> None:
    folder = Path(render.__file__).parent
    texts = folder / "locale/da/LC_MESSAGES"
    with (texts / "lighting.po").open("rb") as file:
        known = read_po(file, locale="da")
    with (texts / "lighting.mo").open("rb") as file:
        compiled = read_mo(file)
    found = extract_from_dir(folder, method_map=[("**.py", "python")], keywords={"words": None, "self": None})
    asked = {text for _, _, text, _, _ in found}
    assert {one.id for one in known if one.id} == asked
    assert all(one.string for one in known if one.id)
    assert {one.id: one.string for one in compiled if one.id} == {one.id: one.string for one in known if one.id}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--interval", "900", "--lat", "95", "--lon", "12"), "--lat 95: expected −90 to 90°"),
        (("--interval", "900", "--lat", "78.2", "--lon", "15.6"), "expected a place where every night"),
        (("--interval", "0", *TOWN), "--interval 0: expected above 0"),
        (("--interval", "900", *TOWN, "--lamps", "-1"), "--lamps -1: expected above 0"),
        (TOWN, "no times found; say how many seconds lie between rows: --interval 60"),
        (("--interval", "900", *TOWN, "--start", "noon"), "--start 'noon': expected a time like"),
        (("--interval", "900", *TOWN, "--start", "9999-12-31T00:00"), "expected a time of the years 1900 to 2200"),
        (("--interval", "900", *TOWN, "--map", "value=kW"), "--map value=kW: no such column"),
    ],
)
def test_errors_say_what_to_change(tmp_path: Path, power: Any, words: tuple[str, ...], message: str) -> None:
    file = tmp_path / "power.csv"
    file.write_text("watts\n" + "".join(f"{p:.0f}\n" for p in power), encoding="utf-8")
    result = run(file, *words)
    assert result.exit_code == 2
    assert message in result.output


def test_files_that_are_none(tmp_path: Path, power: Any) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text("", encoding="utf-8")
    assert "empty" in run(empty, *TOWN).output
    words = tmp_path / "words.csv"
    words.write_text("hello\nworld\n", encoding="utf-8")
    assert "no numbers found" in run(words, "--interval", 60, *TOWN).output
    two = tmp_path / "two.csv"
    two.write_text("a,b\n" + "1,2\n" * 10, encoding="utf-8")
    assert "several columns could be the power: a, b" in run(two, "--interval", 60, *TOWN).output
    other = tmp_path / "other.csv"
    rows = "".join(f"{t:%Y-%m-%dT%H:%MZ},{p:.1f}\n" for t, p in zip(moments(), power, strict=True))
    other.write_text("time,power_w\n" + rows, encoding="utf-8")
    result = run(other, "--interval", 60, *TOWN)
    assert "the times in other.csv are 900 s apart" in result.output
    for text, why in (("-{:.1f}", "below 0"), ("{:.1f}e300", "check --unit")):
        rows = "".join(f"{t:%Y-%m-%dT%H:%MZ},{text.format(p)}\n" for t, p in zip(moments(), power, strict=True))
        other.write_text("time,power_w\n" + rows, encoding="utf-8")
        assert why in run(other, *TOWN).output
    flat = tmp_path / "flat.csv"
    flat.write_text("power_w\n" + "".join(f"{100 + n % 3}\n" for n in range(3000)), encoding="utf-8")
    result = run(flat, "--interval", 900, *TOWN)
    assert result.exit_code == 2
    assert "fits the sun" in result.output
    assert run(tmp_path / "nowhere.csv", "--interval", 900, *TOWN).exit_code == 2
