"""Results: official figures that the platform worked out, laid down for those who only read, such as dashboards.

A topic is a measurement `result_<topic>` in the bucket of the bins. What stands there is a copy: it is worked out anew
from bins, registry and book whenever it is missing, so nothing is lost with it. Unknown is left out, never zero; why it
is unknown stands beside it as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

NOW_US = 0
"""The time of results that speak of now: one point, always at the same place, so that it is overwritten."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What a topic's results hold. tags : all of them, always.  numbers, texts : those that are known."""

    tags: tuple[str, ...]
    numbers: tuple[str, ...]
    texts: tuple[str, ...] = ()


_REASONS = ("reason_en", "reason_da")
_LEDGER = ("received", "stored", "duplicate", "refused")
_SPEEDS = (
    "n", "speed_n", "mean_kmh", "v50_kmh", "v85_kmh", "max_kmh", "over_limit_n", "over_limit_share", "limit_kmh",
    "v85_over_limit_kmh", "coverage",
)  # fmt: skip

TOPICS: Mapping[str, Topic] = MappingProxyType(
    {
        # Each target now; the status of its last finished year.
        "target": Topic(
            ("target",),
            ("rank", "status_year", "base_year", "base_t", "reduction", "target_year", "target_t", "emitted_t",
             "allowed_t", "above_t", "reached_share", "missing_share", "completeness", "scope_share", "full_budget_t",
             "remaining_budget_t", "required_share_per_year", "required_t_per_year", "projected_year", "forecast_t",
             "forecast_low_t", "forecast_high_t", "gap_t", "planned_t", "left_t", "saved_t_per_year", "off_track"),
            ("name", "kind", "scope", "gas", "status", "source", *_REASONS),
        ),
        # Its road: one result for each calendar year.
        "target_year": Topic(
            ("target",),
            ("trajectory_t", "constant_rate_t", "emitted_t", "completeness", "scope_share", "forecast_t",
             "forecast_low_t", "forecast_high_t", "scenario_t"),
        ),
        # Its accounts: by calendar year, view (location, market) and domain; `all` is the whole.
        "account": Topic(
            ("target", "view", "domain"), ("emitted_t", "known_t", "completeness", "kwh", "normal_weather_t")
        ),
        # What moved from one calendar year to the next: of what can be compared (line `all`) and of each meter and
        # carrier. whole_t : of all accounts, compared or not.
        "change": Topic(
            ("target", "line"),
            ("before_year", "whole_t", "before_t", "after_t", "change_t", "activity_t", "weather_t", "rest_t",
             "factor_t", "timing_t"),
            ("name", "domain", "carrier", *_REASONS),
        ),
        "measure": Topic(
            ("target", "measure"),
            ("start_s", "certainty", "cost_dkk", "t_per_year", "t_in_target_year", "saved_kwh_per_year",
             "saved_low_kwh_per_year", "saved_high_kwh_per_year"),
            ("name", "kind", "state", "place", *_REASONS),
        ),
        # Each building over the last twelve whole months, and the twelve before.
        "building": Topic(
            ("building",),
            ("rank", "area_m2", "kwh", "kwh_corrected", "kwh_m2", "kwh_m2_corrected", "before_kwh",
             "before_kwh_corrected", "change_corrected_share", "typical_kwh_m2", "excess_kwh", "excess_dkk", "cost_dkk",
             "night_w_m2", "deviation_share", "coverage", "first_s", "last_s"),
            ("name", "use", *_REASONS),
        ),
        # Each building by calendar year.
        "building_year": Topic(
            ("building",), ("kwh", "kwh_corrected", "kwh_m2", "kwh_m2_corrected", "area_m2"), _REASONS
        ),
        # What a building's counted meters come to on each local day: kWh, of water m³.
        "energy": Topic(("building", "medium"), ("used", "coverage")),
        # What was measured to be saved since an intervention.
        "saving": Topic(
            ("building", "intervention", "medium"),
            ("saved_kwh", "low_kwh", "high_kwh", "share", "share_low", "share_high", "kwh_per_year", "dkk_per_year",
             "significant", "days", "since_s"),
            ("name", "what", *_REASONS),
        ),
        # Each street by local day, ISO week and calendar month, of both directions together and of each.
        "site": Topic(("site", "period", "direction"), _SPEEDS),
        # Each street over the last 28 whole days.
        "site_now": Topic(("site",), (*_SPEEDS, "rank", "first_s", "last_s"), ("name", "verdict")),
        # Its average day of the last 365: named aadt only where it may be.
        "site_average": Topic(
            ("site",), ("n", "low_n", "high_n", "days", "first_s", "last_s"), ("average", "reason_en")
        ),
        # The platform, every few minutes. Alarms are counted only while somebody looks after them.
        "platform": Topic(
            (),
            ("newest_reading_age_s", "sensors", "sensors_silent", "dead_letters", "dirty_marks", "missing",
             "outbox_rows", "outbox_oldest_s", "alarms_open", "alarms_silence", "alarms_outbox", "alarms_letters",
             "alarms_lamps", "alarms_night_use", "targets_off_track"),
        ),
        # What ingest took over of each device by UTC hour.
        "ledger": Topic(("device",), _LEDGER),
        # Each device's ledger and outbox now.
        "device": Topic(
            ("device",),
            (*_LEDGER, "missing", "epochs", "last_seen_s", "dead_letters", "outbox_rows", "outbox_oldest_s"),
            ("name", "dead_letter"),
        ),
        # Each alarm of the last months at the moment when it was opened.
        "alarm": Topic(
            ("alarm",),
            ("open", "closed_s", "dkk_per_day"),
            ("kind", "domain", "severity", "state", "subject", "place", "name", "title_en", "title_da", "text_en",
             "text_da"),
        ),
        # Each intervention on its day.
        "intervention": Topic(("intervention",), (), ("place", "name", "kind", "text_en", "text_da")),
        # What a part of a long series was worked out from, so that a new process needn't do it again.
        "part": Topic(("job", "part"), (), ("stamp",)),
        # When and how each job of results last ran.
        "run": Topic(("job",), ("ended_s", "seconds", "results", "ok"), ("state", "reason_en")),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Result:
    """One result. t_us : what it speaks of: the beginning of a year or day, or `NOW_US`."""

    topic: str
    tags: Mapping[str, str]
    t_us: int
    numbers: Mapping[str, float] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = topic_of(self.topic)
        if set(self.tags) != set(known.tags):
            raise ValueError(
                f"tags: {', '.join(self.tags) or 'none'} — a {self.topic} has {', '.join(known.tags) or 'none'}"
            )
        for given, allowed in ((self.numbers, known.numbers), (self.texts, known.texts)):
            for name in given:
                if name not in allowed:
                    raise ValueError(f"{name!r} — a {self.topic} has {', '.join(allowed) or 'none'}")

    @classmethod
    def of(cls, topic: str, tags: Mapping[str, str], t_us: int, **values: float | str | None) -> Result | None:
        """A result of what is known: None, NaN and empty texts are left out; None where nothing is left.

        Raises ValueError for what the topic doesn't hold."""
        texts = {name: " ".join(value.split()) for name, value in values.items() if isinstance(value, str)}
        numbers = {
            name: float(value)
            for name, value in values.items()
            if value is not None and not isinstance(value, str) and float(value) == float(value)
        }
        texts = {name: text for name, text in texts.items() if text}
        return cls(topic, tags, t_us, numbers, texts) if numbers or texts else None

    @property
    def fields(self) -> dict[str, float | str]:
        """Numbers and texts, by name."""
        return {**self.numbers, **self.texts}


def topic_of(name: str) -> Topic:
    """A topic by its name. Raises ValueError."""
    found = TOPICS.get(name)
    if found is None:
        raise ValueError(f"topic: {name!r} — expected one of {', '.join(TOPICS)}")
    return found


def measurement(topic: str) -> str:
    """Under which name a topic's results lie. Raises ValueError."""
    topic_of(topic)
    return f"result_{topic}"


def known_results(found: Iterable[Result | None]) -> list[Result]:
    """Those of which anything is known."""
    return [one for one in found if one is not None]


class ResultBoard(Protocol):
    """Where results are laid down. Writing the same again changes nothing."""

    def replace_results(
        self,
        topic: str,
        results: Sequence[Result],
        *,
        start_us: int | None = None,
        end_us: int | None = None,
        having: Mapping[str, str] | None = None,
    ) -> None:
        """Makes `results` all that there is of the topic in [start, end) (everywhere, where they aren't given), among
        those whose tags are as in `having`. A reader may see a gap meanwhile, never an old figure beside a new one.

        Raises ValueError for a result that lies outside, Unavailable, Misconfigured.
        """

    def results(self, topic: str, *, start_us: int | None = None, end_us: int | None = None) -> list[Result]:
        """What is there, by tags and time. Raises Unavailable, Misconfigured."""


def within(
    topic: str, results: Sequence[Result], start_us: int | None, end_us: int | None, having: Mapping[str, str]
) -> None:
    """Raises ValueError for a result that isn't of the topic, of the range or of `having`."""
    topic_of(topic)
    for one in results:
        if one.topic != topic:
            raise ValueError(f"topic: {one.topic!r} — expected {topic!r}")
        if (start_us is not None and one.t_us < start_us) or (end_us is not None and one.t_us >= end_us):
            raise ValueError(f"t_us: {one.t_us} — expected [{start_us}, {end_us})")
        for name, value in having.items():
            if one.tags.get(name) != value:
                raise ValueError(f"{name}: {one.tags.get(name)!r} — expected {value!r}")


class ResultsInMemory:
    """Results that nobody keeps: to be looked at."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, tuple[tuple[str, str], ...], int], Result] = {}

    def replace_results(
        self,
        topic: str,
        results: Sequence[Result],
        *,
        start_us: int | None = None,
        end_us: int | None = None,
        having: Mapping[str, str] | None = None,
    ) -> None:
        """See ResultBoard."""
        within(topic, results, start_us, end_us, having or {})
        gone = [
            key
            for key, one in self._held.items()
            if one.topic == topic
            and _inside(one.t_us, start_us, end_us)
            and all(one.tags[name] == value for name, value in (having or {}).items())
        ]
        for key in gone:
            del self._held[key]
        for one in results:
            self._held[topic, tuple(sorted(one.tags.items())), one.t_us] = one

    def results(self, topic: str, *, start_us: int | None = None, end_us: int | None = None) -> list[Result]:
        """See ResultBoard."""
        topic_of(topic)
        found = [one for one in self._held.values() if one.topic == topic and _inside(one.t_us, start_us, end_us)]
        return in_order(found)


def _inside(t_us: int, start_us: int | None, end_us: int | None) -> bool:
    return (start_us is None or t_us >= start_us) and (end_us is None or t_us < end_us)


def in_order(results: Iterable[Result]) -> list[Result]:
    """By tags and time."""
    return sorted(results, key=lambda one: (sorted(one.tags.items()), one.t_us))
