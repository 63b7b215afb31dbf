"""What to send next: a decision without I/O, given what waits in the outbox and what time it is.

The rules:

1. At most `limit` batches may be without a receipt that still is to be expected.
2. New batches are taken by turns from the newest and from the oldest end of what was not sent yet. After an outage
   live rows therefore go out at once, and the backlog drains with every other batch.
3. A batch whose receipt is `late_s` late is sent again, then with doubling, jittered pauses up to `longest_s`.
   The first receipt after a silence, or on a connection, makes all that were sent before it due within seconds.
4. A batch that others overtook (sent later, receipted earlier) and that is late no longer takes one of the places.
   After three such sendings it is halved, and its halves after one more, down to the reading that is never receipted.
5. On a new connection everything in flight counts as not sent, and goes by rule 2; what was overtaken keeps its pause.
   The first batch on it is a probe, sent again after 2, 5, 10, 20 s: a broker that came back before the platform
   did drops what nobody has subscribed to, and nobody wants to wait 30 s for that.
6. Where three connections in a row end without any receipt, batches get smaller; with every receipt larger again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from random import Random

from bypuls.edge.spans import Span, Spans
from bypuls.wire import MAX_READINGS

LIMIT = 20
LATE_S = 30.0
LONGEST_S = 600.0
_REVIVAL_S = (1.0, 3.0)
_PROBE_S = (2.0, 5.0, 10.0, 20.0)
_SENDINGS = 3


@dataclass(slots=True)
class Flight:
    """A batch that was sent and has no receipt."""

    first: int
    last: int
    sent_at: float
    due_at: float
    tries: int = 1
    passed: bool = False  # a batch sent later has its receipt
    lost: int = 0  # sendings that were passed and late
    probe: bool = False


class Window:
    """One device's flights. All times [s] are of one monotonic clock."""

    def __init__(
        self, random: Random, *, limit: int = LIMIT, late_s: float = LATE_S, longest_s: float = LONGEST_S
    ) -> None:
        self._random = random
        self._limit = limit
        self._late_s = late_s
        self._longest_s = longest_s
        self._flights: list[Flight] = []
        self._sent = Spans()  # ever, and not receipted since: what a receipt may name
        self._cuts: set[int] = set()  # rows at which a batch must begin
        self._newest_turn = True
        self._heard_at: float | None = None  # on this connection
        self._probing = True
        self._fruitless = 0
        self._most = MAX_READINGS

    def in_flight(self, now: float) -> int:
        """Batches without a receipt that still is to be expected."""
        return sum(not self._aside(flight, now) for flight in self._flights)

    def next(self, waiting: Spans, now: float) -> Span | None:
        """The rows to send now, of those that wait in the outbox; None where it is nobody's turn."""
        self._clip(waiting)
        free = self.in_flight(now) < self._limit
        due = [f for f in self._flights if f.due_at <= now and (free or not self._aside(f, now))]
        if due:
            flight = min(due, key=lambda f: f.due_at)
            if self._aside(flight, now) and flight.lost + 1 >= _SENDINGS and flight.last > flight.first:
                flight = self._halve(flight)
            return flight.first, flight.last
        return self._unsent(waiting) if free else None

    def sent(self, first: int, last: int, now: float) -> None:
        """Notes that `first`…`last` was sent: a span that `next` gave, or its beginning."""
        self._sent.add(first, last)
        for flight in self._flights:
            if flight.first == first:
                flight.last = min(last, flight.last)  # what did not fit waits as not sent
                flight.lost += self._aside(flight, now)
                flight.passed = False
                flight.tries += 1
                flight.sent_at, flight.due_at = now, now + self._pause(flight)
                return
        flight = Flight(first, last, now, now, probe=self._probing)
        flight.due_at += self._pause(flight)
        self._flights.append(flight)
        self._probing = False
        self._newest_turn = not self._newest_turn

    def receipted(self, spans: Iterable[Span], now: float) -> list[Span]:
        """The parts of a receipt's `spans` that were sent; the rest is nothing that this edge may believe."""
        believed = [part for first, last in spans for part in self._sent.within(first, last)]
        if not believed:
            return []
        silent = self._heard_at is None or now - self._heard_at > self._late_s
        self._heard_at = now
        self._fruitless = 0
        self._most = min(MAX_READINGS, self._most * 2)
        answered = Spans(believed)
        latest = max((f.sent_at for f in self._flights if answered.within(f.first, f.last)), default=None)
        for flight in self._flights:
            if latest is None or flight.sent_at >= latest or answered.within(flight.first, flight.last):
                continue
            if silent and not flight.passed:
                flight.due_at = min(flight.due_at, now + self._random.uniform(*_REVIVAL_S))
            flight.passed = True
        for first, last in believed:
            self._sent.remove(first, last)
        return believed

    def reconnected(self) -> None:
        """A new connection: what the old one carried may be lost."""
        if self._flights:
            self._fruitless += 1
            if self._fruitless > _SENDINGS:
                self._most = max(1, self._most // 2)
        self._flights = [flight for flight in self._flights if flight.lost]
        self._newest_turn = True
        self._probing = True
        self._heard_at = None

    def wake_at(self, now: float) -> float | None:
        """When a flight is due next; None where only a commit or a receipt changes anything."""
        free = self.in_flight(now) < self._limit
        return min((f.due_at for f in self._flights if free or not self._aside(f, now)), default=None)

    def _aside(self, flight: Flight, now: float) -> bool:
        return flight.passed and now - flight.sent_at >= self._late_s

    def _clip(self, waiting: Spans) -> None:
        """Forgets what no longer waits."""
        self._flights = [
            flight if part == (flight.first, flight.last) else replace(flight, first=part[0], last=part[1])
            for flight in self._flights
            for part in waiting.within(flight.first, flight.last)
        ]
        if self._cuts:
            self._cuts = {cut for cut in self._cuts if cut in waiting}

    def _halve(self, flight: Flight) -> Flight:
        middle = (flight.first + flight.last + 1) // 2
        self._cuts |= {flight.first, middle, flight.last + 1}
        # Still aside, one counted sending short of being halved again.
        low = replace(flight, last=middle - 1, lost=_SENDINGS - 2, tries=0, probe=False)
        high = replace(low, first=middle, last=flight.last)
        self._flights = [f for f in self._flights if f is not flight] + [low, high]
        return low

    def _unsent(self, waiting: Spans) -> Span | None:
        unsent = waiting.copy()
        for flight in self._flights:
            unsent.remove(flight.first, flight.last)
        if self._newest_turn:
            for first, last in reversed(unsent):
                return max([first, last - self._most + 1, *(cut for cut in self._cuts if first < cut <= last)]), last
        for first, last in unsent:
            return first, min([last, first + self._most - 1, *(cut - 1 for cut in self._cuts if first < cut <= last)])
        return None

    def _pause(self, flight: Flight) -> float:
        tries = flight.tries
        if flight.probe:
            if tries <= len(_PROBE_S):
                return _PROBE_S[tries - 1] * self._random.uniform(1.0, 1.25)
            tries -= len(_PROBE_S)
        if tries <= 1:
            return self._late_s * self._random.uniform(1.0, 1.25)
        longest = min(self._longest_s, self._late_s * 2.0 ** min(tries - 1, 20))
        return max(self._late_s, longest * self._random.uniform(0.5, 1.0))
