"""Stock counts hold: whatever arrives later, each count's variance is posted by difference."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, String, bindparam, case, cast, delete, func, select

from stockbook.domain.records import ON_HAND, Bucket, StockCount, StockMove
from stockbook.store import schema
from stockbook.store.known import among
from stockbook.store.writing import post_moves, upsert

Key = tuple[str, str, str]  # (shop_id, warehouse, sku)
_t = schema.stock_count
MORE_VARIANCE = (
    _t.update()
    .where(_t.c.shop_id == bindparam("shop"), _t.c.warehouse == bindparam("house"))
    .where(_t.c.sku == bindparam("code"), _t.c.effective_at == bindparam("instant"))
    .values(variance=_t.c.variance + bindparam("step"))
)


def count_reference(sku: str, at: int) -> str:
    """Return the reference of a count's moves."""
    return f"count:{sku}:{at}"


def post_counts(connection: Connection, counts: Sequence[StockCount], now: int) -> tuple[int, int]:
    """Take over counts that are new or changed; return how many, and the moves posted."""
    old = {tuple(row[:4]): row for row in connection.execute(select(schema.stock_count))}
    rows, keys = [], set[Key]()
    for c in counts:
        known = old.get((c.shop_id, c.warehouse, c.sku, c.effective_at))
        same = known and (known.on_hand, known.reason) == (c.on_hand, c.reason or known.reason)
        if not same:
            kept = {"variance": known.variance, "reason": c.reason or known.reason} if known else {}
            rows.append({"variance": 0} | asdict(c) | kept)
            keys.add((c.shop_id, c.warehouse, c.sku))
    if not rows:
        return 0, 0
    upsert(connection, schema.stock_count, rows)
    return len(rows), _settle(connection, keys, now=now)


def withdraw_counts(connection: Connection, counts: Sequence[StockCount], now: int) -> int:
    """Take counts back as if they had never been; return the moves posted."""
    t, moves, keys = schema.stock_count, list[StockMove](), set[Key]()
    for c in counts:
        key = (c.shop_id, c.warehouse, c.sku)
        where = (t.c.shop_id == c.shop_id, t.c.warehouse == c.warehouse, t.c.sku == c.sku,
                 t.c.effective_at == c.effective_at)  # fmt: skip
        variance = connection.execute(select(t.c.variance).where(*where)).scalar()
        if variance is None:
            continue
        connection.execute(delete(t).where(*where))
        keys.add(key)
        if variance:
            moves.append(_variance_move(key, c.effective_at, -variance, now))
    post_moves(connection, moves)
    return len(moves) + _settle(connection, keys, now=now)


# --- what arrives late ----------------------------------------------------------------------


def repost_counts(connection: Connection, moves: Sequence[StockMove], *, now: int) -> int:
    """Make the counts hold that some moves, just posted, reach back behind.

    The first count after a late move takes it up; counts after that one hold as they did.

    Returns:
        The number of moves posted.
    """
    late = _late(connection, moves)
    changed = [_variance_move(key, at, step, now) for (key, at), step in late.items() if step]
    _add_variances(connection, [(key, at, step) for (key, at), step in late.items()])
    post_moves(connection, changed)
    return len(changed)


def _late(connection: Connection, moves: Sequence[StockMove]) -> Mapping[tuple[Key, int], int]:
    """Return what each count's variance has to give back, by the count's key and instant."""
    times: defaultdict[Key, list[int]] = defaultdict(list)
    t = schema.stock_count.c
    query = select(t.shop_id, t.warehouse, t.sku, t.effective_at).order_by(t.effective_at)
    for shop, house, sku, at in connection.execute(query):
        times[shop, house, sku].append(at)
    steps: defaultdict[tuple[Key, int], int] = defaultdict(int)
    house = frozenset(ON_HAND)
    for m in moves if times else ():
        change = (m.target in house) - (m.source in house)
        if change:
            known = times.get((m.shop_id, m.warehouse, m.sku), ())
            place = bisect_left(known, m.effective_at)
            if place < len(known):
                steps[(m.shop_id, m.warehouse, m.sku), known[place]] -= change * m.quantity
    return steps


def _add_variances(connection: Connection, steps: Sequence[tuple[Key, int, int]]) -> None:
    """Add to what counts found: the count's key, its instant, units."""
    rows = [
        {"shop": key[0], "house": key[1], "code": key[2], "instant": at, "step": step}
        for key, at, step in steps
    ]
    if rows:
        connection.execute(MORE_VARIANCE, rows)


def _variance_move(key: Key, at: int, step: int, now: int) -> StockMove:
    ends = (Bucket.ADJUSTMENT, Bucket.FREE) if step > 0 else (Bucket.FREE, Bucket.ADJUSTMENT)
    return StockMove(*key, *ends, abs(step), "count", count_reference(key[2], at), at, now)


# --- counts that are new --------------------------------------------------------------------


def _settle(connection: Connection, keys: set[Key], *, now: int) -> int:
    """Make every count of these SKUs hold, from all their moves; return the moves posted."""
    moves, steps = list[StockMove](), list[tuple[Key, int, int]]()
    shift: defaultdict[Key, int] = defaultdict(int)  # of the counts before, this time
    skus = sorted({sku for _, _, sku in keys})
    for shop, house, sku, at, on_hand, variance, others in connection.execute(_counts(skus)).all():
        key = (shop, house, sku)
        step = on_hand - (others or 0) - shift[key] - variance
        if step and key in keys:
            shift[key] += step
            steps.append((key, at, step))
            moves.append(_variance_move(key, at, step, now))
    _add_variances(connection, steps)
    post_moves(connection, moves)
    return len(moves)


def _counts(skus: Sequence[str]) -> Any:
    """Counts with what all other moves until their instant leave on hand, oldest first."""
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
    query = select(c.shop_id, c.warehouse, c.sku, c.effective_at, c.on_hand, c.variance, others)
    return query.where(among(c.sku, skus)).order_by(c.shop_id, c.warehouse, c.sku, c.effective_at)
