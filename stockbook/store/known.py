"""What the ledger knows of the lines and after-sales that a posting touches."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields

from sqlalchemy import ColumnElement, Connection, func, select

from stockbook.domain.ledger import Place
from stockbook.domain.records import AfterSale, Bucket, OrderLine
from stockbook.store import schema

# Update time, status rank, when units left, whether nobody told where the sale came from.
Age = tuple[int, int, int | None, bool]
LINE_FIELDS = [f.name for f in fields(OrderLine)]
SALE_FIELDS = [f.name for f in fields(AfterSale)]


@dataclass
class Known:
    """What the ledger knows of the lines that a posting touches.

    Attributes:
        left_before: When a line's units outside were believed to leave, by line_id;
            `sent_before`: the same of an after-sale's new units, by its id [Unix s].
    """

    demand: dict[str, list[tuple[str, str, int]]]  # line_id → (sku, day, units)
    places: dict[str, dict[Place, int]]
    sales: dict[str, list[AfterSale]]
    left_before: dict[str, int] = field(default_factory=dict)
    sent_before: Mapping[str, int | None] = field(default_factory=dict)


def among(column: ColumnElement[str], ids: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition that a column is one of some ids, as many as there are.

    One JSON text is one parameter: a long IN list is built anew each time, and SQLite limits it.
    """
    return column.in_(select(func.json_each(json.dumps(ids)).table_valued("value").c.value))


def ages_of(connection: Connection, shop_id: str, ids: Sequence[str]) -> dict[str, Age]:
    """Return the ages of the lines that are known."""
    t = schema.order_line.c
    query = select(t.line_id, t.updated_at, t.status_rank, t.left_at, t.channel, t.province)
    query = query.where(t.shop_id == shop_id, among(t.line_id, ids))
    return {
        row[0]: (row[1], row[2], row[3], not (row[4] and row[5]))
        for row in connection.execute(query)
    }


def lines_of(
    connection: Connection, shop_id: str, ids: Sequence[str], by: str = "line_id"
) -> list[OrderLine]:
    """Return the newest snapshots of lines, by their ids or by what they sell (`shop_sku_id`)."""
    t = schema.order_line.c
    query = select(*(t[name] for name in LINE_FIELDS))
    query = query.where(t.shop_id == shop_id, among(t[by], ids))
    return [OrderLine(*row) for row in connection.execute(query)] if ids else []


def sales_of(
    connection: Connection, shop_id: str, ids: Sequence[str], by: str = "after_sale_id"
) -> list[AfterSale]:
    """Return the newest snapshots of after-sales, by their ids or by their lines' (`line_id`)."""
    t = schema.after_sale.c
    query = select(*(t[name] for name in SALE_FIELDS))
    query = query.where(t.shop_id == shop_id, among(t[by], ids))
    return [AfterSale(*row) for row in connection.execute(query)] if ids else []


def known_of(connection: Connection, shop_id: str, ids: Sequence[str]) -> Known:
    """Return what is known of lines: their demand, places, after-sales."""
    t, a = schema.order_line.c, schema.after_sale.c
    known = Known({}, defaultdict(dict), defaultdict(list))
    query = select(t.line_id, t.posted_as, t.demand_on, t.demand_units,
                   func.coalesce(t.left_at, t.shipped_at, t.updated_at))  # fmt: skip
    query = query.where(t.shop_id == shop_id, among(t.line_id, ids))
    for line_id, posted, day, units, left in connection.execute(query):
        known.left_before[line_id] = left
        if units:
            known.demand[line_id] = [(sku, day, units * n) for sku, n in json.loads(posted)]
    sales = select(*(a[name] for name in SALE_FIELDS))
    sales = sales.where(a.shop_id == shop_id, among(a.line_id, ids)).order_by(a.after_sale_id)
    for row in connection.execute(sales):
        known.sales[row.line_id].append(AfterSale(*row))
    sent = [again_id(sale) for of_line in known.sales.values() for sale in of_line]
    _add_places(connection, shop_id, [*known.left_before, *sent], known.places)
    return known


def _add_places(
    connection: Connection, shop_id: str, ids: Sequence[str], places: dict[str, dict[Place, int]]
) -> None:
    t = schema.line_place.c
    query = select(t.line_id, t.warehouse, t.sku, t.bucket, t.quantity)
    query = query.where(t.shop_id == shop_id, among(t.line_id, ids))
    for line_id, warehouse, sku, bucket, quantity in connection.execute(query) if ids else ():
        places[line_id][warehouse, sku, Bucket(bucket)] = quantity


def again_id(sale: AfterSale) -> str:
    """Return the id under which the new units of an exchange or a resend are placed."""
    return f"as:{sale.after_sale_id}"
