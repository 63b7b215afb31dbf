"""From a radar's many speed lines to passages: one vehicle, one passage.

The rule (docs/guides/drivers.md gives the reasons):

1. Lines slower than `least_kmh` are no vehicle.
2. A line continues the run of its direction whose last speed is nearest, if that is at most `jump_kmh` away and at most
   `gap_s` old; otherwise it opens a run. A run takes one speed of a line at most.
3. A run ends when `gap_s` has passed without a line, or after `longest_s`.
4. A run of fewer than `least_lines` lines is noise: counted, not a passage.
5. The run's speed is the median of the lines at least a quarter as strong as its strongest (of the three strongest
   where those are fewer); of all lines where the radar gives no magnitude. They were measured about the beam's axis,
   whose angle the mounting's correction is for. Of two middle speeds the slower counts: one that the radar said. The
   moment of the passage and its magnitude are the strongest line's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bypuls.edge.drivers.radar_lines import SpeedReport


@dataclass(frozen=True, slots=True)
class GroupingRule:
    """The rule's numbers: `gap_s`, `longest_s` [s], `jump_kmh`, `least_kmh` [km/h], `least_lines`."""

    gap_s: float = 0.6
    jump_kmh: float = 12.0
    least_kmh: float = 5.0
    least_lines: int = 3
    longest_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Run:
    """One vehicle's lines: its `speed_kmh` as measured [km/h], signed, at `t_s` [s, the feeder's clock]."""

    t_s: float
    speed_kmh: float
    magnitude: float | None
    lines: int


@dataclass(slots=True)
class _Open:
    first_s: float
    last_s: float
    points: list[tuple[float, float, float | None]] = field(default_factory=list)

    @property
    def last_kmh(self) -> float:
        return self.points[-1][1]


class PassageGrouper:
    """Groups signed speed reports into runs. Pure: time is what `feed` and `expire` are told, and never goes back."""

    def __init__(self, rule: GroupingRule | None = None) -> None:
        self.rule = rule or GroupingRule()
        self.noise_runs = 0
        self._open: list[_Open] = []

    @property
    def waiting(self) -> bool:
        """Some run is open."""
        return bool(self._open)

    def feed(self, t_s: float, reports: Iterable[SpeedReport]) -> list[Run]:
        """Takes one line's speeds at `t_s` [s]; returns the runs that ended before."""
        ended = self.expire(t_s)
        free = list(self._open)
        for report in reports:
            if abs(report.speed_kmh) < self.rule.least_kmh:
                continue
            run = self._nearest(free, report.speed_kmh)
            if run is None:
                run = _Open(t_s, t_s)
                self._open.append(run)
            else:
                free.remove(run)
            run.points.append((t_s, report.speed_kmh, report.magnitude))
            run.last_s = t_s
        return ended

    def expire(self, t_s: float) -> list[Run]:
        """The runs that have ended by `t_s` [s]."""
        rule = self.rule
        over = [run for run in self._open if t_s - run.last_s > rule.gap_s or t_s - run.first_s > rule.longest_s]
        self._open = [run for run in self._open if run not in over]
        return self._closed(over)

    def flush(self) -> list[Run]:
        """The runs still open, as when the radar is closed."""
        over, self._open = self._open, []
        return self._closed(over)

    def _nearest(self, runs: list[_Open], speed_kmh: float) -> _Open | None:
        near = [
            run for run in runs if run.last_kmh * speed_kmh > 0 and abs(run.last_kmh - speed_kmh) <= self.rule.jump_kmh
        ]
        return min(near, key=lambda run: abs(run.last_kmh - speed_kmh), default=None)

    def _closed(self, runs: list[_Open]) -> list[Run]:
        closed: list[Run] = []
        for run in runs:
            if len(run.points) < self.rule.least_lines:
                self.noise_runs += 1
            else:
                closed.append(_summed_up(run.points))
        return sorted(closed, key=lambda run: run.t_s)


def _summed_up(points: list[tuple[float, float, float | None]]) -> Run:
    strong = [(t, speed, magnitude) for t, speed, magnitude in points if magnitude is not None]
    if len(strong) < len(points):
        # Without magnitudes nothing tells where in the beam a line was measured: all count alike.
        return Run(points[len(points) // 2][0], _median([p[1] for p in points]), None, len(points))
    strong.sort(key=lambda point: -point[2])
    least = strong[0][2] / 4
    chosen = [point for index, point in enumerate(strong) if index < 3 or point[2] >= least]
    return Run(strong[0][0], _median([p[1] for p in chosen]), strong[0][2], len(points))


def _median(speeds_kmh: list[float]) -> float:
    """The median by size, sign kept; of two middle ones the slower."""
    return sorted(speeds_kmh, key=abs)[(len(speeds_kmh) - 1) // 2]
