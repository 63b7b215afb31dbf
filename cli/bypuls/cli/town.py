"""`bypuls sim`: the simulated town. Its registry, its past as bins, its sensors at the wire."""

from __future__ import annotations

import csv
import io
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Annotated

import structlog
import typer

from bypuls.cli.children import Child, stop_all
from bypuls.cli.services import stop_on_signals, told
from bypuls.cli.settings import DATA_DIR, BrokerHost, BrokerPort, DataDir, InfluxUrl, now, opened, registry_of
from bypuls.cli.town_grid import keep_forecast, register_hours
from bypuls.sim.fault_orders import draw_orders, parse_order
from bypuls.sim.history import history
from bypuls.sim.live import LiveTown
from bypuls.sim.mqtt_link import Broker
from bypuls.sim.roster import registry_rows
from bypuls.sim.town import Town, default_begins
from bypuls.store.book import Book
from bypuls.store.influx import InfluxStore
from bypuls.store.protocol import Bins, Store, StoreError
from bypuls.store.registry import Registry, RegistryError, import_csv, seed_factors
from bypuls.wire import from_us, to_us

app = typer.Typer(no_args_is_help=True, help="The simulated town, sensor by sensor.")
log = structlog.get_logger("bypuls.town")

Seed = Annotated[int, typer.Option(help="The same seed makes the same town, to the byte.")]
Days = Annotated[int, typer.Option(min=0, help="Days of history.")]
SEED = 1
DAYS = 730
FORECAST_EVERY_S = 3600.0


@dataclass(frozen=True, slots=True)
class TownFile:
    """What is remembered of a town beside its data: it goes on where it stopped.

    wanted_from, until : the history's span.  done_from : down to where it is written already.
    """

    seed: int
    begins: str
    wanted_from: str
    until: str
    done_from: str

    @classmethod
    def read(cls, data_dir: Path) -> TownFile | None:
        """The town of a data folder; None where there is none yet."""
        path = data_dir / "town.json"
        return cls(**json.loads(path.read_text("utf-8"))) if path.exists() else None

    def write(self, data_dir: Path) -> None:
        """Replaces the file as a whole."""
        path = data_dir / "town.json"
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps(asdict(self), indent=2) + "\n", "utf-8")
        draft.replace(path)

    @property
    def town(self) -> Town:
        """The town itself."""
        return Town(self.seed, date.fromisoformat(self.begins))


def found(data_dir: Path, seed: int, days: int, moment: datetime) -> TownFile:
    """The town of the data folder, or a new one whose history ends at the quarter of `moment`."""
    known = TownFile.read(data_dir)
    if known is not None:
        return known
    begins = default_begins(moment)
    until = datetime.fromtimestamp(int(moment.timestamp()) // 900 * 900, UTC)
    start = max(until - timedelta(days=days), datetime(begins.year, begins.month, begins.day, tzinfo=UTC))
    new = TownFile(seed, begins.isoformat(), start.isoformat(), until.isoformat(), until.isoformat())
    data_dir.mkdir(parents=True, exist_ok=True)
    new.write(data_dir)
    return new


def register(registry: Registry, file: TownFile) -> None:
    """Brings the town's registry in, and the published factors; what is there already stays as it is.

    Raises RuntimeError with the registry's words where the town's rows don't fit it.
    """
    seed_factors(registry)
    for entity, rows in registry_rows(file.town, datetime.fromisoformat(file.wanted_from)).items():
        text = io.StringIO(newline="")
        names = list(dict.fromkeys(name for row in rows for name in row))
        writer = csv.DictWriter(text, names)
        writer.writeheader()
        for row in rows:
            writer.writerow({k: str(v).lower() if isinstance(v, bool) else v for k, v in row.items()})
        text.seek(0)
        report = import_csv(registry, entity, text, actor="simulated town")
        if report.errors:
            raise RuntimeError(f"the simulated town's {entity}: {report.errors[0]}")
    register_hours(registry, file.town)


def ordered(town: Town, faults: Sequence[str], random_faults: int, moment: datetime) -> Town:
    """The same town with faults to order. Raises ValueError for one that is no order, or at no place of the town."""
    orders = [parse_order(text, moment) for text in faults]
    if random_faults:
        lamps = {lamp.id: lamp.cabinet for lamp in town.lighting.lamps.values()}
        week = to_us(moment + timedelta(days=7))
        orders += draw_orders(town.seed, lamps, to_us(moment), week, random_faults)
    return Town(town.seed, town.begins, tuple(orders)) if orders else town


def write_history(
    town_file: TownFile,
    data_dir: Path,
    store: Store,
    progress: Callable[[datetime], None],
    changed: Callable[[list[tuple[str, str, int, int]]], None] = lambda _changed: None,
) -> int:
    """Writes what is missing of the history, the newest month first; how many bins. It can be stopped and goes on.

    changed : told of the bins that were written, by kind, sensor, start and end [µs UTC].
    """
    start = datetime.fromisoformat(town_file.wanted_from)
    done = datetime.fromisoformat(town_file.done_from)
    town, count = town_file.town, 0
    while done > start:
        month = max(start, (done - timedelta(microseconds=1)).replace(day=1, hour=0, minute=0, second=0, microsecond=0))
        written: list[tuple[str, str, int, int]] = []
        # All blocks of a sensor together: they differ in their tags and must not replace one another.
        for (kind, sensor), blocks in groupby(history(town, month, done), key=lambda block: (block.kind, block.sensor)):
            bins = [Bins(kind, sensor, block.t_us, block.columns, block.tags, asset=block.asset) for block in blocks]
            store.replace_bins(kind, sensor, to_us(month), to_us(done), bins)
            count += sum(len(block.t_us) for block in bins)
            written.append((kind, sensor, to_us(month), to_us(done)))
        changed(written)
        done = month
        town_file = TownFile(town_file.seed, town_file.begins, town_file.wanted_from, town_file.until, done.isoformat())
        town_file.write(data_dir)
        progress(done)
    return count


@app.command("registry")
def registry_command(data_dir: DataDir = DATA_DIR, seed: Seed = SEED, days: Days = DAYS) -> None:
    """Bring the town's sites, lamps, buildings, sensors and targets into the registry."""
    town_file = found(data_dir, seed, days, now())
    try:
        with registry_of(data_dir) as registry:
            register(registry, town_file)
    except RuntimeError as error:
        raise told(error) from error
    typer.echo(f"The town of seed {town_file.seed} is registered.")


@app.command("history")
def history_command(
    data_dir: DataDir = DATA_DIR, influx_url: InfluxUrl = None, seed: Seed = SEED, days: Days = DAYS
) -> None:
    """Write the town's past as quarter-hour bins, newest month first; what is written already is left alone."""
    town_file = found(data_dir, seed, days, now())
    started = time.monotonic()

    def progress(done: datetime) -> None:
        log.info("history is written", back_to=f"{done:%Y-%m-%d}", seconds=round(time.monotonic() - started, 1))

    with opened(data_dir, influx_url) as platform:
        if isinstance(platform.store, InfluxStore):
            platform.store.setup()
        count = write_history(town_file, data_dir, platform.store, progress, platform.book.note_changes)
    typer.echo(f"{count} bins written in {time.monotonic() - started:.1f} s.")


def _tell_forecast(data_dir: Path, town: Town) -> None:
    """The grid's forecast for the page's greenest hours; without it the town goes on."""
    try:
        with registry_of(data_dir) as registry:
            keep_forecast(Book(registry), town, now())
    except (StoreError, RegistryError) as error:
        log.warning("the grid's forecast is not kept", reason=str(error))


@app.command("live")
def live_command(
    data_dir: DataDir = DATA_DIR,
    broker_host: BrokerHost = "127.0.0.1",
    broker_port: BrokerPort = 1883,
    seed: Seed = SEED,
    edges: Annotated[bool, typer.Option(help="Start the edges that read the sensors.")] = True,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help="A fault of street lights to order, like lamp-out:lamp-1-03 or 'lamps-out:cabinet-2;k=4'; also "
            "day-burner, cycling, dim-failure, ageing, feeder-off, clock-change, meter-reset; ;from=… ;to=… say when."
        ),
    ] = None,
    random_faults: Annotated[
        int, typer.Option(min=0, max=200, help="So many more faults over the coming week, drawn by the town's seed.")
    ] = 0,
) -> None:
    """Plug the town's sensors in, each simulated at its wire, and read them by the edge's real drivers."""
    stop = stop_on_signals()
    try:
        town = ordered(found(data_dir, seed, DAYS, now()).town, fault or [], random_faults, now())
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--fault") from error
    for order in town.orders.all:
        log.info("a fault is ordered", kind=order.kind, at=order.target, begins=from_us(order.start_us).isoformat())
    folder = data_dir / "town"
    with LiveTown(town, folder, Broker(broker_host, broker_port), now=now) as live:
        children = [
            Child(
                f"edge {edge.device}",
                [sys.executable, "-m", "bypuls.edge", "run", str(edge.path)],
                data_dir / "logs" / f"edge-{edge.device}.log",
                own_group=False,
            )
            for edge in live.edge_files
        ]
        if edges:
            for child in children:
                child.start()
        for edge in live.edge_files:
            log.info("a Pi is wired", device=edge.device, config=str(edge.path))
        next_forecast_s = 0.0
        while not stop.wait(0.5):
            for child in children:
                child.watch(time.monotonic())
            if time.monotonic() >= next_forecast_s:
                next_forecast_s = time.monotonic() + FORECAST_EVERY_S
                _tell_forecast(data_dir, town)
        stop_all(children, within_s=3.0)
