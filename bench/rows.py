"""What a measurement says: a name, a value with its unit, and the goal that it is held against."""

import operator
import re
from dataclasses import dataclass

_HOLDS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_GOAL = re.compile(r"(?P<sign><=|>=|<|>)\s*(?P<bound>-?[0-9][0-9_,]*(\.[0-9]+)?)")


@dataclass(frozen=True)
class Row:
    """One measured figure. `goal` is a bound in the value's unit, such as "< 100" or ">= 10,000"; None for a figure
    that is only shown. Raises ValueError for a goal that isn't a bound."""

    name: str
    value: float
    unit: str
    goal: str | None = None

    def __post_init__(self) -> None:
        if self.goal is not None and not _GOAL.fullmatch(self.goal):
            raise ValueError(f"goal {self.goal!r}: expected a sign (<, <=, >, >=) and a number, such as '< 100'")

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without one. A value that isn't a number meets none."""
        if self.goal is None or (match := _GOAL.fullmatch(self.goal)) is None:
            return None
        bound = float(match["bound"].replace(",", "").replace("_", ""))
        return bool(_HOLDS[match["sign"]](self.value, bound))

    @property
    def verdict(self) -> str:
        """The last column of the table."""
        return {True: "met", False: "MISSED", None: ""}[self.met]
