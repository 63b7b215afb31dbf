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


def failing(plant: str, arguments: list[str]) -> tuple[list[str], list[str], str]:
    """Stories that broke the promise, tests that failed otherwise, and pytest's output."""
    command = [sys.executable, "-m", "pytest", str(HERE / "test_kills.py"), "--tb=line", "-q", "-rfE", *arguments]
    environment = {**os.environ, "BYPULS_RELIABILITY_PLANT": plant, "COLUMNS": "200"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=HERE.parents[1], check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"pytest could not run:\n{done.stdout}{done.stderr}")
    broken, otherwise = [], []
    for line in done.stdout.splitlines():
        if line.startswith(("FAILED", "ERROR")):
            name = line.partition("[")[2].partition("]")[0]
            (broken if "PromiseBroken" in line else otherwise).append(name)
    return broken, otherwise, done.stdout


def main() -> int:
    """0 where the suite is green without a fault and red with each."""
    wrong = 0
    for plant in ("", *PLANTS):
        broken, otherwise, output = failing(plant, sys.argv[1:])
        well = bool(broken) if plant else not broken and not otherwise
        wrong += not well
        said = f"RED: {', '.join(broken)}" if broken else "green" if not otherwise else "no verdict"
        if otherwise:
            said += f" (failed without a verdict of the oracle: {', '.join(otherwise)})"
        print(f"{plant or 'no fault':<22} {said}{'' if well else '   <- NOT as it must be'}", flush=True)  # noqa: T201
        if not well:
            print(output)  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
