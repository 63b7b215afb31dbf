"""`bypuls grafana`: dashboards into Grafana and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from grafana_client.api import GrafanaApi
from rich.console import Console

from bypuls.cli.services import told
from bypuls.cli.settings import Environment
from bypuls.grafana.alerts import LANGUAGE, alert_rules
from bypuls.grafana.boards.frame import PAGE_URL
from bypuls.grafana.datasource import datasource, with_token
from bypuls.grafana.flux import Buckets
from bypuls.grafana.push import Change, PushError, connect
from bypuls.grafana.push import diff as difference
from bypuls.grafana.push import export as exported
from bypuls.grafana.push import push as pushed
from bypuls.grafana.push_alerts import diff_alerts, export_alerts, push_alerts
from bypuls.grafana.rendering import FOLDER_UID, as_json, dashboards, render

app = typer.Typer(no_args_is_help=True, help="Dashboards as code: pushed, compared, exported.")
console = Console()

Url = Annotated[str, typer.Option("--url", envvar="BYPULS_GRAFANA_URL", help="Grafana, like http://127.0.0.1:3000.")]
Language = Annotated[str, typer.Option("--lang", help="da, en or all.")]
Force = Annotated[bool, typer.Option("--force", help="Also overwrite what people changed in Grafana.")]
Alerts = Annotated[str, typer.Option("--alerts", help="Language of the alert rules, da or en; none leaves them alone.")]
URL = "http://127.0.0.1:3000"


def _buckets() -> Buckets:
    environment = Environment()
    return Buckets(environment.influx_bucket, environment.influx_rollup_bucket)


def _page_url() -> str:
    """Where links to the web page lead: BYPULS_PAGE_URL."""
    return Environment().page_url or PAGE_URL


def _wanted(language: str) -> list[dict[str, object]]:
    found = dashboards(_buckets(), _page_url())
    if language != "all":
        found = {name: one for name, one in found.items() if name.endswith(f"-{language}")}
    if not found:
        raise told(ValueError(f"--lang: {language!r} — expected da, en or all"))
    return list(found.values())


def _rules(language: str) -> list[dict[str, object]]:
    if language == "none":
        return []
    try:
        return alert_rules(language, _buckets(), _page_url())
    except ValueError as error:
        raise told(ValueError(f"--alerts: {language!r} — expected da, en or none")) from error


def _token() -> str:
    token = Environment().grafana_token.get_secret_value()
    if not token:
        raise told(ValueError("BYPULS_GRAFANA_TOKEN: not set — expected the token of a Grafana service account"))
    return token


def _tell(changes: list[Change]) -> None:
    for change in changes:
        why = f" ({change.why})" if change.why else ""
        console.print(f"{change.result:10}{change.what} {change.uid}: {change.title}{why}", markup=False)
        if change.diff:
            console.print(change.diff, markup=False, highlight=False)


@contextmanager
def _connected(url: str) -> Iterator[GrafanaApi]:
    """A client whose connections are closed in the end.  Raises ValueError."""
    client = connect(url, _token())
    try:
        yield client
    finally:
        client.client.s.close()


@app.command()
def push(url: Url = URL, lang: Language = "all", alerts: Alerts = LANGUAGE, force: Force = False) -> None:
    """Bring folder, data source, dashboards and alert rules to Grafana; what people changed by hand is kept.

    The token of a service account is read from BYPULS_GRAFANA_TOKEN. With BYPULS_INFLUX_URL the data source is set
    up too, with the read-only token BYPULS_GRAFANA_INFLUX_TOKEN where there is one; without it is left alone.
    With BYPULS_ALERT_EMAIL contact points and the routes to them are made where they are missing.
    """
    environment = Environment()
    source = None
    try:
        if environment.influx_url is not None:
            plain = datasource(environment.influx_url, environment.influx_org, bucket=environment.influx_rollup_bucket)
            token = environment.grafana_influx_token.get_secret_value()
            source = with_token(plain, token) if token else plain
        wanted, rules = _wanted(lang), _rules(alerts)
        with _connected(url) as client:
            _tell(pushed(client, wanted, source=source, force=force))
            if rules:
                email = environment.alert_email
                _tell(push_alerts(client, rules, FOLDER_UID, email=email, language=alerts, force=force))
    except (PushError, ValueError) as error:
        raise told(error) from error


@app.command()
def diff(url: Url = URL, lang: Language = "all", alerts: Alerts = LANGUAGE, force: Force = False) -> None:
    """Say what `push` would change, line by line; changes nothing. Exit status 1 where there is a difference."""
    try:
        wanted, rules = _wanted(lang), _rules(alerts)
        with _connected(url) as client:
            changes = difference(client, wanted, force=force) + diff_alerts(client, rules, force=force)
    except (PushError, ValueError) as error:
        raise told(error) from error
    _tell(changes)
    if any(change.result != "unchanged" for change in changes):
        raise typer.Exit(1)


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="Where the JSON files go.")],
    url: Url = URL,
    lang: Language = "all",
    alerts: Alerts = LANGUAGE,
) -> None:
    """Save dashboards and alert rules as they are in Grafana now, with what people changed."""
    try:
        wanted, rules = _wanted(lang), _rules(alerts)
        with _connected(url) as client:
            found = exported(client, [str(one["uid"]) for one in wanted])
            kept = export_alerts(client, [str(one["uid"]) for one in rules])
        folder.mkdir(parents=True, exist_ok=True)
        for uid, dashboard in found.items():
            path = folder / f"{uid}.json"
            path.write_text(as_json(dashboard), encoding="utf-8")
            console.print(f"{path}: {len(json.dumps(dashboard))} bytes", markup=False)
        if kept:
            path = folder / "alert-rules.json"
            path.write_text(json.dumps(list(kept.values()), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
            console.print(f"{path}: {len(kept)} rules", markup=False)
    except (PushError, ValueError, OSError) as error:
        raise told(error) from error
    if not found:
        console.print("Grafana has none of these dashboards yet: bypuls grafana push")


@app.command("render")
def render_files(
    folder: Annotated[Path, typer.Argument(help="Where dashboards/ and provisioning/ go.")],
    alerts: Annotated[str, typer.Option("--alerts", help="Language of the alert rules, da or en.")] = LANGUAGE,
) -> None:
    """Write dashboards and provisioning files, for a Grafana that reads them from disk."""
    try:
        for path in render(folder, _buckets(), _page_url(), alerts):
            console.print(str(path), markup=False)
    except (OSError, ValueError) as error:
        raise told(error) from error
