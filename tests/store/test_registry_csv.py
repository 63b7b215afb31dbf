"""CSV files in and out of the registry: what is taken, what is refused and in which words."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bypuls.store.registry import (
    ENTITIES,
    CellError,
    Device,
    ImportReport,
    ManualCount,
    Registry,
    Sensor,
    Site,
    UnknownEntity,
    create_key,
    export_csv,
    import_csv,
    journal,
    open_registry,
    read_csv,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@contextmanager
def small_town(path: Path) -> Iterator[Registry]:
    with open_registry(path, clock=lambda: NOW) as opened:
        with opened.session() as session:
            session.add_all(
                [
                    Site(id="main-street", name="Main Street", lanes=2, note="before"),
                    Device(id="pi-1", name="One"),
                    Sensor(id="main", device="pi-1", kind="meter", name="Main", medium="heat"),
                ]
            )
        yield opened


@pytest.fixture
def registry(tmp_path: Path, place_registry: Callable[[Path], Path]) -> Iterator[Registry]:
    with small_town(place_registry(tmp_path)) as opened:
        yield opened


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """For tests that change nothing; opened once."""
    with small_town(tmp_path_factory.mktemp("untouched") / "registry.db") as opened:
        yield opened


def take(registry: Registry, entity: str, text: str) -> ImportReport:
    return import_csv(registry, entity, io.StringIO(text, newline=""))


def give(registry: Registry, entity: str, *, danish: bool = False) -> str:
    file = io.StringIO(newline="")
    export_csv(registry, entity, file, danish=danish)
    return file.getvalue()


def test_create_change_and_leave(registry: Registry) -> None:
    text = "id,name,lanes\nmain-street,Main Street,3\nside-street,Side Street,\n"
    assert take(registry, "site", text) == ImportReport(created=1, changed=1, unchanged=0)
    assert take(registry, "site", text) == ImportReport(created=0, changed=0, unchanged=2)
    main, side = registry.sites()
    assert (main.lanes, main.note) == (3, "before"), "a column that the file doesn't name stays"
    assert (side.lanes, side.note) == (None, None)


def test_an_empty_cell_is_unknown(registry: Registry) -> None:
    take(registry, "site", "id,name,lanes,note\nmain-street,Main Street,,\n")
    (site,) = registry.sites()
    assert (site.lanes, site.note) == (None, None)


def test_an_empty_cell_that_cannot_be_unknown_is_the_default(registry: Registry) -> None:
    report = take(registry, "sensor", "id,device,kind,name,sign,multiplier\nm,pi-1,meter,M,,\n")
    assert report.errors == ()
    sensor = next(sensor for sensor in registry.sensors() if sensor.id == "m")
    assert (sensor.sign, sensor.multiplier) == (1, 1.0)
    take(registry, "speed_limit", "site,valid_from,limit_kmh\nmain-street,2026-01-01,50\n")
    assert registry.limit_kmh("main-street", "away", date(2026, 1, 1)) == 50


@pytest.mark.parametrize(
    "raw",
    [
        b"id,name,lat,lon,school_way\na,\xc3\x85vej,55.5,12.5,yes\n",
        b"\xef\xbb\xbfid;name;lat;lon;school_way\r\na;\xc3\x85vej;55,5;12,5;Ja\r\n",
        b'"school_way";"lat";"lon";"name";"id"\n"1";"55.5";"12.5";"\xc3\x85vej";"a"',
        b"\n\nid , name,lat,lon,school_way\n\n a , \xc3\x85vej ,+5.55e1,12.5,TRUE\n,,,,\n",
    ],
)
def test_ways_to_write_the_same(registry: Registry, raw: bytes) -> None:
    report = import_csv(registry, "site", io.BytesIO(raw))
    assert report == ImportReport(created=1, changed=0, unchanged=0)
    site = registry.sites()[0]
    assert (site.id, site.name, site.lat, site.school_way) == ("a", "Åvej", 55.5, True)


@pytest.mark.parametrize(
    ("entity", "text", "line", "field", "value", "expected"),
    [
        ("site", "", 1, "", "", "a first line that names the columns: id, name,"),
        ("site", "id,name,school_wy\n", 1, "school_wy", "school_wy", "(nearest: 'school_way')"),
        ("site", "id\tname\n", 1, "id\tname", "id\tname", "one of the columns id, name"),
        ("site", "id,name,name\na,A,A\n", 1, "name", "name", "each column once"),
        ("site", "name\nA\n", 1, "id", "", "this column, since it is part of the key"),
        ("site", "id\na\n", 2, "name", "", "it cannot be unknown"),
        ("site", "id,name\n,A\n", 2, "id", "", "it cannot be unknown"),
        ("site", "id,name\na\n", 2, "", "a", "2 cells as in the first line, not 1"),
        ("site", "id,name\na,A,B\n", 2, "", "a,A,B", "2 cells as in the first line, not 3"),
        ("site", "id,name\nÅ,A\n", 2, "id", "Å", "an id: a–z"),
        ("site", "id,name\na,A\n\nb,B\na,C\n", 5, "", "a", "each key once; it stands on line 2 already"),
        ("site", 'id,name,note\na,A,"two\nlines"\nb,,\n', 4, "name", "", "it cannot be unknown"),
        ("site", 'id,name\na,"A\n', 2, "", "unexpected end of data", "quotes closed"),
        ("site", "id,name\na,A\x00\n", 2, "name", "A\x00", "no control characters"),
        ("site", "id,name\na,A\u202eB\n", 2, "name", "A\u202eB", "no control characters"),
        ("site", 'id,name,lat\na,A,"55,5"\n', 2, "lat", "55,5", "-90 to 90 degrees north, with a decimal point and"),
        ("site", "id;name;lat\na;A;1.055,5\n", 2, "lat", "1.055,5", "decimal point or comma and nothing between"),
        ("site", "id,name,lat\na,A,nan\n", 2, "lat", "nan", "a number, -90 to 90"),
        ("site", "id,name,lat\na,A,inf\n", 2, "lat", "inf", "a number, -90 to 90"),
        ("site", "id,name,lat\na,A,1e999\n", 2, "lat", "1e999", "a number, -90 to 90"),
        ("site", "id,name,lat\na,A,90.1\n", 2, "lat", "90.1", "a number, -90 to 90"),
        ("site", "id,name,lat\na,A,٥٥\n", 2, "lat", "٥٥", "a number, -90 to 90"),
        ("site", "id,name,lanes\na,A,2.0\n", 2, "lanes", "2.0", "a whole number"),
        ("site", "id,name,lanes\na,A,99999999999999999999\n", 2, "lanes", "9" * 20, "a whole number"),
        ("site", "id,name,school_way\na,A,perhaps\n", 2, "school_way", "perhaps", "true or false"),
        ("lamp", "id,name,installed\na,A,01-02-2026\n", 2, "installed", "01-02-2026", "a day like 2026-11-23"),
        ("lamp", "id,name,installed\na,A,2026-02-30\n", 2, "installed", "2026-02-30", "a day like 2026-11-23"),
        ("lamp", "id,name,cabinet\na,A,gone\n", 2, "cabinet", "gone", "the id of a cabinet in the registry"),
        ("device", "id,name,retired_at\na,A,2026-01-01T10:00\n", 2, "retired_at", "2026-01-01T10:00", "with its zone"),
        (
            "device",
            "id,name,retired_at\na,A,0001-01-01T00:00+02:00\n",
            2,
            "retired_at",
            "0001-01-01T00:00+02:00",
            "zone",
        ),
        (
            "sensor",
            "id,device,kind,name\na,pi-2,meter,A\n",
            2,
            "device",
            "pi-2",
            "a device in the registry (nearest: 'pi-1')",
        ),
        ("sensor", "id,device,kind,name\na,pi-1,radar,A\n", 2, "kind", "radar", "one of lamp, passage"),
        (
            "sensor",
            "id,device,kind,name,parent\na,pi-1,meter,A,b\nb,pi-1,meter,B,a\n",
            2,
            "parent",
            "b",
            "not behind this",
        ),
        ("sensor", "id,device,kind,name,parent\na,pi-1,meter,A,mian\n", 2, "parent", "mian", "(nearest: 'main')"),
        (
            "sensor",
            "id,device,kind,name,site,lamp\na,pi-1,lamp,A,main-street,x\n",
            2,
            "site",
            "main-street",
            "at most one of site, building, cabinet, lamp",
        ),
        (
            "speed_limit",
            "site,direction,valid_from,valid_to,limit_kmh\nmain-street,both,2026-01-02,2026-01-01,50\n",
            2,
            "valid_to",
            "2026-01-01",
            "later than valid_from",
        ),
        (
            "dimming_profile",
            "lamp_group,valid_from,schedule\ng,2026-01-01,night\n",
            2,
            "schedule",
            "night",
            "spans like",
        ),
    ],
)
def test_what_is_refused(
    untouched: Registry, entity: str, text: str, line: int, field: str, value: str, expected: str
) -> None:
    before = {name: give(untouched, name) for name in ENTITIES}
    version = untouched.version()
    report = take(untouched, entity, text)
    error = report.errors[0]
    assert (error.line, error.field, error.value) == (line, field, value)
    assert expected in error.expected
    assert (report.created, report.changed, report.unchanged) == (0, 0, 0)
    assert {name: give(untouched, name) for name in ENTITIES} == before
    assert untouched.version() == version
    assert journal(untouched) == []


def test_every_fault_of_a_file_is_told_and_nothing_is_taken(registry: Registry) -> None:
    rows = "good,Good,55,12\nbad,,91,12\nmain-street,Changed,55,12\nworse,W,x,12\n"
    report = take(registry, "site", f"id,name,lat,lon\n{rows}")
    assert [(error.line, error.field) for error in report.errors] == [(3, "name"), (3, "lat"), (5, "lat")]
    assert [site.name for site in registry.sites()] == ["Main Street"]
    assert str(report.errors[1]) == "line 3: lat: '91' — expected a number, -90 to 90 degrees north"


def test_a_file_of_nothing_but_faults_is_not_read_to_its_end(registry: Registry) -> None:
    report = take(registry, "site", "id,name\n" + "!,!\n" * 5000)
    assert len(report.errors) == 1000


def test_a_file_in_another_encoding_is_refused(registry: Registry) -> None:
    report = import_csv(registry, "site", io.BytesIO("id,name\na,Åvej\n".encode("latin-1")))
    assert report.errors == (CellError(2, "", "b'\\xc5'", "text in UTF-8 (in Excel: CSV UTF-8)"),)


def test_children_before_their_parents(registry: Registry) -> None:
    text = "id,device,kind,name,parent\nleaf,pi-1,meter,Leaf,branch\nbranch,pi-1,meter,Branch,main\n"
    assert take(registry, "sensor", text).created == 2
    assert {sensor.id: sensor.parent for sensor in registry.sensors()} == {
        "main": None,
        "branch": "main",
        "leaf": "branch",
    }


def test_swapping_parent_and_child_in_one_file(registry: Registry) -> None:
    take(registry, "sensor", "id,device,kind,name,parent\nsub,pi-1,meter,Sub,main\n")
    assert take(registry, "sensor", "id,parent\nmain,sub\nsub,\n").changed == 2
    assert take(registry, "sensor", "id,parent\nsub,main\n").errors[0].field == "parent"


@pytest.mark.parametrize("name", ["api_key", "audit"])
def test_keys_and_audit_never_leave_by_file(registry: Registry, name: str) -> None:
    create_key(registry, "the map", ["read"])
    with pytest.raises(UnknownEntity, match="not kept in files"):
        give(registry, name)
    with pytest.raises(UnknownEntity, match="not kept in files"):
        take(registry, name, "id,name\n")


def test_an_unknown_table_is_named_with_the_nearest(registry: Registry) -> None:
    with pytest.raises(UnknownEntity, match=r"'sensors' — expected one of site, .*nearest: 'sensor'"):
        give(registry, "sensors")


def test_every_import_stands_in_the_audit(registry: Registry) -> None:
    import_csv(registry, "site", io.StringIO("id,name\na,A\n"), actor="anna")
    (row,) = journal(registry)
    assert (row.t, row.actor, row.action, row.entity) == (NOW, "anna", "import", "site")
    assert row.detail == {"created": 1, "changed": 0, "unchanged": 0}


def test_files_by_path(registry: Registry, tmp_path: Path) -> None:
    file = tmp_path / "sites.csv"
    assert export_csv(registry, "site", file) == 1
    header = b"id,name,kind,road_class,school_way,lanes,lat,lon,geometry,note,traffic_type\n"
    assert file.read_bytes() == header + b"main-street,Main Street,,,,2,,,,before,\n"
    assert import_csv(registry, "site", file) == ImportReport(created=0, changed=0, unchanged=1)
    export_csv(registry, "site", file, danish=True)
    assert file.read_bytes().startswith(b"\xef\xbb\xbfid;name;")


def test_formulas_are_inert_and_negative_numbers_intact(registry: Registry) -> None:
    with registry.session() as session:
        session.add(Site(id="evil", name='=HYPERLINK("x")', lat=-5.5, lon=1.0, note="'=already quoted"))
    text = give(registry, "site")
    assert 'evil,"\'=HYPERLINK(""x"")",,,,,-5.5,1,,\'\'=already quoted,\n' in text
    assert take(registry, "site", text).unchanged == 2


def test_a_file_for_a_danish_spreadsheet(registry: Registry) -> None:
    with registry.session() as session:
        session.add(Site(id="a", name="Åvej; ved skolen", lat=55.5, lon=-0.0001))
    text = give(registry, "site", danish=True)
    assert text.startswith("\ufeffid;name;")
    assert 'a;"Åvej; ved skolen";;;;;55,5;-0,0001;;;\n' in text
    assert take(registry, "site", text).unchanged == 2


def test_half_a_place_and_a_day_to_come_are_refused_by_field(registry: Registry) -> None:
    found = take(registry, "lamp", "id,name,lat,lon,installed\na,A,55.7,,\nb,B,,12.4,\nc,C,,,2999-01-01\n")
    assert [(one.line, one.field, one.value) for one in found.errors] == [
        (2, "lon", ""), (3, "lat", ""), (4, "installed", "2999-01-01"),
    ]  # fmt: skip


FACTOR = "traffic_type,step,first,last,valid_from,factor,source\n"
COUNT = "sensor,date,from_clock,to_clock,direction,vehicle_class,vehicles\n"


@pytest.mark.parametrize(
    ("entity", "text", "field", "expected"),
    [
        ("expansion_factor", FACTOR + "rural,hours_to_day,7,19,2026-01-01,1.2,x\n", "traffic_type", "one of commuter"),
        ("expansion_factor", FACTOR + "local,hours_to_day,19,7,2026-01-01,1.2,x\n", "last", "first before last"),
        ("expansion_factor", FACTOR + "local,hours_to_day,7,7,2026-01-01,1.2,x\n", "last", "first before last"),
        ("expansion_factor", FACTOR + "local,day_to_week,0,7,2026-01-01,1.2,x\n", "last", "weekdays 1 to 7"),
        ("expansion_factor", FACTOR + "local,week_to_year,1,54,2026-01-01,1.2,x\n", "last", "1 to 53"),
        ("expansion_factor", FACTOR + "local,week_to_year,1,53,2026-01-01,0,x\n", "factor", "more than 0"),
        ("expansion_factor", FACTOR + "local,week_to_year,1,53,2026-01-01,1.1,\n", "source", "cannot be unknown"),
        ("manual_count", COUNT + "main,2026-05-12,07:00,07:10,both,all,5\n", "to_clock", "whole quarter"),
        ("manual_count", COUNT + "main,2026-05-12,07:15,07:00,both,all,5\n", "to_clock", "later than from_clock"),
        ("manual_count", COUNT + "main,2026-05-12,07:00,07:15,north,all,5\n", "direction", "toward, away, both"),
        ("manual_count", COUNT + "main,2026-05-12,07:00,07:15,both,all,-5\n", "vehicles", "0 to 1e+06"),
        ("manual_count", COUNT + "radar,2026-05-12,07:00,07:15,both,all,5\n", "sensor", "id of a sensor"),
    ],
)
def test_what_factors_and_counts_are_refused(
    untouched: Registry, entity: str, text: str, field: str, expected: str
) -> None:
    (error,) = take(untouched, entity, text).errors
    assert error.field == field
    assert expected in error.expected


def test_factors_and_counts_are_kept(registry: Registry) -> None:
    rows = "local,hours_to_day,7,19,2026-01-01,1.25,a table of 2026\nlocal,day_to_week,2,4,2026-01-01,0.95,x\n"
    assert take(registry, "expansion_factor", FACTOR + rows).created == 2
    assert [(one.step, one.first, one.last, one.factor) for one in registry.expansion_factors()] == [
        ("day_to_week", 2, 4, 0.95), ("hours_to_day", 7, 19, 1.25),
    ]  # fmt: skip
    danish = (
        "\ufeffsensor;date;from_clock;to_clock;vehicles\nmain;2026-05-12;7:00;07:15;31\nmain;2026-05-12;23:45;24:00;2\n"
    )
    assert take(registry, "manual_count", danish).created == 2
    assert [(one.from_clock, one.direction, one.vehicle_class, one.vehicles) for one in registry.manual_counts()] == [
        ("23:45", "both", "all", 2), ("7:00", "both", "all", 31),
    ]  # fmt: skip


def test_rows_of_a_file_without_a_registry(tmp_path: Path) -> None:
    file = tmp_path / "count.csv"
    file.write_text("date,from_clock,to_clock,vehicles\n2026-05-12,07:00,07:15,31\n")
    rows, errors = read_csv(ManualCount, file, {"sensor": "any"})
    assert [(row.sensor, row.vehicles) for row in rows] == [("any", 31)]
    assert errors == []
    assert [error.field for error in read_csv(ManualCount, file)[1]] == ["sensor"]
    file.write_bytes(b"date,from_clock,to_clock,vehicles,note\n2026-05-12,07:00,07:15,31,\xf8\n")
    assert "UTF-8" in read_csv(ManualCount, file, {"sensor": "any"})[1][0].expected
