"""Energy: all buildings side by side, and one building."""

from __future__ import annotations

from bypuls.grafana.boards.frame import PAGE_URL, Ways, assets_of_kind, framed
from bypuls.grafana.builders import Json, Row, choice_variable, query_variable
from bypuls.grafana.flux import Buckets
from bypuls.grafana.panels import buildings, normal_weather, portfolio
from bypuls.grafana.texts import translator


def all_buildings(language: str, buckets: Buckets | None = None, page_url: str = PAGE_URL) -> Json:
    """All buildings. Raises ValueError for a language there is none of, or a bad address."""
    _ = translator(language)
    store, ways = buckets or Buckets(), Ways(language, page_url)
    rows = [
        Row(
            _("The time range"),
            [
                *(portfolio.total(_, store, medium) for medium in buildings.ENERGY_MEDIA),
                portfolio.water_total(_, store),
                portfolio.metered_now(_, store),
            ],
        ),
        Row(_("Official figures"), [normal_weather.at_normal_weather(_, store, ways, language)]),
        Row(_("Buildings side by side"), [portfolio.side_by_side(_, store, ways)]),
        Row(_("Over time"), [portfolio.largest_by_day(_, store), portfolio.largest_load(_, store)]),
        Row(
            _("All media, and the weather"),
            [
                buildings.targets(_, store),
                portfolio.against_year_before(_, store),
                portfolio.day_by_medium(_, store),
                buildings.temperature(_, store),
            ],
        ),
    ]
    return framed(
        _,
        ways,
        "portfolio",
        _("bypuls: portfolio"),
        _("All buildings by what they use, at normal weather and as metered; CO₂ is on the climate dashboard."),
        rows,
        buckets=store,
        page="/buildings",
        variables=[
            query_variable("building", _("Building"), assets_of_kind(store, "building")),
            choice_variable("medium", _("Medium"), buildings.media(_)),
        ],
    )


def building(language: str, buckets: Buckets | None = None, page_url: str = PAGE_URL) -> Json:
    """One building. Raises ValueError for a language there is none of, or a bad address."""
    _ = translator(language)
    store, ways = buckets or Buckets(), Ways(language, page_url)
    rows = [
        Row(
            _("The time range"),
            [
                portfolio.total(_, store, "electricity"),
                portfolio.total(_, store, "heat", "gas"),
                portfolio.metered_now(_, store),
                *normal_weather.official(_, store),
            ],
        ),
        Row(_("What was saved"), [normal_weather.savings(_, store, language)]),
        Row(
            _("Over time"),
            [
                portfolio.day_by_medium(_, store),
                portfolio.load_by_medium(_, store),
                portfolio.meters(_, store),
                buildings.temperature(_, store),
            ],
        ),
    ]
    return framed(
        _,
        ways,
        "building",
        _("bypuls: building"),
        _("One building: what it uses by medium, day and hour, and its meters."),
        rows,
        buckets=store,
        page="/buildings/${building}",
        variables=[query_variable("building", _("Building"), assets_of_kind(store, "building"), single=True)],
    )
