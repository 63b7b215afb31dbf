"""What an operator decides about the watch on street lights, read once."""

from __future__ import annotations

from dataclasses import dataclass

_BOUNDS = {
    "meter_nights": (0, 1000, "nights"), "lamp_nights": (0, 1000, "nights"), "lag_s": (0, 21_600, "seconds"),
    "late_h": (0, 168, "hours"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchSettings:
    """meter_nights, lamp_nights : gone through at the first start.  lag_s : a quarter of an hour is judged so long
    after its end [s].  late_h : readings that come so late still count in the quarters and nights that were judged
    without them [h].  catch_up_s : how long one round may be busy with the past [s].
    Raises ValueError naming the field, its value and what was expected."""

    meter_nights: int = 90
    lamp_nights: int = 30
    lag_s: float = 600.0
    late_h: float = 48.0
    catch_up_s: float = 10.0

    def __post_init__(self) -> None:
        for name, (least, most, unit) in _BOUNDS.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise ValueError(f"{name}: {value!r} — expected {least} to {most} {unit}")
        if not self.catch_up_s > 0:
            raise ValueError(f"catch_up_s: {self.catch_up_s!r} — expected a number of seconds above 0")
