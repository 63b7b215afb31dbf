"""Named points at which a test kills the edge. Off unless BYPULS_CRASH_AT names one: `outbox.after_commit`, or
`outbox.after_commit:3` for the third time it is passed.
"""

from __future__ import annotations

import os
import signal

POINTS = (
    "outbox.before_commit",
    "outbox.after_commit",
    "outbox.after_stamp",
    "outbox.after_receipt",
    "outbox.before_delete",
    "outbox.after_delete",
    "publisher.before_publish",
    "publisher.after_publish",
    "publisher.on_receipt",
)
_name, _, _times = os.environ.get("BYPULS_CRASH_AT", "").partition(":")
_left = int(_times or 1)
if _name and _name not in POINTS:
    raise ValueError(f"BYPULS_CRASH_AT: {_name!r} — expected one of {', '.join(POINTS)}")


def crash_point(name: str) -> None:
    """Kills this process with SIGKILL where a test asked for it at `name`; otherwise nothing."""
    global _left
    if name == _name:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
