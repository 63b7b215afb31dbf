"""Schedules of reports: of a site or of a building, in and out by file, and made of what older registries held."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from bypuls.store.registry import Registry, export_csv, import_csv, open_registry
from bypuls.store.registry.database import alembic_config, database_url, open_engine

BEFORE = "0016_alarm_beginnings"
SCHEDULES = (
    "id,site,building,every,weekday,day,lang,formats,folder,recipients,enabled,note\n"
    "hall-monthly,,hall,month,,3,en,pdf xlsx,hall,energy@town.example,true,\n"
    "lane-weekly,lane,,week,1,,da,pdf html,,,false,the lane\n"
)


def take(registry: Registry, entity: str, text: str) -> list[str]:
    return [str(one) for one in import_csv(registry, entity, io.StringIO(text, newline="")).errors]


def give(registry: Registry) -> str:
    file = io.StringIO(newline="")
    export_csv(registry, "report_schedule", file)
    return file.getvalue()


@pytest.fixture
def registry(tmp_path: Path, place_registry: Callable[[Path], Path]) -> Iterator[Registry]:
    with open_registry(place_registry(tmp_path)) as opened:
        assert take(opened, "site", "id,name\nlane,Lane\n") == []
        assert take(opened, "building", "id,name\nhall,Hall\n") == []
        yield opened


def test_schedules_come_out_as_they_went_in(registry: Registry, tmp_path: Path) -> None:
    assert take(registry, "report_schedule", SCHEDULES) == []
    assert give(registry) == SCHEDULES
    with open_registry(tmp_path / "other.db") as other:
        take(other, "site", "id,name\nlane,Lane\n")
        take(other, "building", "id,name\nhall,Hall\n")
        assert take(other, "report_schedule", give(registry)) == []
        assert give(other) == SCHEDULES


def test_files_from_before_buildings_are_taken(registry: Registry) -> None:
    assert take(registry, "report_schedule", "id,site,every,day\nmonthly,lane,month,2\n") == []
    (row,) = registry.report_schedules()
    assert (row.site, row.building) == ("lane", None)


WRONG = {
    ",,month,pdf": "site: '' — expected a site here, or a building in `building`: what the report is of",
    "lane,hall,month,pdf": "building: 'hall' — expected none beside a site: a report is of a site or of a building",
    ",hal,month,pdf": "building: 'hal' — expected the id of a building in the registry (nearest: 'hall')",
    ",hall,week,pdf": "every: 'week' — expected month, since a building's report is of a calendar month",
    ",hall,month,pdf html": "formats: 'pdf html' — expected one or more of pdf, xlsx, csv, json, since the report is "
    "of a building",
}


@pytest.mark.parametrize("row", WRONG)
def test_a_wrong_schedule_is_refused_in_words(registry: Registry, row: str) -> None:
    assert take(registry, "report_schedule", f"id,site,building,every,formats\nmonthly,{row}\n") == [
        f"line 2: {WRONG[row]}"
    ]
    assert registry.report_schedules() == []


@pytest.mark.parametrize(
    "places", ["NULL, NULL, 'month'", "'lane', 'hall', 'month'", "NULL, 'hall', 'week'", "NULL, 'gone', 'month'"]
)
def test_the_database_itself_refuses_them(registry: Registry, places: str) -> None:
    statement = (
        "INSERT INTO report_schedule (id, site, building, every, lang, formats, enabled) "
        f"VALUES ('a', {places}, 'da', 'pdf', TRUE)"
    )
    with pytest.raises(IntegrityError), registry.writing_engine.begin() as connection:
        connection.execute(text(statement))


def test_an_older_registrys_schedules_stay_and_go_back(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    url = database_url(path)
    command.upgrade(alembic_config(url), BEFORE)
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO site (id, name) VALUES ('lane', 'Lane')"))
        connection.execute(
            text(
                "INSERT INTO report_schedule (id, site, every, weekday, lang, formats, enabled) "
                "VALUES ('weekly', 'lane', 'week', 3, 'da', 'pdf', TRUE)"
            )
        )
    engine.dispose()
    with open_registry(path) as registry:
        assert [(one.id, one.site, one.building, one.weekday) for one in registry.report_schedules()] == [
            ("weekly", "lane", None, 3)
        ]
        assert take(registry, "building", "id,name\nhall,Hall\n") == []
        assert take(registry, "report_schedule", "id,building,every\nmonthly,hall,month\n") == []
    command.downgrade(alembic_config(url), BEFORE)
    engine = open_engine(url)
    with engine.connect() as connection:
        assert list(connection.execute(text("SELECT id, site, weekday FROM report_schedule"))) == [
            ("weekly", "lane", 3)
        ]
    engine.dispose()
