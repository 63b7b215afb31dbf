"""What Prometheus reads of the evaluator."""

from __future__ import annotations

from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from bypuls.api.alarms.engine import Round


class AlarmMeters:
    """Counters of one process, from 0."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.rounds = Counter("bypuls_alarms_rounds", "Rounds that were kept", registry=registry)
        self.failures = Counter("bypuls_alarms_failures", "Rounds that could not be kept", registry=registry)
        self.failed = Counter(
            "bypuls_alarms_failed_kinds", "Kinds that could not be looked at", ["kind"], registry=registry
        )
        self.changes = Counter("bypuls_alarms_changes", "Steps of alarms", ["action"], registry=registry)
        self.looked = Gauge("bypuls_alarms_conditions", "Conditions looked at in the last round", registry=registry)
        self.last = Gauge("bypuls_alarms_last_round_timestamp_seconds", "When a round was kept last", registry=registry)
        self.seconds = Histogram(
            "bypuls_alarms_round_seconds", "Time of a round [s]", registry=registry,
            buckets=(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
        )  # fmt: skip

    def count(self, found: Round, seconds: float, at: datetime) -> None:
        """Counts a round."""
        self.rounds.inc()
        self.seconds.observe(seconds)
        self.looked.set(found.looked)
        self.last.set(at.timestamp())
        for action, count in found.changes.items():
            self.changes.labels(action).inc(count)
        for kind in found.failed:
            self.failed.labels(kind).inc()
