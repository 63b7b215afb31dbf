"""The wheel that users install holds every file of every room, and nothing else."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest


def files_of(rooms: dict[str, Path]) -> dict[str, Path]:
    """{name in the wheel: path} of every file of the rooms, ignored by git or not: migrations, templates, static
    files, translations, sample configurations, py.typed."""
    return {
        str(path.relative_to(room.parents[1])): path
        for room in rooms.values()
        for path in room.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> zipfile.Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    built = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = folder.glob("bypuls-*.whl")
    return zipfile.Path(path)


def test_every_file_of_every_room_is_in_the_wheel(rooms: dict[str, Path], wheel: zipfile.Path) -> None:
    names = set(wheel.root.namelist())
    missing = {name for name, path in files_of(rooms).items() if name not in names and path.exists()}
    assert not missing
    assert {f"bypuls/{room}/py.typed" for room in rooms} <= names


def test_nothing_else_is_in_the_wheel(wheel: zipfile.Path) -> None:
    names = wheel.root.namelist()
    assert [name for name in names if not name.startswith("bypuls/") and ".dist-info/" not in name] == []
    assert [name for name in names if "__pycache__" in name or name.endswith(".pyc")] == []
    assert "bypuls/__init__.py" not in names


def test_the_wheel_carries_licence_and_command(wheel: zipfile.Path) -> None:
    (info,) = (path for path in wheel.iterdir() if path.name.endswith(".dist-info"))
    assert "Mozilla Public License" in (info / "licenses" / "LICENSE").read_text(encoding="utf-8")
    assert "bypuls = bypuls.cli:main" in (info / "entry_points.txt").read_text(encoding="utf-8")
    assert "Requires-Python: >=3.11" in (info / "METADATA").read_text(encoding="utf-8")


def test_the_registry_of_the_wheel_makes_its_database(wheel: zipfile.Path, tmp_path: Path) -> None:
    installed = tmp_path / "site"
    wheel.root.extractall(installed)
    program = (
        "import pathlib, sys\n"
        "from bypuls.store import registry\n"
        "assert pathlib.Path(registry.__file__).is_relative_to(sys.argv[1]), registry.__file__\n"
        "print(registry.open_registry(sys.argv[2]).version())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(installed), str(tmp_path / "registry.db")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 0
    assert (tmp_path / "registry.db").is_file()
