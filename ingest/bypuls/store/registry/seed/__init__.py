"""Published figures that ship with bypuls, each row with its source."""

from __future__ import annotations

import io
from importlib.resources import files

from bypuls.store.registry.importing import ImportReport, import_csv
from bypuls.store.registry.registry import Registry


def seed_factors(registry: Registry, *, actor: str = "local") -> ImportReport:
    """Bring the published yearly emission factors into the registry; doing it again changes nothing.

    Years are Danish calendar years, so they begin at 23:00 UTC on 31 December. The set `br18-tabel-8` is for scenarios
    only. Raises what `import_csv` raises.
    """
    published = files(__name__).joinpath("factors.csv").read_bytes()
    return import_csv(registry, "factor", io.BytesIO(published), actor=actor)
