"""The page in both languages: whole translations, nothing inline, unknown said as unknown, what comes in escaped."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

import bypuls.api
from bypuls.api.kept import Kept
from bypuls.api.web.language import environment, translations, units_kept
from bypuls.store.protocol import Unavailable

WEB = Path(bypuls.api.__file__).parent / "web"
PAGES = (
    "/",
    "/traffic",
    "/climate",
    "/climate?target=town",
    "/about",
    "/sign-in",
    "/sites/high-street",
    "/sites/quiet-lane",
    "/buildings",
    "/buildings/hall",
    "/buildings/shed",
    "/alarms",
    "/devices",
    "/devices?span=7d",
    "/devices/pi-1",
    "/reports",
    "/factors",
)
FRAGMENTS = (
    "/fragments/now",
    "/fragments/first",
    "/fragments/lights/now",
    "/fragments/lights/states",
    "/fragments/lights/cabinets",
    "/fragments/climate",
    "/fragments/climate/house/measures",
    "/fragments/devices",
    "/fragments/sites/high-street",
    "/fragments/buildings/hall",
    "/fragments/sites/high-street/now",
    "/fragments/buildings/hall/now",
)


def texts() -> set[Any]:
    found = extract_from_dir(WEB / "templates", method_map=[("**.html", "jinja2")], options_map={})
    return {message for _, _, message, _, _ in found}


@pytest.mark.parametrize("language", ["da", "en"])
def test_every_text_is_translated(language: str) -> None:
    folder = WEB / "locale" / language / "LC_MESSAGES"
    with (folder / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    with (folder / "messages.mo").open("rb") as file:
        compiled = read_mo(file)
    assert {message.id for message in catalogue if message.id} == texts()
    for message in catalogue:
        if not message.id:
            continue
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(strings), message.id
        assert not message.fuzzy
        source = message.id[-1] if isinstance(message.id, tuple) else message.id
        for string in strings:
            assert set(re.findall(r"%\(\w+\)s", string)) == set(re.findall(r"%\(\w+\)s", source)), message.id
        held = compiled.get(message.id)
        assert held is not None, f"{message.id!r}: compile the catalogue anew"
        assert tuple(held.string) == tuple(message.string)


class Elements(HTMLParser):
    """The elements of a page with their attributes, and what stands inside scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.inline: list[str] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._inside = tag if tag in ("script", "style") else ""

    def handle_data(self, data: str) -> None:
        if self._inside and data.strip():
            self.inline.append(data)

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - its signature
        self._inside = ""


@pytest.mark.parametrize("path", [*PAGES, *FRAGMENTS])
@pytest.mark.parametrize("language", ["da", "en"])
def test_nothing_is_inline_and_nothing_comes_from_elsewhere(page: Any, path: str, language: str) -> None:
    answer = page.get(path, params={"lang": language})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-language"] == language
    elements = Elements(answer.text)
    assert elements.inline == []
    for tag, attributes in elements.found:
        assert tag != "style"
        assert "style" not in attributes, (tag, attributes)
        assert not [name for name in attributes if name.startswith(("on", "hx-on"))], attributes
        for name in ("src", "href", "action", "hx-get", "data-src"):
            target = attributes.get(name) or "/"
            assert target.startswith(("/", "?", "#")), (tag, attributes)
            assert not target.startswith("//")


@pytest.mark.parametrize("path", PAGES)
def test_what_a_page_names_is_there(page: Any, path: str) -> None:
    for _, attributes in Elements(page.get(path).text).found:
        for name in ("src", "href", "hx-get", "data-src"):
            target = attributes.get(name)
            if target and target.startswith("/"):
                assert page.get(target, follow_redirects=True).status_code == 200, target


@pytest.mark.parametrize(
    ("query", "cookie", "accepted", "language"),
    [
        ("", None, "", "da"), ("", None, "en-GB,en;q=0.9", "en"), ("", None, "de-DE", "da"), ("", None, "da;q=1", "da"),
        ("?lang=en", None, "da", "en"), ("?lang=da", "en", "en", "da"), ("", "en", "da", "en"),
        ("?lang=xx", "yy", "en", "en"), ("", None, "*;;q=,,x-", "da"),
    ],
)  # fmt: skip
def test_the_language_of_the_page(page: Any, query: str, cookie: str | None, accepted: str, language: str) -> None:
    headers = {"Accept-Language": accepted} | ({"Cookie": f"byp_lang={cookie}"} if cookie else {"Cookie": ""})
    assert page.get(f"/about{query}", headers=headers).headers["content-language"] == language


def test_numbers_and_times_are_those_of_the_language(town: Any) -> None:
    zone = town.context.settings.zone
    danish, english = (environment(language, zone).filters for language in ("da", "en"))
    assert (danish["num"](1234.56, 1), english["num"](1234.56, 1)) == ("1.234,6", "1,234.6")
    assert (danish["num"](None), danish["num"](float("nan")), danish["num"](-0.2)) == ("–", "–", "0")
    assert (danish["pct"](0.9996), danish["pct"](1.0), danish["pct"](None)) == ("99 %", "100 %", "–")
    assert (english["signed"](0.034), english["signed"](-0.034)) == ("+3 %", "−3 %")
    assert danish["clock"](town.context.clock()).replace(".", ":") == "12:07"
    assert "minutter" in danish["span"](240.0)
    assert translations("da").gettext("The town now") == "Byen nu"


def test_no_line_breaks_between_a_number_and_its_unit() -> None:
    told = '<p title="3 %">99,9 % · 12 kWh/m² · 5 min. · 3 t, 4 tændskabe, 7 hours</p><path d="M1 2 h 3"/>'
    kept = '<p title="3 %">99,9~% · 12~kWh/m² · 5~min. · 3~t, 4 tændskabe, 7 hours</p><path d="M1 2 h 3"/>'
    assert units_kept(told) == kept.replace("~", "\N{NO-BREAK SPACE}")
    typed = "<textarea name='text'>dark for 5 h</textarea><pre><code>sleep 5 s\nsleep 3 min</code></pre>"
    assert units_kept(typed) == typed


def test_the_page_says_what_is_unknown(page: Any) -> None:
    text = page.get("/fragments/climate?lang=en").text
    assert "On track." in text
    assert "Unknown." in text
    assert "The registry has no baseline for this target." in page.get("/climate?target=town&lang=en").text
    now = page.get("/fragments/now?lang=en").text
    assert "of 2 lamps lit" in now
    devices = page.get("/fragments/devices?lang=en").text
    assert "silent since 30 Mar 2026 06:07" in devices
    assert "station can't be read" in devices
    assert "4 sensors of 10 are silent" in devices


def test_names_of_the_registry_are_escaped(page: Any) -> None:
    text = page.get("/buildings/shed").text
    assert "Shed &lt;b&gt;&amp;" in text
    assert "Shed <b>" not in text


@pytest.mark.parametrize("path", ["/nope", "/sites/nope", "/sites/A..B"])
def test_a_page_that_is_not_there_says_so_to_people(page: Any, path: str) -> None:
    answer = page.get(path, headers={"Accept": "text/html", "Accept-Language": "en"})
    assert answer.status_code == 404
    assert "There is no such page" in answer.text


def test_a_store_that_is_down_is_said_to_people(make_client: Any, town: Any) -> None:
    class Down:
        def __getattr__(self, name: str) -> Any:
            raise Unavailable("down")

    settings = replace(town.context.settings, open_on_loopback=True)
    client = make_client(address="127.0.0.1", host="localhost", settings=settings, store=Down())
    answer = client.get("/", headers={"Accept": "text/html", "Accept-Language": "da"})
    assert answer.status_code == 503
    assert "Data kan ikke læses lige nu" in answer.text


def test_what_is_kept_is_made_anew_when_it_is_old() -> None:
    now, made = [0.0], []

    def make() -> int:
        made.append(1)
        return len(made)

    kept: Kept[int] = Kept(2.0, time=lambda: now[0])
    assert kept.peek("a") is None
    assert [kept.get("a", make), kept.get("a", make), kept.get("b", make)] == [1, 1, 2]
    now[0] = 2.5
    assert kept.get("a", make) == 3
    assert kept.peek("b") == 2


def test_vendored_files_carry_their_licences() -> None:
    vendor = WEB.parent / "static" / "vendor"
    folders = [path for path in vendor.iterdir() if path.is_dir()]
    assert folders
    assert all((folder / "LICENSE").read_text() for folder in folders)
