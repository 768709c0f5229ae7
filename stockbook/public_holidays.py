"""The public holidays of China, by a well-kept package; the only place that imports it."""

from __future__ import annotations

from datetime import date
from functools import lru_cache


@lru_cache(64)
def public_holidays(year: int) -> dict[date, str]:
    """Return the days off of a year and their names in Chinese, weekends apart.

    A year whose decree the package does not know yet has its statutory days only, no shifted ones.

    Source:
        The package holidays (https://pypi.org/project/holidays/), which follows the State
        Council's yearly notice 国务院办公厅关于部分节假日安排的通知.

    Example:
        >>> public_holidays(2026)[date(2026, 10, 1)]
        '国庆节'
    """
    import holidays  # noqa: PLC0415 - a tenth of a second, only where a calendar is wanted

    found = holidays.country_holidays("CN", years=[year], language="zh_CN")
    return {day: str(name) for day, name in found.items() if day.year == year}
