"""What truly happened to each SKU, from the final states of all orders and what people did.

This stays independent of the ledger on purpose: it knows no moves, no snapshots and no status
codes, so that the two can be compared.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stockbook.shops.sandbox.catalogue import Item
    from stockbook.shops.sandbox.orders import Order, Wish
    from stockbook.shops.sandbox.simulation import ShopSimulation

ON_THE_WAY_BACK = ("agreed", "back", "again", "sent", "done")
WAITING = ("paid", "part")  # paid and (partly) still in the house
Key = tuple[str, str]  # (SKU, warehouse)
Tallies = defaultdict[Key, Counter[str]]


def bound(orders: Iterable[Order], wishes: Iterable[Wish]) -> Counter[str]:
    """Return the units in the house that buyers have a claim on, by SKU."""
    claims: Counter[str] = Counter()
    for item, _, units in (*_claims(orders), *_sent_again(wishes, "again")):
        claims[item.sku] += units
    return claims


def _claims(orders: Iterable[Order]) -> Iterator[tuple[Item, str, int]]:
    """Yield (item, bucket, units) of what is still in the house for buyers."""
    for order in orders:
        for line in order.lines if order.state in (*WAITING, "unpaid", "deposit") else ():
            if order.state in WAITING:
                bucket, units = "allocated", line.left()
            elif order.state == "deposit" or line.item.falls_on_order:
                bucket, units = "held", line.quantity
            else:
                continue
            for part, n in line.item.made_of():
                yield part, bucket, units * n


def _sent_again(wishes: Iterable[Wish], state: str) -> Iterator[tuple[Item, int, int]]:
    """Yield (item, instant, units) of what goes out a second time."""
    for wish in wishes:
        if wish.state == state:
            for part, n in wish.line.item.made_of():
                yield part, wish.sent_at, wish.units * n


def _shipped(orders: Iterable[Order]) -> Iterator[tuple[Item, int, int]]:
    """Yield (item, instant, units) of every parcel."""
    for order in orders:
        for line in order.lines:
            for part, n in line.item.made_of():
                for at, units in line.shipped:
                    yield part, at, units * n


def report(shop: ShopSimulation) -> dict[str, Any]:
    """Return one entry a SKU and warehouse with its buckets.

    On hand is what was counted last, without what was shipped since, and with what people
    brought in or took out since.
    """
    counted = _last_counts(shop)
    sums: Tallies = defaultdict(Counter)
    for item, at, units in (*_shipped(shop.orders.values()),
                            *_sent_again(shop.wishes.values(), "sent")):  # fmt: skip
        key = item.sku, item.warehouse
        sums[key]["customer"] += units
        sums[key]["since"] -= units if at > counted[key][1] else 0
    for item, bucket, units in _claims(shop.orders.values()):
        sums[item.sku, item.warehouse][bucket] += units
    for item, _, units in _sent_again(shop.wishes.values(), "again"):
        sums[item.sku, item.warehouse]["allocated"] += units
    _add_returns(sums, shop.wishes.values())
    _add_entries(sums, shop, counted)
    ids = {item.sku: str(item.shop_sku_id) for item in shop.items}
    return {
        "as_of": shop.now,
        "counted_at": shop.counted_at,
        "skus": [
            _entry(key, ids[key[0]], counted.get(key, (0, 0))[0], sums[key])
            for key in sorted({*counted, *sums})
        ],
    }


def _last_counts(shop: ShopSimulation) -> dict[Key, tuple[int, int]]:
    """Return (good units, instant) of each SKU's last count in each warehouse."""
    found = {(c.sku, c.warehouse): (c.on_hand, c.at) for c in shop.house.stock_take}
    for row in shop.house.entries:
        if row["kind"] == "count":
            found[row["sku"], row["warehouse"]] = row["units"], row["at"]
    return found


def _add_returns(sums: Tallies, wishes: Iterable[Wish]) -> None:
    """Add what comes back to the house the buyer got it from."""
    for wish in wishes:
        if wish.kind in ("return", "exchange") and wish.state in ON_THE_WAY_BACK:
            for part, n in wish.line.item.made_of():
                sums[part.sku, part.warehouse]["customer"] -= wish.units * n
                sums[part.sku, part.warehouse]["returning"] += wish.units * n


def _add_entries(sums: Tallies, shop: ShopSimulation, counted: dict[Key, tuple[int, int]]) -> None:
    """Add what people did; good units count where they did it after the last count."""
    for row in shop.house.entries:
        key = row["sku"], row["warehouse"]
        kind, units, spoiled = row["kind"], row["units"], row["defective"]
        good = {"transfer": -units, "correction": units}.get(kind, units - spoiled)
        if kind != "count" and row["at"] > counted[key][1]:
            sums[key]["since"] += good
        sums[key]["defective"] += spoiled
        if kind == "return":
            sums[key]["returning"] -= units
        if kind == "transfer":
            there = row["sku"], row["to_warehouse"]
            sums[there]["since"] += units if row["at"] > counted.get(there, (0, 0))[1] else 0


def _entry(key: Key, shop_sku_id: str, counted: int, tally: Counter[str]) -> dict[str, Any]:
    held, allocated = tally["held"], tally["allocated"]
    return {
        "sku": key[0],
        "shop_sku_id": shop_sku_id,
        "warehouse": key[1],
        "free": counted + tally["since"] - held - allocated,
        "held": held,
        "allocated": allocated,
        "locked": 0,
        "defective": tally["defective"],
        "returning": tally["returning"],
        "on_order": 0,
        "in_transit": 0,
        "customer": tally["customer"],
    }
