"""What the documentation says is so: commands exist, links lead somewhere, the vocabulary is the contract's."""

import re
import shlex
from itertools import takewhile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from bypuls.cli.app import app
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


def unknown_word(line: str) -> str | None:
    """The first word of a documented `bypuls` command that the command line doesn't know: a command or an option."""
    words = shlex.split(line, comments=True)[1:]
    command: Any = get_command(app)
    path = command.make_context("bypuls", [], resilient_parsing=True)
    while isinstance(command, TyperGroup) and words and not words[0].startswith("-"):
        # Where a text speaks of several commands at once: `bypuls registry import|export`, `bypuls report …`.
        if re.fullmatch(r"[A-Z…].*|.*[|…<].*", words[0]):
            return None
        name = words.pop(0)
        inner = command.get_command(path, name)
        if inner is None:
            return name
        command = inner
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)} | {
        "--help"
    }
    # What follows a pipe or a chain is another program's.
    own = takewhile(lambda word: word not in {"|", "&&", ";", ">"}, words)
    named = (match[1] for word in own if (match := re.match(r"(--[a-z][a-z-]*)", word)))
    return next((option for option in named if option not in known), None)


def test_commands_are_found() -> None:
    page = "Type `make run` or `bypuls up --port 1`.\n```sh\n$ make test\nls\n```\n```python\nmake = 1\n```\n"
    assert commands(page) == {"make run", "bypuls up --port 1", "make test"}


def test_the_readme_names_the_two_commands(root: Path) -> None:
    assert {"make run", "make test"} <= commands((root / "README.md").read_text(encoding="utf-8"))


def test_every_make_target_of_the_docs_exists(root: Path, tree: list[Path]) -> None:
    targets = set(re.findall(r"^([a-z]+):", (root / "Makefile").read_text(encoding="utf-8"), re.M))
    named = {match[1] for command in all_commands(tree) if (match := re.match(r"make ([a-z]+)", command))}
    assert named <= targets


@pytest.mark.parametrize(
    ("line", "unknown"),
    [
        ("bypuls up --port 1", None),
        ("bypuls registry keys --no", "keys"),
        ("bypuls up --prot 1", "--prot"),
        ("bypuls registry import|export", None),
        ("bypuls report speed FILE --format json | jq --raw-output .v85", None),
    ],
)
def test_what_the_command_line_does_not_know(line: str, unknown: str | None) -> None:
    assert unknown_word(line) == unknown


def test_every_bypuls_command_and_option_of_the_docs_exists(tree: list[Path]) -> None:
    lines = [line for line in all_commands(tree) if re.match(r"bypuls [a-z]", line)]
    assert len(lines) > 50
    assert sorted((line, word) for line in lines if (word := unknown_word(line))) == []


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
