"""A registry made once and copied for each test: migrating costs more than most tests do."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bypuls.store.registry import open_registry


@pytest.fixture(scope="session")
def empty_registry_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a registry with nothing in it, closed."""
    path = tmp_path_factory.mktemp("template") / "registry.db"
    open_registry(path).close()
    return path


@pytest.fixture(scope="session")
def place_registry(empty_registry_file: Path) -> Callable[[Path], Path]:
    """Puts a copy of the empty registry into a folder and says where it is."""

    def place(folder: Path) -> Path:
        return Path(shutil.copyfile(empty_registry_file, folder / "registry.db"))

    return place
