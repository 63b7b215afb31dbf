"""Climate 85 %: how far from the target, on which road, what moved and why, what is done about it."""

from __future__ import annotations

from bypuls.grafana.boards.frame import PAGE_URL, YEARS, Ways, framed
from bypuls.grafana.builders import Json, Row, query_variable
from bypuls.grafana.flux import Buckets
from bypuls.grafana.panels import climate
from bypuls.grafana.texts import translator


def climate_target(language: str, buckets: Buckets | None = None, page_url: str = PAGE_URL) -> Json:
    """The climate target. Raises ValueError for a language there is none of, or a bad address."""
    _ = translator(language)
    store, ways = buckets or Buckets(), Ways(language, page_url)
    rows = [
        Row(_("How far from the target?"), [climate.status(_, store), *climate.figures(_, store)]),
        Row(_("The road"), [climate.road(_, store), climate.all_targets(_, store, language)]),
        Row(_("Where it comes from"), [climate.by_domain(_, store), climate.both_views(_, store)]),
        Row(
            _("What moved, and why"),
            [climate.change_by_year(_, store), climate.change_lines(_, store, language)],
        ),
        Row(_("What is done about it"), [climate.measures(_, store, language)]),
    ]
    return framed(
        _,
        ways,
        YEARS,
        _("bypuls: climate 85 %"),
        _("How far the town is from 85 % less CO₂: official figures, worked out by the platform as in its reports."),
        rows,
        buckets=store,
        page="/climate",
        variables=[query_variable("target", _("Target"), climate.targets_by_rank(store), single=True)],
    )
