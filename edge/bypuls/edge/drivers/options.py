"""A driver's options, read once and strictly: BadOption names sensor, option, value and what was expected."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

from bypuls.edge.driver import BadOption, refuse_unknown

_Choice = TypeVar("_Choice", bound=str)


class Options:
    """The options of one sensor's TOML table. Raises BadOption for those that the driver doesn't know."""

    def __init__(self, sensor: str, options: Mapping[str, object], known: Collection[str]) -> None:
        refuse_unknown(sensor, options, known)
        self.sensor = sensor
        self._options = options

    def __contains__(self, name: str) -> bool:
        return name in self._options

    def refuse(self, name: str, expected: str) -> BadOption:
        """The error for option `name` as it stands, for rules that span several options."""
        return BadOption(self.sensor, name, self._options.get(name), expected)

    def number(self, name: str, default: float | None = None, *, low: float, high: float) -> float:
        """A number within low…high; required where there is no default. Raises BadOption."""
        value = self._options.get(name, default)
        if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
            return float(value)
        raise BadOption(self.sensor, name, value, f"a number within {low:g}…{high:g}")

    def maybe_number(self, name: str, *, low: float, high: float) -> float | None:
        """A number within low…high, or None where the option is absent. Raises BadOption."""
        return self.number(name, low=low, high=high) if name in self._options else None

    def whole(self, name: str, default: int | None = None, *, low: int, high: int) -> int:
        """A whole number within low…high; required where there is no default. Raises BadOption."""
        value = self._options.get(name, default)
        if type(value) is int and low <= value <= high:
            return value
        raise BadOption(self.sensor, name, value, f"a whole number within {low}…{high}")

    def flag(self, name: str, default: bool) -> bool:
        """True or false. Raises BadOption."""
        value = self._options.get(name, default)
        if isinstance(value, bool):
            return value
        raise BadOption(self.sensor, name, value, "true or false")

    def text(self, name: str, default: str | None = None, *, example: str) -> str:
        """A text that isn't empty; required where there is no default. Raises BadOption."""
        value = self._options.get(name, default)
        if isinstance(value, str) and value:
            return value
        raise BadOption(self.sensor, name, value, f"a text like {example!r}")

    def maybe_text(self, name: str, *, example: str) -> str | None:
        """A text that isn't empty, or None where the option is absent. Raises BadOption."""
        return self.text(name, example=example) if name in self._options else None

    def choice(self, name: str, choices: Collection[_Choice], default: _Choice | None = None) -> _Choice:
        """One of `choices`; required where there is no default. Raises BadOption."""
        value = self._options.get(name, default)
        for known in choices:
            if value == known:
                return known
        raise BadOption(self.sensor, name, value, f"one of {', '.join(choices)}")
