"""What a sensor driver is to the rest of the edge: something that yields readings until it raises.

A driver opens nothing until `readings()` is iterated. It yields what the hardware says, with `t` None: the runner
stamps on arrival, behind the clock guard. Whatever goes wrong it raises; trying again is the runner's business.

DriverError (OSError)
├── Unplugged                the port, bus or file is not there, or went away
├── Garbage                  what arrives is not what this sensor says, again and again
├── Silent                   nothing arrives though something should
└── BadOption (ValueError)   the configuration is wrong: the operator must act, trying again does not help
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol, cast

from bypuls.wire import Reading


@dataclass(frozen=True, slots=True)
class Timed:
    """A reading that was true `age_s` [s, ≥ 0] before it was yielded: a passage's moment of top speed, say."""

    reading: Reading
    age_s: float


class Driver(Protocol):
    """One sensor. Iterated in a thread of its own; `close()` may come from another thread, also twice."""

    def readings(self) -> Iterator[Reading | Timed | None]:
        """Opens the sensor and yields its readings for ever. Raises DriverError.

        None means: running, nothing to say. Yielded at least about once a second while nothing happens, so that a
        quiet street can be told from a driver that hangs, and so that the edge stops promptly.
        """
        ...

    def close(self) -> None:
        """Releases port, bus or pin. Never raises for what is closed already."""
        ...

    def describe(self) -> str:
        """What is wired, for the operator: `/dev/ttyACM0, 19200 baud`."""
        ...


class Factory(Protocol):
    """`configure` of a driver's module."""

    def __call__(self, sensor: str, options: Mapping[str, object]) -> Driver:
        """The driver of `sensor` with the options of its TOML table. Raises BadOption; opens nothing."""
        ...


class DriverError(OSError):
    """A sensor that can't be read just now."""


class Unplugged(DriverError):
    """The port, bus or file is not there, or went away."""


class Garbage(DriverError):
    """What arrives is not what this sensor says, again and again."""


class Silent(DriverError):
    """Nothing arrives though something should."""


class BadOption(DriverError, ValueError):
    """A driver's option is wrong: names sensor, option, value and what was expected."""

    def __init__(self, sensor: str, option: str, value: object, expected: str) -> None:
        super().__init__(f"sensor {sensor}, option {option}: {value!r} — expected {expected}")
        self.sensor = sensor
        self.option = option
        self.value = value
        self.expected = expected


def refuse_unknown(sensor: str, options: Mapping[str, object], known: Collection[str]) -> None:
    """Raises BadOption for an option that is not in `known`, with the nearest one that is."""
    for name, value in options.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"no such option; did you mean {near[0]}?" if near else f"only {', '.join(sorted(known))}"
            raise BadOption(sensor, name, value, hint)


# Driver's name in edge.toml → "module:factory", imported when it is first asked for: a Pi without Modbus needs none.
DRIVERS: Mapping[str, str] = MappingProxyType(
    {
        "ops243": "bypuls.edge.drivers.ops243:configure",
        "modbus": "bypuls.edge.drivers.modbus:configure",
        "sdm": "bypuls.edge.drivers.sdm:configure",
        "mbus": "bypuls.edge.drivers.mbus:configure",
        "han": "bypuls.edge.drivers.han:configure",
        "pulses": "bypuls.edge.drivers.pulses:configure",
        "contact": "bypuls.edge.drivers.contact:configure",
        "bh1750": "bypuls.edge.drivers.bh1750:configure",
        "onewire": "bypuls.edge.drivers.onewire:configure",
    }
)


def configure(sensor: str, driver: str, options: Mapping[str, object], known: Mapping[str, str] = DRIVERS) -> Driver:
    """The driver named `driver` for `sensor`; `package.module:factory` is one that is installed beside the edge.

    Raises BadOption, also where a library is missing.
    """
    target = driver if ":" in driver else known.get(driver)
    if target is None:
        near = difflib.get_close_matches(driver, known, n=1)
        hint = f"one of {', '.join(known)}" + (f"; did you mean {near[0]}?" if near else "")
        raise BadOption(sensor, "driver", driver, hint)
    module, _, name = target.partition(":")
    try:
        factory = cast(Factory, getattr(importlib.import_module(module), name))
    except ModuleNotFoundError as error:
        raise BadOption(
            sensor, "driver", driver, f"the module {error.name} installed: pip install 'bypuls[edge]'"
        ) from error
    except AttributeError as error:
        raise BadOption(sensor, "driver", driver, f"a factory {name!r} in {module}") from error
    return factory(sensor, options)
