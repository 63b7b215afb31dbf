"""The shape of the house: rooms, namespace, typing markers, module sizes and names."""

import re
from pathlib import Path
from typing import Any

import pytest

LONGEST_MODULE = 400
EMPTY_NAMES = re.compile(r"(utils?|common|helpers?|misc|manager)(\.py)?")


def test_bypuls_is_a_namespace(root: Path) -> None:
    stray = [str(path) for path in root.glob("*/bypuls/*.py")]
    assert not stray, "a module directly in bypuls/ would hide the other rooms"


def test_every_room_is_marked_as_typed(rooms: dict[str, Path]) -> None:
    assert rooms
    assert [name for name, path in rooms.items() if not (path / "py.typed").is_file()] == []


def test_every_source_root_is_named_to_every_tool(root: Path, pyproject: dict[str, Any]) -> None:
    roots = {path.parent.name for path in root.glob("*/bypuls") if path.is_dir()}
    hatch = pyproject["tool"]["hatch"]["build"]
    assert set(hatch["dev-mode-dirs"]) == roots
    assert set(hatch["targets"]["wheel"]["packages"]) == {f"{name}/bypuls" for name in roots}
    assert set(pyproject["tool"]["mypy"]["mypy_path"].split(":")) == roots


def test_every_room_is_type_checked(rooms: dict[str, Path], pyproject: dict[str, Any]) -> None:
    assert set(pyproject["tool"]["mypy"]["packages"]) == {f"bypuls.{name}" for name in rooms}


def test_tests_are_no_packages(tree: list[Path], root: Path) -> None:
    assert [str(path) for path in tree if path.name == "__init__.py" and path.is_relative_to(root / "tests")] == []


def test_modules_are_short(tree: list[Path]) -> None:
    lengths = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in tree if path.suffix == ".py"}
    assert {path: length for path, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_modules_have_names_from_the_field(tree: list[Path], root: Path) -> None:
    python = (path.relative_to(root) for path in tree if path.suffix == ".py")
    assert [str(path) for path in python if any(EMPTY_NAMES.fullmatch(part) for part in path.parts)] == []


@pytest.mark.parametrize(("name", "says_nothing"), [("utils.py", True), ("helper", True), ("outbox.py", False)])
def test_what_counts_as_an_empty_name(name: str, says_nothing: bool) -> None:
    assert bool(EMPTY_NAMES.fullmatch(name)) is says_nothing
