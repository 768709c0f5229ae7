"""Order lines → where their units belong → the moves that bring them there.

A line posts by difference: its newest snapshot says where its units should be, the sum of its own
moves says where they are. A line without moves has its units in `free`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from stockbook.domain.clock import day_of
from stockbook.domain.language import say
from stockbook.domain.problems import Problem
from stockbook.domain.records import Bucket, OrderLine, OrderStatus

Place = tuple[str, Bucket]  # (sku, bucket)
Step = tuple[str, Bucket, Bucket, int]  # (sku, source, target, quantity)

REFUND_BEFORE_SHIPPING = 2
AFTER_SALE_DONE, REFUND_DONE = 12, 3
FALLS_ON_ORDER = 1
_SHIPPED_LATER = {OrderStatus.REFUNDED_AFTER_SHIPPING, OrderStatus.REFUNDED_AFTER_RECEIPT}
_RANK = {1: 0, 103: 1, 105: 2, 2: 3, 101: 4, 3: 5, 5: 6, 21: 7, 4: 8, 22: 9, 39: 10}
_OUT_OF_STOCK = ("缺货", "无货", "断货", "没货", "out of stock")


def status_rank(line: OrderLine) -> int:
    """Return a number that rises along a line's life: it breaks ties within one second."""
    ranks = [_RANK.get(line.status, 5), _RANK.get(line.main_status or 0, 0)]
    refunded = 1 if _refunded_unshipped(line) else 0
    return max(ranks) * 2 + refunded


def whereabouts(line: OrderLine) -> dict[Bucket, int]:
    """Return where a line's units should be now; the quantities sum to the line's.

    Source: the status table of docs/ARCHITECTURE.md; shipped wins over closed.

    Example:
        >>> from stockbook.domain.records import OrderLine
        >>> whereabouts(OrderLine("s", "o", "l", "k", 3, status=2, updated_at=0))
        {<Bucket.ALLOCATED: 'allocated'>: 3}
    """
    if line.status == OrderStatus.PARTLY_SHIPPED:
        gone = min(max(line.shipped_quantity or 0, 0), line.quantity)
        places = {Bucket.CUSTOMER: gone, Bucket.ALLOCATED: line.quantity - gone}
        return {bucket: n for bucket, n in places.items() if n}
    return {_bucket(line): line.quantity}


def _bucket(line: OrderLine) -> Bucket:
    if _left_the_house(line):
        return Bucket.CUSTOMER
    if line.status == OrderStatus.CANCELLED or _refunded_unshipped(line):
        return Bucket.FREE
    if OrderStatus.DEPOSIT_PAID in (line.status, line.main_status):
        return Bucket.HELD
    if line.status == OrderStatus.UNPAID:
        return Bucket.HELD if line.reduce_stock_type == FALLS_ON_ORDER else Bucket.FREE
    if line.status in (OrderStatus.PAID, OrderStatus.PREPARING):
        return Bucket.ALLOCATED
    return Bucket.ALLOCATED if line.paid_at else Bucket.FREE  # a status nobody knows


def _left_the_house(line: OrderLine) -> bool:
    shipped = line.status in (OrderStatus.SHIPPED, OrderStatus.DONE)
    return shipped or bool(line.shipped_at) or line.main_status in _SHIPPED_LATER


def _refunded_unshipped(line: OrderLine) -> bool:
    if OrderStatus.REFUNDED_BEFORE_SHIPPING in (line.status, line.main_status):
        return True
    done = line.after_sale_status == AFTER_SALE_DONE or line.refund_status == REFUND_DONE
    return line.after_sale_type == REFUND_BEFORE_SHIPPING and done


def line_problem(line: OrderLine) -> Problem | None:
    """Return what is strange about a line's status, if anything."""
    if line.status in set(OrderStatus):
        return None
    return Problem(
        "order.searchList",
        None,
        "order_status",
        say(f"订单 {line.order_id} 的状态 {line.status}", f"{line.status} on {line.order_id}"),
        say("已知的订单状态", "a known order status"),
        say("暂按是否付款处理；请更新 StockBook", "treated by payment; update StockBook"),
    )


def moves_between(now: Mapping[Place, int], wanted: Mapping[Place, int]) -> list[Step]:
    """Return the steps that turn one placement of a line into another, SKU by SKU.

    Within a SKU whatever is not placed elsewhere stands in `free`, so each SKU's units leave
    `free` or go back there; a line whose SKU changes frees the old one's units and takes the
    new one's.

    Example:
        >>> moves_between({("a", Bucket.ALLOCATED): 2}, {("a", Bucket.CUSTOMER): 2})
        [('a', <Bucket.ALLOCATED: 'allocated'>, <Bucket.CUSTOMER: 'customer'>, 2)]
    """
    steps: list[Step] = []
    for sku in sorted({sku for sku, _ in (*now, *wanted)}):
        steps += _steps(sku, _of(sku, now), _of(sku, wanted))
    return steps


def _of(sku: str, places: Mapping[Place, int]) -> dict[Bucket, int]:
    return {b: n for (s, b), n in places.items() if s == sku and b != Bucket.FREE and n}


def _steps(sku: str, now: dict[Bucket, int], wanted: dict[Bucket, int]) -> list[Step]:
    change = {b: wanted.get(b, 0) - now.get(b, 0) for b in sorted({*now, *wanted})}
    change[Bucket.FREE] = -sum(change.values())
    sources = [(b, -n) for b, n in change.items() if n < 0]
    targets = [(b, n) for b, n in change.items() if n > 0]
    steps: list[Step] = []
    while sources and targets:
        (source, give), (target, take) = sources.pop(), targets.pop()
        quantity = min(give, take)
        steps.append((sku, source, target, quantity))
        if give > quantity:
            sources.append((source, give - quantity))
        if take > quantity:
            targets.append((target, take - quantity))
    return steps


def effective_at(line: OrderLine, target: Bucket) -> int:
    """Return when a step into `target` happened in the world [Unix s]."""
    known = {
        Bucket.CUSTOMER: line.shipped_at,
        Bucket.ALLOCATED: line.paid_at or line.created_at,
        Bucket.HELD: line.created_at,
    }
    return known.get(target) or line.updated_at


def demand_of(line: OrderLine) -> tuple[date, int] | None:
    """Return the Beijing day and units that a line adds to demand, or None.

    Paid lines count on the day they were paid, net of what buyers cancelled before shipping;
    what the shop cancelled for want of stock was still asked for.
    """
    if not line.paid_at:
        return None
    back = whereabouts(line).get(Bucket.FREE, 0) == line.quantity
    if back and not any(word in line.cancel_reason for word in _OUT_OF_STOCK):
        return None
    return day_of(line.paid_at), line.quantity
