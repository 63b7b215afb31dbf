"""CO₂ against a target: the trajectory, what is left of the budget, and where the accounts stand.

Baseline, reduction, years and basis are data of the target with their own source, none is assumed here. Two shares are
never mixed: *completeness* is the measured share of the registered meters' hours, *scope share* the share of the
target's scope that measured and imported accounts cover.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import FloatArray, float_column
from bypuls.analysis.errors import BadInput

AT_RISK = 1.05
"""Times the trajectory: up to here an account is 'at risk', above it 'off track'."""
LEAST_COMPLETENESS = 0.90
LEAST_SCOPE_SHARE = 0.95
LEAST_YEARS = 3
ROUNDING = 1e-9
"""Of a limit: differences below this are rounding, not news."""

State: TypeAlias = Literal["on track", "at risk", "off track", "insufficient data"]


@dataclass(frozen=True, slots=True)
class Basis:
    """What tonnes are tonnes of. Only equal bases compare.

    gas : CO2 or CO2e.  method : of the factors, such as '125 %'.  scope : the name of what is counted.
    """

    gas: Literal["CO2", "CO2e"]
    method: str
    scope: str


@dataclass(frozen=True, slots=True)
class Target:
    """`reduction` (0 … 1] of `baseline_t` [t] from `baseline_year` to `target_year`. Raises BadInput."""

    baseline_year: int
    baseline_t: float
    target_year: int
    reduction: float
    basis: Basis

    def __post_init__(self) -> None:
        if not 0.0 < self.baseline_t < np.inf:
            raise BadInput(f"baseline_t: {self.baseline_t}; expected > 0 and finite")
        if not 0.0 < self.reduction <= 1.0:
            raise BadInput(f"reduction: {self.reduction}; expected a share above 0 and up to 1")
        if self.target_year <= self.baseline_year:
            raise BadInput(f"target_year: {self.target_year}; expected after baseline_year {self.baseline_year}")

    @property
    def target_t(self) -> float:
        """What may still be emitted in the target year [t]."""
        return self.baseline_t * (1.0 - self.reduction)


@dataclass(frozen=True, slots=True)
class Account:
    """What was emitted in one finished calendar year, as accounted (not corrected for weather). None = unknown.

    emitted_t : [t].  completeness, scope_share : 0 … 1.  Raises BadInput.
    """

    year: int
    emitted_t: float | None
    completeness: float | None
    scope_share: float | None
    basis: Basis

    def __post_init__(self) -> None:
        if self.emitted_t is not None and not np.isfinite(self.emitted_t):
            raise BadInput(f"emitted_t of {self.year}: {self.emitted_t}; expected a finite number or None")
        for name, share in (("completeness", self.completeness), ("scope_share", self.scope_share)):
            if share is not None and not 0.0 <= share <= 1.0:
                raise BadInput(f"{name} of {self.year}: {share}; expected 0 … 1 or None")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why no status is given: a code to translate, what was found and what was expected."""

    code: Literal["no account", "emission unknown", "completeness", "scope share", "years", "basis", "before baseline"]
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.code}: {self.found}; expected {self.expected}"


@dataclass(frozen=True, slots=True)
class Status:
    """Where the last finished year stands. actual_t and trajectory_t [t]; reasons are empty unless data are
    insufficient."""

    state: State
    year: int | None
    actual_t: float | None
    trajectory_t: float | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class RequiredRate:
    """The fall from now to the target: `share_per_year` of each year before, or `t_per_year` [t] alike every year.
    Negative = already below the target."""

    share_per_year: float
    t_per_year: float


def trajectory(target: Target, years: npt.ArrayLike) -> FloatArray:
    """T(y) = B·(1 − r·(y − b)/(t − b)) [t], the straight line; after the target year the target is held.

    years : (n,) from the baseline year on.  Raises BadInput.
    """
    return target.baseline_t * (1.0 - target.reduction * _progress(target, years))


def constant_rate_trajectory(target: Target, years: npt.ArrayLike) -> FloatArray:
    """The alternative that falls by the same share each year [t]: B·(1 − r)^((y − b)/(t − b)). Arguments as for
    `trajectory`."""
    return target.baseline_t * (1.0 - target.reduction) ** _progress(target, years)


def constant_rate(target: Target) -> float:
    """The share by which `constant_rate_trajectory` falls each year, 0 … 1."""
    return float(1.0 - (1.0 - target.reduction) ** (1.0 / (target.target_year - target.baseline_year)))


def full_budget(target: Target) -> float:
    """Σ T(b+1 … t) [t]: all that the straight line allows after the baseline year."""
    return float(trajectory(target, np.arange(target.baseline_year + 1, target.target_year + 1)).sum())


def remaining_budget(target: Target, emitted_t: Mapping[int, float | None]) -> float | None:
    """Σ T(b+1 … t) − Σ actual(b+1 … last) [t]; positive = left. None = unknown: a year between is missing, or there is
    none after the baseline year. Years beyond the target year aren't of this budget.

    emitted_t : [t] by year.  Raises BadInput.
    """
    later = [year for year in emitted_t if target.baseline_year < year <= target.target_year]
    if not later:
        return None
    spent = 0.0
    for year in range(target.baseline_year + 1, max(later) + 1):
        emitted = emitted_t.get(year)
        if emitted is None:
            return None
        spent += finite_tonnes(emitted, year)
    return full_budget(target) - spent


def required_rate(target: Target, emitted_t: float, year: int) -> RequiredRate | None:
    """What the years after `year` must bring: 1 − (T(t)/actual)^(1/(t − year)) a year, or (actual − T(t))/(t − year).
    None where no year is left or nothing was emitted.

    emitted_t : [t] in `year`.  Raises BadInput.
    """
    years = target.target_year - year
    if years <= 0 or finite_tonnes(emitted_t, year) <= 0.0:
        return None
    share = 1.0 - (target.target_t / emitted_t) ** (1.0 / years)
    return RequiredRate(float(share), (emitted_t - target.target_t) / years)


def status(target: Target, accounts: Sequence[Account]) -> Status:
    """On track up to T, at risk up to 1.05 T, off track above, for the last finished year; 'insufficient data' with all
    reasons where completeness < 90 %, scope share < 95 %, fewer than 3 comparable years are known, or the account's
    basis isn't the target's.

    accounts : one per finished calendar year.  Raises BadInput.
    """
    by_year = {account.year: account for account in accounts}
    if len(by_year) < len(accounts):
        raise BadInput(f"accounts: {sorted(account.year for account in accounts)}; expected each year once")
    if not by_year:
        return Status("insufficient data", None, None, None, (Reason("no account", "none", "a finished year"),))
    last = by_year[max(by_year)]
    reasons = _reasons(target, last, accounts)
    allowed = float(trajectory(target, [last.year])[0]) if last.year >= target.baseline_year else None
    if reasons or last.emitted_t is None or allowed is None:
        return Status("insufficient data", last.year, last.emitted_t, allowed, tuple(reasons))
    state: State = "off track"
    slack = ROUNDING * target.baseline_t
    if last.emitted_t <= allowed + slack:
        state = "on track"
    elif last.emitted_t <= AT_RISK * allowed + slack:
        state = "at risk"
    return Status(state, last.year, last.emitted_t, allowed, ())


def whole(target: Target, account: Account) -> bool:
    """Whether a year can be held against the target: known, complete, of nearly all the scope, and on its basis."""
    shares = ((account.completeness, LEAST_COMPLETENESS), (account.scope_share, LEAST_SCOPE_SHARE))
    return (
        account.emitted_t is not None
        and account.basis == target.basis
        and all(share is not None and share >= least - ROUNDING for share, least in shares)
    )


def finite_tonnes(emitted_t: float, year: int) -> float:
    """`emitted_t` of a year [t], if it is a finite number. Raises BadInput."""
    if not np.isfinite(emitted_t):
        raise BadInput(f"emitted_t of {year}: {emitted_t}; expected a finite number")
    return float(emitted_t)


def _progress(target: Target, years: npt.ArrayLike) -> FloatArray:
    column = float_column("years", years)
    early = np.flatnonzero(~(column >= target.baseline_year))
    if early.size:
        raise BadInput(
            f"years[{early[0]}]: {column[early[0]]:g}; expected from the baseline year {target.baseline_year} on"
        )
    span = target.target_year - target.baseline_year
    return np.minimum((column - target.baseline_year) / span, 1.0)


def _reasons(target: Target, last: Account, accounts: Sequence[Account]) -> list[Reason]:
    reasons = []
    if last.emitted_t is None:
        reasons.append(Reason("emission unknown", f"{last.year} unknown", "a total"))
    if last.year < target.baseline_year:
        reasons.append(Reason("before baseline", str(last.year), f"{target.baseline_year} or later"))
    shares: tuple[tuple[Literal["completeness", "scope share"], float | None, float], ...] = (
        ("completeness", last.completeness, LEAST_COMPLETENESS),
        ("scope share", last.scope_share, LEAST_SCOPE_SHARE),
    )
    for code, share, least in shares:
        if share is None or share < least - ROUNDING:
            found = "unknown" if share is None else f"{share:.1%}"
            reasons.append(Reason(code, f"{found} in {last.year}", f"at least {least:.0%}"))
    if last.basis != target.basis:
        reasons.append(Reason("basis", _shown(last.basis), _shown(target.basis)))
    comparable = sum(whole(target, account) for account in accounts)
    if comparable < LEAST_YEARS:
        reasons.append(Reason("years", f"{comparable} complete on the target's basis", f"at least {LEAST_YEARS}"))
    return reasons


def _shown(basis: Basis) -> str:
    return f"{basis.gas}, {basis.method}, {basis.scope}"
