"""What the tests of the house share: the tree, its rooms, and what each extra brings."""

import subprocess
import tomllib
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
# A Pi is asked for too, whatever this machine is.
MACHINES = (default_environment()["platform_machine"], "aarch64")


@pytest.fixture(scope="session")
def root() -> Path:
    """The top folder of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def rooms() -> dict[str, Path]:
    """Every room by name, from the folders: {"wire": …/wire/bypuls/wire, …}."""
    return {path.name: path for path in sorted(ROOT.glob("*/bypuls/*")) if path.is_dir() and path.name != "__pycache__"}


@pytest.fixture(scope="session")
def pyproject() -> dict[str, Any]:
    """pyproject.toml as it stands."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def tree() -> list[Path]:
    """Every file of the project that git knows or would add; without git, every file outside hidden folders."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    except (OSError, subprocess.CalledProcessError):  # no git here, or no repository
        inside = (path for path in ROOT.rglob("*") if not any(p.startswith(".") for p in path.relative_to(ROOT).parts))
        return sorted(path for path in inside if path.is_file() and path.suffix != ".pyc")
    return sorted(ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file())


@pytest.fixture(scope="session")
def brought_by(pyproject: dict[str, Any]) -> Callable[[str], set[str]]:
    """A function: extra -> the canonical names of every distribution that `pip install bypuls[extra]` brings.

    The first step is read from pyproject.toml, the others from what is installed here.
    """
    extras = pyproject["project"]["optional-dependencies"]

    def walk(extra: str) -> set[str]:
        waiting = [Requirement(text) for text in extras[extra]]
        seen: set[tuple[str, str]] = set()
        while waiting:
            requirement = waiting.pop()
            name = canonicalize_name(requirement.name)
            for wanted in ("", *sorted(requirement.extras)):
                if (name, wanted) in seen:
                    continue
                seen.add((name, wanted))
                if name == "bypuls":
                    waiting += [Requirement(text) for text in extras.get(wanted, [])]
                    continue
                waiting += [child for child in _requires(name) if _applies(child, wanted)]
        return {name for name, _ in seen} - {"bypuls"}

    return walk


def _requires(name: str) -> list[Requirement]:
    try:
        return [Requirement(text) for text in distribution(name).requires or []]
    except PackageNotFoundError:  # for another Python or processor; its own requirements can't be read here
        return []


def _applies(requirement: Requirement, extra: str) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra, "platform_machine": m}) for m in MACHINES)
