"""What the ledger says for publishing: free units by warehouse, kits, sales, fresh changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, func, select

from stockbook.domain.ledger import Components
from stockbook.domain.records import AfterSale, Bucket, OrderLine, OrderStatus
from stockbook.domain.sellable import Part
from stockbook.store import schema
from stockbook.store.known import LINE_FIELDS, lines_of, sales_of
from stockbook.store.mapping import codes_of
from stockbook.store.reading import first_counts, known_places

UNPAID_LASTS = 3 * 86_400  # [s] an unpaid order is closed long before
Changed = tuple[OrderLine, tuple[AfterSale, ...]]


@dataclass(frozen=True)
class Selling:
    """What may be sold, before buffers.

    Attributes:
        free: Units of every SKU and warehouse whose stock is known and that was counted, less
            those of unpaid orders that may hold some.
        claimed: Units held, and allocated, of the same.
        made_of: What one unit of each platform SKU takes.
        sales: Units sold of each platform SKU.
        apart: The warehouses kept apart.
    """

    free: Mapping[Part, int]
    claimed: Mapping[Part, tuple[int, int]]
    made_of: Mapping[str, Components] = field(default_factory=dict)
    sales: Mapping[str, int] = field(default_factory=dict)
    apart: frozenset[str] = frozenset()


def selling(
    connection: Connection, shop_id: str, shop_sku_ids: Iterable[str], *, since: int, now: int
) -> Selling:
    """Return what publishing needs to know; see `Selling`.

    Args:
        since: Sales count from here on [Unix s].
    """
    codes = codes_of(connection, shop_id)
    held = _buckets(connection)
    counted, places = first_counts(connection), known_places()
    pairs = connection.execute(select(places.c.sku, places.c.warehouse))
    known = {(sku, house) for sku, house in pairs if sku in counted}
    free = {part: held[part][Bucket.FREE] for part in known}
    for part, units in _perhaps_held(connection, shop_id, now).items():
        if part in free:
            free[part] -= units
    return Selling(
        free,
        {part: (held[part][Bucket.HELD], held[part][Bucket.ALLOCATED]) for part in known},
        {key: codes.of(key) for key in shop_sku_ids},
        _sales(connection, shop_id, since),
        codes.apart,
    )


def _buckets(connection: Connection) -> defaultdict[Part, defaultdict[str, int]]:
    b = schema.balance.c
    query = select(b.sku, b.warehouse, b.bucket, func.sum(b.quantity))
    found: defaultdict[Part, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for sku, house, bucket, units in connection.execute(
        query.group_by(b.sku, b.warehouse, b.bucket)
    ):
        found[sku, house][bucket] = units
    return found


def _perhaps_held(connection: Connection, shop_id: str, now: int) -> dict[Part, int]:
    """Return the units of fresh unpaid orders that do not tell whether they hold stock."""
    t, codes = schema.order_line.c, codes_of(connection, shop_id)
    query = select(t.shop_sku_id, t.sku, t.product_id, t.warehouse, t.quantity).where(
        t.shop_id == shop_id,
        t.status == OrderStatus.UNPAID.value,
        t.reduce_stock_type.is_(None),
        t.created_at >= now - UNPAID_LASTS,
    )
    found: defaultdict[Part, int] = defaultdict(int)
    for key, own, product, warehouse, units in connection.execute(query):
        for sku, n in codes.of(key, own, product):
            found[sku, codes.house(warehouse)] += units * n
    return found


def _sales(connection: Connection, shop_id: str, since: int) -> dict[str, int]:
    t = schema.order_line.c
    query = select(t.shop_sku_id, func.sum(t.quantity)).where(
        t.shop_id == shop_id, t.paid_at >= since, t.demand_units > 0
    )
    return {key: int(units) for key, units in connection.execute(query.group_by(t.shop_sku_id))}


def changed_lines(connection: Connection, shop_id: str, since: int) -> Sequence[Changed]:
    """Return the order lines that changed since an instant [Unix s], or an after-sale of theirs."""
    line, sale = schema.order_line.c, schema.after_sale.c
    query = select(*(line[name] for name in LINE_FIELDS))
    query = query.where(line.shop_id == shop_id, line.updated_at >= since)
    found = {row.line_id: OrderLine(*row) for row in connection.execute(query)}
    fresh = select(sale.line_id).where(sale.shop_id == shop_id, sale.updated_at >= since)
    others = sorted(set(connection.execute(fresh).scalars()) - set(found))
    found |= {one.line_id: one for one in lines_of(connection, shop_id, others)}
    sales: defaultdict[str, list[AfterSale]] = defaultdict(list)
    for one in sales_of(connection, shop_id, sorted(found), by="line_id"):
        sales[one.line_id].append(one)
    return [(one, tuple(sales[key])) for key, one in found.items()]
