"""Files of meters and weather: headings, units, decimals, zones, both clock changes, dirt; Eloverblik in both forms."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bypuls.api.reports.energy.reading import (
    MeterOptions,
    MeterRows,
    Series,
    Weather,
    WeatherOptions,
    read_meter_rows,
    read_weather,
    series_of,
)
from bypuls.api.reports.energy.reading.columns import degrees_of, unit_of
from bypuls.api.reports.energy.reading.options import THERM_KWH
from bypuls.api.reports.reading.amounts import amounts_of
from bypuls.api.reports.reading.errors import FileProblem

CPH = ZoneInfo("Europe/Copenhagen")


def rows_of(tmp_path: Path, text: str | bytes, name: str = "meter.csv", **options: object) -> MeterRows:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_meter_rows([path], MeterOptions(**options))  # type: ignore[arg-type]


def series(tmp_path: Path, text: str | bytes, name: str = "meter.csv", **options: object) -> Series:
    return series_of(rows_of(tmp_path, text, name, **options), MeterOptions(**options))  # type: ignore[arg-type]


def starts(found: Series) -> list[str]:
    return [datetime.fromtimestamp(t / 1e6, UTC).strftime("%m-%dT%H:%M") for t in found.start_us.tolist()]


def weather(tmp_path: Path, text: str, name: str = "w.csv", **options: object) -> Weather:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_weather([path], WeatherOptions(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("heating load [kWh]", "kWh"),
        ("Forbrug (MWh)", "MWh"),
        ("import_wh", "Wh"),
        ("varme GJ", "GJ"),
        ("KWH", "kWh"),
        ("m³", "m3"),
        ("test_kw", "kW"),
        ("therms", "therm"),
        ("value", None),
        ("growth", None),
        ("start", None),
    ],
)
def test_units_in_headings(text: str, expected: str | None) -> None:
    assert unit_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("tempF", "F"), ("tempC", "C"), ("air_temperature [degC]", "C"), ("Temp (°F)", "F"), ("temp", None), ("dt", None)],
)
def test_degrees_in_headings(text: str, expected: str | None) -> None:
    assert degrees_of(text) == expected


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["1.5", "2", "nan"], [1.5, 2.0, np.nan]),
        (["0,198", "1,5"], [0.198, 1.5]),
        (["1.234,5", "12,0"], [1234.5, 12.0]),
        (["1,234.5", "12.0"], [1234.5, 12.0]),
        (["1.234", "0,5"], [1234.0, 0.5]),
        (["1 234,5", "-", "N/A", ""], [1234.5, np.nan, np.nan, np.nan]),
        (["-3", "+4"], [-3.0, 4.0]),
    ],
)
def test_numbers_of_files(texts: list[str], values: list[float]) -> None:
    found, wrong = amounts_of(texts, None, "f")
    np.testing.assert_array_equal(found, values)
    assert not wrong.any()


def test_numbers_that_contradict_each_other_and_words() -> None:
    with pytest.raises(FileProblem, match=r"'1\.5' and '0,25'.*--decimal"):
        amounts_of(["1.5", "0,25"], None, "f")
    found, wrong = amounts_of(["1,5", "broken", "1,2,3"], None, "f")
    assert wrong.tolist() == [False, True, True]
    assert found[0] == 1.5


@given(st.lists(st.floats(-1e9, 1e9).map(lambda x: round(x, 3)), min_size=1), st.booleans())
def test_numbers_come_back_in_danish_and_english(values: list[float], danish: bool) -> None:
    texts = [f"{value:,.3f}" for value in values]
    if danish:
        texts = [text.translate(str.maketrans(",.", ".,")) for text in texts]
    found, wrong = amounts_of(texts, "," if danish else ".", "f")
    assert not wrong.any()
    np.testing.assert_allclose(found, values, atol=5e-4)


def test_a_danish_export(tmp_path: Path) -> None:
    text = "Rapport\n\nDato;Kl;Forbrug (MWh);Kvalitet\n31-12-2025;23:00;0,002;Målt\n01-01-2026;00:00;0,001;Estimeret\n"
    found = rows_of(tmp_path, text.encode("latin-1"))
    assert (found.unit, found.unit_told, found.zone_told) == ("MWh", True, False)
    assert dict(found.quality) == {"Målt": 1, "Estimeret": 1}
    assert series_of(found, MeterOptions()).kwh.tolist() == [2.0, 1.0]
    assert starts(series_of(found, MeterOptions())) == ["12-31T22:00", "12-31T23:00"]


def test_units_power_and_volume(tmp_path: Path) -> None:
    plain = "time,value\n2026-01-01 00:00,4\n2026-01-01 00:15,8\n"
    assert series(tmp_path, plain, unit="kW").kwh.tolist() == [1.0, 2.0]
    assert series(tmp_path, plain, unit="therm").kwh.tolist() == pytest.approx([4 * THERM_KWH, 8 * THERM_KWH])
    assert series(tmp_path, plain, unit="m3", calorific_kwh_m3=12.0).kwh.tolist() == [48.0, 96.0]
    with pytest.raises(FileProblem, match="--calorific"):
        series(tmp_path, plain, unit="m3")
    with pytest.raises(FileProblem, match="expected one of Wh, kWh"):
        series(tmp_path, plain, unit="cal")
    assert series(tmp_path, plain, name="building_kw.csv").kwh.tolist() == [1.0, 2.0]


def test_columns_are_chosen_added_up_or_asked_for(tmp_path: Path) -> None:
    text = "time,heat kWh,gas kWh\n2026-01-01 00:00,1,10\n2026-01-01 01:00,2,\n2026-01-01 02:00,3,30\n"
    with pytest.raises(FileProblem, match=r"several columns could be .*: heat kWh, gas kWh.*--map value="):
        rows_of(tmp_path, text)
    assert rows_of(tmp_path, text, columns={"value": "heat kWh"}).value.tolist() == [1.0, 2.0, 3.0]
    both = rows_of(tmp_path, text, columns={"value": "heat kWh+3"})
    np.testing.assert_array_equal(both.value, [11.0, np.nan, 33.0])  # half a sum is no sum
    with pytest.raises(FileProblem, match="--map speed: expected one of time"):
        rows_of(tmp_path, text, columns={"speed": "2"})
    with pytest.raises(FileProblem, match="no table with times and amounts"):
        rows_of(tmp_path, "a,b\nc,d\n")
    with pytest.raises(FileProblem, match="empty"):
        rows_of(tmp_path, "\n")


def test_the_zone_that_the_offsets_fit(tmp_path: Path) -> None:
    def zone(*times: str) -> str:
        return rows_of(tmp_path, "time,value\n" + "".join(f"{time},1\n" for time in times)).zone

    assert zone("2026-01-01T00:00:00+01:00", "2026-07-01T00:00:00+02:00") == "Europe/Copenhagen"
    assert zone("2026-01-01T00:00:00-06:00", "2026-07-01T00:00:00-05:00") == "America/Chicago"
    assert zone("2026-01-01T00:00:00Z", "2026-07-01T00:00:00Z") == "UTC"
    assert zone("2026-01-01T00:00:00+08:00", "2026-07-01T00:00:00+08:00") == "Etc/GMT-8"
    assert zone("2026-01-01T00:00:00", "2026-07-01T00:00:00") == "Europe/Copenhagen"
    with pytest.raises(FileProblem, match="--tz ZONE"):
        zone("2026-01-01T00:00:00+01:00", "2026-01-01T05:00:00-11:00")


def local_hours(first: datetime, n: int) -> list[datetime]:
    return [(first.astimezone(UTC) + timedelta(hours=hour)).astimezone(CPH) for hour in range(n)]


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize(("day", "length"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_hours_of_a_clock_change_without_offsets(tmp_path: Path, day: str, length: int, newest_first: bool) -> None:
    hours = local_hours(datetime.fromisoformat(day).replace(tzinfo=CPH), length)
    lines = [f"{hour:%d-%m-%Y %H:%M:%S};{number},5" for number, hour in enumerate(hours)]
    found = rows_of(tmp_path, "\n".join(["Fra_dato;Mængde (kWh)", *(lines[::-1] if newest_first else lines)]))
    made = series_of(found, MeterOptions())
    assert made.start_us.tolist() == [round(hour.timestamp() * 1e6) for hour in hours]
    assert made.kwh.tolist() == [number + 0.5 for number in range(length)]
    assert found.tally.dropped == 0


def test_a_time_that_the_clock_skips_is_counted(tmp_path: Path) -> None:
    found = rows_of(tmp_path, "time,kWh\n2026-03-29 01:00,1\n2026-03-29 02:00,1\n2026-03-29 03:00,1\n")
    assert found.tally.by_reason["nonexistent_time"] == 1
    assert found.tally.examples["nonexistent_time"] == ("3",)


def test_ends_days_and_months(tmp_path: Path) -> None:
    text = "time,kWh\n2026-03-28 01:00,1\n2026-03-28 02:00,2\n"
    assert starts(series(tmp_path, text, stamp="end")) == ["03-27T23:00", "03-28T00:00"]
    days = series(tmp_path, "dato;kWh\n2026-03-28;1\n2026-03-29;2\n2026-03-30;3\n")
    assert (days.step, ((days.end_us - days.start_us) / 3.6e9).tolist()) == ("day", [24.0, 23.0, 24.0])
    months = series(tmp_path, "måned;kWh\n2026-01-01;1\n2026-02-01;2\n2026-03-01;3\n")
    assert (months.step, months.kwh.tolist()) == ("month", [1.0, 2.0, 3.0])
    with pytest.raises(FileProblem, match="expected minutes or hours"):
        series(tmp_path, "time,kWh\n2026-01-01,1\n2026-01-04,2\n2026-01-07,2\n")


def test_lines_that_repeat_or_contradict(tmp_path: Path) -> None:
    text = (
        "time,kWh\n2026-01-01 00:00,1\n2026-01-01 01:00,2\n2026-01-01 01:00,2\n2026-01-01 02:00,\n2026-01-01 02:00,3\n"
    )
    found = rows_of(tmp_path, text + "2026-01-01 03:00,4\n2026-01-01 03:00,5\n2026-01-01 04:00,x\n2026-01-01 00:30,9\n")
    made = series_of(found, MeterOptions())
    np.testing.assert_array_equal(made.kwh, [1.0, 9.0, 2.0, 3.0, np.nan])
    assert found.tally.by_reason == {
        "unparsable": 1, "nonexistent_time": 0, "duplicate": 2, "contradicting": 1, "filtered": 0,
    }  # fmt: skip
    assert found.tally.out_of_order == 1


def test_a_register_is_found_out_and_its_resets_are_unknown(tmp_path: Path) -> None:
    shown = [1000.0 + 2 * hour for hour in range(60)] + [2.0 * hour for hour in range(60)]
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    text = "time,kWh\n" + "".join(f"{begin + timedelta(hours=h):%Y-%m-%dT%H:%M:%SZ},{v}\n" for h, v in enumerate(shown))
    found = series(tmp_path, text)
    assert (found.values, found.found_out, found.resets) == ("register", True, 1)
    assert np.nansum(found.kwh) == pytest.approx(2 * 118)
    assert int((~found.known).sum()) == 4  # the hour of the swap
    assert series(tmp_path, text, values="interval").values == "interval"
    with pytest.raises(FileProblem, match="--register: unit kW is a power"):
        series(tmp_path, text, values="register", unit="kW")


ELOVERBLIK = "MålepunktsID;Fra_dato;Til_dato;Mængde;Måleenhed;Kvalitet;Type\n"


def test_eloverblik_csv(tmp_path: Path) -> None:
    text = (
        "\ufeff"
        + ELOVERBLIK
        + "".join(
            f"571313100000000001;01-02-2026 0{h}:00:00;01-02-2026 0{h + 1}:00:00;0,{h + 1}98;KWH;Målt;Tidsserie\n"
            for h in range(3)
        )
    )
    found = rows_of(tmp_path, text)
    assert (found.unit, found.meters, dict(found.quality)) == ("kWh", ("571313100000000001",), {"Målt": 3})
    assert series_of(found, MeterOptions()).kwh.tolist() == [0.198, 0.298, 0.398]
    assert starts(series_of(found, MeterOptions()))[0] == "01-31T23:00"
    two = text + text.split("\n", 1)[1].replace("0001;", "0002;")
    both = rows_of(tmp_path, two)
    with pytest.raises(FileProblem, match=r"2 meters .*--where MålepunktsID=571313100000000001"):
        series_of(both, MeterOptions())
    assert series_of(both, MeterOptions(), meter="571313100000000002").kwh.size == 3


def document(*periods: dict[str, object], unit: str = "KWH") -> bytes:
    series = {
        "mRID": "571313100000000001",
        "measurement_Unit.name": unit,
        "MarketEvaluationPoint": {"mRID": {"codingScheme": "A10", "name": "571313100000000001"}},
        "Period": list(periods),
    }
    return json.dumps({"result": [{"MyEnergyData_MarketDocument": {"TimeSeries": [series]}, "success": True}]}).encode()


def period(start: str, values: list[str], resolution: str = "PT1H", quality: str = "A04") -> dict[str, object]:
    points = [
        {"position": str(n), "out_Quantity.quantity": value, "out_Quantity.quality": quality}
        for n, value in enumerate(values, 1)
    ]
    return {"resolution": resolution, "timeInterval": {"start": start, "end": ""}, "Point": points}


def test_eloverblik_json_over_both_clock_changes(tmp_path: Path) -> None:
    raw = document(
        period("2026-03-28T23:00:00Z", [str(n) for n in range(23)]), period("2026-03-29T22:00:00Z", ["7"] * 24),
    )  # fmt: skip
    found = series(tmp_path, raw, "e.json")
    assert found.start_us[0] == round(datetime(2026, 3, 29, tzinfo=CPH).timestamp() * 1e6)
    assert found.start_us[23] == round(datetime(2026, 3, 30, tzinfo=CPH).timestamp() * 1e6)
    assert (found.step_s, found.kwh.size, found.kwh.sum()) == (3600.0, 47, 253 + 168)
    autumn = series(tmp_path, document(period("2026-10-24T22:00:00Z", ["1"] * 25)), "e.json")
    assert datetime.fromtimestamp(autumn.end_us[-1] / 1e6, CPH) == datetime(2026, 10, 26, tzinfo=CPH)
    days = series(tmp_path, document(period("2026-03-28T23:00:00Z", ["5", "6"], "PT1D")), "e.json")
    assert ((days.end_us - days.start_us) / 3.6e9).tolist() == [23.0, 24.0]


def test_eloverblik_json_marks_and_mistakes(tmp_path: Path) -> None:
    raw = document(
        period("2026-01-01T23:00:00Z", ["1", "2"]), period("2026-01-02T01:00:00Z", ["0", "0"], quality="A02")
    )
    found = rows_of(tmp_path, raw, "e.json")
    assert (dict(found.quality), found.missing) == ({"A04": 2, "A02": 2}, 2)
    for content, message in (
        (b"{", "expected JSON of Eloverblik"),
        (b"{}", "JSON without MyEnergyData_MarketDocument"),
        (document(), "without values"),
        (document(period("2026-01-01T23:00:00Z", ["1"], "PT5M")), "resolution 'PT5M'; expected one of PT15M"),
        (document(period("yesterday", ["1"])), "timeInterval.start 'yesterday'"),
        (document(period("2026-01-01T23:00:00Z", ["many"])), "571313100000000001 2026-01-01T23:00:00Z position 1"),
        (document(period("2026-01-01T23:00:00Z", ["1"]), unit="KVAR"), "measurement_Unit.name 'KVAR'"),
        (b'{"result":[{"success":false,"errorCode":20012,"errorText":"Invalid","id":"5"}]}', "20012 'Invalid'"),
    ):
        with pytest.raises(FileProblem, match=message):
            rows_of(tmp_path, content, "e.json")


def test_weather_in_fahrenheit_long_form_and_daily(tmp_path: Path) -> None:
    text = "dt,tempF\n2026-01-01T00:00:00Z,32\n2026-01-01T01:00:00Z,50\n"
    assert weather(tmp_path, text).temp_c.tolist() == pytest.approx([0.0, 10.0])
    with pytest.raises(FileProblem, match="--temperature-unit F"):
        weather(tmp_path, "time,temp\n" + "".join(f"2026-07-{d:02d},{80 + d}\n" for d in range(1, 20)))
    long = "stationId,parameterId,observed,value\n" + "".join(
        f"06180,{name},2026-01-01T{hour:02d}:00:00Z,{value}\n"
        for hour in range(3)
        for name, value in (("temp_dry", hour), ("humidity", 90))
    )
    options = {"where": {"parameterId": "temp_dry"}, "columns": {"temperature": "value"}}
    assert weather(tmp_path, long, **options).temp_c.tolist() == [0.0, 1.0, 2.0]
    danish = "DateTime;Laveste;Middel;Højeste\n2026-01-01;-1,5;0,5;2\n2026-01-02;-3;-1,5;0\n2026-01-03;-3;-2,5;0\n"
    found = weather(tmp_path, danish)
    assert (found.column, found.temp_c.tolist()) == ("Middel", [0.5, -1.5, -2.5])
    edges = np.array([round(datetime(2026, 1, d, tzinfo=CPH).timestamp() * 1e6) for d in (1, 2, 3, 4, 5)])
    np.testing.assert_array_equal(found.daily_means(edges), [0.5, -1.5, -2.5, np.nan])


def test_daily_means_need_half_of_a_day(tmp_path: Path) -> None:
    begin = datetime(2026, 1, 1, tzinfo=CPH)
    times = [begin + timedelta(hours=hour) for hour in (*range(24), *range(24, 33))]
    found = weather(tmp_path, "time,temp_c\n" + "".join(f"{t:%Y-%m-%d %H:%M},{t.hour}\n" for t in times))
    edges = np.array([round((begin + timedelta(days=d)).timestamp() * 1e6) for d in range(3)])
    np.testing.assert_array_equal(found.daily_means(edges), [11.5, np.nan])
