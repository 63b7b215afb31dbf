"""Small pure functions that make classic dashboard JSON: panels, variables, rows, the dashboard.

Classic features alone, as Grafana 9.3 to 13 read them: schema version 37, panels by `gridPos`, data sources by uid.
Source: Grafana, "Dashboard JSON model", https://grafana.com/docs/grafana/v9.3/dashboards/build-dashboards/view-dashboard-json-model/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bypuls.grafana.datasource import TYPE, UID
from bypuls.grafana.flux import ZONE

Json = dict[str, Any]

SCHEMA_VERSION = 37  # Grafana 9.3; later ones read it and bring it up to theirs
COLUMNS = 24
DATASOURCE: Json = {"type": TYPE, "uid": UID}


@dataclass(frozen=True, slots=True)
class Column:
    """A table's column: its name in the query's answer, its title, unit and number of decimals.

    words : what is shown for each of a text's values.
    links : (title, address) of what a cell leads to; addresses may hold `${__data.fields.<column>}` of the same row.
    hidden : the column is there for links alone.
    """

    name: str
    title: str
    unit: str = "none"
    decimals: int | None = None
    links: Sequence[tuple[str, str]] = ()
    hidden: bool = False
    words: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a heading, flowing from left to right."""

    title: str
    panels: Sequence[Json]


def suffixed(unit: str) -> str:
    """A unit that Grafana doesn't know, written after the number."""
    return f"suffix: {unit}"


def targets(*queries: str, form: str = "time_series") -> list[Json]:
    """Queries as a panel's targets A, B, …"""
    return [
        {"refId": chr(ord("A") + i), "datasource": DATASOURCE, "query": query, "resultFormat": form}
        for i, query in enumerate(queries)
    ]


def thresholds(*steps: tuple[float | None, str]) -> Json:
    """Colours from a value on, the first from None: from everything below."""
    return {"mode": "absolute", "steps": [{"value": value, "color": color} for value, color in steps]}


def _panel(
    kind: str, title: str, description: str, queries: Sequence[Json], size: tuple[int, int], unit: str, **more: Any
) -> Json:
    width, height = size
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": DATASOURCE,
        "targets": list(queries),
        "gridPos": {"w": width, "h": height},
        **more,
        "fieldConfig": {"defaults": {"unit": unit, **more.get("fieldConfig", {})}, "overrides": []},
    }


def stat(
    title: str,
    description: str,
    query: str,
    *,
    unit: str,
    no_value: str,
    decimals: int | None = None,
    colors: Json | None = None,
    words: Mapping[str, tuple[str, str]] | None = None,
    size: tuple[int, int] = (3, 4),
) -> Json:
    """One number. `no_value` is what stands there when nothing is known.

    words : for a text in place of a number: (what is shown, its colour) by the text."""
    defaults: Json = {
        "decimals": decimals,
        "noValue": no_value,
        "color": {"mode": "thresholds"},
        "thresholds": colors or thresholds((None, "text")),
        "mappings": _mappings(words or {}),
    }
    options = {
        # Without a pattern Grafana shows numbers alone.
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "/.*/" if words else "", "values": False},
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "center",
        "orientation": "auto",
        "textMode": "value",
    }
    found = targets(query, form="table")
    return _panel("stat", title, description, found, size, unit, fieldConfig=defaults, options=options)


def _mappings(words: Mapping[str, tuple[str, str]]) -> list[Json]:
    """Value mappings: text → what is shown, with a colour."""
    if not words:
        return []
    options = {
        value: {"text": shown, "color": color, "index": at} for at, (value, (shown, color)) in enumerate(words.items())
    }
    return [{"type": "value", "options": options}]


def chart(
    title: str,
    description: str,
    *queries: str,
    unit: str,
    bars: bool = False,
    stacked: bool = False,
    decimals: int | None = None,
    minimum: float | None = None,
    calcs: Sequence[str] = ("lastNotNull", "max"),
    dashed: Sequence[str] = (),
    spanned: bool = False,
    size: tuple[int, int] = (12, 9),
) -> Json:
    """Series over time, one for each value of the label `name`; gaps in the data stay gaps.

    dashed : names of lines that weren't measured.  spanned : points are joined over what lies between them."""
    custom = {
        "drawStyle": "bars" if bars else "line",
        "barAlignment": 1,
        "fillOpacity": 70 if bars else 5,
        "gradientMode": "none",
        "lineInterpolation": "linear",
        "lineWidth": 1,
        "pointSize": 4,
        "showPoints": "never" if bars else "auto",
        "spanNulls": spanned,
        "stacking": {"group": "A", "mode": "normal" if stacked else "none"},
        "axisPlacement": "auto",
        "axisLabel": "",
        "hideFrom": {"legend": False, "tooltip": False, "viz": False},
    }
    defaults: Json = {
        "displayName": "${__field.labels.name}",
        "decimals": decimals,
        "min": minimum,
        "color": {"mode": "palette-classic"},
        "custom": custom,
        "mappings": [],
    }
    options = {
        "legend": {"calcs": list(calcs), "displayMode": "table", "placement": "right", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    panel = _panel(
        "timeseries", title, description, targets(*queries), size, unit, fieldConfig=defaults, options=options
    )
    panel["fieldConfig"]["overrides"] = [_dashed(name, unit) for name in dashed]
    return panel


def _dashed(name: str, unit: str) -> Json:
    style = {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [8, 8]}}
    return {"matcher": {"id": "byName", "options": name}, "properties": [{"id": "unit", "value": unit}, style]}


def table(
    title: str,
    description: str,
    *queries: str,
    columns: Sequence[Column],
    no_value: str,
    size: tuple[int, int] = (12, 9),
    sort_by: str | None = None,
) -> Json:
    """Rows with named columns in the given order. Several queries' rows are merged by the columns that they share."""
    order = {column.name: index for index, column in enumerate(columns)}
    organize = {"id": "organize", "options": {"excludeByName": {}, "indexByName": order, "renameByName": {}}}
    merge = [{"id": "merge", "options": {}}] if len(queries) > 1 else []
    options = {"showHeader": True, "cellHeight": "sm"}
    if sort_by is not None:
        titles = {column.name: column.title for column in columns}
        options["sortBy"] = [{"displayName": titles[sort_by], "desc": True}]
    defaults = {"noValue": no_value, "custom": {"align": "auto", "filterable": False}, "mappings": []}
    panel = _panel(
        "table",
        title,
        description,
        targets(*queries, form="table"),
        size,
        "none",
        fieldConfig=defaults,
        options=options,
        transformations=[*merge, organize],
    )
    panel["fieldConfig"]["overrides"] = [_column(column) for column in columns]
    return panel


def _column(column: Column) -> Json:
    properties: list[Json] = [{"id": "displayName", "value": column.title}, {"id": "unit", "value": column.unit}]
    if column.decimals is not None:
        properties.append({"id": "decimals", "value": column.decimals})
    if column.links:
        links = [{"title": title, "url": url, "targetBlank": False} for title, url in column.links]
        properties.append({"id": "links", "value": links})
    if column.hidden:
        properties.append({"id": "custom.hidden", "value": True})
    if column.words:
        properties.append({"id": "mappings", "value": _mappings(column.words)})
    return {"matcher": {"id": "byName", "options": column.name}, "properties": properties}


def query_variable(name: str, label: str, query: str, *, single: bool = False) -> Json:
    """Values out of a query that gives `text|id`: several or all of them, or a `single` one, to begin with the first.

    All is a pattern, not a list of thousands.
    """
    several: Json = {
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
    }
    one: Json = {"multi": False, "includeAll": False, "current": {}}
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": DATASOURCE,
        "query": query,
        "definition": query,
        "regex": "/^(?<text>.*)\\|(?<value>[^|]+)$/",
        "refresh": 1,
        "sort": 1,
        **(one if single else several),
        "options": [],
        "hide": 0,
        "skipUrlSync": False,
    }


def choice_variable(name: str, label: str, choices: Mapping[str, str]) -> Json:
    """One of fixed values, each with the text that is shown; the first one to begin with."""
    options = [
        {"text": shown, "value": value, "selected": index == 0} for index, (value, shown) in enumerate(choices.items())
    ]
    return {
        "type": "custom",
        "name": name,
        "label": label,
        "query": ",".join(f"{shown} : {value}" for value, shown in choices.items()),
        "multi": False,
        "includeAll": False,
        "current": {"selected": True, "text": options[0]["text"], "value": options[0]["value"]},
        "options": options,
        "hide": 0,
        "skipUrlSync": False,
    }


def dashboard(
    uid: str,
    title: str,
    description: str,
    rows: Sequence[Row],
    *,
    variables: Sequence[Json],
    tags: Sequence[str],
    links: Sequence[Json] = (),
    annotations: Sequence[Json] = (),
    time: tuple[str, str] = ("now-7d/d", "now"),
) -> Json:
    """A whole dashboard: panels laid out and numbered in order, Danish time, weeks from Monday, the last 7 days."""
    return {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": list(tags),
        "schemaVersion": SCHEMA_VERSION,
        "timezone": ZONE,
        "weekStart": "monday",
        "time": {"from": time[0], "to": time[1]},
        "timepicker": {},
        "refresh": "1m",
        "editable": True,
        "graphTooltip": 1,
        "fiscalYearStartMonth": 0,
        "liveNow": False,
        "links": list(links),
        "annotations": {"list": list(annotations)},
        "templating": {"list": list(variables)},
        "panels": _laid_out(rows),
    }


def _laid_out(rows: Sequence[Row]) -> list[Json]:
    placed: list[Json] = []
    top = 0

    def place(panel: Json, x: int, y: int, width: int, height: int) -> None:
        placed.append({**panel, "id": len(placed) + 1, "gridPos": {"x": x, "y": y, "w": width, "h": height}})

    for row in rows:
        place({"type": "row", "title": row.title, "collapsed": False, "panels": []}, 0, top, COLUMNS, 1)
        left, top, highest = 0, top + 1, 0
        for panel in row.panels:
            width, height = panel["gridPos"]["w"], panel["gridPos"]["h"]
            if left + width > COLUMNS:
                left, top, highest = 0, top + highest, 0
            place(panel, left, top, width, height)
            left, highest = left + width, max(highest, height)
        top += highest
    return placed


def annotation(name: str, query: str, *, color: str) -> Json:
    """Marks on every chart at the moments of a query's rows: `_time` with `title` and `text`."""

    def of(field: str) -> Json:
        return {"source": "field", "value": field}

    return {
        "name": name,
        "datasource": DATASOURCE,
        "enable": True,
        "hide": False,
        "iconColor": color,
        "target": {"refId": "Anno", "query": query, "resultFormat": "table"},
        "mappings": {"time": of("_time"), "title": of("title"), "text": of("text")},
    }


def link(title: str, url: str, *, leaves: bool = False, keeps_time: bool = True, tooltip: str = "") -> Json:
    """A link at the top right: to another dashboard, keeping time range and variables, or one that `leaves` Grafana."""
    return {
        "type": "link",
        "title": title,
        "url": url,
        "icon": "external link",
        "keepTime": keeps_time and not leaves,
        "includeVars": not leaves,
        "targetBlank": leaves,
        "asDropdown": False,
        "tags": [],
        "tooltip": tooltip,
    }


def dashboards_link(title: str, tags: Sequence[str], *, keeps_time: bool = True) -> Json:
    """A menu of all dashboards that carry the tags, keeping time range and variables."""
    return {
        "type": "dashboards",
        "title": title,
        "url": "",
        "icon": "external link",
        "keepTime": keeps_time,
        "includeVars": True,
        "targetBlank": False,
        "asDropdown": True,
        "tags": list(tags),
        "tooltip": "",
    }
