"""edge.toml, read once into frozen objects. An unknown key is refused with the nearest known one.

Secrets don't stand in the file: the broker's name and password come from a systemd credential (`mqtt-username`,
`mqtt-password`) or from the environment (BYPULS_MQTT_USERNAME, BYPULS_MQTT_PASSWORD).
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, cast, get_args

from bypuls.edge.clock import Trust
from bypuls.wire.fields import ID, ID_EXPECTED


class BadConfig(ValueError):
    """A value of edge.toml is wrong: names file, table, key, value and what was expected."""

    def __init__(self, file: Path, table: str, key: str, value: object, expected: str) -> None:
        place = f"[{table}] {key}" if table else key
        super().__init__(f"{file}: {place} = {value!r} — expected {expected}")
        self.table = table
        self.key = key
        self.value = value
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Tls:
    """TLS towards the broker. Without `ca_file` the system's authorities count."""

    enabled: bool
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is. A dead connection is noticed within 1.5 × keepalive_s [s]."""

    host: str
    port: int
    tls: Tls
    keepalive_s: float = 60.0
    username: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class OutboxSettings:
    """Where readings wait, their room [MB], how long receipted ones are kept [h], and how commits are batched."""

    path: Path
    max_mb: float = 512.0
    keep_receipted_h: float = 48.0
    commit_rows: int = 100
    commit_s: float = 1.0


@dataclass(frozen=True, slots=True)
class ClockSettings:
    """When a time is trusted; after losing synchronisation it is carried on for holdover_h [h]."""

    trust: Trust = "synchronised"
    earliest: datetime = datetime(2010, 1, 1, tzinfo=UTC)
    holdover_h: float = 24.0


@dataclass(frozen=True, slots=True)
class Sensor:
    """One sensor: its driver and that driver's own options. A driver that yields nothing at all for hung_after_s [s] is
    closed and begun anew.
    """

    id: str
    driver: str
    options: Mapping[str, object]
    hung_after_s: float = 300.0


@dataclass(frozen=True, slots=True)
class Config:
    """All of edge.toml."""

    device: str
    broker: Broker
    outbox: OutboxSettings
    clock: ClockSettings
    health_interval_s: float
    sensors: tuple[Sensor, ...]


class _Table:
    """One TOML table, taken apart key by key; what is left at the end is unknown."""

    def __init__(self, file: Path, name: str, values: object, known: Collection[str]) -> None:
        self._file, self._name = file, name
        if not isinstance(values, dict):
            raise BadConfig(file, "", name, values, "a table")
        self._values: dict[str, Any] = values
        for key, value in values.items():
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"no such key; did you mean {near[0]}?" if near else f"only {', '.join(known)}"
                raise self.bad(key, "…" if key in _SECRET else value, _SECRET.get(key, hint))

    def bad(self, key: str, value: object, expected: str) -> BadConfig:
        return BadConfig(self._file, self._name, key, value, expected)

    def get(self, key: str) -> Any:
        return self._values.get(key)

    def text(self, key: str) -> str:
        value = self._values.get(key)
        if isinstance(value, str) and value:
            return value
        raise self.bad(key, value, "a text")

    def id(self, key: str) -> str:
        value = self._values.get(key)
        if isinstance(value, str) and ID.fullmatch(value):
            return value
        raise self.bad(key, value, ID_EXPECTED)

    def number(self, key: str, default: float, low: float, high: float) -> float:
        value = self._values.get(key, default)
        if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
            return float(value)
        raise self.bad(key, value, f"a number within {low:g}…{high:g}")

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        value = self._values.get(key, default)
        if type(value) is int and low <= value <= high:
            return value
        raise self.bad(key, value, f"a whole number within {low}…{high}")

    def flag(self, key: str, default: bool) -> bool:
        value = self._values.get(key, default)
        if type(value) is bool:
            return value
        raise self.bad(key, value, "true or false")

    def choice(self, key: str, default: str, choices: Collection[str]) -> str:
        value = self._values.get(key, default)
        if isinstance(value, str) and value in choices:
            return value
        raise self.bad(key, value, f"one of {', '.join(choices)}")

    def file(self, key: str, env: Mapping[str, str]) -> Path | None:
        """A path, relative to edge.toml; `credential:NAME` is a systemd credential."""
        if key not in self._values:
            return None
        text = self.text(key)
        scheme, _, name = text.partition(":")
        if scheme != "credential":
            return self._file.parent / text
        folder = env.get("CREDENTIALS_DIRECTORY")
        if folder is None or "/" in name:
            raise self.bad(key, text, "a credential that systemd loads: LoadCredential= in the unit")
        return Path(folder) / name


_SECRET = {
    name: f"it outside of this file: systemd credential mqtt-{name} or environment BYPULS_MQTT_{name.upper()}"
    for name in ("username", "password")
}
_TOP = ("device", "broker", "outbox", "clock", "health", "sensor")


def load(path: Path, env: Mapping[str, str] = os.environ) -> Config:
    """The configuration in the file at `path`. Raises BadConfig, OSError."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfig(path, "", "TOML", str(error), "a TOML file in UTF-8") from error
    top = _Table(path, "", values, _TOP)
    health = _Table(path, "health", values.get("health", {}), ("interval_s",))
    return Config(
        device=top.id("device"),
        broker=_broker(path, values.get("broker", {}), env),
        outbox=_outbox(path, values.get("outbox", {})),
        clock=_clock(path, values.get("clock", {})),
        health_interval_s=health.number("interval_s", 60.0, 0.05, 86_400.0),
        sensors=_sensors(path, values.get("sensor", [])),
    )


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _broker(file: Path, values: object, env: Mapping[str, str]) -> Broker:
    table = _Table(file, "broker", values, ("host", "port", "keepalive_s", "tls"))
    host = table.text("host")
    inner = ("enabled", "ca_file", "cert_file", "key_file")
    tls = _Table(file, "broker.tls", table.get("tls") if table.get("tls") is not None else {}, inner)
    enabled = tls.flag("enabled", not _loopback(host))
    files = {name: tls.file(name, env) for name in inner[1:]}
    if files["key_file"] is not None and files["cert_file"] is None:
        raise tls.bad("cert_file", None, "the certificate of key_file")
    return Broker(
        host=host,
        port=table.whole("port", 8883 if enabled else 1883, 1, 65_535),
        tls=Tls(enabled, **files),
        keepalive_s=table.number("keepalive_s", 60.0, 2.0, 3_600.0),
        username=_secret("username", env),
        password=_secret("password", env),
    )


def _secret(name: str, env: Mapping[str, str]) -> str | None:
    folder = env.get("CREDENTIALS_DIRECTORY")
    if folder is not None and (file := Path(folder) / f"mqtt-{name}").exists():
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    return env.get(f"BYPULS_MQTT_{name.upper()}")


def _outbox(file: Path, values: object) -> OutboxSettings:
    table = _Table(file, "outbox", values, ("path", "max_mb", "keep_receipted_h", "commit_rows", "commit_s"))
    return OutboxSettings(
        path=file.parent / table.text("path"),
        max_mb=table.number("max_mb", 512.0, 1.0, 1_000_000.0),
        keep_receipted_h=table.number("keep_receipted_h", 48.0, 0.0, 10_000.0),
        commit_rows=table.whole("commit_rows", 100, 1, 10_000),
        commit_s=table.number("commit_s", 1.0, 0.0, 60.0),
    )


def _clock(file: Path, values: object) -> ClockSettings:
    table = _Table(file, "clock", values, ("trust", "earliest", "holdover_h"))
    earliest = table.get("earliest")
    if earliest is None:
        earliest = ClockSettings().earliest
    elif isinstance(earliest, datetime) and earliest.tzinfo is not None:
        earliest = earliest.astimezone(UTC)
    elif isinstance(earliest, date) and not isinstance(earliest, datetime):
        earliest = datetime.combine(earliest, time(), UTC)
    else:
        raise table.bad("earliest", earliest, "a day, or a time with its zone")
    return ClockSettings(
        trust=cast(Trust, table.choice("trust", "synchronised", get_args(Trust))),
        earliest=earliest,
        holdover_h=table.number("holdover_h", 24.0, 0.0, 10_000.0),
    )


def _sensors(file: Path, values: object) -> tuple[Sensor, ...]:
    if not isinstance(values, list):
        raise BadConfig(file, "", "sensor", values, "a [[sensor]] table for each sensor")
    sensors: list[Sensor] = []
    for number, value in enumerate(values, 1):
        name = f"sensor {number}"
        table = _Table(file, name, value, ("id", "driver", "hung_after_s", "options"))
        sensor = table.id("id")
        if any(other.id == sensor for other in sensors):
            raise table.bad("id", sensor, "an id that no other sensor has")
        options = table.get("options") if table.get("options") is not None else {}
        if not isinstance(options, dict):
            raise table.bad("options", options, "a table: [sensor.options]")
        hung = table.number("hung_after_s", 300.0, 0.1, 86_400.0)
        sensors.append(Sensor(sensor, table.text("driver"), options, hung))
    return tuple(sensors)
