"""The simulated town's past, and how fast replay alone could publish: CPU time of this process, no platform."""

import queue
import re
import time
from datetime import UTC, date, datetime, timedelta

from rows import Row

from bypuls.sim.courier import Connected, Event
from bypuls.sim.history import history
from bypuls.sim.present import Present
from bypuls.sim.recordings import Recording
from bypuls.sim.replay import replay
from bypuls.sim.town import DEFAULT_SEED, Town
from bypuls.wire import Meter, Receipt

_FRAME = re.compile(rb'"epoch":"([^"]+)","first":(\d+)')
_READINGS = 100_000


class _Receipting:
    """A link that receipts whatever it is given, unread."""

    def __init__(self) -> None:
        self.incoming: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.incoming.put(Connected())

    def publish(self, payload: bytes) -> None:
        frame = _FRAME.search(payload, 0, 300)
        assert frame is not None
        first, count = int(frame[2]), payload.count(b'"kind":')
        self.incoming.put(Receipt(frame[1].decode(), ((first, first + count - 1),)).encode())


def run() -> list[Row]:
    """Two years of bins of the whole town; its registers added up for a start; 100,000 readings published."""
    town, end = Town(DEFAULT_SEED, date(2024, 1, 1)), datetime(2026, 11, 1, tzinfo=UTC)
    began = time.process_time()
    bins = sum(len(block.t_us) for block in history(town, datetime(2024, 11, 1, tzinfo=UTC), end))
    history_s = time.process_time() - began
    began = time.process_time()
    Present(Town(DEFAULT_SEED, date(2024, 1, 1))).warm(end)
    warm_s = time.process_time() - began
    start = datetime(2020, 1, 1, tzinfo=UTC)
    readings = [
        Meter(sensor="bench", t=start + timedelta(minutes=minute), medium="heat", import_wh=minute * 1.5)
        for minute in range(_READINGS)
    ]
    began = time.process_time()
    replay(Recording(readings, [], "bench"), link=_Receipting())
    replay_s = time.process_time() - began
    return [
        Row("two years of the simulated town as bins", history_s, "CPU s", "< 15"),
        Row("bins in them", bins, "bins"),
        Row("start of the live town's registers", warm_s, "CPU s", "< 10"),
        Row("replay, publisher alone", _READINGS / replay_s, "readings/CPU s", "> 15,000"),
    ]
