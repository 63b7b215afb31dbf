"""What an installation brings: the extras, and the lock files with their hashes."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PIN = re.compile(r"^(?P<requirement>[^\s#][^\\\n]*?) \\\n(?P<hashes>(?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.M)
PYTHONS = ("3.11", "3.12", "3.13")
MACHINES = ("x86_64", "aarch64")
# extra -> its lock file; those not named are in requirements.lock.
OWN_LOCKS = {"opendsm": "requirements-opendsm.lock"}
LOCKS = ("requirements.lock", *OWN_LOCKS.values())


@pytest.fixture(scope="module")
def pins(root: Path) -> dict[str, list[Requirement]]:
    """The pins of each lock file."""
    texts = {name: (root / name).read_text(encoding="utf-8") for name in LOCKS}
    return {name: [Requirement(match["requirement"]) for match in PIN.finditer(text)] for name, text in texts.items()}


def environment(python: str, machine: str) -> dict[str, str]:
    """Marker values of Linux with this Python and processor."""
    return {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "platform_machine": machine,
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
    }


def pinned(pins: list[Requirement], where: dict[str, str]) -> dict[str, str]:
    """{canonical name: version} of the pins that hold in an environment."""
    holding = [pin for pin in pins if pin.marker is None or pin.marker.evaluate(where)]
    versions = {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in holding}
    assert len(versions) == len(holding), "one library pinned twice for one environment"
    return versions


def test_edge_brings_nothing_heavy(brought_by: Callable[[str], set[str]]) -> None:
    brought = brought_by("edge")
    assert "paho-mqtt" in brought
    assert not brought & {"numpy", "pandas", "pydantic", "pydantic-core", "scipy", "pyarrow", "sqlalchemy"}


def test_the_walk_sees_what_a_library_brings(brought_by: Callable[[str], set[str]]) -> None:
    assert {"pydantic", "starlette", "numpy"} <= brought_by("server")
    assert brought_by("edge") < brought_by("dev")


def test_wire_alone_brings_nothing(pyproject: dict[str, Any]) -> None:
    assert pyproject["project"]["dependencies"] == []


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_is_nothing_but_pins_with_hashes(root: Path, name: str) -> None:
    lock = (root / name).read_text(encoding="utf-8")
    assert PIN.search(lock)
    rest = [line for line in PIN.sub("", lock).splitlines() if not line.startswith("#")]
    assert rest == []
    assert "://" not in lock
    assert not re.search(r"^\s*(-i|--index-url|--extra-index-url|--find-links|-f|--trusted-host)\b", lock, re.M)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("python", PYTHONS)
def test_every_dependency_is_locked_in_a_version_that_fits(
    python: str, machine: str, pins: dict[str, list[Requirement]], pyproject: dict[str, Any]
) -> None:
    where = environment(python, machine)
    missing = []
    for extra, texts in pyproject["project"]["optional-dependencies"].items():
        versions = pinned(pins[OWN_LOCKS.get(extra, "requirements.lock")], where)
        for requirement in map(Requirement, texts):
            name = canonicalize_name(requirement.name)
            if name == "bypuls" or (requirement.marker and not requirement.marker.evaluate(where)):
                continue
            if name not in versions or not requirement.specifier.contains(versions[name], prereleases=True):
                missing.append(f"{requirement} (locked: {versions.get(name, 'not at all')})")
    assert not missing, "run `make lock`"


def test_what_libraries_require_is_locked_too(
    brought_by: Callable[[str], set[str]], pins: dict[str, list[Requirement]]
) -> None:
    names = {lock: {canonicalize_name(pin.name) for pin in pins[lock]} for lock in LOCKS}
    assert brought_by("dev") | brought_by("parquet") <= names["requirements.lock"], "run `make lock`"
    for extra, lock in OWN_LOCKS.items():
        assert brought_by(extra) <= names[lock], "run `make lock`"
        assert not brought_by(extra) & {"numba", "pandas"} & names["requirements.lock"], "`make setup` stays quick"


@pytest.mark.parametrize("lock", OWN_LOCKS.values())
@pytest.mark.parametrize("python", PYTHONS)
def test_a_lock_of_its_own_changes_nothing_of_the_first(
    python: str, lock: str, pins: dict[str, list[Requirement]]
) -> None:
    first, own = (pinned(pins[name], environment(python, "x86_64")) for name in ("requirements.lock", lock))
    assert {"numpy", "scipy"} <= first.keys() & own.keys()
    differing = {name: (first[name], own[name]) for name in first.keys() & own.keys() if first[name] != own[name]}
    assert differing == {}, "run `make lock`"
    assert pinned(pins[lock], environment(python, "aarch64")) == {}
