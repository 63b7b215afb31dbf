"""Words for the identifiers of a report: verdicts, reasons, methods, kinds. An identifier without words is shown as
it is, so that nothing is left out; a test holds those of real reports to this list."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bypuls.api.reports.layout.cells import Mark, clean
from bypuls.api.reports.speed.render.words import Words

HEADING_LENGTH = 40


def N_(message: str) -> str:  # noqa: N802 - the name by which gettext's tools find texts
    """Marks a text for translation."""
    return message


VERDICTS: Mapping[str | None, tuple[str, Mark]] = {
    "ok": (N_("No action called for"), "good"),
    "assess": (N_("Assess"), "warn"),
    "measures": (N_("Measures called for"), "bad"),
    "uncertain": (N_("Uncertain"), "warn"),
    None: (N_("No verdict"), "soft"),
}

VERDICT_SENTENCES: Mapping[str, str] = {
    "ok": N_("V85 is not more than {assess_share} over the limit (at most {assess})."),
    "assess": N_("V85 is more than {assess_share} over the limit (above {assess}): the speeds are to be assessed."),
    "measures": N_("V85 is more than {measures_share} over the limit (above {measures}): measures are called for."),
}
# The registry takes any word; these have a Danish one.
ROAD_CLASSES: Mapping[str, str] = {
    "motorway": N_("motorway"),
    "arterial": N_("arterial road"),
    "distributor": N_("distributor road"),
    "local": N_("local road"),
}

WINDS = (
    N_("north"), N_("north-east"), N_("east"), N_("south-east"), N_("south"), N_("south-west"), N_("west"),
    N_("north-west"),
)  # fmt: skip

NAMES: Mapping[str, str] = {
    # Reasons
    "fewer_than_100_vehicles": N_("fewer than 100 vehicles"),
    "before_fewer_than_100_vehicles": N_("fewer than 100 vehicles before"),
    "after_fewer_than_100_vehicles": N_("fewer than 100 vehicles after"),
    "before_fewer_than_3_full_days": N_("fewer than 3 full days before"),
    "after_fewer_than_3_full_days": N_("fewer than 3 full days after"),
    "before_no_times": N_("the data before carry no times"),
    "after_no_times": N_("the data after carry no times"),
    "too_few_vehicles": N_("too few vehicles"),
    "no lamp reports here": N_("no lamp reports here"),
    "the site has no position": N_("the registry has no position of the street, so its darkness isn't known"),
    "no vehicles in free flow": N_("no vehicles in free flow"),
    "the nights don't get dark": N_("the nights don't get dark"),
    "no hour of darkness with both": N_("there is no hour of darkness with both vehicles and levels of the lamps"),
    "not identifiable: one level": N_("the lamps burnt at one level only"),
    "not identifiable: never apart": N_(
        "not identifiable, since the light changed at the same hours every night: hour and light can't be told apart"
    ),
    "not identifiable: too few days": N_("the levels shared an hour on fewer than three nights"),
    "no_single_limit": N_("no single posted limit is known for the period"),
    "v85_unknown": N_("V85 is unknown"),
    "interval_spans_threshold": N_("the interval of V85 spans a threshold, so the days measured can't tell"),
    "fewer_than_3_full_days": N_("fewer than 3 full days"),
    "no_full_days": N_("no full days"),
    "no_times": N_("the data carry no times"),
    "no_limit": N_("no posted limit is known"),
    "unknown_figure": N_("the figure is unknown"),
    "full_day_without_vehicles": N_("a full day without vehicles"),
    "a_weekday_is_missing": N_("not every weekday was measured"),
    "different_kinds_of_data": N_("single vehicles in one period, classes of speed in the other"),
    "hours_not_watched": N_("hours in which nobody watched"),
    "no_common_weekdays": N_("too few days of the same kind in both periods"),
    "no_expansion_factors": N_("no expansion factors for this kind of traffic"),
    "no_factor_hours_to_day": N_("no expansion factor for the hours that were counted"),
    "no_factor_day_to_week": N_("no expansion factor for the weekdays that were counted"),
    "no_factor_week_to_year": N_("no expansion factor for the weeks that were counted"),
    "fewer_than_3_intervals": N_("fewer than 3 intervals"),
    "nothing_counted_by_hand": N_("nothing was counted by hand"),
    "all_intervals_alike": N_("all intervals alike"),
    "commuter": N_("commuter traffic"),
    "local": N_("local traffic"),
    "regional": N_("regional traffic"),
    "long_distance": N_("long-distance traffic"),
    "some_holiday": N_("some holiday traffic"),
    "much_holiday": N_("much holiday traffic"),
    "holiday_cottages": N_("traffic to holiday cottages"),
    "no_full_day": N_("no full day"),
    "no_counterpart": N_("no days of the same kind in both periods"),
    "open_class": N_("the figure lies in the open top class"),
    "in_open_class": N_("the figure lies in the open top class"),
    "no_vehicles": N_("no vehicles"),
    "outside_survey": N_("the survey began or ended on this day"),
    "gap": N_("a gap in the data"),
    "low_coverage": N_("watched for less than 95 % of the day"),
    # Dropped lines
    "unparsable": N_("could not be read"),
    "impossible_speed": N_("impossible speed"),
    "duplicate": N_("the same line once more"),
    "ambiguous_time": N_("a local time that exists twice"),
    "without_speed": N_("without a speed"),
    "filtered": N_("filtered out"),
    "nonexistent_time": N_("a local time that doesn't exist"),
    "outside_period": N_("outside the period asked for"),
    # Comparisons
    "difference_of_differences": N_("difference of differences"),
    "association": N_("association, without control sites"),
    "weekday": N_("by weekday"),
    "working_day": N_("by working days and other days"),
    "increase": N_("increase"),
    "decrease": N_("decrease"),
    "no_clear_change": N_("no clear change"),
    "regression_to_the_mean": N_(
        "A site that was chosen for its high speeds tends to show lower ones the next time, without any measure "
        "(regression to the mean). Only control sites chosen in the same way tell the two apart."
    ),
    "limit_changed": N_("The posted limit was not the same in both periods."),
    "no_control_site": N_("Without control sites, whatever else changed between the periods is part of the change."),
    "vehicles_taken_as_independent": N_("vehicles taken as independent"),
    # Figures
    "mean_kmh": N_("Mean speed"),
    "v15_kmh": "V15",
    "v50_kmh": "V50",
    "v85_kmh": "V85",
    "v95_kmh": "V95",
    "v98_kmh": "V98",
    "over_limit_share": N_("Share over the limit"),
    "percentiles": N_("Percentiles"),
    "pace": N_("Pace"),
    "over_limit": N_("Over the limit"),
    "interval": N_("Intervals"),
    "intervals": N_("Intervals"),
    "comparison": N_("Comparison"),
    "verdict": N_("Verdict"),
    "vehicles_per_day": N_("Vehicles per day"),
    "sum": N_("sum of the speeds by their number"),
    # Volumes
    "aadt": N_("AADT (annual average day)"),
    "average_day_of_period": N_("Average day of the period"),
    "hdt": N_("Average working day outside June–August (HDT)"),
    "jdt": N_("Average day in July (JDT)"),
    "working_days": N_("Working days"),
    "other_days": N_("Weekends and public holidays"),
    "weekend": N_("Weekends and public holidays"),
    "weekends": N_("Weekends and public holidays"),
    "weekdays": N_("Working days"),
    # Estimates
    "injury_accidents": N_("Injury accidents"),
    "fatal_accidents": N_("Fatal accidents"),
    "noise_lden": N_("Noise, Lden"),
    "elvik_2009_urban_residential": N_("Power model, urban and residential roads (Elvik 2009)"),
    "nord2000_speed_steps": N_("Nord2000, steps of speed"),
    # Methods: what for
    "days_left_out": N_("Days left out"),
    "free_flow": N_("Free flow"),
    "least_sample": N_("Vehicles needed"),
    "hourly_bins": N_("Bins of the hourly table"),
    "histogram": N_("Histogram"),
    "volumes": N_("Volumes"),
    "average_day": N_("Average day"),
    "peak_hour": N_("Peak hour"),
    "percentile": N_("Percentiles"),
    "mean": N_("Mean speed"),
    "bands": N_("Bands over the limit"),
    "quality": N_("Data"),
    "injuries": N_("Injuries"),
    "noise": N_("Noise"),
    "morning_peak": N_("Morning peak"),
    "evening_peak": N_("Evening peak"),
    "aadt_uncertainty": N_("Uncertainty of AADT"),
    # Methods: which
    "linear": N_("linear between single speeds (numpy ‘linear’)"),
    "inverted_cdf": N_("the observed speed at which the share is reached (‘inverted_cdf’)"),
    "class_interpolated": N_("linear inside the speed class, with its true boundaries"),
    "interpolated_inverted_cdf": N_("linear between the observed speeds of the cumulative distribution"),
    "averaged_inverted_cdf": N_("averaged at steps of the cumulative distribution"),
    "closest_observation": N_("closest observed speed"),
    "hazen": "Hazen",
    "weibull": "Weibull",
    "median_unbiased": N_("median-unbiased"),
    "normal_unbiased": N_("normal-unbiased"),
    "class_middles": N_("from the middles of the classes"),
    "whole_classes": N_("by whole classes"),
    "sliding_1_kmh_half_open_ties_lower": N_("window that slides by 1 km/h, upper end excluded, ties to the lower"),
    "strictly_more": N_("strictly more than the limit"),
    "strictly_more_interpolated": N_("strictly more than the limit, interpolated inside the class"),
    "v85_over_limit_hedensted": N_(
        "V85 over the limit: more than 10 % assess, more than 20 % measures (practice of Hedensted Kommune)"
    ),
    "delete_one_day_jackknife": N_("day by day: delete-one-day jackknife, Student's t of days − 1, 95 %"),
    "day_jackknife_welch_satterthwaite": N_("day jackknife in both periods, Welch–Satterthwaite degrees of freedom"),
    "difference_of_differences_day_jackknife_welch_satterthwaite": N_(
        "difference of differences, day jackknife in all cells, Welch–Satterthwaite degrees of freedom"
    ),
    "iowa_tr_455": N_("N = S²z²(2 + U²)/(2E²), Iowa TR-455"),
    "lower_exclusive_upper_inclusive": N_("lower boundary excluded, upper boundary included"),
    "mean_of_full_days": N_("mean of the full days"),
    "mean_of_july": N_("mean of the days of July"),
    "mean_of_year": N_("mean of the days of the year"),
    "counts_times_factors": N_("counts times the factors to the day, the week and the year"),
    "mean_of_weekdays_times_factor": N_("mean of the weekdays, times the factor from week to year"),
    "mean_of_working_days_outside_june_july_august": N_("mean of the working days outside June, July and August"),
    "working_days_outside_june_july_august_without_public_holidays": N_(
        "working days outside June, July and August, without public holidays"
    ),
    "week_to_year": N_("from the week to the year"),
    "full_days_only_not_scaled": N_("from full days only, not scaled by the time watched"),
    "speeds_outside_bounds_dropped": N_("speeds outside the bounds are dropped"),
    "single_vehicles_and_classes_together": N_("single vehicles and classes of speed together"),
    "weekdays_matched_as_working_days": N_("Days were matched as working days and other days, not by weekday."),
    # Places
    "both": N_("both directions"),
    "toward": N_("toward the sensor"),
    "away": N_("away from the sensor"),
    "unknown": N_("unknown direction"),
    "limit": N_("new limit"),
    "hump": N_("humps"),
    "humps": N_("humps"),
    "sign": N_("sign"),
    "dimming": N_("dimming of street lights"),
}


NOTES: Mapping[str, str] = {
    "no_vehicles": N_("There are no vehicles in the period."),
    "no_times": N_("The data carry no times: there are no hours, days, volumes or intervals."),
    "days_left_out": N_("Some days are left out of volumes and intervals; the table of days says why."),
    "single_vehicles_and_classes_together": N_("The report rests on single vehicles and on classes of speed together."),
    "open_class_above_its_lower_edge": N_(
        "The top class is open: its vehicles are only known to be above its lower boundary."
    ),
    "speeds_outside_bounds_dropped": N_("Speeds outside the bounds are dropped; the table of data says how many."),
    "small_cells_left_out": N_("Cells with few vehicles are left out, so that nobody can be recognised."),
}
HEADWAY = re.compile(r"headway_at_least_([\d.]+)_s")


def noted(identifier: str, words: Words) -> str:
    """A remark of the report as a sentence."""
    return words(NOTES[identifier]) if identifier in NOTES else named(identifier, words)


def named(identifier: str, words: Words) -> str:
    """What an identifier is called."""
    if identifier in NAMES:
        return words(NAMES[identifier])
    if (headway := HEADWAY.fullmatch(identifier)) is not None:
        return words(
            "headway to the vehicle before at least {seconds} s",
            seconds=words.num(float(headway[1]), 0 if float(headway[1]).is_integer() else 1),
        )
    return identifier.replace("_", " ")


def compass(bearing_deg: float, words: Words) -> str:
    """The wind's direction nearest to a bearing, clockwise from north [°]."""
    return words(WINDS[round(bearing_deg / 45.0) % 8])


def road_class(name: str, words: Words) -> str:
    """A class of road in words, where it is one of the usual ones; else as the registry has it."""
    return words(ROAD_CLASSES[name]) if name in ROAD_CLASSES else clean(name.replace("_", " "))


def direction(name: str, words: Words) -> str:
    """A direction as it was named by the user; the sensor's own words are translated."""
    return words(NAMES[name]) if name in ("toward", "away", "both", "unknown") else clean(name)


def heading(name: str, words: Words) -> str:
    """A direction for the head of a column: no longer than fits there."""
    shown = direction(name, words)
    return shown if len(shown) <= HEADING_LENGTH else shown[: HEADING_LENGTH - 1] + "…"


def verdict(level: str | None, words: Words) -> tuple[str, Mark]:
    """The verdict as words, with how it is set off."""
    word, mark = VERDICTS.get(level, (level or "", "soft"))
    return words(word), mark


INSIDE_OTHERS = (N_("EXPIRED"), N_("E"), N_("to"), N_("pp"))
"""Short texts that are used inside composed ones, where gettext's tools don't see them."""
