"""Order lines and after-sales → where their units belong → the moves that bring them there.

A line posts by difference: its newest snapshots say where its units should be, the sum of its own
moves says where they are. A line without moves has its units in `free`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from stockbook.domain.clock import day_of
from stockbook.domain.language import say
from stockbook.domain.problems import Problem
from stockbook.domain.records import (
    AfterSale,
    AfterSaleKind,
    AfterSaleStatus,
    Bucket,
    OrderLine,
    OrderStatus,
)

Place = tuple[str, str, Bucket]  # (warehouse, sku, bucket)
Step = tuple[str, str, Bucket, Bucket, int]  # (warehouse, sku, source, target, quantity)
Components = tuple[tuple[str, int], ...]  # (sku, units of it in one unit of the platform's SKU)

REFUND_DONE = 3
FALLS_ON_ORDER = 1
_SHIPPED_LATER = {OrderStatus.REFUNDED_AFTER_SHIPPING, OrderStatus.REFUNDED_AFTER_RECEIPT}
_RANK = {1: 0, 103: 1, 105: 2, 2: 3, 101: 4, 3: 5, 5: 6, 21: 7, 4: 8, 22: 9, 39: 10}
_AFTER_SALE_RANK = {6: 0, 27: 1, 7: 2, 29: 3, 11: 4, 8: 5, 13: 6, 14: 7, 12: 8, 28: 9}
_OUT_OF_STOCK = ("缺货", "无货", "断货", "没货", "out of stock")
_AGREED = {
    AfterSaleStatus.TO_RETURN,
    AfterSaleStatus.TO_SHIP_AGAIN,
    AfterSaleStatus.TO_CONFIRM,
    AfterSaleStatus.DONE,
    AfterSaleStatus.SHIPPED_AGAIN,
    AfterSaleStatus.RECEIVED_AGAIN,
}
_SENT_AGAIN = {
    AfterSaleStatus.DONE,
    AfterSaleStatus.SHIPPED_AGAIN,
    AfterSaleStatus.RECEIVED_AGAIN,
}
_COMES_BACK = {AfterSaleKind.RETURN, AfterSaleKind.EXCHANGE}
_GOES_AGAIN = {AfterSaleKind.EXCHANGE, AfterSaleKind.RESEND}


def status_rank(line: OrderLine) -> int:
    """Return a number that rises along a line's life: it breaks ties within one second.

    A status nobody knows ranks lowest. At the same stage the platform's own answer, which names
    its SKU, outranks a file's, and one that tells more outranks one whose fields were trimmed.
    """
    if line.status not in _RANK:
        return 0
    stage = 1 + max(_RANK[line.status], _RANK.get(line.main_status or 0, 0))
    return (stage * 2 + _refunded_unshipped(line)) * 32 + 16 * bool(line.shop_sku_id) + _told(line)


def _told(line: OrderLine) -> int:
    """Return how many of the facts that place, date and price a line it tells [0..8].

    A pay time equal to the creation is what stands in for one that was not told.
    """
    return (
        (line.paid_at is not None and line.paid_at != line.created_at)
        + (line.reduce_stock_type is not None)
        + (line.shipped_at is not None)
        + (line.shipped_quantity is not None)
        + (line.main_status is not None)
        + (line.after_sale_status is not None)
        + (line.pay_amount_fen is not None)
        + (line.warehouse != "")
    )


def after_sale_rank(sale: AfterSale) -> int:
    """Return a number that rises along an after-sale's life: it breaks ties within one second.

    What nobody knows ranks lowest; at the same stage the one that tells when it was applied for
    outranks one whose fields were trimmed, and the platform's own a file's.
    """
    if sale.status not in _AFTER_SALE_RANK or sale.kind not in set(AfterSaleKind):
        return 0
    paid_back = sale.refund_status == REFUND_DONE
    stage = 1 + _AFTER_SALE_RANK[sale.status]
    told = (sale.applied_at is not None) * 2 + bool(sale.shop_sku_id)
    return (stage * 2 + paid_back) * 4 + told


def whereabouts(line: OrderLine, after_sales: Iterable[AfterSale] = ()) -> dict[Bucket, int]:
    """Return where a line's units should be now; the quantities sum to the line's.

    Source: the status table of docs/ARCHITECTURE.md; shipped wins over closed. Where after-sales
    are known, they and not the order's own hint say what was refunded before shipping.

    Example:
        >>> from stockbook.domain.records import OrderLine
        >>> whereabouts(OrderLine("s", "o", "l", "k", 3, status=2, updated_at=0))
        {<Bucket.ALLOCATED: 'allocated'>: 3}
    """
    sales = tuple(after_sales)
    if not sales:
        return _by_order(line)
    if any(sale.kind == AfterSaleKind.REFUND_BEFORE_SHIPPING for sale in sales):
        line = replace(line, after_sale_type=None, after_sale_status=None)
    places = _by_order(line)
    _release(places, line.quantity, sum(s.quantity for s in sales if _released(s)))
    back = sum(s.quantity for s in sales if s.kind in _COMES_BACK and s.status in _AGREED)
    _shift(places, Bucket.CUSTOMER, Bucket.RETURNING, back)
    return {bucket: n for bucket, n in places.items() if n}


def _by_order(line: OrderLine) -> dict[Bucket, int]:
    if line.status == OrderStatus.PARTLY_SHIPPED:
        gone = min(max(line.shipped_quantity or 0, 0), line.quantity)
        places = {Bucket.CUSTOMER: gone, Bucket.ALLOCATED: line.quantity - gone}
        return {bucket: n for bucket, n in places.items() if n}
    return {_bucket(line): line.quantity}


def _released(sale: AfterSale) -> bool:
    done = sale.status == AfterSaleStatus.DONE or sale.refund_status == REFUND_DONE
    return sale.kind == AfterSaleKind.REFUND_BEFORE_SHIPPING and done


def _release(places: dict[Bucket, int], quantity: int, refunded: int) -> None:
    """Free what was refunded before shipping; a line that left the house whole did leave it."""
    if places.get(Bucket.CUSTOMER) == quantity <= refunded:
        return
    left = refunded
    for bucket in (Bucket.ALLOCATED, Bucket.HELD, Bucket.CUSTOMER):
        left -= _shift(places, bucket, Bucket.FREE, left)


def _shift(places: dict[Bucket, int], source: Bucket, target: Bucket, most: int) -> int:
    """Move up to `most` units of a placement; return how many."""
    units = min(places.get(source, 0), max(most, 0))
    if units:
        places[source] -= units
        places[target] = places.get(target, 0) + units
    return units


def sent_again(sale: AfterSale) -> dict[Bucket, int]:
    """Return where the new units of an exchange or a resend should be now."""
    if sale.kind not in _GOES_AGAIN:
        return {}
    if sale.status in _SENT_AGAIN:
        return {Bucket.CUSTOMER: sale.quantity}
    agreed = sale.status == AfterSaleStatus.TO_SHIP_AGAIN
    return {Bucket.ALLOCATED: sale.quantity} if agreed else {}


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
    done = line.after_sale_status == AfterSaleStatus.DONE or line.refund_status == REFUND_DONE
    return line.after_sale_type == AfterSaleKind.REFUND_BEFORE_SHIPPING and done


def line_problem(line: OrderLine) -> Problem | None:
    """Return what is strange about a line's status, if anything."""
    if line.status in _RANK:
        return None
    return Problem(
        "order.searchList",
        None,
        "order_status",
        say(f"订单 {line.order_id} 的状态 {line.status}", f"{line.status} on {line.order_id}"),
        say("已知的订单状态", "a known order status"),
        say("暂按是否付款处理；请更新 StockBook", "treated by payment; update StockBook"),
    )


def placed(
    places: Mapping[Bucket, int], components: Components, warehouse: str
) -> dict[Place, int]:
    """Return a placement in units of our SKUs; what is free is not placed anywhere.

    Example:
        >>> placed({Bucket.ALLOCATED: 2}, (("a", 2),), "")
        {('', 'a', <Bucket.ALLOCATED: 'allocated'>): 4}
    """
    found: dict[Place, int] = {}
    for bucket, n in places.items():
        for sku, units in components if bucket != Bucket.FREE else ():
            key = (warehouse, sku, bucket)
            found[key] = found.get(key, 0) + n * units
    return found


def moves_between(now: Mapping[Place, int], wanted: Mapping[Place, int]) -> list[Step]:
    """Return the steps that turn one placement of a line into another, SKU by SKU.

    Within a SKU whatever is not placed elsewhere stands in `free`, so each SKU's units leave
    `free` or go back there; a line whose SKU changes frees the old one's units and takes the
    new one's. What is on its way back went to the customer first: two steps, each at its time.

    Example:
        >>> moves_between({("", "a", Bucket.ALLOCATED): 2}, {("", "a", Bucket.CUSTOMER): 2})
        [('', 'a', <Bucket.ALLOCATED: 'allocated'>, <Bucket.CUSTOMER: 'customer'>, 2)]
    """
    if not now and len(wanted) == 1:  # a line's first placement, by far the most frequent
        ((warehouse, sku, bucket), n), *_ = wanted.items()
        if bucket not in (Bucket.FREE, Bucket.RETURNING):
            return [(warehouse, sku, Bucket.FREE, bucket, n)]
    steps: list[Step] = []
    for warehouse, sku in sorted({(w, sku) for w, sku, _ in (*now, *wanted)}):
        old, new = (_of(warehouse, sku, places) for places in (now, wanted))
        back = new.pop(Bucket.RETURNING, 0) - old.pop(Bucket.RETURNING, 0)
        new[Bucket.CUSTOMER] = new.get(Bucket.CUSTOMER, 0) + back
        steps += [(warehouse, sku, *step) for step in _steps(old, new)]
        if back > 0:
            steps.append((warehouse, sku, Bucket.CUSTOMER, Bucket.RETURNING, back))
        elif back < 0:
            steps.append((warehouse, sku, Bucket.RETURNING, Bucket.CUSTOMER, -back))
    return steps


def _of(warehouse: str, sku: str, places: Mapping[Place, int]) -> dict[Bucket, int]:
    return {
        b: n for (w, s, b), n in places.items() if (w, s) == (warehouse, sku) and b != Bucket.FREE
    }


def _steps(now: dict[Bucket, int], wanted: dict[Bucket, int]) -> list[tuple[Bucket, Bucket, int]]:
    change = {b: wanted.get(b, 0) - now.get(b, 0) for b in sorted({*now, *wanted})}
    change[Bucket.FREE] = -sum(change.values())
    sources = [(b, -n) for b, n in change.items() if n < 0]
    targets = [(b, n) for b, n in change.items() if n > 0]
    steps: list[tuple[Bucket, Bucket, int]] = []
    while sources and targets:
        (source, give), (target, take) = sources.pop(), targets.pop()
        quantity = min(give, take)
        steps.append((source, target, quantity))
        if give > quantity:
            sources.append((source, give - quantity))
        if take > quantity:
            targets.append((target, take - quantity))
    return steps


def tells_leaving(line: OrderLine) -> int | None:
    """Return when a line's units left the house, as far as this snapshot tells [Unix s].

    One that shows them gone proves that they left by its update time. A downloaded file has no
    update time of its own, so it tells only what it names.
    """
    gone = _left_the_house(line) or (
        line.status == OrderStatus.PARTLY_SHIPPED and bool(line.shipped_quantity)
    )
    if not gone:
        return None
    return line.shipped_at or (line.updated_at if line.shop_sku_id else None)


def tells_sending(sale: AfterSale) -> int | None:
    """Return when an after-sale's new units left, as far as this snapshot tells [Unix s]."""
    sent = sale.kind in _GOES_AGAIN and sale.status in _SENT_AGAIN
    return sale.updated_at if sent else None


def leaving(line: OrderLine) -> int:
    """Return the instant at which a line's units leave the house [Unix s]."""
    return line.left_at or line.shipped_at or line.updated_at


def effective_at(
    line: OrderLine,
    source: Bucket,
    target: Bucket,
    after_sales: Sequence[AfterSale] = (),
    left_before: int | None = None,
) -> int:
    """Return when a step happened in the world [Unix s].

    Units that turn out not to have left the house are put back at the instant at which they
    were believed to leave, so that a count after it sees the same whichever news came first.

    Args:
        left_before: When units that are outside were believed to leave, so far.
    """
    if Bucket.RETURNING in (source, target) and after_sales:
        return max(s.updated_at for s in after_sales)
    if source == Bucket.CUSTOMER:
        return leaving(line) if left_before is None else left_before
    if target == Bucket.CUSTOMER:
        return leaving(line)
    known = None
    if target == Bucket.ALLOCATED:
        known = line.paid_at or line.created_at
    elif target == Bucket.HELD:
        known = line.created_at
    return known or line.updated_at


def demand_of(line: OrderLine, after_sales: Iterable[AfterSale] = ()) -> tuple[date, int] | None:
    """Return the Beijing day and units that a line adds to demand, or None.

    Paid lines count on the day they were paid, net of what buyers cancelled before shipping;
    what the shop cancelled for want of stock was still asked for.
    """
    return demand_in(line, whereabouts(line, after_sales))


def demand_in(line: OrderLine, places: Mapping[Bucket, int]) -> tuple[date, int] | None:
    """Return the same where the line's units are known already."""
    if not line.paid_at:
        return None
    units = line.quantity
    if not (line.cancel_reason and any(word in line.cancel_reason for word in _OUT_OF_STOCK)):
        units -= places.get(Bucket.FREE, 0)
    return (day_of(line.paid_at), units) if units else None
