"""Faults of street lights to order: which, where, and when. What comes of them is a function of order and seed.

As text, for the command line: `KIND:TARGET`, then with semicolons what differs from 'from now on, for good':

    lamp-out:lamp-1-03
    lamps-out:cabinet-2;k=4;from=2026-11-26T16:00Z;to=2026-11-27T07:00Z

lamp-out       a lamp draws nothing, and says so (`lampFailure`)
lamps-out      k lamps of a cabinet draw nothing and say nothing; which ones, the seed decides
day-burner     a lamp burns day and night at full level, and says nothing
cycling        a lamp that is switched on goes out and on again every 5 minutes (`cyclingFailure`)
dim-failure    a lamp takes the commanded level for full light, and says nothing
ageing         a lamp loses 0.4 % of its power a day, down to 80 %
feeder-off     a cabinet's lamps have no supply: they draw nothing and can't speak; its meter still counts
clock-change   a cabinet switches an hour late: its clock was not put forward
meter-reset    a meter's registers begin again at 0 at `from`
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from bypuls.sim.draws import FloatArray, fraction
from bypuls.wire import to_us

Kind = Literal[
    "lamp-out", "lamps-out", "day-burner", "cycling", "dim-failure", "ageing", "feeder-off", "clock-change",
    "meter-reset",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)
OF_LAMPS: tuple[Kind, ...] = ("lamp-out", "day-burner", "cycling", "dim-failure", "ageing")
OF_CABINETS: tuple[Kind, ...] = ("lamps-out", "feeder-off", "clock-change")

LATE_QUARTERS = 4
_MINUTE_US = 60_000_000
_DAY_US = 86_400_000_000
_MINUTES = 15
_CYCLE_MINUTES = 5
_AGEING_PER_DAY, _AGED = 0.004, 0.8
_SAID: Mapping[Kind, str] = {"lamp-out": "lampFailure", "cycling": "cyclingFailure"}
_FOREVER_US = 2**62

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class FaultOrder:
    """One fault at `target` (a lamp, cabinet or meter) in [start_us, end_us) [µs UTC]. k : lamps, of `lamps-out`."""

    kind: Kind
    target: str
    start_us: int
    end_us: int = _FOREVER_US
    k: int = 1


def parse_order(text: str, now: datetime) -> FaultOrder:
    """An order from its text; without `from` it begins at `now`. Raises ValueError with what was expected."""
    head, *rest = text.split(";")
    kind, colon, target = head.partition(":")
    if kind not in KINDS:
        raise ValueError(f"{text!r}: {kind!r} — expected one of {', '.join(KINDS)}, then a colon and where")
    if not colon or not target:
        raise ValueError(f"{text!r}: no target — expected {kind}:ID, the id of a lamp, cabinet or meter")
    given = dict(part.partition("=")[::2] for part in rest)
    unknown = set(given) - {"from", "to", "k"}
    if unknown:
        raise ValueError(f"{text!r}: {sorted(unknown)[0]!r} — expected from=…, to=… or k=…")
    k = given.get("k", "1")
    if ("k" in given) != (kind == "lamps-out") or not k.isdecimal() or not 1 <= int(k) <= 1000:
        raise ValueError(f"{text!r}: k — expected the number of lamps, 1 to 1000, of lamps-out alone")
    start = _moment(text, given["from"]) if "from" in given else to_us(now)
    end = _moment(text, given["to"]) if "to" in given else _FOREVER_US
    if end <= start:
        raise ValueError(f"{text!r}: to — expected later than from")
    return FaultOrder(kind, target, start, end, int(k))


def _moment(text: str, told: str) -> int:
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"{text!r}: {told!r} — expected a time with its offset, like 2026-11-26T16:00Z")
    return to_us(moment.astimezone(UTC))


def draw_orders(seed: int, lamps: Mapping[str, str], start_us: int, end_us: int, count: int) -> tuple[FaultOrder, ...]:
    """`count` orders within [start_us, end_us), each for half a day to five days. Lamps and cabinets (`lamps`: lamp →
    cabinet) are drawn with all kinds alike; one target has one fault at a time."""
    found: list[FaultOrder] = []
    cabinets = sorted(set(lamps.values()))
    for n in range(1000 * count):
        if len(found) == count:
            break
        luck = [fraction(seed, "fault-order", str(n), part) for part in ("kind", "target", "start", "length", "k")]
        kinds = OF_LAMPS + OF_CABINETS
        kind = kinds[int(luck[0] * len(kinds))]
        targets = sorted(lamps) if kind in OF_LAMPS else cabinets
        target = targets[int(luck[1] * len(targets))]
        length = int((0.5 + 4.5 * luck[3]) * _DAY_US)
        start = start_us + int(luck[2] * max(1, end_us - start_us - length)) // _MINUTE_US * _MINUTE_US
        places = {target, lamps.get(target, "")} | {lamp for lamp, cabinet in lamps.items() if cabinet == target}
        if any(one.target in places and one.start_us < start + length and start < one.end_us for one in found):
            continue
        fed = sum(cabinet == target for cabinet in lamps.values())
        k = 1 + int(luck[4] * min(4, fed)) if kind == "lamps-out" else 1
        found.append(FaultOrder(kind, target, start, min(start + length, end_us), k))
    return tuple(sorted(found, key=lambda one: (one.start_us, one.target)))


@dataclass(frozen=True, slots=True)
class Spoilt:
    """What orders make of one lamp, by minute (quarters, 15). `strength` multiplies its power.

    level_pct : that it says.  burnt_pct : that it burns at.
    """

    on: BoolArray
    level_pct: FloatArray
    burnt_pct: FloatArray
    strength: FloatArray
    supplied: BoolArray
    said: npt.NDArray[np.object_]  # (quarters,) what the lamp reports, or None


class Orders:
    """The orders of a town. Raises ValueError for a target that isn't there."""

    def __init__(
        self, seed: int, orders: Iterable[FaultOrder], lamps: Mapping[str, str], meters: Iterable[str] = ()
    ) -> None:
        self.all = tuple(orders)
        cabinets, counted = set(lamps.values()), set(meters)
        self._of_lamp: dict[str, list[FaultOrder]] = {}
        self._late: dict[str, list[FaultOrder]] = {}
        self._resets: dict[str, list[FaultOrder]] = {}
        for order in self.all:
            known = set(lamps) if order.kind in OF_LAMPS else cabinets if order.kind in OF_CABINETS else counted
            if order.target not in known:
                what = "lamp" if order.kind in OF_LAMPS else "cabinet" if order.kind in OF_CABINETS else "meter"
                raise ValueError(f"{order.kind}:{order.target} — expected a {what}: {', '.join(sorted(known))}")
            fed = sum(cabinet == order.target for cabinet in lamps.values())
            if order.kind == "lamps-out" and order.k > fed:
                raise ValueError(f"{order.kind}:{order.target}: k={order.k} — expected at most its {fed} lamps")
            if order.kind == "meter-reset":
                self._resets.setdefault(order.target, []).append(order)
            elif order.kind == "clock-change":
                self._late.setdefault(order.target, []).append(order)
            else:
                for lamp in self._hit(seed, order, lamps):
                    self._of_lamp.setdefault(lamp, []).append(order)

    @staticmethod
    def _hit(seed: int, order: FaultOrder, lamps: Mapping[str, str]) -> list[str]:
        if order.kind in OF_LAMPS:
            return [order.target]
        fed = [lamp for lamp, cabinet in lamps.items() if cabinet == order.target]
        if order.kind == "feeder-off":
            return fed
        return sorted(fed, key=lambda lamp: fraction(seed, "lamps-out", str(order.start_us), lamp))[: order.k]

    def lamps_hit(self, order: FaultOrder) -> tuple[str, ...]:
        """The lamps that an order spoils."""
        return tuple(sorted(lamp for lamp, orders in self._of_lamp.items() if order in orders))

    def reset_before(self, meter: str, t_us: int) -> int | None:
        """When the meter's registers began again at 0 for the last time up to `t_us` [µs UTC]."""
        return max((one.start_us for one in self._resets.get(meter, ()) if one.start_us <= t_us), default=None)

    def resets_of(self, meter: str, first: int, last: int) -> FloatArray | None:
        """How often the meter was reset in each of the quarters first ≤ q < last [since 1970]; None: never at all."""
        orders = self._resets.get(meter)
        if not orders:
            return None
        quarters = np.array([order.start_us // (_MINUTES * _MINUTE_US) for order in orders]) - first
        inside = quarters[(quarters >= 0) & (quarters < last - first)]
        return np.bincount(inside, minlength=last - first).astype(np.float64)

    def switched_late(self, cabinet: str, first: int, last: int) -> BoolArray | None:
        """The minutes of the quarters first ≤ q < last in which the cabinet's clock is an hour late; None: never."""
        orders = self._late.get(cabinet)
        return None if not orders else np.logical_or.reduce([_during(one, first, last) for one in orders])

    def spoil(
        self, lamp: str, first: int, last: int, on: BoolArray, level_pct: FloatArray, said: npt.NDArray[np.object_]
    ) -> Spoilt | None:
        """What the lamp's orders make of it in the quarters first ≤ q < last; None where none touches it."""
        touching = [
            (order, during) for order in self._of_lamp.get(lamp, ()) if (during := _during(order, first, last)).any()
        ]
        if not touching:
            return None
        t_us = _minutes_us(first, last)
        on, level, burnt, said = on.copy(), level_pct.copy(), level_pct.copy(), said.copy()
        strength, supplied = np.ones(on.shape), np.ones(on.shape, dtype=np.bool_)
        for order, during in touching:
            match order.kind:
                case "lamp-out" | "lamps-out":
                    strength[during] = 0.0
                case "feeder-off":
                    strength[during] = 0.0
                    supplied[during] = False
                case "day-burner":
                    on[during] = True
                    level[during] = burnt[during] = 100.0
                case "cycling":
                    strength[during & (t_us // _MINUTE_US // _CYCLE_MINUTES % 2 == 1)] = 0.0
                case "dim-failure":
                    burnt[during & on] = 100.0
                case _:
                    days = (t_us - order.start_us) / _DAY_US
                    strength = np.where(during, np.maximum(_AGED, 1.0 - _AGEING_PER_DAY * days), strength)
            if order.kind in _SAID:
                said[during.any(axis=1)] = _SAID[order.kind]
        return Spoilt(on, level, burnt, strength, supplied, said)


def _minutes_us(first: int, last: int) -> npt.NDArray[np.int64]:
    return (np.arange(first * _MINUTES, last * _MINUTES, dtype=np.int64) * _MINUTE_US).reshape(-1, _MINUTES)


def _during(order: FaultOrder, first: int, last: int) -> BoolArray:
    """The minutes that the order covers: those that begin within it."""
    t_us = _minutes_us(first, last)
    during: BoolArray = (t_us >= order.start_us) & (t_us < order.end_us)
    return during
