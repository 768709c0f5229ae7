"""When to order and up to what: (s, S) policies of the textbooks, reviewed every period.

At a review, if the position is at or below s, fill up to S. Unmet demand waits. Money is yuan;
the period is free (a day, a week), the same for every value of one call.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import NamedTuple

import numpy as np

from stockbook.domain.loss import Floats, poisson_chance, require_not_negative, require_positive
from stockbook.domain.newsvendor import newsvendor_poisson, poisson_cost


class MinMax(NamedTuple):
    """An (s, S) policy: order at or below the reorder point, up to the level [units]."""

    reorder_point: float
    order_up_to: float


class CostedMinMax(NamedTuple):
    """An (s, S) policy [units] and its expected cost [yuan per period]."""

    reorder_point: int
    order_up_to: int
    cost: float


def poisson_min_max(
    demand_mean: float,
    *,
    fixed_cost: float,
    holding_cost: float,
    stockout_cost: float,
    lead_time: float = 0.0,
) -> CostedMinMax:
    """Return the cheapest (s, S) policy for Poisson demand, reviewed every period.

    Exact: every S that can be best is tried, with all its s at once. An order placed at a
    review arrives a lead time later; a lead time of 0 arrives before the period's demand.

    Args:
        demand_mean: Mean demand [units per period, > 0].
        fixed_cost: Cost of one order whatever its size [yuan, > 0].
        holding_cost: Cost of one unit left over [yuan per period, > 0].
        stockout_cost: Cost of one unit short [yuan per period, > 0].
        lead_time: From order to arrival [whole periods, >= 0].

    Returns:
        s, S and the expected cost per period.

    Raises:
        ValueError: A value is not a finite number above zero, or the lead time is negative.

    Formula:
        c(s, S) = (K + sum(m(d) * g(S - d) for 0 <= d < S - s)) / M(S - s), where g is the
        newsvendor cost over lead time + 1 periods, m the renewal density of one period's
        demand and M its sum; least over s and S, S from the newsvendor's level up while g(S)
        is below the best cost

    Source:
        Snyder & Shen, Fundamentals of Supply Chain Theory, 2nd ed., algorithm 4.2;
        Zheng & Federgruen (1991), Operations Research 39(4), 654-665.

    Example:
        >>> policy = poisson_min_max(6, fixed_cost=5, holding_cost=1, stockout_cost=4)
        >>> policy.reorder_point, policy.order_up_to, round(policy.cost, 5)
        (4, 10, 8.03411)
    """
    require_positive(demand_mean=demand_mean, fixed_cost=fixed_cost)
    require_not_negative(lead_time=lead_time)
    covered = demand_mean * (lead_time + 1)
    base = newsvendor_poisson(covered, holding_cost=holding_cost, stockout_cost=stockout_cost)
    start = int(base.level)

    def one_period(levels: Floats) -> Floats:
        return poisson_cost(levels, covered, holding_cost, stockout_cost)

    lowest, ceiling = _lowest_reorder_point(start, demand_mean, fixed_cost, one_period)
    highest = _first_above(start, ceiling, one_period)
    costs = one_period(np.arange(lowest + 1.0, highest + 1))
    density = renewal_density(highest - lowest, demand_mean)
    best = CostedMinMax(lowest, start, ceiling)
    for order_up_to in range(start, highest + 1):
        if costs[order_up_to - lowest - 1] >= best.cost:
            break
        depths = _by_depth(costs[: order_up_to - lowest][::-1], density, fixed_cost)
        depth = int(depths.argmin())
        if depths[depth] < best.cost:
            best = CostedMinMax(order_up_to - 1 - depth, order_up_to, float(depths[depth]))
    return best


def renewal_density(length: int, mean: float) -> Floats:
    """Return how many periods a Poisson demand is expected to spend at each total.

    Args:
        length: How many totals, from 0 [units].
        mean: Mean demand [units per period, > 0].

    Returns:
        (length,) m(0), m(1), ...: expected periods in which exactly so much has been asked.

    Raises:
        ValueError: The mean is not a finite number above zero.

    Formula:
        m(0) = 1 / (1 - f(0)); m(j) = m(0) * sum(f(l) * m(j - l) for 1 <= l <= j)

    Source:
        Snyder & Shen, Fundamentals of Supply Chain Theory, 2nd ed., algorithm 4.2;
        Zheng & Federgruen (1991), Operations Research 39(4), 654-665.

    Example:
        >>> renewal_density(3, 1).round(4).tolist()
        [1.582, 0.9207, 0.9961]
    """
    require_positive(mean=mean)
    chance = poisson_chance(np.arange(length), mean)
    density = np.empty(length)
    stay = -1 / np.expm1(-mean)  # 1 / (1 - f(0)), exact for slow sellers, too
    for j in range(length):
        density[j] = stay * (1.0 if j == 0 else chance[1 : j + 1] @ density[j - 1 :: -1][:j])
    return density


def _by_depth(costs: Floats, density: Floats, fixed_cost: float) -> Floats:
    """Cost of (S - 1, S), (S - 2, S), ... from the one-period costs of S, S - 1, ..."""
    weight = density[: len(costs)]
    return np.asarray((fixed_cost + np.cumsum(weight * costs)) / np.cumsum(weight))


def _lowest_reorder_point(
    start: int, mean: float, fixed_cost: float, one_period: Callable[[Floats], Floats]
) -> tuple[int, float]:
    """The s that goes with S = start, and their cost: no better policy has a smaller s."""
    length = 64
    while True:
        costs = one_period(start - np.arange(length + 1.0))
        policies = _by_depth(costs[:-1], renewal_density(length, mean), fixed_cost)
        reached = policies <= costs[1:]
        if reached.any():
            depth = int(reached.argmax())
            return start - 1 - depth, float(policies[depth])
        length *= 2


def _first_above(start: int, ceiling: float, one_period: Callable[[Floats], Floats]) -> int:
    """A level whose one-period cost is above the ceiling, not far beyond the first such."""
    step = 1
    while float(one_period(np.array(float(start + step)))) < ceiling:
        step *= 2
    return start + step


def power_approximation(
    demand_mean: float,
    demand_sd: float,
    *,
    fixed_cost: float,
    holding_cost: float,
    stockout_cost: float,
) -> MinMax:
    """Return a near-best (s, S) policy from mean and spread alone, reviewed every period.

    As in the book, without the paper's bound of s and S for lots below 1.5 periods of demand.

    Args:
        demand_mean: Mean demand [units per period, > 0].
        demand_sd: Standard deviation of one period's demand [units, > 0].
        fixed_cost: Cost of one order whatever its size [yuan, > 0].
        holding_cost: Cost of one unit left over [yuan per period, > 0].
        stockout_cost: Cost of one unit short [yuan per period, > 0].

    Returns:
        s and S, not rounded.

    Raises:
        ValueError: A value is not a finite number above zero.

    Formula:
        Q = 1.30 * mean**0.494 * (K / h)**0.506 * (1 + sd**2 / mean**2)**0.116;
        z = sqrt(Q / sd * h / p); s = 0.973 * mean + sd * (0.183 / z + 1.063 - 2.192 * z);
        S = s + Q

    Source:
        Snyder & Shen, Fundamentals of Supply Chain Theory, 2nd ed., eq. (4.77) to (4.80);
        Ehrhardt & Mosier (1984), Management Science 30(5), 618-622.

    Example:
        >>> policy = power_approximation(
        ...     50, 8, fixed_cost=2.5, holding_cost=0.18, stockout_cost=0.70)
        >>> round(policy.reorder_point, 4), round(policy.order_up_to, 4)
        (40.1946, 74.2902)
    """
    require_positive(demand_mean=demand_mean, demand_sd=demand_sd, fixed_cost=fixed_cost)
    require_positive(holding_cost=holding_cost, stockout_cost=stockout_cost)
    scale = (1 + (demand_sd / demand_mean) ** 2) ** 0.116
    quantity = 1.30 * demand_mean**0.494 * (fixed_cost / holding_cost) ** 0.506 * scale
    z = sqrt(quantity / demand_sd * holding_cost / stockout_cost)
    point = 0.973 * demand_mean + demand_sd * (0.183 / z + 1.063 - 2.192 * z)
    return MinMax(point, point + quantity)
