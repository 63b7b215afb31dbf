"""Results that stand at a moment: alarms when they were opened, interventions on their day. Charts mark them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bypuls.api.alarms.telling import name_of, subject_name
from bypuls.api.alarms.words import AlarmWords
from bypuls.api.results.scene import Scene
from bypuls.store.book import Alarm, AlarmFilter
from bypuls.store.registry import Intervention
from bypuls.store.results import Result, known_results

ALARM_DAYS = 400
_DAY_US = 86_400_000_000


def happenings(scene: Scene) -> int:
    """Alarms of the last months with their sentences, and every intervention."""
    english, danish = (AlarmWords(lang, scene.zone) for lang in ("en", "da"))
    since_us = scene.now_us - ALARM_DAYS * _DAY_US
    _, found = scene.alarms.listed(AlarmFilter(since_us=since_us))
    alarms = known_results(_alarm(scene, one, english, danish) for one in found if one.part_of is None)
    written = scene.replace("alarm", alarms)
    every = scene.directory.interventions.values()
    return written + scene.replace("intervention", known_results(_intervention(scene, one) for one in every))


def _alarm(scene: Scene, one: Alarm, english: AlarmWords, danish: AlarmWords) -> Result | None:
    texts: dict[str, str] = {}
    tell: Callable[[AlarmWords], tuple[str, str]] = lambda words: (words.kind(one.kind), words.sentence(one))  # noqa: E731
    for words in (english, danish):
        title, text = tell(words)
        texts |= {f"title_{words.lang}": title, f"text_{words.lang}": text}
    return Result.of(
        "alarm", {"alarm": str(one.id)}, one.opened_us,
        open=float(one.state != "closed"), closed_s=None if one.closed_us is None else one.closed_us / 1e6,
        dkk_per_day=one.cost.get("dkk_per_day"), kind=one.kind, domain=one.domain, severity=one.severity,
        state=one.state, subject=one.subject, place=one.place or one.subject,
        name=subject_name(one, scene.directory, english), **texts,
    )  # fmt: skip


def _intervention(scene: Scene, one: Intervention) -> Result | None:
    places: dict[str, Any] = {"site": one.site, "building": one.building, "cabinet": one.cabinet}
    kind, place = next(((kind, id) for kind, id in places.items() if id is not None), (None, None))
    text = one.note or one.kind
    return Result.of(
        "intervention", {"intervention": one.id}, scene.day_us(one.date), place=place,
        name=name_of(scene.directory, kind, place), kind=one.kind, text_en=text, text_da=text,
    )  # fmt: skip
