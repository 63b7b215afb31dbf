"""Which meters say what a cabinet draws: one rule for pages, API, alarms and the watch. A submeter's power is in
that of the meter before it, and isn't added a second time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from bypuls.api.directory import Directory, there
from bypuls.api.energy import counted_meters
from bypuls.api.latest import Latest
from bypuls.store.registry import Sensor
from bypuls.wire import Meter


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


def _hung(directory: Directory, sensor: Sensor, at: datetime) -> bool:
    device = directory.devices.get(sensor.device)
    gone = device is not None and device.retired_at is not None and device.retired_at <= at
    return there(sensor, at) and not gone
