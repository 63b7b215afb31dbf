"""Eastron SDM energy meters by their model's name: the driver `modbus` with the profile of that name."""

from __future__ import annotations

from collections.abc import Mapping

from bypuls.edge.driver import Driver
from bypuls.edge.drivers.modbus import LINE_OPTIONS, device
from bypuls.edge.drivers.modbus_profile import load_shipped
from bypuls.edge.drivers.options import Options

MODELS = ("sdm120", "sdm220", "sdm230", "sdm630", "sdm72", "sdm72v2")

_OPTIONS = ("model", *LINE_OPTIONS)


def configure(sensor: str, options: Mapping[str, object]) -> Driver:
    """The meter of `sensor`. Raises BadOption."""
    given = Options(sensor, options, _OPTIONS)
    return device(given, load_shipped(given.choice("model", MODELS)))
