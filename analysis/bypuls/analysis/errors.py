"""What can be wrong with an analysis.

AnalysisError
├── BadInput (ValueError)            the caller's arrays or arguments: shapes, NaN, order, range
│   ├── BadHistogram                 a histogram's text or classes
│   └── MixedWidths                  histograms that can't be added up
├── NotAllowedNow (ValueError)       a step that the state of things doesn't allow
├── NotComparable (ValueError)       two figures of different station, rule or period
├── NotEnoughDays (ValueError)       too few days are known for a model
├── NotEnoughVehicles (ValueError)   the sample can't carry the figure
└── InOpenClass (ValueError)         the figure lies in a class without an upper edge: it is unknown
"""

from __future__ import annotations


class AnalysisError(Exception):
    """Root of everything that this room raises on purpose."""


class BadInput(AnalysisError, ValueError):
    """An argument that can't be what it says; the message names it, its value and what was expected."""


class BadHistogram(BadInput):
    """A histogram whose text or classes contradict themselves."""


class MixedWidths(BadInput):
    """Histograms with different classes: they don't add up."""


class NotAllowedNow(AnalysisError, ValueError):
    """A step that the present state doesn't allow; the message names the state and what was expected."""


class NotComparable(AnalysisError, ValueError):
    """Two figures that mustn't be set against each other; the message names what differs."""


class NotEnoughDays(AnalysisError, ValueError):
    """Fewer days than the model needs, or none of its kinds can be carried by them."""


class NotEnoughVehicles(AnalysisError, ValueError):
    """Fewer vehicles than the figure needs."""


class InOpenClass(AnalysisError, ValueError):
    """The figure falls into the open top class, so nothing but 'above its lower edge' is known."""

    def __init__(self, what: str, lower_edge_kmh: float) -> None:
        super().__init__(f"{what} lies in the open class above {lower_edge_kmh:g} km/h; expected a closed class")
        self.lower_edge_kmh = lower_edge_kmh
