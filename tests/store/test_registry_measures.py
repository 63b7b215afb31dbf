"""Measures, their effects and the parts of a scope as files: what is taken, what is refused, and back again."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bypuls.store.registry import Building, Cabinet, Registry, Target, export_csv, import_csv, open_registry


@pytest.fixture
def registry(tmp_path: Path, place_registry: Callable[[Path], Path]) -> Iterator[Registry]:
    """A school, a cabinet and a target."""
    with open_registry(place_registry(tmp_path)) as opened:
        with opened.session() as session:
            session.add(Building(id="school", name="School"))
            session.add(Cabinet(id="box", name="Box"))
            session.add(Target(id="t", name="T", kind="organisation", reduction=0.85, target_year=2030, gas="CO2"))
        yield opened


def errors(registry: Registry, entity: str, text: str) -> list[str]:
    return [str(error) for error in import_csv(registry, entity, io.StringIO(text)).errors]


def test_there_and_back(registry: Registry) -> None:
    files = {
        "measure": "id;name;kind;building;start;certainty;cost_dkk\npump;Pump;heating;school;2027-06-01;0,9;1900000\n",
        "measure_effect": "measure;carrier;kwh_per_year;t_per_year\npump;gas;247000;\npump;electricity;-72000,5;\n",
        "scope_part": "target;domain;carrier;base_tonnes\nt;buildings;gas;160,5\n",
    }
    for entity, text in files.items():
        assert errors(registry, entity, text) == []
    for entity in files:
        out = io.StringIO()
        export_csv(registry, entity, out)
        again = import_csv(registry, entity, io.StringIO(out.getvalue()))
        assert (again.errors, again.created, again.changed) == ((), 0, 0)
    effect = {one.carrier: one for one in registry.measure_effects()}["electricity"]
    assert (effect.kwh_per_year, effect.t_per_year) == (-72000.5, None)
    assert registry.measures()[0].place == ("building", "school")


@pytest.mark.parametrize(
    ("entity", "text", "message"),
    [
        ("measure", "id,name,kind,start\nx,X,magic,2027-01-01\n", "kind: 'magic'"),
        ("measure", "id,name,kind,start,building,cabinet\nx,X,led,2027-01-01,school,box\n", "at most one of"),
        ("measure", "id,name,kind,start,certainty\nx,X,led,2027-01-01,90\n", "certainty: '90'"),
        ("measure", "id,name,kind,start\nx,X,led,next year\n", "start: 'next year'"),
        ("measure", "id,name,kind,start,building\nx,X,led,2027-01-01,hall\n", "hall"),
        ("measure_effect", "measure,carrier\npump,gas\n", "kWh or tonnes a year, at least one of them"),
        ("scope_part", "target,domain,carrier,base_tonnes\nt,moon,gas,5\n", "domain: 'moon'"),
        ("scope_part", "target,domain,carrier,base_tonnes\nt,fleet,gas,-5\n", "base_tonnes: '-5'"),
    ],
)
def test_what_is_refused(registry: Registry, entity: str, text: str, message: str) -> None:
    assert any(message in error for error in errors(registry, entity, text)), errors(registry, entity, text)
