"""What the inference of faults finds, by the event names of TALQ 2.7.1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Name: TypeAlias = Literal[
    "lampFailure", "lampUnexpectedOn", "cyclingFailure", "dimmingFailure", "relayFailure", "communicationFailure",
    "lampPowerTooHigh", "lampPowerTooLow", "powerFactorTooLow", "lampVoltageTooHigh", "lampVoltageTooLow",
    "supplyLoss", "highTemperature", "contactorError", "cabinetDoorOpen", "leakageDetected",
]  # fmt: skip
Status: TypeAlias = Literal["open", "unknown", "closed"]
Of: TypeAlias = Literal["lamp", "cabinet"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault that was confirmed, or has ended.

    of, index : the lamp or cabinet, by its place in the arrays handed in.  from_us : when its evidence began.
    confirmed_us : when it was enough.  to_us : when the evidence of its end began, None = it stands.
    lamps : how many it is about, None = unknown.  confidence : probability that it is one, 0 … 1, None = by rule.
    status : `unknown` = it stands, but what it is about has been silent since `silent_since_us`."""

    name: Name
    of: Of
    index: int
    from_us: int
    confirmed_us: int
    to_us: int | None = None
    lamps: int | None = 1
    confidence: float | None = None
    status: Status = "open"
    silent_since_us: int | None = None
