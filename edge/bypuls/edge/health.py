"""How the device is: the reading that the edge takes of itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from bypuls.edge.clock import Guard
from bypuls.edge.outbox_state import Stats
from bypuls.wire import Health, to_us

_THERMAL = Path("/sys/class/thermal/thermal_zone0/temp")
_MOST_FAILING = 200


def cpu_temp_c(file: Path = _THERMAL) -> float | None:
    """Temperature of the processor [°C]; None where there is no such sensor or it says nonsense."""
    try:
        value = int(file.read_text(encoding="ascii")) / 1000
    except (OSError, ValueError):
        return None
    return value if -60 <= value <= 150 else None


def measure(
    device: str, guard: Guard, stats: Stats, folder: Path, failing: Iterable[str], *, version: str, cpu: Path = _THERMAL
) -> Health:
    """The device's health now. Raises OSError where clock or disk can't be asked."""
    now = guard.now()
    oldest_s = None
    if now is not None and stats.oldest_us is not None:
        oldest_s = max(0.0, (to_us(now) - stats.oldest_us) / 1e6)
    elif not stats.waiting:
        oldest_s = 0.0
    return Health(
        sensor=device,
        uptime_s=guard.mono_us() / 1e6,
        clock_offset_ms=guard.offset_ms(),
        clock_synced=guard.synchronised(),
        outbox_rows=stats.waiting,
        outbox_oldest_s=oldest_s,
        dropped=stats.dropped,
        disk_free_mb=shutil.disk_usage(folder).free / 1e6,
        cpu_temp_c=cpu_temp_c(cpu),
        failing=tuple(sorted(set(failing))[:_MOST_FAILING]),
        version=version,
    )
