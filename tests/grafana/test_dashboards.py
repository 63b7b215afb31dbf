"""The dashboards' shape, languages and files: what Grafana 9.3 needs, and that the committed files are the code's."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from bypuls.grafana import catalogue
from bypuls.grafana.boards.frame import PAGE_URL
from bypuls.grafana.boards.overview import overview
from bypuls.grafana.builders import COLUMNS, Row, chart, dashboard, stat
from bypuls.grafana.datasource import TOKEN_VARIABLE, UID, datasource, with_token
from bypuls.grafana.flux import Buckets, program, text
from bypuls.grafana.rendering import BOARDS, as_json, dashboards, files, render
from bypuls.grafana.texts import LANGUAGES, translator
from bypuls.store.influx import InfluxSettings
from bypuls.store.results import TOPICS
from bypuls.wire.bins import BIN_FIELDS

Json = dict[str, Any]
COMMITTED = Path(__file__).resolve().parents[2] / "grafana"

# Panels that Grafana 9.3 has and 13 still has; Angular ones (graph, table-old, singlestat) are gone since 12.
PANELS = {"row", "stat", "timeseries", "table"}
# Units by Grafana's ids; what it doesn't know is written `suffix: …`.
UNITS = {"none", "short", "watt", "kwatth", "celsius", "velocitykmh", "percent", "percentunit", "s"}
COLUMN_UNITS = UNITS | {"dateTimeAsLocal", "dateTimeFromNow", "decmbytes", "areaM2", "m3"}


@pytest.fixture(params=sorted(dashboards()))
def board(request: pytest.FixtureRequest) -> Json:
    """Each dashboard in each language."""
    return dashboards()[request.param]


def data_panels(board: Json) -> Iterator[Json]:
    """The panels that show data."""
    return (panel for panel in board["panels"] if panel["type"] != "row")


def problems(board: Json) -> list[str]:
    """What is wrong with a dashboard's structure."""
    found = []
    panels = board["panels"]
    found += [f"id {number} is there {n} times" for number, n in Counter(p["id"] for p in panels).items() if n > 1]
    taken: dict[tuple[int, int], int] = {}
    for panel in panels:
        place = panel["gridPos"]
        if place["x"] + place["w"] > COLUMNS:
            found.append(f"panel {panel['id']} reaches beyond the {COLUMNS} columns")
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                if (x, y) in taken:
                    found.append(f"panels {taken[x, y]} and {panel['id']} overlap")
                taken[x, y] = panel["id"]
        if panel["type"] not in PANELS:
            found.append(f"{panel['title']}: a {panel['type']} panel isn't in every Grafana")
    queries = "\n".join(target["query"] for panel in data_panels(board) for target in panel["targets"])
    for mark in board["annotations"]["list"]:
        if mark["datasource"] != {"type": "influxdb", "uid": UID} or not mark["target"]["query"]:
            found.append(f"annotation {mark['name']} asks nothing")
    used = set(re.findall(r"\$\{(\w+)(?::\w+)?\}", queries))
    declared = {variable["name"] for variable in board["templating"]["list"]}
    found += [f"variable {name} is never used" for name in sorted(declared - used)]
    found += [f"variable {name} is used and isn't there" for name in sorted(used - declared)]
    for panel in data_panels(board):
        found += [f"{panel['title']}: {problem}" for problem in _panel_problems(panel)]
    return found


def _panel_problems(panel: Json) -> Iterator[str]:
    if not panel["title"] or len(panel["description"]) < 20:
        yield "no title or no description"
    unit = panel["fieldConfig"]["defaults"].get("unit", "")
    if not (unit in UNITS or re.fullmatch(r"suffix: \S.*", unit)):
        yield f"unit {unit!r}"
    for override in panel["fieldConfig"]["overrides"]:
        unit = next(p["value"] for p in override["properties"] if p["id"] == "unit")
        if not (unit in COLUMN_UNITS or re.fullmatch(r"suffix: \S.*", unit)):
            yield f"column {override['matcher']['options']}: unit {unit!r}"
    for thing in (panel, *panel["targets"]):
        if thing["datasource"] != {"type": "influxdb", "uid": UID}:
            yield f"data source {thing['datasource']}"
    refs = [target["refId"] for target in panel["targets"]]
    if not refs or len(set(refs)) < len(refs):
        yield f"targets {refs}"


def test_dashboards_are_well_formed(board: Json) -> None:
    assert problems(board) == []


def test_the_rules_can_fail() -> None:
    good = stat("Title", "A description that says something.", "query ${nothing}", unit="watt", no_value="?")
    bad = {**chart("", "", "q", unit="parsec"), "type": "graph"}
    board = dashboard("u", "t", "d", [Row("r", [good, bad])], variables=[], tags=[])
    board["panels"][2] |= {"id": 2, "gridPos": {"x": 20, "y": 1, "w": 12, "h": 2}}
    board["panels"][1]["gridPos"] = {"x": 20, "y": 0, "w": 4, "h": 4}
    found = "\n".join(problems(board))
    for complaint in ("id 2", "beyond", "overlap", "graph", "variable nothing", "no title", "parsec"):
        assert complaint in found


def test_a_dashboard_is_danish_time_with_weeks_from_monday(board: Json) -> None:
    assert (board["timezone"], board["weekStart"]) == ("Europe/Copenhagen", "monday")
    assert board["schemaVersion"] == 37, "Grafana 9.3's; an older Grafana refuses newer ones"
    assert "id" not in board, "Grafana numbers dashboards itself"
    assert "version" not in board


def test_uids_are_fixed_and_short_enough() -> None:
    uids = [board["uid"] for board in dashboards().values()]
    names = ["overview", "climate", "traffic", "site", "lights", "portfolio", "building", "platform"]
    assert uids == [f"bypuls-{name}-{language}" for name in names for language in ("da", "en")], (
        "bookmarks hang on them"
    )
    assert all(len(uid) <= 40 for uid in uids), "Grafana's limit"


def test_no_percentile_is_computed_in_a_panel(board: Json) -> None:
    for panel in data_panels(board):
        for target in panel["targets"]:
            assert not re.search(r"\b(quantile|percentile|median|mean|stddev)\(", target["query"]), panel["title"]


def test_only_fields_of_bins_are_asked_for(board: Json) -> None:
    known = {name for fields in BIN_FIELDS.values() for name in fields}
    known |= {"name", "kind", "limit_kmh", "area_m2", "target_tonnes"}
    known |= {name for topic in TOPICS.values() for name in (*topic.numbers, *topic.texts)}
    for panel in data_panels(board):
        for target in panel["targets"]:
            asked = set(re.findall(r'r\._field == "(\w+)"', target["query"]))
            assert asked, panel["title"]
            assert asked <= known, panel["title"]


def test_single_readings_are_never_read() -> None:
    for board in dashboards(Buckets("raw-readings", "bins")).values():
        assert "raw-readings" not in as_json(board), "Grafana's token may not read single passages"


def test_links_lead_to_all_dashboards_the_web_page_and_the_other_language(board: Json) -> None:
    menu, *years, page, other = board["links"]
    language = board["uid"][-2:]
    assert (menu["type"], menu["tags"], menu["asDropdown"]) == ("dashboards", ["bypuls", language], True)
    assert menu["includeVars"]
    if board["uid"] == f"bypuls-climate-{language}":
        # It shows years: a range of days would empty it, and its own would drown the others.
        assert years == []
        assert not menu["keepTime"]
        assert not set(menu["tags"]) <= set(board["tags"])
    else:
        assert set(menu["tags"]) <= set(board["tags"]), "each is in the menu of the others"
        assert menu["keepTime"]
        assert [(one["url"], one["keepTime"]) for one in years] == [(f"/d/bypuls-climate-{language}", False)]
    assert page["url"].startswith("http://127.0.0.1:8080/")
    asked = parse_qs(urlsplit(page["url"]).query)
    assert asked.pop("lang") == [language]
    years_of_its_own = board["uid"] == f"bypuls-climate-{language}"
    days = {"from": ["${__from:date:YYYY-MM-DD}"], "to": ["${__to:date:YYYY-MM-DD}"]}
    assert asked == ({} if years_of_its_own else days), "the page shows the same days"
    assert other["url"] == f"/d/{board['uid'][:-2]}{({'da', 'en'} - {language}).pop()}"
    assert other["keepTime"]
    assert other["includeVars"]


def cell_links(board: Json) -> Iterator[tuple[Json, str]]:
    """The panels' cells that lead somewhere: panel and address."""
    for panel in data_panels(board):
        for override in panel["fieldConfig"]["overrides"]:
            for found in override["properties"]:
                if found["id"] == "links":
                    yield from ((panel, link["url"]) for link in found["value"])


def test_cells_lead_to_dashboards_and_variables_that_are_there(board: Json) -> None:
    boards = {other["uid"]: other for other in dashboards().values()}
    for panel, url in cell_links(board):
        columns = {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]}
        assert set(re.findall(r"__data\.fields\.(\w+)", url)) <= columns, "the row knows what the address needs"
        if url.startswith("/d/"):
            found = re.match(r"/d/([\w-]+)\?var-(\w+)=", url)
            assert found
            assert found[1][-2:] == board["uid"][-2:]
            assert found[2] in {variable["name"] for variable in boards[found[1]]["templating"]["list"]}
        else:
            assert url.startswith("http://127.0.0.1:8080/")


def test_the_web_pages_address_is_the_operators() -> None:
    for made in dashboards(page_url="https://town.example/puls/").values():
        assert made["links"][-2]["url"].startswith("https://town.example/puls/")
        assert all(url.startswith(("/d/", "https://town.example/puls/")) for _, url in cell_links(made))
    with pytest.raises(ValueError, match=r"page_url: 'javascript:1' — expected http"):
        dashboards(page_url="javascript:1")


@pytest.mark.parametrize("name", sorted(BOARDS))
def test_languages_differ_in_words_alone(name: str) -> None:
    danish, english = (BOARDS[name](language, None, PAGE_URL) for language in ("da", "en"))
    assert [p["gridPos"] for p in danish["panels"]] == [p["gridPos"] for p in english["panels"]]
    assert [p["type"] for p in danish["panels"]] == [p["type"] for p in english["panels"]]
    same = [d["title"] for d, e in zip(danish["panels"], english["panels"], strict=True) if d["title"] == e["title"]]
    assert same == []
    assert [v["name"] for v in danish["templating"]["list"]] == [v["name"] for v in english["templating"]["list"]]


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_every_text_is_translated(language: str) -> None:
    translations = catalogue.read(language)
    texts = {message.id for message in catalogue.extracted() if message.id}
    assert texts == {message.id for message in translations if message.id}, "run python -m bypuls.grafana.catalogue"
    assert catalogue.untranslated(translations) == []
    assert [message.id for message in translations if message.id and message.fuzzy] == []
    translate = translator(language)
    stale = [message.id for message in translations if message.id and translate(str(message.id)) != message.string]
    assert stale == [], "the .mo file is older than the .po file"


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match=r"language: 'sv' — expected one of da, en"):
        overview("sv")


def test_the_committed_files_are_what_the_code_makes() -> None:
    for name, content in files().items():
        path = COMMITTED / name
        assert path.read_text(encoding="utf-8") == content, f"{name}: run python -m bypuls.grafana"
    committed = {str(path.relative_to(COMMITTED)) for path in COMMITTED.glob("dashboards/*.json")}
    committed |= {str(path.relative_to(COMMITTED)) for path in COMMITTED.glob("provisioning/**/*.yaml")}
    assert committed == set(files())


def test_rendering_writes_the_files(tmp_path: Path) -> None:
    written = render(tmp_path, Buckets("mine", "mine_rollup"))
    assert {str(path.relative_to(tmp_path)) for path in written} == set(files())
    board = json.loads((tmp_path / "dashboards" / "overview-en.json").read_text(encoding="utf-8"))
    assert board == overview("en", Buckets("mine", "mine_rollup"))
    assert '"bypuls_rollup"' not in as_json(board).replace("\\", "")


def test_the_provisioning_files_are_what_grafana_reads() -> None:
    sources = yaml.safe_load((COMMITTED / "provisioning/datasources/bypuls.yaml").read_text(encoding="utf-8"))
    [source] = sources["datasources"]
    assert (source["uid"], source["type"], source["jsonData"]["version"]) == (UID, "influxdb", "Flux")
    assert source["secureJsonData"] == {"token": f"${TOKEN_VARIABLE}"}, "a secret stands in no file"
    [provider] = yaml.safe_load((COMMITTED / "provisioning/dashboards/bypuls.yaml").read_text(encoding="utf-8"))[
        "providers"
    ]
    assert provider["type"] == "file"


def test_bad_data_sources_are_refused() -> None:
    with pytest.raises(ValueError, match="url: 'influx:8086'"):
        datasource("influx:8086", "bypuls")
    with pytest.raises(ValueError, match="token") as caught:
        with_token(datasource("http://influx:8086", "bypuls"), "secret\n")
    assert "secret" not in str(caught.value)


def test_the_buckets_are_the_stores() -> None:
    store = InfluxSettings("http://127.0.0.1:8086", "token")
    assert Buckets() == Buckets(store.raw_bucket, store.rollup_bucket)


def test_texts_in_flux_are_quoted() -> None:
    assert text('say "hi" \\ ${x}') == '"say \\"hi\\" \\\\ \\${x}"'
    with pytest.raises(ValueError, match="printable"):
        text("two\nlines")


def test_imports_come_first() -> None:
    lines = program("from(bucket: b)", imports=("join", "array"), days=True).splitlines()
    kinds = ["import" if line.startswith("import") else "rest" for line in lines]
    assert kinds == sorted(kinds)
    assert lines[0] == 'import "array"'
