"""The device's clock, and the guard that lets no reading out with a time that nobody vouches for.

A Pi without a battery clock boots in the past. Linux knows whether its clock is being kept (`STA_UNSYNC`), and counts
the time since boot apart from it; both together date a reading that was taken before the clock was set.
"""

from __future__ import annotations

import ctypes
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

from bypuls.wire import from_us, to_us

Trust = Literal["synchronised", "always"]


class Clock(Protocol):
    """What the edge asks of a clock."""

    def now(self) -> datetime:
        """The wall clock, aware UTC; right or not."""
        ...

    def monotonic_us(self) -> int:
        """Time since boot [µs], also through suspends; comparable within one boot."""
        ...

    def boot_id(self) -> str:
        """The id of this boot."""
        ...

    def synchronised(self) -> bool:
        """Whether the wall clock is kept by a time source just now."""
        ...

    def offset_ms(self) -> float | None:
        """What the wall clock is still off its time source [ms]; None where nobody knows."""
        ...


class _Timex(ctypes.Structure):
    """struct timex of adjtimex(2); the fields after `status` are room only, more than the kernel writes."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("room", ctypes.c_byte * 512),
    )


STA_UNSYNC = 0x0040  # <linux/timex.h>
STA_NANO = 0x2000
TIME_ERROR = 5
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class SystemClock:
    """Linux's own clocks. The kernel calls its clock unsynchronised after boot, after it was set by hand, and when no
    time source has corrected it until its possible error exceeds 16 s (about 9 h). systemd-timesyncd and ntpd say so to
    the kernel; chrony does with `rtcsync`, which Debian configures.
    """

    def __init__(self) -> None:
        self._boot = _BOOT_ID.read_text(encoding="ascii").strip()
        self._libc = ctypes.CDLL(None, use_errno=True)

    def now(self) -> datetime:
        """The wall clock, aware UTC."""
        return datetime.now(UTC)

    def monotonic_us(self) -> int:
        """CLOCK_BOOTTIME [µs]."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000

    def boot_id(self) -> str:
        """The kernel's random id of this boot."""
        return self._boot

    def synchronised(self) -> bool:
        """False while the kernel says STA_UNSYNC or TIME_ERROR. Raises OSError where adjtimex(2) is forbidden."""
        state, timex = self._adjtimex()
        return state != TIME_ERROR and not timex.status & STA_UNSYNC

    def offset_ms(self) -> float | None:
        """The offset that the kernel is still slewing away [ms]; None while unsynchronised."""
        state, timex = self._adjtimex()
        if state == TIME_ERROR or timex.status & STA_UNSYNC:
            return None
        return float(timex.offset) / (1e6 if timex.status & STA_NANO else 1e3)

    def _adjtimex(self) -> tuple[int, _Timex]:
        timex = _Timex()  # modes = 0: reads, sets nothing
        state = int(self._libc.adjtimex(ctypes.byref(timex)))
        if state < 0:
            number = ctypes.get_errno()
            raise OSError(number, f"adjtimex: {os.strerror(number)}; allow adjtimex in the unit's SystemCallFilter")
        return state, timex


@dataclass(frozen=True, slots=True)
class Anchor:
    """A moment that both clocks knew: `wall_us` [µs since 1970] was right at `mono_us` [µs since boot `boot`]."""

    boot: str
    mono_us: int
    wall_us: int

    def at(self, mono_us: int) -> datetime:
        """The time at `mono_us` of the same boot."""
        return from_us(self.wall_us + mono_us - self.mono_us)


class Guard:
    """Says what time it is, or that nobody knows.

    A time is trusted while the clock is synchronised (with trust "always": always) and not before `earliest`. When
    synchronisation is lost, the monotonic clock carries the last trusted time on for `holdover_s`: a crystal drifts
    2–4 s a day. After that readings are held again.
    """

    def __init__(self, clock: Clock, *, trust: Trust, earliest: datetime, holdover_s: float) -> None:
        self._clock = clock
        self._always = trust == "always"
        self._earliest = earliest
        self._holdover_us = int(holdover_s * 1e6)
        self._last: Anchor | None = None

    @property
    def boot(self) -> str:
        """The id of this boot."""
        return self._clock.boot_id()

    def mono_us(self) -> int:
        """Time since boot [µs]."""
        return self._clock.monotonic_us()

    def wall(self) -> datetime:
        """What the wall clock shows, right or not."""
        return self._clock.now()

    def synchronised(self) -> bool:
        """Whether the wall clock is kept by a time source just now. Raises OSError of the clock."""
        return self._clock.synchronised()

    def offset_ms(self) -> float | None:
        """The wall clock's offset from its time source [ms], where known. Raises OSError of the clock."""
        return self._clock.offset_ms()

    def anchor(self) -> Anchor | None:
        """The trusted relation between both clocks now; None while there is none. Raises OSError of the clock."""
        mono = self._clock.monotonic_us()
        now = self._clock.now()
        if now >= self._earliest and (self._always or self._clock.synchronised()):
            self._last = Anchor(self._clock.boot_id(), mono, to_us(now))
            return self._last
        last = self._last
        if last is not None and 0 <= mono - last.mono_us <= self._holdover_us:
            return last
        return None

    def now(self) -> datetime | None:
        """The trusted time; None while there is none."""
        anchor = self.anchor()
        return None if anchor is None else anchor.at(self._clock.monotonic_us())
