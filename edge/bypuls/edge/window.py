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
7. What waited when the connection began is backlog and yields: at most `allowance` rows are on their way while any of
   it is. The allowance begins small, grows by what is receipted within a second, and is halved where a receipt takes
   two. Rows that came since go at once. So hundreds of devices may come back from one outage together, and what is
   live stands behind seconds of the others' backlog, not behind all of it.
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
FIRST_ALLOWANCE = 100  # rows
_QUICK_S, _SLOW_S = 1.0, 2.0


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
    """One device's flights. All times [s] are of one monotonic clock. allowance : of the backlog at first [rows]."""

    def __init__(
        self,
        random: Random,
        *,
        limit: int = LIMIT,
        late_s: float = LATE_S,
        longest_s: float = LONGEST_S,
        allowance: int = FIRST_ALLOWANCE,
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
        self._top: int | None = None  # the newest row that was sent, or waited when the connection began
        self._first_allowance = self._allowance = allowance
        self._slowed_at = 0.0

    def in_flight(self, now: float) -> int:
        """Batches without a receipt that still is to be expected."""
        return sum(not self._aside(flight, now) for flight in self._flights)

    def next(self, waiting: Spans, now: float) -> Span | None:
        """The rows to send now, of those that wait in the outbox; None where it is nobody's turn."""
        self._clip(waiting)
        if self._top is None:
            self._top = max((last for _, last in waiting), default=0)
        free = self.in_flight(now) < self._limit
        due = [f for f in self._flights if f.due_at <= now and (free or not self._aside(f, now))]
        if due:
            flight = min(due, key=lambda f: f.due_at)
            if self._aside(flight, now) and flight.lost + 1 >= _SENDINGS and flight.last > flight.first:
                flight = self._halve(flight)
            return flight.first, flight.last
        return self._unsent(waiting, now) if free else None

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
        if self._top is not None and first > self._top:
            self._top = last  # live rows take nobody's turn
        else:
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
        for flight in self._flights:
            if flight.tries == 1 and answered.within(flight.first, flight.last) == [(flight.first, flight.last)]:
                self._adjust(flight, now)
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
        self._top = None
        self._allowance = self._first_allowance

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

    def _adjust(self, flight: Flight, now: float) -> None:
        """Learns from how long a first sending waited for its receipt."""
        took_s = now - flight.sent_at
        if took_s <= _QUICK_S:
            most = self._limit * MAX_READINGS
            self._allowance = min(most, self._allowance + flight.last - flight.first + 1)
        elif took_s > _SLOW_S and flight.sent_at >= self._slowed_at:
            # Once for all that were on their way together: they waited in the same queue.
            self._allowance = max(self._first_allowance, self._allowance // 2)
            self._slowed_at = now

    def _unsent(self, waiting: Spans, now: float) -> Span | None:
        unsent = waiting.copy()
        for flight in self._flights:
            unsent.remove(flight.first, flight.last)
        top = self._top or 0
        for first, last in reversed(unsent):
            if last > top:
                return self._ending(max(first, top + 1), last, self._most)
            break
        under_way = sum(f.last - f.first + 1 for f in self._flights if not self._aside(f, now))
        most = min(self._most, self._allowance - under_way)
        if most <= 0:
            return None
        if self._newest_turn:
            for first, last in reversed(unsent):
                return self._ending(first, last, most)
        for first, last in unsent:
            return first, min([last, first + most - 1, *(cut - 1 for cut in self._cuts if first < cut <= last)])
        return None

    def _ending(self, first: int, last: int, most: int) -> Span:
        """The rows up to `last`: at most so many, and none beyond a cut."""
        return max([first, last - most + 1, *(cut for cut in self._cuts if first < cut <= last)]), last

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
