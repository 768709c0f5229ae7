"""Stock levels: how much to keep, when to reorder, how far to fill up.

Every time is in days and every quantity in sales units unless the name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockbook.domain.forecast import Forecast
from stockbook.domain.tables import LEVEL

Vector = npt.NDArray[np.float64]

MONTH = 28  # [days]
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


RULES = ("quantile", "normal", "days")


def levels(
    expected: Forecast,
    catalogue: pd.DataFrame,
    multipliers: pd.DataFrame | None = None,
    *,
    rule: str,
    review_days: float,
) -> pd.DataFrame:
    """Return each SKU's levels.

    Args:
        expected: The forecast of exactly the SKUs of `catalogue`, in its order.
        catalogue: Schema `CATALOGUE`; a manual reorder point there wins over the rule.
        multipliers: Schema `FACTORS`, of the same SKUs in the same order; the rule's level is
            multiplied by all four. None: all are 1.
        rule: `quantile` (the calibrated quantile of demand over the protection interval),
            `normal` (mean over it + safety stock) or `days` (the brief's).
        review_days: Time between two orderings [days].

    Returns:
        One row per SKU, schema `LEVEL`; reorder_point and order_up_to are whole units, rounded up
        once. order_up_to = reorder_point + demand of one review (at least a day's).
        `stockout_rate` is the share of held-out windows in which demand exceeded the level that
        the rule had set by what was known then; NaN where there was none.

    Raises:
        ValueError: An unknown rule, or SKUs that do not match.
    """
    if rule not in RULES:
        raise ValueError(f"rule must be one of {RULES}, got {rule!r}")
    if list(catalogue["sku"]) != list(expected.table["sku"]):
        raise ValueError("the forecast must be of the catalogue's SKUs, in its order")
    basis = Basis.of(expected, catalogue, review_days)
    by = _multipliers(expected, multipliers)
    point = basis.by(rule) * np.prod(list(by.values()), axis=0)
    manual = catalogue["manual_reorder_point"].to_numpy(float)
    point = np.ceil(np.round(np.where(np.isnan(manual), point, manual), 6))
    low, high = basis.days_range()
    return LEVEL.make(
        {
            **{c: expected.table[c] for c in ("sku", "demand_mean", "demand_sd")},
            **{c: catalogue[c] for c in ("lead_time_days", "lead_time_sd", "service_level")},
            "rule": rule,
            "review_days": float(review_days),
            "protection_days": basis.protection,
            "days_low": low,
            "days_high": high,
            "safety_stock": np.maximum(point - basis.mean, 0),
            "reorder_point": point,
            "order_up_to": np.ceil(np.round(point + basis.daily * max(review_days, 1.0), 6)),
            **by,
            "stockout_rate": basis.missed(point, fixed=~np.isnan(manual)),
            "is_manual": ~np.isnan(manual),
        }
    )


def _multipliers(expected: Forecast, multipliers: pd.DataFrame | None) -> dict[str, Vector]:
    """The factors by name; of a hot product only what the forecast does not follow already."""
    names = ("season_factor", "hot_factor", "trend_factor", "campaign_factor")
    if multipliers is None:
        return {name: np.ones(len(expected.table)) for name in names}
    by = {name: multipliers[name].to_numpy(float) for name in names}
    table = expected.table
    usual = table["sales_28d"].to_numpy(float) / MONTH
    mean = table["demand_mean"].to_numpy(float)
    followed = np.divide(mean, usual, out=np.ones(len(mean)), where=usual > 0)
    hot = by["hot_factor"] / np.maximum(followed, 1e-9)
    by["hot_factor"] = np.clip(
        hot, np.minimum(by["hot_factor"], 1), np.maximum(by["hot_factor"], 1)
    )
    return by


@dataclass(frozen=True)
class Basis:
    """What the rules stand on; arrays (n,) in the catalogue's order.

    Attributes:
        daily: Mean demand [units/day]; `sd`: spread of one-day errors [units/day].
        mean: Mean demand over the protection interval [units].
        protection: Lead time + review [days]; `lead`, `lead_sd`: the lead time's [days].
        service: Asked chance of no stock-out in a cycle.
    """

    expected: Forecast
    daily: Vector
    sd: Vector
    mean: Vector
    protection: Vector
    lead: Vector
    lead_sd: Vector
    service: Vector

    @classmethod
    def of(cls, expected: Forecast, catalogue: pd.DataFrame, review_days: float) -> Basis:
        """Lay out the rules' inputs."""
        daily = expected.table["demand_mean"].to_numpy(float)
        lead = catalogue["lead_time_days"].to_numpy(float)
        protection = lead + review_days
        return cls(
            expected, daily, expected.table["demand_sd"].to_numpy(float), daily * protection,
            protection, lead,
            catalogue["lead_time_sd"].to_numpy(float), catalogue["service_level"].to_numpy(float),
        )  # fmt: skip

    def by(self, rule: str) -> Vector:
        """Return the reorder points of a rule, not rounded [units]."""
        if rule == "quantile":
            late = (self.daily * self.lead_sd) ** 2
            return self.expected.prediction.covering(self.protection, self.service, late)
        rows = zip(self.daily, self.sd, self.protection, self.lead, self.lead_sd, self.service,
                   strict=True)  # fmt: skip
        if rule == "normal":
            buffers = [
                safety_stock(d, s, protection_days=p, lead_time_sd=ls, service_level=q)
                for d, s, p, _, ls, q in rows
            ]
            return self.mean + np.maximum(buffers, 0)
        return np.array(
            [
                days_rule(d, s, cycle_days=days, service_level=q).reorder_point
                for d, s, _, days, _, q in rows
            ],
            dtype=float,
        )

    def days_range(self) -> tuple[Vector, Vector]:
        """Return the brief's range: mean × lead time, up to × 5/3."""
        return self.daily * self.lead, self.daily * self.lead * FLUCTUATION

    def missed(self, point: Vector, fixed: npt.NDArray[np.bool_]) -> Vector:
        """Return the share of held-out windows in which demand went beyond the level.

        A level is tried as the multiple of its forecast that it is now; where people fixed it, as
        the number it is.
        """
        sums, horizon = self.expected.prediction.sums, self.expected.prediction.horizon
        scale = horizon / np.maximum(self.protection, 1e-9)
        multiple = point / np.maximum(self.mean, 1e-9)
        return 1 - sums.share_within(
            [np.where(fixed, point * scale, total * multiple) for total in sums.totals[:-1]]
        )
