"""An OmniPreSense OPS243 Doppler radar on a serial port (USB or UART): passages with speed and direction.

Sets the radar up at every start (JSON, km/h, magnitudes, least speed), so that a swapped radar needs no laptop. A quiet
street says nothing: the radar is asked for its version from time to time, and only an unanswered question is silence.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from typing import Literal

from bypuls.edge.driver import Driver, Timed
from bypuls.edge.drivers.mounting import Mounting
from bypuls.edge.drivers.options import Options
from bypuls.edge.drivers.passages import GroupingRule, PassageGrouper, Run
from bypuls.edge.drivers.patience import HEARTBEAT_S, BadFrame, Monotonic, Patience
from bypuls.edge.drivers.radar_lines import (
    Answer,
    LineSplitter,
    ObjectReport,
    Report,
    SpeedReport,
    decode_line,
)
from bypuls.edge.drivers.serial_port import Opener, SerialPort, open_port
from bypuls.wire import BadField, Passage

logger = logging.getLogger(__name__)

Mode = Literal["speeds", "objects"]
QUESTION = b"?V"  # firmware version: one short line

_OPTIONS = (
    "port",
    "baud",
    "mode",
    "inbound_sign",
    "azimuth_deg",
    "elevation_deg",
    "least_kmh",
    "gap_s",
    "jump_kmh",
    "least_lines",
    "timeout_s",
)


def setup_commands(mode: Mode, least_kmh: float) -> tuple[bytes, ...]:
    """What the radar is told at start; two letters act at once, a number ends with a line end. Source: AN-010."""
    output = (b"OS", b"Oc") if mode == "speeds" else (b"OC", b"Os")
    return (b"OJ", b"UK", b"OM", b"R|", b"R>%d\n" % int(least_kmh), *output)


class Ops243:
    """A radar behind a serial port. `bad_frames` and `noise_runs` tell what was left out."""

    def __init__(
        self,
        sensor: str,
        *,
        port: str,
        baud: int = 19_200,
        mode: Mode = "speeds",
        inbound_sign: int = 1,
        mounting: Mounting,
        rule: GroupingRule,
        timeout_s: float = 60.0,
        opener: Opener = open_port,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        self.sensor = sensor
        self.patience = Patience(sensor, timeout_s=timeout_s, monotonic=monotonic)
        self.grouper = PassageGrouper(rule)
        self.answers: dict[str, object] = {}
        self._port_name = port
        self._baud = baud
        self._mode: Mode = mode
        self._inbound_sign = inbound_sign
        self._mounting = mounting
        self._timeout_s = timeout_s
        self._monotonic = monotonic
        self._serial = SerialPort(sensor, port, baud=baud, opener=opener, read_timeout_s=0.1)

    def describe(self) -> str:
        """Port, speed, mounting, and the firmware once it has told."""
        firmware = f", firmware {self.answers['Version']}" if "Version" in self.answers else ""
        return (
            f"OPS243 at {self._port_name}, {self._baud} baud, azimuth {self._mounting.azimuth_deg:g}°, "
            f"elevation {self._mounting.elevation_deg:g}°{firmware}"
        )

    def close(self) -> None:
        """Releases the port; the iteration ends."""
        self._serial.close()

    def readings(self) -> Iterator[Passage | Timed | None]:
        """Passages, dated back to their strongest line. Raises Unplugged, Garbage, Silent."""
        self._serial.stop.clear()
        splitter = LineSplitter()
        self.grouper.flush()  # what an earlier connection left open has no end to be dated by
        with self._serial.opened():
            self._serial.discard_input()
            for command in setup_commands(self._mode, self.grouper.rule.least_kmh):
                self._serial.write(command)
            self.patience.begin()
            asked = said = self._monotonic()
            while not self._serial.stopping:
                data = self._serial.read_available()
                now = self._monotonic()
                for line in splitter.feed(data):
                    for passage in self._passages(line, now):
                        said = now
                        yield passage
                for run in self.grouper.expire(now):
                    said = now
                    yield from self._dated(run, now)
                if self.patience.silence_s() > self._timeout_s / 2 and now - asked > self._timeout_s / 4:
                    asked = now
                    self._serial.write(QUESTION)
                self.patience.quiet("answer of the radar")
                if now - said >= HEARTBEAT_S:
                    said = now
                    yield None

    def _passages(self, line: bytes, now: float) -> Iterator[Timed | Passage]:
        try:
            reports = decode_line(line)
        except BadFrame as error:
            self.patience.bad(error)
            return
        self.patience.good()
        self.answers.update(
            (name, value) for report in reports if isinstance(report, Answer) for name, value in report.values.items()
        )
        if self._mode == "objects":
            yield from self._tracked(reports)
            return
        speeds = [self._signed(report) for report in reports if isinstance(report, SpeedReport)]
        if speeds:
            for run in self.grouper.feed(now, speeds):
                yield from self._dated(run, now)

    def _signed(self, report: SpeedReport) -> SpeedReport:
        """The same report with a sign that is positive toward the radar."""
        if report.way is not None:
            return SpeedReport(abs(report.speed_kmh) * (1 if report.way == "inbound" else -1), report.magnitude)
        return SpeedReport(report.speed_kmh * self._inbound_sign, report.magnitude)

    def _dated(self, run: Run, now: float) -> Iterator[Timed]:
        for passage in self._passage(abs(run.speed_kmh), toward=run.speed_kmh > 0, magnitude=run.magnitude):
            yield Timed(passage, now - run.t_s)

    def _tracked(self, reports: tuple[Report, ...]) -> Iterator[Passage]:
        for report in reports:
            if isinstance(report, ObjectReport):
                yield from self._passage(
                    report.speed_kmh,
                    toward=report.way == "inbound",
                    magnitude=report.magnitude,
                    length_m=report.length_m,
                )

    def _passage(
        self, raw_kmh: float, *, toward: bool, magnitude: float | None, length_m: float | None = None
    ) -> Iterator[Passage]:
        """The passage of a speed as measured [km/h], corrected once; none, counted as a bad frame, if implausible."""
        try:
            passage = Passage(
                sensor=self.sensor,
                speed_kmh=self._mounting.correct_kmh(raw_kmh),
                raw_kmh=raw_kmh,
                direction="toward" if toward else "away",
                length_m=length_m,
                magnitude=magnitude,
            )
        except BadField as error:
            self.patience.bad(error)
        else:
            yield passage


def configure(sensor: str, options: Mapping[str, object]) -> Driver:
    """The radar of `sensor`. Raises BadOption."""
    given = Options(sensor, options, _OPTIONS)
    default = GroupingRule()
    azimuth = given.number("azimuth_deg", low=0, high=60)
    mode: Mode = given.choice("mode", ("speeds", "objects"), "speeds")
    inbound_sign = given.whole("inbound_sign", 1, low=-1, high=1)
    if inbound_sign == 0:
        raise given.refuse("inbound_sign", "1 or -1")
    return Ops243(
        sensor,
        port=given.text("port", example="/dev/ttyACM0"),
        baud=given.whole("baud", 19_200, low=1_200, high=921_600),
        mode=mode,
        inbound_sign=inbound_sign,
        mounting=Mounting(azimuth, given.number("elevation_deg", 0.0, low=0, high=60)),
        rule=GroupingRule(
            gap_s=given.number("gap_s", default.gap_s, low=0.1, high=10),
            jump_kmh=given.number("jump_kmh", default.jump_kmh, low=1, high=100),
            least_kmh=given.number("least_kmh", default.least_kmh, low=0, high=50),
            least_lines=given.whole("least_lines", default.least_lines, low=1, high=50),
        ),
        timeout_s=given.number("timeout_s", 60.0, low=1, high=3_600),
    )
