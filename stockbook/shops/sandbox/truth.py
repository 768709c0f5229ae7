"""What truly happened to each SKU, from the final states of all orders and nothing else.

This stays independent of the ledger on purpose: it knows no moves, no snapshots and no status
codes, so that the two can be compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stockbook.shops.sandbox.simulation import Order, ShopSimulation, Wish

ON_THE_WAY_BACK = ("agreed", "back", "again", "sent", "done")
WAITING = ("paid", "part")  # paid and (partly) still in the house


def bound(orders: Iterable[Order], wishes: Iterable[Wish]) -> Counter[str]:
    """Return the units in the house that buyers have a claim on, by SKU."""
    claims: Counter[str] = Counter()
    for wish in wishes:
        if wish.state == "again":
            claims[wish.line.item.sku] += wish.units
    for order in orders:
        for line in order.lines:
            if order.state in WAITING:
                claims[line.item.sku] += line.left()
            elif order.state == "unpaid" and line.item.falls_on_order:
                claims[line.item.sku] += line.quantity
    return claims


def report(shop: ShopSimulation) -> dict[str, Any]:
    """Return one entry a SKU with its buckets; on hand = counted − shipped since."""
    sums: dict[str, Counter[str]] = {item.sku: Counter() for item in shop.items}
    for order in shop.orders.values():
        for line in order.lines:
            tally = sums[line.item.sku]
            gone = sum(n for _, n in line.shipped)
            tally["customer"] += gone
            tally["since"] += sum(n for at, n in line.shipped if at > shop.counted_at)
            if order.state in WAITING:
                tally["allocated"] += line.left()
            elif order.state == "unpaid" and line.item.falls_on_order:
                tally["held"] += line.quantity
    for wish in shop.wishes.values():
        _add_wish(sums[wish.line.item.sku], wish, shop.counted_at)
    counted = {sku: n for sku, n, _ in shop.counts()}
    ids = {item.sku: str(item.shop_sku_id) for item in shop.items}
    return {
        "as_of": shop.now,
        "counted_at": shop.counted_at,
        "skus": [_entry(sku, ids[sku], counted[sku], sums[sku]) for sku in sorted(sums)],
    }


def _add_wish(tally: Counter[str], wish: Wish, counted_at: int) -> None:
    """Add what comes back, and what goes out a second time."""
    if wish.kind in ("return", "exchange") and wish.state in ON_THE_WAY_BACK:
        tally["customer"] -= wish.units
        tally["returning"] += wish.units
    if wish.state == "again":
        tally["allocated"] += wish.units
    if wish.state == "sent":
        tally["customer"] += wish.units
        tally["since"] += wish.units if wish.sent_at > counted_at else 0


def _entry(sku: str, shop_sku_id: str, counted: int, tally: Counter[str]) -> dict[str, Any]:
    held, allocated = tally["held"], tally["allocated"]
    return {
        "sku": sku,
        "shop_sku_id": shop_sku_id,
        "warehouse": "",
        "free": counted - tally["since"] - held - allocated,
        "held": held,
        "allocated": allocated,
        "locked": 0,
        "defective": 0,
        "returning": tally["returning"],
        "on_order": 0,
        "in_transit": 0,
        "customer": tally["customer"],
    }
