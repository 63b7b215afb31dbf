"""What the codec refuses, one row per case: the field, the value and what was expected are named."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from bypuls.wire import BadField, Undecodable, WireError, decode_reading
from bypuls.wire.kinds import KINDS
from bypuls.wire.schema import kind_schema

# What makes a reading of each kind complete, so that the case's own field is all that is wrong.
COMPLETE = {
    "passage": {"speed_kmh": "50"},
    "traffic_bin": {"period_s": "900", "upper_edges_kmh": "[30,50]", "counts": "[2,3]"},
    "meter": {"medium": '"heat"', "power_w": "1"},
    "lamp": {"on": "true"},
    "cabinet": {"door_open": "false"},
    "weather": {"temp_c": "1"},
    "health": {"uptime_s": "1"},
}

NUMBER = "a number within -60…60 °C"
WHOLE = "a whole number within 1…86400 s"
TEXT = "1–64 printable characters"
RISING = "a rising list of at most 500 numbers within 0…400 km/h"
COUNTS = "a list of 1 to 501 numbers within 0…1000000 vehicles"
PHASES = "a list of 1 to 3 numbers within 0…500000 V"
ID = "an id: a–z, 0–9 and -"
TIME = "UTC like 2026-11-23T08:15:01.412903Z"
NOT_NULL = "no null: leave out what is unknown"

# kind, field, value as JSON, what was expected, whether the schema sees it too.
REFUSED = [
    # numbers that are none, or none of ours
    ("weather", "temp_c", "NaN", NUMBER, False),
    ("weather", "temp_c", "Infinity", NUMBER, True),
    ("weather", "temp_c", "-Infinity", NUMBER, True),
    ("weather", "temp_c", "1e999", NUMBER, True),
    ("weather", "temp_c", "-1e999", NUMBER, True),
    ("weather", "temp_c", str(2**64), NUMBER, True),
    ("weather", "temp_c", "1" + "0" * 400, NUMBER, True),
    ("weather", "temp_c", "1" + "0" * 5000, NUMBER, False),
    ("weather", "temp_c", "60.00000000000001", NUMBER, True),
    ("weather", "temp_c", "-61", NUMBER, True),
    ("weather", "temp_c", "true", NUMBER, True),
    ("weather", "temp_c", '"43"', NUMBER, True),
    ("weather", "temp_c", '""', NUMBER, True),
    ("weather", "temp_c", "[1]", NUMBER, True),
    ("weather", "temp_c", "{}", NUMBER, True),
    ("weather", "temp_c", "null", NOT_NULL, True),
    ("lamp", "energy_wh", "-1", "a number within 0…1e+15 Wh", True),
    ("lamp", "energy_wh", "1e16", "a number within 0…1e+15 Wh", True),
    ("lamp", "power_factor", "1.01", "a number within -1…1", True),
    ("passage", "speed_kmh", "400.5", "a number within 0…400 km/h", True),
    ("passage", "speed_kmh", "-0.1", "a number within 0…400 km/h", True),
    # whole numbers
    ("traffic_bin", "period_s", "5.0", WHOLE, False),
    ("traffic_bin", "period_s", "5.5", WHOLE, True),
    ("traffic_bin", "period_s", "0", WHOLE, True),
    ("traffic_bin", "period_s", "true", WHOLE, True),
    ("traffic_bin", "period_s", '"900"', WHOLE, True),
    ("traffic_bin", "period_s", "NaN", WHOLE, False),
    ("traffic_bin", "period_s", "1" + "0" * 400, WHOLE, True),
    ("traffic_bin", "period_s", "1" + "0" * 5000, WHOLE, False),
    ("traffic_bin", "period_s", "null", NOT_NULL, True),
    ("health", "dropped", "-1", "a whole number within 0…1e+15 rows", True),
    # true or false
    ("lamp", "on", "1", "true or false", True),
    ("lamp", "on", '"true"', "true or false", True),
    ("lamp", "on", "0.0", "true or false", True),
    ("lamp", "on", "null", NOT_NULL, True),
    # names
    ("passage", "direction", '"Toward"', "one of toward, away", True),
    ("passage", "direction", "1", "one of toward, away", True),
    ("passage", "direction", "[]", "one of toward, away", True),
    ("meter", "medium", '"oil"', "one of electricity, heat, gas, water", True),
    ("passage", "vehicle_class", '"Car"', ID, True),
    ("passage", "vehicle_class", '"car\\n"', ID, False),
    ("passage", "vehicle_class", '"' + "c" * 64 + '"', ID, True),
    ("passage", "vehicle_class", '"١"', ID, True),
    ("lamp", "sensor", '""', ID, True),
    ("lamp", "sensor", '"-lamp"', ID, True),
    ("lamp", "sensor", '"lamp/1"', ID, True),
    ("lamp", "sensor", '"lamp+"', ID, True),
    ("lamp", "sensor", "17", ID, True),
    ("lamp", "sensor", "null", NOT_NULL, True),
    # text
    ("meter", "serial", '""', TEXT, True),
    ("meter", "serial", "1", TEXT, True),
    ("meter", "serial", '"' + "1" * 65 + '"', TEXT, True),
    ("meter", "serial", '"a\\u0000b"', TEXT, True),
    ("meter", "serial", '"a\\nb"', TEXT, True),
    ("meter", "serial", '"\\u007f"', TEXT, True),
    ("meter", "serial", '"\\ud800"', TEXT, False),
    ("meter", "serial", '"\\udc00\\ud800"', TEXT, False),
    ("meter", "serial", '"12\\u202e34"', TEXT, True),
    ("meter", "serial", '"12\u202e34"', TEXT, True),
    ("meter", "serial", '"\\u2066"', TEXT, True),
    ("meter", "serial", '"\\u200f"', TEXT, True),
    ("meter", "serial", '"\\ufeff"', TEXT, False),
    ("meter", "serial", '"\\ue000"', TEXT, False),
    # lists
    ("lamp", "faults", '["lampFailure","lampFailure"]', "a list of different names out of", True),
    ("lamp", "faults", '["fire"]', "a list of different names out of", True),
    ("lamp", "faults", "[null]", "a list of different names out of", True),
    ("lamp", "faults", "[[]]", "a list of different names out of", True),
    ("lamp", "faults", '{"lampFailure":1}', "a list of different names out of", True),
    ("lamp", "faults", '"lampFailure"', "a list of different names out of", True),
    ("health", "failing", '["a","a"]', "a list of at most 200 different ids", True),
    ("health", "failing", '["A"]', ID, True),
    ("health", "failing", json.dumps([f"s{i}" for i in range(201)]), "a list of at most 200 different ids", True),
    ("meter", "voltage_v", "[]", PHASES, True),
    ("meter", "voltage_v", "[1,2,3,4]", PHASES, True),
    ("meter", "voltage_v", "230", PHASES, True),
    ("meter", "voltage_v", "[230,null]", "a list of 1 to 3 numbers", True),
    ("meter", "voltage_v", "[230,NaN]", "a list of 1 to 3 numbers", False),
    ("traffic_bin", "upper_edges_kmh", "[50,30]", RISING, False),
    ("traffic_bin", "upper_edges_kmh", "[30,30]", RISING, False),
    ("traffic_bin", "upper_edges_kmh", "[30,401]", RISING, True),
    ("traffic_bin", "upper_edges_kmh", json.dumps([i / 20 for i in range(5001)]), RISING, True),
    ("traffic_bin", "counts", "[]", COUNTS, True),
    ("traffic_bin", "counts", "[2,-1]", COUNTS, True),
    ("traffic_bin", "counts", json.dumps([1] * 5001), COUNTS, True),
    ("traffic_bin", "counts", "[2,3,4]", "2 counts for 2 edges", False),
    ("traffic_bin", "counts", "[2]", "2 counts for 2 edges", False),
    # time
    ("lamp", "t", "null", TIME, True),
    ("lamp", "t", "1795421701", TIME, True),
    ("lamp", "t", '"2026-11-23T08:15:01+01:00"', TIME, True),
    # fields that do not exist
    ("weather", "temp_f", "1", "no such field; did you mean temp_c?", True),
    ("passage", "speed_kph", "1", "no such field; did you mean speed_kmh?", True),
    ("lamp", "Sensor", '"a"', "no such field; did you mean sensor?", True),
    ("lamp", "level_pct ", "1", "no such field; did you mean level_pct?", True),
    ("passage", "number_plate", '"AB 12 345"', "only kind, sensor, t, speed_kmh", True),
    ("weather", "", "1", "only kind, sensor, t, temp_c", True),
]


def json_of(kind: str, fields: dict[str, str]) -> str:
    parts = {"kind": json.dumps(kind), "sensor": '"s-1"'} | fields
    return "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in parts.items()) + "}"


def shortened(value: object) -> str:
    return str(value)[:24]


@pytest.mark.parametrize(("kind", "field", "value", "expected", "seen"), REFUSED, ids=shortened)
def test_the_refusal_names_field_value_and_what_was_expected(
    kind: str, field: str, value: str, expected: str, seen: bool
) -> None:
    complete = json_of(kind, COMPLETE[kind])
    decode_reading(complete.encode())
    text = json_of(kind, COMPLETE[kind] | {field: value})
    with pytest.raises(BadField) as refusal:
        decode_reading(text.encode())
    message = str(refusal.value)
    assert refusal.value.field == field
    assert message.startswith(f"{field}: ")
    assert expected in refusal.value.expected
    assert refusal.value.expected in message
    assert len(message) < 600
    message.encode()  # it goes into receipts and dead letters
    if seen:
        assert not Draft202012Validator(kind_schema(KINDS[kind])).is_valid(json.loads(text))


@pytest.mark.parametrize("kind", COMPLETE)
@pytest.mark.parametrize("missing", ["sensor", "kind"])
def test_kind_and_sensor_are_always_there(kind: str, missing: str) -> None:
    reading = json.loads(json_of(kind, COMPLETE[kind]))
    del reading[missing]
    with pytest.raises(BadField) as refusal:
        decode_reading(json.dumps(reading).encode())
    assert refusal.value.field == missing


@pytest.mark.parametrize(
    ("kind", "missing"),
    [(kind, name) for kind, cls in KINDS.items() for name, spec in cls.specs.items() if spec.required],
)
def test_required_fields_are_named_when_they_are_missing(kind: str, missing: str) -> None:
    text = json_of(kind, {name: value for name, value in COMPLETE[kind].items() if name != missing})
    with pytest.raises(BadField) as refusal:
        decode_reading(text.encode())
    assert refusal.value.field == missing
    assert not Draft202012Validator(kind_schema(KINDS[kind])).is_valid(json.loads(text))


@pytest.mark.parametrize(
    "text",
    [json_of(kind, {}) for kind in ("lamp", "cabinet", "weather", "health")]
    + [json_of("meter", {"medium": '"heat"'}), json_of("lamp", {"t": '"2026-11-23T08:15:01Z"'})],
)
def test_a_reading_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(BadField, match="expected at least one of"):
        decode_reading(text.encode())
    kind = json.loads(text)["kind"]
    assert not Draft202012Validator(kind_schema(KINDS[kind])).is_valid(json.loads(text))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"upper_edges_kmh": "[30,50]", "counts": "[1,2]", "open_top": "true"}, "3 counts for 2 edges and an open top"),
        ({"upper_edges_kmh": "[30,50]", "counts": "[1,2,3]", "open_top": "false"}, "2 counts for 2 edges"),
        ({"upper_edges_kmh": "[]", "counts": "[1]"}, "true where there are no edges"),
    ],
)
def test_counts_match_their_classes(fields: dict[str, str], expected: str) -> None:
    with pytest.raises(BadField, match=expected):
        decode_reading(json_of("traffic_bin", {"period_s": "900"} | fields).encode())


def test_vehicles_may_be_counted_without_a_speed() -> None:
    text = json_of("traffic_bin", {"period_s": "900", "upper_edges_kmh": "[]", "counts": "[17]", "open_top": "true"})
    assert decode_reading(text.encode()).values()["counts"] == (17.0,)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('{"kind":"weather","sensor":"s","temp_c":1,"temp_c":1}', "temp_c"),
        ('{"kind":"weather","kind":"weather","sensor":"s","temp_c":1}', "kind"),
        (r'{"kind":"weather","sensor":"s","temp_c":1,"temp\u005fc":2}', "temp_c"),
        ('{"kind":"weather","sensor":"s","nonsense":1,"nonsense":2}', "nonsense"),
    ],
)
def test_a_key_stands_once(text: str, field: str) -> None:
    with pytest.raises(BadField, match="expected each field once") as refusal:
        decode_reading(text.encode())
    assert refusal.value.field == field


@pytest.mark.parametrize("value", ["null", "5", '"lamp"', "[]", "true", "NaN"])
def test_a_reading_is_an_object(value: str) -> None:
    with pytest.raises(BadField, match=r"^reading: .* expected a JSON object"):
        decode_reading(value.encode())


@pytest.mark.parametrize("kind", ["null", "5", "[]", "{}", '"Lamp"', '"bicycle"', '"\\ud800"', '""'])
def test_unknown_kinds_are_refused(kind: str) -> None:
    with pytest.raises(BadField, match="expected one of lamp, passage, traffic_bin, meter, cabinet, weather, health"):
        decode_reading(f'{{"kind":{kind},"sensor":"s"}}'.encode())


GOOD = b'{"kind":"weather","sensor":"s","temp_c":1}'


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b" \n", id="blank"),
        pytest.param(b"\xef\xbb\xbf" + GOOD, id="byte order mark"),
        pytest.param(GOOD.decode().encode("utf-16"), id="UTF-16"),
        pytest.param(GOOD.replace(b"s", b"\xe6", 1), id="Latin-1"),
        pytest.param(GOOD.replace(b'"s"', b'"\xed\xa0\x80"'), id="surrogate in UTF-8"),
        pytest.param(GOOD.replace(b'"s"', b'"\xc0\xaf"'), id="overlong"),
        pytest.param(GOOD.replace(b'"s"', b'"s\x00"'), id="NUL in a string"),
        pytest.param(GOOD + b"\x00", id="NUL behind"),
        pytest.param(GOOD + b"}", id="a brace too many"),
        pytest.param(GOOD + GOOD, id="two objects"),
        pytest.param(GOOD[:-1], id="cut"),
        pytest.param(GOOD[:-1] + b",}", id="trailing comma"),
        pytest.param(GOOD.replace(b'"', b"'"), id="single quotes"),
        pytest.param(GOOD.replace(b":1", b":01"), id="leading zero"),
        pytest.param(GOOD.replace(b":1", b":+1"), id="plus sign"),
        pytest.param(GOOD.replace(b":1", b":.5"), id="no leading zero"),
        pytest.param(GOOD.replace(b":1", b":0x1"), id="hexadecimal"),
        pytest.param(b"/* c */" + GOOD, id="comment"),
        pytest.param(b"[" * 10_000 + b"]" * 10_000, id="10,000 lists deep"),
        pytest.param(b'{"a":' * 10_000 + b"1" + b"}" * 10_000, id="10,000 objects deep"),
        pytest.param(b"[" * 131_072, id="128 KB of brackets"),
    ],
)
def test_bytes_that_are_no_json_are_undecodable(data: bytes) -> None:
    with pytest.raises(Undecodable) as refusal:
        decode_reading(data)
    assert len(str(refusal.value)) < 200


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("\ud800", r"'\ud800'"),
        ("speed_kmh\u202e", r"'speed_kmh\u202e'"),
        ("a\x00b", r"'a\x00b'"),
        ("x" * 100_000, "'" + "x" * 78 + "…"),
    ],
)
def test_names_that_a_sender_made_up_are_escaped_and_cut(name: str, shown: str) -> None:
    with pytest.raises(BadField) as refusal:
        decode_reading(json.dumps({"kind": "weather", "sensor": "s", name: 1}).encode())
    assert refusal.value.field == shown
    str(refusal.value).encode()


def test_whole_numbers_become_floats_and_floats_keep_every_bit() -> None:
    reading = decode_reading(b'{"kind":"lamp","sensor":"s","power_w":43,"current_a":0.1,"energy_wh":999999999999999.9}')
    assert reading.values() == {"power_w": 43.0, "energy_wh": 999999999999999.9, "current_a": 0.1}
    assert type(reading.values()["power_w"]) is float


def test_all_errors_are_the_senders() -> None:
    assert issubclass(WireError, ValueError)
