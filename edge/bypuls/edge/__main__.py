"""python -m bypuls.edge: runs a device, checks what is wired to it, says what waits."""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from random import SystemRandom

from bypuls.edge import check, systemd
from bypuls.edge.clock import Guard, SystemClock
from bypuls.edge.config import BadConfig, Config, Sensor, load
from bypuls.edge.driver import Driver, configure
from bypuls.edge.link import Link, PahoLink, Sink
from bypuls.edge.outbox import Outbox
from bypuls.edge.outbox_state import inspect
from bypuls.edge.plants import planted
from bypuls.edge.publisher import Publisher, will
from bypuls.edge.runner import Runner
from bypuls.edge.witness import FileWitness, NoWitness
from bypuls.wire import from_us

log = logging.getLogger("bypuls.edge")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m bypuls.edge", description=__doc__)
    parser.add_argument(
        "--log", default="info", choices=("debug", "info", "warning", "error"), help="least level logged"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, doc in (
        ("run", "read the sensors and publish until SIGTERM or Ctrl-C"),
        ("check", "say what is wired and read each sensor once"),
        ("outbox", "say what waits for a receipt"),
    ):
        command = commands.add_parser(name, help=doc, description=doc)
        command.add_argument("config", type=Path, metavar="edge.toml")
        if name == "check":
            command.add_argument("--timeout", type=float, default=10.0, metavar="S", help="seconds for each sensor")
        if name == "outbox":
            command.add_argument("--json", action="store_true", help="as one JSON object")
    options = parser.parse_args(arguments)
    _log_to_stderr(options.log)
    try:
        config = load(options.config)
        if options.command == "run":
            return _run(config)
        if options.command == "check":
            return _check(config, options.timeout)
        return _outbox(config, as_json=options.json)
    except (BadConfig, OSError) as error:
        print(f"bypuls.edge: {error}", file=sys.stderr)  # noqa: T201
        return 1


def _log_to_stderr(level: str) -> None:
    # systemd's journal puts its own time to each line.
    stamped = "" if "JOURNAL_STREAM" in os.environ else "%(asctime)s "
    logging.Formatter.converter = time.gmtime
    logging.basicConfig(level=level.upper(), format=f"{stamped}%(levelname)s %(name)s: %(message)s")


def make_driver(sensor: Sensor) -> Driver:
    """The driver of `sensor` as edge.toml says. Raises BadOption."""
    return configure(sensor.id, sensor.driver, sensor.options)


def _run(config: Config) -> int:
    release = version("bypuls")
    witness_file = os.environ.get("BYPULS_WITNESS")
    witness = FileWitness(Path(witness_file), config.device) if witness_file else NoWitness()
    plants = planted()
    settings = config.outbox
    settings.path.parent.mkdir(parents=True, exist_ok=True)
    outbox = Outbox(settings.path, max_bytes=int(settings.max_mb * 1e6), witness=witness, plants=plants)
    guard = Guard(
        SystemClock(),
        trust=config.clock.trust,
        earliest=config.clock.earliest,
        holdover_s=config.clock.holdover_h * 3600,
    )

    def connect(generation: int, sink: Sink) -> Link:
        return PahoLink(config.broker, config.device, will(config.device, outbox.epoch, release), generation, sink)

    random = SystemRandom()
    publisher = Publisher(outbox, guard, connect, device=config.device, version=release, random=random, plants=plants)
    runner = Runner(
        config,
        outbox,
        guard,
        publisher,
        make_driver,
        version=release,
        random=random,
        notify=systemd.notifier(),
        watchdog_s=systemd.watchdog_s(),
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: runner.stop())
    log.info("bypuls edge %s: device %s, epoch %s, outbox %s", release, config.device, outbox.epoch, settings.path)
    runner.run()
    return 0


def _check(config: Config, timeout_s: float) -> int:
    findings = [check.check_broker(config.broker), *check.check_sensors(config, make_driver, timeout_s)]
    print(f"device {config.device}, outbox {config.outbox.path}\n\n{check.table(findings)}")  # noqa: T201
    failing = [finding for finding in findings if not finding.ok]
    if failing:
        print(f"\n{len(failing)} of {len(findings)} can't be used: see what it says above.", file=sys.stderr)  # noqa: T201
    return 1 if failing else 0


def _outbox(config: Config, *, as_json: bool) -> int:
    stats = inspect(config.outbox.path)
    oldest = None if stats.oldest_us is None else from_us(stats.oldest_us).isoformat()
    if as_json:
        print(json.dumps({**dataclasses.asdict(stats), "oldest": oldest}))  # noqa: T201
        return 0
    lines = {
        "waiting": f"{stats.waiting} readings without a receipt",
        "held": f"{stats.held} of these wait for the clock to be set",
        "oldest": oldest or ("unknown" if stats.waiting else "nothing waits"),
        "receipted": f"{stats.receipted} kept to be asked for again",
        "dropped": f"{stats.dropped} refused for want of room since the file was made",
        "damaged": f"{stats.damaged} no longer what was written",
        "size": f"{stats.bytes / 1e6:.1f} of {config.outbox.max_mb:g} MB",
        **{f"epoch {epoch}": f"{rows} waiting" for epoch, rows in stats.epochs.items()},
    }
    print("\n".join(f"{name + ':':<24}{text}" for name, text in lines.items()))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
