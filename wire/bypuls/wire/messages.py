"""What travels beside batches: receipts and commands to a device, its status to the platform."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bypuls.wire.batches import MAX_BATCH_BYTES, MAX_MESSAGE_BYTES, VERSION, check_sequence, check_version
from bypuls.wire.codec import as_object, load, unknown_field
from bypuls.wire.errors import BadField, Undecodable
from bypuls.wire.fields import check_id
from bypuls.wire.times import format_time, in_utc, parse_time

# Characters of a reason in a receipt: 500 of them still fit into 128 KB. The dead letter has it whole.
MAX_REASON = 180
MAX_VERSION = 64


@dataclass(frozen=True, slots=True)
class Refusal:
    """A sequence number that became a dead letter, and why: printable and short, whatever it quotes."""

    seq: int
    reason: str

    def __post_init__(self) -> None:
        check_sequence("seq", self.seq)
        if not self.reason.isprintable():
            object.__setattr__(self, "reason", "".join(map(_printable, self.reason)))
        object.__setattr__(self, "reason", self.reason[:MAX_REASON])


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the platform has taken over for good: `stored` [(first, last)], both inclusive, and what it refused."""

    epoch: str
    stored: tuple[tuple[int, int], ...]
    refused: tuple[Refusal, ...] = ()

    def __post_init__(self) -> None:
        check_id("epoch", self.epoch)
        for pair in self.stored:
            _range(pair)

    def encode(self) -> bytes:
        """The receipt's JSON, with reasons as long as 128 KB allow. Raises BadField where it is longer without them."""
        obj: dict[str, Any] = {"v": VERSION, "epoch": self.epoch, "stored": self.stored}
        for length in (MAX_REASON, 100, 30, 0):
            obj["refused"] = [{"seq": r.seq, "reason": r.reason[:length]} for r in self.refused]
            data = _dump(obj)
            if len(data) <= MAX_BATCH_BYTES:
                return data
        raise BadField("stored", len(data), f"at most {MAX_BATCH_BYTES} bytes in a receipt")


@dataclass(frozen=True, slots=True)
class Status:
    """Whether a device is connected; retained, and left as its last will with `online` false."""

    device: str
    online: bool
    epoch: str | None = None
    t: datetime | None = None
    version: str | None = None

    def __post_init__(self) -> None:
        check_id("device", self.device)
        if type(self.online) is not bool:
            raise BadField("online", self.online, "true or false")
        if self.epoch is not None:
            check_id("epoch", self.epoch)
        if self.t is not None:
            object.__setattr__(self, "t", in_utc("t", self.t))
        version = self.version
        if version is not None and not (
            isinstance(version, str) and 1 <= len(version) <= MAX_VERSION and version.isprintable()
        ):
            raise BadField("version", version, f"1–{MAX_VERSION} printable characters")

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
            check_id("epoch", self.epoch)
            first, last = check_sequence("from", self.first), check_sequence("to", self.last)
            if last < first:
                raise BadField("to", last, f"a sequence number from {first}")
        elif self.first is not None or self.last is not None:
            raise BadField("since", self.since, "no from and to beside it")
        else:
            object.__setattr__(self, "since", in_utc("since", self.since))

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
    return Status(
        device=obj.get("device"),  # type: ignore[arg-type]
        online=obj.get("online"),  # type: ignore[arg-type]  # what is no bool is refused there
        epoch=obj.get("epoch"),
        t=parse_time("t", obj["t"]) if "t" in obj else None,
        version=obj.get("version"),
    )


def decode_command(data: bytes) -> Command:
    """The command of `data`. Raises Undecodable, UnknownVersion, BadField."""
    obj = _message(data, ("v", "command", "epoch", "from", "to", "since"))
    command = obj.get("command")
    if command == "identify":
        for name in ("epoch", "from", "to", "since"):
            if name in obj:
                raise BadField(name, obj[name], "nothing beside identify")
        return Identify()
    if command == "send_again":
        epoch = obj.get("epoch")
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


def _printable(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


def _message(data: bytes, known: Sequence[str]) -> dict[str, Any]:
    if len(data) > MAX_MESSAGE_BYTES:
        raise Undecodable(f"{len(data)} bytes — at most {MAX_MESSAGE_BYTES} in a message")
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
    if isinstance(value, list | tuple) and len(value) == 2:
        first, last = check_sequence("stored", value[0]), check_sequence("stored", value[1])
        if first <= last:
            return first, last
    raise BadField("stored", value, "[first, last] with first ≤ last")


def _refusal(value: object) -> Refusal:
    obj = as_object("refused", value)
    reason = obj.get("reason")
    if set(obj) != {"seq", "reason"} or not isinstance(reason, str):
        raise BadField("refused", value, "{seq, reason}")
    # Its length is the platform's business: a device that refused the receipt for it would keep the readings for ever.
    if not reason.isprintable():
        raise BadField("reason", reason, "printable characters")
    return Refusal(check_sequence("seq", obj["seq"]), reason)
