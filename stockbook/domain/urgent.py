"""What to look at first: the SKUs by urgency, each with what to do and by when."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from stockbook.domain.alerts import AlertLevel
from stockbook.domain.language import say
from stockbook.domain.outlook import Outlook
from stockbook.domain.tables import records


@dataclass(frozen=True, slots=True)
class Urgent:
    """One SKU that needs a person.

    Attributes:
        time_to_zero_days: Days until free stock is gone; 0 where it is.
        order_by_at: The latest instant to act [Unix s].
        action: What to do, in words.
    """

    sku: str
    name: str
    level: str
    free: int
    time_to_zero_days: float
    order_by_at: int | None
    quantity: int
    supplier: str
    action: str
    reason: str


def action_words(quantity: int, supplier: str, level: str, *, emergency: bool = False) -> str:
    """Return what to do about a SKU in one phrase.

    Example:
        >>> action_words(600, "义乌良品", "low")
        '向 义乌良品 下单 600 件'
    """
    if quantity > 0:
        whom = supplier or say("供应商", "the supplier")
        rush = say("加急 ", "rush ") if emergency else ""
        return say(f"{rush}向 {whom} 下单 {quantity:,} 件", f"{rush}order {quantity:,} from {whom}")
    if level == AlertLevel.OUT:
        return say("先下架或改预售，核对库存", "take it off the shelf or presell; check the stock")
    return say("留意销量，暂不下单", "watch the sales; no order yet")


def ranked(outlook: Outlook) -> pd.DataFrame:
    """Alerts joined with plan and names, most urgent first.

    Returns:
        One row per counted SKU: the columns of `ALERT`, plus `name`, `free`, `quantity`,
        `supplier`, `action` and `demand_mean`. Sorted by level (worst first), time to zero,
        demand (most first), sku.
    """
    plans = outlook.purchase[["sku", "quantity", "supplier", "is_emergency"]]
    frame = outlook.alerts.merge(outlook.names, on="sku", how="left").merge(
        plans, on="sku", how="left"
    )
    frame = frame.merge(outlook.stock.positions[["sku", "free"]], on="sku", how="left")
    frame["quantity"] = frame["quantity"].fillna(0).astype(int)
    frame["supplier"] = frame["supplier"].fillna("")
    frame["is_emergency"] = frame["is_emergency"].fillna(value=False).astype(bool)
    frame["rank"] = [-AlertLevel(level).rank for level in frame["level"]]
    frame["action"] = [
        action_words(q, s, level, emergency=e)
        for q, s, level, e in zip(
            frame["quantity"], frame["supplier"], frame["level"], frame["is_emergency"], strict=True
        )
    ]
    frame = frame.merge(outlook.levels[["sku", "demand_mean"]], on="sku", how="left")
    order = ["rank", "time_to_zero_days", "demand_mean", "sku"]
    return frame.sort_values(order, ascending=[True, True, False, True], ignore_index=True)


def most_urgent(outlook: Outlook, most: int) -> Iterator[Urgent]:
    """Yield the SKUs that need a person, most urgent first, `most` of them at the most."""
    frame = ranked(outlook)
    frame = frame[frame["level"] != AlertLevel.OK].head(most)
    for row in records(frame):
        at = row["order_by_at"]
        yield Urgent(
            row["sku"],
            row["name"],
            str(row["level"]),
            int(row["free"]),
            float(row["time_to_zero_days"]),
            None if pd.isna(at) else int(at),
            int(row["quantity"]),
            row["supplier"],
            row["action"],
            row["reason"],
        )


def level_counts(outlook: Outlook) -> dict[str, int]:
    """Return how many SKUs stand at each level, worst first."""
    found = outlook.alerts["level"].astype(str).value_counts()
    levels = sorted(AlertLevel, key=lambda level: -level.rank)
    return {level.value: int(found.get(level.value, 0)) for level in levels}


def until_zero(days: float) -> str:
    """Return a countdown in words, as the workbook's number format shows it.

    Example:
        >>> until_zero(0.13), until_zero(2.5), until_zero(0)
        ('3小时07分', '2.5天', '已断货')
    """
    if days <= 0:
        return say("已断货", "out")
    if math.isinf(days):
        return "–"
    if days < 2:  # noqa: PLR2004 - hours read better below two days
        hours, minutes = divmod(int(days * 1440), 60)
        return say(f"{hours}小时{minutes:02d}分", f"{hours} h {minutes:02d} min")
    return say(f"{days:.1f}天", f"{days:.1f} days")
