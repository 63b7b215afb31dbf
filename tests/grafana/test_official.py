"""Panels and marks show what the platform laid down, and nothing that they computed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bypuls.grafana.boards.frame import PAGE_URL, Ways
from bypuls.grafana.panels import sites
from bypuls.grafana.rendering import BOARDS
from bypuls.wire import to_us

Reader = Any  # of conftest.py: asks as Grafana would


def plain(message: str) -> str:
    """English, as it is written."""
    return message


def query_of(panel: dict[str, Any]) -> str:
    """A panel's first query."""
    return str(panel["targets"][0]["query"])


def test_marks_stand_where_something_was_done_or_went_wrong(make_reader: Any, town_data: Any) -> None:
    reader = make_reader(town_data.server, town_data.start - timedelta(days=200), town_data.end)
    for language in ("da", "en"):
        marks = BOARDS["site"](language, town_data.buckets, PAGE_URL)["annotations"]["list"]
        done, wrong = (reader.rows(mark["target"]["query"]) for mark in marks)
        assert {"_time", "title", "text"} <= set(done[0])
        assert ("Måløv Hovedgade", "bump og 40 i stedet for 50 km/t") in {(row["title"], row["text"]) for row in done}
        [alarm] = wrong
        assert alarm["title"] == ("Bagud i forhold til målet" if language == "da" else "Off track")
        assert marks[0]["mappings"]["time"] == {"source": "field", "value": "_time"}


def test_official_figures_are_those_that_the_platform_laid_down(town_data: Any, reader: Reader, store: Any) -> None:
    laid = {one.tags["site"]: one.numbers for one in store.results("site_now")}
    rows = {row["asset"]: row for row in reader.rows(query_of(sites.streets(plain, town_data.buckets, Ways("en"))))}
    for site, numbers in laid.items():
        assert float(rows[site]["v85_kmh"]) == numbers["v85_kmh"]
        assert float(rows[site]["over_limit_share"]) == numbers["over_limit_share"]
    days = reader.rows(query_of(sites.v85_by_day(plain, town_data.buckets)), site="hareskovvej")
    both = [float(row["_value"]) for row in days if row["name"] == "Both directions"]
    found = [
        one.numbers["v85_kmh"]
        for one in store.results("site", start_us=to_us(town_data.start))
        if one.tags == {"site": "hareskovvej", "period": "day", "direction": "both"} and "v85_kmh" in one.numbers
    ]
    assert both == found
    assert len(both) >= 4
