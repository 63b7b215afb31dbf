"""Who may know whom: imports between rooms, and what each room may take from outside."""

import ast
import sys
from collections.abc import Callable
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

# room -> the rooms that it may import. `cli` may import every room and is imported by none.
ARROWS: dict[str, set[str]] = {
    "wire": set(),
    "edge": {"wire"},
    "sim": {"wire"},
    "store": {"wire"},
    "ingest": {"wire", "store", "analysis"},
    "analysis": set(),
    "api": {"wire", "store", "analysis"},
    "grafana": {"store"},
    "cli": {"wire", "edge", "sim", "store", "ingest", "analysis", "api", "grafana"},
}

# room -> the extras whose libraries it may import; `wire` has the standard library alone.
EXTRAS: dict[str, set[str]] = {
    "wire": set(),
    "edge": {"edge", "han"},
    "sim": {"sim", "parquet"},
    "store": {"server"},
    "ingest": {"server"},
    "api": {"server", "opendsm"},
    "grafana": {"server"},
    "cli": {"edge", "server", "sim", "parquet"},
}


def imported(source: str, package: str) -> set[str]:
    """The dotted names that a module of `package` imports, at any depth: inside functions, under TYPE_CHECKING, by
    importlib's import_module with a literal name. `from a import b` counts as a.b, relative names are resolved."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                found |= {alias.name for alias in names}
            case ast.ImportFrom(module=module, names=names, level=level):
                base = package.split(".")[: len(package.split(".")) - level + 1] if level else []
                stem = ".".join([*base, *([module] if module else [])])
                found |= {f"{stem}.{alias.name}" for alias in names}
            case ast.Call(
                func=ast.Name(id=name) | ast.Attribute(attr=name), args=[ast.Constant(value=str(target)), *_]
            ):
                if name in {"import_module", "__import__"}:
                    found.add(target)
    return found


def rooms_named(names: set[str]) -> set[str]:
    """The rooms behind dotted names: bypuls.store.sqlite -> store."""
    return {name.split(".")[1] for name in names if name.startswith("bypuls.")}


def modules(room: Path) -> list[tuple[Path, set[str]]]:
    """Every module of a room with the names that it imports."""
    source_root = room.parents[1]
    found = []
    for path in sorted(room.rglob("*.py")):
        package = ".".join(path.relative_to(source_root).parent.parts)
        found.append((path, imported(path.read_text(encoding="utf-8"), package)))
    return found


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import bypuls.store.sqlite", {"store"}),
        ("from bypuls import store", {"store"}),
        ("from bypuls.store.protocol import Store", {"store"}),
        ("from .. import store", {"store"}),
        ("from ..store import protocol", {"store"}),
        ("from . import outbox", {"edge"}),
        ("def f():\n    import bypuls.api", {"api"}),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from bypuls.sim import town", {"sim"}),
        ("import importlib\nimportlib.import_module('bypuls.sim.town')", {"sim"}),
        ("import json, os.path", set()),
    ],
)
def test_every_way_to_import_is_seen(source: str, expected: set[str]) -> None:
    assert rooms_named(imported(source, "bypuls.edge")) == expected


def test_every_room_has_its_arrows(rooms: dict[str, Path]) -> None:
    assert set(rooms) == set(ARROWS)
    assert set(rooms) == set(EXTRAS) | {"analysis"}


@pytest.mark.parametrize("room", sorted(ARROWS))
def test_a_room_imports_only_the_rooms_that_it_may(room: str, rooms: dict[str, Path]) -> None:
    stray = {
        f"{path}: {other}"
        for path, names in modules(rooms[room])
        for other in rooms_named(names) - ARROWS[room] - {room}
    }
    assert not stray, f"{room} may import {sorted(ARROWS[room]) or 'no other room'}"


@pytest.mark.parametrize("room", sorted(EXTRAS))
def test_a_room_imports_only_libraries_of_its_extras(
    room: str, rooms: dict[str, Path], brought_by: Callable[[str], set[str]]
) -> None:
    allowed = set().union(*(brought_by(extra) for extra in EXTRAS[room]))
    providers = packages_distributions()
    stray = set()
    for path, names in modules(rooms[room]):
        for top in {name.split(".")[0] for name in names} - set(sys.stdlib_module_names) - {"bypuls"}:
            if not {canonicalize_name(name) for name in providers.get(top, [top])} & allowed:
                stray.add(f"{path}: {top}")
    assert not stray, f"{room} may import what these extras bring: {sorted(EXTRAS[room])}"


def test_analysis_is_pure_numpy(rooms: dict[str, Path]) -> None:
    tops = {name.split(".")[0] for _, names in modules(rooms["analysis"]) for name in names}
    assert tops - set(sys.stdlib_module_names) <= {"bypuls", "numpy", "scipy"}
    assert not tops & {"socket", "sqlite3", "subprocess", "urllib", "http", "asyncio", "threading"}, (
        "no I/O in analysis"
    )
