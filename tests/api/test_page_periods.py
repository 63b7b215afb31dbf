"""One period for all pages: what an address may ask for, what is said where it can't be shown, links that carry it."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bypuls.api.web.building_pages import BUILDING, BUILDINGS
from bypuls.api.web.climate_pages import CLIMATE
from bypuls.api.web.device_pages import DEVICES
from bypuls.api.web.light_pages import LIGHTS, NIGHTS
from bypuls.api.web.pages import TOWN
from bypuls.api.web.period import NAMES, BadPeriod, Period, Shows, named, period_of
from bypuls.api.web.site_pages import STREET, STREETS

DAY = timedelta(days=1)
TODAY = date(2026, 3, 30)
"""The local day of the tests' small town."""
PAGES: dict[str, Shows] = {
    "/": TOWN, "/traffic": STREETS, "/sites/high-street": STREET, "/sites/quiet-lane": STREET, "/climate": CLIMATE,
    "/climate?target=town": CLIMATE, "/buildings": BUILDINGS, "/buildings/hall": BUILDING, "/buildings/shed": BUILDING,
    "/lights": LIGHTS, "/lights/cabinets/cabinet-1": NIGHTS, "/lights/lamps/lamp-1": NIGHTS, "/devices": DEVICES,
    "/devices/pi-1": DEVICES,
}  # fmt: skip
WITHOUT = ("/alarms", "/reports", "/factors", "/about", "/lights/plan")
"""Pages on which a period means nothing: they have no form, and hand it on."""
FRAGMENTS = (
    "/fragments/sites/high-street", "/fragments/buildings/hall", "/fragments/lights/energy",
    "/fragments/climate/house/changes",
)  # fmt: skip
PICKER = re.compile(r'<form class="picker period" method="get" action="([^"]*)">(.*?)</form>', re.S)
WRONG = {
    "from=yesterday": ("from", "yesterday", "2026-11-23", "2026-11-23"),
    "to=2026-02-30": ("to", "2026-02-30", "2026-11-23", "2026-11-23"),
    "from=1969-12-31&to=2026-01-01": ("from", "1969-12-31", "2000", "2000"),
    "from=2026-01-01&to=9999-01-01": ("to", "9999-01-01", "2099", "2099"),
    "from=2026-01-02&to=2026-01-01": ("to", "2026-01-01", "2026-01-02", "2026-01-02"),
    "from=2026-01-02&last=2026-01-01": ("last", "2026-01-01", "2026-01-02", "2026-01-02"),
    "from=2031-01-01": ("from", "2031-01-01", "isn't over", "ikke forbi"),
    "span=fortnight": ("span", "fortnight", "7d, 28d", "7d, 28d"),
    "span=7d&from=2026-01-01": ("span", "7d", "not both", "ikke begge"),
    "days=28": ("days", "28", "7d, 28d", "7d, 28d"),
    "from=" + "9" * 500: ("from", "9" * 200, "2026-11-23", "2026-11-23"),
    "span=%F0%9F%92%A1%00%3Cb%3E": ("span", "💡\0&lt;b&gt;", "7d, 28d", "7d, 28d"),
    "to=%ff%00": ("to", "", "2026-11-23", "2026-11-23"),
}  # fmt: skip


def joined(path: str, query: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}{query}"


def links(text: str) -> list[str]:
    return [unescape(link) for link in re.findall(r'<a [^>]*?href="([^"]*)"', text)]


def settled(page: Any, path: str) -> Any:
    """The page; the climate's once its years are added up."""
    answer = page.get(path)
    if "climate" in path and 'hx-select="#main"' in answer.text:
        answer = page.get(path, headers={"HX-Request": "true"})
    return answer


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("lang", ["da", "en"])
def test_what_cannot_be_shown_is_said(page: Any, path: str, lang: str) -> None:
    for query, (field, value, english, danish) in WRONG.items():
        answer = page.get(joined(path, f"{query}&lang={lang}"))
        assert answer.status_code == 422, query
        said = re.search(r'<p class="banner first" role="alert" id="period-wrong">(.*?)</p>', answer.text)
        assert said is not None, (path, query)
        assert f"({field}): “" in said[1]
        assert value in said[1]
        assert (danish if lang == "da" else english) in said[1]
        assert ("Forventet:" if lang == "da" else "Expected:") in said[1]


@pytest.mark.parametrize("path", PAGES)
def test_too_long_is_said_and_the_longest_is_shown(page: Any, path: str) -> None:
    longest = PAGES[path].longest
    last = TODAY - DAY
    longer = page.get(joined(path, urlencode({"from": last - longest * DAY, "to": last, "lang": "en"})))
    assert longer.status_code == 422
    assert f"Expected: at most {longest} days" in longer.text
    first = last - (longest - 1) * DAY
    shown = settled(page, joined(path, urlencode({"from": first, "to": last, "lang": "en"})))
    assert shown.status_code == 200
    if "quiet" not in path and "shed" not in path:
        assert f'name="from" value="{first}"' in shown.text


@pytest.mark.parametrize("path", FRAGMENTS)
def test_parts_of_pages_refuse_the_same(page: Any, path: str) -> None:
    for query in WRONG:
        assert page.get(joined(path, query)).status_code == 422, query
    assert page.get(joined(path, "span=7d")).status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_links_carry_the_period(page: Any, path: str) -> None:
    for asked in ({"span": "7d"}, {"from": "2026-03-01", "to": "2026-03-08"}):
        text = settled(page, joined(path, urlencode(asked | {"lang": "en"}))).text
        for link in links(re.sub(PICKER, "", text)):
            parts = urlsplit(link)
            if parts.path.startswith(("/api", "/static", "/sign-in", "/report-light")) or "/factors/" in link:
                continue
            told = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if link.startswith("#") or "intervention" in told:
                continue  # a place on the page, or days of their own
            if parts.path in ("", *WITHOUT, "/") or parts.path.startswith(tuple(PAGES)):
                assert {name: told.get(name) for name in asked} == asked, (path, link)


@pytest.mark.parametrize("path", WITHOUT)
def test_pages_without_a_period_hand_it_on(page: Any, path: str) -> None:
    text = page.get(f"{path}?span=28d&lang=en").text
    assert 'class="picker period"' not in text
    assert 'href="/traffic?span=28d"' in text
    assert 'href="/traffic"' in page.get(f"{path}?span=fortnight&lang=en").text


@pytest.mark.parametrize("path", PAGES)
def test_the_form_works_without_scripts(page: Any, path: str) -> None:
    if path in ("/sites/quiet-lane", "/buildings/shed"):
        return  # nothing is measured there
    text = settled(page, joined(path, "lang=en")).text
    form = PICKER.search(text)
    assert form is not None
    action = form[1].partition("#")[0]
    assert action == path.split("?")[0]
    assert len(re.findall(r'<label>[^<]+<input type="date"', form[2])) == 2
    for link in links(form[2]):
        assert settled(page, f"{action}{link.partition('#')[0]}&lang=en").status_code == 200, link
    usual = PAGES[path].usual
    current = re.findall(r'<a href="\?([^"#]*)[^"]*" aria-current="true">', form[2])
    assert [parse_qs(unescape(link)).get("span", [None]) for link in current] == [[usual]]


def test_other_choices_stay_when_another_period_is_chosen(page: Any) -> None:
    text = page.get("/traffic?order=over_limit_n&school_first=false&span=28d&lang=en").text
    assert 'href="?order=over_limit_n&amp;school_first=false&amp;span=7d"' in text
    assert '<input type="hidden" name="order" value="over_limit_n">' in text
    assert 'href="?order=v85_over_limit&amp;school_first=false&amp;span=28d"' in text


def test_what_is_not_over_is_cut_and_said(page: Any) -> None:
    text = page.get("/buildings/hall?from=2026-03-01&to=2026-03-31&lang=en").text
    assert "The last day shown is 29 Mar 2026" in text
    assert "report?from=2026-03-01&amp;to=2026-03-30&amp;" in text
    assert "The last day shown is 30 Mar 2026" in page.get("/devices?from=2026-03-01&to=2026-04-30&lang=en").text


def test_a_wall_s_screen_keeps_the_period(page: Any) -> None:
    text = page.get("/traffic?kiosk=traffic,lights&span=28d&lang=en").text
    turn = re.search(r'data-turn="([^"]*)"', text)
    assert turn is not None
    assert all("span=28d" in address for address in unescape(turn[1]).split())


def test_days_are_local_ones_of_23_24_and_25_hours() -> None:
    zone = ZoneInfo("Europe/Copenhagen")

    def hours(first: date, last: date) -> float:
        start, end = Period(first, last).moments(zone)
        return (end - start) / timedelta(hours=1)

    assert hours(date(2026, 3, 29), date(2026, 3, 29)) == 23
    assert hours(date(2026, 3, 28), date(2026, 3, 28)) == 24
    assert hours(date(2026, 10, 25), date(2026, 10, 25)) == 25
    assert hours(date(2026, 10, 19), date(2026, 10, 25)) == 7 * 24 + 1


def test_the_town_by_time_has_its_days(page: Any) -> None:
    told = page.told("/town/series", every="hour", **{"from": "2026-03-29", "to": "2026-03-30"})
    assert (told["rows"], told["columns"]["t"][2]) == (23, "2026-03-29T03:00:00+02:00")
    quarters = page.told("/town/series", every="15min", **{"from": "2026-03-29", "to": "2026-03-30"})["columns"]
    assert sum(quarters["vehicles_n"]) == sum(told["columns"]["vehicles_n"])
    assert page.told("/today", **{"from": "2026-03-29"})["columns"] == quarters
    days = page.told("/town/series", every="day", **{"from": "2026-03-29", "to": "2026-03-31"})["columns"]
    assert days["vehicles_n"] == [sum(quarters["vehicles_n"]), None], "the day that runs isn't over"
    assert days["power_coverage"] == [1.0, pytest.approx(1.0, abs=0.02)]


DAYS = st.dates(date(1900, 1, 1), date(2199, 12, 31))
TEXTS = st.one_of(
    DAYS.map(str),
    DAYS.map(str),
    st.text(st.sampled_from("0123456789-WTdmyZ+ é\0"), max_size=12),
    st.sampled_from([*NAMES, "", "9999-12-31", "0001-01-01"]),
)
QUERIES = st.fixed_dictionaries({}, optional=dict.fromkeys(("from", "to", "last", "span", "days"), TEXTS))
SHOWS = st.builds(Shows, st.sampled_from([None, *NAMES]), st.integers(400, 3000), st.booleans())


def asked_for(query: dict[str, str], today: date, shows: Shows) -> tuple[Period | None, BadPeriod | None]:
    try:
        return period_of(query, today, shows), None
    except BadPeriod as wrong:
        return None, wrong


@given(QUERIES, SHOWS, st.dates(date(2001, 1, 1), date(2098, 12, 31)))
def test_any_query_is_a_period_or_named_as_wrong(query: dict[str, str], shows: Shows, today: date) -> None:
    period, wrong = asked_for(query, today, shows)
    if wrong is not None:
        assert wrong.status == 422
        assert query.get(wrong.field)
        assert wrong.detail.startswith(f"{wrong.field}: ")
        return
    asked = {name for name in query if query[name]}
    if period is None:
        assert (asked, shows.usual) == (set(), None)
        return
    assert period.first <= period.last
    assert period.last <= (today if not shows.over or period.name is None else today - DAY)
    assert period.days <= shows.longest
    if "from" in asked:
        assert str(period.first) == str(date.fromisoformat(query["from"]))
    if "to" in asked and not period.cut:
        assert period.last == date.fromisoformat(query["to"])
    if "span" in asked:
        assert period == named(query["span"], today)  # type: ignore[arg-type]


@pytest.mark.parametrize("path", PAGES)
def test_no_query_breaks_a_page(page: Any, path: str) -> None:
    odd = ("2026-W11-1", "20260301", "2026-03-01T00:00", "١٢٣", "2000-01-01", "2099-12-31", "-1", " 7d", "7D", "\u2028")
    for number, text in enumerate(odd):
        for name in ("from", "to", "span"):
            other = ("", "&to=2026-03-29", "&last=2026-03-01")[number % 3]
            answer = settled(page, joined(path, f"{name}={quote(text)}{other}"))
            assert answer.status_code in (200, 422), (name, text)
            if answer.status_code == 422:
                assert 'id="period-wrong"' in answer.text
