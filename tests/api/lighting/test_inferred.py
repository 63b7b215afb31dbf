"""What is inferred of lamps and cabinets, on their pages and for machines."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bypuls.api.alarms.engine import LEASE
from bypuls.store.book import Alarm, AlarmBook, LightingWatchBook, Watched
from bypuls.wire import to_us

HOUR_US = 3_600_000_000


def tell(street: Any, **changes: Any) -> int:
    """The watch has told of the cabinet and of lamp 1; when it did [µs]."""
    now_us = to_us(street.now[0])
    cabinet = {
        "until_us": now_us, "begun_us": 0, "spoke_us": now_us, "power_w": 75.0, "expected_w": 114.4, "lamps_n": 6,
        "lamp_w": 20.4, "nights_n": 54, "nights_needed": 54, "learned": True, "detectable_lamps": 1.0,
        "judged_us": now_us, "steps": [{"from_us": now_us - 50 * HOUR_US, "lamps": 2, "confidence": 0.99987}],
        "day_burning_us": None, "day_lamps": None, "supply_lost_us": None,
    } | changes  # fmt: skip
    faults = [["dimmingFailure", now_us - HOUR_US]]
    lamp = {"begun_us": 0, "nights_n": 30, "faults": faults, "levels_w": {"50": 22.5, "100": 41.0}}
    LightingWatchBook(street.context.registry).keep([
        Watched("meter cab", "[]", now_us, b"", json.dumps(cabinet)),
        Watched("lamps cab", "[]", now_us, b"", json.dumps({"until_us": now_us, "lamps": {"l-1": lamp}})),
    ], [])  # fmt: skip
    return now_us


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ("Expected, as learned", "114 W", "from 1 on", "2 lamps, confidence 99.9 %, since")),
        ("da", ("Forventet efter det lærte", "114 W", "fra 1", "2 lamper, sikkerhed 99,9 %, siden")),
    ],
)
def test_a_cabinet_shows_what_its_meter_tells(street: Any, ask: Any, lang: str, words: tuple[str, ...]) -> None:
    assert ask().told("/lighting/cabinets/cab")["learned"] is None
    tell(street)
    page = ask().get(f"/lights/cabinets/cab?lang={lang}").text.replace("\N{NO-BREAK SPACE}", " ")
    for said in words:
        assert said in page
    told = ask().told("/lighting/cabinets/cab")["learned"]
    assert (told["expected_w"], told["power_w"], told["detectable_lamps"]) == (114.4, 75.0, 1.0)
    assert [(one["name"], one["lamps"], one["confidence"]) for one in told["inferred"]] == [("lampFailure", 2, 0.99987)]


def test_a_cabinet_says_how_long_it_still_learns(street: Any, ask: Any) -> None:
    tell(street, learned=False, nights_n=31, steps=[], expected_w=None, detectable_lamps=None, judged_us=None)
    assert "still learning: 31 of 54 nights" in ask().get("/lights/cabinets/cab?lang=en").text
    assert ask().told("/lighting/cabinets/cab")["learned"]["expected_w"] is None


def test_a_lamp_shows_what_is_inferred(street: Any, ask: Any) -> None:
    tell(street)
    told = ask().told("/lighting/lamps/l-1")
    # At night its profile wants 50 %: learned for the lamp, not half of its nominal 40 W.
    assert told["expected_w"] == 22.5
    assert told["state"] == "fault"
    assert told["faults"] == ["dimmingFailure"]
    assert [one["name"] for one in told["inferred"]] == ["dimmingFailure"]
    assert "doesn&#39;t follow its level" in ask().get("/lights/lamps/l-1?lang=en").text
    assert ask().told("/lighting/lamps/l-2")["inferred"] == []


def test_what_meters_tell_is_in_the_headline(street: Any, ask: Any) -> None:
    """Of three lamps that are out by the meter two say so themselves."""
    street.rounds()
    now_us = to_us(street.now[0])
    with AlarmBook(street.context.registry).round(LEASE, "one", now_us) as changes:
        changes.add(Alarm(
            id=0, kind="lamps-out", domain="lighting", subject_kind="cabinet", subject="cab", place_kind="cabinet",
            place="cab", device=None, rule="all-lamps-out", severity="major", owner=None, state="open",
            since_us=now_us, began_us=now_us - 50 * HOUR_US, opened_us=now_us,
            facts={"lamps_out": 3, "lamps_n": 6, "confidence": 0.99},
        ))  # fmt: skip
    for path in ("/lights", "/fragments/lights/now"):
        assert "2 lamps are out." in ask().get(f"{path}?lang=en").text
        assert "About 1 further lamp is out, as the meter of its cabinet shows." in ask().get(f"{path}?lang=en").text
    assert "Omkring 1 yderligere lampe er slukket" in ask().get("/lights?lang=da").text
