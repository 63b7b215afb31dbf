"""The contract as JSON Schema 2020-12 and AsyncAPI 3.0, generated from the kinds' specs.

`python -m bypuls.wire.schema` writes the files and the tables of the reference anew; `--check` says which would change.

Whatever the codec takes is valid by the schemas. The codec refuses more than they can say: doubled keys, times of days
that do not exist, unprintable characters beyond the common ones, edges that do not rise, counts that do not match them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bypuls.wire.asyncapi import asyncapi
from bypuls.wire.batches import MAX_READINGS, MAX_SEQUENCE, VERSION
from bypuls.wire.codec import encode_reading
from bypuls.wire.examples import MESSAGES, READINGS
from bypuls.wire.fields import ID, Spec
from bypuls.wire.kinds import KINDS, Reading
from bypuls.wire.messages import MAX_VERSION
from bypuls.wire.reference import fill
from bypuls.wire.times import UTC_PATTERN

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FOLDER = Path(__file__).parent / "schemas"
# In a source tree; an installed package has no documentation beside it.
REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "contract.md"

Schema = dict[str, Any]

# Controls and the marks that turn the writing direction. The codec refuses every unprintable character.
_PRINTABLE = "^[^\\u0000-\\u001f\\u007f-\\u009f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]*$"
_ID: Schema = {"type": "string", "pattern": f"^{ID.pattern}$"}
_TIME: Schema = {"type": "string", "pattern": f"^{UTC_PATTERN}$"}
_SEQUENCE: Schema = {"type": "integer", "minimum": 1, "maximum": MAX_SEQUENCE}


def _told(schema: Schema, description: str) -> Schema:
    return {"description": description} | schema


def _text(longest: int) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": longest, "pattern": _PRINTABLE}


def _bound(value: float) -> float:
    """Whole bounds as whole numbers: 400, not 400.0."""
    return int(value) if float(value).is_integer() else value


def field_schema(spec: Spec) -> Schema:
    """The schema of one field of a reading; its description carries the unit."""
    number: Schema = {"type": "number", "minimum": spec.low, "maximum": spec.high}
    if spec.role in ("gauge", "register", "count", "phases", "edges", "counts"):
        number |= {"minimum": _bound(spec.low), "maximum": _bound(spec.high)}
    unit = f" [{spec.unit}]" if spec.unit else ""
    schema: Schema
    match spec.role:
        case "gauge" | "register":
            schema = number
        case "count":
            schema = number | {"type": "integer"}
        case "flag":
            schema = {"type": "boolean"}
        case "choice":
            schema = {"enum": list(spec.choices)}
        case "name":
            schema = dict(_ID)
        case "text":
            schema = _text(int(spec.high))
        case "events":
            schema = {"type": "array", "items": {"enum": list(spec.choices)}, "uniqueItems": True}
        case "ids":
            schema = {"type": "array", "items": dict(_ID), "maxItems": int(spec.high), "uniqueItems": True}
        case "phases":
            schema = {"type": "array", "items": number, "minItems": 1, "maxItems": 3}
        case "edges":
            schema = {"type": "array", "items": number, "maxItems": 500}
        case "counts":
            schema = {"type": "array", "items": number, "minItems": 1, "maxItems": 501}
    cumulative = ", cumulative as the meter shows it" if spec.role == "register" else ""
    return _told(schema, f"{spec.doc}{unit}{cumulative}")


def kind_schema(cls: type[Reading]) -> Schema:
    """The schema of one kind of reading."""
    properties: Schema = {
        "kind": {"const": cls.kind},
        "sensor": _told(_ID, "the sensor's id"),
        "t": _told(_TIME, "when, in UTC; left out only where the device never learned the time"),
    }
    properties |= {name: field_schema(spec) for name, spec in cls.specs.items()}
    required = [name for name, spec in cls.specs.items() if spec.required]
    schema: Schema = {
        "title": cls.kind,
        "description": " ".join((cls.__doc__ or "").split()),
        "type": "object",
        "properties": properties,
        "required": ["kind", "sensor", *required],
        "additionalProperties": False,
    }
    if all(name in cls.key for name in required):
        schema["anyOf"] = [{"required": [name]} for name in cls.specs if name not in cls.key]
    return schema | {"examples": [json.loads(encode_reading(READINGS[cls.kind]))]}


def _object(title: str, description: str, properties: Schema, required: Sequence[str]) -> Schema:
    return {
        "title": title,
        "description": description,
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


_VERSION: Schema = {"description": "the contract's version", "const": VERSION, "type": "integer"}
_DEVICE = _told(_ID, "the device's id, as in the topic")
_EPOCH = _told(_ID, "made at random at every start of the device; sequence numbers belong to it")
_READING: Schema = {
    "description": "a reading of any kind",
    "type": "object",
    "properties": {"kind": {"enum": list(KINDS)}},
    "required": ["kind"],
    "oneOf": [{"$ref": f"#/$defs/{kind}"} for kind in KINDS],
}


def _batch() -> Schema:
    properties: Schema = {
        "v": _VERSION,
        "device": _DEVICE,
        "epoch": _EPOCH,
        "first": _told(_SEQUENCE, "the first reading's sequence number; the others follow without a gap"),
        "sent": _told(_TIME, "when the batch was put together, in UTC by the device's clock"),
        "readings": {
            "type": "array",
            "items": {"$ref": "#/$defs/reading"},
            "minItems": 1,
            "maxItems": MAX_READINGS,
            "description": "a reading that does not keep its schema is refused alone; the others are taken",
        },
    }
    return _object("batch", "Readings of one device and epoch.", properties, list(properties))


def _receipt() -> Schema:
    refusal: Schema = {
        "type": "object",
        "properties": {
            "seq": _SEQUENCE,
            "reason": {"description": "for people", "type": "string", "pattern": _PRINTABLE},
        },
        "required": ["seq", "reason"],
        "additionalProperties": False,
    }
    pair: Schema = {"type": "array", "items": _SEQUENCE, "minItems": 2, "maxItems": 2}
    properties: Schema = {
        "v": _VERSION,
        "epoch": _EPOCH,
        "stored": {
            "description": "[first, last], both inclusive: durably stored, now or before",
            "type": "array",
            "items": pair,
        },
        "refused": {"description": "kept as dead letters, and why", "type": "array", "items": refusal},
    }
    return _object("receipt", "What the platform has taken over for good.", properties, ["v", "epoch"])


def _status() -> Schema:
    properties: Schema = {
        "v": _VERSION,
        "device": _DEVICE,
        "online": {"description": "false in the last will", "type": "boolean"},
        "epoch": _EPOCH,
        "t": _told(_TIME, "when it was said, in UTC"),
        "version": _told(_text(MAX_VERSION), "release of the edge"),
    }
    return _object("status", "Whether a device is connected; retained.", properties, ["v", "device", "online"])


def _command() -> Schema:
    identify = _object(
        "identify",
        "Make yourself known: blink, write a log line.",
        {"v": _VERSION, "command": {"const": "identify"}},
        ["v", "command"],
    )
    properties: Schema = {
        "v": _VERSION,
        "command": {"const": "send_again"},
        "epoch": _EPOCH,
        "from": _told(_SEQUENCE, "first sequence number"),
        "to": _told(_SEQUENCE, "last sequence number, inclusive"),
        "since": _told(_TIME, "all readings since then, in UTC"),
    }
    again = _object("send_again", "Send what was receipted before once more.", properties, ["v", "command"])
    without_since = {"required": ["epoch", "from", "to"], "properties": {"since": False}}
    only_since = {"required": ["since"], "properties": {"epoch": False, "from": False, "to": False}}
    again["oneOf"] = [without_since, only_since]
    return {
        "title": "command",
        "description": "What the platform asks of a device.",
        "type": "object",
        "oneOf": [identify, again],
    }


def _document(name: str, schema: Schema) -> Schema:
    return {"$schema": DIALECT, "$id": f"urn:bypuls:v{VERSION}:{name}"} | schema


def _with_examples(name: str, schema: Schema) -> Schema:
    return schema | {"examples": [json.loads(example) for example in MESSAGES[name]]}


def documents() -> Mapping[str, Schema]:
    """Every committed document by its file name: a schema per kind, for any reading and for each message; AsyncAPI."""
    kinds = {kind: kind_schema(cls) for kind, cls in KINDS.items()}
    named = {
        "reading": {"title": "reading"} | _READING | {"$defs": kinds},
        "batch": _with_examples("batch", _batch()) | {"$defs": {"reading": _READING} | kinds},
        "receipt": _with_examples("receipt", _receipt()),
        "status": _with_examples("status", _status()),
        "command": _with_examples("command", _command()),
    }
    files = {f"{name}.schema.json": _document(name, schema) for name, schema in (kinds | named).items()}
    return files | {"asyncapi.json": asyncapi()}


def texts(folder: Path = FOLDER, reference: Path = REFERENCE) -> dict[Path, str]:
    """What each generated file must hold; the reference is among them where it exists."""
    made = {
        folder / name: json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        for name, document in documents().items()
    }
    if reference.exists():
        made[reference] = fill(reference.read_text(encoding="utf-8"))
    return made


def stale(made: Mapping[Path, str]) -> list[Path]:
    """The files that do not hold what they must."""
    return [path for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text]


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes what is stale, or with --check says so and returns 1."""
    parser = argparse.ArgumentParser(prog="python -m bypuls.wire.schema", description="Schemas of the contract.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a file would change")
    check = parser.parse_args(arguments).check
    made = texts()
    changed = stale(made)
    for path in changed:
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(made[path], encoding="utf-8")
        sys.stdout.write(f"{'stale' if check else 'written'}: {path}\n")
    return 1 if check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
