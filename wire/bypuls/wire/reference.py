"""The generated parts of the contract's reference page: what stands between its `generated` marks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bypuls.wire.bins import BIN_FIELDS, BIN_TAGS
from bypuls.wire.codec import encode_reading
from bypuls.wire.examples import MESSAGES, READINGS
from bypuls.wire.fields import TALQ_EVENTS, Spec
from bypuls.wire.kinds import KINDS, Reading
from bypuls.wire.topics import CHANNELS, ROOT, Channel


@dataclass(frozen=True, slots=True)
class ChannelNote:
    """What a channel is for, its message, and whether it runs from the device up to the platform."""

    text: str
    message: str
    upwards: bool
    retained: bool = False


CHANNEL_NOTES: Mapping[Channel, ChannelNote] = MappingProxyType(
    {
        "readings": ChannelNote("Batches of readings.", "batch", upwards=True),
        "receipts": ChannelNote(
            "What has been taken over for good; only then does a device delete.", "receipt", upwards=False
        ),
        "status": ChannelNote(
            "Whether the device is connected; also its last will.", "status", upwards=True, retained=True
        ),
        "commands": ChannelNote("What the platform asks of the device.", "command", upwards=False),
    }
)

_BLOCK = re.compile(r"(<!-- generated: (\S+) -->).*?(<!-- end -->)", re.DOTALL)


def fill(page: str) -> str:
    """`page` with every generated block made anew. Raises KeyError for a block that does not exist."""
    return _BLOCK.sub(lambda match: f"{match[1]}\n\n{BLOCKS[match[2]]()}\n\n{match[3]}", page)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    titles = list(head)
    lines = ([cell.replace("|", r"\|") for cell in line] for line in (titles, ["---"] * len(titles), *rows))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _json(data: bytes) -> str:
    return f"```json\n{json.dumps(json.loads(data), ensure_ascii=False)}\n```"


def _topics() -> str:
    rows = (
        (
            f"`{ROOT}/<device>/{channel}`",
            "device → platform" if note.upwards else "platform → device",
            "yes" if note.retained else "no",
            note.text,
        )
        for channel, note in ((channel, CHANNEL_NOTES[channel]) for channel in CHANNELS)
    )
    return _table(("topic", "direction", "retained", "holds"), rows)


def _takes(spec: Spec) -> str:
    match spec.role:
        case "events":
            return "a list of different [faults](#faults)"
        case "name":
            return "an [id](#ids-and-time)"
        case _:
            return spec.expected


def _kind(cls: type[Reading]) -> str:
    rows = (
        (
            f"`{name}`" + (" (required)" if spec.required else ""),
            spec.unit or "–",
            _takes(spec),
            spec.doc + (" (cumulative)" if spec.role == "register" else ""),
        )
        for name, spec in cls.specs.items()
    )
    key = ", ".join(f"`{name}`" for name in ("kind", "sensor", "t", *cls.key))
    paragraphs = [" ".join(part.split()) for part in (cls.__doc__ or "").split("\n\n")]
    return "\n\n".join(
        [
            f"### `{cls.kind}`",
            *paragraphs,
            f"Told apart by {key}.",
            _table(("field", "unit", "takes", "meaning"), rows),
            _json(encode_reading(READINGS[cls.kind])),
        ]
    )


def _bins() -> str:
    parts: list[str] = []
    for kind, fields in BIN_FIELDS.items():
        tags = ", ".join(f"`{tag}`" for tag in BIN_TAGS[kind])
        parts.append(f"### Bins of `{kind}`")
        parts.append(f"Kept apart by {tags}." if tags else "One per sensor and quarter.")
        rows = ((f"`{field.name}`", field.fold, field.unit or "–") for field in fields.values())
        parts.append(_table(("field", "folds by", "unit"), rows))
    return "\n\n".join(parts)


BLOCKS: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "topics": _topics,
        "kinds": lambda: "\n\n".join(map(_kind, KINDS.values())),
        "faults": lambda: ", ".join(f"`{name}`" for name in TALQ_EVENTS),
        "bins": _bins,
    }
    | {name: lambda examples=examples: "\n\n".join(map(_json, examples)) for name, examples in MESSAGES.items()}
)
