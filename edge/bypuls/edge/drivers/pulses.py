"""An S0 or reed pulse output on a GPIO pin: electricity by pulses per kWh, water, gas or heat volume by pulses per m³.

Source: EN 62053-31 (S0: pulses of at least 30 ms, pauses of at least 30 ms).
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from bypuls.edge.driver import BadOption, Driver, DriverError
from bypuls.edge.drivers import pulse_state
from bypuls.edge.drivers.debounce import Debounce
from bypuls.edge.drivers.gpio_input import FIRST_PIN, LAST_PIN, PinFactory, gpio_input
from bypuls.edge.drivers.options import Options
from bypuls.edge.drivers.patience import Monotonic, Patience, Schedule
from bypuls.edge.drivers.pulse_state import PulseState
from bypuls.wire import Meter
from bypuls.wire.kinds import MEDIA

Per = Literal["kwh", "m3"]
_WH_PER_KWH = 1000.0

_OPTIONS = (
    "pin",
    "per",
    "pulses_per_unit",
    "medium",
    "start",
    "state_file",
    "serial",
    "pull_up",
    "debounce_s",
    "interval_s",
    "timeout_s",
)


class Pulses:
    """A meter that says a register by its pulses. The register is what the meter's own display shows."""

    def __init__(
        self,
        sensor: str,
        *,
        pin: int,
        per: Per,
        medium: str,
        state_file: Path,
        wanted: PulseState,
        serial: str | None = None,
        pull_up: bool = True,
        debounce_s: float = 0.01,
        interval_s: float = 60.0,
        timeout_s: float | None = None,
        pin_factory: PinFactory = None,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        self.sensor = sensor
        self.patience = Patience(sensor, timeout_s=timeout_s, monotonic=monotonic)
        self._pin = pin
        self._per: Per = per
        self._medium = medium
        self._state_file = state_file
        self._wanted = wanted
        self._serial = serial
        self._pull_up = pull_up
        self._debounce_s = debounce_s
        self._interval_s = interval_s
        self._pin_factory = pin_factory
        self._monotonic = monotonic
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._debounce = Debounce(debounce_s, monotonic(), False)
        self._fresh = 0
        self._state = wanted

    def describe(self) -> str:
        """Pin, worth of a pulse and where the count is kept."""
        return (
            f"pulses at GPIO {self._pin}, {self._wanted.pulses_per_unit:g} per {self._per}, "
            f"counted in {self._state_file}"
        )

    def close(self) -> None:
        """Ends the iteration, which saves the count and releases the pin."""
        self._stop.set()

    def readings(self) -> Iterator[Meter | None]:
        """A Meter every `interval_s`. Raises Unplugged, Silent, BadOption; DriverError where the count isn't kept."""
        self._stop.clear()
        self._state = kept = self._load()
        with gpio_input(
            self.sensor, self._pin, pull_up=self._pull_up, pin_factory=self._pin_factory, on_edge=self._edge
        ) as closed:
            with self._lock:
                self._debounce = Debounce(self._debounce_s, self._monotonic(), closed())
                self._fresh = 0
            self.patience.begin()
            try:
                for due in Schedule(self._interval_s, self._stop, self._monotonic).ticks():
                    state = self._counted()
                    self.patience.quiet("pulse")
                    if not due:
                        yield None
                        continue
                    if state != kept:
                        self._save(state)
                        kept = state
                    yield self.meter(state)
            finally:
                if self._counted() != kept:
                    self._save(self._state)

    def meter(self, state: PulseState) -> Meter:
        """The reading of a count. Pure."""
        if self._per == "kwh":
            return Meter(
                sensor=self.sensor,
                medium=self._medium,
                import_wh=state.start * _WH_PER_KWH + state.pulses * _WH_PER_KWH / state.pulses_per_unit,
                serial=self._serial,
            )
        return Meter(sensor=self.sensor, medium=self._medium, volume_m3=state.register, serial=self._serial)

    def _edge(self, closed: bool) -> None:
        with self._lock:
            self._note(self._debounce.edge(self._monotonic(), closed))

    def _note(self, change: tuple[float, bool] | None) -> None:
        """A pulse is counted once it has lasted."""
        if change is not None and change[1]:
            self._fresh += 1

    def _counted(self) -> PulseState:
        with self._lock:
            self._note(self._debounce.settle(self._monotonic()))
            fresh, self._fresh = self._fresh, 0
        if not fresh:
            return self._state
        self.patience.good()
        self._state = dataclasses.replace(self._state, pulses=self._state.pulses + fresh)
        return self._state

    def _load(self) -> PulseState:
        try:
            state = pulse_state.load(self._state_file, self._wanted)
            if state.pulses == 0:
                pulse_state.save(self._state_file, state)  # a folder that can't be written shows at once
        except ValueError as error:
            raise BadOption(
                self.sensor,
                "state_file",
                str(self._state_file),
                f"the count of this sensor, or no file, with start = what the meter shows: {error}",
            ) from error
        except OSError as error:
            raise self._no_count(error) from error
        return state

    def _save(self, state: PulseState) -> None:
        try:
            pulse_state.save(self._state_file, state)
        except OSError as error:
            raise self._no_count(error) from error

    def _no_count(self, error: OSError) -> DriverError:
        return DriverError(f"sensor {self.sensor}: the count can't be kept in {self._state_file}: {error}")


def configure(sensor: str, options: Mapping[str, object]) -> Driver:
    """The pulse meter of `sensor`. Raises BadOption."""
    given = Options(sensor, options, _OPTIONS)
    per: Per = given.choice("per", ("kwh", "m3"))
    medium = given.choice("medium", MEDIA, "electricity" if per == "kwh" else None)
    if per == "m3" and medium == "electricity":
        raise given.refuse("medium", "water, gas or heat for pulses per m³")
    return Pulses(
        sensor,
        pin=given.whole("pin", low=FIRST_PIN, high=LAST_PIN),
        per=per,
        medium=medium,
        state_file=Path(given.text("state_file", example=f"/var/lib/bypuls/{sensor}.json")),
        wanted=PulseState(
            sensor,
            start=given.number("start", 0.0, low=0, high=1e12),
            pulses_per_unit=given.number("pulses_per_unit", low=0.001, high=1e6),
        ),
        serial=given.maybe_text("serial", example="12345678"),
        pull_up=given.flag("pull_up", True),
        debounce_s=given.number("debounce_s", 0.01, low=0, high=1),
        interval_s=given.number("interval_s", 60.0, low=0.1, high=86_400),
        timeout_s=given.maybe_number("timeout_s", low=0.1, high=31_536_000),
    )
