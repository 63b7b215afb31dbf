"""The overview: the town now, then climate, traffic, street lights, buildings and the platform itself."""

from __future__ import annotations

from bypuls.grafana.boards.frame import PAGE_URL, Ways, assets_of_kind, framed
from bypuls.grafana.builders import Json, Row, choice_variable, query_variable
from bypuls.grafana.flux import Buckets
from bypuls.grafana.panels import buildings, devices, lights, traffic
from bypuls.grafana.texts import translator


def overview(language: str, buckets: Buckets | None = None, page_url: str = PAGE_URL) -> Json:
    """The overview in a language. Raises ValueError for a language there is none of, or a bad address."""
    _ = translator(language)
    store, ways = buckets or Buckets(), Ways(language, page_url)
    rows = [
        Row(
            _("The town now"),
            [
                traffic.vehicles_now(_, store),
                traffic.speed_now(_, store),
                lights.power_now(_, store),
                lights.faulty_now(_, store),
                buildings.electricity_now(_, store),
                buildings.temperature_now(_, store),
                devices.heard_now(_, store),
                devices.waiting_now(_, store),
            ],
        ),
        Row(
            _("Climate"),
            [
                buildings.energy_by_medium(_, store),
                buildings.against_last_year(_, store),
                buildings.targets(_, store),
            ],
        ),
        Row(
            _("Traffic"),
            [
                traffic.volumes(_, store),
                traffic.mean_speeds(_, store),
                traffic.daily_volumes(_, store),
                traffic.sites(_, store),
            ],
        ),
        Row(
            _("Street lights"),
            [
                lights.power(_, store),
                lights.energy(_, store),
                lights.faulty_by_day(_, store),
                lights.faults(_, store),
            ],
        ),
        Row(
            _("Buildings"),
            [
                buildings.energy_by_building(_, store),
                buildings.load(_, store),
                buildings.buildings(_, store),
                buildings.temperature(_, store),
            ],
        ),
        Row(
            _("Devices and ingest"),
            [
                devices.devices(_, store),
                devices.waiting(_, store),
                devices.arriving(_, store),
                devices.sensors_heard(_, store),
            ],
        ),
    ]
    variables = [
        query_variable("site", _("Site"), assets_of_kind(store, "site")),
        query_variable("building", _("Building"), assets_of_kind(store, "building")),
        choice_variable("medium", _("Medium"), buildings.media(_)),
    ]
    return framed(
        _,
        ways,
        "overview",
        _("bypuls: overview"),
        _("The pulse of the town: traffic, street lights and energy, as measured by the municipality's own sensors."),
        rows,
        buckets=store,
        variables=variables,
    )
