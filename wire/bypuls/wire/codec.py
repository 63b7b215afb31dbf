"""JSON to readings and back. Strict: an unknown field, null, a doubled key, NaN or a wrong type is a BadField."""

from __future__ import annotations

import difflib
import json
from typing import Any

from bypuls.wire.errors import BadField, Undecodable
from bypuls.wire.kinds import KINDS, Reading
from bypuls.wire.times import EXPECTED, format_time, parse_time


class DoubledKeys(dict[str, Any]):
    """A JSON object in which a key stood twice; kept apart so that it costs one reading, not its whole batch."""

    doubled: str


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    obj = dict(pairs)
    if len(obj) == len(pairs):
        return obj
    seen: set[str] = set()
    twice = DoubledKeys(obj)
    twice.doubled = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    return twice


def _integer(digits: str) -> int | float:
    """A whole number of any length: beyond the floats it becomes infinite, which no field takes."""
    return int(digits) if len(digits) < _MOST_DIGITS else float(digits)


_MOST_DIGITS = 400
_LONGEST_NAME = 64

# NaN and Infinity become floats here and are refused by the field that meets them: no bounds hold for them.
_decoder = json.JSONDecoder(object_pairs_hook=_pairs)
# Slower: takes over where the interpreter refuses to read a number, so that it costs one reading, not its whole batch.
_patient_decoder = json.JSONDecoder(object_pairs_hook=_pairs, parse_int=_integer)


def load(data: bytes) -> Any:
    """Any JSON value of `data`. Raises Undecodable."""
    try:
        text = data.decode("utf-8")
        try:
            return _decoder.decode(text)
        except json.JSONDecodeError:
            raise
        except ValueError:  # a whole number of thousands of digits
            return _patient_decoder.decode(text)
    except UnicodeDecodeError as error:
        raise Undecodable(f"byte {error.start} is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise Undecodable(f"no JSON: {error.msg} at character {error.pos}") from error
    except RecursionError as error:
        raise Undecodable("no message: nested far deeper than any message is") from error


def unknown_field(name: str, value: object, known: list[str]) -> BadField:
    """The refusal of a field that the contract does not have, with the nearest one that it has."""
    # Looking for the nearest takes long for a long name, and there is none.
    near = difflib.get_close_matches(name, known, n=1) if len(name) <= _LONGEST_NAME else ()
    return BadField(name, value, f"no such field; did you mean {near[0]}?" if near else f"only {', '.join(known)}")


def as_object(field: str, value: object) -> dict[str, Any]:
    """`value` where it is a JSON object without doubled keys. Raises BadField."""
    if isinstance(value, DoubledKeys):
        raise BadField(value.doubled, value[value.doubled], "each field once")
    if not isinstance(value, dict):
        raise BadField(field, value, "a JSON object")
    return value


def reading_of(value: object) -> Reading:
    """The reading of one decoded JSON object. Raises BadField."""
    obj = as_object("reading", value)
    kind = obj.get("kind")
    cls = KINDS.get(kind) if isinstance(kind, str) else None
    if cls is None:
        raise BadField("kind", kind, f"one of {', '.join(KINDS)}")
    specs = cls.specs
    known: dict[str, Any] = {}
    for name, item in obj.items():
        if name in specs or name == "sensor":
            if item is None:
                raise BadField(name, None, "no null: leave out what is unknown")
            known[name] = item
        elif name == "t":
            if item is None:
                raise BadField(name, None, EXPECTED)
            known[name] = parse_time("t", item)
        elif name != "kind":
            raise unknown_field(name, item, ["kind", "sensor", "t", *specs])
    if "sensor" not in known:
        raise BadField("sensor", None, "the sensor's id")
    for name, spec in specs.items():
        if spec.required and name not in known:
            raise BadField(name, None, spec.expected)
    return cls(**known)


def decode_reading(data: bytes) -> Reading:
    """One reading from its JSON bytes. Raises Undecodable, BadField."""
    return reading_of(load(data))


def encode_reading(reading: Reading) -> bytes:
    """One reading as compact JSON; unknown fields are left out."""
    obj: dict[str, object] = {"kind": reading.kind, "sensor": reading.sensor}
    if reading.t is not None:
        obj["t"] = format_time(reading.t)
    obj.update(reading.values())
    return json.dumps(obj, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
