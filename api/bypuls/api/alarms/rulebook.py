"""Which rule looks at what, and who is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bypuls.analysis.alarms import Timing
from bypuls.api.alarms.finding import Parameters, Subject
from bypuls.store.registry import ALARM_KINDS, AlarmOwner, AlarmRule, Registry, parse_parameters

_MIN_US = 60_000_000
# The narrower a place, the more its rule counts.
_NARROWNESS = {"site": 1, "cabinet": 2, "building": 2, "device": 3}


@dataclass(frozen=True, slots=True)
class Applied:
    """A rule as it holds for a subject, its kind's defaults filled in."""

    rule: str
    severity: str
    timing: Timing
    parameters: Parameters
    quiet_hours: str | None
    owner: str | None


class RuleBook:
    """The registry's rules and owners, of one version."""

    def __init__(self, rules: Iterable[AlarmRule], owners: Iterable[AlarmOwner]) -> None:
        self._by_kind: dict[str, list[AlarmRule]] = {}
        for rule in sorted(rules, key=lambda one: one.id):
            self._by_kind.setdefault(rule.kind, []).append(rule)
        self.owners = {owner.id: owner for owner in owners}
        self._applied: dict[str, Applied] = {}

    @classmethod
    def read(cls, registry: Registry) -> RuleBook:
        """The registry's, as it is now."""
        return cls(registry.alarm_rules(), registry.alarm_owners())

    def of(self, kind: str, subject: Subject) -> Applied | None:
        """The rule of a kind that counts for the subject: the narrowest, of equal ones the first by id. None where
        there is none, or where it is switched off."""
        best: AlarmRule | None = None
        for rule in self._by_kind.get(kind, ()):
            if _fits(rule, subject) and (best is None or _narrowness(rule) > _narrowness(best)):
                best = rule
        if best is None or not best.enabled:
            return None
        if best.id not in self._applied:
            self._applied[best.id] = _applied(best)
        return self._applied[best.id]

    def owner_of(self, applied: Applied, domain: str, subject: Subject) -> str | None:
        """Who looks after it: the rule's owner, else that of the place, of the domain, of everything."""
        if applied.owner is not None:
            return applied.owner
        fitting = [
            owner
            for owner in self.owners.values()
            if owner.domain in (None, domain) and all(subject.places.get(k) == v for k, v in _places(owner).items())
        ]
        fitting.sort(key=lambda owner: (not _places(owner), owner.domain is None, owner.id))
        return fitting[0].id if fitting else None


def _places(row: AlarmRule | AlarmOwner) -> dict[str, str]:
    return {kind: place for kind in _NARROWNESS if (place := getattr(row, kind, None)) is not None}


def _fits(rule: AlarmRule, subject: Subject) -> bool:
    return all(subject.places.get(kind) == place for kind, place in _places(rule).items())


def _narrowness(rule: AlarmRule) -> int:
    return max((_NARROWNESS[kind] for kind in _places(rule)), default=0)


def _applied(rule: AlarmRule) -> Applied:
    kind = ALARM_KINDS[rule.kind]

    def us(own: float | None, default: float) -> int:
        return int((default if own is None else own) * _MIN_US)

    return Applied(
        rule.id,
        rule.severity or kind.severity,
        Timing(us(rule.confirm_min, kind.confirm_min), us(rule.clear_min, kind.clear_min),
               us(rule.reopen_min, kind.reopen_min)),
        parse_parameters(rule.kind, rule.parameters),
        rule.quiet_hours,
        rule.owner,
    )  # fmt: skip
