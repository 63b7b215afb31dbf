"""The accounts through the API: both views, files, what is refused; and the greenest hours."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import openpyxl
import orjson
import pytest

from bypuls.api.models_accounts import (
    DecompositionModel,
    FactorModel,
    GreenestModel,
    RestatementModel,
    YearAccountModel,
)
from bypuls.store.book import GridForecast
from bypuls.wire import to_us

# The small town of tests/api: hall-el and hall-heat over 2023 to 2025, factors 0.2 and 0.1 kg/kWh.
NOW = datetime(2026, 3, 30, 10, 7, tzinfo=UTC)


def test_a_year_in_both_views(client: Any) -> None:
    told = client.told("/climate/accounts", year=2025)
    YearAccountModel.model_validate(told)
    location, market = told["views"]["location"], told["views"]["market"]
    heat = 35_040 * 500.0 / 1e6 * 0.1
    assert location["by_carrier"]["heat"]["emitted_t"] == pytest.approx(heat)
    assert location["total"]["emitted_t"] == pytest.approx(client.told("/climate/house")["accounts"][-1]["emitted_t"])
    assert market["by_carrier"]["heat"]["emitted_t"] == pytest.approx(heat)
    assert market["by_carrier"]["electricity"]["emitted_t"] is None
    electricity = next(line for line in market["lines"] if line["id"] == "hall-el")
    assert electricity["reasons"][0]["code"] == "no contract"
    assert sum(location["months_t"]) == pytest.approx(location["total"]["known_t"])
    assert told["reproduce"] == ["test:1"]
    again = client.told("/climate/accounts", year=2025, factors="test:1", activity_uncertainty=0.02)
    assert again["views"]["location"]["total"] == location["total"]
    assert again["views"]["location"]["uncertainty_t"] > 0.0
    assert "registers" in client.told("/climate/accounts", year=2025, registers=True)["views"]["location"]["lines"][0]


@pytest.mark.parametrize(
    ("query", "lines"),
    [("building=hall", 2), ("building=shed", 0), ("domain=fleet", 0), ("target=house", 2), ("domain=buildings", 2)],
)
def test_parts_of_the_town(client: Any, query: str, lines: int) -> None:
    answer = client.get(f"/api/v1/climate/accounts?year=2025&{query}")
    assert len(answer.json()["views"]["location"]["lines"]) == lines


@pytest.mark.parametrize("form", ["csv", "xlsx", "pdf"])
def test_files(client: Any, form: str) -> None:
    answer = client.get(f"/api/v1/climate/accounts?year=2025&format={form}&lang=en")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="climate-2025-all-en.{form}"'
    unchanged = client.get(
        f"/api/v1/climate/accounts?year=2025&format={form}&lang=en", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert unchanged.status_code == 304
    if form == "xlsx":
        book = openpyxl.load_workbook(io.BytesIO(answer.content))
        told = client.told("/climate/accounts", year=2025)["views"]["location"]["lines"]
        lines = {row[0]: row for row in book["Lines"].iter_rows(values_only=True)}
        assert lines["Hall, heat"][7] == pytest.approx(
            next(one for one in told if one["id"] == "hall-heat")["emitted_kg"]
        )


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/accounts", 422, "year: nothing"),
        ("/accounts?year=2026", 422, "a year that is over: 2025 or earlier"),
        ("/accounts?year=1999", 422, "year: '1999'"),
        ("/accounts?year=2025&building=nope", 404, "building: 'nope'"),
        ("/accounts?year=2025&target=nope", 404, "target: 'nope'"),
        ("/accounts?year=2025&target=house&building=hall", 422, "nothing beside target"),
        ("/accounts?year=2025&domain=ships", 422, "domain: 'ships'"),
        ("/accounts?year=2025&factors=test", 422, "a set and its version"),
        ("/accounts?year=2025&factors=nope:1", 422, "a set of the registry: test"),
        ("/accounts?year=2025&format=doc", 422, "format: 'doc'"),
        ("/accounts?year=2025&yaer=1", 422, "yaer"),
        ("/decomposition?before=2025&after=2025", 422, "a year before 2025"),
        ("/decomposition?before=2024&after=2026", 422, "a year that is over"),
        ("/greenest-hours?hours=1.5&contiguous=false", 422, "whole hours"),
        ("/greenest-hours?hours=0.3", 422, "hours: '0.3'"),
        ("/greenest-hours?area=DK2;x", 422, "area"),
    ],
)
def test_what_is_refused(client: Any, path: str, status: int, words: str) -> None:
    answer = client.get(f"/api/v1/climate{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert words in answer.json()["detail"]


def test_factors_restatements_and_decomposition(client: Any) -> None:
    told = client.told("/climate/factors", carrier="heat")
    assert (told["total"], told["items"][0]["value"]) == (3, 0.1)
    FactorModel.model_validate(told["items"][0])
    told = client.told("/climate/restatements", year=2025)
    RestatementModel.model_validate(told)
    assert (told["change_t"], told["lines"], told["causes"]) == (0.0, [], [])
    told = client.told("/climate/decomposition", before=2024, after=2025)
    DecompositionModel.model_validate(told)
    assert {line["id"] for line in told["lines"]} == {"hall-el", "hall-heat"}
    total = told["total"]
    assert total["activity_kg"] + total["factor_kg"] + total["timing_kg"] == pytest.approx(total["change_kg"])


def forecast(town: Any, area: str, start: datetime, steps: int) -> None:
    t_us = [to_us(start) + at * 300_000_000 for at in range(steps)]
    values = [None if at == 7 else 100.0 + abs(at - 150) for at in range(steps)]
    body = orjson.dumps({"step_us": 300_000_000, "t_us": t_us, "g_per_kwh": values}).decode()
    town.context.book.keep_grid_forecast(GridForecast(area, "made for the test", to_us(NOW), body))


def test_the_greenest_hours(client: Any, town: Any) -> None:
    told = client.told("/climate/greenest-hours", area="DK1")
    GreenestModel.model_validate(told)
    assert (told["reason"], told["runs"], told["source"]) == ("no forecast for DK1", [], None)
    forecast(town, "DK2", NOW.replace(minute=0), 288)
    told = client.told("/climate/greenest-hours", hours=2, area="DK2")
    GreenestModel.model_validate(told)
    (run,) = told["runs"]
    assert run["start"] in ("2026-03-30T23:15:00+02:00", "2026-03-30T23:30:00+02:00")
    assert told["mean_g_per_kwh"] < told["window_mean_g_per_kwh"]
    assert (told["source"], told["age_s"], told["old"]) == ("made for the test", 0.0, False)
    single = client.told("/climate/greenest-hours", hours=3, contiguous=False, area="DK2")
    assert [run["start"][11:16] for run in single["runs"]] == ["23:00", "00:00", "01:00"]
    beyond = client.told("/climate/greenest-hours", **{"from": "2026-04-05", "to": "2026-04-06"}, area="DK2")
    assert "says nothing of this time" in beyond["reason"]
    short = client.told("/climate/greenest-hours", hours=24, area="DK2", to="2026-03-30T12:00:00Z")
    assert "knows less than 24 hours" in short["reason"]
    assert len(told["forecast"]["t"]) == len(told["forecast"]["g_per_kwh"])
    assert timedelta(hours=22) < datetime.fromisoformat(told["known_until"]) - NOW < timedelta(hours=24)


def test_the_page_shows_when_power_is_greenest(page: Any, town: Any) -> None:
    forecast(town, "DK2", NOW.replace(minute=0), 288)
    for lang, words in (("da", "Oplad og pump fra 23:00"), ("en", "Charge and pump from 23:00")):
        shown = page.get(f"/fragments/greenest?lang={lang}").text
        assert words in shown
        assert "made for the test" in shown
        assert shown.count('class="best"') in (3, 4)
    assert 'hx-get="/fragments/greenest' in page.get("/climate?lang=en", headers={"HX-Request": "true"}).text
