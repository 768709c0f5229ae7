"""Instants and days. Every day is cut at midnight in Asia/Shanghai, whatever zone the PC is in.

China has kept UTC+8 without daylight saving since 1991, so a fixed offset is exact and needs no
time zone database.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

BEIJING = timezone(timedelta(hours=8), "UTC+8")
DAY = 86_400  # [s]
AHEAD = 8 * 3_600  # of UTC [s]


def beijing(at: float) -> datetime:
    """Return an instant [Unix s] as the naive Beijing time that workbooks show.

    Example:
        >>> beijing(1700000000).isoformat()
        '2023-11-15T06:13:20'
    """
    return datetime.fromtimestamp(at, UTC).astimezone(BEIJING).replace(tzinfo=None)


def instant(moment: datetime) -> int:
    """Return the Unix seconds of a Beijing time; an aware datetime keeps its own zone.

    Example:
        >>> instant(datetime(2023, 11, 15, 6, 13, 20))
        1700000000
    """
    aware = moment if moment.tzinfo else moment.replace(tzinfo=BEIJING)
    return int(aware.timestamp())


def day_of(at: float) -> date:
    """Return the Beijing day an instant [Unix s] falls on."""
    return _day(int((at + AHEAD) // DAY))


@lru_cache(4_000)
def _day(number: int) -> date:
    """Return a day by its number since 1970-01-01: a year of orders has few days."""
    return date(1970, 1, 1) + timedelta(days=number)


def midnight(day: date) -> int:
    """Return the instant [Unix s] at which a Beijing day begins."""
    return instant(datetime(day.year, day.month, day.day, tzinfo=BEIJING))
