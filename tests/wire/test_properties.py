"""What holds for every reading: it travels unchanged, and the committed schemas and the codec agree about it."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from bypuls.wire import KINDS, Reading, WireError, decode_batch, decode_reading, encode_reading
from bypuls.wire.fields import Spec
from bypuls.wire.messages import decode_command, decode_receipt, decode_status
from bypuls.wire.schema import FOLDER
from bypuls.wire.topics import parse_topic

VALIDATORS = {
    path.name.removesuffix(".schema.json"): Draft202012Validator(json.loads(path.read_text(encoding="utf-8")))
    for path in FOLDER.glob("*.schema.json")
}

ids = st.text("az09-", min_size=1, max_size=63).map(lambda text: text.lstrip("-") or "a")
moments = st.datetimes(timezones=st.just(UTC)).map(lambda t: t.replace(fold=0))
printable = st.characters(exclude_categories=("C", "Z")) | st.just(" ")


def numbers(spec: Spec) -> st.SearchStrategy[float]:
    whole = st.integers(int(spec.low), int(spec.high)).map(float)
    return st.floats(spec.low, spec.high) | whole | st.sampled_from([float(spec.low), float(spec.high)])


def values_of(spec: Spec) -> st.SearchStrategy[object]:
    """Whatever a field of `spec` may hold."""
    match spec.role:
        case "gauge" | "register":
            return numbers(spec)
        case "count":
            return st.integers(int(spec.low), int(spec.high))
        case "flag":
            return st.booleans()
        case "choice":
            return st.sampled_from(spec.choices)
        case "name":
            return ids
        case "text":
            return st.text(printable, min_size=1, max_size=int(spec.high))
        case "events":
            return st.lists(st.sampled_from(spec.choices), unique=True).map(tuple)
        case "ids":
            return st.lists(ids, unique=True, max_size=5).map(tuple)
        case "phases":
            return st.lists(numbers(spec), min_size=1, max_size=3).map(tuple)
        case "edges":
            return st.lists(numbers(spec), unique=True, max_size=12).map(lambda edges: tuple(sorted(edges)))
        case "counts":
            return st.lists(numbers(spec), min_size=1, max_size=12).map(tuple)


@st.composite
def readings(draw: st.DrawFn, cls: type[Reading]) -> Reading:
    required = {name: values_of(spec) for name, spec in cls.specs.items() if spec.required}
    optional = {name: values_of(spec) for name, spec in cls.specs.items() if not spec.required}
    fields: dict[str, Any] = draw(st.fixed_dictionaries(required, optional=optional))
    if cls.kind == "traffic_bin":
        edges = fields["upper_edges_kmh"]
        fields["open_top"] = fields.get("open_top") or not edges
        size = len(edges) + fields["open_top"]
        counts = values_of(cls.specs["counts"])
        fields["counts"] = (draw(counts) * size)[:size]
    if all(name in cls.key for name in fields):
        name = draw(st.sampled_from([name for name in cls.specs if name not in cls.key]))
        fields[name] = draw(values_of(cls.specs[name]))
    return cls(sensor=draw(ids), t=draw(st.none() | moments), **fields)


any_reading = st.sampled_from(list(KINDS.values())).flatmap(readings)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_reading_travels_unchanged_and_the_schemas_know_it(kind: str, data: st.DataObject) -> None:
    reading = data.draw(readings(KINDS[kind]))
    encoded = encode_reading(reading)
    again = decode_reading(encoded)
    assert type(again) is type(reading)
    assert repr(again) == repr(reading)  # tells -0.0 from 0.0, and 43 from 43.0
    assert again == reading
    assert encode_reading(again) == encoded
    sent = json.loads(encoded)
    VALIDATORS[kind].validate(sent)
    assert VALIDATORS["reading"].is_valid(sent)


junk = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=70),
    st.sampled_from(
        [
            "",
            "43",
            "a\x00b",
            "\u202e",
            "toward",
            "heat",
            "s-1",
            "\ud800",
            "2026-11-23T08:15:01Z",
            "2026-02-30T00:00:00Z",
        ]
    ),
    st.lists(st.integers(-1, 500) | st.floats(0, 500), max_size=14),
    st.lists(st.sampled_from(["lampFailure", "supplyLoss", "fire", "s-1", ""]), max_size=3),
    st.lists(st.none() | st.lists(st.none(), max_size=1), max_size=2),
    st.dictionaries(st.text(max_size=2), st.none(), max_size=2),
)


@given(reading=any_reading, value=junk, data=st.data())
@settings(max_examples=500, deadline=None)
def test_what_the_schema_refuses_the_codec_refuses(reading: Reading, value: object, data: st.DataObject) -> None:
    """The same said the other way round: whatever the codec takes is valid."""
    sent = json.loads(encode_reading(reading))
    name = data.draw(st.sampled_from(["kind", "sensor", "t", *reading.specs, "speed", "temp_f"]))
    if data.draw(st.booleans()):
        sent[name] = value
    else:
        assume(name in sent)
        del sent[name]
    kind = sent.get("kind")
    validator = VALIDATORS[kind] if isinstance(kind, str) and kind in KINDS else VALIDATORS["reading"]
    valid = validator.is_valid(sent)
    assert VALIDATORS["reading"].is_valid(sent) == valid
    try:
        taken = decode_reading(json.dumps(sent).encode())
    except WireError as error:
        event("refused by both" if not valid else "refused by the codec alone")
        str(error).encode()
    else:
        event("taken by both")
        assert valid, f"the codec took {sent} as {taken}"


FRAME = {"v": 1, "device": "d-1", "epoch": "e-1", "first": 1, "sent": "2026-11-23T08:15:02Z"}
MESSAGES: dict[str, list[dict[str, Any]]] = {
    "batch": [FRAME | {"readings": [{"kind": "weather", "sensor": "s-1", "temp_c": 1}]}],
    "receipt": [{"v": 1, "epoch": "e-1", "stored": [[1, 2], [4, 4]], "refused": [{"seq": 3, "reason": "late"}]}],
    "status": [
        {"v": 1, "device": "d-1", "online": True, "epoch": "e-1", "t": "2026-11-23T08:15:02Z", "version": "1"},
        {"v": 1, "device": "d-1", "online": False},
    ],
    "command": [
        {"v": 1, "command": "identify"},
        {"v": 1, "command": "send_again", "epoch": "e-1", "from": 1, "to": 9},
        {"v": 1, "command": "send_again", "since": "2026-11-23T08:15:02Z"},
    ],
}
DECODERS = {"batch": decode_batch, "receipt": decode_receipt, "status": decode_status, "command": decode_command}
message_junk = junk | st.sampled_from(
    [1, 0, 2**63, [], [[1, 2]], [[1]], [[0, 1]], [{"seq": 1, "reason": "r"}], [{"seq": 0, "reason": "r"}], "send_again"]
)


@pytest.mark.parametrize("message", MESSAGES)
@given(value=message_junk, data=st.data())
@settings(max_examples=100, deadline=None)
def test_messages_that_the_schema_refuses_the_codec_refuses(message: str, value: object, data: st.DataObject) -> None:
    sent = dict(data.draw(st.sampled_from(MESSAGES[message])))
    assert VALIDATORS[message].is_valid(sent)
    names = sorted({name for variant in MESSAGES[message] for name in variant} | {"extra"})
    name = data.draw(st.sampled_from(names))
    if data.draw(st.booleans()):
        sent[name] = value
    else:
        sent.pop(name, None)
    valid = VALIDATORS[message].is_valid(sent)
    try:
        taken = DECODERS[message](json.dumps(sent).encode())
    except WireError as error:
        str(error).encode()
        return
    # A bad reading is refused alone: its batch is taken.
    refused = message == "batch" and any(not isinstance(reading, Reading) for reading in taken.readings)
    assert valid or refused, f"the codec took {sent} as {taken}"


# Bytes that look like ours, so that the fuzz gets past the first brace.
STRUCTURE = [
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b'"',
    b"\\",
    b" ",
    b"\\ud800",
    b"\xff",
    b"\x00",
    b"null",
    b"true",
    b"NaN",
]
tokens = st.sampled_from(
    [
        *STRUCTURE,
        b"-Infinity",
        b"1e999",
        b"1",
        b"9" * 5000,
        b'"v"',
        b'"v":1',
        b'"kind":"meter"',
        b'"sensor":"s"',
        b'"readings":[',
        b'"device":"d"',
        b'"epoch":"e"',
        b'"first":1',
        b'"sent":"2026-11-23T08:15:02Z"',
        b'"stored":',
        b'"command":',
    ]
)
hostile = st.binary() | st.lists(tokens, max_size=24).map(b"".join)


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    """A good message with a few bytes replaced, taken out or put in."""
    name = draw(st.sampled_from(sorted(MESSAGES)))
    data = bytearray(json.dumps(draw(st.sampled_from(MESSAGES[name]))).encode())
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 4))] = draw(tokens | st.binary(max_size=3))
    return bytes(data)


@given(hostile | mangled())
@settings(max_examples=1000, deadline=None)
def test_no_bytes_raise_anything_but_a_wire_error(data: bytes) -> None:
    for decode in (decode_reading, decode_batch, decode_receipt, decode_status, decode_command):
        try:
            decode(data)
        except WireError as error:
            told = str(error).encode()
        else:
            told = b""
        assert len(told) < 2000


@given(st.text() | st.lists(st.sampled_from(["bypuls", "v1", "d", "readings", "", "+", "#", "$SYS"])).map("/".join))
def test_no_topic_raises_anything_but_a_wire_error(text: str) -> None:
    try:
        device, channel = parse_topic(text)
    except WireError as error:
        str(error).encode()
    else:
        assert text == f"bypuls/v1/{device}/{channel}"
