"""A driver for tests: numbered passages at a given rate, each noted in a journal before the edge sees it.

edge.toml names it as `rig.load:configure`; its options are rate_hz [1/s], journal and stop (a file: while it exists,
nothing is produced). After a restart the numbers go on where the journal ends.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from bypuls.wire import Passage, Reading

_LINE = 32


def passage(sensor: str, number: int) -> Passage:
    """The passage of that number: its speed [km/h] uses all of a double's digits, its magnitude is the number."""
    return Passage(sensor=sensor, speed_kmh=10 + (number * 0.6180339887498949) % 100, magnitude=float(number))


def produced(journal: Path) -> dict[int, int]:
    """{number: time of production [µs since 1970]} of a journal."""
    if not journal.exists():
        return {}
    data = journal.read_bytes()
    lines = (data[at : at + _LINE].split() for at in range(0, len(data) // _LINE * _LINE, _LINE))
    return {int(number): int(at_us) for number, at_us in lines}


def note(journal: Path, numbers: Iterable[int]) -> None:
    """Notes that these numbers are produced now: for tests that make readings themselves."""
    now_us = time.time_ns() // 1000
    with journal.open("ab") as file:
        file.write("".join(f"{number:12d} {now_us:18d}\n" for number in numbers).encode())


class Load:
    """Yields passages of `sensor`, `rate_hz` a second [1/s]."""

    def __init__(self, sensor: str, rate_hz: float, journal: Path, stop: Path) -> None:
        self._sensor = sensor
        self._pause_s = 1 / rate_hz
        self._journal = journal
        self._stop = stop
        self._closed = False

    def readings(self) -> Iterator[Reading | None]:
        """Readings without a time: the edge stamps them."""
        number = self._journal.stat().st_size // _LINE if self._journal.exists() else 0
        with self._journal.open("ab", buffering=0) as journal:
            journal.truncate(number * _LINE)  # a kill may have cut the last line
            due = time.monotonic()
            while not self._closed:
                if self._stop.exists():
                    time.sleep(0.05)
                    due = time.monotonic()
                    yield None
                    continue
                due += self._pause_s
                time.sleep(max(0.0, due - time.monotonic()))
                journal.write(f"{number:12d} {time.time_ns() // 1000:18d}\n".encode())
                yield passage(self._sensor, number)
                number += 1

    def close(self) -> None:
        """Ends the production."""
        self._closed = True

    def describe(self) -> str:
        """What it is."""
        return f"a test's load, {1 / self._pause_s:g}/s"


def configure(sensor: str, options: Mapping[str, object]) -> Load:
    """The load that edge.toml asks for."""
    return Load(sensor, float(str(options["rate_hz"])), Path(str(options["journal"])), Path(str(options["stop"])))
