"""The command as a user starts it: processes of their own, ended whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

Start = Callable[..., subprocess.Popen[str]]


def _as_from_a_terminal() -> None:
    """Tests may be run under nohup, which has SIGHUP ignored by all that is started from there."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts `bypuls WORDS…`; what still runs at the end of the test is killed with all that it started."""
    started: list[subprocess.Popen[str]] = []

    def begin(words: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        with log.open("a") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "bypuls.cli", *words],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
                preexec_fn=_as_from_a_terminal,
                env={**os.environ, **(environment or {})},
            )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@pytest.fixture
def until() -> Callable[[Callable[[], bool], float, str], None]:
    """Waits until something holds; fails the test with the words given when it doesn't within the seconds given."""

    def wait(holds: Callable[[], bool], seconds: float, what: str) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                pytest.fail(f"{what}: not within {seconds:.0f} s")
            time.sleep(0.05)

    return wait
