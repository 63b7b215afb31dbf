"""Somebody else's register of 3,963 street lights through `bypuls registry import --map dc-register`: the whole command
as a process of its own, into a registry that didn't exist.

The register is Washington's own where BYPULS_REAL_DATA has it, else one of as many lines with its headings and words.
"""

from __future__ import annotations

import csv
import gzip
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rows import Row

LIGHTS = 3963
GOAL_S = 10.0


def _made(path: Path) -> Path:
    names = (
        "FACILITYID", "ASSETSTATUS_DESC", "STREETNAME", "YCOORD", "XCOORD", "WATTAGE1", "NUMBERLIGHTS",
        "LIGHTTYPE_DESC", "POLEHEIGHT_DESC", "POLETYPE_DESC", "ROADCLASSIFICATION_DESC", "LEDINOPERATION",
        "INOPERATION",
    )  # fmt: skip
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for number in range(LIGHTS):
            writer.writerow((
                f"WL {number}", "Active", f"STREET {number % 200}", 38.9 + number * 1e-5, -77.0 - number * 1e-5,
                (100, 150, 250, 400)[number % 4], 1 + number % 2, "HPS-High Pressure Sodium", "30 ft", "Cobrahead",
                "Local", "", "01/02/1999 00:00:00",
            ))  # fmt: skip
    return path


def run() -> list[Row]:
    """The wall time of one import."""
    asked = os.environ.get("BYPULS_REAL_DATA", "")
    with tempfile.TemporaryDirectory() as folder:
        real = Path(asked) / "lighting/dc_register/streetlights.csv.gz"
        file = real if asked and real.is_file() else _made(Path(folder) / "streetlights.csv.gz")
        told = "Washington's" if file == real else "a made"
        command = [
            sys.executable, "-m", "bypuls.cli", "registry", "import", "lamp", str(file), "--map", "dc-register",
            "--yes", "--data-dir", str(Path(folder) / "data"),
        ]  # fmt: skip
        started = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        took_s = time.monotonic() - started
    if done.returncode != 0 or f"lamp: {LIGHTS} created" not in done.stdout:
        raise RuntimeError(f"the import failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return [Row(f"import of {told} register of {LIGHTS:,} street lights", took_s, "s", f"< {GOAL_S:g}")]
