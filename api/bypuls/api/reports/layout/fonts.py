"""The reports' typefaces, from packages, so that a report looks the same on every machine."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

SANS = "Source Sans Pro"
SERIF = "Source Serif Pro"
FALLBACK = "DejaVu Sans"  # for letters that the others lack


@cache
def folders() -> tuple[Path, ...]:
    """Where the font files are."""
    import matplotlib

    return (
        Path(str(files("font_source_sans_pro").joinpath("files"))),
        Path(str(files("font_source_serif_pro").joinpath("files"))),
        Path(matplotlib.get_data_path()) / "fonts" / "ttf",
    )


def sans_files() -> tuple[Path, ...]:
    """The sans-serif in the two weights that charts use."""
    return tuple(folders()[0] / f"SourceSansPro-{weight}.ttf" for weight in ("Regular", "Bold"))
