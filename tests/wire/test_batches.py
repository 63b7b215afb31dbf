"""Batches: what the frame must hold, and that one bad reading costs itself alone, with its own bytes."""

from __future__ import annotations

import itertools
import json
import time
import tracemalloc
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bypuls.wire import (
    BadField,
    Batch,
    Passage,
    RefusedReading,
    Undecodable,
    UnknownVersion,
    Weather,
    assemble_batch,
    decode_batch,
    encode_reading,
)
from bypuls.wire.batches import MAX_BATCH_BYTES, MAX_MESSAGE_BYTES, MAX_SEQUENCE

SENT = datetime(2026, 11, 23, 8, 15, 2, 120_000, tzinfo=UTC)
HEAD = b'{"v":1,"device":"pi-0042","epoch":"7c9e","first":1812,"sent":"2026-11-23T08:15:02.120Z","readings":['
GOOD = b'{"kind":"weather","sensor":"s","temp_c":1}'
FRAME: dict[str, Any] = json.loads(HEAD + GOOD + b"]}")


def batch_of(*readings: bytes, between: bytes = b",") -> bytes:
    return HEAD + between.join(readings) + b"]}"


def refused(batch: Batch) -> dict[int, RefusedReading]:
    return {i: reading for i, reading in enumerate(batch.readings) if isinstance(reading, RefusedReading)}


def test_a_batch_travels_unchanged() -> None:
    readings = tuple(
        Passage(sensor="s", t=SENT.replace(microsecond=i), speed_kmh=50.0 + i / 7, direction="toward")
        for i in range(500)
    )
    data = assemble_batch("pi-0042", "7c9e", 1812, SENT, [encode_reading(reading) for reading in readings])
    assert decode_batch(data) == Batch("pi-0042", "7c9e", 1812, SENT, readings)
    assert decode_batch(data).last == 2311
    assert data.startswith(
        b'{"v":1,"device":"pi-0042","epoch":"7c9e","first":1812,"sent":"2026-11-23T08:15:02.120000Z"'
    )


def test_one_bad_reading_among_500_costs_that_reading_alone() -> None:
    bad = b'{ "kind" :\t"weather",\n  "sensor":"s",  "temp_c": 1E3 }'
    readings = [GOOD.replace(b":1}", b":%d}" % (i % 50)) for i in range(500)]
    readings[317] = bad
    batch = decode_batch(batch_of(*readings, between=b" ,\r\n"))
    assert len(batch.readings) == 500
    assert refused(batch).keys() == {317}
    assert refused(batch)[317].raw == bad
    assert str(refused(batch)[317].error) == "temp_c: 1000.0 — expected a number within -60…60 °C"
    assert batch.readings[316] == Weather(sensor="s", temp_c=16.0)
    assert batch.readings[318] == Weather(sensor="s", temp_c=18.0)


BAD = [
    b"null",
    b"5",
    b"-1.5e3",
    b"true",
    b"NaN",
    b"-Infinity",
    b'"]"',
    b'"},{"',
    b'"\\"readings\\":["',
    b'"\\\\"',
    b"[]",
    b"{}",
    b"[[1,[2,[3]]],{}]",
    b'{"kind":"weather","sensor":"s","temp_c":{"readings":[1,2]}}',
    b'{"kind":"weather","sensor":"s]","temp_c":1}',
    b'{"kind":"weather","sensor":"s","temp_c":1,"temp_c":2}',
    b'{"kind":"weather","sensor":"s","temp_c":{"a":1,"a":2}}',
    b'{"kind":"weather","sensor":"s","temp_c":1,"note":"a \\u005d ] \\" [ { readings"}',
    b'{"kind":"weather","sensor":"s","temp_c":1,"note":"\\ud800"}',
    '{"kind":"weather","sensor":"Måløv – 😀","temp_c":1}'.encode(),
    b'{"kind":"weather","sensor":"s","temp_c":1' + b"0" * 5000 + b"}",
    b'{"kind":"weather","sensor":"s","temp_c":NaN}',
    b'{"kind":"weather","sensor":"s","temp_c":1e999}',
    b'{"kind":"weather","sensor":"s","\\ud800":1}',
    b'{\n\t"kind" : "weather" , "sensor" : "s" , "temp_c" : null\r\n}',
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: repr(bad)[2:40])
def test_bad_readings_are_handed_on_as_they_came(bad: bytes) -> None:
    batch = decode_batch(batch_of(GOOD, bad, GOOD, bad))
    assert {i: reading.raw for i, reading in refused(batch).items()} == {1: bad, 3: bad}
    assert batch.readings[0] == batch.readings[2] == Weather(sensor="s", temp_c=1.0)
    for reading in refused(batch).values():
        str(reading.error).encode()


@given(
    st.lists(st.sampled_from([*BAD, GOOD]), min_size=1, max_size=12),
    st.sampled_from([b",", b" , ", b"\n,\t"]),
    st.permutations(list(FRAME)),
)
def test_every_slice_is_right_in_any_order_of_keys(readings: list[bytes], between: bytes, names: list[str]) -> None:
    frame = {name: json.dumps(value).encode() for name, value in FRAME.items()}
    frame["readings"] = b"[ " + between.join(readings) + b"\n]"
    data = b"{ " + b" ,".join(b'"%s" : %s' % (name.encode(), frame[name]) for name in names) + b"} \n"
    batch = decode_batch(data)
    assert (batch.device, batch.epoch, batch.first, batch.sent) == ("pi-0042", "7c9e", 1812, SENT)
    assert {i: r.raw for i, r in refused(batch).items()} == {i: raw for i, raw in enumerate(readings) if raw != GOOD}


def test_the_name_readings_elsewhere_misleads_nobody() -> None:
    # Escaped, it is the same key.
    escaped = batch_of(b"5").replace(b'"readings"', rb'"read\u0069ngs"')
    assert refused(decode_batch(escaped))[0].raw == b"5"
    data = b'{"readings":[5,{"readings":[6]}],' + HEAD[1:].replace(b',"readings":[', b"}")
    assert [reading.raw for reading in refused(decode_batch(data)).values()] == [b"5", b'{"readings":[6]}']


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("device", None, "an id"),
        ("device", "Pi 42", "an id"),
        ("device", "pi/../x", "an id"),
        ("epoch", "", "an id"),
        ("epoch", 7, "an id"),
        ("first", 0, "a sequence number from 1"),
        ("first", -1, "a sequence number from 1"),
        ("first", 1.0, "a sequence number from 1"),
        ("first", True, "a sequence number from 1"),
        ("first", "1", "a sequence number from 1"),
        ("first", 2**63, "a sequence number from 1"),
        ("first", 10**400, "a sequence number from 1"),
        ("sent", "2026-11-23T08:15:02+01:00", "UTC like"),
        ("sent", None, "UTC like"),
        ("readings", [], "a list of 1…500 readings"),
        ("readings", [1] * 501, "a list of 1…500 readings"),
        ("readings", [1] * 5001, "a list of 1…500 readings"),
        ("readings", {}, "a list of 1…500 readings"),
        ("readings", None, "a list of 1…500 readings"),
        ("reading", [], "did you mean readings?"),
        ("note", 1, "only v, device, epoch, first, sent, readings"),
        ("\ud800", 1, "only v, device, epoch, first, sent, readings"),
    ],
)
def test_a_bad_frame_is_no_batch(field: str, value: object, expected: str) -> None:
    with pytest.raises(Undecodable) as refusal:
        decode_batch(json.dumps(FRAME | {field: value}).encode())
    message = str(refusal.value)
    assert message.startswith(f"no batch: {field}: " if field.isprintable() else "no batch: '")
    assert expected in message
    assert len(message.encode()) < 300


@pytest.mark.parametrize("missing", ["device", "epoch", "first", "sent", "readings"])
def test_the_frame_is_complete(missing: str) -> None:
    with pytest.raises(Undecodable, match=f"^no batch: {missing}: None"):
        decode_batch(json.dumps({name: value for name, value in FRAME.items() if name != missing}).encode())


def test_the_last_sequence_number_is_one_too() -> None:
    frame = FRAME | {"first": MAX_SEQUENCE}
    assert decode_batch(json.dumps(frame).encode()).last == MAX_SEQUENCE
    with pytest.raises(Undecodable, match="first"):
        decode_batch(json.dumps(frame | {"readings": [1, 2]}).encode())


@pytest.mark.parametrize("name", list(FRAME))
def test_a_key_of_the_frame_stands_once(name: str) -> None:
    doubled = HEAD + GOOD + b"]," + json.dumps({name: FRAME[name]}).encode()[1:]
    with pytest.raises(Undecodable, match=f"^no batch: {name}: .* expected each field once"):
        decode_batch(doubled)


@pytest.mark.parametrize("version", [None, 0, 2, 1.0, True, "1", [1], 10**400])
def test_another_version_is_not_read(version: object) -> None:
    with pytest.raises(UnknownVersion):
        decode_batch(json.dumps(FRAME | {"v": version, "future": 1}).encode())


@pytest.mark.parametrize("value", [b"null", b"[]", b"5", b'"batch"', b"NaN"])
def test_a_batch_is_an_object(value: bytes) -> None:
    with pytest.raises(Undecodable, match="expected a JSON object"):
        decode_batch(value)


def test_a_batch_is_not_put_together_from_what_cannot_be_read() -> None:
    cases: list[tuple[str, str, int, datetime, list[bytes]]] = [
        ("Pi", "e", 1, SENT, [GOOD]),
        ("d", "", 1, SENT, [GOOD]),
        ("d", "e", 0, SENT, [GOOD]),
        ("d", "e", 1, SENT.replace(tzinfo=None), [GOOD]),
        ("d", "e", 1, SENT, []),
        ("d", "e", 1, SENT, [GOOD] * 501),
        ("d", "e", 1, SENT, [b'"' + b"x" * MAX_BATCH_BYTES + b'"']),
    ]
    for case, field in zip(cases, ["device", "epoch", "first", "sent", *["readings"] * 3], strict=True):
        with pytest.raises(BadField) as refusal:
            assemble_batch(*case)
        assert refusal.value.field == field


def deep(levels: int) -> bytes:
    return batch_of(GOOD, GOOD.replace(b":1", b":" + b"[" * levels + b"]" * levels))


def test_nesting_at_the_interpreters_limit_stays_a_wire_error() -> None:
    """Just below the limit the message can be read but no longer shown: that must not escape either."""
    outcomes = []
    for levels in range(900, 1010):
        try:
            outcomes.append(len(refused(decode_batch(deep(levels)))))
        except Undecodable:
            outcomes.append(0)
    assert set(outcomes) == {0, 1}
    assert outcomes == sorted(outcomes, reverse=True)


FULL = MAX_MESSAGE_BYTES - 300
HOSTILE = {
    "brackets": b"[" * MAX_MESSAGE_BYTES,
    "objects": b'{"a":' * (MAX_MESSAGE_BYTES // 5),
    "a batch of brackets": HEAD + b"[" * FULL,
    "a string": batch_of(b'"' + b"x" * FULL + b'"'),
    "a long name": batch_of(b'{"kind":"weather","sensor":"s","' + b"temp_c" * (FULL // 7) + b'":1}'),
    "long names": batch_of(*[b'{"kind":"meter","sensor":"s","' + b"import_wh" * 50 + b'":1}'] * 500),
    "near names": batch_of(*[b'{"kind":"meter","sensor":"s","import_wh_return_temp_cc%d":1}' % i for i in range(500)]),
    "many names": batch_of(b"{" + b",".join(b'"k%d":1' % i for i in range(FULL // 12)) + b"}"),
    "one name again and again": batch_of(b"{" + b",".join([b'"k":1'] * (FULL // 6)) + b"}"),
    "a number": batch_of(b"9" * FULL),
    "numbers that are still read": batch_of(*[b"9" * 4299] * (FULL // 4300)),
    "a fraction": batch_of(b"0." + b"9" * FULL),
    "an exponent": batch_of(b"1e" + b"9" * FULL),
    "counts": batch_of(
        b'{"kind":"traffic_bin","sensor":"s","period_s":9,"upper_edges_kmh":[],"counts":['
        + b",".join([b"1"] * (FULL // 3))
        + b"]}"
    ),
    "empty lists": batch_of(b",".join([b"[]"] * (FULL // 3))),
    "escapes": batch_of(b'"' + rb"\ud800" * (FULL // 6) + b'"'),
    "blanks": HEAD + b" " * FULL + GOOD + b"]}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_message_costs_little(name: str) -> None:
    """Bounded generously: what is quadratic in 256 KB takes minutes, and what is linear some milliseconds."""
    data = HOSTILE[name]
    assert len(data) <= MAX_MESSAGE_BYTES
    tracemalloc.start()
    began = time.process_time()
    try:
        told = [str(reading.error) for reading in refused(decode_batch(data)).values()]
    except Undecodable as error:
        told = [str(error)]
    spent, peak = time.process_time() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert all(len(text) < 600 for text in told)
    assert spent < 2.0
    assert peak < 20_000_000


def test_a_message_that_is_too_long_is_not_even_read() -> None:
    with pytest.raises(Undecodable, match=f"{MAX_MESSAGE_BYTES + 1} bytes — at most {MAX_MESSAGE_BYTES} in a message"):
        decode_batch(b"{" * (MAX_MESSAGE_BYTES + 1))


def test_sequence_numbers_follow_the_place_in_the_batch() -> None:
    batch = decode_batch(batch_of(GOOD, b"5", GOOD))
    numbers = itertools.count(batch.first)
    assert [n for n, reading in zip(numbers, batch.readings, strict=False) if isinstance(reading, RefusedReading)] == [
        1813
    ]
    assert batch.last == 1814
