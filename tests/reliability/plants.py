"""`make plants`: the kill suite with each planted fault must turn red, and without any stay green.

A fault counts as seen only where the oracle says so: a scenario that fails for another reason shows nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from rig.platform import PLANTS  # noqa: E402 - after the path is set


def failed(plant: str, arguments: list[str]) -> tuple[list[str], str]:
    """(scenarios in which the oracle found the promise broken, pytest's output)."""
    command = [sys.executable, "-m", "pytest", str(HERE / "test_kills.py"), "--tb=line", "-q", "-rfE", *arguments]
    environment = {**os.environ, "BYPULS_RELIABILITY_PLANT": plant, "COLUMNS": "200"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=HERE.parents[1], check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"pytest could not run:\n{done.stdout}{done.stderr}")
    lines = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    seen = [line for line in lines if "PromiseBroken" in line]
    if plant == "" and lines:
        return lines, done.stdout
    return [line.split("[")[1].split("]")[0] for line in seen], done.stdout


def main() -> int:
    """0 where the suite is green without a fault and red with each."""
    wrong = 0
    for plant in ("", *PLANTS):
        seen, output = failed(plant, sys.argv[1:])
        well = bool(seen) == bool(plant)
        wrong += not well
        colour = f"RED in {', '.join(seen)}" if seen else "green"
        print(f"{plant or 'no fault':<22} {colour}{'' if well else '   <- NOT as it must be'}", flush=True)  # noqa: T201
        if not well:
            print(output)  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
