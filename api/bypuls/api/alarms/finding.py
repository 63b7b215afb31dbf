"""What a look at one condition of one thing found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from bypuls.analysis.alarms import Look, Seen

if TYPE_CHECKING:
    from bypuls.api.alarms.scene import Scene

Key: TypeAlias = tuple[str, str]
"""Kind and subject."""

Parameters: TypeAlias = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a condition costs a day. None = unknown, never zero.

    how : the way in which it was computed, a word that the texts know.  basis : the figures used, for who wants to
    follow it: price, factor and their sources, or what is missing.
    """

    kwh_per_day: float | None = None
    kg_co2_per_day: float | None = None
    dkk_per_day: float | None = None
    vehicles_per_day: float | None = None
    how: str | None = None
    basis: Mapping[str, Any] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """As it is kept; rounded, so that noise doesn't count as a change."""
        figures = {
            name: None if value is None else round(value, 3)
            for name, value in (
                ("kwh_per_day", self.kwh_per_day),
                ("kg_co2_per_day", self.kg_co2_per_day),
                ("dkk_per_day", self.dkk_per_day),
                ("vehicles_per_day", self.vehicles_per_day),
            )
        }
        return {**figures, "how": self.how, "basis": dict(self.basis)}


UNKNOWN_COST = Cost()


@dataclass(frozen=True, slots=True)
class Finding:
    """One look's result.

    since_us, evidence_us : as for `Look`.  facts : what the alarm's sentence is made of; no figure in them changes
    while nothing happens.  within : the alarm that says it already, where that one is seen too.
    """

    subject: str
    seen: Seen
    since_us: int | None = None
    evidence_us: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    cost: Cost = UNKNOWN_COST
    within: Key | None = None

    def look(self, *, covered: bool) -> Look:
        """What the machine needs of it."""
        return Look(self.seen, self.since_us, self.evidence_us, covered)


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that a rule looks at. places : where it stands, by the kind of place."""

    kind: str
    id: str
    places: Mapping[str, str]

    @property
    def place(self) -> tuple[str, str] | None:
        """Kind and id of the nearest place that people know."""
        return next(
            ((kind, self.places[kind]) for kind in ("building", "site", "cabinet") if kind in self.places), None
        )


Asked: TypeAlias = Mapping[str, Parameters]
"""The subjects that are looked at, each with its rule's parameters."""

Detector: TypeAlias = Callable[["Scene", Asked], Iterable[Finding]]
"""Finds what it is asked for: one finding for every subject, `unknown` where the data don't say."""
