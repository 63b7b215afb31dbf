"""The ledger: what came in of each device, what was refused, what is missing; dead letters; when results were made."""

from __future__ import annotations

from bypuls.grafana.builders import Column, Json, chart, stat, suffixed, table, thresholds
from bypuls.grafana.flux import AS_SERIES, Buckets, each, labelled, program, results_now, rows_of, select
from bypuls.grafana.texts import Translate


def _summed(
    _: Translate, buckets: Buckets, field: str, title: str, description: str, *, orange: float, red: float
) -> Json:
    body = f"""
{results_now(buckets, "device", [field])}
  |> group()
  |> sum()
  |> keep(columns: ["_value"])
"""
    colors = thresholds((None, "green"), (orange, "orange"), (red, "red"))
    return stat(title, description, program(body), unit="short", decimals=0, no_value=_("unknown"), colors=colors)


def missing(_: Translate, buckets: Buckets) -> Json:
    """Sequence numbers that never came."""
    return _summed(
        _, buckets, "missing", _("Missing"),
        _("Sequence numbers between the first and the last of each device's outboxes that never came. What waits in an "
          "outbox comes later: look whether the number falls."),
        orange=1, red=1000,
    )  # fmt: skip


def dead_letters(_: Translate, buckets: Buckets) -> Json:
    """Dead letters that wait."""
    return _summed(
        _, buckets, "dead_letters", _("Dead letters"),
        _("Refused readings and undecodable messages that wait to be looked at, with `bypuls dead-letters`."),
        orange=1, red=100,
    )  # fmt: skip


def kinds_of_line(_: Translate) -> dict[str, str]:
    """What becomes of what is received."""
    return {
        "stored": _("Stored"),
        "duplicate": _("Came again"),
        "refused": _("Refused"),
    }


def by_hour(_: Translate, buckets: Buckets) -> Json:
    """What ingest took over by hour, and what became of it."""
    names = kinds_of_line(_)
    body = f"""
{select(buckets.rollup, "result_ledger", list(names))}
  |> group(columns: ["_field"])
  {each("1h")}
  {labelled("_field", names)}
  {AS_SERIES}
"""
    return chart(
        _("Taken over by hour"),
        _(
            "Readings of all devices by the hour in which ingest took them over: stored, come again (harmless), or "
            "refused. After an outage of the network a bar is higher: outboxes catch up."
        ),
        program(body),
        unit=suffixed(_("readings/h")),
        bars=True,
        stacked=True,
        decimals=0,
        minimum=0,
        calcs=("sum",),
    )


def over_time(_: Translate, buckets: Buckets) -> Json:
    """Dead letters, missing numbers, silent sensors and open alarms over time."""
    names = {
        "dead_letters": _("Dead letters"),
        "missing": _("Missing"),
        "sensors_silent": _("Silent sensors"),
        "alarms_open": _("Open alarms"),
        "dirty_marks": _("Windows to roll up"),
    }
    body = f"""
{select(buckets.rollup, "result_platform", list(names))}
  |> aggregateWindow(every: 1h, fn: max, timeSrc: "_start", createEmpty: false)
  {labelled("_field", names)}
  {AS_SERIES}
"""
    return chart(
        _("The platform over time"),
        _(
            "The highest of each hour of what the platform says of itself every five minutes. Open alarms are known "
            "only while somebody looks after them."
        ),
        program(body),
        unit="none",
        decimals=0,
        minimum=0,
    )


def devices(_: Translate, buckets: Buckets) -> Json:
    """Each device's ledger: received, stored, come again, refused, missing, dead letters."""
    numbers = (
        "received", "stored", "duplicate", "refused", "missing", "dead_letters", "epochs", "outbox_rows",
        "outbox_oldest_s", "last_seen_s",
    )  # fmt: skip
    texts = ("name", "dead_letter")
    rows = rows_of(["device"], numbers, results_now(buckets, "device", numbers))
    seen = rows + "\n  |> map(fn: (r) => ({r with seen: time(v: int(v: r.last_seen_s) * 1000000000)}))"
    return table(
        _("The ledger by device"),
        _(
            "What became of every sequence number of each device since its first: received is stored, come again or "
            "refused; missing never came. The newest dead letter says why it was refused."
        ),
        program(seen),
        program(rows_of(["device"], texts, results_now(buckets, "device", texts), texts=True)),
        columns=(
            Column("name", _("Device")),
            Column("seen", _("Last batch"), "dateTimeFromNow"),
            Column("received", _("Received"), "none", 0),
            Column("stored", _("Stored"), "none", 0),
            Column("duplicate", _("Came again"), "none", 0),
            Column("refused", _("Refused"), "none", 0),
            Column("missing", _("Missing"), "none", 0),
            Column("dead_letters", _("Dead letters"), "none", 0),
            Column("dead_letter", _("Newest dead letter")),
            Column("outbox_rows", _("Readings waiting"), "short", 0),
            Column("outbox_oldest_s", _("Oldest waiting"), "s", 0),
            Column("epochs", _("Starts"), "none", 0),
            Column("device", _("Id")),
            Column("last_seen_s", _("Last batch [s]"), hidden=True),
        ),
        no_value="–",
        size=(24, 8),
        sort_by="missing",
    )


def jobs(_: Translate, buckets: Buckets) -> Json:
    """When results were worked out, how long it took, and what failed."""
    numbers = ("ended_s", "seconds", "results")
    rows = rows_of(["job"], numbers, results_now(buckets, "run", numbers))
    ended = rows + "\n  |> map(fn: (r) => ({r with ended: time(v: int(v: r.ended_s) * 1000000000)}))"
    texts = ("state", "reason_en")
    states = {"done": (_("done"), "green"), "failed": (_("failed"), "red")}
    return table(
        _("Official figures: the jobs"),
        _(
            "When each job of results began last, how long it took, and why it failed where it did; its figures are "
            "older then."
        ),
        program(ended),
        program(rows_of(["job"], texts, results_now(buckets, "run", texts), texts=True)),
        columns=(
            Column("job", _("Job")),
            Column("ended", _("Last run"), "dateTimeFromNow"),
            Column("seconds", _("Took"), "s", 1),
            Column("results", _("Results"), "none", 0),
            Column("state", _("State"), words=states),
            Column("reason_en", _("Why it failed")),
            Column("ended_s", _("Last run [s]"), hidden=True),
        ),
        no_value="–",
        size=(12, 9),
        sort_by="seconds",
    )


def alarms(_: Translate, buckets: Buckets, language: str) -> Json:
    """Alarms of the last 400 days that aren't closed."""
    texts = ("name", "severity", "state", f"title_{language}", f"text_{language}")
    source = f"""{select(buckets.rollup, "result_alarm", texts, start="date.sub(d: 400d, from: stop)")}
  |> filter(fn: (r) => r._field != "state" or r._value != "closed")"""
    body = f"""
{rows_of(["alarm"], texts, source, texts=True)}
  |> filter(fn: (r) => exists r.state)
"""
    grave = {"critical": (_("critical"), "red"), "major": (_("major"), "orange"), "minor": (_("minor"), "yellow"),
             "warning": (_("warning"), "blue")}  # fmt: skip
    states = {
        "open": (_("open"), "text"),
        "acknowledged": (_("acknowledged"), "text"),
        "unknown": (_("unknown"), "purple"),
    }
    return table(
        _("Alarms that aren't closed"),
        _("What the platform found and nobody has closed, in its own words. Acknowledging is done on the web page."),
        program(body, imports=("date",)),
        columns=(
            Column("severity", _("Severity"), words=grave),
            Column(f"title_{language}", _("Alarm")),
            Column("name", _("Where")),
            Column(f"text_{language}", _("What was seen")),
            Column("state", _("State"), words=states),
            Column("alarm", _("Id")),
        ),
        no_value=_("none"),
        size=(24, 8),
    )
