"""Measures: `make bench`, or `make bench ARGS="edge"` for bench_edge.py alone.

Every bench/bench_*.py has `def run() -> list[Row]` (`from rows import Row`). All are run, one after the other so that
none disturbs another; one that raises is shown and the rest goes on. The exit status is 1 when a bench raised or a
goal was missed.
"""

import argparse
import importlib.util
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rows import Row

HERE = Path(__file__).parent


def load(path: Path) -> Callable[[], list[Row]]:
    """The `run` of a bench module. Raises what the module raises, ImportError where it has no `run`."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} can't be read as a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # as an import would: dataclasses and subprocesses look there
    spec.loader.exec_module(module)
    run = getattr(module, "run", None)
    if not callable(run):
        raise ImportError(f"{path} has no run() -> list[Row]")
    return run  # type: ignore[no-any-return]


def measure(paths: Sequence[Path], console: Console) -> tuple[dict[str, list[Row]], list[str]]:
    """Run the benches; the rows by bench, and the names of those that raised."""
    measured: dict[str, list[Row]] = {}
    raised: list[str] = []
    for path in paths:
        name = path.stem.removeprefix("bench_")
        started = time.monotonic()
        try:
            measured[name] = load(path)()
        except Exception:  # noqa: BLE001 — any failure of one bench is shown and counted, and the others go on
            raised.append(name)
            console.print(f"{name} raised:", style="bold red")
            console.print(traceback.format_exc(), markup=False, highlight=False)
        else:
            console.print(f"{name}: {time.monotonic() - started:.1f} s", highlight=False)
    return measured, raised


def table(measured: dict[str, list[Row]]) -> Table:
    """Every figure with its goal and verdict."""
    drawn = Table("bench", "measured", "value", "unit", "goal", "verdict")
    drawn.columns[2].justify = "right"
    for bench, rows in measured.items():
        for row in rows:
            style = "bold red" if row.met is False else None
            drawn.add_row(
                bench,
                row.name,
                f"{row.value:,.4g}" if abs(row.value) < 1000 else f"{row.value:,.0f}",
                row.unit,
                row.goal or "",
                row.verdict,
                style=style,
            )
    return drawn


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for, print the table; the exit status."""
    parser = argparse.ArgumentParser(prog="bench/run.py", description="Measures, with goals and verdicts.")
    parser.add_argument("names", nargs="*", help="benches by name, such as edge for bench_edge.py; without any: all")
    parser.add_argument("--folder", type=Path, default=HERE, help="where the benches are")
    asked = parser.parse_args(arguments)

    console = Console()
    there = {path.stem.removeprefix("bench_"): path for path in sorted(asked.folder.glob("bench_*.py"))}
    unknown = sorted(set(asked.names) - set(there))
    if unknown or not there:
        parser.error(f"no such bench: {', '.join(unknown) or 'none at all'}; there is: {', '.join(there) or 'nothing'}")

    measured, raised = measure([path for name, path in there.items() if name in (asked.names or there)], console)
    console.print(table(measured))
    missed = [f"{bench}: {row.name}" for bench, rows in measured.items() for row in rows if row.met is False]
    if raised:
        console.print(f"Raised: {', '.join(raised)}", style="bold red")
    if missed:
        console.print(f"Goals missed: {'; '.join(missed)}", style="bold red")
    return 1 if raised or missed else 0


if __name__ == "__main__":
    sys.exit(main())
