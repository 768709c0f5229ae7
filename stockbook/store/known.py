"""What the ledger knows of the lines and after-sales that a posting touches."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields

from sqlalchemy import Connection, func, select

from stockbook.domain.ledger import Place
from stockbook.domain.records import AfterSale, Bucket, OrderLine
from stockbook.store import schema

Age = tuple[int, int, int | None]  # update time, status rank, when units left
CHUNK = 500  # ids in one IN list
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


def chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut a list of ids into IN lists."""
    for i in range(0, len(ids), CHUNK):
        yield ids[i : i + CHUNK]


def ages_of(connection: Connection, shop_id: str, ids: Sequence[str]) -> dict[str, Age]:
    """Return (update time, status rank, when units left) of the lines that are known."""
    t, ages = schema.order_line.c, dict[str, Age]()
    for part in chunks(ids):
        query = select(t.line_id, t.updated_at, t.status_rank, t.left_at)
        query = query.where(t.shop_id == shop_id, t.line_id.in_(part))
        ages |= {row[0]: (row[1], row[2], row[3]) for row in connection.execute(query)}
    return ages


def lines_of(
    connection: Connection, shop_id: str, ids: Sequence[str], by: str = "line_id"
) -> list[OrderLine]:
    """Return the newest snapshots of lines, by their ids or by what they sell (`shop_sku_id`)."""
    t, found = schema.order_line, list[OrderLine]()
    for part in chunks(ids):
        query = select(*(t.c[name] for name in LINE_FIELDS))
        query = query.where(t.c.shop_id == shop_id, t.c[by].in_(part))
        found += [OrderLine(**row._mapping) for row in connection.execute(query)]  # noqa: SLF001
    return found


def sales_of(connection: Connection, shop_id: str, ids: Sequence[str]) -> list[AfterSale]:
    """Return the newest snapshots of after-sales by their ids."""
    t, found = schema.after_sale, list[AfterSale]()
    for part in chunks(ids):
        query = select(*(t.c[name] for name in SALE_FIELDS))
        query = query.where(t.c.shop_id == shop_id, t.c.after_sale_id.in_(part))
        found += [AfterSale(**row._mapping) for row in connection.execute(query)]  # noqa: SLF001
    return found


def known_of(connection: Connection, shop_id: str, ids: list[str]) -> Known:
    """Return what is known of lines: their demand, places, after-sales."""
    t, a = schema.order_line.c, schema.after_sale.c
    known = Known({}, defaultdict(dict), defaultdict(list))
    for part in chunks(ids):
        query = select(t.line_id, t.posted_as, t.demand_on, t.demand_units,
                       func.coalesce(t.left_at, t.shipped_at, t.updated_at))  # fmt: skip
        query = query.where(t.shop_id == shop_id, t.line_id.in_(part))
        for line_id, posted, day, units, left in connection.execute(query):
            known.left_before[line_id] = left
            if units:
                known.demand[line_id] = [(sku, day, units * n) for sku, n in json.loads(posted)]
        sales = select(*(a[name] for name in SALE_FIELDS))
        sales = sales.where(a.shop_id == shop_id, a.line_id.in_(part)).order_by(a.after_sale_id)
        for row in connection.execute(sales):
            known.sales[row.line_id].append(AfterSale(**row._mapping))  # noqa: SLF001
        sent = [again_id(sale) for key in part for sale in known.sales.get(key, ())]
        for some in (part, *chunks(sent)):
            _add_places(connection, shop_id, some, known.places)
    return known


def _add_places(
    connection: Connection, shop_id: str, ids: Sequence[str], places: dict[str, dict[Place, int]]
) -> None:
    t = schema.line_place.c
    query = select(t.line_id, t.warehouse, t.sku, t.bucket, t.quantity)
    query = query.where(t.shop_id == shop_id, t.line_id.in_(ids))
    for line_id, warehouse, sku, bucket, quantity in connection.execute(query):
        places[line_id][warehouse, sku, Bucket(bucket)] = quantity


def again_id(sale: AfterSale) -> str:
    """Return the id under which the new units of an exchange or a resend are placed."""
    return f"as:{sale.after_sale_id}"
