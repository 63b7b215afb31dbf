"""`bypuls replay`: publishes a recording over MQTT as a device would, with faults on request."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bypuls.cli.services import told
from bypuls.cli.settings import DATA_DIR, BrokerHost, BrokerPort, DataDir, broker_settings, now, registry_of
from bypuls.sim.courier import CourierError
from bypuls.sim.mapping import ColumnMapping, load_mapping, shipped
from bypuls.sim.mqtt_link import Broker
from bypuls.sim.recordings import Recording, load_recording
from bypuls.sim.replay import DEVICE, Options, replay, sensor_ids, shift_to_now
from bypuls.sim.replay import Progress as Told
from bypuls.sim.spoil import Faults
from bypuls.store.registry import Device, Registry, RegistryError, Sensor

console = Console()

_SPAN = re.compile(r"([+-]?)(\d+)([dhms])", re.ASCII)
_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def span(text: str) -> timedelta:
    """A time span like 30d, -2h, 15m or 90s. Raises ValueError."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError(f"--shift: {text!r} — expected now, or a span like 30d, -2h, 15m, 90s")
    seconds = int(found[2]) * _UNITS[found[3]]
    return timedelta(seconds=-seconds if found[1] == "-" else seconds)


def register(
    registry: Registry, recording: Recording, mapping: ColumnMapping | None, device: str, options: Options
) -> int:
    """Registers the device and the sensors that the replay will speak for, where they aren't yet; how many were new.

    Raises RegistryError where an id is registered for something else.
    """
    interval_s = mapping.time.interval_s if mapping is not None else None
    media = {r.sensor: m for r in recording.readings if (m := getattr(r, "medium", None)) is not None}
    kinds = recording.sensors
    new = 0
    with registry.session() as session:
        if session.get(Device, device) is None:
            session.add(Device(id=device, name=f"Replay as {device}"))
        for sensor, ids in sensor_ids(recording, options).items():
            for sensor_id in ids:
                if session.get(Sensor, sensor_id) is None:
                    new += 1
                    session.add(
                        Sensor(
                            id=sensor_id,
                            device=device,
                            kind=kinds[sensor],
                            name=sensor_id,
                            medium=media.get(sensor),
                            interval_s=interval_s,
                        )
                    )
    return new


def replay_command(
    files: Annotated[list[Path], typer.Argument(help="JSON Lines of readings, or CSV or Parquet with --map.")],
    mapping: Annotated[
        str | None, typer.Option("--map", help=f"A mapping file (TOML) or one of: {', '.join(sorted(shipped()))}.")
    ] = None,
    speed: Annotated[float, typer.Option(min=0, help="Times real time; 0 = as fast as it is receipted.")] = 0.0,
    device: Annotated[str, typer.Option(help="The device that it is sent as.")] = DEVICE,
    broker_host: BrokerHost = "127.0.0.1",
    broker_port: BrokerPort = 1883,
    register_in: Annotated[
        bool, typer.Option("--register", help="First register the device and its sensors in the data folder.")
    ] = False,
    data_dir: DataDir = DATA_DIR,
    shift: Annotated[str | None, typer.Option(help="now = up to the present day, or a span like 30d, -2h.")] = None,
    prefix: Annotated[str, typer.Option(help="Put before every sensor's id.")] = "",
    repeat: Annotated[int, typer.Option(min=1, help="So many copies side by side: id, id-2, …")] = 1,
    duplicates: Annotated[float, typer.Option(min=0, max=1, help="Fault: share of readings sent twice.")] = 0.0,
    resent: Annotated[float, typer.Option(min=0, max=1, help="Fault: share of batches sent twice.")] = 0.0,
    disorder: Annotated[int, typer.Option(min=0, help="Fault: shuffle within so many readings.")] = 0,
    gaps: Annotated[float, typer.Option(min=0, max=1, help="Fault: share of each sensor's hours lost.")] = 0.0,
    skew: Annotated[float, typer.Option(help="Fault: seconds that the clock is ahead.")] = 0.0,
    meter_resets: Annotated[int, typer.Option(min=0, help="Fault: times that each register falls to 0.")] = 0,
    seed: Annotated[int, typer.Option(help="Seed of the faults.")] = 0,
) -> None:
    """Publish a recording over MQTT and wait for every receipt. The same recording twice is stored once."""
    try:
        asked = None if shift in (None, "now") else span(shift)
        columns = load_mapping(mapping) if mapping is not None else None
        with console.status("Reading the recording …"):
            recording = load_recording(files, columns)
        if not recording.readings:
            _tell_unread(recording)
            raise typer.Exit(1)
        faults = Faults(seed, duplicates, resent, disorder, gaps, skew, meter_resets)
        moved = asked or (shift_to_now(recording, now()) if shift == "now" else timedelta())
        options = Options(speed, moved, prefix, repeat, faults)
        if register_in:
            with registry_of(data_dir) as registry:
                new = register(registry, recording, columns, device, options)
            console.print(f"{new} sensors registered for {device}.")
        with Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
        ) as bar:
            task = bar.add_task("receipted", total=len(recording.readings) * repeat)

            def progress(told_now: Told) -> None:
                bar.update(task, completed=told_now.receipted, total=told_now.total)

            def waiting(why: str) -> None:
                console.print(f"{why}; trying again for two minutes …", markup=False)

            settings = broker_settings(broker_host, broker_port)
            broker = Broker(
                settings.host,
                settings.port,
                settings.username,
                settings.password,
                settings.ca_file,
                settings.cert_file,
                settings.key_file,
            )
            report = replay(
                recording, broker=broker, device=device, options=options, progress=progress, waiting=waiting
            )
    except (ValueError, OSError, CourierError, RegistryError) as error:
        raise told(error) from error
    rate = report.published / report.seconds if report.seconds else 0.0
    console.print(f"{report.published} published, {report.stored} stored in {report.seconds:.1f} s ({rate:,.0f}/s).")
    _tell_unread(recording)
    for reason, count in sorted(report.refused.items(), key=lambda pair: -pair[1])[:10]:
        console.print(f"  refused {count}: {reason}", markup=False)
    if report.refused:
        raise typer.Exit(1)


def _tell_unread(recording: Recording) -> None:
    for row in recording.rejected[:10]:
        console.print(f"  not sent: {row.file} row {row.row}: {row.reason}", markup=False)
    if len(recording.rejected) > 10:
        console.print(f"  … {len(recording.rejected)} rows in all gave no reading")
