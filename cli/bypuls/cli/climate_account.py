"""`bypuls climate account`: a finished year's climate account as a file."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import orjson
import typer

from bypuls.api.accounts.account import Accounts, Question
from bypuls.api.accounts.meters import WHOLE, Part
from bypuls.api.accounts.to_json import pins_of
from bypuls.api.accounts.yearly import title_of, yearly_account
from bypuls.api.climate import part_of
from bypuls.api.directory import Directory, DirectorySource
from bypuls.api.reports.accounts.formats import rendered
from bypuls.api.settings import ApiSettings
from bypuls.cli.services import told
from bypuls.cli.settings import DATA_DIR, DataDir, InfluxUrl, now, opened
from bypuls.store.protocol import StoreError
from bypuls.store.registry import RegistryError


class Form(StrEnum):
    """Of the account."""

    json = "json"
    csv = "csv"
    xlsx = "xlsx"
    pdf = "pdf"


class Language(StrEnum):
    """Of its texts."""

    da = "da"
    en = "en"


def account(
    year: Annotated[int, typer.Argument(help="A calendar year that is over.")],
    target: Annotated[str | None, typer.Option(help="Of this target: its part of the town, gas and method.")] = None,
    building: Annotated[str | None, typer.Option(help="One building alone.")] = None,
    gas: Annotated[str | None, typer.Option(help="CO2 or CO2e; of the target, else CO2.")] = None,
    factors: Annotated[
        list[str] | None, typer.Option(help="SET:VERSION, the newest version that may be used; may be repeated.")
    ] = None,
    format_: Annotated[Form, typer.Option("--format", "-f", help="json, csv, xlsx or pdf.")] = Form.pdf,
    lang: Annotated[Language, typer.Option(help="Of texts and numbers; JSON has neither.")] = Language.da,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File; without, the terminal or a pipe.")
    ] = None,
    data_dir: DataDir = DATA_DIR,
    influx_url: InfluxUrl = None,
) -> None:
    """Write a finished year's climate account: every number back to readings, factor and version."""
    zone = ApiSettings().zone
    if output is None and format_ in (Form.pdf, Form.xlsx) and sys.stdout.isatty():
        raise told(ValueError(f"--output: expected a file, since {format_.value} is not for a terminal"))
    try:
        with opened(data_dir, influx_url) as platform:
            directory = DirectorySource(platform.registry)()
            question = _question(directory, year, zone, target, building, gas, factors or [])
            accounts = Accounts(platform.store, platform.book, zone)
            found = yearly_account(platform.store, directory, accounts, question, now(), zone, registers=True)
            if format_ is Form.json:
                content = orjson.dumps(found, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_INDENT_2) + b"\n"
            else:
                content = rendered(found, title_of(directory, question, target), format_.value, lang.value)
        if output is None:
            sys.stdout.buffer.write(content)
            sys.stdout.flush()
        else:
            output.write_bytes(content)
    except (ValueError, LookupError, RegistryError, StoreError, OSError) as error:
        raise told(error) from error


def _question(
    directory: Directory,
    year: int,
    zone: ZoneInfo,
    target: str | None,
    building: str | None,
    gas: str | None,
    factors: list[str],
) -> Question:
    this_year = now().astimezone(zone).year
    if not 2000 <= year < this_year:
        raise ValueError(f"year {year}: expected one that is over, 2000 to {this_year - 1}")
    if target is not None and building is not None:
        raise ValueError("--building: expected nothing beside --target")
    if gas not in (None, "CO2", "CO2e"):
        raise ValueError(f"--gas {gas!r}: expected CO2 or CO2e")
    if target is not None and target not in directory.targets:
        raise ValueError(f"--target {target!r}: expected one of {', '.join(directory.targets) or 'none at all'}")
    if building is not None and building not in directory.buildings:
        raise ValueError(f"--building {building!r}: expected the id of a building of the registry")
    of_target = directory.targets[target] if target is not None else None
    part = part_of(of_target) if of_target is not None else Part("building", building) if building else WHOLE
    return Question(
        year,
        part,
        gas=gas or (of_target.gas if of_target else "CO2"),
        method=of_target.method if of_target else None,
        pins=pins_of(factors),
    )
