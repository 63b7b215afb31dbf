"""The kinds of alarm: what each is about, what can be set, and what holds where a rule sets nothing.

How a kind is recognised is the evaluator's business; here stands what the registry must know to check a rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bypuls.store.registry.errors import nearest

DOMAINS = ("platform", "energy", "traffic", "lighting", "climate")
SEVERITIES = ("critical", "major", "minor", "warning")
"""Names and order of ITU-T X.733, the gravest first."""

_HOUR, _DAY = 60.0, 1440.0


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that a rule may set. default : None = the evaluator's own, told in the guide."""

    name: str
    default: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class AlarmKind:
    """One kind.

    subject : what each alarm of it is about: a sensor, device, site, cabinet, target or the platform.
    confirm_min : the condition must hold so long before an alarm opens [min].
    clear_min : it must be gone so long before the alarm closes [min].
    reopen_min : what comes back within this time after closing goes on as the same alarm [min].
    closable : whether a person may close one whose condition was seen: it tells of an event, not of a state.
    """

    domain: str
    subject: str
    severity: str
    confirm_min: float = 0.0
    clear_min: float = 0.0
    reopen_min: float = _DAY
    closable: bool = False
    parameters: tuple[Parameter, ...] = ()

    def defaults(self) -> dict[str, float | None]:
        """Every parameter's default."""
        return {one.name: one.default for one in self.parameters}


_AFTER = Parameter("after_min", None, 1, 525_600)

ALARM_KINDS: Mapping[str, AlarmKind] = MappingProxyType(
    {
        "nothing-arrives": AlarmKind(
            "platform", "platform", "critical", confirm_min=2, reopen_min=_HOUR,
            parameters=(_AFTER,),
        ),
        "device-offline": AlarmKind(
            "platform", "device", "major", confirm_min=5, reopen_min=_HOUR, parameters=(_AFTER,)
        ),
        "sensor-silent": AlarmKind(
            "platform", "sensor", "minor", confirm_min=10, reopen_min=6 * _HOUR, parameters=(_AFTER,)
        ),
        "outbox-growing": AlarmKind(
            "platform", "device", "major", confirm_min=5, clear_min=10, reopen_min=_HOUR,
            parameters=(Parameter("oldest_min", 15, 1, 10_080), Parameter("rows", 5000, 1, 100_000_000)),
        ),
        "dead-letters-growing": AlarmKind(
            "platform", "platform", "major", reopen_min=_HOUR,
            parameters=(Parameter("letters", 10, 1, 1_000_000), Parameter("within_min", 60, 5, 10_080)),
        ),
        "cloned-card": AlarmKind("platform", "device", "critical", closable=True),
        "clock-unsynchronised": AlarmKind(
            "platform", "device", "major", confirm_min=15, clear_min=5, reopen_min=6 * _HOUR
        ),
        "meter-silent": AlarmKind(
            "energy", "sensor", "minor", confirm_min=30, reopen_min=6 * _HOUR, parameters=(_AFTER,)
        ),
        "radar-silent": AlarmKind(
            "traffic", "sensor", "minor", confirm_min=10, reopen_min=6 * _HOUR,
            parameters=(_AFTER, Parameter("expected_n", 20, 1, 1_000_000)),
        ),
        "night-use": AlarmKind(
            "energy", "sensor", "minor", reopen_min=7 * _DAY,
            parameters=(Parameter("above_pct", 20, 1, 1000), Parameter("least_kw", 0.5, 0, 10_000),
                        Parameter("nights", 3, 1, 14)),
        ),
        "summer-heating": AlarmKind(
            "energy", "sensor", "minor", reopen_min=7 * _DAY,
            parameters=(Parameter("warm_c", 18, 10, 35), Parameter("above_pct", 50, 1, 1000),
                        Parameter("least_kwh", 10, 0, 100_000)),
        ),
        "water-never-zero": AlarmKind(
            "energy", "sensor", "major", reopen_min=3 * _DAY,
            parameters=(Parameter("least_l_h", 2, 0.1, 100_000), Parameter("hours", 24, 6, 168)),
        ),
        "poor-cooling": AlarmKind(
            "energy", "sensor", "minor", reopen_min=7 * _DAY,
            parameters=(Parameter("least_k", 30, 5, 80), Parameter("days", 7, 1, 31),
                        Parameter("tariff_pct_per_k", 1, 0, 10)),
        ),
        "return-too-warm": AlarmKind(
            "energy", "sensor", "warning", reopen_min=7 * _DAY,
            parameters=(Parameter("most_c", 45, 20, 90), Parameter("days", 7, 1, 31)),
        ),
        "signature-deviation": AlarmKind(
            "energy", "sensor", "minor", reopen_min=14 * _DAY, parameters=(Parameter("least_pct", 10, 1, 100),)
        ),
        "meter-reset": AlarmKind(
            "energy", "sensor", "warning", closable=True, parameters=(Parameter("days", 7, 1, 60),)
        ),
        "unit-jump": AlarmKind("energy", "sensor", "major", closable=True),
        "v85-risen": AlarmKind(
            "traffic", "site", "minor", reopen_min=14 * _DAY,
            parameters=(Parameter("over_pct", 10, 0, 100), Parameter("least_n", 100, 1, 1_000_000)),
        ),
        "feeder-out": AlarmKind("lighting", "cabinet", "critical", confirm_min=15, clear_min=5),
        "lamp-out": AlarmKind("lighting", "sensor", "major", confirm_min=30, clear_min=15, reopen_min=7 * _DAY),
        "lamp-day-burner": AlarmKind("lighting", "sensor", "minor", confirm_min=30, clear_min=15, reopen_min=7 * _DAY),
        "lamps-out": AlarmKind("lighting", "cabinet", "major", reopen_min=7 * _DAY),
        "lamps-day-burning": AlarmKind("lighting", "cabinet", "minor", clear_min=15, reopen_min=7 * _DAY),
        "cabinet-voltage": AlarmKind("lighting", "cabinet", "major", confirm_min=30, clear_min=30),
        "lamp-fault": AlarmKind("lighting", "sensor", "minor", confirm_min=30, clear_min=30, reopen_min=7 * _DAY),
        "cabinet-fault": AlarmKind("lighting", "sensor", "major", confirm_min=5, clear_min=5),
        "off-track": AlarmKind("climate", "target", "major", reopen_min=30 * _DAY),
    }
)  # fmt: skip


def parse_parameters(kind: str, text: str | None) -> dict[str, float | None]:
    """A rule's parameters like `above_pct=20 nights=5`, the others at their kind's defaults.

    Raises ValueError with the parameter that is wrong, what stood there and what was expected."""
    known = {one.name: one for one in ALARM_KINDS[kind].parameters}
    found = ALARM_KINDS[kind].defaults()
    given: set[str] = set()
    for word in text.split(" ") if text else ():
        name, _, written = word.partition("=")
        parameter = known.get(name)
        if parameter is None:
            listed = f"one of {', '.join(known)}{nearest(name, known)}" if known else f"none: {kind} has no parameters"
            raise ValueError(f"{name!r} — expected {listed}")
        if name in given:
            raise ValueError(f"{name!r} — expected each parameter once")
        given.add(name)
        try:
            value = float(written)
        except ValueError:
            value = float("nan")
        if not parameter.low <= value <= parameter.high:
            raise ValueError(
                f"{name}: {written!r} — expected a number from {parameter.low:g} to {parameter.high:g}, "
                f"like {name}={parameter.low if parameter.default is None else parameter.default:g}"
            )
        found[name] = value
    return found


def wrong_parameters(kind: str, text: str | None) -> str | None:
    """What is wrong with a rule's parameters; None where nothing is."""
    try:
        parse_parameters(kind, text)
    except ValueError as error:
        return str(error)
    return None
