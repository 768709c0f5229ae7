"""How much to order at a time when demand is known: order cost against holding cost.

Money is yuan; the time unit is free (a day, a year), the same for every rate of one call.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import inf, sqrt
from typing import NamedTuple

from stockbook.domain.loss import require_not_negative, require_positive


class Lot(NamedTuple):
    """An order quantity [units] and what ordering so costs [yuan per time unit]."""

    quantity: float
    cost: float


class BackorderLot(NamedTuple):
    """An order quantity [units], the share of time without stock, the cost [yuan per time]."""

    quantity: float
    stockout_fraction: float
    cost: float


class DiscountLot(NamedTuple):
    """An order quantity [units], the price it gets [yuan/unit], the cost [yuan per time]."""

    quantity: float
    unit_cost: float
    cost: float


class LotPlan(NamedTuple):
    """Units to order in each period, and what the plan costs in all [yuan]."""

    orders: tuple[float, ...]
    cost: float


def economic_order_quantity(demand_rate: float, *, fixed_cost: float, holding_cost: float) -> Lot:
    """Return the order quantity at which ordering and holding together cost least.

    Demand is steady and known, nothing runs out, an order comes at once.

    Args:
        demand_rate: Demand [units per time unit, > 0].
        fixed_cost: Cost of one order whatever its size [yuan, > 0].
        holding_cost: Cost of holding one unit [yuan per time unit, > 0].

    Returns:
        The quantity and the ordering + holding cost per time unit, without the goods.

    Raises:
        ValueError: A value is not a finite number above zero.

    Formula:
        Q = sqrt(2 * K * lambda / h); cost = sqrt(2 * K * lambda * h)

    Source:
        Snyder & Shen, Fundamentals of Supply Chain Theory, 2nd ed., eq. (3.4) and (3.5).

    Example:
        >>> lot = economic_order_quantity(1300, fixed_cost=8, holding_cost=0.225)
        >>> round(lot.quantity, 3), round(lot.cost, 4)
        (304.047, 68.4105)
    """
    require_positive(demand_rate=demand_rate, fixed_cost=fixed_cost, holding_cost=holding_cost)
    weight = 2 * fixed_cost * demand_rate
    return Lot(sqrt(weight / holding_cost), sqrt(weight * holding_cost))


def economic_order_quantity_with_backorders(
    demand_rate: float, *, fixed_cost: float, holding_cost: float, stockout_cost: float
) -> BackorderLot:
    """Return the order quantity where buyers wait for what is out of stock, at a price.

    Args:
        demand_rate: Demand [units per time unit, > 0].
        fixed_cost: Cost of one order whatever its size [yuan, > 0].
        holding_cost: Cost of holding one unit [yuan per time unit, > 0].
        stockout_cost: Cost of one unit owed to a buyer [yuan per time unit, > 0].

    Returns:
        The quantity, the share of time (and of demand) that waits, and the cost per time unit.

    Raises:
        ValueError: A value is not a finite number above zero.

    Formula:
        Q = sqrt(2 * K * lambda * (h + p) / (h * p)); x = h / (h + p);
        cost = sqrt(2 * K * lambda * h * p / (h + p))

    Source:
        Snyder & Shen, Fundamentals of Supply Chain Theory, 2nd ed., eq. (3.27) to (3.29).

    Example:
        >>> lot = economic_order_quantity_with_backorders(
        ...     1300, fixed_cost=8, holding_cost=0.225, stockout_cost=5)
        >>> round(lot.quantity, 3), round(lot.stockout_fraction, 5), round(lot.cost, 4)
        (310.813, 0.04306, 66.9214)
    """
    require_positive(stockout_cost=stockout_cost)
    plain = economic_order_quantity(demand_rate, fixed_cost=fixed_cost, holding_cost=holding_cost)
    served = stockout_cost / (holding_cost + stockout_cost)
    return BackorderLot(plain.quantity / sqrt(served), 1 - served, plain.cost * sqrt(served))


def economic_order_quantity_with_discounts(
    demand_rate: float, *, fixed_cost: float, holding_rate: float, tiers: Sequence[Sequence[float]]
) -> DiscountLot:
    """Return the order quantity under price tiers that hold for every unit of an order.

    Args:
        demand_rate: Demand [units per time unit, > 0].
        fixed_cost: Cost of one order whatever its size [yuan, > 0].
        holding_rate: Cost of holding goods, as a share of their value per time unit [> 0].
        tiers: (from this many units, price [yuan/unit]), the first from 0; prices fall.

    Returns:
        The quantity, its price, and the cost of goods + ordering + holding per time unit. Of
        equally cheap quantities the smallest.

    Raises:
        ValueError: A value is not above zero, or tiers do not start at 0, rise in units and
            fall in price.

    Formula:
        Q_j = sqrt(2 * K * lambda / (i * c_j)), raised to the tier's first unit;
        cost(Q) = c_j * lambda + K * lambda / Q + i * c_j * Q / 2; the least over the tiers

    Source:
        Snyder & Shen, Fundamentals of Supply Chain Theory, 2nd ed., eq. (3.18) and (3.19).

    Example:
        >>> lot = economic_order_quantity_with_discounts(
        ...     1300, fixed_cost=8, holding_rate=0.3,
        ...     tiers=((0, 0.75), (400, 0.72), (800, 0.68)))
        >>> lot.quantity, lot.unit_cost, round(lot.cost, 2)
        (800, 0.68, 978.6)
    """
    require_positive(demand_rate=demand_rate, fixed_cost=fixed_cost, holding_rate=holding_rate)
    _check_tiers(tiers)
    ends = [start for start, _ in tiers[1:]] + [inf]
    found = []
    for (start, price), end in zip(tiers, ends, strict=True):
        ideal = sqrt(2 * fixed_cost * demand_rate / (holding_rate * price))
        quantity = max(ideal, start)
        if quantity < end:
            holding = holding_rate * price * quantity / 2
            cost = price * demand_rate + fixed_cost * demand_rate / quantity + holding
            found.append(DiscountLot(quantity, price, cost))
    return min(found, key=lambda lot: (lot.cost, lot.quantity))


def wagner_whitin(demand: Sequence[float], *, fixed_cost: float, holding_cost: float) -> LotPlan:
    """Return the cheapest orders for a known demand that changes from period to period.

    An order comes at the start of its period; what is used in that period costs no holding.

    Args:
        demand: Units asked in each period, the next one first [units, >= 0].
        fixed_cost: Cost of one order whatever its size [yuan, >= 0].
        holding_cost: Cost of holding one unit from one period into the next [yuan, >= 0].

    Returns:
        Units to order in each period, and ordering + holding cost of the whole plan.

    Raises:
        ValueError: A value is negative or not finite.

    Formula:
        theta_t = min over s > t of K + h * sum((i - t) * d_i for t <= i < s) + theta_s;
        without K where nothing is asked

    Source:
        Snyder & Shen, Fundamentals of Supply Chain Theory, 2nd ed., eq. (3.39), algorithm 3.1;
        Wagner & Whitin (1958), Management Science 5(1).

    Example:
        >>> wagner_whitin([90, 120, 80, 70], fixed_cost=500, holding_cost=2)
        LotPlan(orders=(210.0, 0.0, 150.0, 0.0), cost=1380.0)
    """
    require_not_negative(fixed_cost=fixed_cost, holding_cost=holding_cost)
    for units in demand:
        require_not_negative(demand=units)
    least: list[float] = [inf] * len(demand) + [0]
    until = [0] * len(demand)
    for t in reversed(range(len(demand))):
        covered = held = 0.0
        for i in range(t, len(demand)):
            covered += demand[i]
            held += holding_cost * (i - t) * demand[i]
            cost = (fixed_cost if covered else 0) + held + least[i + 1]
            if cost < least[t]:
                least[t], until[t] = cost, i + 1
    return LotPlan(_orders(demand, until), least[0])


def _orders(demand: Sequence[float], until: Sequence[int]) -> tuple[float, ...]:
    """Follow the plan from the first period: what each order covers."""
    orders, t = [0.0] * len(demand), 0
    while t < len(demand):
        orders[t] = float(sum(demand[t : until[t]]))
        t = until[t]
    return tuple(orders)


def _check_tiers(tiers: Sequence[Sequence[float]]) -> None:
    if not tiers or tiers[0][0] != 0:
        raise ValueError(f"tiers must start at 0 units, got {list(tiers)}")
    for start, price in tiers:
        require_not_negative(start=start)
        require_positive(price=price)
    for (start, price), (later, cheaper) in pairwise(tiers):
        if later <= start or cheaper > price:
            raise ValueError(f"tiers must rise in units and fall in price, got {list(tiers)}")
