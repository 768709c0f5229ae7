"""Sums for the analysis, made by the database; and what imported files told of traffic and buyers.

A sale is a line that was paid, on the Beijing day of its payment, under the code that was sold (a
kit under its own), for what the buyer paid. Gifts, listed and paid at 0, are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Engine, Subquery, case, delete, func, select

from stockbook.domain.analysis_tables import SalesFacts
from stockbook.domain.clock import AHEAD, DAY, midnight
from stockbook.domain.records import UNMAPPED
from stockbook.domain.traffic import Audience, Traffic
from stockbook.store import schema
from stockbook.store.writing import upsert

DONE = 12  # aftersale_status
BACK_BEFORE, BACK_AFTER = (2,), (0, 1)  # aftersale_type: refund before shipping; after it
CLOSED_BEFORE, CLOSED_AFTER = (21,), (22, 39)  # main_status
RECENT_DAYS = 91  # of refunds and provinces
TRAFFIC_DAYS = 182


class Insight:
    """What the analysis reads and keeps of one ledger."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def sales_facts(self, start: date, today: date) -> SalesFacts:
        """Return what was sold in [start, today), and what imported files told."""
        with self._engine.begin() as connection:
            return sales_facts(connection, midnight(start), today)

    def keep(self, shop_id: str, traffic: Sequence[Traffic], audience: Sequence[Audience]) -> None:
        """Keep what files told; the same product and day, or the same kind, is replaced."""
        with self._engine.begin() as connection:
            post_traffic(connection, shop_id, traffic)
            post_audience(connection, shop_id, audience)


def sales_facts(connection: Connection, start: int, today: date) -> SalesFacts:
    """Return what was sold in [start, today); see `SalesFacts`."""
    end = midnight(today)
    recent = max(start, end - RECENT_DAYS * DAY)
    sold = _sold(start, end)
    s = sold.c
    money = func.sum(s.fen) / 100.0
    sales = _frame(
        connection,
        select(s.sku, s.day, func.sum(s.quantity), money, func.sum(s.list_fen) / 100.0,
               func.count()).group_by(s.sku, s.day),
        "sku date units revenue_yuan list_yuan orders",
    )  # fmt: skip
    sources = _frame(
        connection,
        select(s.day, s.channel, s.author, func.sum(s.quantity), money, func.count()).group_by(
            s.day, s.channel, s.author
        ),
        "date channel author units revenue_yuan orders",
    )
    hours = _frame(
        connection,
        select(s.day, s.hour, func.sum(s.quantity), money).group_by(s.day, s.hour),
        "date hour units revenue_yuan",
    )
    late = _sold(recent, end)
    provinces = _frame(
        connection,
        select(late.c.province, func.count(late.c.order_id.distinct()),
               func.sum(late.c.fen) / 100.0)
        .where(late.c.province != "").group_by(late.c.province),
        "province orders revenue_yuan",
    )  # fmt: skip
    refunds = _frame(connection, _refunds(late), "sku units before after refund_yuan")
    traffic = _traffic(connection, today - timedelta(days=TRAFFIC_DAYS))
    shares = _frame(
        connection,
        select(*(schema.audience.c[n] for n in ("kind", "segment", "share"))).order_by(
            schema.audience.c.kind, schema.audience.c.place
        ),
        "kind segment share",
    )
    products = _products(connection)
    return SalesFacts(sales, sources, hours, refunds, provinces, traffic, shares, products)


def _sold(start: int, end: int) -> Subquery:
    """One row a line paid in [start, end): what, when, where, for how much."""
    line, listed = schema.order_line.c, schema.sku_map.c
    unknown = UNMAPPED + func.coalesce(func.nullif(line.shop_sku_id, ""), line.product_id)
    at = func.coalesce(line.paid_at, case((line.demand_units > 0, line.created_at)))
    local = at + AHEAD
    full = func.coalesce(line.list_fen, listed.price_fen * line.quantity, 0)
    fen = func.coalesce(line.pay_amount_fen, full)
    return (
        select(
            line.shop_id, line.line_id, line.order_id, line.quantity, line.main_status,
            line.after_sale_type, line.after_sale_status, line.province, line.channel,
            func.coalesce(func.nullif(listed.sku, ""), func.nullif(line.sku, ""), unknown)
            .label("sku"),
            (local // DAY).label("day"),
            ((local % DAY) // 3600).label("hour"),
            func.coalesce(func.nullif(line.author_name, ""), line.author_id).label("author"),
            fen.label("fen"),
            case((full > fen, full), else_=fen).label("list_fen"),
        )
        .select_from(schema.order_line)
        .outerjoin(
            schema.sku_map,
            (listed.shop_id == line.shop_id) & (listed.shop_sku_id == line.shop_sku_id),
        )
        .where(at >= start, at < end)
        .where((func.coalesce(line.list_fen, listed.price_fen, 1) > 0) | (line.pay_amount_fen > 0))
        .subquery()
    )  # fmt: skip


def _refunds(sold: Subquery) -> Any:
    """Units paid and units refunded by SKU, as the lines and their after-sales say."""
    a, s = schema.after_sale.c, sold.c
    done = a.status == DONE
    sales = (
        select(
            a.shop_id,
            a.line_id,
            func.sum(case((done & a.kind.in_(BACK_BEFORE), a.quantity), else_=0)).label("before"),
            func.sum(case((done & a.kind.in_(BACK_AFTER), a.quantity), else_=0)).label("after"),
            func.sum(case((done, a.refund_fen), else_=0)).label("fen"),
        )
        .group_by(a.shop_id, a.line_id)
        .subquery()
    )
    over = s.after_sale_status == DONE

    def units(closed: tuple[int, ...], kinds: tuple[int, ...], told: Any) -> Any:
        whole = s.main_status.in_(closed) | (over & s.after_sale_type.in_(kinds))
        some = func.coalesce(told, 0)
        return case((whole | (some > s.quantity), s.quantity), else_=some)

    before = units(CLOSED_BEFORE, BACK_BEFORE, sales.c.before)
    after = units(CLOSED_AFTER, BACK_AFTER, sales.c.after)
    guess = s.fen * (before + after) / s.quantity
    fen = func.coalesce(func.nullif(sales.c.fen, 0), guess)
    return (
        select(s.sku, func.sum(s.quantity), func.sum(before), func.sum(after),
               func.sum(fen) / 100.0)
        .select_from(sold)
        .outerjoin(sales, (sales.c.shop_id == s.shop_id) & (sales.c.line_id == s.line_id))
        .group_by(s.sku)
    )  # fmt: skip


def _traffic(connection: Connection, since: date) -> pd.DataFrame:
    t = schema.traffic.c
    names = ("day", "product", "name", "exposures", "clicks", "visitors", "buyers", "units")
    query = select(*(t[name] for name in names), t.amount_fen / 100.0)
    query = query.where(t.day >= since.isoformat()).order_by(t.day, t.product)
    frame = pd.DataFrame(connection.execute(query).all(), columns=[*names, "amount_yuan"])
    kinds = dict.fromkeys(["product", "name"], "str") | dict.fromkeys(
        ["exposures", "clicks", "visitors", "buyers", "units", "amount_yuan"], "float64"
    )
    return frame.rename(columns={"day": "date"}).astype(kinds | {"date": "datetime64[s]"})


TYPES = {"sku": "str", "channel": "str", "author": "str", "province": "str", "kind": "str",
         "segment": "str", "hour": "int64"}  # fmt: skip


def _frame(connection: Connection, query: Any, names: str) -> pd.DataFrame:
    """Return a query's rows; days since 1970 become dates, all other figures floats."""
    columns = names.split()
    frame = pd.DataFrame(connection.execute(query).all(), columns=columns)
    if "date" in columns:
        frame["date"] = (frame["date"].astype("int64") * DAY).astype("datetime64[s]")
    kinds = {c: TYPES.get(c, "float64") for c in columns if c != "date"}
    return frame.astype(kinds)


def _products(connection: Connection) -> Mapping[str, tuple[str, ...]]:
    """Return each platform product's SKUs, by its id and by the names of its SKUs."""
    t, found = schema.sku_map.c, dict[str, list[str]]()
    for product, sku in connection.execute(select(t.product_id, t.sku).where(t.sku != "")):
        found.setdefault(product, []).append(sku)
    return {product: tuple(skus) for product, skus in found.items()}


def post_traffic(connection: Connection, shop_id: str, rows: Sequence[Traffic]) -> None:
    """Keep traffic; what was known of the same product and day is replaced."""
    if rows:
        upsert(connection, schema.traffic, [{"shop_id": shop_id, **r._asdict()} for r in rows])


def post_audience(connection: Connection, shop_id: str, rows: Sequence[Audience]) -> None:
    """Keep buyers' shares; all that was known of the same kinds is replaced."""
    t = schema.audience
    for kind in sorted({row.kind for row in rows}):
        connection.execute(delete(t).where(t.c.shop_id == shop_id, t.c.kind == kind))
    if rows:
        upsert(connection, t, [{"shop_id": shop_id, **r._asdict()} for r in rows])
