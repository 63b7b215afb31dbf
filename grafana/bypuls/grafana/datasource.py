"""The data source that the dashboards name: InfluxDB by Flux. Its token is a secret that never stands in a file."""

from __future__ import annotations

from typing import Any

from bypuls.grafana.flux import Buckets

UID = "bypuls-influx"
TYPE = "influxdb"
TOKEN_VARIABLE = "BYPULS_INFLUX_TOKEN"


def datasource(url: str, organisation: str, *, name: str = "bypuls", bucket: str = Buckets().rollup) -> dict[str, Any]:
    """The data source as Grafana's HTTP interface takes it, without its token. Raises ValueError for a bad URL.

    Source: Grafana, "Configure the InfluxDB data source", section Provision; InfluxDB's query language is Flux.
    """
    if not url.startswith(("http://", "https://", "$")):
        raise ValueError(f"url: {url!r} — expected http://… or https://…")
    return {
        "name": name,
        "uid": UID,
        "type": TYPE,
        "access": "proxy",
        "url": url,
        "jsonData": {"version": "Flux", "organization": organisation, "defaultBucket": bucket, "httpMode": "POST"},
    }


def with_token(source: dict[str, Any], token: str) -> dict[str, Any]:
    """The data source with its token: Grafana encrypts it and never gives it back. Raises ValueError for none."""
    if not token or not token.isprintable():
        raise ValueError("token: expected a token of printable characters (its value is not shown)")
    return {**source, "secureJsonData": {"token": token}}


def provisioning() -> dict[str, Any]:
    """The provisioning file: Grafana reads address, organisation and token from its own environment."""
    source = datasource("$BYPULS_INFLUX_URL", "$BYPULS_INFLUX_ORG")
    return {"apiVersion": 1, "datasources": [with_token(source, f"${TOKEN_VARIABLE}") | {"editable": False}]}
