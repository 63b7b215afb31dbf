"""What the watch on street lights is told by options and variables; what can't be is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bypuls.cli.alarms import watch_settings
from bypuls.cli.app import app


@pytest.mark.parametrize(
    ("option", "variable", "value", "expected"),
    [
        ("--lights-late", "BYPULS_LIGHTS_LATE", "200", "200.0 — expected 0 to 168 hours"),
        ("--lights-lag", "BYPULS_LIGHTS_LAG", "-1", "-1.0 — expected 0 to 21600 seconds"),
        ("--lights-meter-nights", "BYPULS_LIGHTS_METER_NIGHTS", "1001", "1001 — expected 0 to 1000 nights"),
        ("--lights-lamp-nights", "BYPULS_LIGHTS_LAMP_NIGHTS", "-3", "-3 — expected 0 to 1000 nights"),
    ],
)
def test_bad_values_are_named(tmp_path: Path, option: str, variable: str, value: str, expected: str) -> None:
    for command, words, environment in (("run", [option, value], {}), ("serve", [], {variable: value})):
        found = CliRunner().invoke(
            app, ["alarms", command, "--data-dir", str(tmp_path / "data"), *words], env=environment
        )
        assert found.exit_code != 0
        assert f"{option} ({variable}): {expected}" in found.stderr
        assert not (tmp_path / "data").exists()


def test_settings_go_through() -> None:
    made = watch_settings(60, 20, 0.0, 12.0)
    assert (made.meter_nights, made.lamp_nights, made.lag_s, made.late_h) == (60, 20, 0.0, 12.0)
