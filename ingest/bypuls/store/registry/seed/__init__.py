"""What ships with bypuls: published figures, each row with its source, and a rule for every kind of alarm."""

from __future__ import annotations

import csv
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


def seed_alarm_rules(registry: Registry, *, actor: str = "local") -> ImportReport:
    """Bring in a rule for every kind of alarm that no rule has the id of yet; rules that are there stay as they are.

    Raises what `import_csv` raises.
    """
    present = {rule.id for rule in registry.alarm_rules()}
    shipped = csv.reader(io.StringIO(files(__name__).joinpath("alarm_rules.csv").read_text("utf-8"), newline=""))
    text = io.StringIO(newline="")
    csv.writer(text).writerows(row for number, row in enumerate(shipped) if number == 0 or row[0] not in present)
    text.seek(0)
    return import_csv(registry, "alarm_rule", text, actor=actor)
