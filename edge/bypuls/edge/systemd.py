"""sd_notify(3): tells systemd that the edge is ready, alive and stopping. Nothing where systemd did not start it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping

Notify = Callable[[str], None]


def notifier(env: Mapping[str, str] = os.environ) -> Notify:
    """Sends one state (`READY=1`) to the socket that $NOTIFY_SOCKET names. Raises OSError where it is not there."""
    address = env.get("NOTIFY_SOCKET")
    if not address:
        return lambda _state: None
    target = "\0" + address[1:] if address.startswith("@") else address

    def notify(state: str) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.sendto(state.encode(), target)

    return notify


def watchdog_s(env: Mapping[str, str] = os.environ) -> float | None:
    """How often systemd wants a sign of life at least [s]; None where it wants none."""
    text = env.get("WATCHDOG_USEC", "")
    ours = env.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(text) / 1e6 if text.isdigit() and ours else None
