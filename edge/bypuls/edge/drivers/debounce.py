"""Which changes of a contact are real: a level counts once it has lasted. Pure: time is what it is told."""

from __future__ import annotations


class Debounce:
    """The settled level of a bouncing contact. A level that lasts less than `settle_s` [s] never was."""

    def __init__(self, settle_s: float, t_s: float, level: bool) -> None:
        self.settled = level
        self._settle_s = settle_s
        self._raw = level
        self._since_s = t_s

    def edge(self, t_s: float, level: bool) -> tuple[float, bool] | None:
        """The raw level is `level` from `t_s` [s] on. Returns what `settle` returns for the time up to it."""
        change = self.settle(t_s)
        if level != self._raw:
            self._raw = level
            self._since_s = t_s
        return change

    def settle(self, t_s: float) -> tuple[float, bool] | None:
        """(since [s], level) where a new level has settled by `t_s` [s]; None where nothing changed."""
        if self._raw != self.settled and t_s - self._since_s >= self._settle_s:
            self.settled = self._raw
            return self._since_s, self._raw
        return None
