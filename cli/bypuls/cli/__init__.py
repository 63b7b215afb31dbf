"""The `bypuls` command. It may import every room and is imported by none."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the command. Missing libraries and a failing store are told in plain words."""
    try:
        from bypuls.cli.app import app
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.startswith("bypuls"):
            raise
        sys.exit(
            f"bypuls: the library {error.name} is missing. The command needs the platform's libraries:\n"
            "  pip install 'bypuls[server,sim]'\n"
            "On a Raspberry Pi the edge needs no command of its own: python -m bypuls.edge --help"
        )
    from bypuls.store.protocol import StoreError

    try:
        app()
    except StoreError as error:
        sys.exit(f"bypuls: {error}")
