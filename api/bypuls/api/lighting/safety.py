"""How well the lights serve: how fast faults are found and repaired, and the share of the nights in which lamps burnt.

What isn't known is in no figure: a fault that began before it was watched has no time to detect, an alarm that the
registry ended no time to repair. Each figure says how much is known, and of which period.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from bypuls.analysis.lighting.figures import Delay, delay
from bypuls.api.context import ApiContext
from bypuls.api.directory import Directory
from bypuls.api.lighting.energy import Used, lit_by_lamp
from bypuls.api.periods import local_text
from bypuls.api.reports.speed.from_store import Survey
from bypuls.api.surveys import survey_of
from bypuls.store.book import LIVING, Alarm, AlarmBook, AlarmFilter
from bypuls.store.registry import Lamp
from bypuls.wire import to_us

KINDS = (
    "lamp-out", "lamps-out", "feeder-out", "lamp-day-burner", "lamps-day-burning", "cabinet-voltage", "lamp-fault",
    "cabinet-fault",
)  # fmt: skip
YEAR = timedelta(days=365)


def last_year(context: ApiContext, zone: ZoneInfo) -> Survey:
    """The 365 days up to now: faults are few."""
    now = context.clock()
    return Survey(zone, to_us(now - YEAR), to_us(now))


def last_nights_of(context: ApiContext, tz: str | None = None) -> Survey:
    """The four weeks up to this midnight."""
    return survey_of(context, None, None, tz)


def delays(context: ApiContext, survey: Survey) -> dict[str, Any]:
    """Time to detect: from the beginning of a fault to its alarm, of alarms that opened in the period. Time to repair:
    from the alarm to its end, of alarms that ended in the period; `still_open` are those that hadn't at its end."""
    book = AlarmBook(context.registry)
    found = {
        one.id: one
        for wanted in (AlarmFilter(domain="lighting", since_us=survey.start_us), AlarmFilter(LIVING, domain="lighting"))
        for one in book.listed(wanted)[1]
    }
    mine = [one for one in found.values() if one.kind in KINDS and one.part_of is None]
    withdrawn = book.withdrawn(survey.start_us)
    opened = [one for one in mine if survey.start_us <= one.opened_us < survey.end_us]
    began = [float(min(one.began_us, one.opened_us)) if one.beginning_seen else np.nan for one in opened]
    ended = [one for one in mine if one.opened_us < survey.end_us and _end_us(one) >= survey.start_us]
    since = [np.nan if (one.id, one.closed_us) in withdrawn else float(one.opened_us) for one in ended]
    until = [max(_end_us(one), one.opened_us) if _end_us(one) < survey.end_us else np.nan for one in ended]
    return {
        "time_to_detect": _told(delay(began, [float(one.opened_us) for one in opened]), survey),
        "time_to_repair": _told(delay(since, until), survey),
    }


def lit(context: ApiContext, directory: Directory, survey: Survey, lamps: Sequence[Lamp]) -> dict[str, Any]:
    """Lit hours of the known lamp-hours from civil dusk to dawn; dimmed is lit. Lamps that nobody measures count as
    unknown."""
    total = Used()
    for one in lit_by_lamp(context, directory, survey, lamps).values():
        total.add(one)
    known_h = total.should_h - total.unknown_h
    return {
        "lamps": len(lamps),
        "lit_share": total.lit_h / known_h if known_h > 0.0 else None,
        "coverage": known_h / total.should_h if total.should_h > 0.0 else None,
        "night_h": total.should_h,
        "known_h": known_h,
        "lit_h": total.lit_h,
        **_period(survey),
    }


def _end_us(alarm: Alarm) -> float:
    return float("inf") if alarm.closed_us is None else float(alarm.closed_us)


def _told(found: Delay, survey: Survey) -> dict[str, Any]:
    return {
        "n": found.n, "median_h": found.median_h, "p90_h": found.p90_h, "still_open": found.open,
        "unknown": found.unknown, "coverage": found.coverage, **_period(survey),
    }  # fmt: skip


def _period(survey: Survey) -> dict[str, str]:
    return {"start": local_text(survey.start_us, survey.zone), "end": local_text(survey.end_us, survey.zone)}
