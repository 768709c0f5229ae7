"""Stock levels: how much to keep, when to reorder, how far to fill up.

Every time is in days and every quantity in sales units unless the name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np
import pandas as pd

from stockbook.domain.tables import LEVEL, records

FLUCTUATION = 5 / 3  # the brief: 300 for three days of 100, up to 500 with fluctuation


def safety_stock(
    demand_mean: float,
    demand_sd: float,
    *,
    protection_days: float,
    lead_time_sd: float = 0.0,
    service_level: float = 0.95,
) -> float:
    """Return the units held against demand and lead-time variation.

    Demand is taken as independent from day to day and independent of the lead time; with strong
    autocorrelation this understates the need.

    Args:
        demand_mean: Mean demand [units/day].
        demand_sd: Standard deviation of the daily forecast error [units/day].
        protection_days: Lead time + review period [days].
        lead_time_sd: Standard deviation of the supplier's lead time [days].
        service_level: Chance of no stock-out in one cycle (P1), 0 < p < 1; not the fill rate.

    Returns:
        Safety stock [units], not rounded; negative when `service_level` < 0.5.

    Raises:
        ValueError: `service_level` is not strictly between 0 and 1, or a spread is negative.

    Formula:
        z(p) * sqrt(P * sd_d**2 + mean_d**2 * sd_L**2)

    Source:
        Silver, Pyke & Thomas (2017), Inventory and Production Management in Supply Chains,
        4th ed., ch. 6, "Variability in the replenishment lead time itself".

    Example:
        >>> round(safety_stock(10, 4, protection_days=21, lead_time_sd=3), 2)
        57.83
    """
    if not 0 < service_level < 1:
        raise ValueError(f"service_level must be in (0, 1), got {service_level}")
    if min(demand_sd, lead_time_sd, protection_days) < 0:
        raise ValueError("demand_sd, lead_time_sd and protection_days must be >= 0")
    variance = protection_days * demand_sd**2 + (demand_mean * lead_time_sd) ** 2
    return NormalDist().inv_cdf(service_level) * sqrt(variance)


@dataclass(frozen=True)
class DaysRule:
    """The brief's rule for one SKU [units]: the range, and the point chosen inside it."""

    low: float
    high: float
    reorder_point: float


def days_rule(
    demand_mean: float, demand_sd: float, *, cycle_days: float, service_level: float = 0.95
) -> DaysRule:
    """Return the stock for a number of days of sales, with room for fluctuation.

    Args:
        cycle_days: Days it takes to replenish [days].

    Formula:
        low = mean * days; high = low * 5/3; point = low + z(p) * sd * sqrt(days), within them

    Source:
        The user's brief, system 2: 100 a day and 3 days to replenish give 300 to 500.

    Example:
        >>> days_rule(100, 50, cycle_days=3)  # doctest: +ELLIPSIS
        DaysRule(low=300, high=500.0, reorder_point=442.448502644694...)
    """
    low = demand_mean * cycle_days
    high = low * FLUCTUATION
    spread = NormalDist().inv_cdf(service_level) * demand_sd * sqrt(cycle_days)
    return DaysRule(low, high, min(max(low + spread, low), high))


def levels(
    forecast: pd.DataFrame, catalogue: pd.DataFrame, *, rule: str, review_days: float
) -> pd.DataFrame:
    """Return each SKU's levels.

    Args:
        forecast: Schema `FORECAST`.
        catalogue: Schema `CATALOGUE`; a manual reorder point there wins over the rule.
        rule: `normal` (mean over the protection interval + safety stock) or `days` (the brief's).
        review_days: Time between two orderings [days].

    Returns:
        One row per SKU of `catalogue`, schema `LEVEL`; reorder_point and order_up_to are whole
        units, rounded up once. order_up_to = reorder_point + demand of one review (at least a
        day's).

    Raises:
        ValueError: An unknown rule.
    """
    if rule not in ("normal", "days"):
        raise ValueError(f"rule must be normal or days, got {rule!r}")
    columns = ["sku", "demand_mean", "demand_sd"]
    frame = catalogue.merge(forecast[columns], on="sku", how="left")
    frame[["demand_mean", "demand_sd"]] = frame[["demand_mean", "demand_sd"]].fillna(0.0)
    protection = frame["lead_time_days"] + review_days
    rows = records(frame)
    by_days = [
        days_rule(r["demand_mean"], r["demand_sd"], cycle_days=r["lead_time_days"],
                  service_level=r["service_level"])
        for r in rows
    ]  # fmt: skip
    buffers = [
        safety_stock(r["demand_mean"], r["demand_sd"], protection_days=p,
                     lead_time_sd=r["lead_time_sd"], service_level=r["service_level"])
        for r, p in zip(rows, protection, strict=True)
    ]  # fmt: skip
    mean = frame["demand_mean"] * protection
    by_rule = (
        mean + np.maximum(buffers, 0) if rule == "normal" else [d.reorder_point for d in by_days]
    )
    manual = frame["manual_reorder_point"]
    point = np.ceil(np.round(manual.where(manual.notna(), by_rule), 6))
    per_review = frame["demand_mean"] * max(review_days, 1.0)
    return LEVEL.make(
        {
            **{c: frame[c] for c in ("sku", "demand_mean", "demand_sd", "lead_time_days")},
            **{c: frame[c] for c in ("lead_time_sd", "service_level")},
            "rule": rule,
            "review_days": float(review_days),
            "protection_days": protection,
            "days_low": [d.low for d in by_days],
            "days_high": [d.high for d in by_days],
            "safety_stock": np.maximum(point - mean, 0),
            "reorder_point": point,
            "order_up_to": np.ceil(np.round(point + per_review, 6)),
            "is_manual": manual.notna(),
        }
    )
