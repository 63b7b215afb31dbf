"""`bypuls climate import-factors`, `fetch-factors`, `fetch-forecast`: emission factors by the hour, from files and from
Energi Data Service."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import orjson
import typer
from rich.console import Console

from bypuls.cli.services import told
from bypuls.cli.settings import DATA_DIR, DataDir, now, registry_of
from bypuls.ingest.energidata.datasets import (
    AREAS,
    DECLARATION,
    FACTOR_SET,
    FORECAST,
    declaration_query,
    forecast_query,
    keep_declarations,
)
from bypuls.ingest.energidata.fetching import SERVICE_URL, Answer, EnergiDataService, FetchFailed
from bypuls.ingest.energidata.records import BadRecords, Series, read_records
from bypuls.store.book import Book, GridForecast
from bypuls.store.protocol import StoreError
from bypuls.store.registry import KeptHours, RegistryError
from bypuls.wire import to_us

console = Console()
COPENHAGEN = ZoneInfo("Europe/Copenhagen")
FIRST_YEAR = 2017
"""The first whole year of the service's hourly declarations."""
SOURCE = "Energinet, energidataservice.dk, CC BY 4.0"
_FIVE_MINUTES_US = 300_000_000

FactorSet = Annotated[str, typer.Option("--set", help="Name of the set in the registry.")]
Version = Annotated[str | None, typer.Option(help="Version to write; without, the newest one of the set.")]
Restate = Annotated[
    bool, typer.Option("--restate", help="Where published figures changed: keep them as the following version.")
]
Areas = Annotated[list[str], typer.Option("--area", help="Price area; may be given several times.")]
Url = Annotated[str, typer.Option("--url", envvar="BYPULS_ENERGIDATA_URL", help="Address of the service.")]


def import_factors(
    files: Annotated[list[Path], typer.Argument(help="CSV files (also gzipped), or the service's answers as JSON.")],
    factor_set: FactorSet = FACTOR_SET,
    method: Annotated[str | None, typer.Option(help="Where the file names none, such as '125 %'.")] = None,
    loss: Annotated[
        bool | None, typer.Option("--loss-included/--loss-excluded", help="Grid loss; without, unknown.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="Where the figures are from; otherwise the file's name.")] = None,
    version: Version = None,
    restate: Restate = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what the files hold; write nothing.")] = False,
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Import hourly emission factors: HourUTC or HourDK, PriceArea, FuelAllocationMethod, CO2PerkWh [g/kWh].

    Figures that are in the registry already are left alone; others than these need a version of their own."""
    try:
        with registry_of(data_dir) as registry:
            for file in files:
                series = read_records(file.read_bytes())
                if dry_run:
                    for one in series:
                        console.print(f"{file}: {_shown(one)}", markup=False, soft_wrap=True)
                    continue
                from_where = source or f"{SOURCE}; {file.name}"
                kept = keep_declarations(
                    registry, series, source=from_where, factor_set=factor_set, method=method, loss_included=loss,
                    version=version, restate=restate,
                )  # fmt: skip
                _tell(str(file), kept)
    except (BadRecords, RegistryError, OSError) as error:
        raise told(error) from error


def fetch_factors(
    from_year: Annotated[int | None, typer.Option(min=FIRST_YEAR, help="First year; otherwise last year.")] = None,
    to_year: Annotated[int | None, typer.Option(min=FIRST_YEAR, help="Last year; otherwise this year.")] = None,
    area: Areas = list(AREAS),  # noqa: B006 - typer copies defaults
    method: Annotated[str, typer.Option(help="How fuel is shared between power and heat.")] = "125 %",
    factor_set: FactorSet = FACTOR_SET,
    version: Version = None,
    restate: Restate = False,
    max_age_h: Annotated[float, typer.Option(min=0.0, help="Answers older than this are asked for again [h].")] = 24.0,
    url: Url = SERVICE_URL,
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Fetch hourly declarations of electricity from Energi Data Service, as far as it isn't kept already.

    Asks politely and keeps the answers below the data folder; without a network it works from these."""
    this_year = now().astimezone(COPENHAGEN).year
    first, last = from_year or this_year - 1, to_year or this_year
    if last < first or last > this_year:
        raise told(ValueError(f"--to-year {last}: expected {first} to {this_year}"))
    service = _service(data_dir, url)
    try:
        with registry_of(data_dir) as registry:
            for year in range(first, last + 1):
                query = declaration_query(year, area, method)
                answer = service.get(DECLARATION, query, longest=timedelta(hours=max_age_h))
                _tell_age(f"{DECLARATION} {year}", answer)
                if not orjson.loads(answer.content).get("records"):
                    console.print(
                        f"{year}: the service has nothing for {', '.join(area)} by {method}.",
                        markup=False,
                        soft_wrap=True,
                    )
                    continue
                kept = keep_declarations(
                    registry, read_records(answer.content), source=f"{SOURCE}, {DECLARATION}", factor_set=factor_set,
                    method=method, version=version, restate=restate,
                )  # fmt: skip
                _tell(str(year), kept)
    except (FetchFailed, BadRecords, RegistryError, ValueError, OSError) as error:
        raise told(error) from error


def fetch_forecast(
    area: Areas = list(AREAS),  # noqa: B006 - typer copies defaults
    max_age_h: Annotated[float, typer.Option(min=0.0, help="A forecast older than this is asked for again [h].")] = 1.0,
    url: Url = SERVICE_URL,
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Fetch the forecast of electricity's emission in the coming hours, for charging and pumps; never for accounts."""
    service = _service(data_dir, url)
    try:
        # The question is one of the hour: within it the answer is still the same.
        answer = service.get(FORECAST, forecast_query(now(), area), longest=timedelta(hours=max_age_h))
        _tell_age(FORECAST, answer)
        series = read_records(answer.content)
        with registry_of(data_dir) as registry:
            book = Book(registry)
            for one in series:
                book.keep_grid_forecast(forecast_of(one, f"{SOURCE}, {FORECAST}", answer.fetched))
                console.print(
                    f"{one.area}: {len(one.t_us)} steps, until {_time(int(one.t_us[-1]))}.",
                    markup=False,
                    soft_wrap=True,
                )
    except (FetchFailed, BadRecords, RegistryError, StoreError, OSError) as error:
        raise told(error) from error


def forecast_of(series: Series, source: str, fetched: datetime) -> GridForecast:
    """A series as the book keeps it."""
    body = {"step_us": _FIVE_MINUTES_US, "t_us": series.t_us.tolist(), "g_per_kwh": series.g_per_kwh.tolist()}
    return GridForecast(series.area, source, to_us(fetched), orjson.dumps(body).decode())


def _service(data_dir: Path, url: str) -> EnergiDataService:
    sleep: Callable[[float], None] = time.sleep
    try:
        return EnergiDataService(data_dir / "energidata", clock=now, sleep=sleep, url=url)
    except ValueError as error:
        raise told(error) from error


def _tell(what: str, kept: Iterable[tuple[Series, KeptHours]]) -> None:
    for series, one in kept:
        counts = f"{one.new} new, {one.same} the same, {one.changed} changed"
        console.print(f"{what}: {_shown(series)}; version {one.version}: {counts}.", markup=False, soft_wrap=True)


def _shown(series: Series) -> str:
    hours = int((series.t_us[-1] - series.t_us[0]) // 3_600_000_000) + 1 if len(series.t_us) else 0
    missing = hours - len(series.t_us)
    words = f"{series.area}, {series.method or 'method not named'}, {len(series.t_us)} hours"
    if len(series.t_us):
        words += f", {_time(int(series.t_us[0]))} to {_time(int(series.t_us[-1]))}"
    if missing > 0:
        words += f", {missing} missing between"
    if series.unclear:
        words += f", {series.unclear} left out: a doubled local hour that stands there once"
    return words


def _tell_age(what: str, answer: Answer) -> None:
    if answer.kept_because is not None:
        when = f"{answer.fetched:%Y-%m-%d %H:%M}Z"
        console.print(
            f"{what}: taken from the answer of {when}, since {answer.kept_because}.", markup=False, soft_wrap=True
        )


def _time(us: int) -> str:
    return f"{datetime.fromtimestamp(us / 1e6, UTC):%Y-%m-%d %H:%M}Z"
