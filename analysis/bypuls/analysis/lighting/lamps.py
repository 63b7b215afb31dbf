"""Faults of single lamps, inferred round by round from what they report.

`evaluate` is a pure function of the state before, one round of readings and the limits; its caller keeps the state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bypuls.analysis.arrays import BoolArray, IntArray
from bypuls.analysis.lighting.feeders import CABINET_RULES, feeders
from bypuls.analysis.lighting.findings import Finding, Name, Of
from bypuls.analysis.lighting.lamp_rules import RULES, LampLimits, LampRound, cycling, rule_verdicts
from bypuls.analysis.lighting.machine import NEVER, TRUE, UNKNOWN, Lives, step

_US = 1_000_000
_FAILURE, _SILENT = RULES.index("lampFailure"), RULES.index("communicationFailure")


@dataclass(frozen=True, slots=True, eq=False)
class LampState:
    """What is kept between rounds.

    lives : of RULES × lamps.  cabinet_lives : of CABINET_RULES × cabinets.  spoke_us : (n,) when each lamp spoke last.
    lit : (n,) whether it was lit then, −1 = unknown.  switches_us : (n, k) its latest switches at night."""

    lives: Lives
    cabinet_lives: Lives
    spoke_us: IntArray
    lit: IntArray
    switches_us: IntArray

    @classmethod
    def of(cls, lamps: int, cabinets: int, t_us: int, limits: LampLimits) -> LampState:
        """Before the first round, at `t_us`: no lamp has spoken yet; silence is counted from here."""
        return cls(
            Lives.of(len(RULES), lamps),
            Lives.of(len(CABINET_RULES), cabinets),
            np.full(lamps, t_us, dtype=np.int64),
            np.full(lamps, -1, dtype=np.int64),
            np.full((lamps, limits.cycles_per_hour), NEVER, dtype=np.int64),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Evaluated:
    """What a round brought. findings : confirmed (`to_us` None) or ended in it."""

    state: LampState
    findings: tuple[Finding, ...]


def evaluate(state: LampState, now: LampRound, limits: LampLimits) -> Evaluated:
    """Judges one round. Raises BadInput where the round's arrays don't fit the state."""
    n = state.spoke_us.size
    now.check(n, state.cabinet_lives.phase.shape[1])
    reported = now.reported
    spoke = np.where(reported, now.t_us, state.spoke_us)
    lit, switches = cycling(state.lit, state.switches_us, now, limits)
    verdict, said = rule_verdicts(now, switches, limits)
    silent_s = (now.t_us - spoke) // _US
    verdict[_SILENT] = np.where(silent_s > limits.silent_s, TRUE, np.where(reported, 0, UNKNOWN))
    fed = feeders(now, verdict[_FAILURE] == TRUE, silent_s >= limits.mute_s, limits)
    # A whole cabinet is one alarm, not one for each of its lamps.
    verdict[_FAILURE] = np.where(fed.lamp_dark, UNKNOWN, verdict[_FAILURE])
    # Nor is a lamp called silent whose cabinet is only just back: its next word may have been lost.
    back = np.append(np.asarray(state.cabinet_lives.standing.any(axis=0)), False)[now.cabinet]
    verdict[_SILENT] = np.where((fed.lamp_mute | back) & (verdict[_SILENT] == TRUE), UNKNOWN, verdict[_SILENT])
    lives, opened, closed = step(state.lives, verdict, now.t_us, limits.patience, said)
    cabinet_lives, dark, lit_again = step(state.cabinet_lives, fed.verdicts, now.t_us, limits.cabinet_patience)
    found = [
        *_changes("lamp", lives, state.lives, opened, closed, now.t_us, np.ones(n, dtype=np.int64), spoke),
        *_changes("cabinet", cabinet_lives, state.cabinet_lives, dark, lit_again, now.t_us, fed.lamps),
    ]
    return Evaluated(LampState(lives, cabinet_lives, spoke, lit, switches), tuple(found))


def _changes(
    of: Of,
    lives: Lives,
    before: Lives,
    opened: BoolArray,
    closed: BoolArray,
    t_us: int,
    lamps: IntArray,
    spoke_us: IntArray | None = None,
) -> list[Finding]:
    """What opened and what closed, as findings. A lamp is silent from when it spoke last."""
    names: Sequence[Name] = RULES if of == "lamp" else CABINET_RULES
    found = []
    for rule, at in zip(*np.nonzero(opened), strict=True):
        silent = spoke_us is not None and rule == _SILENT
        began = spoke_us[at] if silent and spoke_us is not None else lives.from_us[rule, at]
        found.append(Finding(names[rule], of, int(at), int(began), t_us, lamps=int(lamps[at])))
    for rule, at in zip(*np.nonzero(closed), strict=True):
        found.append(
            Finding(
                names[rule],
                of,
                int(at),
                int(before.from_us[rule, at]),
                int(before.opened_us[rule, at]),
                to_us=int(lives.since_us[rule, at]),
                lamps=int(lamps[at]),
                status="closed",
            )
        )
    return found


def standing(state: LampState, t_us: int, limits: LampLimits) -> tuple[Finding, ...]:
    """The faults of lamps that stand at `t_us`. Of a lamp that is silent they are `unknown`, with the time since it
    spoke: never resolved."""
    found = []
    for rule, lamp in zip(*np.nonzero(state.lives.standing), strict=True):
        silent = t_us - int(state.spoke_us[lamp]) > limits.silent_s * _US
        began = int(state.lives.from_us[rule, lamp])
        found.append(
            Finding(
                RULES[rule],
                "lamp",
                int(lamp),
                began,
                int(state.lives.opened_us[rule, lamp]),
                status="unknown" if silent and rule != _SILENT else "open",
                silent_since_us=int(state.spoke_us[lamp]) if silent else None,
            )
        )
    return tuple(found)
