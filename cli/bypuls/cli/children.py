"""The processes that `bypuls up` starts: each with a log of its own, started again when it dies, stopped together."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

log = structlog.get_logger("bypuls.up")

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 30.0

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _end_with_parent() -> None:
    """In the child, before its program begins: Linux ends it (SIGTERM) when its parent is gone, even by kill -9.

    Without it, what `bypuls up` started would go on, hold the ports, and meet a second set in the same data folder.
    A program that changes its user (mosquitto started by root) is no longer held by it."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)


@dataclass(slots=True)
class Child:
    """One process. `once`: it may end by itself with 0 (the history); all others are meant to stay."""

    name: str
    command: Sequence[str]
    log_file: Path
    once: bool = False
    own_group: bool = True
    """In a group of its own Ctrl-C reaches it once, through us; else it lives and dies with our group."""
    environment: Mapping[str, str] = field(default_factory=dict)
    after: Child | None = None
    """Starts by being watched once that one ended; None = it is started by `start` alone."""
    _process: subprocess.Popen[bytes] | None = None
    _pause_s: float = _FIRST_PAUSE_S
    _start_again_at: float | None = None
    ended: bool = False

    def start(self) -> None:
        """Starts the process; what an earlier one left behind in its group is ended first."""
        if self._process is not None and self.own_group:
            self._end_group(signal.SIGKILL)
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as out:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=self.own_group,
                preexec_fn=_end_with_parent,
                env={**os.environ, **self.environment},
            )
        self._start_again_at = None

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def watch(self, now_s: float) -> None:
        """Starts a process that died again, with growing pauses, and one whose turn has come."""
        if self._process is None and self.after is not None and self.after.ended:
            self.start()
        if self.ended or self._process is None or self._process.poll() is None:
            return
        if self.once and self._process.returncode == 0:
            self.ended = True
            return
        if self._start_again_at is None:
            log.error(
                "a process died and is started again",
                name=self.name,
                code=self._process.returncode,
                seconds=self._pause_s,
                log=str(self.log_file),
            )
            self._start_again_at = now_s + self._pause_s
            self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)
        elif now_s >= self._start_again_at:
            self.start()

    def send(self, number: signal.Signals) -> None:
        """Sends a signal to the process and, where it has a group of its own, to what it started."""
        if self._process is None:
            return
        if self.own_group:
            self._end_group(number)
        elif self._process.poll() is None:
            self._process.send_signal(number)

    def _end_group(self, number: signal.Signals) -> None:
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):  # nobody is left in it
            os.killpg(self._process.pid, number)

    def last_words(self, lines: int = 15) -> str:
        """The end of its log."""
        if not self.log_file.exists():
            return ""
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])


def stop_all(children: Sequence[Child], within_s: float = 4.0) -> None:
    """Ends the children in the order given: asks first, then, when the time is over, does not ask any more."""
    deadline = time.monotonic() + within_s
    for child in children:
        child.send(signal.SIGTERM)
    while any(child.running for child in children) and time.monotonic() < deadline:
        time.sleep(0.02)
    for child in children:
        if child.running:
            log.warning("a process did not end when asked", name=child.name)
        child.send(signal.SIGKILL)
