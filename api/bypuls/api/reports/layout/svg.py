"""A figure of matplotlib as a small, self-sufficient SVG: for print with its colours, for pages with the page's."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any
from xml.etree import ElementTree as ET

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.figure import Figure

from bypuls.api.reports.layout.fonts import sans_files

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
INK, SOFT, LINE, TRACK = "#1b2426", "#566265", "#dddbd2", "#e7e4da"
TRAFFIC, BLUE, GOOD, WARN, BAD, PAPER = "#a8481a", "#24598c", "#1d6b3f", "#8a5a00", "#a92a22", "#ffffff"
PAGE_COLOURS: Mapping[str, str] = {
    INK: "--ink", SOFT: "--soft", LINE: "--line", TRACK: "--track", TRAFFIC: "--traffic", BLUE: "--buildings",
    GOOD: "--good", WARN: "--warn", BAD: "--bad", PAPER: "--raised",
}  # fmt: skip

STYLE: Mapping[str, Any] = {
    "svg.fonttype": "none", "svg.hashsalt": "bypuls", "text.parse_math": False,
    "axes.edgecolor": LINE, "axes.labelcolor": SOFT, "axes.linewidth": 0.8, "text.color": INK,
    "axes.spines.top": False, "axes.spines.right": False, "axes.spines.left": False,
    "xtick.color": LINE, "xtick.labelcolor": SOFT, "ytick.color": LINE, "ytick.labelcolor": SOFT,
    "ytick.major.size": 0, "xtick.major.size": 3, "axes.grid": True, "axes.grid.axis": "y", "grid.color": LINE,
    "grid.linewidth": 0.6, "axes.axisbelow": True, "hatch.linewidth": 0.5, "legend.frameon": False,
    "figure.facecolor": "none", "axes.facecolor": "none", "savefig.facecolor": "none",
}  # fmt: skip
_style = threading.Lock()  # matplotlib's settings belong to the process


@contextmanager
def house_style(size: float, family: Sequence[str]) -> Iterator[None]:
    """The reports' look for what is drawn inside; one thread at a time.

    size : of the type [pt].  family : typefaces; on pages the widest, since theirs is unknown."""
    _register_fonts()
    names = ("font.size", "axes.labelsize", "xtick.labelsize", "ytick.labelsize", "legend.fontsize", "axes.titlesize")
    settings: dict[Any, Any] = {**STYLE, **dict.fromkeys(names, size), "font.family": list(family)}
    with _style, mpl.rc_context(settings):
        yield


@cache
def _register_fonts() -> None:
    for path in sans_files():
        font_manager.fontManager.addfont(path)


def svg_of(draw: Callable[[], Figure], *, size: float, family: Sequence[str]) -> str:
    """The figure as SVG, the same bytes for the same figure."""
    with house_style(size, family):
        buffer = io.StringIO()
        draw().savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return buffer.getvalue()


def for_page(svg: str, name: str, alt: str) -> str:
    """The SVG to stand in a web page: no style sheet and no inline style (so it passes a strict content policy), the
    page's colours and typeface, ids of its own, a description.

    name : of the chart, unique in the page, [a-z]."""
    root = ET.fromstring(svg)
    for parent in root.iter():
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                parent.remove(child)
    used = set(re.findall(r"#([\w-]+)", ET.tostring(root, encoding="unicode")))
    for element in root.iter():
        _attributes(element, name, used)
    width, height = root.get("viewBox", "0 0 1 1").split()[2:]
    root.attrib.pop("width", None), root.attrib.pop("height", None)
    root.attrib |= {"class": f"plot-svg {name}", "role": "img", "stroke-linejoin": "round", "aria-label": alt}
    root.set("data-ratio", f"{float(width) / float(height):.3f}")
    ET.register_namespace("", SVG)
    ET.register_namespace("xlink", XLINK)
    return ET.tostring(root, encoding="unicode")


def _attributes(element: ET.Element, name: str, used: set[str]) -> None:
    for part in (element.attrib.pop("style", "")).split(";"):
        key, _, value = (side.strip() for side in part.partition(":"))
        if key == "font":
            found = re.search(r"(?:(\d{3}) )?([\d.]+)px", value)
            if found is not None:
                element.set("font-size", found[2])
                if found[1]:
                    element.set("font-weight", found[1])
        elif key == "font-size":
            element.set(key, value.removesuffix("px"))
        elif key and key != "font-family":
            element.set(key, value)
    if (id_ := element.attrib.pop("id", None)) in used:
        element.set("id", f"{name}-{id_}")
    for key, value in element.attrib.items():
        if value in PAGE_COLOURS:
            element.set(key, f"var({PAGE_COLOURS[value]}, {value})")
        elif value.startswith("url(#"):
            element.set(key, f"url(#{name}-{value[5:]}")
        elif key in ("href", f"{{{XLINK}}}href") and value.startswith("#"):
            element.set(key, f"#{name}-{value[1:]}")
