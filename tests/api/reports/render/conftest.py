"""Made-up reports of every shape, built from numbers of a seeded generator: the renderers' tests need no reading of
files and no analysis. The figures are plausible, not exact."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import numpy as np
import pytest

from bypuls.api.reports.speed.model import (
    Band,
    ByDirection,
    Cell,
    Change,
    Compared,
    ComparedHour,
    Comparison,
    Control,
    DayGroup,
    DayRow,
    Estimate,
    Histogram,
    HourRow,
    Independent,
    Interval,
    Intervention,
    LeastSample,
    LengthClass,
    Limit,
    OverLimit,
    Pace,
    PeakHour,
    Period,
    Quality,
    Sensor,
    Site,
    Software,
    SpeedBin,
    SpeedReport,
    Statistics,
    Traffic,
    VerdictDetail,
    Volumes,
    VolumesByDirection,
    WeekCell,
)  # fmt: skip
from bypuls.api.reports.speed.render import html, pdf, xlsx

EDGES = [0.0, 19.5, 25.5, *(30.5 + 5 * at for at in range(11)), 160.5]
LABELS = ["0-19", "20-25", *(f"{26 + 5 * at}-{30 + 5 * at}" for at in range(11)), "81-160"]
BINS = tuple(SpeedBin(label, EDGES[at], EDGES[at + 1]) for at, label in enumerate(LABELS))
LIMIT = 50.0
TRAFFIC = np.array(
    [6, 4, 3, 3, 5, 18, 60, 150, 170, 110, 90, 95, 105, 110, 130, 175, 190, 150, 100, 70, 50, 35, 22, 12]
)
Sampler = Callable[[int], np.ndarray]


def statistics(v: np.ndarray, *, days: int, limit: float | None = LIMIT, verdict: str | None = "assess") -> Statistics:
    n = int(v.size)
    if not n:
        return Statistics(
            0, *(None,) * 8, limit, None, None, None, None, None,
            VerdictDetail(limit, 55.0, 60.0, None, "fewer_than_100_vehicles"), {}, None,
            LeastSample(2.0, None, None), {},
        )  # fmt: skip
    q = {p: float(np.percentile(v, p)) for p in (15, 50, 85, 95, 98)}
    over = v[v > limit] if limit is not None else v[:0]
    half = 0.8 if days >= 3 else None
    reason = None if half else "fewer_than_3_full_days"
    low, high = (q[85] - half, q[85] + half) if half else (None, None)
    bands = tuple(
        Band(a, b, int(k), k / n)
        for a, b in ((0.0, 10.0), (10.0, 20.0), (20.0, 30.0), (30.0, None))
        for k in [float(((over - (limit or 0) > a) & (over - (limit or 0) <= (b or 999))).sum())]
    )
    detail = VerdictDetail(limit, limit * 1.1, limit * 1.2, "interval" if half else "point",
                           "interval_spans_threshold" if verdict == "uncertain" else None) if limit else (
        VerdictDetail(None, None, None, None, "no_single_limit"))  # fmt: skip
    return Statistics(
        n=n, mean_kmh=float(v.mean()), s_kmh=float(v.std(ddof=1)), v15_kmh=q[15], v50_kmh=q[50], v85_kmh=q[85],
        v95_kmh=q[95], v98_kmh=q[98], max_kmh=float(v.max()), limit_kmh=limit,
        pace=Pace(43.0, 53.0, int(((v >= 43) & (v < 53)).sum()), float(((v >= 43) & (v < 53)).mean())),
        over_limit=OverLimit(int(over.size), over.size / n, int((v > 1.3 * (limit or 999)).sum()),
                             float((v > 1.3 * (limit or 999)).mean())) if limit else None,
        bands=bands if limit else None, mean_over_kmh=float(over.mean()) if over.size else None,
        verdict=verdict if limit else None, verdict_detail=detail,
        intervals={"v85_kmh": Interval(low, high, half, 0.3 if half else None, float(days - 1) if half else None, days,
                                       0.95, "delete_one_day_jackknife", reason)},
        calibration_kmh=q[85] * 0.0127, least_sample=LeastSample(2.0, 43, 28),
        methods={"percentiles": "linear", "pace": "sliding_1_kmh_half_open_ties_lower", "over_limit": "strictly_more",
                 "verdict": "v85_over_limit_hedensted", "intervals": "delete_one_day_jackknife"},
    )  # fmt: skip


def cell(v: np.ndarray | None, total: int, kind: type = Cell, **more: object) -> Cell:
    if v is None:
        return kind(n=None, **more)
    counts = tuple(int(k) for k in np.histogram(v, EDGES)[0])
    if v.size < 2:
        return kind(n=int(v.size), share=v.size / max(total, 1), bins=counts, **more)
    q = [float(np.percentile(v, p)) for p in (15, 50, 85, 95)]
    over = int((v > LIMIT).sum())
    return kind(
        int(v.size), v.size / total, counts, float(v.mean()), *q, over, over / v.size, bool(v.size < 50), **more
    )


def radar(
    *, days: int = 7, directions: tuple[str, ...] = ("toward", "away"), scale: float = 1.0, mean: float = 46.0,
    limit: float | None = LIMIT, verdict: str | None = "ok", unwatched: tuple[int, ...] = (), times: bool = True,
    first: date = date(2026, 11, 2), site: Site | None = None, seed: int = 1, expired: bool = False,
) -> SpeedReport:  # fmt: skip
    """A radar's report."""
    rng = np.random.default_rng(seed)
    dates = [first + timedelta(days=at) for at in range(days)]
    samples: dict[tuple[int, int, str], np.ndarray] = {}
    for at, day in enumerate(dates):
        for hour in range(24):
            factor = 0.65 if day.isoweekday() > 5 else 1.0
            for name in directions:
                n = 0 if hour in unwatched else int(rng.poisson(TRAFFIC[hour] * factor * scale / len(directions)))
                samples[at, hour, name] = rng.normal(mean + (3 if hour < 6 else 0), 7.0, n).clip(8, 118)

    def pick(at: int | None = None, hour: int | None = None, name: str | None = None) -> np.ndarray:
        found = [v for (a, h, d), v in samples.items()
                 if at in (None, a) and hour in (None, h) and name in (None, d)]  # fmt: skip
        return np.concatenate(found) if found else np.zeros(0)

    whole = pick()
    named = directions if len(directions) > 1 or directions != ("all",) else ()
    hours = tuple(
        cell(None if h in unwatched else pick(hour=h), whole.size, HourRow, hour=h,
             n_per_day=None if h in unwatched else pick(hour=h).size / days,
             directions={d: cell(None if h in unwatched else pick(hour=h, name=d), whole.size) for d in named})
        for h in range(24)
    )  # fmt: skip
    rows = tuple(
        cell(pick(at), whole.size, DayRow, date=day, weekday=day.isoweekday(),
             holiday="Juledag" if (day.month, day.day) == (12, 25) else None, length_h=24.0, coverage=0.998,
             full=0 < at < days - 1 or days > 7, left_out=None if 0 < at < days - 1 or days > 7 else "outside_survey",
             directions={})
        for at, day in enumerate(dates)
    )  # fmt: skip
    edges = np.arange(0.0, 131.0)
    histogram = Histogram(1.0, tuple(edges[:-1]), tuple(edges[1:]),
                          tuple(int(k) for k in np.histogram(whole, edges)[0]),
                          {d: tuple(int(k) for k in np.histogram(pick(name=d), edges)[0]) for d in named})  # fmt: skip
    per_day = whole.size / max(days, 1)
    none = Traffic("jdt", None, reason="no_full_days")
    volumes = Volumes(
        Traffic("average_day_of_period", per_day, 0.08, per_day * 0.92, per_day * 1.08, days, None, None, "mean"),
        Traffic("hdt", per_day * 1.1, days=days), none, per_day * 0.78, per_day * 0.92, per_day * 0.97, per_day,
        PeakHour(8, 172.4, 0.91), PeakHour(16, 191.2, 0.88),
    ) if whole.size else Volumes(none, replace(none, name="hdt"), none, *(None,) * 6)  # fmt: skip
    week = tuple(
        WeekCell(day.isoweekday(), h, None if h in unwatched else pick(at, h).size,
                 None if h in unwatched else float(pick(at, h).size), None, True)
        for at, day in enumerate(dates[:7]) for h in range(24)
    )  # fmt: skip
    found = statistics(whole, days=days, limit=limit, verdict=verdict)
    if whole.size:
        found = replace(found, free_flow=statistics(whole[::2], days=days, limit=limit, verdict=verdict))
    return SpeedReport(
        title="Speed report", software=Software("bypuls", "0.1.0"),
        site=site or Site("Måløv Hovedgade 32", "maalov-hovedgade", "local_urban", True, 2, 55.74812, 12.31877, None,
                          None, (Intervention(date(2026, 11, 5), "hump", "To bump ved skolen"),)),
        period=Period("Europe/Copenhagen", f"{dates[0]}T00:00:00+01:00" if times else None,
                      f"{dates[-1]}T23:59:59+01:00" if times else None, dates[0] if times else None,
                      dates[-1] if times else None, days if times else 0, max(days - 2, 0) if times else 0,
                      {str(d): sum(x.isoweekday() == d for x in dates) for d in range(1, 8)} if times else {}, 0.998),
        limits=(Limit("both", limit, date(2019, 5, 1)),) if limit else (),
        sensors=(Sensor("radar-0042", "OPS243-A, mast 12", 20.0, 2.0, "Referencekørsel med GPS, 40 og 60 km/h",
                        date(2025, 11, 1), date(2026, 11, 1) if expired else date(2027, 11, 1), expired, 0.0127,
                        812, 805),),
        surveyor="Ballerup Kommune, Vej og Park",
        statistics=ByDirection(found, {d: statistics(pick(name=d), days=days, limit=limit, verdict=verdict)
                                       for d in named}),
        speed_bins=BINS, hours=hours if times else (), days=rows if times else (),
        day_groups={
            "working_days": cell(np.concatenate([pick(at) for at, d in enumerate(dates) if d.isoweekday() < 6] or
                                                [np.zeros(0)]), max(whole.size, 1), DayGroup, days=5,
                                 n_per_full_day=per_day),
            "other_days": cell(np.concatenate([pick(at) for at, d in enumerate(dates) if d.isoweekday() > 5] or
                                              [np.zeros(0)]), max(whole.size, 1), DayGroup, days=2,
                               n_per_full_day=None),
        } if times and whole.size else {},
        week=week if times else (), volumes=VolumesByDirection(volumes, dict.fromkeys(named, volumes)),
        classes=(LengthClass("car", 0.0, 6.0, 9000, 0.91, 55.2), LengthClass("truck", 6.0, None, 890, 0.09, 51.0)),
        histogram=histogram,
        quality=Quality(int(whole.size) + 17, int(whole.size),
                        {"unparsable": 3, "impossible_speed": 2, "duplicate": 12, "ambiguous_time": 0,
                         "outside_period": 0},
                        4, {"unparsable": ("118", "2040", "2041"), "impossible_speed": ("77", "5120")}, 6, 1, 0,
                        1.0, 250.0,
                        True, ("radar.csv",)),
        comparison=None, intervention=None, methods={"interval": "delete_one_day_jackknife"},
    )  # fmt: skip


def change(before: float, after: float, conclusion: str | None = "decrease") -> Change:
    return Change(before, after, after - before, 0.4, 11.2, after - before - 0.9, after - before + 0.9,
                  "welch_satterthwaite", conclusion)  # fmt: skip


def compared(*, controls: int = 1, refused: bool = False) -> SpeedReport:
    """Before and after humps."""
    before, after = radar(mean=52.0, first=date(2026, 9, 7), seed=3, verdict="assess"), radar(mean=45.0, seed=4)
    v0, v1 = before.statistics.all, after.statistics.all
    changes: Mapping[str, Change] = {
        "mean_kmh": change(v0.mean_kmh or 0, v1.mean_kmh or 0), "v85_kmh": change(v0.v85_kmh or 0, v1.v85_kmh or 0),
        "over_limit_share": change(0.61, 0.38, "decrease"),
    }  # fmt: skip
    part = Compared(before.period.first_day, before.period.last_day, v0.n, 7, 7, v0)
    next_part = Compared(after.period.first_day, after.period.last_day, v1.n, 7, 7, v1)
    control = Control("Ballerup Byvej (kontrol)", part, part, {"v85_kmh": change(54.0, 54.3, "no_clear_change")})
    hours = tuple(
        ComparedHour(h, 40 + h, 60 if h > 4 else None, 55.0, 51.0 if h > 4 else None, h < 6) for h in range(24)
    )
    comparison = Comparison(
        refused, ("fewer_than_100_vehicles",) if refused else (),
        "difference_of_differences" if controls else "association",
        part, next_part, "weekday", (date(2026, 9, 7),), {} if refused else changes,
        (control,) * controls if not refused else (), {} if refused else changes,
        None if refused else Independent("vehicles_taken_as_independent", -31.2, 15231.1, 1e-12, 91234567.0,
                                               0.0312),
        () if refused else (
            Estimate("injury_accidents", "share", -0.092, -0.14, -0.05, "elvik_2009_urban_residential",
                     "Elvik 2009", 1.2),
            Estimate("noise_lden", "dB", -0.6, None, None, "nord2000_speed_steps", "Miljøstyrelsen 2010"),
        ),
        ("regression_to_the_mean",), hours, {"before": before.histogram, "after": after.histogram},
    )  # fmt: skip
    return replace(after, comparison=comparison, intervention=Intervention(date(2026, 10, 15), "hump", "To bump"))


HOSTILE = (
    "=cmd|'/c calc'!A0 #set page(width: 1pt) $x^2$ \\ @ref *b* _i_ <script>alert(1)</script> [x] \u202e{{7*7}} "
    + "W" * 90
)

SHAPES: Mapping[str, Callable[[], SpeedReport]] = {
    "week": radar,
    "month": lambda: radar(
        days=31, directions=("mod Ballerup centrum", "mod Måløv station"), unwatched=(2, 3), expired=True
    ),
    "one_day": lambda: radar(days=1, verdict="ok"),
    "one_direction": lambda: radar(directions=("all",), verdict="measures", mean=56.0),
    "no_times": lambda: radar(times=False, days=2),
    "no_limit": lambda: radar(limit=None),
    "empty": lambda: radar(scale=0.0, verdict=None),
    "uncertain": lambda: radar(mean=47.9, verdict="uncertain"),
    "comparison": compared,
    "association": lambda: compared(controls=0),
    "refused": lambda: compared(refused=True),
    "hostile": lambda: radar(site=Site(HOSTILE, note=HOSTILE), directions=(HOSTILE, "@x")),
}


@pytest.fixture(scope="session")
def report() -> Callable[[str], SpeedReport]:
    """A made-up report by the name of its shape; each is made once."""
    kept: dict[str, SpeedReport] = {}

    def of(shape: str) -> SpeedReport:
        if shape not in kept:
            kept[shape] = SHAPES[shape]()
        return kept[shape]

    return of


@pytest.fixture(scope="session")
def made(report: Callable[[str], SpeedReport]) -> Callable[[str, str, str], bytes]:
    """A file by form, shape and language; each is made once."""
    renders = {"pdf": pdf.render, "xlsx": xlsx.render, "html": html.render}

    @cache
    def of(form: str, shape: str, lang: str) -> bytes:
        return renders[form](report(shape), lang)

    return of


@pytest.fixture(scope="session")
def shapes() -> tuple[str, ...]:
    """Names of all shapes."""
    return tuple(SHAPES)


@pytest.fixture(scope="session")
def hostile() -> str:
    """A name that means something to every format."""
    return HOSTILE
