"""What a facility manager asks is answered within two clicks from the overview, as the guide says."""

import re
from dataclasses import dataclass
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
ARTEFACTS, GUIDE = ROOT / "test-artefacts", ROOT / "docs" / "guides" / "ten-questions.md"


@dataclass(frozen=True)
class Question:
    """A question of the guide.  clicks : what is clicked, one after the other.  answer, says : where the answer stands,
    and what it looks like in the tests' small town."""

    asked: str
    clicks: tuple[str, ...]
    answer: str
    says: str


CALLS = r"things? calls? for somebody|Nothing calls for anybody|Nothing is open, but|unknown whether anything calls"
NAV = 'header nav a[href="{}"]'
QUESTIONS = (
    Question("How far from 85 %?", (), "#climate .target", r"Reached|less CO₂|On track"),
    Question(
        "What moved since last year, and why?", ("#climate a[href^='/climate']",), "#changes + div",
        r"2024: [\d.]+\st\. 2025: [\d.]+\st",
    ),
    Question(
        "Which five buildings waste most, and when?", (NAV.format("/buildings"), "table.ranking tbody a"),
        "#part-load", r"When it is used",
    ),
    Question("What does it cost?", (NAV.format("/buildings"),), 'table.ranking td[data-label^="DKK"]', r"\d|unknown"),
    Question("Which streets are dark tonight?", (NAV.format("/lights"),), "main h1", r"lamps? (is|are) out|No lamp"),
    Question(
        "Which lamps burn by day?", (NAV.format("/alarms"), 'a[href*="domain=lighting"]'), "main h1", CALLS
    ),
    Question(
        "Where do people drive too fast, and did the new sign help?",
        ('#now a[href="/sites/high-street"]', ".did-it-help a"), "#report", r"V85 changed by|[Cc]omparison is refused",
    ),
    Question("Which sensors are silent?", (NAV.format("/devices"),), "#devices", r"sensors? of \d+ (is|are) silent"),
    Question(
        "What did last night's outage lose?", (NAV.format("/devices"),), "#ledger ~ .lead",
        r"(lost|speak|miss(es)? readings|had been heard yet)\.\s+[\d,]+ readings came, [\d,]+ were stored",
    ),
    # The tests' town has no evaluator: it says so, and tells what it knows without one.
    Question(
        "What shall I do first?", (), "#first", r"what is to be done first is unknown|Nothing to do first|cost unknown",
    ),
)  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS, ids=[one.asked for one in QUESTIONS])
def test_two_clicks_are_enough(browser: Browser, open_server: str, question: Question) -> None:
    assert len(question.clicks) <= 2
    page: Any = browser.new_page(viewport={"width": 1280, "height": 800})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{open_server}/?lang=en")
    for selector in question.clicks:
        page.locator(selector).first.click()
    answer = page.locator(question.answer).first
    expect(answer).to_be_visible(timeout=15_000)
    expect(answer).to_contain_text(re.compile(question.says), timeout=15_000)
    ARTEFACTS.mkdir(exist_ok=True)
    name = re.sub(r"[^a-z0-9]+", "-", question.asked.lower()).strip("-")
    page.screenshot(path=ARTEFACTS / f"question-{name}.png")
    page.close()
    assert said == []


def test_the_guide_has_them_all() -> None:
    headings = re.findall(r"^## \d+\. (.+)$", GUIDE.read_text("utf-8"), re.M)
    assert headings == [one.asked for one in QUESTIONS]


def test_every_picture_of_the_guide_can_be_taken_anew() -> None:
    shown = re.findall(r"\]\(images/([a-z-]+)\.jpg\)", GUIDE.read_text("utf-8"))
    taken = [one.name for one in run_path(str(ROOT / "tests" / "guide_pictures.py"))["PICTURES"]]
    assert sorted(shown) == sorted(taken)
    assert {f"{name}.jpg" for name in taken} == {path.name for path in (GUIDE.parent / "images").glob("question-*")}
