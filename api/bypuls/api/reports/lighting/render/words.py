"""The lighting reports' texts, and how times are told."""

from __future__ import annotations

from datetime import datetime

from bypuls.api.reports.layout import words
from bypuls.api.reports.layout.words import DASH, NBSP


class Words(words.Words):
    """Texts, numbers, dates and moments in Danish or English."""

    catalogue = ("bypuls.api.reports.lighting.render", "lighting")

    def moment(self, iso: str | None) -> str:
        """Date and local time of day; None is a dash."""
        if iso is None:
            return DASH
        at = datetime.fromisoformat(iso)
        clock = f"{at:%H.%M}" if self.lang == "da" else f"{at:%H:%M}"
        return f"{self.day(at.date())}{NBSP}{clock}"

    def hours(self, value: float) -> str:
        """Hours with their unit."""
        unit = self("h")
        return f"{self.num(value, 0 if value >= 100.0 else 1)}{NBSP}{unit}"

    def minutes(self, value: float | None, *, signed: bool = True) -> str:
        """Minutes with their unit; None is a dash."""
        return DASH if value is None else f"{self.num(value, signed=signed)}{NBSP}min"

    def fault(self, name: str) -> str:
        """What a TALQ name stands for."""
        known = {
            "lampFailure": self("Lamps out"),
            "lampUnexpectedOn": self("Lamps lit by day"),
            "supplyLoss": self("No supply"),
            "cyclingFailure": self("A lamp goes on and off"),
        }
        return known.get(name, name)

    def note(self, key: str) -> str:
        """What the reader should know."""
        known = {
            "start_found_from_sun": self(
                "The file has no times. Its beginning was found from the sun, to some days; the year is a guess."
            ),
            "lamps_unknown": self(
                "Neither the number of lamps nor their wattage was told: steps are found, but not how many lamps they "
                "are."
            ),
            "few_lamps_not_detectable": self(
                "So few lamps as below the detectable number can't be found from this meter."
            ),
            "less_power_than_told": self(
                "At full level the cabinet draws much less than number of lamps times wattage: some may have been out "
                "all the time."
            ),
            "switching_far_from_twilight": self(
                "As a rule the lamps switch more than three quarters of an hour away from civil twilight: the place, "
                "the zone of the times or the cabinet's clock may be wrong, and with it the faults at the ends of the "
                "nights."
            ),
            "faults_not_sure": self(
                "Where the lamps don't switch by the sun, no fault is told as sure: no supply and lamps lit by day for "
                "less than a day are left out, others have a confidence of 50\u00a0% at most."
            ),
            "too_few_nights_for_steps": self(
                "So few nights that it is unknown whether lamps are out: power of four nights is needed to tell."
            ),
            "intervals_mixed": self(
                "The rows aren't evenly spaced: each counts up to its neighbour, for an hour at most; after a longer "
                "gap for as long as is usual around it."
            ),
            "much_missing": self("More than a tenth of the readings is missing."),
        }
        return known.get(key, key)
