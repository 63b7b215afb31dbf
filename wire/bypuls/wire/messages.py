"""What travels beside batches: receipts and commands to a device, its status to the platform."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from bypuls.wire.batches import VERSION, check_sequence, check_version
from bypuls.wire.codec import as_object, load, unknown_field
from bypuls.wire.errors import BadField, Undecodable
from bypuls.wire.fields import check_id
from bypuls.wire.times import format_time, parse_time

MAX_REASON = 300


@dataclass(frozen=True, slots=True)
class Refusal:
    """A sequence number that became a dead letter, and why."""

    seq: int
    reason: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the platform has taken over for good: `stored` [(first, last)], both inclusive, and what it refused."""

    epoch: str
    stored: tuple[tuple[int, int], ...]
    refused: tuple[Refusal, ...] = ()

    def encode(self) -> bytes:
        """The receipt's JSON."""
        obj: dict[str, Any] = {"v": VERSION, "epoch": self.epoch, "stored": [list(pair) for pair in self.stored]}
        obj["refused"] = [{"seq": r.seq, "reason": r.reason[:MAX_REASON]} for r in self.refused]
        return _dump(obj)


@dataclass(frozen=True, slots=True)
class Status:
    """Whether a device is connected; retained, and left as its last will with `online` false."""

    device: str
    online: bool
    epoch: str | None = None
    t: datetime | None = None
    version: str | None = None

    def encode(self) -> bytes:
        """The status's JSON."""
        obj: dict[str, Any] = {"v": VERSION, "device": self.device, "online": self.online}
        if self.epoch is not None:
            obj["epoch"] = self.epoch
        if self.t is not None:
            obj["t"] = format_time(self.t)
        if self.version is not None:
            obj["version"] = self.version
        return _dump(obj)


@dataclass(frozen=True, slots=True)
class Identify:
    """Asks a device to make itself known (blink its LED, write a log line)."""

    def encode(self) -> bytes:
        """The command's JSON."""
        return _dump({"v": VERSION, "command": "identify"})


@dataclass(frozen=True, slots=True)
class SendAgain:
    """Asks for readings that were receipted before: by epoch and sequence numbers, or all since `since`."""

    epoch: str | None = None
    first: int | None = None
    last: int | None = None
    since: datetime | None = None

    def __post_init__(self) -> None:
        if (self.since is None) == (self.epoch is None):
            raise BadField("command", self, "either epoch with from and to, or since")
        if self.epoch is not None:
            first, last = check_sequence("from", self.first), check_sequence("to", self.last)
            if last < first:
                raise BadField("to", last, f"a sequence number from {first}")
        elif self.first is not None or self.last is not None:
            raise BadField("since", self.since, "no from and to beside it")

    def encode(self) -> bytes:
        """The command's JSON."""
        obj: dict[str, Any] = {"v": VERSION, "command": "send_again"}
        if self.since is not None:
            obj["since"] = format_time(self.since)
        else:
            obj.update({"epoch": self.epoch, "from": self.first, "to": self.last})
        return _dump(obj)


Command = Identify | SendAgain


def decode_receipt(data: bytes) -> Receipt:
    """The receipt of `data`. Raises Undecodable, UnknownVersion, BadField."""
    obj = _message(data, ("v", "epoch", "stored", "refused"))
    stored = obj.get("stored", [])
    refused = obj.get("refused", [])
    if not isinstance(stored, list):
        raise BadField("stored", stored, "a list of [first, last]")
    if not isinstance(refused, list):
        raise BadField("refused", refused, "a list of refusals")
    return Receipt(check_id("epoch", obj.get("epoch")), tuple(map(_range, stored)), tuple(map(_refusal, refused)))


def decode_status(data: bytes) -> Status:
    """The status of `data`. Raises Undecodable, UnknownVersion, BadField."""
    obj = _message(data, ("v", "device", "online", "epoch", "t", "version"))
    online = obj.get("online")
    if type(online) is not bool:
        raise BadField("online", online, "true or false")
    version = obj.get("version")
    if version is not None and not (isinstance(version, str) and version.isprintable() and len(version) <= 64):
        raise BadField("version", version, "1–64 printable characters")
    return Status(
        device=check_id("device", obj.get("device")),
        online=online,
        epoch=check_id("epoch", obj["epoch"]) if "epoch" in obj else None,
        t=parse_time("t", obj["t"]) if "t" in obj else None,
        version=version,
    )


def decode_command(data: bytes) -> Command:
    """The command of `data`. Raises Undecodable, UnknownVersion, BadField."""
    obj = _message(data, ("v", "command", "epoch", "from", "to", "since"))
    command: Literal["identify", "send_again"] | Any = obj.get("command")
    if command == "identify":
        return Identify()
    if command == "send_again":
        epoch = check_id("epoch", obj["epoch"]) if "epoch" in obj else None
        since = parse_time("since", obj["since"]) if "since" in obj else None
        return SendAgain(epoch=epoch, first=obj.get("from"), last=obj.get("to"), since=since)
    raise BadField("command", command, "identify or send_again")


def ranges(numbers: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Rising whole numbers as inclusive ranges: 1 2 3 7 → (1, 3), (7, 7)."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return tuple((first, last) for first, last in found)


def _dump(obj: dict[str, Any]) -> bytes:
    return json.dumps(obj, separators=(",", ":"), ensure_ascii=False).encode()


def _message(data: bytes, known: Sequence[str]) -> dict[str, Any]:
    try:
        obj = as_object("message", load(data))
    except BadField as error:
        raise Undecodable(str(error)) from error
    check_version(obj)
    for name, value in obj.items():
        if name not in known:
            raise unknown_field(name, value, list(known))
        if value is None:
            raise BadField(name, None, "no null: leave out what is unknown")
    return obj


def _range(value: object) -> tuple[int, int]:
    if isinstance(value, list) and len(value) == 2:
        first, last = check_sequence("stored", value[0]), check_sequence("stored", value[1])
        if first <= last:
            return first, last
    raise BadField("stored", value, "[first, last] with first ≤ last")


def _refusal(value: object) -> Refusal:
    obj = as_object("refused", value)
    reason = obj.get("reason")
    if set(obj) != {"seq", "reason"} or not isinstance(reason, str):
        raise BadField("refused", value, "{seq, reason}")
    return Refusal(check_sequence("seq", obj["seq"]), reason)
