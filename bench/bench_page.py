"""What a first visit of the demo's pages costs: bytes over the wire with an empty cache, and the time to their content,
in Chromium on this machine while the simulated town runs."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from platform_of import free_port  # type: ignore[import-not-found]
from playwright.sync_api import Browser, sync_playwright
from rows import Row

PATHS = ("/", "/climate", "/traffic", "/lights", "/buildings", "/alarms", "/devices")
VISITS = 5
HISTORY_DAYS = 60
_SETTLED_S = 20.0
_LARGEST = """() => new Promise((done) => new PerformanceObserver((list) => done(list.getEntries().at(-1).startTime))
  .observe({ type: "largest-contentful-paint", buffered: true }))"""


def run() -> list[Row]:
    """Visits each page several times, each time with an empty cache; medians. The first page alone has goals."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise RuntimeError("this bench needs Chromium: apt install chromium")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        port = free_port()
        words = ["up", "--data-dir", name, "--port", str(port), "--history-days", str(HISTORY_DAYS)]
        with (Path(name) / "up.log").open("w") as log:
            town = subprocess.Popen([sys.executable, "-m", "bypuls.cli", *words], stdout=log, stderr=log)
        try:
            _wait(f"http://127.0.0.1:{port}")
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=program, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
                )
                for path in PATHS:
                    visits = [_visit(browser, f"http://127.0.0.1:{port}{path}?lang=da") for _ in range(VISITS)]
                    kilobytes, seconds = (statistics.median(column) for column in zip(*visits, strict=True))
                    first = path == "/"
                    rows += [
                        Row(f"{path}: over the wire", kilobytes, "KB", "< 300" if first else None),
                        Row(f"{path}: largest content painted", seconds, "s", "< 1" if first else None),
                    ]
                browser.close()
        finally:
            town.terminate()
            town.wait(60)
    return rows


def _wait(url: str) -> None:
    """Until the page is there and the town has had a moment to speak.  Raises RuntimeError."""
    deadline = time.monotonic() + 120
    while True:
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                break
        except httpx.TransportError:
            pass
        if time.monotonic() > deadline:
            raise RuntimeError("the demo's page does not come up")
        time.sleep(0.2)
    time.sleep(_SETTLED_S)


def _visit(browser: Browser, url: str) -> tuple[float, float]:
    """Bytes over the wire until the page is quiet [KB of 1,000 bytes], time to its largest content [s]."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page: Any = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(url)
    page.wait_for_load_state("networkidle")
    seconds = page.evaluate(_LARGEST) / 1000.0
    context.close()
    return sum(sizes) / 1000.0, seconds
