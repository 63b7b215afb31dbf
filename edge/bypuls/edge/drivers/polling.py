"""Sensors that answer when asked: the loop around one question, for meters on a bus as for files of the kernel."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from bypuls.edge.drivers.bus import Bus
from bypuls.edge.drivers.patience import BadFrame, Patience, Schedule
from bypuls.wire import BadField, Reading


def polled(
    ask: Callable[[], Reading],
    *,
    schedule: Schedule,
    patience: Patience,
    stop: threading.Event,
    bus: Bus | None = None,
    what: str,
) -> Iterator[Reading | None]:
    """The reading of every poll, None between them, until `stop` is set.

    `ask` raises TimeoutError where nothing came, BadFrame or BadField where it was not understood: both are tried again
    at the next poll, until `patience` raises Silent or Garbage. What else it raises ends the iteration.
    """
    patience.begin()
    for due in schedule.ticks():
        if not due:
            yield None
            continue
        while bus is not None and not bus.take():
            if stop.is_set():
                return
            yield None
        try:
            reading: Reading | None = ask()
        except TimeoutError:
            reading = None
            patience.quiet(what)
        except (BadFrame, BadField) as error:
            reading = None
            patience.bad(error)
        else:
            patience.good()
        finally:
            if bus is not None:
                bus.release()
        yield reading
