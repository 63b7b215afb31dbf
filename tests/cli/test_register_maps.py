"""`bypuls registry import --map`: a foreign asset register shown first, written on request, once however often."""

from __future__ import annotations

import csv
import gzip
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bypuls.cli.app import app
from bypuls.cli.register_maps import parse_register_map
from bypuls.cli.register_reading import read_register
from bypuls.store.registry import Cabinet, Lamp, export_csv, open_registry

REAL = (
    Path(os.environ.get("BYPULS_REAL_DATA") or Path(__file__).parents[2].parent / "shared" / "data")
    / "lighting/dc_register/streetlights.csv.gz"
)
MAP = """
entity = "lamp"
unknown = ["N/A"]
where = { "Status" = "i drift" }
[columns.id]
from = "Mast nr."
make = "id"
prefix = "mast-"
[columns.name]
from = "Mast nr."
[columns.cabinet]
from = "Skab"
[columns.watt]
from = "Effekt"
unit = "kW"
times = "Antal"
[columns.luminaires]
from = "Antal"
[columns.pole_height_m]
from = "Højde"
unit = "ft"
[columns.lamp_type]
from = "Lyskilde"
names = { "Natrium" = "HPS" }
[columns.school_way]
from = "Skolevej"
[columns.installed]
from = ["LED fra", "Opsat"]
date_format = "%d-%m-%Y"
[columns.road_class]
value = "local"
"""
LINES = """Mast nr.;Skab;Effekt;Antal;Højde;Lyskilde;Skolevej;LED fra;Opsat;Status
Å 1;skab-1;0,07;2;16 ft;Natrium;ja;;01-02-1999;i drift
2;skab-1;0,1;1;30 ft.;Gas;måske;03-04-2020;01-02-1999;i drift
2;skab-1;0,1;1;N/A;Natrium;nej;;;i drift
3;skab-1;9,0;1;5 m;Natrium;nej;;31-02-1999;i drift
;skab-1;0,1;1;;Natrium;nej;;;i drift
4;skab-1;0,1;1;;Natrium;nej;;;nedlagt
5;skab-1
"""
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Calls `bypuls registry import lamp WORDS --data-dir …`."""
    maps = tmp_path / "data" / "import-maps"
    maps.mkdir(parents=True)
    (maps / "own-town.toml").write_text(MAP, encoding="utf-8")
    (tmp_path / "lamps.csv").write_text(LINES, encoding="utf-8")
    with open_registry(tmp_path / "data" / "registry.db") as registry, registry.session() as session:
        session.add(Cabinet(id="skab-1", name="Skab 1"))

    def called(*words: str | Path, code: int = 0) -> Result:
        texts = ["registry", "import", "lamp", *(str(word) for word in words), "--data-dir", str(tmp_path / "data")]
        result = CliRunner().invoke(app, texts)
        assert result.exit_code == code, result.output
        return result

    return called


def lamps(tmp_path: Path) -> dict[str, Lamp]:
    with open_registry(tmp_path / "data" / "registry.db") as registry:
        return {lamp.id: lamp for lamp in registry.lamps()}


def test_a_register_is_shown_first_and_its_dirt_is_counted(run: Run, tmp_path: Path) -> None:
    told = run(tmp_path / "lamps.csv", "--map", "own-town").output
    assert "7, 1 left aside by `where`; 3 rows of lamp" in told
    assert "watt          Effekt × Antal [kW]: 2 known, 1 unknown, 100 … 140" in told
    assert "lamp_type: 1, such as 'Gas'; expected one of the mapping's names Natrium" in told
    assert "school_way: 1, such as 'måske'" in told
    assert "installed: 1, such as '31-02-1999'" in told
    assert "pole_height_m: 1, such as '5 m'; expected a number, in ft" in told
    assert "watt: 1, such as '9,0'" in told
    assert "expected 10 cells as in the first line" in told
    assert "a line with its id" in told
    assert "each key once; the first line counts" in told
    assert "Nothing was written" in told
    assert lamps(tmp_path) == {}


def test_what_is_written_is_in_the_registrys_units_and_twice_is_once(run: Run, tmp_path: Path) -> None:
    assert "3 created" in run(tmp_path / "lamps.csv", "--map", "own_town", "--yes").output
    found = lamps(tmp_path)
    first, second, third = found["mast-aa-1"], found["mast-2"], found["mast-3"]
    assert (first.watt, first.luminaires, first.lamp_type, first.school_way) == (140.0, 2, "HPS", True)
    assert (first.pole_height_m, first.cabinet, first.road_class) == (4.8768, "skab-1", "local")
    assert first.installed == date(1999, 2, 1)
    assert (second.installed, second.lamp_type, second.school_way) == (date(2020, 4, 3), None, None)
    assert (second.pole_height_m, third.pole_height_m, third.watt) == (9.144, None, None)
    assert "0 created, 0 changed, 3 unchanged" in run(tmp_path / "lamps.csv", "--map", "own-town", "--yes").output


def test_a_reference_that_the_registry_lacks_stops_the_whole_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "lamps.csv").write_text(LINES.replace("3;skab-1", "3;skab-9"), encoding="utf-8")
    told = run(tmp_path / "lamps.csv", "--map", "own-town", "--yes", code=1).output
    assert "the id of a cabinet in the registry (nearest: 'skab-1')" in " ".join(told.split())
    assert lamps(tmp_path) == {}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('from = "Skab"', 'from = "Skabb"', "no column 'Skabb' (nearest: 'Skab')"),
        ("columns.cabinet", "columns.cabinett", "no column of lamp (nearest: 'cabinet')"),
        ('unit = "ft"', 'unit = "feet"', "expected one of m, cm, ft"),
        ('prefix = "mast-"', 'prefixx = "mast-"', "did you mean prefix?"),
        ('entity = "lamp"', 'entity = "cabinet"', "a mapping of cabinet; expected one of lamp"),
        ('value = "local"', 'value = "local"\nfrom = "Status"', "expected either `from`"),
        ("[columns.id]", "[columns.id", "own-town.toml"),
    ],
)
def test_a_wrong_mapping_is_told_with_its_key(run: Run, tmp_path: Path, old: str, new: str, expected: str) -> None:
    path = tmp_path / "data" / "import-maps" / "own-town.toml"
    path.write_text(MAP.replace(old, new), encoding="utf-8")
    assert expected in " ".join(run(tmp_path / "lamps.csv", "--map", "own-town", code=1).output.split())


def test_an_unknown_mapping_names_the_known_ones(run: Run, tmp_path: Path) -> None:
    told = run(tmp_path / "lamps.csv", "--map", "nowhere", code=1).output
    assert "saved mappings dc-register, own-town" in " ".join(told.split())


def test_keys_of_a_mapping_need_their_types() -> None:
    with pytest.raises(ValueError, match="columns — expected a table"):
        parse_register_map({"entity": "lamp"}, "x")
    with pytest.raises(ValueError, match="unknown = 'N/A' — expected a list"):
        parse_register_map({"entity": "lamp", "columns": {"id": {"from": "a"}}, "unknown": "N/A"}, "x")


@pytest.mark.skipif(not REAL.is_file(), reason="no register: set BYPULS_REAL_DATA to the real data")
def test_the_register_of_washington(run: Run, tmp_path: Path) -> None:
    told = run(REAL, "--map", "dc_register", "--yes").output
    assert "lamp: 3963 created" in told
    assert "left out" not in told
    found = lamps(tmp_path)
    with gzip.open(REAL, "rt", encoding="utf-8-sig", newline="") as file:
        theirs = {f"dc-{line['FACILITYID'].lower()}": line for line in csv.DictReader(file)}
    assert len(found) == len(theirs) == 3963
    assert sum(lamp.lamp_type == "HPS" for lamp in found.values()) == 3220
    assert sum(lamp.lamp_type == "LED" for lamp in found.values()) == 592
    assert sum(lamp.watt or 0.0 for lamp in found.values()) == sum(
        float(line["WATTAGE1"]) * int(line["NUMBERLIGHTS"]) for line in theirs.values()
    )
    heights = {lamp.pole_height_m for lamp in found.values()}
    assert {4.8768, 9.144, 6.096, None} <= heights
    for id, lamp in list(found.items())[:50]:
        assert (lamp.lat, lamp.lon) == (float(theirs[id]["YCOORD"]), float(theirs[id]["XCOORD"]))
    # What came in by a mapping goes out and in as the registry's own file.
    with open_registry(tmp_path / "data" / "registry.db") as registry:
        export_csv(registry, "lamp", tmp_path / "lamp.csv")
    assert "3963 unchanged" in run(tmp_path / "lamp.csv").output


def test_half_a_place_and_a_day_to_come_are_left_unknown_and_counted(tmp_path: Path) -> None:
    columns = {"id": {"from": "id"}, "lat": {"from": "y"}, "lon": {"from": "x"}, "installed": {"from": "since"}}
    mapping = parse_register_map({"entity": "lamp", "columns": columns}, "made")
    file = tmp_path / "lamps.csv"
    file.write_text("id,y,x,since\na,55.7,12.4,2020-01-01\nb,55.7,,2999-01-01\nc,,12.4,\n")
    found = read_register(file, mapping, date(2026, 1, 1))
    assert [(row["lat"], row["lon"], row["installed"]) for row in found.rows] == [
        (55.7, 12.4, date(2020, 1, 1)), (None, None, None), (None, None, None),
    ]  # fmt: skip
    assert {name: one.count for name, one in found.dirt.items()} == {"lat": 1, "lon": 1, "installed": 1}


def test_a_mapping_fills_what_of_a_street_is_lit(tmp_path: Path) -> None:
    columns = {
        "site": {"from": "Vej", "make": "id"}, "valid_from": {"value": "2020-01-01"}, "area_m2": {"from": "Areal"},
        "illuminance_lx": {"from": "Lux"},
    }  # fmt: skip
    mapping = parse_register_map({"entity": "street_lighting", "columns": columns}, "made")
    file = tmp_path / "streets.csv"
    file.write_text("Vej;Areal;Lux\nTorvet;1240,5;7,5\n")
    (row,) = read_register(file, mapping).rows
    assert row == {"site": "torvet", "valid_from": date(2020, 1, 1), "area_m2": 1240.5, "illuminance_lx": 7.5}
