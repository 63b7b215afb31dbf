"""`bypuls grafana`: dashboards into Grafana and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bypuls.cli.services import told
from bypuls.cli.settings import Environment
from bypuls.grafana.boards.frame import PAGE_URL
from bypuls.grafana.datasource import datasource, with_token
from bypuls.grafana.flux import Buckets
from bypuls.grafana.push import Change, PushError, connect
from bypuls.grafana.push import diff as difference
from bypuls.grafana.push import export as exported
from bypuls.grafana.push import push as pushed
from bypuls.grafana.rendering import as_json, dashboards, render

app = typer.Typer(no_args_is_help=True, help="Dashboards as code: pushed, compared, exported.")
console = Console()

Url = Annotated[str, typer.Option("--url", envvar="BYPULS_GRAFANA_URL", help="Grafana, like http://127.0.0.1:3000.")]
Language = Annotated[str, typer.Option("--lang", help="da, en or all.")]
Force = Annotated[bool, typer.Option("--force", help="Also overwrite what people changed in Grafana.")]
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


@app.command()
def push(url: Url = URL, lang: Language = "all", force: Force = False) -> None:
    """Bring folder, data source and dashboards to Grafana; what people changed by hand is kept.

    The token of a service account is read from BYPULS_GRAFANA_TOKEN. With BYPULS_INFLUX_URL the data source is set
    up too, with the read-only token BYPULS_GRAFANA_INFLUX_TOKEN where there is one; without it is left alone.
    """
    environment = Environment()
    source = None
    try:
        if environment.influx_url is not None:
            plain = datasource(environment.influx_url, environment.influx_org, bucket=environment.influx_rollup_bucket)
            token = environment.grafana_influx_token.get_secret_value()
            source = with_token(plain, token) if token else plain
        wanted = _wanted(lang)
        _tell(pushed(connect(url, _token()), wanted, source=source, force=force))
    except (PushError, ValueError) as error:
        raise told(error) from error


@app.command()
def diff(url: Url = URL, lang: Language = "all", force: Force = False) -> None:
    """Say what `push` would change, line by line; changes nothing. Exit status 1 where there is a difference."""
    try:
        changes = difference(connect(url, _token()), _wanted(lang), force=force)
    except (PushError, ValueError) as error:
        raise told(error) from error
    _tell(changes)
    if any(change.result != "unchanged" for change in changes):
        raise typer.Exit(1)


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="Where the JSON files go.")], url: Url = URL, lang: Language = "all"
) -> None:
    """Save the dashboards as they are in Grafana now, with what people changed."""
    try:
        found = exported(connect(url, _token()), [str(one["uid"]) for one in _wanted(lang)])
        folder.mkdir(parents=True, exist_ok=True)
        for uid, dashboard in found.items():
            path = folder / f"{uid}.json"
            path.write_text(as_json(dashboard), encoding="utf-8")
            console.print(f"{path}: {len(json.dumps(dashboard))} bytes", markup=False)
    except (PushError, ValueError, OSError) as error:
        raise told(error) from error
    if not found:
        console.print("Grafana has none of these dashboards yet: bypuls grafana push")


@app.command("render")
def render_files(folder: Annotated[Path, typer.Argument(help="Where dashboards/ and provisioning/ go.")]) -> None:
    """Write dashboards and provisioning files, for a Grafana that reads them from disk."""
    try:
        for path in render(folder, _buckets(), _page_url()):
            console.print(str(path), markup=False)
    except (OSError, ValueError) as error:
        raise told(error) from error
