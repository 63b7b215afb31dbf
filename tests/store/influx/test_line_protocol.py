"""Line protocol: one line that is read back as it was, and means what the client's own Point means."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from influxdb_client import Point, WritePrecision

from bypuls.store.influx.line_protocol import EARLIEST_US, LATEST_US, LINES, bin_lines, point
from bypuls.store.protocol import Bins
from bypuls.wire import Lamp, Meter, TrafficBin, to_us
from bypuls.wire.bins import QUARTER_US


def until(text: str, at: int, marks: str) -> int:
    """Where the first of `marks` stands that isn't escaped; the end where there is none."""
    while at < len(text) and text[at] not in marks:
        at += 2 if text[at] == "\\" else 1
    return at


def plain(text: str, escaped: str) -> str:
    for character in escaped:
        text = text.replace("\\" + character, character)
    return text


def parse(line: str) -> tuple[str, dict[str, str], dict[str, Any], int]:
    """A line as InfluxDB's reference describes it; a quote means something at a field value's beginning alone."""
    at = until(line, 0, ", ")
    measurement = plain(line[:at], ", ")
    tags: dict[str, str] = {}
    while line[at] == ",":
        equals = until(line, at + 1, "=")
        end = until(line, equals + 1, ", ")
        tags[plain(line[at + 1 : equals], ",= ")] = plain(line[equals + 1 : end], ",= ")
        at = end
    fields: dict[str, Any] = {}
    while not fields or line[at] == ",":
        equals = until(line, at + 1, "=")
        name = plain(line[at + 1 : equals], ",= ")
        if line[equals + 1] == '"':
            end = until(line, equals + 2, '"') + 1
            fields[name] = line[equals + 2 : end - 1].replace("\\\\", "\0").replace('\\"', '"').replace("\0", "\\")
        else:
            end = until(line, equals + 1, ", ")
            value = line[equals + 1 : end]
            fields[name] = value == "true" if value in ("true", "false") else float(value)
        at = end
    return measurement, tags, fields, int(line[at + 1 :])


_odd = st.sampled_from([",", "=", " ", "\\", '"', "a", "1", "-", "µ", "漢", "#", ":"])
_name = st.text(_odd, min_size=1, max_size=12).filter(lambda s: "\\" not in s)
_tag = st.text(_odd, min_size=1, max_size=12).filter(lambda s: "\\" not in s)
_text = st.text(st.one_of(_odd, st.characters().filter(str.isprintable)), max_size=30)
_value = st.one_of(_text, st.booleans(), st.floats(allow_nan=False, allow_infinity=False))
_time = st.integers(EARLIEST_US, LATEST_US - 1)


@given(
    _name.filter(lambda s: s[0] != "#"),
    st.dictionaries(_name, _tag, max_size=4),
    st.dictionaries(_name, _value, min_size=1, max_size=4),
    _time,
)
@example("a b", {"x,y": "= ,"}, {"f =": 'say "\\"', "g": "trailing\\", "h": -0.0}, 1)
def test_points_are_one_line_and_read_back(
    measurement: str, tags: dict[str, str], fields: dict[str, Any], t_us: int
) -> None:
    line = point(measurement, tags, fields, t_us)
    assert len(line.splitlines()) == 1
    assert parse(line) == (measurement, tags, fields, t_us)
    assert repr(parse(line)[2]) == repr(fields)  # 0.0 isn't -0.0, 1.0 isn't true
    theirs = Point.from_dict(
        {"measurement": measurement, "tags": tags, "fields": fields, "time": t_us}, WritePrecision.US
    )
    assert parse(theirs.to_line_protocol()) == parse(line)


@pytest.mark.parametrize("bad", ["two\nlines", "nul\0", "tab\there", "\u2028", "\ud800", "\r", "\u202e"])
def test_what_would_not_stay_one_line_is_refused(bad: str) -> None:
    for measurement, tags, fields in (
        (bad, {}, {"f": 1.0}),
        ("m", {"t": bad}, {"f": 1.0}),
        ("m", {bad: "t"}, {"f": 1.0}),
        ("m", {}, {"f": bad}),
        ("m", {}, {bad: 1.0}),
    ):
        with pytest.raises(ValueError, match="one line"):
            point(measurement, tags, fields, 0)


def test_what_no_point_can_hold_is_refused() -> None:
    for tags, fields in (({"t": "trailing\\"}, {"f": 1.0}), ({"t": "a\\,b"}, {"f": 1.0}), ({}, {"f\\": 1.0})):
        with pytest.raises(ValueError, match="backslash"):
            point("m", tags, fields, 0)
    with pytest.raises(ValueError, match="t: ''"):
        point("m", {"t": ""}, {"f": 1.0}, 0)
    with pytest.raises(ValueError, match="at least one"):
        point("m", {}, {}, 0)
    for value in (float("nan"), float("inf"), -float("inf")):
        with pytest.raises(ValueError, match=r"f: .* expected a number"):
            point("m", {}, {"f": value}, 0)


T = datetime(2026, 11, 23, 8, 15, 1, 412903, tzinfo=UTC)


def test_readings_as_lines() -> None:
    t_us = to_us(T)
    lamp = Lamp(sensor="lamp-1", t=T, on=True, power_w=43, temp_c=1e-7, faults=("lampFailure",))
    assert LINES["lamp"].line(lamp, t_us) == (
        f'lamp,sensor=lamp-1 on=true,power_w=43.0,temp_c=1e-07,faults="[\\"lampFailure\\"]" {t_us}'
    )
    meter = Meter(sensor="m-1", t=T, medium="heat", voltage_v=(230, 231.5), serial='A "1"\\')
    assert LINES["meter"].line(meter, t_us) == (
        f'meter,medium=heat,sensor=m-1 voltage_v="[230.0,231.5]",serial="A \\"1\\"\\\\" {t_us}'
    )
    counted = TrafficBin(sensor="r-1", t=T, period_s=900, direction="away", upper_edges_kmh=(50,), counts=(2,))
    measurement, tags, fields, _ = parse(LINES["traffic_bin"].line(counted, t_us))
    assert measurement == "traffic_bin"
    assert tags == {"sensor": "r-1", "period_s": "900", "direction": "away"}
    assert {name: json.loads(value) for name, value in fields.items()} == {"upper_edges_kmh": [50], "counts": [2]}


def test_bins_as_lines_leave_out_what_is_unknown() -> None:
    block = Bins(
        "meter",
        "m-1",
        np.array([0, QUARTER_US, 2 * QUARTER_US]),
        {
            "n": np.array([1.0, 2.0, np.nan]),
            "power_w_sum": np.array([np.nan, 0.1, np.nan]),
            "serial": np.array([None, "a,b", None], dtype=object),
        },
        {"medium": "heat"},
        asset="school-1",
    )
    assert list(bin_lines(block, 2)) == [
        "meter,asset=school-1,medium=heat,part=2,sensor=m-1 n=1.0 0",
        f'meter,asset=school-1,medium=heat,part=2,sensor=m-1 n=2.0,power_w_sum=0.1,serial="a,b" {QUARTER_US}',
    ]
    with pytest.raises(ValueError, match="n: infinite"):
        list(bin_lines(Bins("meter", "m-1", np.array([0]), {"n": np.array([np.inf])}), 0))
