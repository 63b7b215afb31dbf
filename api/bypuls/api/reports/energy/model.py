"""All that an energy report says. Unknown is None; shares are 0 … 1; energy is kWh."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from bypuls.analysis.energy.normal_year import NormalYear
from bypuls.analysis.energy.signature import FitQuality, Signature


@dataclass(frozen=True, slots=True)
class Software:
    """What computed the report."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something isn't stated: a stable name, what was found, what was expected."""

    code: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.code}: {self.found}; expected {self.expected}"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with the data, or that must be known of them.

    code : a stable name.  n : how often.  of : what is counted: lines, intervals, days, stretches.
    left_out : whether these aren't used.  where : the first few, as lines or local times."""

    code: str
    n: int
    of: str
    left_out: bool
    where: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in local time, ISO 8601. value : what stood still, or the factor of a jump."""

    start: str
    end: str
    hours: float
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Quality:
    """What the data are, and what is wrong with them.

    lines = used + Σ dropped.  intervals : between the first and the last; known : those that are used.
    days, days_known : local days, and those of which at least half is known.  coverage : known share of the time.
    values : interval or register.  *_assumed : nobody said so, neither the file nor the user.
    gaps, stuck, unit_jumps : the longest 20 each; the findings count all.
    """

    files: tuple[str, ...]
    lines: int
    used: int
    dropped: Mapping[str, int]
    examples: Mapping[str, tuple[str, ...]]
    out_of_order: int
    empty: int
    times_assumed: int
    values: str
    values_found_out: bool
    unit: str
    unit_assumed: bool
    medium: str
    medium_assumed: bool
    timezone: str
    timezone_assumed: bool
    step: str
    interval_s: float
    first: str
    last: str
    intervals: int
    known: int
    zeros: int
    zeros_missing: int
    days: int
    days_known: int
    coverage: float
    marks: Mapping[str, int]
    gaps: tuple[Span, ...]
    stuck: tuple[Span, ...]
    unit_jumps: tuple[Span, ...]
    findings: tuple[Finding, ...]
    weather: WeatherQuality


@dataclass(frozen=True, slots=True)
class WeatherQuality:
    """Of the temperatures. days_known : of the meter's days, those with a mean."""

    files: tuple[str, ...]
    column: str
    unit: str
    unit_assumed: bool
    interval_s: float
    lines: int
    used: int
    dropped: Mapping[str, int]
    missing: int
    days_known: int
    lowest_c: float | None
    highest_c: float | None


@dataclass(frozen=True, slots=True)
class DegreeDaysOf:
    """The sum of a period [K·d], None where no day is known."""

    first_day: date
    last_day: date
    total: float | None
    days: int
    days_known: int


@dataclass(frozen=True, slots=True)
class Correction:
    """Twelve months at normal weather [kWh].

    raw_kwh : as measured, with what `modelled_days` days without a value would have used by the signature.
    independent_share : that the weather doesn't move; independent_source : measured in summer, or by use of building.
    """

    first_day: date
    last_day: date
    kwh: float
    raw_kwh: float
    independent_kwh: float
    independent_share: float
    independent_source: str
    actual: float
    normal: float
    modelled_days: int
    eui_kwh_m2: float | None


@dataclass(frozen=True, slots=True)
class DegreeDays:
    """station, base_c, rule : what they were measured with.  refused : why nothing is corrected."""

    station: str
    base_c: float
    rule: str
    whole: DegreeDaysOf
    baseline: DegreeDaysOf | None
    reporting: DegreeDaysOf | None
    normal: NormalYear | None
    correction: Correction | None
    refused: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Saving:
    """kwh : Σ(model − actual), positive = saved; share : of the modelled use.

    interval : of the share at `confidence`; interval_kwh : the same in kWh.  significant : it leaves 0 out.
    days : of which something counts; hours : the same of a model of hours.
    outside_days : reporting days at temperatures that the baseline never saw.  refused : why there is no figure."""

    kwh: float | None
    share: float | None
    interval: tuple[float, float] | None
    interval_kwh: tuple[float, float] | None
    confidence: float
    significant: bool | None
    modelled_kwh: float | None
    actual_kwh: float | None
    days: int | None
    hours: int | None
    outside_days: int | None
    effective_n: float | None
    adjustment_kwh: float | None
    baseline: DaysKnown | None
    reporting: DaysKnown | None
    refused: tuple[Reason, ...]


def no_saving(
    confidence: float,
    refused: tuple[Reason, ...],
    baseline: DaysKnown | None = None,
    reporting: DaysKnown | None = None,
) -> Saving:
    """A saving that isn't stated, and why."""
    return Saving(
        kwh=None, share=None, interval=None, interval_kwh=None, confidence=confidence, significant=None,
        modelled_kwh=None, actual_kwh=None, days=None, hours=None, outside_days=None, effective_n=None,
        adjustment_kwh=None, baseline=baseline, reporting=reporting, refused=refused,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class DaysKnown:
    """A period of the saving; both days included. known : days with use and temperature."""

    first_day: date
    last_day: date
    days: int
    known: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the last twelve months that end with the data (or with the reporting period); None where they aren't known.

    year_kwh : as measured.  night_base_kw : 5th percentile of 00–04.  weekend_share : of the use;
    expected_weekend_share : of the time."""

    first_day: date | None
    last_day: date | None
    days_known: int
    year_kwh: float | None
    eui_kwh_m2: float | None
    night_base_kw: float | None
    weekend_share: float | None
    expected_weekend_share: float | None


@dataclass(frozen=True, slots=True)
class Daily:
    """Parallel columns of local days. kwh : as measured, NaN-free: None = unknown.  model_kwh : of the signature.
    period : `baseline`, `reporting` or "" of each day.  free : weekends and public holidays."""

    days: tuple[date, ...]
    kwh: tuple[float | None, ...]
    coverage: tuple[float, ...]
    mean_c: tuple[float | None, ...]
    model_kwh: tuple[float | None, ...]
    period: tuple[str, ...]
    free: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class HourlyModel:
    """A model of the baseline's hours by other software.

    quality : of hours [kWh/h], as that software defines it.  lowest_c, highest_c : [°C] range of the hours'
    temperatures.  warnings : what the software remarks on the data without refusing them."""

    kind: str
    software: Software
    quality: FitQuality
    lowest_c: float
    highest_c: float
    warnings: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class EnergyReport:
    """model : of the baseline, or the signature of all days where no saving is asked for; None with `model_refused`."""

    title: str
    software: Software
    area_m2: float | None
    quality: Quality
    model: Signature | HourlyModel | None
    model_of: str
    model_refused: tuple[Reason, ...]
    savings: Saving
    degree_days: DegreeDays
    figures: Figures
    daily: Daily
    notes: tuple[str, ...] = ()
    methods: Mapping[str, str] = field(default_factory=dict)
