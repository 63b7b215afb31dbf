"""Recordings as readings: registers, histograms, local times through both clock changes, bad rows, bad mappings."""

import gzip
import os
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise, permutations
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bypuls.sim.column_times import Unreadable, column_times
from bypuls.sim.mapping import MappingError, TimeColumn, load_mapping, parse_mapping, shipped
from bypuls.sim.recordings import RecordingError, apportion, load_recording
from bypuls.sim.registers import Register
from bypuls.wire import Meter, TrafficBin, Weather, encode_reading, format_time

DATA = Path(os.environ.get("BYPULS_REAL_DATA", Path(__file__).parents[2] / "../shared/data"))
real = pytest.mark.skipif(not DATA.is_dir(), reason=f"no real data at {DATA} (BYPULS_REAL_DATA)")

ELECTRICITY = """datetime,equipment load [kWh]
2018-01-01 00:00:00,72.7
2018-01-01 01:00:00,145.6
2018-01-01 02:00:00,0.0
2018-01-01 03:00:00,0.1
2018-01-01 04:00:00,0.2
"""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def test_intervals_become_a_register(tmp_path: Path) -> None:
    path = write(tmp_path, "b109_electricity_2018.csv.gz", ELECTRICITY)
    recording = load_recording([path], load_mapping("cambridge"))
    assert [(reading.t, reading.import_wh) for reading in recording.readings if isinstance(reading, Meter)] == [
        (at("2018-01-01 00:00"), 0.0),
        (at("2018-01-01 01:00"), 72_700.0),
        (at("2018-01-01 02:00"), 218_300.0),
        # The third hour is missing: the register is read again where the fourth begins, and nothing was booked.
        (at("2018-01-01 03:00"), 218_300.0),
        (at("2018-01-01 04:00"), 218_400.0),
        (at("2018-01-01 05:00"), 218_600.0),
    ]
    assert recording.sensors == {"cambridge-b109-electricity": "meter"}
    assert recording.rejected == []


def test_registers_run_on_into_the_next_file(tmp_path: Path) -> None:
    head = "datetime,heating load [kWh]\n"
    files = [
        write(tmp_path, "b31_gas_2019.csv", f"{head}2019-01-01 00:00:00,2.5\n"),
        write(tmp_path, "b31_gas_2018.csv", f"{head}2018-12-31 23:00:00,1.1\n"),
    ]
    recording = load_recording(files, load_mapping("cambridge"))
    assert [reading.import_wh for reading in recording.readings if isinstance(reading, Meter)] == [
        0.0,
        1_100.0,
        3_600.0,
    ]
    assert recording.digest != load_recording(files[:1], load_mapping("cambridge")).digest


@given(st.lists(st.one_of(st.none(), st.decimals("0.1", "999.9", places=1)), max_size=40))
def test_a_register_adds_up_to_what_is_known(amounts: list[Decimal | None]) -> None:
    register = Register()
    shown: list[tuple[int, Decimal]] = []
    for hour, amount in enumerate(amounts):
        start, end = datetime.fromtimestamp(hour * 3600, UTC), datetime.fromtimestamp((hour + 1) * 3600, UTC)
        shown += [(int(time.timestamp()) // 3600, value) for time, value in register.add(start, end, amount)]
    assert register.total == sum(amount for amount in amounts if amount is not None)
    assert [hour for hour, _ in shown] == sorted({hour for hour, _ in shown})
    steps = {(a, b): after - before for (a, before), (b, after) in pairwise(shown)}
    for (a, b), step in steps.items():
        known = [amounts[hour] for hour in range(a, b)]
        assert step == (known[0] if len(known) == 1 and known[0] is not None else 0)


@settings(max_examples=200)
@given(st.floats(0, 1e5), st.lists(st.floats(0, 100), min_size=1, max_size=7).filter(lambda shares: sum(shares) > 1e-3))
def test_shares_add_up_to_the_count_exactly(total: float, shares: list[float]) -> None:
    parts = apportion(total, shares)
    assert all(part >= 0.0 for part in parts)
    for order in list(permutations(parts))[:50]:
        assert sum(order) == total
    for part, share in zip(parts, shares, strict=True):
        assert part == pytest.approx(total * share / sum(shares), abs=1e-5)


TELRAAM = """segment_id,date,uptime,car,heavy,bike,pedestrian,car_speed_hist_0to120plus
9000001844.0,2022-05-13 18:00:00 CEST,0.47,635.54,87.8,10.5,0.0,"[{some}]"
9000001844.0,2022-05-13 19:00:00 CEST,0.0,0.0,0.0,0.0,0.0,"[{none}]"
9000001844.0,2022-05-13 20:00:00 CEST,0.5,12.5,,0.0,0.0,"[{none}]"
9000001844.0,2022-05-13 21:00:00 CEST,0.5,4.0,1.0,0.0,0.0,"[1.0, 2.0]"
""".format(some=", ".join(["0.0"] * 6 + ["70.0", "29.9"] + ["0.0"] * 16 + ["0.1"]), none=", ".join(["0.0"] * 25))


def test_counts_and_shares_become_traffic_bins(tmp_path: Path) -> None:
    recording = load_recording([write(tmp_path, "traffic.csv", TELRAAM)], load_mapping("telraam"))
    bins = {
        (reading.t.hour, reading.vehicle_class): reading
        for reading in recording.readings
        if isinstance(reading, TrafficBin) and reading.t is not None
    }
    car = bins[16, "car"]
    assert (car.sensor, car.period_s, car.uptime, car.open_top) == ("telraam-9000001844", 3600, 0.47, True)
    assert sum(car.counts) == 635.54
    assert car.counts[6] == pytest.approx(0.7 * 635.54, abs=1e-4)
    assert (len(car.counts), len(car.upper_edges_kmh), car.upper_edges_kmh[-1]) == (25, 24, 120.0)
    assert (bins[16, "heavy"].upper_edges_kmh, bins[16, "heavy"].counts) == ((), (87.8,))
    # Uptime 0 is sent as such: unknown, not an empty street. Shares that are all 0 tell no speeds.
    assert (bins[17, "car"].uptime, bins[17, "car"].counts) == (0.0, (0.0,))
    assert (bins[18, "car"].upper_edges_kmh, bins[18, "car"].counts) == ((), (12.5,))
    # An empty cell is unknown: no reading. A row with a bad histogram loses its cars alone, and says why.
    assert (18, "heavy") not in bins
    assert (19, "car") not in bins
    assert (19, "heavy") in bins
    assert [(row.row, row.reason.partition(":")[0]) for row in recording.rejected] == [(5, "car_speed_hist_0to120plus")]


PARIS = TimeColumn("date", "%Y-%m-%d %H:%M:%S %Z", ZoneInfo("Europe/Paris"))
COPENHAGEN = TimeColumn("HourDK", "iso", ZoneInfo("Europe/Copenhagen"))


@pytest.mark.parametrize(
    ("column", "texts", "hours"),
    [
        (PARIS, ["2022-10-30 01:00:00 CEST", "2022-10-30 02:00:00 CEST", "2022-10-30 02:00:00 CET"], [23, 0, 1]),
        # As one source labels them: both CET.
        (PARIS, ["2022-10-30 01:00:00 CEST", "2022-10-30 02:00:00 CET", "2022-10-30 02:00:00 CET"], [23, 0, 1]),
        (PARIS, ["2022-10-30 02:00:00 CET"], [1]),
        (PARIS, ["2022-10-30 02:00:00 CEST"], [0]),
        (PARIS, ["2022-03-27 01:00:00 CET", "2022-03-27 03:00:00 CEST"], [0, 1]),
        (COPENHAGEN, ["2022-10-30T01:00", "2022-10-30T02:00", "2022-10-30T02:00", "2022-10-30T03:00"], [23, 0, 1, 2]),
        # Newest first, as some exports are.
        (COPENHAGEN, ["2022-10-30T03:00", "2022-10-30T02:00", "2022-10-30T02:00", "2022-10-30T01:00"], [2, 1, 0, 23]),
        (COPENHAGEN, ["2022-10-30T02:00"], [0]),
        (TimeColumn("t"), ["2022-10-30T02:00:00+02:00"], [0]),
        (TimeColumn("t", "%d.%m.%Y %H:%M"), ["30.10.2022 02:00"], [2]),
    ],
)
def test_local_times(column: TimeColumn, texts: list[str], hours: list[int]) -> None:
    times = column_times(texts, column)
    assert [time.hour for time in times if isinstance(time, datetime)] == hours
    assert len(set(times)) == len(times)


@pytest.mark.parametrize(
    ("column", "text", "expected"),
    [
        (COPENHAGEN, "2022-03-27T02:30", "that the clock of Europe/Copenhagen shows"),
        (COPENHAGEN, "27/3 2022", "format iso"),
        (PARIS, "2022-03-27 01:00:00 EST", "abbreviation"),
    ],
)
def test_times_that_are_none(column: TimeColumn, text: str, expected: str) -> None:
    (found,) = column_times([text], column)
    assert isinstance(found, Unreadable)
    assert expected in found.expected


def test_rows_stamped_with_their_end(tmp_path: Path) -> None:
    text = """
        [time]
        column = "t"
        interval_s = 900
        stamps = "end"
        [[reading]]
        kind = "weather"
        sensor = "station-{place}"
        [reading.fields.temp_c]
        column = "F"
        factor = 0.5
        offset = -16
    """
    path = write(
        tmp_path, "x.csv", "t,place,F\n2024-01-01T00:15:00,roof,50\nyesterday,roof,1\n2024-01-01T00:30,roof,x\n"
    )
    recording = load_recording([path], parse_mapping(text))
    assert recording.readings == [Weather(sensor="station-roof", t=at("2024-01-01 00:00"), temp_c=9.0)]
    assert [(row.row, row.reason.partition(":")[0]) for row in recording.rejected] == [(3, "t"), (4, "F")]


METERED = """
[time]
column = "tid"
format = "%d-%m-%Y %H:%M"
interval_s = 3600
[[reading]]
kind = "meter"
sensor = "skole-el"
constants = { medium = "electricity" }
[reading.registers.import_wh]
column = "kWh"
factor = 1000
"""


def test_a_negative_amount_costs_its_own_row_alone(tmp_path: Path) -> None:
    """It must not make the register fall: what follows would be booked as after a reset, or be refused."""
    rows = ["01-11-2026 00:00,1.5", "01-11-2026 01:00,-5", "01-11-2026 02:00,2"]
    path = write(tmp_path, "x.csv", "\n".join(["tid,kWh", *rows]))
    recording = load_recording([path], parse_mapping(METERED))
    shown = [reading.import_wh for reading in recording.readings if isinstance(reading, Meter)]
    assert shown == [0.0, 1500.0, 1500.0, 3500.0]
    assert [(row.row, row.reason) for row in recording.rejected] == [
        (3, "kWh: '-5' — expected an amount of 0 or more: it adds to a register")
    ]


def test_semicolons_and_decimal_commas(tmp_path: Path) -> None:
    """As Danish spreadsheets and meter portals write them; 1.5 could be 15 or one and a half, so it is neither."""
    rows = ["01-11-2026 00:00;1,5", "01-11-2026 01:00;1.234,25", "01-11-2026 02:00;1.5", '01-11-2026 03:00;"2"']
    path = write(tmp_path, "x.csv", "\ufeff" + "\r\n".join(["tid;kWh", *rows]))
    recording = load_recording([path], parse_mapping('delimiter = ";"\ndecimal = ","\n' + METERED))
    shown = [reading.import_wh for reading in recording.readings if isinstance(reading, Meter)]
    assert shown == [0.0, 1500.0, 1_235_750.0, 1_235_750.0, 1_237_750.0]
    assert [(row.row, row.reason) for row in recording.rejected] == [
        (4, "kWh: '1.5' — expected a number with a decimal comma")
    ]


def test_json_lines(tmp_path: Path) -> None:
    readings = [Weather(sensor="roof", t=at(f"2024-01-01 0{hour}:00"), temp_c=1.0) for hour in (3, 1, 2)]
    lines = [encode_reading(reading).decode() for reading in readings]
    lines += [
        '{"kind":"weather","sensor":"roof","temp_c":1}',
        '{"kind":"weather","sensor":"roof","t":"x","temp_c":1}',
        "",
    ]
    recording = load_recording([write(tmp_path, "r.jsonl.gz", "\n".join(lines))])
    assert recording.readings == sorted(readings, key=lambda one: format_time(one.t or at("1970-01-01")))
    assert [row.row for row in recording.rejected] == [4, 5]


def test_parquet(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow (extra parquet) is not installed")
    from pyarrow import parquet

    table = pyarrow.table({"datetime": ["2018-01-01 00:00:00"], "heating load [kWh]": [1.5]})
    parquet.write_table(table, tmp_path / "b31_gas.parquet")
    recording = load_recording([tmp_path / "b31_gas.parquet"], load_mapping("cambridge"))
    assert [reading.import_wh for reading in recording.readings if isinstance(reading, Meter)] == [0.0, 1500.0]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("b1_x.csv", "when,heating load [kWh]\n1,2\n", "no column 'datetime'"),
        ("b1_x.csv", "datetime,load\n1,2\n", "no readings"),
        ("house.csv", "datetime,load\n1,2\n", "expected a name like"),
        ("b1_x.csv", b"\xff\xfe", "UTF-8"),
    ],
)
def test_files_that_are_no_recording(tmp_path: Path, name: str, text: str | bytes, expected: str) -> None:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(RecordingError, match=expected):
        load_recording([path], load_mapping("cambridge"))
    with pytest.raises(RecordingError, match="mapping"):
        load_recording([path])


BASE = '[time]\ncolumn = "t"\n'
RULE = '[[reading]]\nkind = "weather"\nsensor = "s"\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = ", "mapping: Invalid value"),
        (RULE, "time = None — expected a table"),
        (BASE, "reading = None"),
        (f"delimiter = ';;'\n{BASE}{RULE}", "delimiter = ';;' — expected one character"),
        (f"decimal = ';'\n{BASE}{RULE}", "decimal = ';' — expected . or ,"),
        (f"{BASE}zon = 'UTC'\n{RULE}", "did you mean zone"),
        (f"{BASE}zone = 'Europe/Ballerup'\n{RULE}", "Europe/Ballerup' — expected a time zone"),
        (f"{BASE}interval_s = 0\n{RULE}", "whole seconds from 1"),
        (f"{BASE}stamps = 'end'\n{RULE}", "end with an interval_s"),
        (f"{BASE}{RULE}constants = {{ temp = 1 }}", "a field of weather; did you mean temp_c"),
        (f"{BASE}{RULE}[reading.registers.temp_c]\ncolumn = 'x'", "a register of the contract"),
        (
            f"{BASE}[[reading]]\nkind = 'meter'\nsensor = 's'\n[reading.registers.import_wh]\ncolumn = 'x'",
            "what it covers",
        ),
        (f"{BASE}[[reading]]\nkind = 'wind'\nsensor = 's'", "kind = 'wind' — expected one of lamp"),
        (f"{BASE}{RULE}[reading.fields.temp_c]\ncolumn = 'x'\nfactor = true", "factor = True — expected a number"),
        (f"file = '('\n{BASE}{RULE}", "a regular expression"),
    ],
)
def test_mappings_that_are_wrong(text: str, expected: str) -> None:
    with pytest.raises(MappingError) as caught:
        parse_mapping(text)
    assert expected in str(caught.value)


def test_the_shipped_mappings_are_right() -> None:
    assert set(shipped()) == {"telraam", "cambridge", "cambridge_weather"}
    for name in shipped():
        load_mapping(name)
    with pytest.raises(MappingError, match="cambridge"):
        load_mapping("no-such-file.toml")


@real
def test_cambridge_adds_up_to_the_source() -> None:
    files = sorted((DATA / "energy/cambridge").glob("b109_*_2018.csv.gz"))
    recording = load_recording(files, load_mapping("cambridge"))
    for path in files:
        rows = gzip.decompress(path.read_bytes()).decode().splitlines()[1:]
        medium = path.name.split("_")[1]
        last = [reading for reading in recording.readings if reading.sensor == f"cambridge-b109-{medium}"][-1]
        assert isinstance(last, Meter)
        assert last.import_wh == float(sum(Decimal(row.split(",")[1]) for row in rows) * 1000)


@real
def test_telraam_counts_are_the_sources() -> None:
    path = DATA / "traffic/telraam_chateaubourg/traffic.csv.gz"
    recording = load_recording([path], load_mapping("telraam"))
    assert recording.rejected == []
    assert len(recording.readings) == 4 * 16_729
    keys = {(one.sensor, one.t, one.vehicle_class) for one in recording.readings if isinstance(one, TrafficBin)}
    assert len(keys) == len(recording.readings), "two rows at one time: the doubled hour"
