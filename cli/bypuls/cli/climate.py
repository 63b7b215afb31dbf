"""`bypuls climate`: the road to a target from figures alone, and the factors of the accounts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from bypuls.analysis.climate import targets
from bypuls.analysis.climate.forecast import LEAST_YEARS, projected_year
from bypuls.analysis.climate.targets import Account, Basis, RequiredRate, Status, Target
from bypuls.analysis.errors import AnalysisError
from bypuls.cli.climate_account import account
from bypuls.cli.climate_factors import fetch_factors, fetch_forecast, import_factors
from bypuls.cli.wording import in_words
from bypuls.cli.yearly_file import FIRST_YEAR, LAST_YEAR, FileProblem, YearRow, read_years

app = typer.Typer(no_args_is_help=True, help="CO₂ against a target.")

# One file has one basis: what it counts can't be told apart from what the baseline counts.
_BASIS = Basis("CO2e", "as given", "as given")


class Form(StrEnum):
    """Of the answer."""

    table = "table"
    json = "json"


@dataclass(frozen=True, slots=True)
class Standing:
    """A target and where its accounts stand. remaining_budget_t [t], positive = left; None = unknown."""

    target: Target
    rows: tuple[YearRow, ...]
    status: Status
    remaining_budget_t: float | None
    required: RequiredRate | None
    projected_year: int | None

    def to_json(self) -> dict[str, Any]:
        """What `--format json` prints. required_rate : share of each year before, 0 … 1."""
        years = list(range(self.target.baseline_year, self.target.target_year + 1))
        line = targets.trajectory(self.target, years)
        return {
            "trajectory": [{"year": y, "tonnes": float(t)} for y, t in zip(years, line, strict=True)],
            "status": self.status.state,
            "remaining_budget": self.remaining_budget_t,
            "required_rate": self.required.share_per_year if self.required else None,
            "projected_year": self.projected_year,
        }


def standing(target: Target, rows: list[YearRow]) -> Standing:
    """Where `rows` stand. A year that says that it is incomplete counts as unknown for budget, rate and trend; one that
    doesn't say is taken as it is, but carries no status.  Raises BadInput."""
    since = [row for row in rows if row.year >= target.baseline_year]
    accounts = [Account(row.year, row.tonnes, row.completeness, row.scope_share, _BASIS) for row in since]
    whole = {row.year: row.tonnes if _whole(row) else None for row in since}
    later = [year for year in whole if year > target.baseline_year]
    last = max(whole, default=None)
    emitted = whole[last] if last is not None else None
    return Standing(
        target,
        tuple(since),
        targets.status(target, accounts),
        targets.remaining_budget(target, whole) if later else targets.full_budget(target),
        targets.required_rate(target, emitted, last) if emitted is not None and last is not None else None,
        projected_year(target, whole),
    )


def _whole(row: YearRow) -> bool:
    shares = ((row.completeness, targets.LEAST_COMPLETENESS), (row.scope_share, targets.LEAST_SCOPE_SHARE))
    return all(share is None or share >= least - targets.ROUNDING for share, least in shares)


app.command("account")(account)
app.command("import-factors")(import_factors)
app.command("fetch-factors")(fetch_factors)
app.command("fetch-forecast")(fetch_forecast)


@app.callback()
def _climate() -> None:
    """CO₂ against a target."""


@app.command()
def trajectory(
    baseline: Annotated[float, typer.Option(help="Emission of the base year [t].")],
    base_year: Annotated[int, typer.Option(help="The year that is compared with.")],
    target_year: Annotated[int, typer.Option(help="The year in which the reduction is due.")],
    reduction: Annotated[float, typer.Option(help="Share of the baseline that is to go, such as 0.85.")],
    actual: Annotated[
        Path | None,
        typer.Option(help="CSV of what was emitted: year,tonnes[,completeness,scope_share]; shares from 0 to 1."),
    ] = None,
    format_: Annotated[Form, typer.Option("--format", "-f", help="Form of the answer.")] = Form.table,
) -> None:
    """The straight line from a baseline to a target, and where the accounts stand against it.

    Tonnes are whatever the baseline is in (CO₂ or CO₂e); the file must be in the same.
    """
    try:
        for name, year in (("--base-year", base_year), ("--target-year", target_year)):
            if not FIRST_YEAR <= year <= LAST_YEAR:
                raise ValueError(f"{name} {year}: expected a year from {FIRST_YEAR} to {LAST_YEAR}")
        if not 0.0 < baseline < np.inf:
            raise ValueError(f"--baseline {baseline:g}: expected tonnes above 0")
        if not 0.0 < reduction <= 1.0:
            raise ValueError(f"--reduction {reduction:g}: expected a share above 0 and up to 1, such as 0.85")
        if target_year <= base_year:
            raise ValueError(f"--target-year {target_year}: expected after --base-year {base_year}")
        target = Target(base_year, baseline, target_year, reduction, _BASIS)
        rows = read_years(actual) if actual is not None else []
        found = standing(target, rows)
    except (FileProblem, AnalysisError, ValueError, OSError) as error:
        typer.echo(f"bypuls climate: {in_words(error)}", err=True)
        raise typer.Exit(2) from error
    for note in _notes(target, rows, found):
        typer.echo(f"note: {note}", err=True)
    if format_ is Form.json:
        typer.echo(json.dumps(found.to_json(), indent=2, allow_nan=False))
    else:
        _print(found)


def _notes(target: Target, rows: list[YearRow], found: Standing) -> list[str]:
    notes = []
    early = [str(row.year) for row in rows if row.year < target.baseline_year]
    if early:
        notes.append(f"before the base year, left out: {', '.join(early)}")
    stated = {row.year: row.tonnes for row in rows}.get(target.baseline_year)
    if stated is not None and abs(stated - target.baseline_t) > 0.005 * target.baseline_t:
        notes.append(
            f"the file has {stated:g} t in {target.baseline_year}, --baseline says {target.baseline_t:g} t; the line "
            "starts at --baseline"
        )
    if rows:
        notes += [f"no status: {reason}" for reason in found.status.reasons]
    return notes


def _print(found: Standing) -> None:
    target = found.target
    years = list(range(target.baseline_year, max(target.target_year, *(row.year for row in found.rows), 0) + 1))
    line, constant = targets.trajectory(target, years), targets.constant_rate_trajectory(target, years)
    rows = {row.year: row for row in found.rows}
    console = Console()
    table = Table(title=f"{target.reduction:.0%} less than {target.baseline_year} by {target.target_year}")
    for name in ("year", "straight line t", "constant rate t", "actual t", "above the line t", "complete", "of scope"):
        table.add_column(name, justify="right")
    for year, straight, falling in zip(years, line, constant, strict=True):
        row = rows.get(year)
        emitted = row.tonnes if row else None
        table.add_row(
            str(year), f"{straight:.2f}", f"{falling:.2f}", _shown(emitted),
            _shown(None if emitted is None else emitted - straight, sign=True),
            _percent(row.completeness if row else None), _percent(row.scope_share if row else None),
        )  # fmt: skip
    console.print(table)
    required = found.required
    lines = {
        "status": found.status.state + (f" ({found.status.year})" if found.status.year else ""),
        "remaining budget": f"{_shown(found.remaining_budget_t)} t of {targets.full_budget(target):.2f} t",
        "required rate": f"{required.share_per_year:.1%} a year, or {required.t_per_year:.2f} t a year"
        if required
        else "–",
        "projected year": str(found.projected_year or f"– (none below {LEAST_YEARS} years or without a fall)"),
        "constant rate": f"{targets.constant_rate(target):.2%} a year",
    }
    for name, text in lines.items():
        console.print(f"{name:17} {text}", highlight=False)


def _shown(value: float | None, *, sign: bool = False) -> str:
    return "–" if value is None else f"{value:+.2f}" if sign else f"{value:.2f}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"
