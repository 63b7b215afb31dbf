"""A unit on its way, with the states that it can go back to: readings that come late count as if they had been there.

Promise: what is judged is what the store holds, for everything not older than the bound of lateness; the same readings
again change nothing, and a restart gives the same. Not a promise for what comes later than that: it stays unknown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from bypuls.analysis.arrays import FloatArray
from bypuls.api.lighting_watch.feed import Grid
from bypuls.api.lighting_watch.keeping import Arrays, packed, unpacked
from bypuls.api.lighting_watch.lamps_unit import LampsUnit
from bypuls.api.lighting_watch.meter_unit import MeterUnit
from bypuls.api.lighting_watch.units import Unit
from bypuls.store.protocol import Store
from bypuls.wire.bins import QUARTER_US

AnyUnit: TypeAlias = MeterUnit | LampsUnit
Restore: TypeAlias = Callable[[Unit, Arrays], AnyUnit]

_THIN = 0.75
"""A quarter with fewer readings than this share of the fullest one may be waiting for more."""
_LOOK_US = 3_600_000_000


@dataclass(slots=True)
class State:
    """As it was kept. next_us : the first quarter that it doesn't know [µs UTC]."""

    next_us: int
    data: bytes


@dataclass(slots=True)
class Track:
    """states : oldest first; the first is settled: nothing counts any more that is from before it.
    heard : (quarters, sensors) how many readings each quarter since then was judged with."""

    unit: AnyUnit
    states: list[State]
    heard: FloatArray = field(init=False)
    looked_us: int = 0

    def __post_init__(self) -> None:
        self.heard = np.zeros((0, len(self.unit.unit.sensors)))

    @classmethod
    def begun(cls, unit: AnyUnit) -> Track:
        """From where the unit is."""
        return cls(unit, [State(unit.next_us, packed(unit.arrays()))])

    @property
    def settled(self) -> State:
        """What is to be kept over a restart."""
        return self.states[0]

    def note(self, grid: Grid, start_us: int) -> None:
        """The unit has gone on from `start_us` to the end of what was read."""
        first = (start_us - grid.start_us) // QUARTER_US
        self.heard = np.concatenate((self.heard, np.nan_to_num(grid.columns["n"][first:])))

    def hold(self) -> None:
        """The unit can come back to where it is now."""
        self.states.append(State(self.unit.next_us, packed(self.unit.arrays())))

    def settle(self, bound_us: int) -> bool:
        """Forgets what lies before the newest state that isn't after `bound_us`; whether there was any."""
        past = [at for at, one in enumerate(self.states) if one.next_us <= bound_us]
        if not past or not past[-1]:
            return False
        self.heard = self.heard[(self.states[past[-1]].next_us - self.settled.next_us) // QUARTER_US :]
        del self.states[: past[-1]]
        return True

    def go_back(self, store: Store, now_us: int, restore: Restore) -> bool:
        """Where readings have come since a quarter was judged: back to the newest state before the first such quarter.
        Looked at once an hour, and only at sensors of which something was missing.  Raises StoreError."""
        if now_us - self.looked_us < _LOOK_US:
            return False
        self.looked_us = now_us
        least = _THIN * self.heard.max(axis=0, initial=1.0)
        thin = np.flatnonzero((self.heard < least).any(axis=0)).tolist()
        if not thin:
            return False
        unit, start_us = self.unit.unit, self.settled.next_us
        ids = [unit.sensors[at].id for at in thin]
        end_us = start_us + QUARTER_US * len(self.heard)
        found = Grid.read(store, unit.sensors[0].kind, ids, start_us, end_us, ("n",))
        late = np.flatnonzero((np.nan_to_num(found.columns["n"]) != self.heard[:, thin]).any(axis=1))
        if not late.size:
            return False
        first_us = start_us + QUARTER_US * int(late[0])
        while self.states[-1].next_us > first_us:
            self.states.pop()
        self.unit = restore(unit, unpacked(self.states[-1].data))
        self.heard = self.heard[: (self.unit.next_us - start_us) // QUARTER_US]
        return True
