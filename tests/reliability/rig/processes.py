"""The real processes of a platform under test: started, killed, cut off from power, and never left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from rig import power

from bypuls.edge.outbox_state import Stats, inspect

HERE = Path(__file__).resolve().parents[1]


class StillNot(AssertionError, TimeoutError):
    """What was waited for did not come about."""


def until(holds: Callable[[], bool], what: str, within_s: float = 15.0, every_s: float = 0.1) -> float:
    """Waits until `holds()`; the seconds that it took [s]. Raises StillNot after `within_s` [s]."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > within_s:
            raise StillNot(f"after {within_s:g} s still not: {what}")
        time.sleep(every_s)
    return time.monotonic() - began


class Process:
    """One Python process of the platform, with a log of its own."""

    def __init__(self, name: str, folder: Path, module: str, *arguments: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.folder = folder
        self.log_file = folder / f"{name}.log"
        self._module = module
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, powered: bool = False, **environment: str) -> None:
        """Starts it with further environment. `powered`: its power may be cut, see `cut_power`."""
        if self.alive:
            raise RuntimeError(f"{self.name} runs already")
        runner = ["-m", self._module]
        if powered:
            power.adopt(self.folder)
            runner = ["-m", "rig.power", self._module]
            environment["BYPULS_POWER"] = str(self.folder)
        path = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))
        clean = {name: value for name, value in os.environ.items() if not name.startswith("BYPULS_")}
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *runner, *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**clean, "PYTHONPATH": path, **self.environment(), **environment},
            )

    def environment(self) -> Mapping[str, str]:
        """What every start needs."""
        return {}

    @property
    def pid(self) -> int:
        """Its process id. Raises RuntimeError where it never ran."""
        if self._process is None:
            raise RuntimeError(f"{self.name} does not run")
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """What it has said."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def cut_power(self) -> dict[str, int]:
        """kill -9, and what was not synced is gone: {file: bytes lost}."""
        self.kill()
        return power.cut(self.folder)

    def stop(self) -> int:
        """SIGTERM; its exit code. Kills it after 15 s and then raises."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.terminate()
        try:
            return self._process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end on SIGTERM:\n{self.log[-2000:]}") from None

    def wait_killed(self, within_s: float = 20.0) -> None:
        """Waits until it died of the crash point that it was started with."""
        if self._process is None:
            raise RuntimeError(f"{self.name} does not run")
        try:
            code = self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} never came to its crash point:\n{self.log[-1500:]}") from None
        if code != -signal.SIGKILL:
            raise AssertionError(f"{self.name} ended with {code}, not by its crash point:\n{self.log[-3000:]}")


class Ingest(Process):
    """`bypuls ingest` on a data folder of its own or shared with others."""

    def __init__(self, name: str, data: Path, port: int, *options: str, secrets: Mapping[str, str]) -> None:
        broker = ("--broker-host", "127.0.0.1", "--broker-port", str(port))
        super().__init__(name, data, "bypuls.cli", "ingest", "--data-dir", str(data), *broker, *options)
        self._secrets = secrets
        self._connections = 0

    def environment(self) -> Mapping[str, str]:
        self._connections = self.log.count("connected to the broker")
        return self._secrets

    def wait_connected(self, within_s: float = 20.0) -> float:
        """Waits until it takes messages over; how long that took [s]."""

        def connected() -> bool:
            if not self.alive:
                raise AssertionError(f"{self.name} died:\n{self.log[-3000:]}")
            return self.log.count("connected to the broker") > self._connections

        return until(connected, f"{self.name} connected to the broker", within_s)


_EDGE = """device = "{device}"
[broker]
host = "127.0.0.1"
port = {port}
keepalive_s = {keepalive_s}
[outbox]
path = "outbox.db"
max_mb = {max_mb}
keep_receipted_h = {keep_h}
commit_s = {commit_s}
[clock]
trust = "always"
earliest = {earliest}
[health]
interval_s = {health_s}
"""
_SENSOR = """[[sensor]]
id = "{sensor}"
driver = "rig.load:configure"
[sensor.options]
rate_hz = {rate_hz}
journal = "{folder}/{sensor}.produced"
stop = "{folder}/stop"
"""


class Edge(Process):
    """`python -m bypuls.edge run` with load drivers; its witness and its journals lie beside the outbox's folder."""

    def __init__(
        self, device: str, folder: Path, port: int, *, sensors: Mapping[str, float], **settings: object
    ) -> None:
        super().__init__(device, folder / "card", "bypuls.edge", "run", str(folder / "card" / "edge.toml"))
        self.device = device
        self.sensors = dict(sensors)
        self.notes = folder
        self.witness = folder / "witness.jsonl"
        self.outbox = self.folder / "outbox.db"
        self._settings: dict[str, object] = {
            "keepalive_s": 60.0,
            "max_mb": 50.0,
            "keep_h": 48.0,
            "commit_s": 0.2,
            "earliest": "2010-01-01",
            "health_s": 3600.0,
            "port": port,
        }
        self.configure(**settings)

    def configure(self, **settings: object) -> None:
        """Writes edge.toml anew, with these settings changed."""
        self._settings |= settings
        text = _EDGE.format(device=self.device, **self._settings)
        for sensor, rate_hz in self.sensors.items():
            text += _SENSOR.format(sensor=sensor, rate_hz=rate_hz, folder=self.notes)
        (self.folder / "edge.toml").write_text(text)

    def environment(self) -> Mapping[str, str]:
        return {"BYPULS_WITNESS": str(self.witness)}

    def journal(self, sensor: str) -> Path:
        """Where the sensor's load notes what it produced."""
        return self.notes / f"{sensor}.produced"

    def pause(self) -> None:
        """Ends production; the edge goes on."""
        (self.notes / "stop").touch()

    @property
    def quiet_after_s(self) -> float:
        """How long after `pause` everything that was produced has been committed [s]."""
        return (
            float(str(self._settings["commit_s"])) + 0.15 + max((1 / hz for hz in self.sensors.values()), default=0.0)
        )

    def resume(self) -> None:
        """Lets production go on."""
        (self.notes / "stop").unlink(missing_ok=True)

    def accepted(self) -> int:
        """How many rows the witness has seen."""
        return self.witness.read_bytes().count(b"\n") if self.witness.exists() else 0

    def stats(self) -> Stats | None:
        """The outbox's counts; None while it can't be read."""
        with contextlib.suppress(OSError, sqlite3.Error):
            return inspect(self.outbox)
        return None

    def waiting(self) -> int:
        """Rows without a receipt; -1 while nobody can say."""
        if not self.outbox.exists():
            return 0
        stats = self.stats()
        return -1 if stats is None else stats.waiting

    def wait_accepted(self, more: int, within_s: float = 20.0) -> None:
        """Waits until `more` further rows were committed."""
        goal = self.accepted() + more

        def enough() -> bool:
            if not self.alive:
                raise AssertionError(f"{self.name} died:\n{self.log[-3000:]}")
            return self.accepted() >= goal

        until(enough, f"{self.name} accepted {more} more rows", within_s)
