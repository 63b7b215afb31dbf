"""Public holidays of a country."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import holidays as public_holidays

from bypuls.analysis.errors import BadInput


def holidays_of(country: str, days: Sequence[date]) -> Mapping[date, str]:
    """Public holidays among `days`. country : of the `holidays` library, `DK` or `DE-HH`.  Raises BadInput."""
    if not days:
        return {}
    code, _, part = country.partition("-")
    try:
        known = public_holidays.country_holidays(
            code, subdiv=part or None, years=range(days[0].year, days[-1].year + 1)
        )
    except NotImplementedError as error:
        raise BadInput(f"country: {country!r}; expected one of the holidays library, such as DK") from error
    return {day: str(known[day]) for day in days if day in known}
