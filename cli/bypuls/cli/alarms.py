"""`bypuls alarms`: conditions are looked at, alarms kept and told."""

from __future__ import annotations

import os
import socket
import threading
import time
from typing import Annotated
from zoneinfo import ZoneInfo

import structlog
import typer
from prometheus_client import CollectorRegistry, start_http_server

from bypuls.api.alarms import Evaluator, EvaluatorSettings
from bypuls.api.alarms.delivery import Delivery, DeliverySettings
from bypuls.api.alarms.metrics import AlarmMeters
from bypuls.api.alarms.notices import Channels
from bypuls.api.alarms.telling import by_urgency, subject_name
from bypuls.api.alarms.webhook import Webhook, WebhookSettings
from bypuls.api.alarms.words import AlarmWords
from bypuls.api.directory import DirectorySource
from bypuls.api.lighting_watch.settings import WatchSettings
from bypuls.cli.reports import mailer_of
from bypuls.cli.services import free_port_or_exit, stop_on_signals, told
from bypuls.cli.settings import DATA_DIR, DataDir, Environment, InfluxUrl, Opened, now, opened, webhook_names
from bypuls.store.book import AlarmBook, AlarmFilter
from bypuls.store.protocol import StoreError
from bypuls.store.registry import seed_alarm_rules

log = structlog.get_logger("bypuls.alarms")

app = typer.Typer(no_args_is_help=True, help="Alarms: found by the registry's rules, kept with their history, told.")

Zone = Annotated[str, typer.Option(help="Zone of local days.")]
MeterNights = Annotated[
    int,
    typer.Option(
        "--lights-meter-nights",
        envvar="BYPULS_LIGHTS_METER_NIGHTS",
        help="Nights of cabinets' meters that are gone through at the first start.",
    ),
]
LampNights = Annotated[
    int,
    typer.Option(
        "--lights-lamp-nights",
        envvar="BYPULS_LIGHTS_LAMP_NIGHTS",
        help="Nights of single lamps that are gone through at the first start.",
    ),
]
Lag = Annotated[
    float,
    typer.Option(
        "--lights-lag",
        envvar="BYPULS_LIGHTS_LAG",
        help="Seconds after its end at which a quarter of an hour of the street lights is judged.",
    ),
]
Late = Annotated[
    float,
    typer.Option(
        "--lights-late",
        envvar="BYPULS_LIGHTS_LATE",
        help="Hours within which late readings of street lights still count in the nights that are over.",
    ),
]
_WATCH = WatchSettings()
_OPTIONS = {
    "meter_nights": "--lights-meter-nights", "lamp_nights": "--lights-lamp-nights", "lag_s": "--lights-lag",
    "late_h": "--lights-late",
}  # fmt: skip


def process_name() -> str:
    """This process' name, for leases."""
    return f"{socket.gethostname().lower()[:40]}-{os.getpid()}"


def webhooks_of() -> dict[str, Webhook]:
    """The operator's webhooks by their names, as the environment has them.  Raises ValueError."""
    environment = Environment()
    urls = environment.alarm_webhook_urls.split()
    secret = environment.alarm_webhook_secret.get_secret_value()
    if urls and not secret:
        raise ValueError("BYPULS_ALARM_WEBHOOK_URLS is set — expected the secret in BYPULS_ALARM_WEBHOOK_SECRET, too")
    made = [Webhook(WebhookSettings(url=url, secret=secret)) for url in urls]
    return dict(zip(webhook_names(), made, strict=True))


def delivery_of(platform: Opened, tz: str) -> Delivery:
    """What brings notices out, as options and environment describe it.  Raises ValueError."""
    settings = DeliverySettings(owner=process_name(), tz=tz, page=Environment().page_url)
    return Delivery(platform.registry, settings, clock=now, mailer=mailer_of(), webhooks=webhooks_of())


def evaluator_of(platform: Opened, tz: str, channels: Channels, lights: WatchSettings) -> Evaluator:
    """The evaluator that options and environment describe.  Raises ValueError."""
    settings = EvaluatorSettings(owner=process_name(), tz=tz, channels=channels, lighting=lights)
    return Evaluator(platform.store, platform.registry, platform.book, settings, clock=now)


def watch_settings(meter_nights: int, lamp_nights: int, lag_s: float, late_h: float) -> WatchSettings:
    """Of the watch on street lights; what can't be is said by the option's name, and ends the command."""
    try:
        return WatchSettings(meter_nights=meter_nights, lamp_nights=lamp_nights, lag_s=lag_s, late_h=late_h)
    except ValueError as error:
        field, _, rest = str(error).partition(": ")
        option = _OPTIONS[field]
        variable = f"BYPULS_{option[2:].replace('-', '_').upper()}"
        raise told(ValueError(f"{option} ({variable}): {rest}")) from error


def seed_if_none(platform: Opened) -> None:
    """A registry without any rule gets those that ship: an installation that alarms nobody is none."""
    if not platform.registry.alarm_rules():
        report = seed_alarm_rules(platform.registry)
        log.info("the rules that ship were brought in", rules=report.created)


@app.command()
def serve(
    data_dir: DataDir = DATA_DIR,
    influx_url: InfluxUrl = None,
    every: Annotated[float, typer.Option(min=1.0, help="Seconds between rounds.")] = 30.0,
    tz: Zone = "Europe/Copenhagen",
    metrics_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of Prometheus metrics on 127.0.0.1.")
    ] = None,
    lights_meter_nights: MeterNights = _WATCH.meter_nights,
    lights_lamp_nights: LampNights = _WATCH.lamp_nights,
    lights_lag: Lag = _WATCH.lag_s,
    lights_late: Late = _WATCH.late_h,
) -> None:
    """Look again and again, until stopped. Of several processes one looks at a time."""
    lights = watch_settings(lights_meter_nights, lights_lamp_nights, lights_lag, lights_late)
    stop = stop_on_signals()
    collectors = CollectorRegistry()
    if metrics_port is not None:
        free_port_or_exit("127.0.0.1", metrics_port, option="--metrics-port")
        start_http_server(metrics_port, addr="127.0.0.1", registry=collectors)
    meters = AlarmMeters(collectors)
    with opened(data_dir, influx_url) as platform:
        try:
            delivery = delivery_of(platform, tz)
            evaluator = evaluator_of(platform, tz, delivery.channels, lights)
        except ValueError as error:
            raise told(error) from error
        # In a thread of its own: a receiver that hangs keeps no round waiting.
        bringing = threading.Thread(target=delivery.serve, args=(stop,), name="notices")
        bringing.start()
        try:
            _serve(platform, evaluator, stop, every, meters)
        finally:
            stop.set()
            bringing.join()


def _serve(platform: Opened, evaluator: Evaluator, stop: threading.Event, every: float, meters: AlarmMeters) -> None:
    while not stop.is_set():
        began = time.monotonic()
        try:
            seed_if_none(platform)
            found = evaluator.round()
        except StoreError as error:
            log.warning("alarms can't be kept just now", error=str(error))
            meters.failures.inc()
        else:
            if found is not None:
                meters.count(found, time.monotonic() - began, now())
                if found.changes:
                    log.info("alarms changed", **{name.replace("-", "_"): n for name, n in found.changes.items()})
                for kind, reason in found.failed.items():
                    log.warning("a kind of alarm could not be looked at", kind=kind, reason=reason)
        stop.wait(max(0.0, every - (time.monotonic() - began)))
    try:
        evaluator.rest()
    except StoreError as error:
        log.warning("the lease runs out by itself", error=str(error))


@app.command()
def run(
    data_dir: DataDir = DATA_DIR,
    influx_url: InfluxUrl = None,
    tz: Zone = "Europe/Copenhagen",
    lights_meter_nights: MeterNights = _WATCH.meter_nights,
    lights_lamp_nights: LampNights = _WATCH.lamp_nights,
    lights_lag: Lag = _WATCH.lag_s,
    lights_late: Late = _WATCH.late_h,
) -> None:
    """Look once at everything, and end: for a timer of the machine's own."""
    lights = watch_settings(lights_meter_nights, lights_lamp_nights, lights_lag, lights_late)
    with opened(data_dir, influx_url) as platform:
        try:
            seed_if_none(platform)
            delivery = delivery_of(platform, tz)
            evaluator = evaluator_of(platform, tz, delivery.channels, lights)
            found = evaluator.round(everything=True)
            evaluator.rest()
            told_now = delivery.deliver()
            delivery.rest()
        except (ValueError, StoreError) as error:
            raise told(error) from error
    if found is None:
        raise told(RuntimeError("another process looks after the alarms just now"))
    typer.echo(f"{found.looked} conditions looked at.")
    for action, count in sorted(found.changes.items()):
        typer.echo(f"  {action}: {count}")
    for state, count in sorted(told_now.items()):
        typer.echo(f"  notices {state}: {count}")
    for kind, reason in found.failed.items():
        typer.echo(f"  {kind} could not be looked at: {reason}")
    if found.failed:
        raise typer.Exit(1)


@app.command("list")
def list_alarms(
    data_dir: DataDir = DATA_DIR,
    closed: Annotated[bool, typer.Option("--closed", help="Closed ones, too.")] = False,
    lang: Annotated[str, typer.Option(help="da or en.")] = "en",
    tz: Zone = "Europe/Copenhagen",
) -> None:
    """Alarms that aren't closed, the most urgent first."""
    with opened(data_dir, None) as platform:
        try:
            words = AlarmWords(lang, ZoneInfo(tz))
        except (ValueError, LookupError) as error:
            raise told(error) from error
        directory = DirectorySource(platform.registry)()
        states = ("open", "acknowledged", "unknown", *(("closed",) if closed else ()))
        _, found = AlarmBook(platform.registry).listed(AlarmFilter(states))
    for one in by_urgency(found):
        name = subject_name(one, directory, words)
        typer.echo(f"{one.id} {words.word(one.state)}, {words.word(one.severity)}: {words.kind(one.kind)} — {name}")
        typer.echo(f"    {words.sentence(one)} {words.costs(one.cost)}".rstrip())
    if not found:
        typer.echo("No alarms.")
