"""How much to have when a shortage costs one thing and a leftover another; SKU classes.

Money is yuan; the time unit is free (a day, a week), the same for every value of one call.
"""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import pdtr, pdtrik

from stockbook.domain.loss import Floats, poisson_loss, require_not_negative, require_positive

Classes = npt.NDArray[np.str_]
A_SHARE, B_SHARE = 0.80, 0.95  # of the revenue
X_VARIATION, Y_VARIATION = 0.5, 1.0  # coefficient of variation of weekly demand
LOWEST, HIGHEST = 0.80, 0.995  # service levels that economics may ask for
TIE = 1e-9  # a share this close to a threshold has reached it


class BaseStock(NamedTuple):
    """The level to fill up to [units], and the expected cost [yuan per period]."""

    level: float
    cost: float


def critical_ratio(holding_cost: float, stockout_cost: float) -> float:
    """Return the chance with which demand should be covered.

    Args:
        holding_cost: What one unit left over costs [yuan/unit, > 0].
        stockout_cost: What one unit short costs [yuan/unit, > 0].

    Returns:
        The service level that costs least, between 0 and 1.

    Raises:
        ValueError: A cost is not a finite number above zero.

    Formula:
        p / (h + p)

    Source:
        Snyder & Shen, Fundamentals of Supply Chain Theory, 2nd ed., eq. (4.27).

    Example:
        >>> round(critical_ratio(0.18, 0.70), 4)
        0.7955
    """
    require_positive(holding_cost=holding_cost, stockout_cost=stockout_cost)
    return stockout_cost / (holding_cost + stockout_cost)


def newsvendor_normal(
    demand_mean: float,
    demand_sd: float,
    *,
    holding_cost: float,
    stockout_cost: float,
    lead_time: float = 0.0,
    review: float = 1.0,
) -> BaseStock:
    """Return the base stock level for normal demand, independent from period to period.

    What is ordered now has to last until the next order has come: review + lead time. Nothing
    is added in silence: a lead time of 0 with a review of 1 is the one-period newsvendor.

    Args:
        demand_mean: Mean demand [units per period, >= 0].
        demand_sd: Standard deviation of one period's demand [units, >= 0].
        holding_cost: Cost of one unit left over [yuan per period, > 0].
        stockout_cost: Cost of one unit short [yuan per period, > 0].
        lead_time: From order to arrival [periods, >= 0].
        review: From one order to the next [periods, > 0].

    Returns:
        The order-up-to level and the expected holding + shortage cost per period.

    Raises:
        ValueError: A cost or the review is not above zero, another value is negative.

    Formula:
        S = mean * P + z * sd * sqrt(P); cost = (h + p) * phi(z) * sd * sqrt(P);
        z = Phi^-1(p / (h + p)), P = lead time + review

    Source:
        Snyder & Shen, Fundamentals of Supply Chain Theory, 2nd ed., eq. (4.30) and (4.37);
        with lead time: example 4.4.

    Example:
        >>> stock = newsvendor_normal(50, 8, holding_cost=0.18, stockout_cost=0.70)
        >>> round(stock.level, 3), round(stock.cost, 5)
        (56.604, 1.99761)
    """
    require_not_negative(demand_mean=demand_mean, demand_sd=demand_sd, lead_time=lead_time)
    require_positive(review=review)
    normal = NormalDist()
    z = normal.inv_cdf(critical_ratio(holding_cost, stockout_cost))
    periods = lead_time + review
    spread = demand_sd * sqrt(periods)
    cost = (holding_cost + stockout_cost) * normal.pdf(z) * spread
    return BaseStock(demand_mean * periods + z * spread, cost)


def newsvendor_poisson(
    demand_mean: float, *, holding_cost: float, stockout_cost: float
) -> BaseStock:
    """Return the base stock level for Poisson demand: the right model for slow sellers.

    Args:
        demand_mean: Mean demand over the whole time to be covered [units, >= 0].
        holding_cost: Cost of one unit left over at its end [yuan, > 0].
        stockout_cost: Cost of one unit short [yuan, > 0].

    Returns:
        The smallest whole level that reaches the critical ratio, and its expected cost.

    Raises:
        ValueError: A cost is not above zero, or the mean is negative.

    Formula:
        S = min{S: F(S) >= p / (h + p)}; cost = h * E[(S - D)+] + p * E[(D - S)+]

    Source:
        Snyder & Shen, Fundamentals of Supply Chain Theory, 2nd ed., sec. 4.3, eq. (4.6).

    Example:
        >>> stock = newsvendor_poisson(6, holding_cost=1, stockout_cost=4)
        >>> stock.level, round(stock.cost, 5)
        (8, 3.57011)
    """
    require_not_negative(demand_mean=demand_mean)
    ratio = critical_ratio(holding_cost, stockout_cost)
    level = _poisson_quantile(ratio, demand_mean) if demand_mean else 0
    return BaseStock(level, float(poisson_cost(level, demand_mean, holding_cost, stockout_cost)))


def _poisson_quantile(share: float, mean: float) -> int:
    """Return the smallest whole number that Poisson demand stays within as often as asked."""
    level = int(np.ceil(pdtrik(share, mean)))
    lower = max(level - 1, 0)  # what was solved for in fractions may lie a hair above
    return lower if pdtr(lower, mean) >= share else level


def poisson_cost(
    level: npt.ArrayLike, demand_mean: float, holding_cost: float, stockout_cost: float
) -> Floats:
    """Return the expected cost of each whole stock level under Poisson demand.

    Args:
        level: Whole units there are, one or many [units].
        demand_mean: Mean demand over the time covered [units, >= 0].
        holding_cost: Cost of one unit left over [yuan].
        stockout_cost: Cost of one unit short [yuan].

    Returns:
        Cost of each level [yuan], in the shape of `level`.

    Raises:
        ValueError: The mean is negative or not finite.

    Formula:
        h * (S - mean + n(S)) + p * n(S), n(S) = E[(D - S)+]

    Source:
        Snyder & Shen, Fundamentals of Supply Chain Theory, 2nd ed., eq. (4.6).

    Example:
        >>> poisson_cost([7, 8, 9], 6, 1, 4).round(4).tolist()
        [3.8502, 3.5701, 3.8063]
    """
    short = poisson_loss(level, demand_mean)
    left = np.asarray(level, np.float64) - demand_mean + short
    return np.asarray(holding_cost * left + stockout_cost * short)


def holding_cost_per_cycle(
    unit_cost_yuan: float, *, annual_rate: float, cycle_days: float
) -> float:
    """Return what it costs to hold one unit from one order to the next.

    Args:
        unit_cost_yuan: What a unit was bought for [yuan, >= 0].
        annual_rate: Money, space, insurance, decay: share of the value per year [>= 0].
        cycle_days: Time between two orders [days, >= 0].

    Returns:
        Holding cost [yuan/unit per cycle].

    Raises:
        ValueError: A value is negative or not finite.

    Formula:
        c * i * days / 365

    Source:
        Silver, Pyke & Thomas (2017), Inventory and Production Management in Supply Chains,
        4th ed., ch. 2 (carrying cost v * r).

    Example:
        >>> round(holding_cost_per_cycle(40, annual_rate=0.25, cycle_days=7), 4)
        0.1918
    """
    require_not_negative(unit_cost_yuan=unit_cost_yuan, annual_rate=annual_rate)
    require_not_negative(cycle_days=cycle_days)
    return unit_cost_yuan * annual_rate * cycle_days / 365


def economic_service_level(
    margin_yuan: float,
    *,
    penalty_yuan: float,
    holding_yuan: float,
    lowest: float = LOWEST,
    highest: float = HIGHEST,
) -> float:
    """Return the service level at which one more unit earns what it costs to hold.

    A unit short loses its margin and what the platform takes for late or missing goods; a
    unit left over is held for one more cycle.

    Args:
        margin_yuan: Price less cost of the goods, fees and shipping [yuan/unit]; below zero
            where a SKU is sold at a loss.
        penalty_yuan: Platform's penalty for a late or missing unit [yuan/unit, >= 0].
        holding_yuan: Holding one unit for one cycle [yuan/unit, > 0].
        lowest, highest: Bounds of the answer, 0 < lowest <= highest < 1. The costs are rough;
            no level beyond these is asked for because of them.

    Returns:
        Service level (P1), within [lowest, highest].

    Raises:
        ValueError: A unit short costs nothing (margin + penalty <= 0), the penalty is negative,
            holding is not above zero, or the bounds are not as said.

    Formula:
        clip((m + b) / (m + b + h), lowest, highest)

    Source:
        Snyder & Shen, Fundamentals of Supply Chain Theory, 2nd ed., eq. (4.27), with p = m + b.

    Example:
        >>> economic_service_level(5, penalty_yuan=4, holding_yuan=1)
        0.9
        >>> economic_service_level(30, penalty_yuan=5, holding_yuan=0.1)
        0.995
    """
    require_not_negative(penalty_yuan=penalty_yuan)
    if not 0 < lowest <= highest < 1:
        raise ValueError(f"bounds must be 0 < lowest <= highest < 1, got {lowest}, {highest}")
    short = margin_yuan + penalty_yuan
    if not short > 0:
        raise ValueError(f"margin + penalty must be > 0 (a unit short costs), got {short}")
    return min(max(critical_ratio(holding_yuan, short), lowest), highest)


def abc_class(
    revenue: npt.ArrayLike, *, a_share: float = A_SHARE, b_share: float = B_SHARE
) -> Classes:
    """Return each SKU's class by how much of the revenue stands before it.

    SKUs are ranked by revenue, the largest first, equals in the order given. The SKU that
    crosses a threshold still belongs to the better class, so that the largest is always A.

    Args:
        revenue: (n,) revenue of each SKU over the same time [yuan]; below zero (more came
            back than was sold) and NaN count as 0.
        a_share, b_share: Thresholds, 0 < a_share <= b_share <= 1.

    Returns:
        (n,) "A", "B" or "C", in the order given; "C" where there is no revenue.

    Raises:
        ValueError: The thresholds are not as said.

    Formula:
        A where (revenue of the larger SKUs) / total < 0.80, B where < 0.95, else C

    Source:
        Silver, Pyke & Thomas (2017), Inventory and Production Management in Supply Chains,
        4th ed., ch. 2 (A-B-C, distribution by value); thresholds 80/95 %.

    Example:
        >>> abc_class([5, 700, 200, 50, 45, 0]).tolist()
        ['C', 'A', 'A', 'B', 'C', 'C']
    """
    if not 0 < a_share <= b_share <= 1:
        raise ValueError(f"thresholds must be 0 < a <= b <= 1, got {a_share}, {b_share}")
    value = np.maximum(np.nan_to_num(np.asarray(revenue, np.float64), nan=0.0), 0)
    order = np.argsort(-value, kind="stable")
    ranked = value[order]
    before = np.concatenate([[0.0], np.cumsum(ranked)[:-1]]) if len(ranked) else ranked
    share = before / max(float(value.sum()), 1e-300)
    names = np.where(share < a_share - TIE, "A", np.where(share < b_share - TIE, "B", "C"))
    classes = np.empty(len(value), dtype="<U1")
    classes[order] = np.where(ranked > 0, names, "C")
    return classes


def xyz_class(
    weekly: npt.ArrayLike, *, x_variation: float = X_VARIATION, y_variation: float = Y_VARIATION
) -> Classes:
    """Return each SKU's class by how unsteady its weekly demand is.

    Args:
        weekly: (n, W) units a week; NaN weeks say nothing (before the first sale, out of
            stock).
        x_variation, y_variation: Thresholds of the coefficient of variation, 0 <= x <= y.

    Returns:
        (n,) "X" steady, "Y" changing, "Z" erratic; "" where nothing was sold or fewer than
        two weeks are known.

    Raises:
        ValueError: `weekly` is not a matrix, or the thresholds are not as said.

    Formula:
        CV = sd(weeks) / mean(weeks), sd over all known weeks (divided by W);
        X where CV <= 0.5, Y where CV <= 1.0, else Z

    Source:
        Scholz-Reiter et al. (2012), Integration of demand forecasts in ABC-XYZ analysis,
        Int. J. of Productivity and Performance Management 61(4); thresholds 0.5/1.0.

    Example:
        >>> xyz_class([[10, 11, 9, 10], [0, 3, 6, 3], [0, 0, 0, 9], [0, 0, 0, 0]]).tolist()
        ['X', 'Y', 'Z', '']
    """
    if not 0 <= x_variation <= y_variation:
        raise ValueError(f"thresholds must be 0 <= x <= y, got {x_variation}, {y_variation}")
    units = np.asarray(weekly, np.float64)
    if units.ndim != 2:  # noqa: PLR2004 - SKUs by weeks
        raise ValueError(f"weekly must be SKUs by weeks, got {units.ndim} dimension(s)")
    known = ~np.isnan(units)
    weeks = np.maximum(known.sum(1), 1)
    mean = np.where(known, units, 0).sum(1) / weeks
    squares = np.where(known, (units - mean[:, None]) ** 2, 0).sum(1)
    sold = (mean > 0) & (known.sum(1) > 1)
    variation = np.sqrt(squares / weeks) / np.where(sold, mean, 1)
    names = np.where(
        variation <= x_variation + TIE, "X", np.where(variation <= y_variation + TIE, "Y", "Z")
    )
    return np.where(sold, names, "")
