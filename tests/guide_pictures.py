"""Makes the pictures of docs/guides/ten-questions.md anew, of the demo that runs: `make pictures`.

Start the demo with `make run` and let it run for a quarter of an hour, so that its history is written, its alarms are
found and the ledger has something to tell. `make pictures ARGS="http://127.0.0.1:9000"` asks a demo at another port.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "guides" / "images"
DEMO = "http://127.0.0.1:8080"
SIZE = {"width": 1180, "height": 760}
WITHIN_MS = 120_000


@dataclass(frozen=True)
class Picture:
    """A picture of a page.  ready : what must be seen first.  click : what is clicked before.  top : what stands
    at the picture's top, where it isn't the page's own."""

    name: str
    path: str
    ready: str
    click: str | None = None
    top: str | None = None


PICTURES = (
    Picture("question-target", "/", "#climate .shares"),
    Picture("question-changes", "/climate", "#changes + div .downloads, #changes + div .lead", top="#changes"),
    Picture("question-buildings", "/buildings?sort=eui", "table.ranking tbody tr"),
    Picture("question-lights", "/lights", "main svg"),
    Picture("question-alarms-lighting", "/alarms?domain=lighting", "ol.alarms li"),
    Picture(
        "question-before-after", "/sites/maaloev-hovedgade", "#report .headline", click=".did-it-help a",
        top=".did-it-help",
    ),
    Picture("question-devices", "/devices", "#devices"),
    Picture("question-ledger", "/devices", "#ledger", top="#ledger"),
    Picture("question-first", "/", "#first li, #first tr", top="#first"),
)  # fmt: skip


def take(page: Page, demo: str, one: Picture) -> Path:
    """Takes a picture and says where it lies.  Raises AssertionError where the page doesn't come to it."""
    page.goto(f"{demo}{one.path}{'&' if '?' in one.path else '?'}lang=en")
    if one.click is not None:
        page.locator(one.click).first.click()
    expect(page.locator(one.ready).first).to_be_visible(timeout=WITHIN_MS)
    page.evaluate("top => (top ? document.querySelector(top) : document.body).scrollIntoView()", one.top)
    path = IMAGES / f"{one.name}.jpg"
    page.screenshot(path=path, type="jpeg", quality=82)
    return path


def main(demo: str = DEMO) -> int:
    """Takes every picture.  0 = done."""
    program = os.environ.get("BYPULS_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        sys.stderr.write("no chromium on this machine: set BYPULS_CHROMIUM or put it on PATH\n")
        return 1
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        page = browser.new_page(viewport=SIZE)  # type: ignore[arg-type]
        page.set_default_timeout(WITHIN_MS)
        for one in PICTURES:
            sys.stdout.write(f"{take(page, demo, one)}\n")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
