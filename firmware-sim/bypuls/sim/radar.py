"""An OPS243 radar on a pseudo-terminal: it takes the commands that a driver sends and reports vehicles line by line.

Knows nothing of the driver: commands and answers follow OmniPreSense AN-010, the speeds the geometry of the road.
"""

from __future__ import annotations

import json
import math
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from bypuls.sim.pty_port import PtyPort

Fault = Literal["none", "garbage", "silence"]
Monotonic = Callable[[], float]

_UNITS = {"UK": ("kmph", 1.0), "UM": ("mps", 1 / 3.6), "US": ("mph", 1 / 1.609344), "UF": ("fps", 1 / 1.09728)}
_ANSWERS = {"UK": "km-per-hr", "UM": "m-per-sec", "US": "mph", "UF": "ft-per-sec"}
# An ordinary car on the beam's axis has magnitude 100; what is weaker than this isn't reported.
_SQUELCH = 5.0
_COMMAND = re.compile(rb"\?\?|\?[A-Z]|R>[0-9.]+[\r\n]|R[-+|]|U[A-Z]|O[A-Za-z]|[\r\n ]")


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A vehicle on the road: `speed_kmh` [km/h], coming or going, its size as seen by radar, `length_m` [m]."""

    speed_kmh: float
    toward: bool = True
    size: float = 1.0
    length_m: float = 4.5


@dataclass(frozen=True, slots=True)
class Site:
    """Where the radar stands: `offset_m` beside the lane [m], turned `azimuth_deg` to it, half its beam [°]."""

    azimuth_deg: float = 20.0
    offset_m: float = 6.0
    half_beam_deg: float = 10.0


@dataclass(frozen=True, slots=True)
class Echo:
    """What the radar measures at one moment: `at_s` [s] from the first, `speed_kmh` along the beam [km/h]."""

    at_s: float
    speed_kmh: float
    magnitude: float


def echoes(vehicle: Vehicle, site: Site, *, rate_hz: float = 16.0) -> list[Echo]:
    """The echoes of a vehicle crossing the beam, `rate_hz` a second [1/s], in order of time.

    Measured speed is the true one times the cosine of the angle to the vehicle. Magnitude falls with the distance's
    square and off the beam's axis, to a half at ± `half_beam_deg`.
    """
    half = math.radians(site.half_beam_deg)
    axis = math.radians(site.azimuth_deg)
    # Seen up to twice the half-power angle: from far (small angle) to near, or backwards when the vehicle goes.
    nearest, farthest = min(axis + 2 * half, math.radians(85)), max(axis - 2 * half, math.radians(3))
    far_m, near_m = site.offset_m / math.tan(farthest), site.offset_m / math.tan(nearest)
    speed_ms = vehicle.speed_kmh / 3.6
    steps = max(4, int((far_m - near_m) / speed_ms * rate_hz))
    on_axis_m = site.offset_m / math.sin(axis) if axis > 0 else far_m
    found: list[Echo] = []
    for step in range(steps + 1):
        along_m = far_m - (far_m - near_m) * step / steps
        angle = math.atan2(site.offset_m, along_m)
        gain = math.exp(-math.log(2) * ((angle - axis) / half) ** 2)
        magnitude = 100 * vehicle.size * gain * (on_axis_m / math.hypot(along_m, site.offset_m)) ** 2
        if magnitude >= _SQUELCH:
            found.append(Echo(step / rate_hz, vehicle.speed_kmh * math.cos(angle), magnitude))
    if not vehicle.toward:
        found.reverse()
    return [Echo(index / rate_hz, echo.speed_kmh, echo.magnitude) for index, echo in enumerate(found)]


class RadarSimulator:
    """A radar at `path`. `next_vehicles()` tells, `rate_hz` times a second, which vehicles have just come into view."""

    def __init__(
        self,
        next_vehicles: Callable[[], list[Vehicle]] = list,
        *,
        site: Site | None = None,
        rate_hz: float = 16.0,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        self.site = site or Site()
        self.fault: Fault = "none"
        self.commands: list[str] = []
        self._next_vehicles = next_vehicles
        self._rate_hz = rate_hz
        self._monotonic = monotonic
        self._port = PtyPort("radar")
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._waiting = b""
        self._lock = threading.Lock()
        # The state after power-on: m/s, plain numbers, no magnitude.
        self._unit, self._json, self._magnitude, self._speeds, self._objects = "UM", False, False, True, False
        self._time, self._least_kmh, self._direction = False, 0.0, "|"
        self._started_s = 0.0

    @property
    def path(self) -> str:
        """The pseudo-terminal that a driver opens."""
        return self._port.path

    def start(self) -> RadarSimulator:
        """Plugs the radar in."""
        self._stop.clear()
        self._started_s = self._monotonic()
        self._port.start(self._take)
        self._thread = threading.Thread(target=self._watch, name="radar-road", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Unplugs the radar."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._port.stop()

    def __enter__(self) -> RadarSimulator:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def send(self, data: bytes) -> None:
        """Sends bytes as they are, for faults made to order."""
        self._port.write(data)

    def _take(self, data: bytes) -> None:
        """Commands out of what the driver writes: two letters act at once, a number needs a line end."""
        self._waiting += data
        while match := _COMMAND.match(self._waiting):
            command, self._waiting = match.group(), self._waiting[match.end() :]
            if command.strip():
                text = command.decode().strip()
                self.commands.append(text)
                for answer in self._obey(text):
                    self._say(answer)
        if self._waiting and not b"R>".startswith(self._waiting[:2]) and len(self._waiting) >= 2:
            self._waiting = self._waiting[1:]  # an unknown letter is passed over

    def _obey(self, command: str) -> Iterator[dict[str, Any]]:
        with self._lock:
            match command:
                case "??":
                    yield {"Product": "OPS243"}
                    yield {"Version": "1.4.6"}
                    yield {"SamplingRate": 10000, "resolution": 0.2187}
                    yield {"Clock": f"{self._clock_s():.0f}"}
                    yield {"RequiredMinSpeed": f"{self._least_kmh:.3f}"}
                case "?V":
                    yield {"Version": "1.4.6"}
                case "?P":
                    yield {"Product": "OPS243"}
                case "UK" | "UM" | "US" | "UF":
                    self._unit = command
                    yield {"Units": _ANSWERS[command]}
                case "OJ" | "Oj":
                    self._json = command == "OJ"
                    yield {"OutputFeature": "J" if self._json else "j"}
                case "OM" | "Om":
                    self._magnitude = command == "OM"
                    yield {"OutputFeature": command[1]}
                case "OT" | "Ot":
                    self._time = command == "OT"
                    yield {"OutputFeature": command[1]}
                case "OS" | "Os":
                    self._speeds = command == "OS"
                    yield {"OutputFeature": command[1]}
                case "OC" | "Oc":
                    self._objects = command == "OC"
                    yield {"OutputFeature": command[1]}
                case "R+" | "R-" | "R|":
                    self._direction = command[1]
                    yield {"DirectionFilter": command[1]}
                case _ if command.startswith("R>"):
                    self._least_kmh = float(command[2:]) / _UNITS[self._unit][1]
                    yield {"RequiredMinSpeed": f"{self._least_kmh:.3f}"}

    def _clock_s(self) -> float:
        return self._monotonic() - self._started_s

    def _say(self, obj: dict[str, Any]) -> None:
        match self.fault:
            case "none":
                self._port.write(json.dumps(obj, separators=(",", ":")).encode() + b"\r\n")
            case "garbage":
                self._port.write(b'\xf7\x00\x9c{"sp\xff\r\n')
            case "silence":
                return

    def _watch(self) -> None:
        """Every 1/rate, one line with the strongest vehicle in the beam, as the radar does with its default of one."""
        passing: list[tuple[float, Vehicle, list[Echo]]] = []
        next_s = self._monotonic()
        while not self._stop.wait(max(0.0, next_s - self._monotonic())):
            now = self._monotonic()
            next_s = max(next_s + 1 / self._rate_hz, now)
            for vehicle in self._next_vehicles():
                if course := echoes(vehicle, self.site, rate_hz=self._rate_hz):
                    passing.append((now, vehicle, course))
            seen: list[tuple[Vehicle, Echo]] = []
            for entry in list(passing):
                since_s, vehicle, course = entry
                past = [echo for echo in course if echo.at_s <= now - since_s]
                if now - since_s > course[-1].at_s:
                    passing.remove(entry)
                    self._left(vehicle, course)
                elif past:
                    seen.append((vehicle, past[-1]))
            if seen:
                self._report(*max(seen, key=lambda pair: pair[1].magnitude))

    def _passes(self, toward: bool, speed_kmh: float) -> bool:
        filtered = (self._direction == "+" and not toward) or (self._direction == "-" and toward)
        return not filtered and speed_kmh >= self._least_kmh

    def _report(self, vehicle: Vehicle, echo: Echo) -> None:
        with self._lock:
            if not self._speeds or not self._passes(vehicle.toward, echo.speed_kmh):
                return
            unit, factor = _UNITS[self._unit]
            speed = f"{echo.speed_kmh * factor * (1 if vehicle.toward else -1):.2f}"
            if not self._json:
                parts = [f"{self._clock_s():.3f}"] if self._time else []
                parts += [f"{echo.magnitude:.1f}"] if self._magnitude else []
                self._port.write(",".join([*parts, speed]).encode() + b"\r\n")
                return
            obj: dict[str, Any] = {"time": f"{self._clock_s():.3f}"} if self._time else {}
            obj["unit"] = unit
            if self._magnitude:
                obj["magnitude"] = f"{echo.magnitude:.1f}"
            obj["speed"] = speed
        self._say(obj)

    def _left(self, vehicle: Vehicle, course: list[Echo]) -> None:
        """The object message, when the vehicle has left the beam."""
        speeds = [echo.speed_kmh / 3.6 for echo in course]
        with self._lock:
            if not self._objects or not self._passes(vehicle.toward, max(speeds) * 3.6):
                return
            ended_s = self._clock_s()
        self._say(
            {
                "classifier": "object_inbound" if vehicle.toward else "object_outbound",
                "end_time": f"{ended_s:.3f}",
                "start_time": f"{ended_s - course[-1].at_s:.3f}",
                "delta_time_msec": round(course[-1].at_s * 1000),
                "max_speed_mps": round(max(speeds), 2),
                "min_speed_mps": round(min(speeds), 2),
                "max_magnitude": round(max(echo.magnitude for echo in course)),
                "total_frames": len(course),
                "length_m": vehicle.length_m,
            }
        )
