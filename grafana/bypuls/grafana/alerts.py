"""Alert rules, contact points and their routes: Grafana tells what the platform found, and that it finds nothing.

Rules ask results of the platform alone. A platform that is down writes no results: then a rule has no data, which is an
alarm of its own with a way of its own. Rules that hold no data for good (a store that never had any) say so as well.
Source: Grafana, "Use configuration files to provision alerting resources" and "Alerting provisioning HTTP API".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bypuls.grafana.boards.frame import PAGE_URL, Ways, uid
from bypuls.grafana.builders import Json
from bypuls.grafana.datasource import TYPE, UID
from bypuls.grafana.flux import Buckets
from bypuls.grafana.texts import Translate, translator
from bypuls.store.results import measurement

GROUP = "bypuls"
EVERY_S = 60
LABEL = "bypuls"
CONTACT, NO_DATA_CONTACT = "bypuls", "bypuls-no-data"
EMAIL_VARIABLE = "BYPULS_ALERT_EMAIL"
LANGUAGE = "da"
"""Rules stand once, in the municipality's language; `--lang` chooses another."""
_EXPRESSION = "__expr__"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: alarms where `query`'s newest value lies above `above` for `lasting`.

    name : stands in the uid.  board : the dashboard that shows more.  severity : as alarms have it."""

    name: str
    title: str
    summary: str
    query: str
    above: float
    lasting: str
    severity: str
    board: str


def _newest(buckets: Buckets, topic: str, field: str, minutes: int) -> str:
    """The newest value of a series of results within the last minutes."""
    return f"""from(bucket: "{buckets.rollup}")
  |> range(start: -{minutes}m)
  |> filter(fn: (r) => r._measurement == "{measurement(topic)}" and r._field == "{field}")
  |> last()
  |> keep(columns: ["_time", "_value"])"""


def _stale_jobs(buckets: Buckets) -> str:
    """How long ago the platform's own count last ended [s]."""
    return f"""from(bucket: "{buckets.rollup}")
  |> range(start: 0, stop: 1)
  |> filter(fn: (r) => r._measurement == "{measurement("run")}" and r._field == "ended_s" and r.job == "platform")
  |> group()
  |> max()
  |> map(fn: (r) => ({{_time: now(), _value: float(v: uint(v: now())) / 1000000000.0 - r._value}}))"""


def _failed_jobs(buckets: Buckets) -> str:
    """How many jobs of results failed when they ran last."""
    return f"""from(bucket: "{buckets.rollup}")
  |> range(start: 0, stop: 1)
  |> filter(fn: (r) => r._measurement == "{measurement("run")}" and r._field == "ok")
  |> group()
  |> map(fn: (r) => ({{r with failed: 1.0 - r._value}}))
  |> sum(column: "failed")
  |> map(fn: (r) => ({{_time: now(), _value: r.failed}}))"""


def rules(_: Translate, buckets: Buckets) -> list[Rule]:
    """Every rule, the gravest first."""

    def counted(field: str) -> str:
        return _newest(buckets, "platform", field, 20)

    return [
        Rule(
            "results-old", _("The platform doesn't report"),
            _("The platform laid down no results for a quarter of an hour: dashboards and alert rules show what was."),
            _stale_jobs(buckets), 900.0, "5m", "critical", "platform",
        ),
        Rule(
            "silent-sensor", _("A sensor is silent"),
            _("A sensor or device is silent for longer than its intervals allow; what it measures is unknown."),
            counted("alarms_silence"), 0.0, "10m", "major", "platform",
        ),
        Rule(
            "outbox-growing", _("An outbox grows"),
            _("Readings wait in a device's outbox: the way to the platform is cut. Nothing is lost until it is full."),
            counted("alarms_outbox"), 0.0, "5m", "major", "platform",
        ),
        Rule(
            "dead-letters", _("Readings were refused"),
            _("Dead letters wait to be looked at: admit them again or delete them, with `bypuls dead-letters`."),
            counted("dead_letters"), 0.0, "0s", "major", "platform",
        ),
        Rule(
            "lamp-faults", _("Street lights have faults"),
            _("Lamps are out, burn by day or have other faults, or a feeder or cabinet has. The work list says which."),
            counted("alarms_lamps"), 0.0, "10m", "minor", "lights",
        ),
        Rule(
            "night-use", _("A building uses much at night"),
            _("A building used far more than its usual base load for several nights."),
            counted("alarms_night_use"), 0.0, "10m", "minor", "portfolio",
        ),
        Rule(
            "off-track", _("A climate target is off track"),
            _("The last finished year of a climate target lies above what its road allows."),
            counted("targets_off_track"), 0.0, "1h", "major", "climate",
        ),
        Rule(
            "results-failed", _("Figures can't be worked out"),
            _("A job of results failed when it ran last; its figures are older. The platform's board says why."),
            _failed_jobs(buckets), 0.0, "30m", "minor", "platform",
        ),
    ]  # fmt: skip


def _data(rule: Rule) -> list[Json]:
    """The query, its newest value, and the threshold. Classic expressions, as Grafana 9.3 has them."""
    query = {"refId": "A", "datasource": {"type": TYPE, "uid": UID}, "query": rule.query, "intervalMs": 60_000}
    expression = {"type": _EXPRESSION, "uid": _EXPRESSION}
    reduced = {"refId": "B", "datasource": expression, "type": "reduce", "expression": "A", "reducer": "last"}
    above = {"refId": "C", "datasource": expression, "type": "math", "expression": f"$B > {rule.above:g}"}
    span = {"from": 1800, "to": 0}
    return [
        {"refId": "A", "relativeTimeRange": span, "datasourceUid": UID, "model": query},
        {"refId": "B", "relativeTimeRange": span, "datasourceUid": _EXPRESSION, "model": reduced},
        {"refId": "C", "relativeTimeRange": span, "datasourceUid": _EXPRESSION, "model": above},
    ]


def alert_rules(language: str = LANGUAGE, buckets: Buckets | None = None, page_url: str = PAGE_URL) -> list[Json]:
    """Rules as Grafana's provisioning takes them, but for folder and group.

    Raises ValueError for a language there is none of, or a bad address."""
    _, ways = translator(language), Ways(language, page_url)
    return [
        {
            "uid": f"bypuls-{rule.name}",
            "title": rule.title,
            "condition": "C",
            "data": _data(rule),
            # Not "OK": a platform that says nothing is not well.
            "noDataState": "NoData",
            "execErrState": "Error",
            "for": rule.lasting,
            "annotations": {
                "summary": rule.title,
                "description": rule.summary,
                "runbook_url": ways.page("/alarms"),
                "__dashboardUid__": uid(rule.board, language),
                "__panelId__": "2",
            },
            "labels": {LABEL: rule.name, "severity": rule.severity},
            "isPaused": False,
        }
        for rule in rules(_, buckets or Buckets())
    ]


def contact_points(language: str = LANGUAGE) -> list[Json]:
    """Who is told: addresses come out of Grafana's environment; none stands in a file."""
    _ = translator(language)
    subjects = {CONTACT: _("bypuls: something is wrong"), NO_DATA_CONTACT: _("bypuls: nothing is known")}
    return [
        {
            "name": name,
            "receivers": [
                {
                    "uid": f"{name}-mail",
                    "type": "email",
                    "settings": {"addresses": f"${{{EMAIL_VARIABLE}}}", "singleEmail": True, "subject": subject},
                    "disableResolveMessage": False,
                },
            ],
        }
        for name, subject in subjects.items()
    ]


def routes() -> list[Json]:
    """Where alarms of these rules go. No data and errors go before all others, to a contact point of their own."""
    mine = [LABEL, "=~", ".+"]
    waits = {"group_by": ["alertname", LABEL], "group_wait": "30s", "group_interval": "5m"}
    lost = [
        {"receiver": NO_DATA_CONTACT, "object_matchers": [mine, ["alertname", "=", name]], **waits,
         "repeat_interval": "4h"}
        for name in ("DatasourceNoData", "DatasourceError")
    ]  # fmt: skip
    return [*lost, {"receiver": CONTACT, "object_matchers": [mine], **waits, "repeat_interval": "1d"}]


def is_ours(route: Json) -> bool:
    """Whether a route is one of these, whatever else a person made of it."""
    return any(matcher[0] == LABEL for matcher in route.get("object_matchers") or ())


def provisioned(
    folder: str, language: str = LANGUAGE, buckets: Buckets | None = None, page_url: str = PAGE_URL
) -> dict[str, dict[str, Any]]:
    """The provisioning files, by name."""
    made = _escaped(alert_rules(language, buckets, page_url))
    return {
        "rules": {
            "apiVersion": 1,
            "groups": [{"orgId": 1, "name": GROUP, "folder": folder, "interval": f"{EVERY_S}s", "rules": made}],
        },
        "contact-points": {
            "apiVersion": 1,
            "contactPoints": [{"orgId": 1, **point} for point in contact_points(language)],
        },
        "policies": {
            "apiVersion": 1,
            "policies": [{"orgId": 1, "receiver": CONTACT, "group_by": ["alertname"], "routes": routes()}],
        },
    }


def _escaped(made: Sequence[Json]) -> list[Json]:
    """Files are read with variables filled in: a dollar that means itself is doubled."""

    def of(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace("$", "$$")
        if isinstance(value, dict):
            return {name: of(one) for name, one in value.items()}
        return [of(one) for one in value] if isinstance(value, list) else value

    return [of(one) for one in made]
