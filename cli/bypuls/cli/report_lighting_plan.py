"""`bypuls report lighting-plan`: what LED and dimming would save over the registry's lamps."""

from __future__ import annotations

import json
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, get_args
from zoneinfo import ZoneInfo

import typer

from bypuls.api.directory import DirectorySource
from bypuls.api.lighting_plan.forms import as_csv, as_json
from bypuls.api.lighting_plan.plan import By, plan_of
from bypuls.api.lighting_plan.scenario import Burning, Scenario, parse_gear, parse_watts, profile_of
from bypuls.api.reports.reading.errors import FileProblem
from bypuls.cli.settings import DATA_DIR, DataDir, now, registry_of
from bypuls.cli.wording import in_words
from bypuls.store.registry import RegistryError

Format = Enum("Format", {name: name for name in ("json", "csv")}, type=str)  # type: ignore[misc]
Lang = Enum("Lang", {name: name for name in ("da", "en")}, type=str)  # type: ignore[misc]
Rows = Enum("Rows", {name: name for name in get_args(By)}, type=str)  # type: ignore[misc]
Sun = Enum("Sun", {name: name for name in get_args(Burning)}, type=str)  # type: ignore[misc]
JSON, DANISH, STREET, CIVIL = Format("json"), Lang("da"), Rows("street"), Sun("civil")


def lighting_plan(
    watts: Annotated[str | None, typer.Option(help="New power by old one, of one luminaire [W]: 70=28,100=40.")] = None,
    watt_share: Annotated[
        float | None, typer.Option(min=0.01, max=1.0, help="Of the old power, for those that --watts doesn't name.")
    ] = None,
    type_: Annotated[list[str], typer.Option("--type", help="Lamp type that gets LED; else all that aren't.")] = [],  # noqa: B006
    replace: Annotated[bool, typer.Option("--replace/--dim-only", help="New luminaires, or only dimming.")] = True,
    schedule: Annotated[str | None, typer.Option(help="Dimming of the LED lamps: 22:00-06:00=50; else as now.")] = None,
    efficacy: Annotated[
        float | None,
        typer.Option(min=1.0, max=300.0, help="Of the new luminaires [lm/W]; without it their light is unknown."),
    ] = None,
    useful_share: Annotated[
        float, typer.Option(min=0.01, max=1.0, help="Share of an old lamp's light that lights the street alike.")
    ] = 1.0,
    gear: Annotated[str | None, typer.Option(help="Power that the registry leaves out: HPS=0.1,MH=0.1.")] = None,
    cost: Annotated[float | None, typer.Option(min=0.0, help="Of one new luminaire, mounted [DKK].")] = None,
    burning: Annotated[Sun, typer.Option(help="Civil dusk to dawn, or sunset to sunrise.")] = CIVIL,
    by: Annotated[Rows, typer.Option(help="Rows by street, cabinet or type.")] = STREET,
    tz: Annotated[str, typer.Option(help="Zone of the schedule's clock.")] = "Europe/Copenhagen",
    format_: Annotated[Format, typer.Option("--format", "-f", help="Form of the report.")] = JSON,
    lang: Annotated[Lang, typer.Option(help="Language of csv.")] = DANISH,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; otherwise standard output.")
    ] = None,
    data_dir: DataDir = DATA_DIR,
) -> None:
    """LED and dimming over the registry's lamps: kWh, CO₂, money, payback, light, in total and by street."""
    try:
        scenario = Scenario(
            watts=parse_watts(watts) if watts else {},
            watt_share=watt_share,
            types=tuple(type_),
            replace=replace,
            schedule=schedule,
            efficacy_lm_w=efficacy,
            useful_share=useful_share,
            gear=parse_gear(gear) if gear else {},
            cost_dkk=cost,
            burning=burning.value,
        )
        profile_of(schedule)
        with registry_of(data_dir) as registry:
            directory = DirectorySource(registry)()
            if not directory.lamps:
                raise ValueError(f"{data_dir}: no lamps; expected some: bypuls registry import lamp FILE")
            scenario = scenario.for_types_of(directory.lamps.values())
            plan = plan_of(directory, scenario, now=now(), zone=ZoneInfo(tz))
            if format_ is JSON:
                text = json.dumps(as_json(plan, directory, by.value), ensure_ascii=False, indent=2) + "\n"
                content = text.encode()
            else:
                content = as_csv(plan, directory, by.value, danish=lang is DANISH)
        if output is not None:
            output.write_bytes(content)
    except (FileProblem, RegistryError, ValueError, KeyError, OSError) as error:
        typer.echo(f"bypuls report: {in_words(error)}", err=True)
        raise typer.Exit(2) from error
    if output is None:
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
