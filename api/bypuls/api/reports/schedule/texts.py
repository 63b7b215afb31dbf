"""What the mail of a scheduled report says: the verdict first, in a few lines."""

from __future__ import annotations

from babel.dates import format_date
from babel.numbers import format_decimal

from bypuls.api.reports.building.document import Document
from bypuls.api.reports.building.words import Words
from bypuls.api.reports.schedule.due import Due
from bypuls.api.reports.speed.model import SpeedReport

_TEXTS = {
    "da": {
        "subject": "Fartrapport: {site}, {first} – {last}",
        "figures": "{site}, {first} – {last}: {n} køretøjer, V85 {v85} km/t, hastighedsgrænse {limit}.",
        "nobody": "{site}, {first} – {last}: ingen køretøjer er målt. Rapporten siger hvorfor, så vidt det vides.",
        "ok": "Vurdering: ikke behov for tiltag.",
        "assess": "Vurdering: bør vurderes (V85 mere end 10 % over grænsen).",
        "measures": "Vurdering: behov for tiltag (V85 mere end 20 % over grænsen).",
        "uncertain": "Vurdering: usikker, fordi V85's interval dækker en grænse.",
        "none": "Ingen vurdering: for få køretøjer, eller ingen entydig hastighedsgrænse.",
        "unknown": "ukendt",
        "several": "flere eller ukendt",
    },
    "en": {
        "subject": "Speed report: {site}, {first} – {last}",
        "figures": "{site}, {first} – {last}: {n} vehicles, V85 {v85} km/h, limit {limit}.",
        "nobody": "{site}, {first} – {last}: no vehicle was measured. The report says why, as far as is known.",
        "ok": "Verdict: no need for measures.",
        "assess": "Verdict: to be assessed (V85 more than 10 % over the limit).",
        "measures": "Verdict: measures needed (V85 more than 20 % over the limit).",
        "uncertain": "Verdict: uncertain, since the interval of V85 spans a threshold.",
        "none": "No verdict: too few vehicles, or no single limit.",
        "unknown": "unknown",
        "several": "several or unknown",
    },
}


def mail_text(report: SpeedReport, due: Due, lang: str) -> tuple[str, str]:
    """Subject and text. lang : da, en."""
    words, locale = _TEXTS[lang], "en_GB" if lang == "en" else "da"
    every = report.statistics.all
    unit = "km/h" if lang == "en" else "km/t"
    told = {
        "site": report.site.name,
        "first": format_date(due.first, "d MMM y", locale=locale),
        "last": format_date(due.last, "d MMM y", locale=locale),
        "n": format_decimal(every.n, "#,##0", locale=locale),
        "v85": words["unknown"] if every.v85_kmh is None else format_decimal(every.v85_kmh, "0.0", locale=locale),
        "limit": words["several"] if every.limit_kmh is None else f"{every.limit_kmh:g} {unit}",
    }
    lines = [words["figures" if every.n else "nobody"].format(**told)]
    if every.n:
        lines.append(words[every.verdict or "none"])
    return words["subject"].format(**told), "\n".join(lines) + "\n"


def energy_mail_text(report: Document, due: Due, words: Words) -> tuple[str, str]:
    """Subject and text of a building's month: how it stands, the figures, what is not known, what to do, all in the
    report's own words."""
    head, where = report.headline, f"{report.title}, {words.month(due.first)}"
    lines = [f"{where}: {head.word}. {head.reason}".strip(), ""]
    lines += [f"{name}: {value}{f' ({remark})' if remark else ''}" for name, value, remark in head.keys]
    if report.warnings:
        lines += ["", *report.warnings]
    lines += ["", f"{report.words['actions']}:", *(f"- {action}" for action in head.actions)]
    return f"{report.kicker}: {where}", "\n".join(lines) + "\n"
