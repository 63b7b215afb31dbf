"""The life of a fault: opening, open, closing, clear. For many rules and many lamps at once, by one verdict a round.

A verdict is TRUE, FALSE or UNKNOWN. Unknown moves nothing: silence neither confirms nor resolves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import BoolArray, IntArray

TRUE, FALSE, UNKNOWN = 1, 0, -1
CLEAR, OPENING, OPEN, CLOSING = 0, 1, 2, 3
Verdicts = npt.NDArray[np.int8]
NEVER = -(2**62)
_US = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Patience:
    """How much evidence a rule needs, (rules,) each: `hold_s` from the first to the latest and `samples` of it."""

    hold_s: IntArray
    samples: IntArray
    gap_s: int = 5400
    """Evidence that was interrupted for longer begins anew."""


@dataclass(frozen=True, slots=True, eq=False)
class Lives:
    """(rules, n) each. since_us : of the evidence for what is opening or closing.
    from_us : of what is open; opened_us : when it was confirmed."""

    phase: npt.NDArray[np.int8]
    since_us: IntArray
    count: IntArray
    judged_us: IntArray
    from_us: IntArray
    opened_us: IntArray

    @classmethod
    def of(cls, rules: int, n: int) -> Lives:
        """Nothing is known yet."""
        shape = (rules, n)
        never = np.full(shape, NEVER, dtype=np.int64)
        return cls(np.zeros(shape, dtype=np.int8), never, np.zeros(shape, dtype=np.int64), never, never, never)

    @property
    def standing(self) -> BoolArray:
        """(rules, n) what is open, also while it is closing."""
        return self.phase >= OPEN


def verdicts(judged: BoolArray, true: BoolArray) -> Verdicts:
    """TRUE or FALSE where judged, else UNKNOWN."""
    return np.where(judged, true.astype(np.int8), np.int8(UNKNOWN))


def step(
    lives: Lives, verdict: Verdicts, t_us: int, patience: Patience, at_once: BoolArray | None = None
) -> tuple[Lives, BoolArray, BoolArray]:
    """The lives after one round of verdicts at `t_us`, what opened, and what closed; (rules, n) each.

    at_once : what opens without more evidence: a device's own diagnosis."""
    true, false = verdict == TRUE, verdict == FALSE
    judged = true | false
    phase = lives.phase
    stale = judged & (t_us - lives.judged_us > patience.gap_s * _US)
    # What isn't settled goes back to what was: OPENING to CLEAR, CLOSING to OPEN.
    unsettled = stale & ((phase == OPENING) | (phase == CLOSING))
    phase = np.where(unsettled, phase - 1, phase)
    begins = (true & (phase == CLEAR)) | (false & (phase == OPEN))
    returns = (false & (phase == OPENING)) | (true & (phase == CLOSING))
    phase = phase + begins.astype(np.int8) - returns.astype(np.int8)
    since = np.where(begins, t_us, lives.since_us)
    count = np.where(begins, 1, lives.count + judged)
    enough = (t_us - since >= patience.hold_s[:, None] * _US) & (count >= patience.samples[:, None])
    opening = true & (phase == OPENING)
    opened = opening & enough if at_once is None else opening & (enough | at_once)
    closed = false & (phase == CLOSING) & enough
    phase = np.where(opened, OPEN, np.where(closed, CLEAR, phase)).astype(np.int8)
    from_us = np.where(opened, since, lives.from_us)
    opened_us = np.where(opened, t_us, lives.opened_us)
    judged_us = np.where(judged, t_us, lives.judged_us)
    return Lives(phase, since, count, judged_us, from_us, opened_us), opened, closed
