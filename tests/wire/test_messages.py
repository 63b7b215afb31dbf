"""Receipts, status, commands and topics: they travel unchanged, and what does not keep the contract is refused."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bypuls.wire import BadField, Identify, Receipt, Refusal, SendAgain, Status, Undecodable, UnknownVersion
from bypuls.wire.batches import MAX_BATCH_BYTES, MAX_MESSAGE_BYTES, MAX_SEQUENCE
from bypuls.wire.messages import MAX_REASON, decode_command, decode_receipt, decode_status, ranges
from bypuls.wire.topics import CHANNELS, every, parse_topic, topic

T = datetime(2026, 11, 23, 8, 15, 2, 120_000, tzinfo=UTC)
ids = st.text("az09-", min_size=1, max_size=63).map(lambda text: text.lstrip("-") or "a")
moments = st.datetimes(timezones=st.just(UTC))
sequences = st.integers(1, MAX_SEQUENCE)
spans = st.tuples(sequences, sequences).map(lambda pair: (min(pair), max(pair)))


@given(
    st.builds(
        Receipt,
        epoch=ids,
        stored=st.lists(spans, max_size=6).map(tuple),
        refused=st.lists(st.builds(Refusal, sequences, st.text(max_size=400)), max_size=3).map(tuple),
    )
)
def test_receipts_travel_unchanged(receipt: Receipt) -> None:
    assert decode_receipt(receipt.encode()) == receipt


versions = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=64)


@given(
    st.builds(
        Status,
        device=ids,
        online=st.booleans(),
        epoch=st.none() | ids,
        t=st.none() | moments,
        version=st.none() | versions,
    )
)
def test_status_travels_unchanged(status: Status) -> None:
    assert decode_status(status.encode()) == status


@given(
    st.just(Identify())
    | st.builds(SendAgain, since=moments)
    | st.builds(lambda epoch, span: SendAgain(epoch=epoch, first=span[0], last=span[1]), ids, spans)
)
def test_commands_travel_unchanged(command: Identify | SendAgain) -> None:
    assert decode_command(command.encode()) == command


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("x" * 400, "x" * MAX_REASON),
        ("lone \ud800 surrogate", "lone \\ud800 surrogate"),
        ("a\x00b\nc", "a\\x00b\\nc"),
        ("turned \u202e round", "turned \\u202e round"),
        ("expected 0…400 km/h — Måløv", "expected 0…400 km/h — Måløv"),
        ("", ""),
    ],
)
def test_a_reason_can_always_be_sent(reason: str, kept: str) -> None:
    receipt = Receipt("e", (), (Refusal(1, reason),))
    assert decode_receipt(receipt.encode()).refused == (Refusal(1, kept),)


def test_a_longer_reason_of_a_newer_platform_spoils_no_receipt() -> None:
    receipt = decode_receipt(json.dumps(RECEIPT | {"refused": [{"seq": 3, "reason": "x" * 5000}]}).encode())
    assert receipt.refused == (Refusal(3, "x" * MAX_REASON),)


@pytest.mark.parametrize("letter", ["x", "…", "😀", '"'])
def test_500_refusals_fit_into_a_receipt(letter: str) -> None:
    refused = tuple(Refusal(MAX_SEQUENCE - i, letter * 300) for i in range(500))
    data = Receipt("e" * 63, ((1, 2),), refused).encode()
    assert len(data) <= MAX_BATCH_BYTES
    assert [refusal.seq for refusal in decode_receipt(data).refused] == [refusal.seq for refusal in refused]
    assert all(refusal.reason for refusal in decode_receipt(data).refused)


def test_a_receipt_that_is_too_long_even_without_reasons_is_not_made() -> None:
    with pytest.raises(BadField, match="at most 131072 bytes in a receipt"):
        Receipt("e", tuple((i, i) for i in range(1, 30_000, 2))).encode()


RECEIPT: dict[str, Any] = {"v": 1, "epoch": "e", "stored": [[1, 2]], "refused": [{"seq": 3, "reason": "late"}]}
STATUS: dict[str, Any] = {"v": 1, "device": "d", "online": True}
AGAIN: dict[str, Any] = {"v": 1, "command": "send_again", "epoch": "e", "from": 3, "to": 9}
SINCE: dict[str, Any] = {"v": 1, "command": "send_again", "since": "2026-11-23T08:15:02Z"}


@pytest.mark.parametrize(
    ("message", "field", "value"),
    [
        (RECEIPT, "epoch", "E"),
        (RECEIPT, "epoch", None),
        (RECEIPT, "stored", None),
        (RECEIPT, "stored", {}),
        (RECEIPT, "stored", [1, 2]),
        (RECEIPT, "stored", [[2, 1]]),
        (RECEIPT, "stored", [[1]]),
        (RECEIPT, "stored", [[1, 2, 3]]),
        (RECEIPT, "stored", [[0, 1]]),
        (RECEIPT, "stored", [[True, 2]]),
        (RECEIPT, "stored", [[1.0, 2]]),
        (RECEIPT, "stored", [[1, 2**63]]),
        (RECEIPT, "refused", {}),
        (RECEIPT, "refused", [3]),
        (RECEIPT, "refused", [{"seq": 3}]),
        (RECEIPT, "refused", [{"seq": 3, "reason": 5}]),
        (RECEIPT, "refused", [{"seq": 3, "reason": "late", "more": 1}]),
        (RECEIPT, "store", [[1, 2]]),
        (STATUS, "device", "D"),
        (STATUS, "device", None),
        (STATUS, "online", 1),
        (STATUS, "online", "true"),
        (STATUS, "epoch", ""),
        (STATUS, "epoch", None),
        (STATUS, "t", "2026-11-23T08:15:02+01:00"),
        (STATUS, "t", None),
        (STATUS, "version", ""),
        (STATUS, "version", "1\x00"),
        (STATUS, "version", "1" * 65),
        (STATUS, "version", 1),
        (STATUS, "onlin", True),
        (AGAIN, "command", "reboot"),
        (AGAIN, "command", []),
        (AGAIN, "epoch", "E"),
        (AGAIN, "from", 0),
        (AGAIN, "from", 3.0),
        (AGAIN, "from", None),
        (AGAIN, "to", 2),
        (AGAIN, "to", True),
        (AGAIN, "first", 3),
        (SINCE, "since", "yesterday"),
        (SINCE, "since", 0),
        ({"v": 1, "command": "identify"}, "from", 3),
        ({"v": 1, "command": "identify"}, "since", "2026-11-23T08:15:02Z"),
    ],
)
def test_bad_fields_are_named(message: dict[str, Any], field: str, value: object) -> None:
    decode = decode_receipt if message is RECEIPT else decode_status if message is STATUS else decode_command
    decode(json.dumps(message).encode())
    with pytest.raises(BadField) as refusal:
        decode(json.dumps(message | {field: value}).encode())
    assert refusal.value.field == field


@pytest.mark.parametrize("reason", ["\ud800", "a\x00", "\u202e"])
def test_reasons_are_read_strictly(reason: str) -> None:
    with pytest.raises(BadField) as refusal:
        decode_receipt(json.dumps(RECEIPT | {"refused": [{"seq": 3, "reason": reason}]}).encode())
    assert refusal.value.field == "reason"


@pytest.mark.parametrize(
    ("beside"), [{"since": "2026-11-23T08:15:02Z"}, {"epoch": "e2", "since": "2026-11-23T08:15:02Z"}]
)
def test_send_again_takes_numbers_or_a_moment_never_both(beside: dict[str, str]) -> None:
    with pytest.raises(BadField):
        decode_command(json.dumps(AGAIN | beside).encode())
    with pytest.raises(BadField):
        decode_command(json.dumps({name: AGAIN[name] for name in ("v", "command")}).encode())
    with pytest.raises(BadField, match="since"):
        decode_command(json.dumps(SINCE | {"from": 3}).encode())


@pytest.mark.parametrize("decode", [decode_receipt, decode_status, decode_command])
def test_what_is_no_message_is_undecodable(decode: Any) -> None:
    for data in (b"", b"5", b"[]", b"null", b"\xff", b'{"v":1,"v":1}', b"[" * 100_000, b" " * (MAX_MESSAGE_BYTES + 1)):
        with pytest.raises(Undecodable):
            decode(data)
    for data in (b"{}", b'{"v":2,"new":1}', b'{"v":1.0}', b'{"v":true}'):
        with pytest.raises(UnknownVersion):
            decode(data)


def test_messages_check_themselves_when_they_are_made() -> None:
    naive = T.replace(tzinfo=None)
    with pytest.raises(BadField, match="epoch"):
        Receipt("E", ())
    with pytest.raises(BadField, match="stored"):
        Receipt("e", ((2, 1),))
    with pytest.raises(BadField, match="seq"):
        Refusal(0, "late")
    with pytest.raises(BadField, match="device"):
        Status("D", online=True)
    with pytest.raises(BadField, match=r"^t: "):
        Status("d", online=True, t=naive)
    with pytest.raises(BadField, match="since"):
        SendAgain(since=naive)
    with pytest.raises(BadField, match="epoch"):
        SendAgain(epoch="E", first=1, last=2)


@pytest.mark.parametrize(
    ("numbers", "found"),
    [
        ([], ()),
        ([5], ((5, 5),)),
        ([1, 2, 3, 7], ((1, 3), (7, 7))),
        ([1, 3, 5], ((1, 1), (3, 3), (5, 5))),
    ],
)
def test_ranges(numbers: list[int], found: tuple[tuple[int, int], ...]) -> None:
    assert ranges(numbers) == found


@given(st.sets(st.integers(1, 60)))
def test_ranges_hold_the_same_numbers(numbers: set[int]) -> None:
    found = ranges(sorted(numbers))
    assert {n for first, last in found for n in range(first, last + 1)} == numbers
    assert all(after[0] > before[1] + 1 for before, after in itertools.pairwise(found))


@pytest.mark.parametrize("channel", CHANNELS)
def test_topics_go_there_and_back(channel: Any) -> None:
    assert topic("pi-0042", channel) == f"bypuls/v1/pi-0042/{channel}"
    assert parse_topic(topic("pi-0042", channel)) == ("pi-0042", channel)
    assert every(channel) == f"bypuls/v1/+/{channel}"
    assert every(channel, share="ingest") == f"$share/ingest/bypuls/v1/+/{channel}"


@pytest.mark.parametrize("device", ["", "+", "#", "a/b", "Pi", "a" * 64, "$SYS", "a\n"])
def test_a_topic_holds_no_other_device(device: str) -> None:
    with pytest.raises(BadField):
        topic(device, "readings")
    with pytest.raises(BadField):
        parse_topic(f"bypuls/v1/{device}/readings")
    with pytest.raises(BadField):
        every("readings", share=device)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bypuls/v1/d",
        "bypuls/v1/d/",
        "bypuls/v2/d/readings",
        "bypuls/v1/d/readings/",
        "/bypuls/v1/d/readings",
        "bypuls/v1/d/reading",
        "Bypuls/v1/d/readings",
        "x/v1/d/readings",
        "$SYS/broker/uptime",
    ],
)
def test_other_topics_are_refused(text: str) -> None:
    with pytest.raises(BadField, match=r"^topic: "):
        parse_topic(text)
