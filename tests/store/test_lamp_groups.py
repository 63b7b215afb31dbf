"""Groups of lamps: registered, named by lamps, in and out by file, and made of what older registries named."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

from alembic import command
from sqlalchemy import inspect, text

from bypuls.store.registry import Registry, export_csv, import_csv, open_registry
from bypuls.store.registry.database import alembic_config, database_url, open_engine

GROUPS = "id,name,cabinet,site,owner,note\nnight,Night,box,lane,The housing association,quiet streets\nfull,Full,,,,\n"
LAMPS = "id,name,cabinet,lamp_group\na,A,box,night\nb,B,box,\n"
PROFILES = "lamp_group,valid_from,valid_to,schedule\nnight,2020-01-01,2026-01-01,22:00-06:00=50\n"
OWN = "lamp,valid_from,valid_to,schedule\na,2026-02-01,,00:00-23:59=100\n"


def take(registry: Registry, entity: str, text: str) -> list[str]:
    return [str(one) for one in import_csv(registry, entity, io.StringIO(text, newline="")).errors]


def give(registry: Registry, entity: str) -> str:
    file = io.StringIO(newline="")
    export_csv(registry, entity, file)
    return file.getvalue()


def test_groups_and_profiles_come_out_as_they_went_in(tmp_path: Path) -> None:
    with open_registry(tmp_path / "a.db") as registry, open_registry(tmp_path / "b.db") as other:
        assert take(registry, "site", "id,name\nlane,Lane\n") == []
        assert take(registry, "cabinet", "id,name\nbox,Box\n") == []
        for entity, told in (
            ("lamp_group", GROUPS), ("lamp", LAMPS), ("dimming_profile", PROFILES), ("lamp_profile", OWN)
        ):  # fmt: skip
            assert take(registry, entity, told) == [], entity
        written = {
            name: give(registry, name)
            for name in ("site", "cabinet", "lamp_group", "lamp", "dimming_profile", "lamp_profile")
        }
        assert sorted(written["lamp_group"].splitlines()) == sorted(GROUPS.splitlines())
        assert written["lamp_profile"] == OWN
        for name, told in written.items():
            assert take(other, name, told) == []
        assert {name: give(other, name) for name in written} == written


def test_a_group_that_nobody_registered_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with open_registry(tmp_path / "registry.db") as registry:
        take(registry, "lamp_group", "id,name\nnight,Night\n")
        assert take(registry, "lamp", "id,name,lamp_group\na,A,nigth\n") == [
            "line 2: lamp_group: 'nigth' — expected the id of a lamp_group in the registry (nearest: 'night')"
        ]
        (wrong,) = take(registry, "dimming_profile", "lamp_group,valid_from,schedule\ngone,2026-01-01,22:00-06:00=50\n")
        assert "lamp_group: 'gone'" in wrong
        (wrong,) = take(registry, "lamp_group", "id,name,cabinet\nx,X,gone\n")
        assert "cabinet: 'gone' — expected the id of a cabinet" in wrong
        (wrong,) = take(registry, "lamp_profile", "lamp,valid_from,schedule\na,2026-01-01,22:00-06:00=50\n")
        assert "lamp: 'a' — expected the id of a lamp" in wrong
        assert registry.lamps() == []


def test_an_older_registrys_groups_are_registered_by_their_ids(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    url = database_url(path)
    command.upgrade(alembic_config(url), "0014_citizen_reports")
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO lamp (id, name, lamp_group) VALUES ('a', 'A', 'night'), ('b', 'B', NULL)"))
        connection.execute(text("INSERT INTO lamp_change (lamp, date) VALUES ('a', '2025-01-01')"))
        connection.execute(text("INSERT INTO dimming_profile VALUES ('day', '2020-01-01', NULL, '22:00-06:00=50')"))
    engine.dispose()
    with open_registry(path) as registry:
        assert [(one.id, one.name) for one in registry.lamp_groups()] == [("day", "day"), ("night", "night")]
        assert [(one.id, one.lamp_group) for one in registry.lamps()] == [("a", "night"), ("b", None)]
        assert [one.valid_from for one in registry.dimming_profiles()] == [date(2020, 1, 1)]
        assert [one.lamp for one in registry.lamp_changes()] == ["a"]
        assert {one["referred_table"] for one in inspect(registry.engine).get_foreign_keys("lamp")} == {
            "cabinet", "site", "lamp_group"
        }  # fmt: skip
    command.downgrade(alembic_config(url), "0014_citizen_reports")
    engine = open_engine(url)
    with engine.connect() as connection:
        assert list(connection.execute(text("SELECT id, lamp_group FROM lamp"))) == [("a", "night"), ("b", None)]
    engine.dispose()
