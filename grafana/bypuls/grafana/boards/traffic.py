"""Traffic: all streets side by side, and one site."""

from __future__ import annotations

from bypuls.grafana.boards.frame import PAGE_URL, Ways, assets_of_kind, framed
from bypuls.grafana.builders import Json, Row, query_variable
from bypuls.grafana.flux import Buckets
from bypuls.grafana.panels import sites, traffic
from bypuls.grafana.texts import translator


def streets(language: str, buckets: Buckets | None = None, page_url: str = PAGE_URL) -> Json:
    """All streets. Raises ValueError for a language there is none of, or a bad address."""
    _ = translator(language)
    store, ways = buckets or Buckets(), Ways(language, page_url)
    rows = [
        Row(
            _("Traffic now"),
            [
                traffic.vehicles_now(_, store),
                traffic.speed_now(_, store),
                sites.heard_now(_, store),
                sites.vehicles(_, store),
                sites.highest(_, store),
            ],
        ),
        Row(_("Streets side by side"), [sites.streets(_, store, ways)]),
        Row(
            _("Over time"),
            [
                sites.by_direction(_, store),
                sites.by_class(_, store),
                sites.busiest(_, store),
                sites.fastest(_, store),
            ],
        ),
    ]
    return framed(
        _,
        ways,
        "traffic",
        _("bypuls: traffic"),
        _("Where people drive, how many and how fast; each street leads to its own dashboard and web page."),
        rows,
        buckets=store,
        page="/traffic",
        variables=[query_variable("site", _("Site"), assets_of_kind(store, "site"))],
    )


def site(language: str, buckets: Buckets | None = None, page_url: str = PAGE_URL) -> Json:
    """One site. Raises ValueError for a language there is none of, or a bad address."""
    _ = translator(language)
    store, ways = buckets or Buckets(), Ways(language, page_url)
    rows = [
        Row(
            _("The site now"),
            [
                sites.limit(_, store),
                *sites.official(_, store),
                traffic.vehicles_now(_, store),
                traffic.speed_now(_, store),
                sites.vehicles(_, store),
                sites.highest(_, store),
                sites.heard_now(_, store),
            ],
        ),
        Row(_("Speed"), [sites.v85_by_day(_, store), sites.speeds_and_limit(_, store)]),
        Row(_("Volume"), [sites.by_direction(_, store), sites.by_class(_, store)]),
    ]
    return framed(
        _,
        ways,
        "site",
        _("bypuls: site"),
        _("One site: its limit, speeds and volumes by direction and class."),
        rows,
        buckets=store,
        page="/sites/${site}",
        variables=[query_variable("site", _("Site"), assets_of_kind(store, "site"), single=True)],
    )
