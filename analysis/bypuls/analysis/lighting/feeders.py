"""A whole cabinet that is dark or silent: one alarm, not one for each of its lamps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bypuls.analysis.arrays import BoolArray, IntArray
from bypuls.analysis.lighting.findings import Name
from bypuls.analysis.lighting.lamp_rules import LampLimits, LampRound
from bypuls.analysis.lighting.machine import Verdicts, verdicts

CABINET_RULES: tuple[Name, ...] = ("supplyLoss", "communicationFailure")


@dataclass(frozen=True, slots=True, eq=False)
class Fed:
    """verdicts : of CABINET_RULES × cabinets.  lamps : (cabinets,) how many each feeds.  lamp_dark, lamp_mute : (n,)
    lamps whose own alarm gives way to the cabinet's."""

    verdicts: Verdicts
    lamps: IntArray
    lamp_dark: BoolArray
    lamp_mute: BoolArray


def feeders(now: LampRound, out: BoolArray, mute: BoolArray, limits: LampLimits) -> Fed:
    """Judges the cabinets of a round.

    out : (n,) lamps that spoke and are out.  mute : (n,) lamps that haven't spoken for a while. A cabinet is without
    supply where nearly all its lamps are out or mute and at least half say so, or its own meter shows that nothing
    burns; where they are mute and nobody knows, its lamps can't be reached."""
    cabinets = now.cabinet_dark.size
    fed = now.cabinet >= 0
    of = now.cabinet[fed]

    def count(mask: BoolArray) -> IntArray:
        return np.bincount(of, weights=mask[fed], minlength=cabinets)[:cabinets].astype(np.int64)

    lamps, outs, mutes = count(np.ones_like(fed)), count(out), count(mute)
    lit = count(now.reported & now.night & (now.power_w > limits.day_above * now.nominal_w))
    at_night = count(np.broadcast_to(now.night, fed.shape)) > 0
    enough = lamps >= limits.cabinet_lamps
    gone = enough & (outs + mutes >= limits.cabinet_share * lamps)
    dark = gone & at_night & ((2 * outs >= lamps) | (now.cabinet_dark == 1))
    silent = gone & ~dark & (mutes >= limits.cabinet_share * lamps)
    supply = verdicts(at_night & (dark | (lit > 0) | (now.cabinet_dark == 0)), dark)
    reach = verdicts(enough & (silent | (mutes < limits.cabinet_share * lamps)), silent)
    covered, unreached = np.append(dark, False), np.append(silent | dark, False)
    return Fed(np.stack((supply, reach)), lamps, covered[now.cabinet], unreached[now.cabinet])
