"""Words for the identifiers of an energy report: reasons, findings, kinds, notes. An identifier without words is shown
as it is, so that nothing is left out; a test holds the identifiers to this list."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bypuls.api.reports.energy.model import EnergyReport, HourlyModel, Reason
from bypuls.api.reports.energy.render.words import Words


def N_(message: str) -> str:  # noqa: N802 - the name by which gettext's tools find texts
    """Marks a text for translation."""
    return message


# {0}, {1} … are the numbers of what was found, {found} is all of it.
REASONS: Mapping[str, str] = {
    "periods": N_("No baseline and reporting period were named, so no saving was computed."),
    "resolution": N_("The values are monthly; a model of days needs daily values or finer ones."),
    "baseline length": N_("The baseline is {0} days long; at least 365 are needed."),
    "baseline days": N_("{0} of the baseline's {1} days are missing; at most 37 may be."),
    "baseline coverage": N_("Only {0} % of the baseline's days is measured; at least 90 % is needed."),
    "reporting length": N_("The reporting period is {0} days long; 30 to 1,826 are needed."),
    "reporting coverage": N_("Only {0} of the reporting period's {1} days can be compared; 90 % are needed."),
    "model": N_("No model fits the baseline: too few days with use and temperature."),
    "scatter": N_("The model is useless: its scatter is too large ({found})."),
    "autocorrelation": N_(
        "The baseline's {0} days are worth only {1} independent ones; that is too few for an interval."
    ),
    "modelled use": N_("The model expects no use in the reporting period, so nothing can be saved."),
    "non-routine event": N_("Something beside the measure changed the use, and its effect is unknown: {found}."),
    "normal year": N_("There is no normal year: the weather files hold fewer than 10 whole years."),
    "twelve months": N_("No twelve whole months can be corrected: {0} days are too few, or without a value."),
    "independent share": N_(
        "The share that the weather doesn't move is unknown: summer doesn't measure it, and the building's use was not "
        "named."
    ),
    "not comparable": N_("Actual and normal degree days are not of one station, base and rule: {found}."),
    "interval": N_("OpenDSM states no interval for this saving."),
    "hours alike": N_("OpenDSM finds nothing that the use of an hour depends on, neither temperature nor time."),
    # OpenDSM's own names.
    "eemeter.sufficiency_criteria.no_data": N_("No hour of the baseline or of the reporting period is known."),
    "eemeter.sufficiency_criteria.incorrect_number_of_total_days": N_(
        "The baseline is {0} days long; OpenDSM takes 329 to 366."
    ),
    "eemeter.sufficiency_criteria.negative_observed_values": N_("{0} hours are below zero; OpenDSM takes none."),
    "eemeter.sufficiency_criteria.too_many_days_with_missing_temperature_data": N_(
        "The temperatures amount to {0} of {1} days; OpenDSM needs 90 %."
    ),
    "eemeter.sufficiency_criteria.too_many_days_with_missing_observed_data": N_(
        "The measured hours amount to {0} of {1} days; OpenDSM needs 90 %."
    ),
    "eemeter.sufficiency_criteria.too_many_days_with_missing_joint_data": N_(
        "The hours with use and temperature amount to {0} of {1} days; OpenDSM needs 90 %."
    ),
    "eemeter.sufficiency_criteria.missing_monthly_temperature_data": N_(
        "In one month only {0} % of the temperatures are known; OpenDSM needs 90 %."
    ),
    "eemeter.sufficiency_criteria.missing_monthly_observed_data": N_(
        "In one month only {0} % of the hours are measured; OpenDSM needs 90 %."
    ),
    "eemeter.model_fit_metrics": N_("OpenDSM finds its model useless: its scatter is too large ({found})."),
    # What OpenDSM remarks without refusing.
    "eemeter.sufficiency_criteria.extreme_values_detected": N_(
        "{0} hours of the baseline lie beyond three interquartile ranges; have a look at them."
    ),
    "eemeter.data_quality.utc_index": N_("The hours are those of UTC, not of the building's own clock (--tz)."),
}

FINDINGS: Mapping[str, str] = {
    "unparsable": N_("could not be read"),
    "nonexistent_time": N_("a local time that the clock skips"),
    "duplicate": N_("the same moment once more"),
    "contradicting": N_("the same moment with another value"),
    "filtered": N_("other lines than those asked for"),
    "out_of_order": N_("out of order, sorted"),
    "time_told_by_order": N_("in the doubled hour of autumn, told apart by their order"),
    "missing_value": N_("without a value"),
    "negative": N_("below zero"),
    "zero_for_missing": N_("zeros that stand for missing values"),
    "zero": N_("zeros that were taken as real"),
    "unit_jump": N_("a jump of the unit (about a thousand times)"),
    "spike": N_("impossibly high"),
    "stuck": N_("standing still: the same value for a day or longer"),
    "gap": N_("gaps without any value"),
    "reset": N_("resets of the register"),
    "impossible_rise": N_("impossible rises of the register"),
    "day_scaled_up": N_("with holes, scaled up for the model"),
    "day_below_half": N_("less than half measured"),
    "day_without_temperature": N_("without a temperature"),
}

COUNTED: Mapping[str, str] = {
    "lines": N_("lines"),
    "intervals": N_("intervals"),
    "days": N_("days"),
    "stretches": N_("stretches"),
}

NOTES: Mapping[str, str] = {
    "timezone_assumed": N_("The times name no zone; they were read as local time of Europe/Copenhagen (--tz)."),
    "clock_skips_times": N_("Some times don't exist on that zone's clock; perhaps they are UTC (--tz UTC)."),
    "unit_assumed": N_("The file names no unit; the values were taken as kWh (--unit)."),
    "medium_assumed": N_("The file doesn't say what is measured; it was taken as heat (--medium)."),
    "temperature_unit_assumed": N_("The weather file names no unit; the temperatures were taken as °C."),
    "register_found_out": N_("The values never fall, so they were read as a cumulative register (--interval)."),
    "not_significant": N_("The interval contains zero: the saving can't be told from chance."),
    "outside_temperatures": N_("Some reporting days were colder or warmer than any of the baseline."),
    "other_confidence": N_("The interval is not one of 90 %."),
    "months_spread": N_("Monthly values are spread evenly over their days."),
}

KINDS: Mapping[str, str] = {
    "1P": N_("constant, whatever the weather"),
    "2P": N_("a straight line"),
    "3PH": N_("heated below a balance temperature"),
    "3PC": N_("cooled above a balance temperature"),
    "4P": N_("two slopes that meet"),
    "5P": N_("heated below one, cooled above another balance temperature"),
}

MEDIA: Mapping[str, str] = {"electricity": N_("electricity"), "heat": N_("heat"), "gas": N_("gas")}
STEPS: Mapping[str, str] = {"interval": N_("every {minutes} minutes"), "day": N_("daily"), "month": N_("monthly")}
DAY_TYPES: Mapping[int | None, str] = {
    None: N_("all days"),
    0: N_("working days"),
    1: N_("weekends and public holidays"),
}
RULES: Mapping[str, str] = {"all year": N_("all year"), "season": N_("heating season")}
SOURCES: Mapping[str, str] = {
    "summer": N_("measured in summer"),
    "as given": N_("as given"),
    "own": N_("mean of the weather file's whole years"),
    "housing": N_("usual for housing"),
    "office": N_("usual for offices"),
    "culture": N_("usual for culture"),
    "education": N_("usual for education"),
    "hospital": N_("usual for hospitals"),
    "day-care": N_("usual for day-care"),
    "sports": N_("usual for sports"),
}

_NUMBERS = re.compile(r"\d+(?:\.\d+)?")


def expected_by(report: EnergyReport, words: Words) -> str:
    """What the modelled use is called."""
    hourly = isinstance(report.model, HourlyModel)
    return words("expected by the hourly model") if hourly else words("expected by the signature")


def named(found: Mapping[str, str], code: str, words: Words) -> str:
    """The words of an identifier; the identifier where there are none."""
    return words(found[code]) if code in found else code


def sentence(reason: Reason, words: Words) -> str:
    """A reason as a sentence, with the numbers that were found."""
    text = REASONS.get(reason.code)
    if text is None:
        return str(reason)
    told = [words.num(float(n), 1 if "." in n else 0) for n in _NUMBERS.findall(reason.found)]
    wanted = len(set(re.findall(r"\{\d\}", text)))
    if len(told) < wanted:
        return str(reason)
    return words(text).format(*told, found=reason.found)
