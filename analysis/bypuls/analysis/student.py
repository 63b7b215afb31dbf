"""Student's distribution, without scipy.stats, which is slow to load."""

from __future__ import annotations

from scipy import special


def t_quantile(confidence: float, freedom: float) -> float:
    """How many standard errors a two-sided interval of `confidence` (0 to 1) reaches either way."""
    return float(special.stdtrit(freedom, 0.5 + confidence / 2.0))
