"""A first purchase suggestion: fill to order-up-to, in whole packs, at least the minimum."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from stockbook.domain.alerts import AlertLevel, lead_time_p90
from stockbook.domain.clock import DAY
from stockbook.domain.language import say
from stockbook.domain.tables import PURCHASE, records

HOUR = 3600
URGENT = {AlertLevel.CRITICAL, AlertLevel.OUT}


def order_quantity(need: float, *, moq: int, pack_size: int) -> int:
    """Return the units to order: 0, or at least `moq` and a whole number of packs.

    The one rounding of the whole plan: need is rounded up to a pack, never down.

    Args:
        need: Units missing; nothing is ordered for less than half a unit.

    Example:
        >>> order_quantity(101, moq=50, pack_size=24), order_quantity(0.09, moq=1, pack_size=1)
        (120, 0)
    """
    if need < 0.5:  # noqa: PLR2004 - less than half a unit is no need
        return 0
    return math.ceil(max(math.ceil(need - 1e-6), moq) / pack_size) * pack_size


def suggest(
    positions: pd.DataFrame,
    levels: pd.DataFrame,
    alerts: pd.DataFrame,
    catalogue: pd.DataFrame,
    *,
    now: int,
) -> pd.DataFrame:
    """Return what to order now.

    A SKU is ordered when its inventory position (timely inbound only) is at or below its
    reorder point and something is asked for.

    Args:
        positions, levels, alerts, catalogue: Their schemas; `alerts` carries the position.
        now: Unix s.

    Returns:
        One row per SKU to order, schema `PURCHASE`, in the order of `alerts`.
    """
    columns = ["sku", "demand_mean", "reorder_point", "order_up_to"]
    frame = alerts.merge(levels[columns], on="sku").merge(catalogue, on="sku")
    frame = frame[frame["sku"].isin(positions["sku"])]
    rows = [_row(r, now) for r in records(frame) if _is_due(r)]
    return PURCHASE.make([r for r in rows if r["quantity"]])


def _is_due(row: dict[str, Any]) -> bool:
    asked = row["demand_mean"] > 0 or row["inventory_position"] < 0
    return bool(asked and row["inventory_position"] <= row["reorder_point"])


def _row(row: dict[str, Any], now: int) -> dict[str, object]:
    position, target = row["inventory_position"], row["order_up_to"]
    quantity = order_quantity(target - position, moq=row["moq"], pack_size=row["pack_size"])
    hours = row["emergency_lead_time_hours"]
    rush = row["level"] in URGENT and not math.isnan(hours)
    usual = lead_time_p90(row["lead_time_days"], row["lead_time_sd"]) * DAY
    arrival = now + (min(hours * HOUR, usual) if rush else usual)
    return {
        "sku": row["sku"],
        "supplier": row["supplier"],
        "quantity": quantity,
        "moq": row["moq"],
        "pack_size": row["pack_size"],
        "unit_cost_yuan": row["unit_cost_yuan"],
        "amount_yuan": quantity * row["unit_cost_yuan"],
        "order_by_at": row["order_by_at"],
        "arrival_p90_at": arrival,
        "is_emergency": rush,
        "reason": say(
            f"可售＋在途 {position:,.0f} ≤ 安全库存线 {row['reorder_point']:,.0f}，"
            f"补到 {target:,.0f}",
            f"position {position:,.0f} ≤ reorder point {row['reorder_point']:,.0f}, "
            f"fill to {target:,.0f}",
        ),
    }
