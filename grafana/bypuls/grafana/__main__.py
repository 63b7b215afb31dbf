"""`python -m bypuls.grafana [FOLDER]`: writes dashboards and provisioning files, by default in place."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bypuls.grafana.boards.frame import PAGE_URL
from bypuls.grafana.flux import Buckets
from bypuls.grafana.rendering import render

COMMITTED = Path(__file__).resolve().parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the files and says which. 0 = done."""
    parser = argparse.ArgumentParser(prog="python -m bypuls.grafana", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=COMMITTED, help="default: %(default)s")
    parser.add_argument("--rollup-bucket", default=Buckets().rollup, help="quarter-hour bins (default: %(default)s)")
    parser.add_argument("--page-url", default=PAGE_URL, help="the web page, for links to it (default: %(default)s)")
    options = parser.parse_args(arguments)
    for path in render(options.folder, Buckets(rollup=options.rollup_bucket), options.page_url):
        sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
