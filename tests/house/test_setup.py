"""`make setup` on machines that lack something: said in plain words, and nothing half made left as ready."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")

OLD = """#!/bin/sh
case "$1" in --version) echo 'Python 3.10.12';; *) exit 1;; esac
"""
WITHOUT_PIP = """#!/bin/sh
case "$*" in --version) echo 'Python 3.11.2';; *ensurepip*|*pip*) exit 1;; *) exit 0;; esac
"""


@pytest.fixture
def checkout(root: Path, tmp_path: Path) -> Path:
    """A checkout in a folder whose name has spaces and a quote's worth of trouble."""
    folder = tmp_path / "by puls (æøå)"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(root / name, folder)
    return folder


def make(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    outer = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))} | settings
    return subprocess.run(["make", *words], cwd=folder, env=outer, capture_output=True, text=True, check=False)


def fake_python(folder: Path, script: str) -> Path:
    path = folder / "python-fake"
    path.write_text(script, encoding="utf-8")
    path.chmod(0o755)
    return path


def test_an_old_python_is_named(checkout: Path) -> None:
    done = make(checkout, "setup", f"PYTHON={fake_python(checkout, OLD)}")
    assert done.returncode != 0
    assert "needs Python 3.11 or newer" in done.stderr
    assert "Python 3.10.12" in done.stderr
    assert "apt install python3" in done.stderr


def test_no_python_is_named(checkout: Path) -> None:
    done = make(checkout, "setup", "PYTHON=python-that-is-nowhere")
    assert done.returncode != 0
    assert "python-that-is-nowhere is: not there" in done.stderr


def test_a_python_without_pip_says_what_to_install(checkout: Path) -> None:
    done = make(checkout, "setup", f"PYTHON={fake_python(checkout, WITHOUT_PIP)}")
    assert done.returncode != 0
    assert "apt install python3-venv" in done.stderr
    assert not (checkout / ".venv" / "ready").exists()


def test_help_names_every_target(checkout: Path) -> None:
    done = make(checkout)
    assert done.returncode == 0
    for target in ("setup", "opendsm", "run", "test", "soak", "bench", "lint", "lock", "clean"):
        assert f"make {target} " in done.stdout


def test_opendsm_names_the_machines_that_it_is_for(checkout: Path, tmp_path: Path) -> None:
    """On another processor; the .venv is made already."""
    (checkout / ".venv" / "bin").mkdir(parents=True)
    programs = tmp_path / "programs"
    programs.mkdir()
    for path, script in ((checkout / ".venv/bin/python", "exit 0"), (programs / "uname", "echo aarch64")):
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
    want = subprocess.run(
        ["sh", "-c", 'echo "$(cat pyproject.toml requirements.lock | cksum) $(pwd)"'],
        cwd=checkout, capture_output=True, check=True,
    )  # fmt: skip
    (checkout / ".venv" / "ready").write_bytes(want.stdout)
    done = make(checkout, "opendsm", PATH=f"{programs}:{os.environ['PATH']}")
    assert done.returncode != 0
    assert "wheels for x86_64 alone; this machine is aarch64" in done.stderr


def test_clean_keeps_readings(checkout: Path) -> None:
    for name in (".venv", "data", ".cache", "wire/__pycache__"):
        (checkout / name).mkdir(parents=True)
    done = make(checkout, "clean")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in checkout.iterdir() if path.is_dir()} == {"data", ".cache", "wire"}
    assert not (checkout / "wire" / "__pycache__").exists()
