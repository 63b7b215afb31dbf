"""Finding the table of a meter or of weather in a file: which columns tell time, value, unit, quality and meter."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bypuls.api.reports.reading.amounts import ABSENT
from bypuls.api.reports.reading.errors import FileProblem
from bypuls.api.reports.reading.table import HEAD_LINES, Table, delimiters, fields_of, is_number, lines_of, where_of

METER_KEYS = ("time", "date", "value", "unit", "quality", "meter")
WEATHER_KEYS = ("time", "date", "temperature")
_TIMES = (
    "time", "timestamp", "datetime", "date time", "date/time", "date_time", "dt", "t", "start", "start time",
    "start_time", "starttid", "from", "fra", "fra_dato", "fra dato", "fradato", "interval start", "period start",
    "tid", "tidspunkt", "tidsstempel", "klokkeslæt", "kl", "kl.", "dato/tid", "dato tid", "dato og tid",
    "måletidspunkt", "aflæsningstidspunkt", "aflæsningsdato", "aflæst", "hourdk", "hourutc", "hour", "observed",
    "period", "periode", "month", "måned",
)  # fmt: skip
ALIASES: Mapping[str, tuple[str, ...]] = {
    "time": _TIMES,
    "date": ("date", "dato", "day", "dag"),
    "value": (
        "value", "values", "consumption", "usage", "use", "energy", "energy use", "quantity", "amount", "reading",
        "load", "import", "import_wh", "forbrug", "energi", "energiforbrug", "mængde", "aflæsning", "måleraflæsning",
        "tællerstand", "målerstand", "værdi",
    ),
    "unit": ("unit", "enhed", "måleenhed", "units"),
    "quality": ("quality", "kvalitet", "status", "datakvalitet"),
    "meter": (
        "meter", "målepunktsid", "målepunkt", "målernummer", "målernr", "målernr.", "metering point", "meteringpoint",
        "meteringpointid", "meter id", "meter_id", "gsrn", "installation", "installationsnummer",
    ),
    "temperature": (
        "temperature", "temp", "tempc", "tempf", "temp_c", "temp_f", "temp_mean_past1h", "temp_dry", "mean_temp",
        "air temperature", "air_temperature", "outdoor temperature", "dry bulb", "drybulb", "temperatur",
        "udetemperatur", "middeltemperatur", "middel", "lufttemperatur", "temperatur (middel)",
    ),
}  # fmt: skip
# Headings of exports whose dates have the day first, whatever the days of a short file leave open.
DAY_FIRST = frozenset({"fra_dato"})
_UNIT = re.compile(r"(?:^|[\s_\[(/,-])(kwh|mwh|wh|gj|mj|m3|m³|therms?|kw|mw|w)(?:[\])]|$)(?:\s*\w*)?$", re.IGNORECASE)
_DEGREES = re.compile(r"(?:^|[\s_\[(,]|deg|°|temp)\s*(?:deg\s*)?([cf])(?:elsius|ahrenheit)?[\])]?$", re.IGNORECASE)
_NAMES: Mapping[str, str] = {
    "kwh": "kWh", "mwh": "MWh", "wh": "Wh", "gj": "GJ", "mj": "MJ", "m3": "m3", "m³": "m3", "therm": "therm",
    "therms": "therm", "kw": "kW", "mw": "MW", "w": "W",
}  # fmt: skip
# Of the value's usual headings those that no file of temperatures has.
_OF_ENERGY = frozenset(
    {
        "consumption", "usage", "energy", "energy use", "import_wh", "forbrug", "energi", "energiforbrug",
        "måleraflæsning", "tællerstand", "målerstand",
    }
)  # fmt: skip
_OF_WARMTH = re.compile(r"\b(?:temp|air_temp|outdoor_temp|udetemp|middeltemp|lufttemp)", re.IGNORECASE)
_DATED = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}")


@dataclass(frozen=True, slots=True)
class FoundTable:
    """The table, the columns whose sum is the value, and what their heading says of the unit (None = nothing)."""

    table: Table
    values: tuple[int, ...]
    unit: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for. keys : that may be mapped.  value : the one that must be there, in words."""

    keys: tuple[str, ...]
    value: str
    what: str
    columns: Mapping[str, str]
    delimiter: str | None
    encoding: str | None
    where: Mapping[str, str]


def unit_of(text: str) -> str | None:
    """The unit that a text ends in, by its usual name: `kWh` of "heating load [kWh]"; None where it has none."""
    match = _UNIT.search(text.strip())
    return _NAMES[match[1].casefold()] if match else None


def degrees_of(text: str) -> str | None:
    """`C` or `F` where a heading says so."""
    match = _DEGREES.search(text.strip())
    return match[1].upper() if match else None


def find_table(path: Path, asked: Asked) -> FoundTable:
    """The table of a text file. Raises FileProblem, OSError."""
    unknown = sorted(set(asked.columns) - set(asked.keys))
    if unknown:
        raise FileProblem(f"--map {unknown[0]}: expected one of {', '.join(asked.keys)}")
    lines = lines_of(path, asked.encoding)
    if not any(line.strip() for line in lines):
        raise FileProblem(f"{path.name}: empty; expected a table with {asked.what}")
    several: list[str] = []
    for delimiter in delimiters(lines, asked.delimiter):
        found = _with_headings(path.name, lines, delimiter, asked, several)
        if found is None and not several:
            found = _without(path.name, lines, delimiter, asked)
        if found is not None:
            _refuse_the_other_kind(path.name, found, asked)
            return found
    if several:
        raise FileProblem(
            f"{path.name}: several columns could be {asked.what}: {', '.join(several)}; say which: "
            f"--map {asked.value}=HEADING" + (", or several that add up: HEADING+HEADING" * (asked.value == "value"))
        )
    shown = next(line for line in lines if line.strip())[:80]
    raise FileProblem(
        f"{path.name}: no table with times and {asked.what} found; the first line is {shown!r}. Name the columns: "
        f"--map time=HEADING --map {asked.value}=HEADING, or by number where there are no headings; --delimiter where "
        "it is neither ; nor , nor tab"
    )


def _refuse_the_other_kind(name: str, found: FoundTable, asked: Asked) -> None:
    """Meter and weather given in each other's place: numbers they both are. A column that was named by hand is taken.

    Raises FileProblem."""
    heading = found.unit or ""
    if asked.value in asked.columns or not heading:
        return
    bare = re.sub(r"\s*[\[(].*?[\])]\s*$", "", heading.casefold())
    if asked.value == "value" and unit_of(heading) is None and _OF_WARMTH.search(heading):
        raise FileProblem(
            f"{name}: column {heading!r} holds temperatures; expected amounts of energy. A file of weather goes to "
            "--weather; --map value=HEADING where this is energy after all"
        )
    if asked.value == "temperature" and (unit_of(heading) is not None or bare in _OF_ENERGY):
        raise FileProblem(
            f"{name}: column {heading!r} holds amounts of energy; expected temperatures. A meter's file stands before "
            "--weather; --weather-map temperature=HEADING where these are temperatures after all"
        )


def _with_headings(
    name: str, lines: Sequence[str], delimiter: str, asked: Asked, several: list[str]
) -> FoundTable | None:
    for at, line in enumerate(lines[:HEAD_LINES]):
        fields = fields_of(line, delimiter)
        if fields is None or len(fields) < 2 or all(is_number(text) or not text.strip() for text in fields):
            continue
        headings = tuple(text.strip() for text in fields)
        folded = [heading.casefold() for heading in headings]
        below = [row for text in lines[at + 1 : at + 41] if text.strip() and (row := fields_of(text, delimiter))]
        columns = _named(folded, asked)
        if columns is None or any(_DATED.match(text) for text in headings):
            continue
        if not {"time", "date"} & columns.keys():
            # Times under a heading of the file's own: just below it stands a date.
            dated = _dated(below[0]) if below and len(below[0]) >= len(headings) else None
            if dated is None or dated in columns.values():
                continue
            columns["time"] = dated
        values = _values(folded, columns, below, asked, several, headings)
        if not values:
            continue
        columns[asked.value] = values[0]
        where = where_of(headings, asked.where, name)
        table = Table(name, list(lines[at + 1 :]), at + 2, at, delimiter, columns, headings, where)
        return FoundTable(table, values, headings[values[0]])
    return None


def _dated(row: Sequence[str]) -> int | None:
    return next((at for at, text in enumerate(row) if _DATED.match(text.strip())), None)


def _named(folded: Sequence[str], asked: Asked) -> dict[str, int] | None:
    """The columns of times and what else is told by its heading; None where one that was asked for isn't there."""
    columns: dict[str, int] = {}
    for key, text in asked.columns.items():
        if key == asked.value:
            continue
        if text.casefold() in folded:
            columns[key] = folded.index(text.casefold())
        elif text.isdecimal() and 1 <= int(text) <= len(folded):
            columns[key] = int(text) - 1
        else:
            return None
    for key in asked.keys:
        if key in columns or key == asked.value:
            continue
        known = next((alias for alias in ALIASES[key] if alias in folded), None)
        if known is not None and folded.index(known) not in columns.values():
            columns[key] = folded.index(known)
    return columns


def _values(
    folded: Sequence[str],
    columns: Mapping[str, int],
    below: Sequence[Sequence[str]],
    asked: Asked,
    several: list[str],
    headings: Sequence[str],
) -> tuple[int, ...]:
    """The columns of the value: those asked for, else the one that a heading or its unit tells, else the only one with
    numbers. Empty where there is none, or several."""
    text = asked.columns.get(asked.value)
    if text is not None:
        parts = [text] if text.casefold() in folded else text.split("+")
        found = []
        for part in (one.strip() for one in parts):
            if part.casefold() in folded:
                found.append(folded.index(part.casefold()))
            elif part.isdecimal() and 1 <= int(part) <= len(folded):
                found.append(int(part) - 1)
            else:
                return ()
        return tuple(found) if all(_numeric(below, at) for at in found) else ()
    free = [at for at in range(len(folded)) if at not in columns.values() and _numeric(below, at)]
    bare = [re.sub(r"\s*[\[(].*?[\])]\s*$", "", heading) for heading in folded]
    for alias in ALIASES[asked.value]:
        told = [at for at in free if alias in (folded[at], bare[at])]
        if len(told) == 1:
            return (told[0],)
    tells = unit_of if asked.value == "value" else degrees_of
    with_unit = [at for at in free if tells(headings[at]) is not None]
    for chosen in (with_unit, free):
        if len(chosen) == 1:
            return (chosen[0],)
        if len(chosen) > 1:
            several[:] = [headings[at] for at in chosen]
            return ()
    return ()


def _numeric(rows: Sequence[Sequence[str]], column: int) -> bool:
    """Whether numbers stand in a column, here and there a missing one."""
    told = [row[column].strip() for row in rows if len(row) > column]
    known = [text for text in told if text.casefold() not in ABSENT]
    return bool(told) and sum(map(_like_a_number, known)) * 2 >= len(known) and (bool(known) or len(told) > 0)


def _like_a_number(text: str) -> bool:
    return is_number(text) or is_number(text.replace(".", "").replace(" ", "").replace("\u00a0", ""))


def _without(name: str, lines: Sequence[str], delimiter: str, asked: Asked) -> FoundTable | None:
    """A table without headings: columns by number, or the first that is a date and the only one that is a number."""
    if any(not part.strip().isdecimal() for text in asked.columns.values() for part in text.split("+")):
        return None
    for at, line in enumerate(lines[:HEAD_LINES]):
        fields = fields_of(line, delimiter)
        if fields is None or len(fields) < 2:
            continue
        columns = {key: int(text) - 1 for key, text in asked.columns.items() if key != asked.value}
        if not {"time", "date"} & columns.keys():
            dated = _dated(fields)
            if dated is None:
                continue
            columns["time"] = dated
        text = asked.columns.get(asked.value)
        if text is not None:
            values = tuple(int(part) - 1 for part in text.split("+"))
        else:
            free = [i for i, cell in enumerate(fields) if i not in columns.values() and _like_a_number(cell.strip())]
            values = tuple(free) if len(free) == 1 else ()
        if not values or max(*values, *columns.values()) >= len(fields):
            continue
        if all(_like_a_number(fields[index].strip()) for index in values):
            columns[asked.value] = values[0]
            where = where_of((), asked.where, name)
            return FoundTable(Table(name, list(lines[at:]), at + 1, at, delimiter, columns, (), where), values, None)
    return None
