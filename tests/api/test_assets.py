"""Static files: under addresses that name their content, kept by browsers for good, with their licences."""

import re
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import bypuls.api
from bypuls.api import ApiSettings
from bypuls.api.web.assets import OWN, static

VENDOR = Path(bypuls.api.__file__).parent / "static" / "vendor"
TEMPLATES = Path(bypuls.api.__file__).parent / "web" / "templates"
PAGES = (
    "/", "/?kiosk", "/alarms", "/alarms/1", "/traffic", "/sites/high-street", "/lights", "/lights/plan",
    "/lights/cabinets/cabinet-1", "/lights/lamps/lamp-1", "/buildings", "/buildings/hall", "/climate", "/reports",
    "/factors", "/devices", "/devices/pi-1", "/report-light", "/about", "/api", "/sign-in",
)  # fmt: skip
FOR_GOOD = "public, max-age=31536000, immutable"


@pytest.fixture(scope="module")
def tiled(make_client: Any) -> Any:
    """A browser whose maps lie on tiles: then every style sheet and script is asked for somewhere."""
    settings = ApiSettings(
        open_on_loopback=True, rate_per_s=1e6, burst=1_000_000, citizen_reports=True, tiles_attribution="© Town",
        tiles_url="https://tiles.town.example/{z}/{x}/{y}.png",
    )  # fmt: skip
    return make_client(address="127.0.0.1", host="127.0.0.1:8000", settings=settings)


class Addresses(HTMLParser):
    """What a page names below /static, and the reports' style sheet."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - its signature
        self.found |= {v for k, v in attrs if k in ("href", "src") and v and re.match(r"/static|/report\.css", v)}


def test_every_address_in_every_page_names_what_is_served(tiled: Any) -> None:
    named: set[str] = set()
    for path in PAGES:
        named |= Addresses(tiled.get(path, headers={"Accept": "text/html"}).text).found
    for address in named:
        path, _, version = address.partition("?v=")
        answer = tiled.get(address)
        assert answer.status_code == 200, address
        assert version == sha256(answer.content).hexdigest()[:12], address
        assert answer.headers["cache-control"] == FOR_GOOD, address
        assert static(path) == address
    # Nothing of ours lies there that no page asks for.
    ours = {f"/static/{file.name}" for file in VENDOR.parent.iterdir() if file.is_file()}
    assert ours <= {address.partition("?")[0] for address in named}


def test_templates_name_no_address_without_its_version() -> None:
    for template in TEMPLATES.glob("*.html"):
        assert not re.search(r"""(href|src)=["']/(static|report\.css)""", template.read_text("utf-8")), template.name


@pytest.mark.parametrize("path", ["/static/bypuls.css", "/static/swagger/swagger-ui.css", "/report.css"])
def test_other_versions_are_asked_for_again(tiled: Any, path: str) -> None:
    for query in ("", "?v=", "?v=0123456789ab", f"?v={'0' * 12}&v={static(path)[-12:]}"):
        answer = tiled.get(f"{path}{query}")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-cache", query
    known = {"If-None-Match": answer.headers["etag"]}
    again = tiled.get(path, headers=known)
    assert (again.status_code, again.content, again.headers["cache-control"]) == (304, b"", "no-cache")
    assert tiled.get(static(path), headers=known).headers["cache-control"] == FOR_GOOD
    assert tiled.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_what_is_served_is_packed(tiled: Any) -> None:
    for path in ("/static/bypuls.css", "/static/vendor/htmx/htmx.min.js", "/report.css"):
        answer = tiled.get(static(path), headers={"Accept-Encoding": "gzip"})
        assert answer.headers["content-encoding"] == "gzip", path
        assert "Accept-Encoding" in answer.headers["vary"]


def test_a_changed_file_has_another_address(tmp_path: Path, tiled: Any) -> None:
    class Elsewhere(type(OWN)):  # type: ignore[misc]
        def lookup_path(self, path: str) -> Any:
            file = tmp_path / path
            return str(file), file.stat() if file.exists() else None

    files = Elsewhere("/static", "bypuls.api")
    (tmp_path / "one.css").write_text("a {}")
    before = files.version("/static/one.css")
    (tmp_path / "one.css").write_text("a { color: red }")
    assert files.version("/static/one.css") != before
    with pytest.raises(LookupError, match=r"'/static/two\.css'"):
        files.version("/static/two.css")
    with pytest.raises(LookupError, match="expected"):
        static("/elsewhere/bypuls.css")
    assert tiled.get("/static/two.css").status_code == 404


def test_vendored_files_keep_their_licences(tiled: Any) -> None:
    about, listed = tiled.get("/about").text, (VENDOR / "README.md").read_text("utf-8")
    folders = [folder for folder in VENDOR.iterdir() if folder.is_dir()]
    assert folders
    for folder in folders:
        assert re.search(r"^\| " + folder.name + r" \|.*\| (\S+) \|$", listed, re.M), folder.name
        licence = (folder / "LICENSE").read_text("utf-8")
        assert "AS IS" in licence.upper(), folder.name
        assert static(f"/static/vendor/{folder.name}/LICENSE") in about
