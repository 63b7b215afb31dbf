"""Whether the platform works: health, version, metrics."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from sqlalchemy.exc import OperationalError
from starlette.responses import Response

from bypuls.api.access import Reader
from bypuls.api.answers import answer, body_of
from bypuls.api.context import ApiContext, Context
from bypuls.api.directory import Directory, DirectorySource
from bypuls.api.latest import latest_of
from bypuls.api.models import HealthModel, VersionModel
from bypuls.store.book import AlarmBook
from bypuls.store.protocol import Misconfigured, StoreError

router = APIRouter(prefix="/api/v1", tags=["state"])


@cache
def release() -> str:
    """The installed release."""
    return version("bypuls")


@dataclass(frozen=True, slots=True)
class Meters:
    """What Prometheus reads, of one application."""

    registry: CollectorRegistry
    requests: Counter
    seconds: Histogram
    live_clients: Gauge
    newest_reading_age: Gauge
    silent: Gauge
    dead_letters: Gauge
    dirty_marks: Gauge
    alarms: Gauge
    notices: Gauge


def new_meters() -> Meters:
    """Metrics of an application, counted from 0."""
    registry = CollectorRegistry()
    return Meters(
        registry=registry,
        requests=Counter("bypuls_api_requests", "Answers", ["method", "route", "status"], registry=registry),
        seconds=Histogram("bypuls_api_request_seconds", "Time to answer [s]", ["route"], registry=registry),
        live_clients=Gauge("bypuls_api_live_clients", "Open event streams", registry=registry),
        newest_reading_age=Gauge(
            "bypuls_newest_reading_age_seconds", "Age of the newest reading; NaN = none [s]", registry=registry
        ),
        silent=Gauge("bypuls_sensors_silent", "Sensors that are silent or never spoke", registry=registry),
        dead_letters=Gauge("bypuls_dead_letters_waiting", "Dead letters that wait", registry=registry),
        dirty_marks=Gauge("bypuls_dirty_marks", "Windows that wait to be rolled up", registry=registry),
        alarms=Gauge("bypuls_alarms", "Alarms that aren't closed", ["state", "domain", "severity"], registry=registry),
        notices=Gauge("bypuls_alarm_notices", "Notices of alarms", ["channel", "state"], registry=registry),
    )


def health_of(context: ApiContext, directory: DirectorySource) -> dict[str, Any]:
    """How the platform is; never raises for a store or a database that is down, but says so."""
    found: dict[str, Any] = {
        "status": "ok",
        "version": release(),
        "store": "ok",
        "broker": None,
        "newest_reading_age_s": None,
        "sensors": None,
        "sensors_silent": None,
        "dead_letters": None,
        "dirty_marks": None,
    }
    try:
        context.store.ping()
        registered: Directory = directory()
        latest = latest_of(context.store, registered.sensors.values(), context.clock())
        ages = [one.age_s for one in latest if one.age_s is not None]
        found["newest_reading_age_s"] = min(ages) if ages else None
        found["sensors"] = len(latest)
        found["sensors_silent"] = sum(one.state != "current" for one in latest)
        found["dead_letters"] = context.book.waiting_letters()
        found["dirty_marks"] = context.book.dirty_marks()
    except (StoreError, OperationalError) as error:
        found["store"] = "misconfigured" if isinstance(error, Misconfigured) else "unavailable"
        found["status"] = "down"
    up = context.broker_up() if context.broker_up is not None else None
    if up is not None:
        found["broker"] = "ok" if up else "unavailable"
    silent = found["sensors_silent"]
    if found["status"] == "ok" and (up is False or (silent and silent == found["sensors"])):
        found["status"] = "degraded"
    return found


@router.get("/health", response_model=HealthModel, responses={503: {"model": HealthModel}})
def health(request: Request, context: Context) -> Response:
    """Whether the platform works; 503 when the store can't be used. Needs no key."""
    found = health_of(context, request.app.state.directory)
    status = 503 if found["status"] == "down" else 200
    return Response(body_of(found), status, {"Cache-Control": "no-store"}, "application/json")


@router.get("/version", response_model=VersionModel)
def version_of(request: Request) -> Response:
    """Which release this is. Needs no key."""
    return answer(request, {"name": "bypuls", "version": release(), "api": "v1"}, max_age_s=60)


@router.get(
    "/metrics",
    dependencies=[Reader],
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus' text"}},
    response_class=Response,
)
def metrics(request: Request, context: Context) -> Response:
    """Counts and gauges for Prometheus."""
    meters: Meters = request.app.state.meters
    found = health_of(context, request.app.state.directory)
    for gauge, name in (
        (meters.newest_reading_age, "newest_reading_age_s"),
        (meters.silent, "sensors_silent"),
        (meters.dead_letters, "dead_letters"),
        (meters.dirty_marks, "dirty_marks"),
    ):
        gauge.set(float("nan") if found[name] is None else found[name])
    count_alarms(meters, AlarmBook(context.registry))
    return Response(generate_latest(meters.registry), 200, {"Cache-Control": "no-store"}, CONTENT_TYPE_LATEST)


def count_alarms(meters: Meters, book: AlarmBook) -> None:
    """Counts alarms and notices anew; a database that is down leaves no figures, rather than old ones."""
    meters.alarms.clear()
    meters.notices.clear()
    try:
        for state, domain, severity, count in book.counts():
            if state != "closed":
                meters.alarms.labels(state, domain, severity).set(count)
        for (channel, state), count in book.notice_counts().items():
            meters.notices.labels(channel, state).set(count)
    except StoreError:
        return


__all__ = ["Meters", "health_of", "new_meters", "release", "router"]
