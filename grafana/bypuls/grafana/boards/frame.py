"""What all dashboards share: uids, links between them and to the web page, variables of assets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bypuls.grafana.builders import Json, Row, dashboard, dashboards_link, link
from bypuls.grafana.flux import Buckets
from bypuls.grafana.panels.happenings import marks
from bypuls.grafana.texts import Translate

TAG = "bypuls"
# Whoever shows years is in no menu that keeps a time range of days, and the other way round.
YEARS_TAG = "bypuls-years"
YEARS = "climate"
YEARS_RANGE = ("now-12y/y", "now+6y/y")
# The time range as the web page's own period: its first and its last day.
DAYS = "from=${__from:date:YYYY-MM-DD}&to=${__to:date:YYYY-MM-DD}"
# Where `bypuls api` listens by default; another one is given when the files are rendered or pushed.
PAGE_URL = "http://127.0.0.1:8080"
LANGUAGE_NAMES = {"da": "Dansk", "en": "English"}


def uid(name: str, language: str) -> str:
    """The fixed uid of a dashboard in a language."""
    return f"bypuls-{name}-{language}"


@dataclass(frozen=True, slots=True)
class Ways:
    """Where cells and dashboards lead: dashboards of the same language, and the web page at `page_url`."""

    language: str
    page_url: str = PAGE_URL

    def __post_init__(self) -> None:
        if not self.page_url.startswith(("http://", "https://")):
            raise ValueError(f"page_url: {self.page_url!r} — expected http://… or https://…")

    def board(self, name: str, variable: str) -> str:
        """The dashboard of the row's asset, in the same time range."""
        return f"/d/{uid(name, self.language)}?var-{variable}=${{__data.fields.asset}}&${{__url_time_range}}"

    def page(self, path: str, *, days: bool = False) -> str:
        """A page of the web page, in this language. days : of the dashboard's time range."""
        return f"{self.page_url.rstrip('/')}{path}?{f'{DAYS}&' if days else ''}lang={self.language}"

    def page_of(self, path: str) -> str:
        """The web page of the row's asset below `path`, of the same days."""
        return self.page(f"{path}/${{__data.fields.asset}}", days=True)


def assets_of_kind(buckets: Buckets, kind: str) -> str:
    """A variable's query: the assets of a kind as `name|id`, by name."""
    return f"""from(bucket: "{buckets.rollup}")
  |> range(start: 0, stop: 1)
  |> filter(fn: (r) => r._measurement == "asset" and (r._field == "name" or r._field == "kind"))
  |> group()
  |> pivot(rowKey: ["id"], columnKey: ["_field"], valueColumn: "_value")
  |> filter(fn: (r) => exists r.kind and exists r.name and r.kind == "{kind}")
  |> map(fn: (r) => ({{_value: r.name + "|" + r.id}}))
  |> sort()"""


def framed(
    _: Translate,
    ways: Ways,
    name: str,
    title: str,
    description: str,
    rows: Sequence[Row],
    *,
    buckets: Buckets,
    page: str = "/",
    variables: Sequence[Json] = (),
) -> Json:
    """A dashboard with the menu of the others, the web page's `page` and the other languages at its top right, and
    with marks where something was done or an alarm opened."""
    years = name == YEARS
    others = [other for other in LANGUAGE_NAMES if other != ways.language]
    return dashboard(
        uid(name, ways.language),
        title,
        description,
        rows,
        variables=variables,
        tags=[YEARS_TAG if years else TAG, ways.language],
        time=YEARS_RANGE if years else ("now-7d/d", "now"),
        annotations=marks(_, buckets, ways.language),
        links=[
            dashboards_link(_("Dashboards"), [TAG, ways.language], keeps_time=not years),
            *([] if years else [link(_("Climate 85 %"), f"/d/{uid(YEARS, ways.language)}", keeps_time=False)]),
            link(
                _("Web page"),
                ways.page(page, days=not years),
                leaves=True,
                tooltip=_("Official figures, reports and alarms"),
            ),
            *(link(LANGUAGE_NAMES[other], f"/d/{uid(name, other)}") for other in others),
        ],
    )
