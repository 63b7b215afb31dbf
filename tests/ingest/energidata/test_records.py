"""Answers and files of Energi Data Service: times of both kinds, and what is refused in which words."""

from __future__ import annotations

import gzip
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from bypuls.ingest.energidata.records import BadRecords, Series, read_records

_BESIDE = Path(__file__).resolve().parents[3].parent / "shared" / "data"
DATA = Path(os.environ.get("BYPULS_REAL_DATA") or _BESIDE)
REAL = DATA / "climate/energinet_2022/DeclarationEmissionHour_2022.csv.gz"


def us(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


def at(series: Series, text: str) -> float:
    return float(series.g_per_kwh[np.flatnonzero(series.t_us == us(text))[0]])


@pytest.mark.parametrize("zipped", [True, False])
def test_a_real_year_has_8760_hours_in_each_area(zipped: bool) -> None:
    if not REAL.is_file():
        pytest.skip(f"no {REAL.name}: set BYPULS_REAL_DATA to the folder with the real data")
    content = REAL.read_bytes()
    found = read_records(content if zipped else gzip.decompress(content))
    assert [(one.area, one.method, one.unclear) for one in found] == [("DK1", "125 %", 0), ("DK2", "125 %", 0)]
    for one in found:
        assert len(one.t_us) == 8760
        assert one.t_us[0] == us("2021-12-31T23:00")
        assert (np.diff(one.t_us) == 3_600_000_000).all(), "no hour missing in March, none doubled in October"
    east = found[1]
    assert at(east, "2022-10-30T00:00") == pytest.approx(53.82, abs=0.005)
    assert at(east, "2022-10-30T01:00") == pytest.approx(51.23, abs=0.005)


def test_an_answer_in_utc_goes_before_its_local_times() -> None:
    records = [
        {"HourUTC": f"2022-10-30T0{hour}:00:00", "HourDK": "2022-10-30T02:00:00", "PriceArea": "DK2",
         "FuelAllocationMethod": "125%", "CO2PerkWh": value}
        for hour, value in ((1, 51.23), (0, 53.82), (2, None))
    ]  # fmt: skip
    (found,) = read_records(json.dumps({"total": 2, "records": records}).encode())
    assert found.g_per_kwh.tolist() == [53.82, 51.23]
    assert found.t_us.tolist() == [us("2022-10-30T00:00"), us("2022-10-30T01:00")]


def local(*rows: str) -> bytes:
    return "\n".join(["HourDK;PriceArea;FuelAllocationMethod;CO2PerkWh", *rows]).encode("utf-8-sig")


@pytest.mark.parametrize("turn", [1, -1])
def test_the_doubled_hour_follows_the_direction_of_the_lines(turn: int) -> None:
    hours = ["01:00;DK2;125%;1,5", "02:00;DK2;125%;2,5", "02:00;DK2;125%;3,5", "03:00;DK2;125%;4,5"]
    (found,) = read_records(local(*[f"2022-10-30 {one}" for one in hours][::turn]))
    assert found.g_per_kwh.tolist() == [1.5, 2.5, 3.5, 4.5]
    assert found.t_us[0] == us("2022-10-29T23:00")


def test_a_doubled_hour_that_stands_once_is_left_out() -> None:
    (found,) = read_records(local("2022-10-30 01:00;DK2;125%;1", "2022-10-30 02:00;DK2;125%;2"))
    assert (found.g_per_kwh.tolist(), found.unclear) == ([1.0], 1)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (local("2022-03-27 02:00;DK2;125%;1"), "expected a local hour that exists"),
        (local("2022-10-30 02:00;DK2;;1", "2022-10-30 03:00;DK2;;1", "2022-10-30 02:00;DK2;;2"), "stands twice"),
        (local(*["2022-10-30 02:00;DK2;125%;1"] * 3), "a third time"),
        (local("2022-10-30 01:00;DK2;125%;1", "2022-10-30 01:00;DK2;125%;2"), "2 after 1; expected one"),
        (local("2022-10-30 01:00;DK2;125%;much"), r"line 2: CO2PerkWh: 'much'; expected a number \[g/kWh\]"),
        (local("2022-10-30 01:00;DK2;125%;169145,9"), "expected at most 3000 g/kWh"),
        (local("2022-10-30 01:00;;125%;1"), "expected a price area"),
        (local("soon;DK2;125%;1"), "HourDK: 'soon'; expected a time"),
        (local("2022-10-30 01:00;DK2;1"), "as many cells as the first line"),
        (local(), "no records"),
        (b"HourDK,PriceArea\n2022-01-01,DK2\n", "no column with an emission"),
        (b"a\xff", "expected text in UTF-8"),
        (b'{"records": 1}', "records: expected a list"),
        (b"{", "not JSON"),
        (b"\x1f\x8bno", "the gzip file is damaged"),
    ],
)
def test_what_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(BadRecords, match=words):
        read_records(content)
