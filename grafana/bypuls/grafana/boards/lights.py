"""Street lights: power, faults, cabinets and lamps."""

from __future__ import annotations

from bypuls.grafana.boards.frame import PAGE_URL, Ways, assets_of_kind, framed
from bypuls.grafana.builders import Json, Row, query_variable
from bypuls.grafana.flux import Buckets
from bypuls.grafana.panels import lamps, lights
from bypuls.grafana.texts import translator


def street_lights(language: str, buckets: Buckets | None = None, page_url: str = PAGE_URL) -> Json:
    """All street lights. Raises ValueError for a language there is none of, or a bad address."""
    _ = translator(language)
    store, ways = buckets or Buckets(), Ways(language, page_url)
    rows = [
        Row(
            _("The lights now"),
            [
                lights.power_now(_, store),
                lights.faulty_now(_, store),
                lamps.heard_now(_, store),
                lamps.energy_total(_, store),
            ],
        ),
        Row(_("Faults"), [lights.faulty_by_day(_, store), lights.faults(_, store)]),
        Row(
            _("Power and energy"),
            [
                lights.power(_, store),
                lamps.cabinet_power(_, store),
                lamps.lit_lamps(_, store),
                lights.energy(_, store),
            ],
        ),
        Row(_("Cabinets and lamps"), [lamps.cabinets(_, store, ways), lamps.lamps(_, store, ways)]),
    ]
    return framed(
        _,
        ways,
        "lights",
        _("bypuls: street lights"),
        _("Which lamps report faults, what cabinets and lamps use; states of lamps and the work list are on the page."),
        rows,
        buckets=store,
        page="/lights",
        variables=[query_variable("cabinet", _("Cabinet"), assets_of_kind(store, "cabinet"))],
    )
