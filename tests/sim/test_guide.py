"""The guide's examples run."""

import contextlib
import io
import re
from pathlib import Path

from bypuls.sim.mapping import parse_mapping

GUIDE = (Path(__file__).parents[2] / "docs/guides/simulation.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


def test_the_python_example_prints_bins() -> None:
    (code,) = blocks("python")
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(code, "simulation.md", "exec"), {})
    assert "lamp lamp-1-01 96 ['energy_wh_covered_s'" in said.getvalue()


def test_the_mapping_example_is_one() -> None:
    (text,) = blocks("toml")
    mapping = parse_mapping(text)
    assert [rule.kind for rule in mapping.readings] == ["meter", "weather"]
