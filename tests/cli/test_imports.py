"""`bypuls import energy` as a user calls it: shown first, written on request, once however often; the API's local days
are the file's, over both clock changes."""

from __future__ import annotations

import csv
import gzip
import json
import os
import tomllib
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from bypuls.api.periods import span_of
from bypuls.api.series import quantity_columns
from bypuls.cli.app import app
from bypuls.cli.import_maps import ImportMap, as_toml, parse_map
from bypuls.cli.settings import opened
from bypuls.store.registry import Building, Device, Sensor

CPH = ZoneInfo("Europe/Copenhagen")
_BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "data"
DATA = Path(os.environ.get("BYPULS_REAL_DATA") or _BESIDE)
YEAR = DATA / "energy/cambridge/b109_electricity_2018.csv.gz"
METER = "571313100000000001"
HEAD = "MålepunktsID;Fra_dato;Til_dato;Mængde;Måleenhed;Kvalitet;Type"
NOW = datetime(2026, 11, 1, tzinfo=UTC)
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Calls `bypuls import energy WORDS --data-dir …`."""

    def called(*words: str | Path, code: int = 0) -> Result:
        result = CliRunner().invoke(
            app, ["import", "energy", *(str(word) for word in words), "--data-dir", str(tmp_path / "data")]
        )
        assert result.exit_code == code, result.output
        return result

    return called


def hours(first: date, last: date) -> list[datetime]:
    """Every hour of the local days first … last, with its offset."""
    begin = datetime(first.year, first.month, first.day, tzinfo=CPH).astimezone(UTC)
    after = last + timedelta(days=1)
    end = datetime(after.year, after.month, after.day, tzinfo=CPH).astimezone(UTC)
    return [(begin + timedelta(hours=n)).astimezone(CPH) for n in range(round((end - begin) / timedelta(hours=1)))]


def kwh(hour: datetime) -> float:
    """A value that tells hours apart."""
    return round(1.0 + (hour.timestamp() // 3600 * 37 % 97) / 7.0, 3)


def eloverblik(path: Path, of: Sequence[datetime], *, meter: str = METER, factor: float = 1.0) -> Path:
    lines = [
        f"{meter};{hour:%d-%m-%Y %H:%M:%S};{hour + timedelta(hours=1):%d-%m-%Y %H:%M:%S};"
        f"{kwh(hour) * factor:.3f};KWH;Målt;Tidsserie".replace(".", ",")
        for hour in of
    ]
    path.write_text("\ufeff" + "\n".join([HEAD, *lines]) + "\n", encoding="utf-8")
    return path


def daily(
    tmp_path: Path, sensor: str, first: str, last: str, field: str = "import_wh"
) -> tuple[list[float], list[float]]:
    """What the API answers by local day: kWh and coverage."""
    with opened(tmp_path / "data", None) as platform, platform.registry.reading() as session:
        row = session.get(Sensor, sensor)
        assert row is not None
        span = span_of("day", first, last, CPH, now=NOW, most_rows=1000)
        columns = quantity_columns(platform.store, row, span, [field], all_columns=True)
    return (np.asarray(columns[field]) / 1000.0).round(6).tolist(), np.asarray(columns["coverage"]).tolist()


def stored(tmp_path: Path) -> int:
    with opened(tmp_path / "data", None) as platform:
        return sum(line.stored for line in platform.book.epochs("import"))


@pytest.mark.parametrize(
    ("first", "last", "length"), [("2026-03-27", "2026-03-31", 23), ("2025-10-24", "2025-10-28", 25)]
)
def test_the_apis_days_are_the_files_over_a_clock_change(
    tmp_path: Path, run: Run, first: str, last: str, length: int
) -> None:
    of = hours(date.fromisoformat(first), date.fromisoformat(last))
    file = eloverblik(tmp_path / "e.csv", of)
    shown = run(file, "--sensor", "hall-el")
    assert f"{length} of {length} hours known" in shown.output
    assert "Nothing was written" in shown.output
    rows = (
        "sensor.csv:\nid,device,kind,name,medium,interval_s,building\nhall-el,import,meter,hall-el,electricity,3600,\n"
    )
    assert rows in shown.output
    run(file, "--sensor", "hall-el", "--register-sensors", "--yes")
    after = (date.fromisoformat(last) + timedelta(days=1)).isoformat()
    found, coverage = daily(tmp_path, "hall-el", first, after)
    days = sorted({hour.date() for hour in of})
    assert found == pytest.approx([sum(kwh(hour) for hour in of if hour.date() == day) for day in days])
    assert coverage == [1.0] * len(days)
    count = stored(tmp_path)
    again = run(file, "--sensor", "hall-el", "--yes")
    assert "0 new readings, 0 correct stored ones" in again.output
    assert stored(tmp_path) == count
    assert daily(tmp_path, "hall-el", first, after)[0] == found


def test_files_in_any_order_overlaps_and_corrections(tmp_path: Path, run: Run) -> None:
    """March before February, an overlap, then a corrected day; every day is the newest word."""
    run(eloverblik(tmp_path / "mar.csv", hours(date(2026, 3, 1), date(2026, 3, 4))), "--sensor", "hall-el",
        "--register-sensors", "--yes")  # fmt: skip
    run(eloverblik(tmp_path / "feb.csv", hours(date(2026, 2, 26), date(2026, 3, 1))), "--sensor", "hall-el", "--yes")
    run(eloverblik(tmp_path / "fix.csv", hours(date(2026, 3, 2), date(2026, 3, 2)), factor=2.0), "--sensor", "hall-el",
        "--yes")  # fmt: skip
    found, coverage = daily(tmp_path, "hall-el", "2026-02-26", "2026-03-05")
    expected = [
        sum(kwh(hour) * (2.0 if day == date(2026, 3, 2) else 1.0) for hour in hours(day, day))
        for day in (date(2026, 2, 26) + timedelta(days=n) for n in range(7))
    ]
    assert found == pytest.approx(expected, abs=0.05)
    assert coverage == [1.0] * 7


def test_a_missing_hour_is_unknown(tmp_path: Path, run: Run) -> None:
    of = hours(date(2026, 1, 5), date(2026, 1, 6))
    run(eloverblik(tmp_path / "e.csv", of[:10] + of[11:]), "--sensor", "hall-el", "--register-sensors", "--yes")
    found, coverage = daily(tmp_path, "hall-el", "2026-01-05", "2026-01-07")
    assert found == pytest.approx([sum(map(kwh, of[:10] + of[11:24])), sum(map(kwh, of[24:]))])
    assert coverage == pytest.approx([23 / 24, 1.0])


def test_eloverblik_json_with_marks(tmp_path: Path, run: Run) -> None:
    points = [
        {
            "position": str(n + 1),
            "out_Quantity.quantity": f"{n / 2}",
            "out_Quantity.quality": "A03" if n == 3 else "A04",
        }
        for n in range(23)
    ]
    series = {
        "mRID": METER, "measurement_Unit.name": "KWH",
        "Period": [{"resolution": "PT1H", "timeInterval": {"start": "2026-03-28T23:00:00Z"}, "Point": points}],
    }  # fmt: skip
    file = tmp_path / "e.json"
    file.write_text(json.dumps({"result": [{"MyEnergyData_MarketDocument": {"TimeSeries": [series]}}]}))
    shown = run(file, "--register-sensors", "--yes")
    assert "A03 (estimated): 1" in shown.output
    assert daily(tmp_path, f"electricity-{METER}", "2026-03-29", "2026-03-30")[0] == [pytest.approx(126.5)]


def test_saved_mappings_keep_whose_meter_is_whose(tmp_path: Path, run: Run) -> None:
    of = hours(date(2026, 1, 5), date(2026, 1, 5))
    file = eloverblik(tmp_path / "e.csv", of)
    run(file, "--sensor", "hall-el", "--register-sensors", "--yes", "--save-map", "eloverblik")
    assert "0 new readings, 0 correct stored ones" in run(file, "--map", "eloverblik").output
    other = eloverblik(tmp_path / "o.csv", of, meter="571313100000000002")
    assert "electricity-571313100000000002" in run(other, "--map", "eloverblik").output
    assert "--map 'other': expected COLUMN=HEADING" in run(file, "--map", "other", code=1).output
    broken = tmp_path / "broken.toml"
    broken.write_text('unitt = "kWh"\n')
    assert "did you mean unit?" in run(file, "--map", broken, code=1).output


def test_volumes_registers_and_power(tmp_path: Path, run: Run) -> None:
    of = hours(date(2026, 1, 5), date(2026, 1, 5))
    gas = tmp_path / "gas.csv"
    gas.write_text("time;gas m3\n" + "".join(f"{hour:%Y-%m-%d %H:%M};0,5\n" for hour in of))
    run(gas, "--sensor", "school-gas", "--register-sensors", "--yes")
    assert daily(tmp_path, "school-gas", "2026-01-05", "2026-01-06", "volume_m3")[0] == [pytest.approx(0.012)]
    heat = tmp_path / "varme.csv"
    heat.write_text(
        "time;MWh\n" + "".join(f"{hour:%Y-%m-%d %H:%M};{100 + n / 1000:.3f}\n" for n, hour in enumerate(of))
    )
    run(heat, "--sensor", "school-heat", "--register", "--register-sensors", "--yes")
    found, coverage = daily(tmp_path, "school-heat", "2026-01-05", "2026-01-06")
    assert found == [pytest.approx(23.0)]
    assert coverage == [pytest.approx(23 / 24)]


def test_weather_of_dmi(tmp_path: Path, run: Run) -> None:
    file = tmp_path / "vejr.csv"
    file.write_text("DateTime;Laveste;Middel;Højeste\n2026-01-05;-3,5;-1,0;2\n2026-01-06;-3;2,5;4\n2026-01-07;1;7;9\n")
    shown = run(file, "--sensor", "dmi-06180", "--register-sensors", "--yes")
    assert "42" in shown.output  # degree days: 18 + 14.5 + 10
    with opened(tmp_path / "data", None) as platform:
        temps = [getattr(one, "temp_c", None) for one in platform.store.readings("weather", "dmi-06180", 0, 2**62)]
    assert temps == [-1.0, 2.5, 7.0]
    assert "0 new readings, 0 correct stored ones" in run(file, "--sensor", "dmi-06180", "--yes").output


def test_mistakes_say_what_to_do(tmp_path: Path, run: Run) -> None:
    of = hours(date(2026, 1, 5), date(2026, 1, 5))
    file = eloverblik(tmp_path / "e.csv", of)
    plain = tmp_path / "plain.csv"
    plain.write_text("time;value\n" + "".join(f"{hour:%Y-%m-%d %H:%M};0,5\n" for hour in of))
    months = tmp_path / "elforbrug.csv"
    months.write_text("month;kWh\n2026-01-01;5\n2026-02-01;6\n2026-03-01;7\n")
    for words, message in (
        ([plain], "say --medium electricity, heat, gas or water"),
        ([months], "monthly values; expected daily ones or finer"),
        ([file, "--medium", "steam"], "--medium 'steam': expected electricity or heat or gas or water"),
        ([file, "--sensor", "Hall El"], "--sensor 'Hall El': expected an id"),
        ([file, "--map", "a", "--map", "b"], "expected one saved mapping"),
        ([file, "--save-map", "My Map"], "--save-map 'My Map': expected a name"),
        ([tmp_path / "none.csv"], "none.csv"),
    ):
        assert message in run(*words, code=1).output
    with opened(tmp_path / "data", None) as platform, platform.registry.session() as session:
        session.add_all([Device(id="pi-1", name="pi-1"), Device(id="import", name="import")])
        session.add(Building(id="hall", name="Hall"))
        session.flush()
        session.add(Sensor(id="hall-el", device="pi-1", kind="meter", name="x", medium="electricity"))
        session.add(Sensor(id="hall-heat", device="import", kind="meter", name="x", medium="heat"))
    assert "belongs to device pi-1, which tells it itself" in run(file, "--sensor", "hall-el", code=1).output
    assert "registered as meter heat; the file is of meter electricity" in (
        run(file, "--sensor", "hall-heat", code=1).output
    )


def test_what_ingest_refuses_lies_among_the_dead_letters(tmp_path: Path, run: Run) -> None:
    file = eloverblik(tmp_path / "e.csv", hours(date(2001, 1, 5), date(2001, 1, 5)))
    result = run(file, "--sensor", "hall-el", "--register-sensors", "--yes", code=1)
    assert "expected 2010-01-01T00:00:00Z or later" in result.output.replace("\n", " ")
    with opened(tmp_path / "data", None) as platform:
        assert platform.book.waiting_letters() == 25


def test_values_of_an_unregistered_sensor_are_not_written_unasked(tmp_path: Path, run: Run) -> None:
    file = eloverblik(tmp_path / "e.csv", hours(date(2026, 1, 5), date(2026, 1, 5)))
    refused = " ".join(run(file, "--sensor", "hall-el", "--yes", code=1).output.split())
    assert "sensor.csv:" in refused
    assert "nothing was written: the registry lacks the rows above" in refused
    with opened(tmp_path / "data", None) as platform:
        assert platform.book.waiting_letters() == 0
    run(file, "--sensor", "hall-el", "--yes", "--unregistered", code=1)
    with opened(tmp_path / "data", None) as platform:
        assert platform.book.waiting_letters() == 25


def test_a_measured_year_with_holes(tmp_path: Path, run: Run) -> None:
    """Cambridge b109 (MIT): hours in UTC, holes written as 0, read by the local days of Copenhagen."""
    if not YEAR.is_file():
        pytest.skip(f"no {YEAR.name}: set BYPULS_REAL_DATA to the folder with the real data")
    run(YEAR, "--tz", "UTC", "--zero-is-missing", "--sensor", "b109-el", "--register-sensors", "--yes")
    used: dict[date, list[float]] = {}
    with gzip.open(YEAR, "rt", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            value = float(row["equipment load [kWh]"])
            at = datetime.fromisoformat(row["datetime"]).replace(tzinfo=UTC).astimezone(CPH)
            used.setdefault(at.date(), []).append(value)
    days = [date(2018, 1, 2) + timedelta(days=n) for n in range(363)]
    found, coverage = daily(tmp_path, "b109-el", "2018-01-02", "2018-12-31")
    known = [[value for value in used[day] if value > 0.0] for day in days]
    assert sorted({len(used[day]) for day in days}) == [23, 24, 25]
    assert coverage == pytest.approx([len(values) / len(used[day]) for day, values in zip(days, known, strict=True)])
    np.testing.assert_allclose(found, [sum(values) if values else np.nan for values in known], atol=1e-6)


TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20)


@given(st.dictionaries(TEXTS, TEXTS, max_size=3), st.none() | TEXTS, st.booleans())
def test_mappings_come_back_from_toml(columns: dict[str, str], unit: str | None, zeros: bool) -> None:
    made = ImportMap(columns=columns, unit=unit, zero_is_missing=zeros, stamp="end")
    assert parse_map(tomllib.loads(as_toml(made)), "x") == made
