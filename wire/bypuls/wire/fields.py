"""What a field of a reading may hold, said once: the validation, the JSON Schema and the bins all read it from here."""

from __future__ import annotations

import dataclasses
import itertools
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from bypuls.wire.errors import BadField

ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
ID_EXPECTED = "an id: a–z, 0–9 and -, at most 63 characters, starting with a letter or digit"

# Event names of TALQ 2.7.1 that lamps and cabinets report (docs/reference/vocabulary.md).
TALQ_EVENTS = (
    "lampFailure",
    "lampUnexpectedOn",
    "cyclingFailure",
    "dimmingFailure",
    "relayFailure",
    "communicationFailure",
    "lampPowerTooHigh",
    "lampPowerTooLow",
    "powerFactorTooLow",
    "lampVoltageTooHigh",
    "lampVoltageTooLow",
    "supplyLoss",
    "highTemperature",
    "contactorError",
    "cabinetDoorOpen",
    "leakageDetected",
)

Role = Literal[
    "gauge", "register", "count", "flag", "choice", "name", "text", "events", "ids", "phases", "edges", "counts"
]


@dataclass(frozen=True, slots=True)
class Spec:
    """One field: its role, unit, bounds (inclusive) and meaning."""

    role: Role
    doc: str
    unit: str = ""
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()
    required: bool = False

    @property
    def expected(self) -> str:
        """What the field takes, in words."""
        unit = f" {self.unit}" if self.unit else ""
        bounds = f"{self.low:.15g}…{self.high:.15g}{unit}"
        match self.role:
            case "gauge" | "register":
                return f"a number within {bounds}"
            case "count":
                return f"a whole number within {bounds}"
            case "flag":
                return "true or false"
            case "choice":
                return f"one of {', '.join(self.choices)}"
            case "name":
                return ID_EXPECTED
            case "text":
                return f"1–{self.high:.0f} printable characters"
            case "events":
                return f"a list of different names out of {', '.join(self.choices)}"
            case "ids":
                return f"a list of at most {self.high:.0f} different ids"
            case "phases":
                return f"a list of 1 to 3 numbers within {bounds}"
            case "edges":
                return f"a rising list of at most 500 numbers within {bounds}"
            case "counts":
                return f"a list of 1 to 501 numbers within {bounds}"


def spec_field(spec: Spec) -> Any:
    """A dataclass field that carries `spec`; optional ones default to None = unknown."""
    if spec.required:
        return dataclasses.field(metadata={"spec": spec})
    return dataclasses.field(default=None, metadata={"spec": spec})


def gauge(unit: str, low: float, high: float, doc: str, *, required: bool = False) -> Any:
    """A momentary quantity [unit] within low…high."""
    return spec_field(Spec("gauge", doc, unit, low, high, required=required))


def register(unit: str, doc: str) -> Any:
    """A cumulative register [unit] as the meter shows it, 0…10¹⁵."""
    return spec_field(Spec("register", doc, unit, 0.0, 1e15))


def count(unit: str, low: int, high: int, doc: str, *, required: bool = False) -> Any:
    """A whole number [unit] within low…high."""
    return spec_field(Spec("count", doc, unit, low, high, required=required))


def flag(doc: str) -> Any:
    """True or false."""
    return spec_field(Spec("flag", doc))


def choice(choices: tuple[str, ...], doc: str, *, required: bool = False) -> Any:
    """One of `choices`."""
    return spec_field(Spec("choice", doc, choices=choices, required=required))


def _number(name: str, spec: Spec, value: object) -> float:
    kind = type(value)
    # The comparison comes first and is exact: float() of a whole number beyond the floats would raise.
    if (kind is float or kind is int) and spec.low <= value <= spec.high:  # type: ignore[operator]
        return float(value) + 0.0  # type: ignore[arg-type]  # −0.0 becomes 0.0, which every store keeps
    raise BadField(name, value, spec.expected)


def _count(name: str, spec: Spec, value: object) -> int:
    if type(value) is int and spec.low <= value <= spec.high:
        return value
    raise BadField(name, value, spec.expected)


def _flag(name: str, spec: Spec, value: object) -> bool:
    if type(value) is bool:
        return value
    raise BadField(name, value, spec.expected)


def _choice(name: str, spec: Spec, value: object) -> str:
    if type(value) is str and value in spec.choices:
        return value
    raise BadField(name, value, spec.expected)


def check_id(name: str, value: object) -> str:
    """`value` where it is an id. Raises BadField naming `name`."""
    if type(value) is str and ID.fullmatch(value):
        return value
    raise BadField(name, value, ID_EXPECTED)


def _name(name: str, _spec: Spec, value: object) -> str:
    return check_id(name, value)


def _text(name: str, spec: Spec, value: object) -> str:
    # isprintable refuses NUL and other controls, lone surrogates, and the characters that turn the writing direction.
    if type(value) is str and 1 <= len(value) <= spec.high and value.isprintable():
        return value
    raise BadField(name, value, spec.expected)


def _list(name: str, spec: Spec, value: object, least: int, most: float) -> list[Any] | tuple[Any, ...]:
    if isinstance(value, list | tuple) and least <= len(value) <= most:
        return value
    raise BadField(name, value, spec.expected)


def _events(name: str, spec: Spec, value: object) -> tuple[str, ...]:
    names = _list(name, spec, value, 0, len(spec.choices))
    for item in names:
        _choice(name, spec, item)
    if len(set(names)) != len(names):
        raise BadField(name, value, spec.expected)
    return tuple(names)


def _ids(name: str, spec: Spec, value: object) -> tuple[str, ...]:
    names = tuple(check_id(name, item) for item in _list(name, spec, value, 0, spec.high))
    if len(set(names)) != len(names):
        raise BadField(name, value, spec.expected)
    return names


def _phases(name: str, spec: Spec, value: object) -> tuple[float, ...]:
    return tuple(_number(name, spec, item) for item in _list(name, spec, value, 1, 3))


def _edges(name: str, spec: Spec, value: object) -> tuple[float, ...]:
    edges = tuple(_number(name, spec, item) for item in _list(name, spec, value, 0, 500))
    if any(a >= b for a, b in itertools.pairwise(edges)):
        raise BadField(name, value, spec.expected)
    return edges


def _counts(name: str, spec: Spec, value: object) -> tuple[float, ...]:
    return tuple(_number(name, spec, item) for item in _list(name, spec, value, 1, 501))


Check = Callable[[str, Spec, object], Any]

CHECKS: dict[Role, Check] = {
    "gauge": _number,
    "register": _number,
    "count": _count,
    "flag": _flag,
    "choice": _choice,
    "name": _name,
    "text": _text,
    "events": _events,
    "ids": _ids,
    "phases": _phases,
    "edges": _edges,
    "counts": _counts,
}
