"""Official figures of buildings: at normal weather, and what was saved. Results, never computed here."""

from __future__ import annotations

from bypuls.grafana.boards.frame import Ways
from bypuls.grafana.builders import Column, Json, stat, suffixed, table
from bypuls.grafana.flux import Buckets, program, results_now, rows_of
from bypuls.grafana.panels.buildings import media
from bypuls.grafana.texts import Translate

OF_BUILDING = "r.building =~ /^(${building:regex})$/"


def at_normal_weather(_: Translate, buckets: Buckets, ways: Ways, language: str) -> Json:
    """Each building over the last twelve whole months at normal weather: the platform's results."""
    numbers = (
        "kwh", "kwh_corrected", "before_kwh_corrected", "change_corrected_share", "kwh_m2_corrected", "typical_kwh_m2",
        "excess_dkk", "cost_dkk", "night_w_m2", "deviation_share", "coverage",
    )  # fmt: skip
    texts = ("name", f"reason_{language}")

    def rows(fields: tuple[str, ...], *, texts: bool = False) -> str:
        source = results_now(buckets, "building", fields, where=OF_BUILDING)
        named = '\n  |> rename(columns: {building: "asset"})'
        return program(rows_of(["building"], fields, source, texts=texts) + named)

    leads = (
        (_("Dashboard of the building"), ways.board("building", "building")),
        (_("Web page of the building"), ways.page_of("/buildings")),
    )
    kwh_m2 = "suffix: kWh/m²"
    return table(
        _("Buildings at normal weather"),
        _(
            "The last twelve whole months as the platform works them out, heat corrected to a normal year, beside the "
            "twelve before; whatever time range is chosen. Excess is against the median of the same use. What is "
            "unknown is empty, with the reason beside it."
        ),
        rows(numbers),
        rows(texts, texts=True),
        columns=(
            Column("name", _("Building"), links=leads),
            Column("kwh_corrected", _("At normal weather"), "kwatth", 0),
            Column("before_kwh_corrected", _("Twelve months before"), "kwatth", 0),
            Column("change_corrected_share", _("Change"), "percentunit", 1),
            Column("kwh_m2_corrected", _("Energy per m²"), kwh_m2, 1),
            Column("typical_kwh_m2", _("Median of its use"), kwh_m2, 1),
            Column("excess_dkk", _("Excess a year"), suffixed(_("kr")), 0),
            Column("cost_dkk", _("Cost"), suffixed(_("kr")), 0),
            Column("night_w_m2", _("Base load at night"), "suffix: W/m²", 1),
            Column("deviation_share", _("Off what the weather explains"), "percentunit", 1),
            Column("kwh", _("As metered"), "kwatth", 0),
            Column("coverage", _("Measured"), "percentunit", 1),
            Column(f"reason_{language}", _("Why something is unknown")),
            Column("asset", _("Id"), hidden=True),
        ),
        no_value="–",
        size=(24, 10),
        sort_by="excess_dkk",
    )


def official(_: Translate, buckets: Buckets) -> list[Json]:
    """One building's official figures."""

    def one(field: str, title: str, description: str, unit: str, decimals: int) -> Json:
        body = f"""
{results_now(buckets, "building", [field], where=OF_BUILDING)}
  |> group()
  |> sum()
  |> keep(columns: ["_value"])
"""
        return stat(title, description, program(body), unit=unit, decimals=decimals, no_value=_("unknown"), size=(4, 4))

    return [
        one("kwh_corrected", _("At normal weather"),
            _("Energy of the last twelve whole months, heat corrected to a normal year: the platform's result."),
            "kwatth", 0),
        one("kwh_m2_corrected", _("Energy per m²"),
            _("The same per square metre of heated area."), "suffix: kWh/m²", 1),
        one("cost_dkk", _("Cost"), _("What these months cost at the prices of their days."), suffixed(_("kr")), 0),
    ]  # fmt: skip


def savings(_: Translate, buckets: Buckets, language: str) -> Json:
    """What was measured to be saved since each intervention."""
    numbers = ("saved_kwh", "low_kwh", "high_kwh", "share", "kwh_per_year", "dkk_per_year", "since_s")
    texts = ("name", "what", f"reason_{language}")
    key = ("intervention", "medium")
    named = {**media(_), "water": _("Water")}

    def rows(fields: tuple[str, ...], *, texts: bool = False) -> str:
        return rows_of(key, fields, results_now(buckets, "saving", fields, where=OF_BUILDING), texts=texts)

    begun = rows(numbers) + "\n  |> map(fn: (r) => ({r with since: time(v: int(v: r.since_s) * 1000000000)}))"
    return table(
        _("Measured savings"),
        _(
            "What was saved since each intervention against the year before it, at the weather since then (IPMVP "
            "option C), with its interval; or why nothing is stated."
        ),
        program(begun),
        program(rows(texts, texts=True)),
        columns=(
            Column("name", _("Building")),
            Column("what", _("What was done")),
            Column("medium", _("Medium"), words={name: (shown, "text") for name, shown in named.items()}),
            Column("since", _("Since"), "dateTimeAsLocal"),
            Column("saved_kwh", _("Saved"), "kwatth", 0),
            Column("low_kwh", _("at least"), "kwatth", 0),
            Column("high_kwh", _("at most"), "kwatth", 0),
            Column("share", _("Share"), "percentunit", 1),
            Column("kwh_per_year", _("A year"), "kwatth", 0),
            Column("dkk_per_year", _("Saved a year"), suffixed(_("kr")), 0),
            Column(f"reason_{language}", _("Why nothing is stated")),
            Column("intervention", _("Id"), hidden=True),
            Column("since_s", _("Since [s]"), hidden=True),
        ),
        no_value="–",
        size=(24, 7),
        sort_by="saved_kwh",
    )
