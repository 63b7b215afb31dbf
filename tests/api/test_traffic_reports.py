"""Reports of a street through the API: the figures of the store, in every form, with what can't be told said so."""

import csv
import io
import json
import zipfile
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from bypuls.api.reports.speed.formats import formats

PERIOD = {"from": "2025-05-31", "to": "2025-06-05"}
"""Five whole days; the limit falls from 50 to 40 on the third."""


def told(client: Any, path: str, **parameters: Any) -> Any:
    return client.told(f"/traffic/high-street{path}", **parameters)


def test_figures_are_those_of_the_rollups(client: Any) -> None:
    report = told(client, "/report", **PERIOD)
    every = report["statistics"]["all"]
    # Of each four quarters 0 + 1 + 2 + 3 vehicles in either direction pass.
    assert every["n"] == 5 * 24 * 6 * 2 == report["quality"]["used"]
    assert report["statistics"]["directions"]["toward"]["n"] == every["n"] / 2
    assert [day["n"] for day in report["days"]] == [288] * 5
    assert [hour["n"] for hour in report["hours"]] == [60] * 24
    assert every["limit_kmh"] is None
    assert [(limit["limit_kmh"], limit["valid_from"]) for limit in report["limits"]] == [
        (50.0, "2020-01-01"), (40.0, "2025-06-02"),
    ]  # fmt: skip
    series = told(client, "/series", every="day", **PERIOD)
    assert series["columns"]["limit_kmh"] == [50, 50, 40, 40, 40]
    assert sum(series["columns"]["n"]) == every["n"]
    assert sum(series["columns"]["over_limit_n"]) == pytest.approx(every["over_limit"]["n"])
    histogram = told(client, "/histogram", **PERIOD)
    assert sum(histogram["counts"]["all"]) == histogram["n"] == every["n"]
    at = np.cumsum(histogram["counts"]["all"])
    v85_class = histogram["upper_kmh"][int(np.searchsorted(at, 0.85 * at[-1]))]
    assert v85_class - 1.0 <= every["v85_kmh"] <= v85_class


def test_a_direction_alone(client: Any) -> None:
    both = told(client, "/report", **PERIOD)["statistics"]["directions"]["away"]
    alone = told(client, "/report", direction="away", **PERIOD)["statistics"]["all"]
    assert {name: both[name] for name in ("n", "v85_kmh", "mean_kmh")} == {
        name: alone[name] for name in ("n", "v85_kmh", "mean_kmh")
    }


@pytest.mark.parametrize("form", ["json", "csv", "xlsx", "pdf", "html", "bundle"])
def test_every_form(client: Any, form: str) -> None:
    if form not in (*formats(), "bundle"):
        pytest.skip(f"{form} isn't installed")
    answer = client.get("/api/v1/traffic/high-street/report", params={"format": form, "lang": "en", **PERIOD})
    assert answer.status_code == 200
    start = {"json": b"{", "csv": b"", "xlsx": b"PK", "pdf": b"%PDF-", "html": b"<!", "bundle": b"PK"}[form]
    assert answer.content.startswith(start)
    if form != "json":
        suffix = "zip" if form == "bundle" else form
        assert answer.headers["content-disposition"].endswith(f'speed-2025-05-31-2025-06-04-en.{suffix}"')
    again = client.get(
        "/api/v1/traffic/high-street/report",
        params={"format": form, "lang": "en", **PERIOD},
        headers={"If-None-Match": answer.headers["etag"]},
    )
    assert again.status_code == 304
    other = client.get(
        "/api/v1/traffic/high-street/report",
        params={"format": form, "lang": "en", "from": "2025-05-31", "to": "2025-06-04"},
        headers={"If-None-Match": answer.headers["etag"]},
    )
    assert other.status_code == 200


def test_a_bundle_holds_the_report(client: Any) -> None:
    answer = client.get("/api/v1/traffic/high-street/report", params={"format": "bundle", **PERIOD})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as bundle:
        inside = json.loads(bundle.read("report.json"))
    assert inside["statistics"] == told(client, "/report", **PERIOD)["statistics"]


def test_tables_as_csv(client: Any) -> None:
    answer = client.get("/api/v1/traffic/high-street/histogram", params={"format": "csv", "lang": "da", **PERIOD})
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert sum(float(row["all"]) for row in rows) == 1440
    answer = client.get("/api/v1/traffic/high-street/series", params={"format": "csv", "every": "day", **PERIOD})
    assert len(list(csv.reader(io.StringIO(answer.text)))) == 6


@pytest.mark.parametrize("site", ["high-street", "quiet-lane"])
def test_without_a_vehicle_the_report_says_so(client: Any, site: str) -> None:
    report = client.told(f"/traffic/{site}/report", **{"from": "2024-01-01", "to": "2024-01-08"})
    assert report["statistics"]["all"]["n"] == 0
    assert report["statistics"]["all"]["v85_kmh"] is None
    assert "no_vehicles" in report["notes"]
    assert {hour["n"] for hour in report["hours"]} == {None}
    assert len(report["days"]) == 7
    for form in formats():
        answer = client.get(
            f"/api/v1/traffic/{site}/report", params={"format": form, "from": "2024-01-01", "to": "2024-01-08"}
        )
        assert answer.status_code == 200, (form, answer.text)
    bundle = {"format": "bundle", "from": "2024-01-01", "to": "2024-01-08"}
    assert client.get(f"/api/v1/traffic/{site}/report", params=bundle).status_code == 409


@pytest.mark.parametrize(
    ("path", "parameters", "field"),
    [
        ("/report", {"from": "2025-06-05", "to": "2025-05-31"}, "to"),
        ("/report", {"from": "2020-01-01", "to": "2025-01-01"}, "to"),
        ("/report", {"format": "docx"}, "format"),
        ("/report", {"lang": "de"}, "lang"),
        ("/report", {"tz": "Mars/Olympus"}, "tz"),
        ("/report", {"surveyor": "a\nb"}, "surveyor"),
        ("/compare", {"control": "high-street"}, "control"),
        ("/compare", {"before_from": "2025-01-01"}, "before_to"),
        ("/compare", {"intervention": "humps", "from": "2025-01-01"}, "from"),
        ("/compare", {"intervention": "led"}, "intervention"),
        ("/series", {"public": "true", "every": "15min"}, "every"),
    ],
)
def test_what_is_wrong_is_named(client: Any, path: str, parameters: dict[str, str], field: str) -> None:
    answer = client.get(f"/api/v1/traffic/high-street{path}", params=parameters)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/nowhere/report", "site"), ("/nowhere/series", "site"), ("/nowhere/histogram", "site"),
        ("/nowhere/compare", "site"), ("/high-street/compare?control=nowhere", "control"),
        ("/high-street/compare?intervention=nothing", "intervention"),
    ],
)  # fmt: skip
def test_what_is_not_there(client: Any, path: str, field: str) -> None:
    answer = client.get(f"/api/v1/traffic{path}")
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["field"] == field


def test_a_comparison(client: Any) -> None:
    asked = {"before_from": "2025-05-31", "before_to": "2025-06-02", "from": "2025-06-02", "to": "2025-06-05"}
    compared = told(client, "/compare", **asked)["comparison"]
    assert compared["refused"]
    assert compared["reasons"] == ["before_fewer_than_3_full_days"]
    assert compared["design"] == "association"
    around = told(client, "/compare", intervention="humps", weeks=1)
    assert around["intervention"] == {"date": "2025-06-02", "kind": "humps", "note": "three humps"}
    assert around["comparison"]["before"]["last_day"] == "2025-06-01"
    assert around["comparison"]["after"]["first_day"] == "2025-06-03"
    assert around["comparison"]["reasons"] == ["before_fewer_than_3_full_days"]


def test_streets_are_ranked(client: Any) -> None:
    streets = client.told("/traffic", **PERIOD)["items"]
    assert [one["site"] for one in streets] == ["high-street"]
    assert (streets[0]["rank"], streets[0]["lat"], streets[0]["lon"]) == (1, 55.7, 12.3)
    assert streets[0]["n"] == told(client, "/report", **PERIOD)["statistics"]["all"]["n"]


def test_the_clock_changes(client: Any) -> None:
    # 30 March 2026 is not over; the day before it has 23 hours.
    report = told(client, "/report", **{"from": "2026-03-29", "to": "2026-03-30"})
    assert [(day["date"], day["length_h"], day["full"]) for day in report["days"]] == [("2026-03-29", 23.0, True)]
    assert report["hours"][2]["n"] is None
    assert report["statistics"]["all"]["n"] == 23 * 12
    running = told(client, "/report", **{"from": "2026-03-30", "to": "2026-04-30"})
    assert running["period"]["end"] == "2026-03-30T12:15:00+02:00"
    assert [day["date"] for day in running["days"]] == ["2026-03-30"]
    assert date.fromisoformat(running["days"][0]["date"]).isoweekday() == running["days"][0]["weekday"]


def test_only_so_much_at_a_time(make_client: Any, town: Any) -> None:
    settings = replace(town.context.settings, heavy=1, heavy_wait_s=0.05)
    client = make_client(key=town.keys["read"], settings=settings)
    with client.app.state.heavy:
        answer = client.get("/api/v1/traffic/high-street/report", params=PERIOD)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert client.get("/api/v1/traffic/high-street/report", params=PERIOD).status_code == 200
