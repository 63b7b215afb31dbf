"""What every command shares: where the data are and how the broker and the store are reached.

Each option of the command line is also a variable `BYPULS_…`; secrets are variables or files alone, never options.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from bypuls.ingest.subscriber import BrokerSettings
from bypuls.store.book import Book
from bypuls.store.influx import InfluxSettings, InfluxStore
from bypuls.store.protocol import Misconfigured, Store
from bypuls.store.registry import Registry, open_registry
from bypuls.store.sqlite import SqliteStore


class Environment(BaseSettings):
    """Variables `BYPULS_…`. Secrets may come as systemd credentials: files in $CREDENTIALS_DIRECTORY."""

    model_config = SettingsConfigDict(
        env_prefix="BYPULS_", frozen=True, extra="ignore", secrets_dir=os.environ.get("CREDENTIALS_DIRECTORY")
    )

    data_dir: Path = Path("data")
    registry_url: str | None = None
    influx_url: str | None = None
    influx_token: SecretStr = SecretStr("")
    influx_org: str = "bypuls"
    influx_bucket: str = "bypuls"
    influx_rollup_bucket: str = "bypuls_rollup"
    broker_host: str = "127.0.0.1"
    broker_port: int = Field(default=1883, ge=1, le=65535)
    broker_tls: bool = False
    broker_ca_file: Path | None = None
    broker_cert_file: Path | None = None
    broker_key_file: Path | None = None
    broker_username: str | None = None
    broker_password: SecretStr | None = None
    grafana_token: SecretStr = SecretStr("")
    # Grafana's own token of InfluxDB: it may read the bins and nothing else.
    grafana_influx_token: SecretStr = SecretStr("")
    # Whom Grafana's alert rules tell; without an address its contact points are left alone.
    alert_email: str | None = None
    # Mail of scheduled reports; without a host they only go into their folder.
    smtp_host: str | None = None
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_from: str | None = None
    smtp_tls: str = "starttls"
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    # Alarms: addresses with a blank between, the secret that signs what is sent there, and the page for links in mails.
    alarm_webhook_urls: str = ""
    alarm_webhook_secret: SecretStr = SecretStr("")
    page_url: str | None = None


DataDir = Annotated[
    Path, typer.Option("--data-dir", envvar="BYPULS_DATA_DIR", help="Folder of the registry and of the embedded store.")
]
InfluxUrl = Annotated[
    str | None,
    typer.Option(
        "--influx-url",
        envvar="BYPULS_INFLUX_URL",
        help="InfluxDB in place of the embedded store; its token is read from BYPULS_INFLUX_TOKEN.",
    ),
]
BrokerHost = Annotated[str, typer.Option("--broker-host", envvar="BYPULS_BROKER_HOST", help="MQTT broker.")]
BrokerPort = Annotated[int, typer.Option("--broker-port", envvar="BYPULS_BROKER_PORT", min=1, max=65535)]
# The ingest deletes by it and the page tells it to who writes: one variable for both.
ReportDays = Annotated[
    int,
    typer.Option(
        "--citizen-reports-days",
        envvar="BYPULS_CITIZEN_REPORTS_DAYS",
        min=1,
        help="Days after which citizens' reports are deleted.",
    ),
]

DATA_DIR = Path("data")
REPORTS = "reports"
"""The folder of scheduled reports in the data folder."""


def now() -> datetime:
    """The machine's clock in UTC: the one place where commands read it."""
    return datetime.now(UTC)


def broker_settings(host: str, port: int) -> BrokerSettings:
    """How the broker is reached: host and port from the command line, TLS and user from the environment."""
    environment = Environment()
    password = environment.broker_password
    return BrokerSettings(
        host=host,
        port=port,
        tls=environment.broker_tls,
        ca_file=environment.broker_ca_file,
        cert_file=environment.broker_cert_file,
        key_file=environment.broker_key_file,
        username=environment.broker_username,
        password=password.get_secret_value() if password is not None else None,
    )


def webhook_names() -> tuple[str, ...]:
    """The names of the operator's webhooks, in the order of their addresses."""
    return tuple(f"webhook-{number}" for number in range(1, len(Environment().alarm_webhook_urls.split()) + 1))


def open_store(data_dir: Path, influx_url: str | None) -> Store:
    """The store that the options name. Raises StoreError."""
    if influx_url is None:
        return SqliteStore(data_dir)
    environment = Environment()
    token = environment.influx_token.get_secret_value()
    if not token:
        raise Misconfigured(f"InfluxDB at {influx_url} needs a token: expected it in BYPULS_INFLUX_TOKEN")
    try:
        settings = InfluxSettings(
            url=influx_url,
            token=token,
            org=environment.influx_org,
            raw_bucket=environment.influx_bucket,
            rollup_bucket=environment.influx_rollup_bucket,
        )
    except ValueError as error:
        raise Misconfigured(f"InfluxDB: {error}") from error
    return InfluxStore(settings)


def registry_of(data_dir: Path) -> Registry:
    """The registry in the data folder, or at BYPULS_REGISTRY_URL."""
    return open_registry(Environment().registry_url or data_dir / "registry.db", clock=now)


@dataclass(frozen=True, slots=True)
class Opened:
    """A registry with its book, and the store."""

    store: Store
    registry: Registry
    book: Book


@contextmanager
def opened(data_dir: Path, influx_url: str | None) -> Iterator[Opened]:
    """Store, registry and book, closed at the end."""
    registry = registry_of(data_dir)
    try:
        store = open_store(data_dir, influx_url)
        try:
            yield Opened(store, registry, Book(registry))
        finally:
            store.close()
    finally:
        registry.close()
