"""Instants and days. Every day is cut at midnight in Asia/Shanghai, whatever zone the PC is in.

China has kept UTC+8 without daylight saving since 1991, so a fixed offset is exact and needs no
time zone database.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8), "UTC+8")
DAY = 86_400  # [s]


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
    return beijing(at).date()


def midnight(day: date) -> int:
    """Return the instant [Unix s] at which a Beijing day begins."""
    return instant(datetime(day.year, day.month, day.day, tzinfo=BEIJING))
