"""Buildings through the API: answers, tables, refusals as problems, and the portfolio's ranking."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from bypuls.api.models_buildings import (
    BuildingFiguresModel,
    CarpetModel,
    DurationModel,
    ListedModel,
    PortfolioModel,
)


def test_answers_keep_to_their_shapes(visitor: Any) -> None:
    figures = visitor.told("/buildings/hall/figures", **{"from": "2025-03-01", "to": "2026-03-01"})
    BuildingFiguresModel.model_validate(figures, strict=True)
    assert (figures["first"], figures["last"]) == ("2025-03-01", "2026-02-28")
    CarpetModel.model_validate(visitor.told("/buildings/hall/carpet"), strict=True)
    DurationModel.model_validate(visitor.told("/buildings/hall/duration", medium="heat"), strict=True)
    for part in ("signature", "savings", "cooling", "balance"):
        ListedModel.model_validate(visitor.told(f"/buildings/hall/{part}"), strict=True)
    PortfolioModel.model_validate(visitor.told("/portfolio"), strict=True)


def test_the_default_is_the_last_twelve_whole_months(visitor: Any) -> None:
    figures = visitor.told("/buildings/annex/figures")
    assert (figures["first"], figures["last"]) == ("2025-03-01", "2026-02-28")
    assert figures["eui"]["corrected"] is not None
    # What isn't over can't be told.
    assert visitor.told("/buildings/annex/figures", **{"from": "2026-03-01"})["last"] == "2026-03-19"


def test_the_carpet_adds_up_to_the_figures(visitor: Any) -> None:
    asked = {"from": "2025-10-01", "to": "2025-11-01"}
    carpet = visitor.told("/buildings/hall/carpet", **asked)
    cells = [cell for day in carpet["use"] for cell in day if cell is not None]
    [electricity, *_] = visitor.told("/buildings/hall/figures", **asked)["media"]
    assert sum(cells) == pytest.approx(electricity["amount"]["total"]) == pytest.approx(carpet["total"])
    assert carpet["length_h"][25][2] == 2.0


def test_tables_are_for_spreadsheets(visitor: Any) -> None:
    answer = visitor.get("/api/v1/buildings/hall/carpet?from=2025-10-01&to=2025-10-03&format=csv&lang=da")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert (len(rows), rows[0][:2], rows[1][0], len(rows[1])) == (3, ["day", "h00"], "2025-10-01", 25)
    assert "," in rows[1][1]
    answer = visitor.get("/api/v1/portfolio?format=csv")
    table = {row["building"]: row for row in csv.DictReader(io.StringIO(answer.text))}
    assert table["jumping"]["name"] == "'=jumping", "names are no formulas"
    assert table["jumping"]["eui_kwh_m2"] == ""
    assert "unit seems to have changed" in table["jumping"]["reasons"]


@pytest.mark.parametrize(
    ("path", "status", "named"),
    [
        ("/buildings/nowhere/figures", 404, "nowhere"),
        ("/buildings/annex/carpet?medium=gas", 404, "heat"),
        ("/buildings/hall/carpet?medium=coal", 422, "coal"),
        ("/buildings/hall/figures?from=2026-03-20", 422, "days that are over"),
        ("/buildings/hall/figures?from=2025-03-02&to=2025-03-01", 422, "after from"),
        ("/buildings/hall/figures?from=2010-01-01", 422, "at most"),
        ("/buildings/hall/figures?from=yesterday", 422, "2026-11-23"),
        ("/buildings/hall/figures?tz=Nowhere", 422, "Nowhere"),
        ("/portfolio?order=beauty", 422, "night_load"),
        ("/portfolio?ordr=eui", 422, "ordr"),
    ],
)
def test_what_is_wrong_is_named(visitor: Any, path: str, status: int, named: str) -> None:
    answer = visitor.get(f"/api/v1{path}")
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert named in answer.text


def test_the_portfolio_ranks_and_says_why_not(visitor: Any) -> None:
    for order, field in (
        ("eui", lambda row: row["ratio"]),
        ("excess_cost", lambda row: row["excess_dkk"]),
        ("night_load", lambda row: row["night_w_m2"]),
        ("deviation", lambda row: (row["deviation"] or {}).get("share")),
    ):
        rows = visitor.told("/portfolio", order=order)["items"]
        assert [row["rank"] for row in rows] == list(range(1, 9))
        figures = [field(row) for row in rows]
        known = [one for one in figures if one is not None]
        assert known == sorted(known, reverse=True)
        assert figures[len(known) :] == [None] * (len(figures) - len(known))
        for row, figure in zip(rows, figures, strict=True):
            reason = {"eui": "eui", "excess_cost": "excess_cost"}.get(order, order)
            assert figure is not None or row["reasons"][reason]["text"], (order, row["building"])


def test_the_portfolio_s_figures_are_those_of_the_buildings(visitor: Any) -> None:
    rows = {row["building"]: row for row in visitor.told("/portfolio")["items"]}
    figures = visitor.told("/buildings/swapped/figures")
    assert rows["swapped"]["eui"]["corrected"] == pytest.approx(figures["eui"]["corrected"])
    assert rows["swapped"]["cost_dkk"] == pytest.approx(figures["cost_dkk"])
    duration = visitor.told("/buildings/hall/duration", **{"from": "2026-03-01"})
    assert rows["hall"]["night_w_m2"] == pytest.approx(duration["night_base"])


def test_a_page_of_the_portfolio(visitor: Any) -> None:
    found = visitor.told("/portfolio", limit=2, offset=1)
    assert (found["total"], len(found["items"]), found["items"][0]["rank"]) == (8, 2, 2)
