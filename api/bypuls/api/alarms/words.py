"""What an alarm says, in Danish or English: its name, one sentence with its figures, its cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, format_timedelta

from bypuls.api.reports.layout import words
from bypuls.api.reports.layout.words import DASH, NBSP
from bypuls.store.book import Alarm
from bypuls.wire import from_us

Facts: TypeAlias = Mapping[str, Any]


def N(text: str) -> str:  # noqa: N802 - the usual name of a mark for texts
    """Marks a text that is translated later."""
    return text


class AlarmWords(words.Words):
    """Texts of alarms. Raises ValueError for another language than da or en."""

    catalogue = ("bypuls.api.alarms", "alarms")

    def __init__(self, lang: str, zone: ZoneInfo) -> None:
        super().__init__(lang)
        self._zone = zone

    def moment(self, at_us: int | None) -> str:
        """Local day and time; unknown is a dash."""
        if at_us is None:
            return DASH
        pattern = "d. MMM y 'kl.' HH.mm" if self.lang == "da" else "d MMM y HH:mm"
        return str(format_datetime(from_us(at_us).astimezone(self._zone), pattern, locale=self.locale))

    def lasting(self, us: int) -> str:
        """A length of time in its largest unit."""
        return str(format_timedelta(timedelta(microseconds=max(us, 0)), threshold=1.5, locale=self.locale))

    def kind(self, kind: str) -> str:
        """A kind's name."""
        return self(KINDS.get(kind, kind))

    def category(self, name: str) -> str:
        """What a citizen reported."""
        return self(CATEGORIES.get(name, name))

    def word(self, name: str) -> str:
        """A state, severity, domain or action."""
        return self(_WORDS.get(name, name))

    def sentence(self, alarm: Alarm) -> str:
        """What was seen, with its figures."""
        said = self.seen(alarm.kind, alarm.facts)
        members = alarm.facts.get("members_n")
        if members and alarm.kind in _SILENCES:
            said += " " + self.plural("{n} other is silent with it.", "{n} others are silent with it.", members)
        return said

    def seen(self, kind: str, facts: Facts) -> str:
        """The sentence of a kind with these figures; empty where it has none."""
        made = _SENTENCES.get(kind)
        return made(self, facts) if made is not None else ""

    def costs(self, cost: Facts) -> str:
        """What it costs a day, as far as is known; empty where nothing is."""
        found = [
            f"{self.num(cost[name], digits)}{NBSP}{self(unit)}"
            for name, unit, digits in _COSTS
            if cost.get(name) is not None
        ]
        per_day = self("a day")
        return f"{', '.join(found)} {per_day}" if found else ""

    def how(self, cost: Facts) -> str:
        """How the cost was computed, or why it is unknown."""
        basis = cost.get("basis") or {}
        way = _HOW.get(cost.get("how") or "")
        lines = [self(way)] if way is not None else []
        if basis.get("price") is not None:
            unit = self("kr/m³") if basis.get("price_unit") == "dkk_per_m3" else self("kr/kWh")
            lines.append(self("Price: {price} {unit}.", price=self.num(basis["price"], 2), unit=unit))
        if basis.get("factor_kg_per_kwh") is not None:
            lines.append(
                self(
                    "Factor: {factor} kg/kWh ({name}).",
                    factor=self.num(basis["factor_kg_per_kwh"], 3), name=basis.get("factor", ""),
                )
            )  # fmt: skip
        lines += [self(_MISSING[code]) for code in basis.get("missing", ()) if code in _MISSING]
        return " ".join(lines)


_COSTS = (
    ("dkk_per_day", N("kr"), 0), ("kwh_per_day", N("kWh"), 0), ("kg_co2_per_day", N("kg CO₂"), 1),
    ("vehicles_per_day", N("vehicles"), 0),
)  # fmt: skip

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "nothing-arrives": N("Nothing arrives"),
        "device-offline": N("Device offline"),
        "sensor-silent": N("Sensor silent"),
        "meter-silent": N("Meter silent"),
        "radar-silent": N("Radar sees nobody"),
        "outbox-growing": N("Readings wait"),
        "dead-letters-growing": N("Readings are refused"),
        "cloned-card": N("Card copied"),
        "clock-unsynchronised": N("Clock not synchronised"),
        "night-use": N("Use at night"),
        "summer-heating": N("Heating in summer"),
        "water-never-zero": N("Water never stops"),
        "poor-cooling": N("Poor cooling"),
        "return-too-warm": N("Return too warm"),
        "signature-deviation": N("Not as the weather explains"),
        "meter-reset": N("Meter started anew"),
        "unit-jump": N("Meter's unit jumped"),
        "v85-risen": N("Speed has risen"),
        "feeder-out": N("Feeder without power"),
        "lamp-out": N("Lamp out"),
        "lamp-day-burner": N("Lamp burns by day"),
        "lamps-out": N("Lamps of a cabinet out"),
        "lamps-day-burning": N("Lamps of a cabinet burn by day"),
        "cabinet-voltage": N("Voltage of a cabinet"),
        "lamp-fault": N("Fault of a lamp"),
        "cabinet-fault": N("Fault of a cabinet"),
        "off-track": N("Off track"),
    }
)

CATEGORIES: Mapping[str, str] = MappingProxyType(
    {
        "dark": N("It is dark"), "flickering": N("A lamp flickers"), "burns-by-day": N("A lamp burns by day"),
        "damaged": N("A lamp or pole is damaged"), "unsafe": N("The place feels unsafe"),
        "a place": N("A place on the map"),
    }
)  # fmt: skip
"""What citizens report."""

TALQ: Mapping[str, str] = MappingProxyType(
    {
        "lampFailure": N("lamp out"), "lampUnexpectedOn": N("burns by day"), "cyclingFailure": N("goes on and off"),
        "dimmingFailure": N("doesn't follow its level"), "relayFailure": N("relay stuck"),
        "communicationFailure": N("doesn't answer"), "lampPowerTooHigh": N("power too high"),
        "lampPowerTooLow": N("power too low"), "powerFactorTooLow": N("power factor too low"),
        "lampVoltageTooHigh": N("voltage too high"), "lampVoltageTooLow": N("voltage too low"),
        "supplyLoss": N("no supply"), "highTemperature": N("too hot"), "contactorError": N("contactor stuck"),
        "cabinetDoorOpen": N("door open"), "leakageDetected": N("leakage current"),
    }
)  # fmt: skip
"""TALQ's events in plain words."""

_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "open": N("open"), "acknowledged": N("acknowledged"), "unknown": N("unknown"), "closed": N("closed"),
        "critical": N("critical"), "major": N("major"), "minor": N("minor"), "warning": N("warning"),
        "platform": N("platform"), "energy": N("energy"), "traffic": N("traffic"), "lighting": N("street lights"),
        "climate": N("climate"), "opened": N("opened"), "reopened": N("came back"),
        "fell-silent": N("no longer known"), "heard-again": N("known again"), "noted": N("note"),
        "withdrawn": N("no longer asked for by the registry"), "evaluator": N("bypuls"), "registry": N("the registry"),
        "local-user": N("user of this machine"), "waiting": N("waiting"), "sent": N("sent"), "failed": N("failed"),
        "dropped": N("not sent"), "mail": N("mail"), "webhook": N("webhook"), "digest": N("daily digest"),
    }
)  # fmt: skip

_HOW: Mapping[str, str] = MappingProxyType(
    {
        "uncounted": N("Vehicles that go uncounted: the mean of the same weekday in the four weeks before."),
        "night-hours": N("What is used above the base between 00 and 04 alone; other hours may add to it."),
        "above-base": N("The warm days' use above what the building uses on such days otherwise."),
        "least-flow": N("The least flow of the time, taken for the whole day."),
        "tariff": N("The heat of the days × what the tariff adds for each missing degree."),
        "beyond-model": N("Use above what the energy signature expects, as a mean of the days."),
        "over-limit": N("Vehicles over the limit on an average day of the week."),
        "day-burning": N("The lamp's nominal power in the hours of light alone."),
        "above-trajectory": N("The year's emissions above the trajectory, spread over its days."),
    }
)

_MISSING: Mapping[str, str] = MappingProxyType(
    {
        "price": N("The registry has no price for it today: kroner are unknown."),
        "factor": N("The registry has no single emission factor for it today: CO₂ is unknown."),
        "tariff": N("The rule names no tariff for missing cooling: kroner are unknown."),
    }
)


_SILENCES = ("device-offline", "nothing-arrives")


def _silent(words: AlarmWords, facts: Facts) -> str:
    if facts.get("spoke_us") is None:
        return words("Has never been heard.")
    said = words("Silent since {time}: what it measures is unknown.", time=words.moment(facts["spoke_us"]))
    if facts.get("failing"):
        said += " " + words("Its device says that it can't be read.")
    return said


def _radar(words: AlarmWords, facts: Facts) -> str:
    if facts.get("spoke_us") is None:
        return words("Has never been heard.")
    said = words("No vehicle since {time}.", time=words.moment(facts["spoke_us"]))
    if facts.get("expected_n") is not None:
        said += " " + words("Earlier weeks saw {n} in such a time.", n=words.num(facts["expected_n"]))
    return said


def _offline(words: AlarmWords, facts: Facts) -> str:
    if facts.get("spoke_us") is None:
        return words("Has never been heard.")
    return words("Neither the device nor any of its sensors has been heard since {time}.",
                 time=words.moment(facts["spoke_us"]))  # fmt: skip


def _nothing(words: AlarmWords, facts: Facts) -> str:
    if facts.get("spoke_us") is None:
        return words("No reading has ever arrived.")
    return words("No reading of anybody has arrived since {time}: look at the broker and at ingest first.",
                 time=words.moment(facts["spoke_us"]))  # fmt: skip


def _outbox(words: AlarmWords, facts: Facts) -> str:
    return words("{rows} readings wait for a receipt, the oldest for {minutes} min. None is lost.",
                 rows=words.num(facts.get("rows")), minutes=words.num(facts.get("oldest_min")))  # fmt: skip


def _letters(words: AlarmWords, facts: Facts) -> str:
    return words("{n} readings were refused within {minutes} min, from {devices}.",
                 n=words.num(facts.get("letters")), minutes=words.num(facts.get("within_min")),
                 devices=", ".join(facts.get("devices") or [DASH]))  # fmt: skip


def _cloned(words: AlarmWords, facts: Facts) -> str:
    return words("Two devices send under this name, last at {time}: an SD card was copied. Set one up anew, then "
                 "close this alarm.", time=words.moment(facts.get("last_us")))  # fmt: skip


def _clock(words: AlarmWords, _facts: Facts) -> str:
    return words("The device has no trusted time: its readings wait until it has.")


def _night(words: AlarmWords, facts: Facts) -> str:
    return words("The last {n} nights used {now} kW between 00 and 04; the building manages with {base} kW.",
                 n=words.num(facts.get("nights")), now=words.num(facts.get("night_kw"), 1),
                 base=words.num(facts.get("base_kw"), 1))  # fmt: skip


def _summer(words: AlarmWords, facts: Facts) -> str:
    return words("On days of {warm} °C or more it used {now} kWh a day, otherwise {base} kWh on such days.",
                 warm=words.num(facts.get("warm_c")), now=words.num(facts.get("day_kwh")),
                 base=words.num(facts.get("base_kwh")))  # fmt: skip


def _water(words: AlarmWords, facts: Facts) -> str:
    return words("Water has flowed without a pause for {hours} hours, never less than {flow} l/h: a leak or a running "
                 "toilet.", hours=words.num(facts.get("hours")),
                 flow=words.num(facts.get("least_l_h")))  # fmt: skip


def _cooling(words: AlarmWords, facts: Facts) -> str:
    return words("The building cooled its heating water by {cooling} °C over {days} days; {least} °C are expected.",
                 cooling=words.num(facts.get("cooling_k"), 1), days=words.num(facts.get("days")),
                 least=words.num(facts.get("least_k")))  # fmt: skip


def _return(words: AlarmWords, facts: Facts) -> str:
    return words("The water went back at {back} °C over {days} days; {most} °C at most are expected.",
                 back=words.num(facts.get("return_c"), 1), days=words.num(facts.get("days")),
                 most=words.num(facts.get("most_c")))  # fmt: skip


def _signature(words: AlarmWords, facts: Facts) -> str:
    return words("{now} kWh in {days} days, where weather and use explain {expected} ± {interval} kWh.",
                 now=words.num(facts.get("actual_kwh")), days=words.num(facts.get("days")),
                 expected=words.num(facts.get("expected_kwh")),
                 interval=words.num(facts.get("interval_kwh")))  # fmt: skip


def _reset(words: AlarmWords, facts: Facts) -> str:
    return words("Its register dropped or jumped impossibly at {time}: a new meter, a restart or a wrong reading. What "
                 "it counted there is unknown.", time=words.moment(facts.get("at_us")))  # fmt: skip


def _unit(words: AlarmWords, facts: Facts) -> str:
    return words("A day counts {factor} times what it counted before ({now} instead of {before} kWh): probably another "
                 "unit or another transformer ratio.", factor=words.num(facts.get("factor"), 3),
                 now=words.num(facts.get("day_kwh"), 1), before=words.num(facts.get("before_kwh"), 1))  # fmt: skip


def _v85(words: AlarmWords, facts: Facts) -> str:
    return words("V85 of the last week is {now} km/h, above {threshold} km/h; it was {before} km/h in the four weeks "
                 "before.", now=words.num(facts.get("v85_kmh"), 1), threshold=words.num(facts.get("threshold_kmh"), 1),
                 before=words.num(facts.get("before_kmh"), 1))  # fmt: skip


def _off_track(words: AlarmWords, facts: Facts) -> str:
    return words("{year}: {emitted} t, where the trajectory allows {allowed} t.", year=facts.get("year", DASH),
                 emitted=words.num(facts.get("emitted_t")), allowed=words.num(facts.get("allowed_t")))  # fmt: skip


def _feeder(words: AlarmWords, facts: Facts) -> str:
    if facts.get("expected_w") is not None:
        return words("Its meter shows {power} W at night where its lamps should draw {expected} W: look at fuse, "
                     "contactor and supply of the cabinet first.", power=words.num(facts.get("power_w")),
                     expected=words.num(facts["expected_w"]))  # fmt: skip
    return words("{dark} of its {lamps} lamps are known to be dark at night: look at fuse, contactor and supply of the "
                 "cabinet first.", dark=words.num(facts.get("dark_n")),
                 lamps=words.num(facts.get("lamps_n")))  # fmt: skip


def _lamp_out(words: AlarmWords, facts: Facts) -> str:
    return words("The lamp says that it doesn't burn.") if facts.get("said") else words(
        "At night it draws less than a tenth of what it should.")  # fmt: skip


def _lamp_day(words: AlarmWords, facts: Facts) -> str:
    return words("The lamp says that it burns when it shouldn't.") if facts.get("said") else words(
        "It draws more than a fifth of its power in daylight.")  # fmt: skip


def _lamps_out(words: AlarmWords, facts: Facts) -> str:
    lamps, confidence = facts.get("lamps_out"), facts.get("confidence")
    said = words("Lamps are out: the meter of the cabinet draws less at night.") if lamps is None else words.plural(
        "About {n} of its {all} lamps is out: the meter of the cabinet draws less at night.",
        "About {n} of its {all} lamps are out: the meter of the cabinet draws less at night.", lamps,
        all=words.num(facts.get("lamps_n")),
    )  # fmt: skip
    if confidence is not None:
        # Nothing that is inferred is certain.
        said += " " + words("Confidence {percent} %.", percent=words.num(min(99.9, 100.0 * confidence), 1))
    return said


def _lamps_day(words: AlarmWords, facts: Facts) -> str:
    lamps = facts.get("lamps_burning")
    if lamps is None:
        return words("The meter of the cabinet shows that lamps burn in daylight.")
    return words.plural("About {n} lamp burns in daylight, as the meter of the cabinet shows.",
                        "About {n} lamps burn in daylight, as the meter of the cabinet shows.", lamps)  # fmt: skip


def _voltage(words: AlarmWords, facts: Facts) -> str:
    names = ", ".join(words(TALQ.get(one, one)) for one in facts.get("names") or [DASH])
    return words("{n} of its {lamps} lamps tell: {names}. Look at the supply of the cabinet, not at the lamps.",
                 n=words.num(facts.get("lamps_wrong")), lamps=words.num(facts.get("lamps_n")), names=names)  # fmt: skip


def _named(words: AlarmWords, facts: Facts) -> str:
    told = N("Its diagnosis names: {names}.") if facts.get("said", True) else N("What it draws tells: {names}.")
    return words(told, names=", ".join(words(TALQ.get(one, one)) for one in facts.get("names") or [DASH]))  # fmt: skip


_SENTENCES: Mapping[str, Callable[[AlarmWords, Facts], str]] = MappingProxyType(
    {
        "nothing-arrives": _nothing,
        "device-offline": _offline,
        "sensor-silent": _silent,
        "meter-silent": _silent,
        "radar-silent": _radar,
        "outbox-growing": _outbox,
        "dead-letters-growing": _letters,
        "cloned-card": _cloned,
        "clock-unsynchronised": _clock,
        "night-use": _night,
        "summer-heating": _summer,
        "water-never-zero": _water,
        "poor-cooling": _cooling,
        "return-too-warm": _return,
        "signature-deviation": _signature,
        "meter-reset": _reset,
        "unit-jump": _unit,
        "v85-risen": _v85,
        "feeder-out": _feeder,
        "lamp-out": _lamp_out,
        "lamp-day-burner": _lamp_day,
        "lamps-out": _lamps_out,
        "lamps-day-burning": _lamps_day,
        "cabinet-voltage": _voltage,
        "lamp-fault": _named,
        "cabinet-fault": _named,
        "off-track": _off_track,
    }
)
