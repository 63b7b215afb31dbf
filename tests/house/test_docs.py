"""What the documentation says is so: commands exist, links lead somewhere, the vocabulary is the contract's."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from bypuls.wire import KINDS

FENCE = re.compile(r"^```(?:sh|bash|console|shell)\n(.*?)^```", re.M | re.S)
INLINE = re.compile(r"`((?:make|bypuls|python -m bypuls)\b[^`\n]*)`")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
PICTURE = "docs/guides/images/overview-en.png"

# Paths of the machines that it was built on, and hosts of package registries: a mirror or a proxy serves as well.
FOREIGN = re.compile(
    r"(?<![.\w])/(?:work|root)/|[.]library/|pythonhosted\.org|(?<![\w-])pypi\.org|(?:proxy|sum)\.golang\.org"
    r"|(?<!\w)crates\.io|registry\.npmjs\.org|repo1?\.maven\.(?:apache\.)?org|(?:deb|snapshot)\.debian\.org"
    r"|archive\.ubuntu\.com|\.pkg\.dev"
)


def pages(tree: list[Path]) -> list[Path]:
    """Every page of documentation that speaks of the present: not the changelog, not decisions."""
    return [p for p in tree if p.suffix == ".md" and p.name != "CHANGELOG.md" and "decisions" not in p.parts]


def commands(text: str) -> set[str]:
    """The commands of `make`, `bypuls` and `python -m bypuls` that a page shows, in fenced blocks and in the text."""
    lines = {line.strip().removeprefix("$ ") for block in FENCE.findall(text) for line in block.splitlines()}
    return {line for line in lines | set(INLINE.findall(text)) if re.match(r"(make|bypuls|python -m bypuls)\b", line)}


def all_commands(tree: list[Path]) -> set[str]:
    return {command for page in pages(tree) for command in commands(page.read_text(encoding="utf-8"))}


def bypuls(*words: str) -> subprocess.CompletedProcess[str]:
    """The command line, as the installed script would start it."""
    start = [sys.executable, "-c", "from bypuls.cli import main; main()", *words]
    return subprocess.run(start, capture_output=True, text=True, env={**os.environ, "COLUMNS": "100"}, check=False)


def test_commands_are_found() -> None:
    page = "Type `make run` or `bypuls up --port 1`.\n```sh\n$ make test\nls\n```\n```python\nmake = 1\n```\n"
    assert commands(page) == {"make run", "bypuls up --port 1", "make test"}


def test_the_readme_names_the_two_commands(root: Path) -> None:
    assert {"make run", "make test"} <= commands((root / "README.md").read_text(encoding="utf-8"))


def test_every_make_target_of_the_docs_exists(root: Path, tree: list[Path]) -> None:
    targets = set(re.findall(r"^([a-z]+):", (root / "Makefile").read_text(encoding="utf-8"), re.M))
    named = {match[1] for command in all_commands(tree) if (match := re.match(r"make ([a-z]+)", command))}
    assert named <= targets


def test_every_bypuls_command_of_the_docs_exists(tree: list[Path]) -> None:
    if bypuls("up", "--help").returncode != 0:
        pytest.skip("there is no `bypuls up` yet")
    named = {match[1] for command in all_commands(tree) if (match := re.match(r"bypuls ([a-z][a-z-]*)", command))}
    assert sorted(name for name in named if bypuls(name, "--help").returncode != 0) == []


def test_every_python_module_of_the_docs_exists(rooms: dict[str, Path], tree: list[Path]) -> None:
    missing = []
    for command in sorted(all_commands(tree)):
        if not (match := re.match(r"python -m bypuls\.(\w+)((?:\.\w+)*)", command)):
            continue
        room, inner = rooms[match[1]], match[2].replace(".", "/").lstrip("/")
        places = [room / inner / "__main__.py", *([room / f"{inner}.py"] if inner else [])]
        if any(room.glob("*.py")) and not any(place.is_file() for place in places):
            missing.append(command)
    assert missing == []


def test_every_link_leads_somewhere(root: Path, tree: list[Path]) -> None:
    broken = []
    for page in (path for path in tree if path.suffix == ".md"):
        for link in LINK.findall(page.read_text(encoding="utf-8")):
            target = unquote(link.split("#")[0])
            if not target or re.match(r"[a-z]+:", target):
                continue
            path = (page.parent / target).resolve()
            if not path.exists() and path != root / PICTURE:
                broken.append(f"{page.relative_to(root)}: {link}")
    assert broken == []


def test_every_page_is_listed_once(root: Path) -> None:
    listed = LINK.findall((root / "docs" / "README.md").read_text(encoding="utf-8"))
    there = {str(page.relative_to(root / "docs")) for page in (root / "docs").rglob("*.md")} - {"README.md"}
    assert sorted(listed) == sorted(there)


def test_no_merge_is_left_half_done(tree: list[Path]) -> None:
    marks = re.compile(rb"^(<{7} |>{7} )", re.M)
    assert [path for path in tree if path.is_file() and marks.search(path.read_bytes())] == []


def test_the_picture_of_the_readme_is_there(root: Path) -> None:
    assert PICTURE in (root / "README.md").read_text(encoding="utf-8")
    if not (root / PICTURE).is_file():
        pytest.skip(f"{PICTURE} has not been taken yet")


@pytest.mark.parametrize(
    ("text", "foreign"),
    [
        ("a path of a checkout: /" + "work/main", True),
        ("index = https://" + "pypi" + ".org/simple", True),
        ("in the frame" + "work/ folder", False),
        ("the units are in deploy/systemd/", False),
    ],
)
def test_what_counts_as_foreign(text: str, foreign: bool) -> None:
    assert bool(FOREIGN.search(text)) is foreign


def test_no_file_names_a_build_machine_or_a_registry(root: Path, tree: list[Path]) -> None:
    found = []
    for path in tree:
        text = path.read_bytes().decode("utf-8", errors="replace")
        found += [f"{path.relative_to(root)}: {match[0]}" for match in FOREIGN.finditer(text)]
    assert found == []


def test_the_vocabulary_is_the_contracts(root: Path) -> None:
    text = (root / "docs" / "reference" / "vocabulary.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*?) \| ([^|]*?) \|", text, re.M)
    said = {(kind.strip(" `"), name, unit) for name, unit, kinds in rows for kind in kinds.split(",")}
    contract = {(name, field, spec.unit or "–") for name, kind in KINDS.items() for field, spec in kind.specs.items()}
    assert said == contract


def test_the_changelog_names_the_version(root: Path, pyproject: dict[str, Any]) -> None:
    version = re.escape(pyproject["project"]["version"])
    assert re.search(rf"^## \[{version}\] ", (root / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
