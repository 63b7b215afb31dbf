"""What an account says: lines that can be followed back to a meter or a paper, and what they add up to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bypuls.api.accounts.factors import FactorUse, Reason, View
from bypuls.api.accounts.frame import Floats

LineKind: TypeAlias = Literal["meter", "activity", "moved"]


@dataclass(frozen=True, slots=True)
class Line:
    """One meter's or one imported amount's year.

    kind : a `moved` line changes domains, never the total.
    amount, unit : what was measured or stated, with its sign; None = unknown.
    asked_s : time that the meter should have measured [s]; 0 for imported amounts.
    covered_s, with_factor_s : of it measured, and measured with a factor.
    months : (12,) [kg].
    emitted_kg : of what is known; None where nothing is.
    mean_kg_per_unit : unweighted mean factor of the year.
    gap_amount : known in total only, across gaps: neither in the amount nor in the emission. gap_kg : it × the mean.
    export_kwh, avoided_kg : delivered to the grid, and what the grid emitted less for it: shown apart, never netted.
    reasons : why it is unknown or not the whole.
    """

    kind: LineKind
    id: str
    name: str
    domain: str
    moved_from: str | None
    place: tuple[str, str] | None
    carrier: str
    sign: int
    amount: float | None
    unit: str
    asked_s: float
    covered_s: float
    with_factor_s: float
    factor: FactorUse | None
    months: Floats
    emitted_kg: float | None
    gap_amount: float
    gap_kg: float | None
    export_kwh: float
    avoided_kg: float | None
    reasons: tuple[Reason, ...]
    source: str | None = None

    @property
    def coverage(self) -> float | None:
        """Measured share of the time, 0 … 1; None where no time is asked for."""
        return min(self.covered_s / self.asked_s, 1.0) if self.asked_s > 0.0 else None

    @property
    def unaccounted(self) -> bool:
        """Whether nobody can say what it emitted, whatever was measured: there is no factor for it."""
        return self.emitted_kg is None and (self.factor is None or self.kind == "activity")


@dataclass(frozen=True, slots=True)
class Total:
    """Lines together. emitted_t : None where a line has no factor or nothing of a carrier was measured; what else is
    missing is told by the shares.  known_t : of the lines that are known; None where none is.
    completeness, with_factor : measured share of the meters' time, and that with a factor; None without meters."""

    emitted_t: float | None
    known_t: float | None
    kwh: float
    lines: int
    unaccounted_lines: int
    completeness: float | None
    with_factor: float | None
    avoided_t: float | None


@dataclass(frozen=True, slots=True)
class YearAccount:
    """A calendar year of one view and one gas."""

    year: int
    view: View
    gas: str
    lines: tuple[Line, ...]
    total: Total

    def by(self, key: Callable[[Line], str | None]) -> dict[str, Total]:
        """Totals of the counted lines by a key; None is left out. Moves change no such total: see `by_domain`."""
        groups: dict[str, list[Line]] = {}
        for line in self.lines:
            name = key(line)
            if name is not None and line.kind != "moved":
                groups.setdefault(name, []).append(line)
        return {name: added(lines) for name, lines in sorted(groups.items())}

    @property
    def by_domain(self) -> dict[str, Total]:
        """Totals by domain, after the moves between them."""
        groups: dict[str, list[tuple[Line, int]]] = {}
        for line in self.lines:
            groups.setdefault(line.domain, []).append((line, 1))
            if line.moved_from is not None:
                groups.setdefault(line.moved_from, []).append((line, -1))
        return {name: _added(lines) for name, lines in sorted(groups.items())}

    @property
    def by_carrier(self) -> dict[str, Total]:
        """Totals by carrier."""
        return self.by(lambda line: line.carrier)

    @property
    def by_place(self) -> dict[str, Total]:
        """Totals by kind and id of the place, as `building/raadhus`."""
        return self.by(lambda line: "/".join(line.place) if line.place else None)


def added(lines: Iterable[Line]) -> Total:
    """What counted lines add up to; moves are left out, since they change nothing."""
    return _added([(line, 1) for line in lines if line.kind != "moved"])


def _added(lines: list[tuple[Line, int]]) -> Total:
    known = [(line, sign) for line, sign in lines if line.emitted_kg is not None]
    unknown = sum(line.unaccounted for line, _ in lines)
    silent = {line.carrier for line, _ in lines} - {line.carrier for line, _ in known}
    known_t = sum((line.emitted_kg or 0.0) * sign for line, sign in known) / 1000.0 if known else None
    asked_s = sum(line.asked_s for line, _ in lines)
    avoided = [(line.avoided_kg, sign) for line, sign in lines if line.avoided_kg is not None]
    return Total(
        emitted_t=known_t if not unknown and not silent else None,
        known_t=known_t,
        kwh=sum((line.amount or 0.0) * sign for line, sign in lines if line.unit == "kWh"),
        lines=len(lines),
        unaccounted_lines=unknown,
        completeness=min(sum(line.covered_s for line, _ in lines) / asked_s, 1.0) if asked_s > 0.0 else None,
        with_factor=min(sum(line.with_factor_s for line, _ in lines) / asked_s, 1.0) if asked_s > 0.0 else None,
        avoided_t=sum(kg * sign for kg, sign in avoided) / 1000.0 if avoided else None,
    )
