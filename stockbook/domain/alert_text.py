"""What a message says of one SKU: code and name, free units, time to zero, what to do by when."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from stockbook.domain.alert_level import AlertLevel
from stockbook.domain.alerts import duration
from stockbook.domain.clock import beijing, day_of
from stockbook.domain.language import say
from stockbook.domain.outlook import Outlook
from stockbook.domain.tables import records
from stockbook.domain.urgent import ranked

LONGEST_NAME = 30  # characters: a phone shows a line and a half
MINUTE = 60


def alert_lines(outlook: Outlook) -> dict[str, str]:
    """Return every counted SKU's line, by SKU, most urgent first; the level is not part of it."""
    return {row["sku"]: alert_line(row, outlook.now) for row in records(ranked(outlook))}


def alert_line(row: Mapping[str, Any], now: int) -> str:
    """Return one SKU's line.

    Args:
        row: A row of `urgent.ranked`: `ALERT` with name, free, quantity and action.
        now: Unix s.

    Example:
        >>> alert_line({"sku": "YJ-001", "name": "遮阳伞", "level": "critical", "free": 23,
        ...     "time_to_zero_days": 0.132, "order_by_at": 1_700_000_000, "quantity": 300,
        ...     "action": "向 义乌甲 下单 300 件", "next_inbound_at": math.nan}, 1_700_000_000)
        'YJ-001 遮阳伞：可售 23 件，约 3 小时 10 分后卖完；现在就向 义乌甲 下单 300 件'
    """
    who = " ".join(f"{row['sku']} {_short(row['name'])}".split())
    parts = [say(f"{who}：", f"{who}: ") + _stock_words(row)]
    if row["quantity"] > 0 or row["level"] != AlertLevel.OK:
        parts.append(_action_words(row, now))
    if not math.isnan(row["next_inbound_at"]):
        parts.append(_inbound_words(row))
    return say("；", "; ").join(parts)


def _short(name: object) -> str:
    text = name if isinstance(name, str) else ""  # a SKU the catalogue lost has NaN
    return text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1] + "…"


def _stock_words(row: Mapping[str, Any]) -> str:
    free, days = int(row["free"]), float(row["time_to_zero_days"])
    if free < 0:
        return say(f"超卖 {-free:,} 件，已断货", f"oversold by {-free:,}, out of stock")
    if free == 0:
        return say("可售 0 件，已断货", "0 free, out of stock")
    if math.isinf(days):
        return say(f"可售 {free:,} 件，近期没有销量", f"{free:,} free, no sales lately")
    if row["level"] == AlertLevel.OK:
        return say(
            f"可售 {free:,} 件，够卖 {duration(days)}",
            f"{free:,} free, enough for {duration(days)}",
        )
    return say(
        f"可售 {free:,} 件，约 {duration(days)}后卖完",
        f"{free:,} free, gone in about {duration(days)}",
    )


def _action_words(row: Mapping[str, Any], now: int) -> str:
    action = row["action"]
    if row["level"] == AlertLevel.OUT:
        return say(f"现在就{action}", f"now: {action}")
    if row["quantity"] <= 0 or math.isnan(row["order_by_at"]):
        return str(action)
    by = by_words(int(row["order_by_at"]), now)
    return say(f"{by}{action}", f"{action} {by}")


def by_words(at: int, now: int) -> str:
    """Return by when, in words a person reads at a glance.

    Example:
        >>> by_words(1_700_010_000, 1_700_000_000), by_words(1_700_000_030, 1_700_000_000)
        ('今天 09:00 前', '现在就')
    """
    if at < now + MINUTE:
        return say("现在就", "now")
    moment, days = beijing(at), (day_of(at) - day_of(now)).days
    if days == 0:
        return say(f"今天 {moment:%H:%M} 前", f"by today {moment:%H:%M}")
    if days == 1:
        return say(f"明天 {moment:%H:%M} 前", f"by tomorrow {moment:%H:%M}")
    return say(f"{moment:%m-%d %H:%M} 前", f"by {moment:%m-%d %H:%M}")


def _inbound_words(row: Mapping[str, Any]) -> str:
    due, units = beijing(row["next_inbound_at"]), f"{row['next_inbound_quantity']:,.0f}"
    return say(f"{due:%m-%d %H:%M} 到货 {units} 件", f"{units} arrive {due:%m-%d %H:%M}")
