"""The wheel that users install holds every file of every room, and nothing else."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

_MIGRATES = """
from bypuls.store import registry
print(registry.open_registry("registry.db").version())
"""
_OPENS_PAGES = """
import json
from pathlib import Path
from starlette.testclient import TestClient
from bypuls.api import ApiContext, ApiSettings, create_app
from bypuls.store.book import Book
from bypuls.store.registry import open_registry
from bypuls.store.sqlite import SqliteStore

registry = open_registry("registry.db")
context = ApiContext(SqliteStore(Path("store")), registry, Book(registry), ApiSettings(open_on_loopback=True))
client = TestClient(create_app(context), base_url="http://127.0.0.1", client=("127.0.0.1", 50000))
paths = ("/?lang=da", "/?lang=en", "/traffic?lang=da", "/about?lang=en", "/static/bypuls.css", "/api/v1/openapi.json")
answers = {path: client.get(path) for path in paths}
print(json.dumps({path: (answer.status_code, answer.text) for path, answer in answers.items()}))
"""
_FROM_THE_WHEEL = """
import sys
from pathlib import Path
strayed = [
    str(module.__file__)
    for name, module in sys.modules.items()
    if name.startswith("bypuls.") and getattr(module, "__file__", None)
    and not Path(module.__file__).is_relative_to(sys.argv[1])
]
assert not strayed, strayed
"""


def told_by_the_wheel(wheel: zipfile.Path, folder: Path, program: str) -> str:
    """What a program prints in `folder` that finds bypuls in the unpacked wheel, and nowhere else."""
    installed = folder / "site"
    wheel.root.extractall(installed)
    done = subprocess.run(
        [sys.executable, "-c", program + _FROM_THE_WHEEL, str(installed)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


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
    done = told_by_the_wheel(wheel, tmp_path, _MIGRATES)
    assert int(done) >= 0
    assert (tmp_path / "registry.db").is_file()


def test_the_pages_of_the_wheel_open_in_both_languages(wheel: zipfile.Path, tmp_path: Path) -> None:
    pages = json.loads(told_by_the_wheel(wheel, tmp_path, _OPENS_PAGES))
    assert {path: status for path, (status, _) in pages.items() if status != 200} == {}
    assert "Byen nu" in pages["/?lang=da"][1]
    assert "The town now" in pages["/?lang=en"][1]
    assert len(pages["/static/bypuls.css"][1]) > 1000
