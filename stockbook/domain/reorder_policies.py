"""When to order and how much, together: (r, Q) policies of the textbooks.

As soon as the position falls to r, order Q; unmet demand waits. Money is yuan; the time unit is
free (a day, a year), the same for every value of one call. The (s, S) policies stand in
`min_max_policies`.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

from scipy import optimize

from stockbook.domain.loss import (
    normal_loss,
    normal_second_loss,
    require_not_negative,
    require_positive,
)
from stockbook.domain.lot_sizing import economic_order_quantity
from stockbook.domain.newsvendor import newsvendor_normal

SETTLED = 1e-10  # relative change at which an iteration ends
ROUNDS = 10_000  # after which it has failed


class ReorderLot(NamedTuple):
    """An (r, Q) policy: at the reorder point, order the quantity [units]."""

    reorder_point: float
    quantity: float


class CostedReorderLot(NamedTuple):
    """An (r, Q) policy [units] and its expected cost [yuan per time unit]."""

    reorder_point: float
    quantity: float
    cost: float


def best_reorder_point(
    quantity: float,
    demand_mean: float,
    demand_sd: float,
    *,
    lead_time: float,
    holding_cost: float,
    stockout_cost: float,
) -> float:
    """Return the reorder point that costs least for a given order quantity, normal demand.

    Args:
        quantity: Units of one order [units, > 0].
        demand_mean: Mean demand [units per time unit, >= 0].
        demand_sd: Standard deviation of one time unit's demand [units, >= 0].
        lead_time: From order to arrival [time units, >= 0].
        holding_cost: Cost of holding one unit [yuan per time unit, > 0].
        stockout_cost: Cost of one unit owed [yuan per time unit, > 0].

    Returns:
        r, not rounded; below zero where buyers had better wait.

    Raises:
        ValueError: The quantity or a cost is not above zero, another value is negative.

    Formula:
        r with g(r) = g(r + Q), g(y) = h * (y - mu + n(y)) + p * n(y), n the loss function of
        lead-time demand N(mu, sigma**2), mu = lambda * L, sigma = tau * sqrt(L)

    Source:
        Snyder & Shen, Fundamentals of Supply Chain Theory, 2nd ed., eq. (5.9).

    Example:
        >>> round(best_reorder_point(
        ...     318, 1300, 150, lead_time=1/12, holding_cost=0.225, stockout_cost=7.5), 3)
        127.788
    """
    require_positive(quantity=quantity)
    mean, sd = _over(demand_mean, demand_sd, lead_time)
    top = newsvendor_normal(mean, sd, holding_cost=holding_cost, stockout_cost=stockout_cost).level

    def one_level(level: float) -> float:
        short = normal_loss(level, mean, sd)
        return holding_cost * (level - mean + short) + stockout_cost * short

    def gain(point: float) -> float:
        return one_level(point) - one_level(point + quantity)

    return float(optimize.brentq(gain, top - quantity, top, xtol=1e-10))


def expected_inventory_level_policy(
    demand_mean: float,
    demand_sd: float,
    *,
    lead_time: float,
    fixed_cost: float,
    holding_cost: float,
    stockout_cost: float,
) -> CostedReorderLot:
    """Return the (r, Q) policy of the expected-inventory-level approximation, normal demand.

    Here a shortage costs per unit once, however long the buyer waits.

    Args:
        demand_mean: Mean demand [units per time unit, > 0].
        demand_sd: Standard deviation of one time unit's demand [units, > 0].
        lead_time: From order to arrival [time units, > 0].
        fixed_cost: Cost of one order whatever its size [yuan, > 0].
        holding_cost: Cost of holding one unit [yuan per time unit, > 0].
        stockout_cost: Cost of one unit short [yuan/unit, > 0].

    Returns:
        r, Q and the approximate cost per time unit.

    Raises:
        ValueError: A value is not above zero, or shortages are so cheap, measured by holding,
            that no reorder point pays.

    Formula:
        r = F^-1(1 - Q * h / (p * lambda)); Q = sqrt(2 * lambda * (K + p * n(r)) / h), in turn;
        cost = h * (r - lambda * L + Q / 2) + K * lambda / Q + p * lambda * n(r) / Q

    Source:
        Snyder & Shen, Fundamentals of Supply Chain Theory, 2nd ed., eq. (5.16) to (5.18),
        algorithm 5.1; Whitin (1953); Hadley & Whitin (1963).

    Example:
        >>> policy = expected_inventory_level_policy(
        ...     1300, 150, lead_time=1/12, fixed_cost=8, holding_cost=0.225, stockout_cost=7.5)
        >>> [round(value, 3) for value in policy]
        [213.97, 318.59, 95.451]
    """
    require_positive(demand_sd=demand_sd, lead_time=lead_time, stockout_cost=stockout_cost)
    first = economic_order_quantity(demand_mean, fixed_cost=fixed_cost, holding_cost=holding_cost)
    mean, sd = _over(demand_mean, demand_sd, lead_time)

    def point_for(quantity: float) -> float:
        short = quantity * holding_cost / (stockout_cost * demand_mean)
        if short >= 1:
            raise ValueError(f"stockout_cost {stockout_cost} is too low for any reorder point")
        return NormalDist(mean, sd).inv_cdf(1 - short)

    def quantity_for(point: float) -> float:
        per_order = fixed_cost + stockout_cost * normal_loss(point, mean, sd)
        return sqrt(2 * demand_mean * per_order / holding_cost)

    point, quantity = _settle(first.quantity, point_for, quantity_for)
    per_order = fixed_cost + stockout_cost * normal_loss(point, mean, sd)
    stock = point - mean + quantity / 2
    return CostedReorderLot(
        point, quantity, holding_cost * stock + per_order * demand_mean / quantity
    )


def economic_order_safety_stock(
    demand_mean: float,
    demand_sd: float,
    *,
    lead_time: float,
    fixed_cost: float,
    holding_cost: float,
    stockout_cost: float,
) -> ReorderLot:
    """Return the (r, Q) policy that takes Q from the EOQ and r from the newsvendor.

    Args:
        demand_mean: Mean demand [units per time unit, > 0].
        demand_sd: Standard deviation of one time unit's demand [units, >= 0].
        lead_time: From order to arrival [time units, >= 0].
        fixed_cost: Cost of one order whatever its size [yuan, > 0].
        holding_cost: Cost of holding one unit [yuan per time unit, > 0].
        stockout_cost: Cost of one unit owed [yuan per time unit, > 0].

    Returns:
        r and Q, not rounded.

    Raises:
        ValueError: A value is not above zero, or the spread or lead time is negative.

    Formula:
        Q = sqrt(2 * K * lambda / h); r = lambda * L + z * tau * sqrt(L),
        z = Phi^-1(p / (h + p))

    Source:
        Snyder & Shen, Fundamentals of Supply Chain Theory, 2nd ed., eq. (3.4) and (5.21).

    Example:
        >>> policy = economic_order_safety_stock(
        ...     1300, 150, lead_time=1/12, fixed_cost=8, holding_cost=0.225, stockout_cost=7.5)
        >>> [round(value, 3) for value in policy]
        [190.337, 304.047]
    """
    lot = economic_order_quantity(demand_mean, fixed_cost=fixed_cost, holding_cost=holding_cost)
    mean, sd = _over(demand_mean, demand_sd, lead_time)
    stock = newsvendor_normal(mean, sd, holding_cost=holding_cost, stockout_cost=stockout_cost)
    return ReorderLot(stock.level, lot.quantity)


def loss_function_policy(
    demand_mean: float,
    demand_sd: float,
    *,
    lead_time: float,
    fixed_cost: float,
    holding_cost: float,
    stockout_cost: float,
) -> ReorderLot:
    """Return the (r, Q) policy of the loss-function approximation: the closest to exact.

    Args:
        demand_mean: Mean demand [units per time unit, > 0].
        demand_sd: Standard deviation of one time unit's demand [units, >= 0].
        lead_time: From order to arrival [time units, >= 0].
        fixed_cost: Cost of one order whatever its size [yuan, > 0].
        holding_cost: Cost of holding one unit [yuan per time unit, > 0].
        stockout_cost: Cost of one unit owed [yuan per time unit, > 0].

    Returns:
        r and Q, not rounded; r below zero where buyers had better wait.

    Raises:
        ValueError: A value is not above zero, or the spread or lead time is negative.

    Formula:
        n(r) = h * Q / (h + p); Q = sqrt(2 * (K * lambda + (h + p) * n2(r)) / h), in turn

    Source:
        Snyder & Shen, Fundamentals of Supply Chain Theory, 2nd ed., eq. (5.28) and (5.29);
        Hadley & Whitin (1963), Analysis of Inventory Systems.

    Example:
        >>> policy = loss_function_policy(
        ...     1300, 150, lead_time=1/12, fixed_cost=8, holding_cost=0.225, stockout_cost=7.5)
        >>> [round(value, 3) for value in policy]
        [126.867, 328.449]
    """
    require_positive(stockout_cost=stockout_cost)
    first = economic_order_quantity(demand_mean, fixed_cost=fixed_cost, holding_cost=holding_cost)
    mean, sd = _over(demand_mean, demand_sd, lead_time)
    both = holding_cost + stockout_cost

    def point_for(quantity: float) -> float:
        short = holding_cost * quantity / both
        low, high = mean - short - 1, mean + 40 * sd + 1  # short at low, never short at high
        return float(optimize.brentq(lambda y: normal_loss(y, mean, sd) - short, low, high,
                                     xtol=1e-10))  # fmt: skip

    def quantity_for(point: float) -> float:
        squares = both * normal_second_loss(point, mean, sd)
        return sqrt(2 * (fixed_cost * demand_mean + squares) / holding_cost)

    return ReorderLot(*_settle(first.quantity, point_for, quantity_for))


def _over(demand_mean: float, demand_sd: float, lead_time: float) -> tuple[float, float]:
    """Mean and spread of lead-time demand [units]."""
    require_not_negative(demand_mean=demand_mean, demand_sd=demand_sd, lead_time=lead_time)
    return demand_mean * lead_time, demand_sd * sqrt(lead_time)


def _settle(
    quantity: float,
    point_for: Callable[[float], float],
    quantity_for: Callable[[float], float],
) -> tuple[float, float]:
    """Reorder point and quantity, each computed from the other until neither moves."""
    for _ in range(ROUNDS):
        point = point_for(quantity)
        following = quantity_for(point)
        if abs(following - quantity) <= SETTLED * following:
            return point, following
        quantity = following
    raise ValueError(f"reorder point and quantity did not settle after {ROUNDS} rounds")
