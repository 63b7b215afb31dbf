"""Which meters say what a cabinet draws, and whether they see its lamps: one rule for pages, API, alarms and the
watch. A submeter's power is in that of the meter before it, and isn't added a second time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from bypuls.analysis.lighting.lamp_rules import LampLimits
from bypuls.api.directory import Directory, there
from bypuls.api.energy import counted_meters
from bypuls.api.latest import Latest
from bypuls.api.lighting.lamps_now import LampNow
from bypuls.store.registry import Sensor
from bypuls.wire import Meter

_LIMITS = LampLimits()


def main_meters(directory: Directory, cabinet: str, at: datetime) -> list[Sensor]:
    """The electricity meters of a cabinet that add up to what it draws, as they hung there at a time. What a meter of
    `sign` −1 measures is to be subtracted."""
    mine = [one for one in directory.cabinet_meters.get(cabinet, ()) if _hung(directory, one, at)]
    return [meter for meter, _ in counted_meters(directory, mine)]


def power_now(meters: Iterable[Sensor], latest: Mapping[str, Latest]) -> float | None:
    """What the meters tell together now [W], each behind its transformer; None where one of them doesn't tell, or where
    there is none. latest : by sensor."""
    total = None
    for meter in meters:
        heard = latest.get(meter.id)
        reading = heard.current if heard is not None else None
        if not isinstance(reading, Meter) or reading.power_w is None:
            return None
        total = (total or 0.0) + meter.sign * meter.multiplier * reading.power_w
    return total


def sees_lamps(lamps: Iterable[LampNow], power_w: float | None) -> bool | None:
    """Whether a cabinet's meters see the load of its lamps; None = they don't tell, or nothing should burn. False at
    night is a supply that is lost, whether its lamps can still speak or not.

    lamps : every lamp that it feeds.  power_w : what its meters tell together [W]."""
    expected_w = sum(one.expected_w or 0.0 for one in lamps)
    return None if power_w is None or expected_w <= 0.0 else power_w >= _LIMITS.out_below * expected_w


def _hung(directory: Directory, sensor: Sensor, at: datetime) -> bool:
    device = directory.devices.get(sensor.device)
    gone = device is not None and device.retired_at is not None and device.retired_at <= at
    return there(sensor, at) and not gone
