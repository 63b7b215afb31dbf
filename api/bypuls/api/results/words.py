"""Why a figure is unknown, in both languages: results are read by dashboards of either."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bypuls.api.buildings.reasons import Reason
from bypuls.api.reports.building.words import Words as BuildingWords
from bypuls.api.reports.building.words import sentence
from bypuls.api.reports.layout import words
from bypuls.api.reports.layout.words import LANGUAGES

MOST_REASONS = 3


class Words(words.Words):
    """Texts of results in Danish or English."""

    catalogue = ("bypuls.api.results", "results")

    def medium(self, name: str) -> str:
        """A carrier's name within a sentence."""
        known = {
            "electricity": self("electricity"), "heat": self("district heating"), "gas": self("gas"),
            "water": self("water"), "diesel": self("diesel"), "petrol": self("petrol"),
            "heating-oil": self("heating oil"),
        }  # fmt: skip
        return known.get(name, name)

    def status_reasons(self, view: Mapping[str, Any]) -> list[str]:
        """Why a target has no status; `view` is the target's."""
        last = view["accounts"][-1] if view["accounts"] else None
        found: list[str] = []
        for reason in view["reasons"]:
            match reason["code"]:
                case "emission unknown" if last is not None:
                    found += self._unknown_media(last)
                case "completeness":
                    share = self.share(view["completeness"])
                    found.append(self("Only {share} of the meters' time was measured; 90 % are needed.", share=share))
                case "scope share" if view["scope_share"] is None:
                    found.append(self("Nobody has said how much of the target's scope the meters cover."))
                case "scope share":
                    share = self.share(view["scope_share"])
                    found.append(self("The meters cover {share} of the target's scope; 95 % are needed.", share=share))
                case "years":
                    found.append(self("Fewer than three comparable years are known."))
                case "basis":
                    found.append(self("Baseline and account aren't counted in the same way (gas, method, scope)."))
                case "baseline":
                    found.append(self("The registry has no baseline for this target."))
                case "no account":
                    found.append(self("No finished year is measured yet."))
                case "before baseline":
                    found.append(self("The last finished year lies before the baseline year."))
                case code:
                    found.append(sentence(str(code)))
        return found

    def _unknown_media(self, last: Mapping[str, Any]) -> list[str]:
        """Of the last account, why carriers' tonnes are unknown."""
        found = []
        for name, medium in last["media"].items():
            if medium["emitted_t"] is not None:
                continue
            values = {"medium": self.medium(name), "year": last["year"]}
            if medium["kwh"] is None:
                found.append(self("No {medium} is measured in {year}.", **values))
            else:
                found.append(self("The registry has no usable emission factor for {medium} in {year}.", **values))
        return found

    def unmeasured(self, code: str) -> str:
        """Why a measure's saving isn't stated."""
        little_before = self("Too little is known of the year before.")
        few_days = self("Too few days are known yet.")
        no_model = self("The use before can't be modelled well enough.")
        known = {
            "no meter": self("No meter shows it."),
            "no weather": self("The outdoor temperature isn't measured."),
            "baseline length": little_before, "baseline days": little_before, "baseline coverage": little_before,
            "reporting length": few_days, "reporting coverage": few_days, "pairs": few_days,
            "unit-jump": self("The meter changed its unit."),
            "own generation": self("Nobody measures how much of its own power it uses."),
            "non-routine event": self("Something else changed the use, and nobody knows by how much."),
            "model": no_model, "scatter": no_model, "autocorrelation": no_model, "modelled use": no_model,
            "use before": no_model,
        }  # fmt: skip
        return known.get(code, code)

    def not_comparable(self, code: str) -> str:
        """Why a line of two years can't be compared."""
        known = {
            "not there": self("Not there, or accounted otherwise, in one of the years."),
            "gaps": self("Not measured over nearly the whole of both years."),
            "unknown": self("Its emission isn't known in both years."),
            "unit": self("Measured in different units."),
        }
        return known.get(code, code)

    def no_baseline_year(self, year: int) -> str:
        """Why nothing is said of a change."""
        return self("Nothing of {year} can be compared with the year before.", year=year)


def both(say: Callable[[Words], Iterable[str]]) -> dict[str, str]:
    """The first reasons as fields `reason_en` and `reason_da`, each once."""
    return {f"reason_{lang}": " ".join(list(dict.fromkeys(say(Words(lang))))[:MOST_REASONS]) for lang in LANGUAGES}


def both_of_building(reasons: Iterable[Reason]) -> dict[str, str]:
    """The same of reasons of a building's figures."""
    listed = list(reasons)
    found = {}
    for lang in LANGUAGES:
        said = BuildingWords(lang)
        told = dict.fromkeys(sentence(said.reason(one)) for one in listed)
        found[f"reason_{lang}"] = " ".join(list(told)[:MOST_REASONS])
    return found
