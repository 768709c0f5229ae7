"""Stock counts hold: whatever arrives later, each count's variance is posted by difference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, String, case, cast, func, select

from stockbook.domain.records import ON_HAND, Bucket, StockMove
from stockbook.store import schema
from stockbook.store.writing import post_moves

Key = tuple[str, str, str]  # (shop_id, warehouse, sku)


def crossing(moves: Iterable[StockMove]) -> set[Key]:
    """Return the SKUs whose on-hand quantity some of the moves change."""
    return {
        (m.shop_id, m.warehouse, m.sku)
        for m in moves
        if (m.source in ON_HAND) != (m.target in ON_HAND)
    }


def count_reference(sku: str, at: int) -> str:
    """Return the reference of a count's moves."""
    return f"count:{sku}:{at}"


def repost_counts(connection: Connection, keys: set[Key], *, now: int) -> int:
    """Make every count of these SKUs hold again; return the number of moves posted."""
    if not keys:
        return 0
    counts = [row for row in connection.execute(_counts_query()) if tuple(row[:3]) in keys]
    moves: list[StockMove] = []
    shift: defaultdict[Key, int] = defaultdict(int)  # of the counts before, this time
    changed = []
    for shop, house, sku, at, on_hand, variance, others in counts:
        key = (shop, house, sku)
        step = on_hand - (others or 0) - shift[key] - variance
        if step:
            shift[key] += step
            changed.append((key, at, variance + step))
            moves.append(_variance_move(key, at, step, now))
    for (shop, house, sku), at, variance in changed:
        t = schema.stock_count
        connection.execute(
            t.update()
            .where(t.c.shop_id == shop, t.c.warehouse == house, t.c.sku == sku)
            .where(t.c.effective_at == at)
            .values(variance=variance)
        )
    post_moves(connection, moves)
    return len(moves)


def _variance_move(key: Key, at: int, step: int, now: int) -> StockMove:
    ends = (Bucket.ADJUSTMENT, Bucket.FREE) if step > 0 else (Bucket.FREE, Bucket.ADJUSTMENT)
    return StockMove(*key, *ends, abs(step), "count", count_reference(key[2], at), at, now)


def _counts_query() -> Any:
    """Every count with what all other moves until its instant leave on hand, oldest first."""
    c, m = schema.stock_count.c, schema.stock_move.c
    house = [b.value for b in ON_HAND]
    into = case((m.target.in_(house), m.quantity), else_=0)
    out = case((m.source.in_(house), m.quantity), else_=0)
    own = "count:" + c.sku + ":" + cast(c.effective_at, String)
    others = (
        select(func.sum(into - out))
        .where(m.shop_id == c.shop_id, m.warehouse == c.warehouse, m.sku == c.sku)
        .where(m.effective_at <= c.effective_at, m.reference != own)
        .scalar_subquery()
    )
    return select(
        c.shop_id, c.warehouse, c.sku, c.effective_at, c.on_hand, c.variance, others
    ).order_by(c.shop_id, c.warehouse, c.sku, c.effective_at)
