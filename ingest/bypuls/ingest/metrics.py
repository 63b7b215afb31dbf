"""What ingest counts, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    """Counters of one ingest worker, in a collector registry that is handed in."""

    def __init__(self, collectors: CollectorRegistry) -> None:
        def counter(name: str, text: str) -> Counter:
            return Counter(f"bypuls_ingest_{name}", text, registry=collectors)

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"bypuls_ingest_{name}", text, registry=collectors)

        self.messages = counter("messages", "Messages taken over")
        self.stored = counter("stored", "Readings stored")
        self.duplicates = counter("duplicates", "Readings that had been taken over before")
        self.refused = counter("refused", "Readings refused into the dead letters")
        self.undecodable = counter("undecodable", "Messages that nobody can decode")
        self.retained = counter("retained", "Retained messages on readings topics")
        self.alarms = counter("alarms", "Alarms of devices: cloned cards")
        self.waits = counter("waits", "Times that the store or the book did not take what they were given")
        self.failures = counter("failures", "Messages and windows that tripped a fault of this release; see the log")
        self.unsent = counter("unsent_receipts", "Receipts that could not be sent; the devices send again")
        self.bins = counter("bins", "Quarter-hour bins written by rollups")
        self.connected = gauge("connected", "1 while the broker lets this worker have the readings")
        self.waiting = gauge("waiting_messages", "Messages received and not yet taken over")
        self.waiting_bytes = gauge("waiting_bytes", "Their bytes")
        self.letters = gauge("dead_letters", "Dead letters that wait to be looked at")
        self.dirty = gauge("dirty_marks", "Windows that wait to be rolled up")
        self.seconds = Histogram(
            "bypuls_ingest_take_seconds", "Time to take a handful of messages over", registry=collectors
        )
