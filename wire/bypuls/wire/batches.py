"""A batch: up to 500 readings of one device and epoch with contiguous sequence numbers.

One bad reading costs that reading alone: it is handed on as RefusedReading with its own bytes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bypuls.wire.codec import as_object, load, reading_of, unknown_field
from bypuls.wire.errors import BadField, Undecodable, UnknownVersion, WireError
from bypuls.wire.fields import check_id
from bypuls.wire.kinds import Reading
from bypuls.wire.times import format_time, in_utc, parse_time

VERSION = 1
MAX_READINGS = 500
MAX_BATCH_BYTES = 128 * 1024
MAX_MESSAGE_BYTES = 256 * 1024
MAX_SEQUENCE = 2**63 - 1
_FRAME = ("v", "device", "epoch", "first", "sent", "readings")


@dataclass(frozen=True, slots=True)
class RefusedReading:
    """A reading of a batch that does not keep the contract, with its own bytes as they came."""

    raw: bytes
    error: BadField


@dataclass(frozen=True, slots=True)
class Batch:
    """`readings[i]` has the sequence number `first + i`."""

    device: str
    epoch: str
    first: int
    sent: datetime
    readings: tuple[Reading | RefusedReading, ...]

    @property
    def last(self) -> int:
        """The last reading's sequence number."""
        return self.first + len(self.readings) - 1


def assemble_batch(device: str, epoch: str, first: int, sent: datetime, readings: Sequence[bytes]) -> bytes:
    """A batch's JSON from readings already encoded. Raises BadField for a bad frame, beyond 500 readings or 128 KB."""
    check_id("device", device)
    check_id("epoch", epoch)
    check_sequence("first", first)
    if not 1 <= len(readings) <= MAX_READINGS:
        raise BadField("readings", len(readings), f"1…{MAX_READINGS} readings")
    head = {"v": VERSION, "device": device, "epoch": epoch, "first": first, "sent": format_time(in_utc("sent", sent))}
    data = json.dumps(head, separators=(",", ":")).encode()[:-1] + b',"readings":[' + b",".join(readings) + b"]}"
    if len(data) > MAX_BATCH_BYTES:
        raise BadField("readings", len(data), f"at most {MAX_BATCH_BYTES} bytes in a batch")
    return data


def check_version(obj: dict[str, Any]) -> None:
    """Raises UnknownVersion where `v` isn't ours."""
    version = obj.get("v")
    if type(version) is not int or version != VERSION:
        raise UnknownVersion(version)


def check_sequence(field: str, value: object) -> int:
    """A sequence number, from 1. Raises BadField."""
    if type(value) is int and 1 <= value <= MAX_SEQUENCE:
        return value
    raise BadField(field, value, "a sequence number from 1")


def decode_batch(data: bytes) -> Batch:
    """The batch of `data`. One bad reading raises nothing. Raises Undecodable for a bad frame, UnknownVersion."""
    if len(data) > MAX_MESSAGE_BYTES:
        raise Undecodable(f"{len(data)} bytes — at most {MAX_MESSAGE_BYTES} in a message")
    try:
        obj = as_object("batch", load(data))
        check_version(obj)
        for name, value in obj.items():
            if name not in _FRAME:
                raise unknown_field(name, value, list(_FRAME))
        items = obj.get("readings")
        if not isinstance(items, list) or not 1 <= len(items) <= MAX_READINGS:
            raise BadField("readings", items, f"a list of 1…{MAX_READINGS} readings")
        first = check_sequence("first", obj.get("first"))
        check_sequence("first", first + len(items) - 1)
        frame = (
            check_id("device", obj.get("device")),
            check_id("epoch", obj.get("epoch")),
            first,
            parse_time("sent", obj.get("sent")),
        )
    except BadField as error:
        raise Undecodable(f"no batch: {error}") from error
    readings: list[Reading | RefusedReading] = []
    raws: list[bytes] | None = None
    for index, item in enumerate(items):
        try:
            readings.append(reading_of(item))
        except BadField as error:
            raws = raws or raw_readings(data)
            readings.append(RefusedReading(raws[index], error))
    return Batch(*frame, tuple(readings))


def raw_readings(data: bytes) -> list[bytes]:
    """The bytes of each reading of a batch as they came: looked for again only where one was refused."""
    text = data.decode("utf-8")
    decoder = json.JSONDecoder(parse_int=float)  # where a number ends is all that counts, however long it is
    at = _readings_at(text, decoder)
    slices: list[bytes] = []
    while True:
        at = _skip(text, at, " \t\r\n,")
        if text[at] == "]":
            return slices
        _, end = decoder.raw_decode(text, at)
        slices.append(text[at:end].encode())
        at = end


def _readings_at(text: str, decoder: json.JSONDecoder) -> int:
    at = _skip(text, 0, " \t\r\n{")
    while True:
        key, at = decoder.raw_decode(text, _skip(text, at, " \t\r\n,"))
        at = _skip(text, at, " \t\r\n:")
        if key == "readings":
            return at + 1
        _, at = decoder.raw_decode(text, at)


def _skip(text: str, at: int, characters: str) -> int:
    while text[at] in characters:
        at += 1
    return at


__all__ = ["MAX_BATCH_BYTES", "MAX_READINGS", "Batch", "RefusedReading", "WireError", "assemble_batch", "decode_batch"]
