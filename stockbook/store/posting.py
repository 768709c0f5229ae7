"""Post order lines and counts by difference, inside one transaction that the caller holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Connection, String, case, cast, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from stockbook.domain.ledger import (
    Place,
    demand_of,
    effective_at,
    line_problem,
    moves_between,
    status_rank,
    whereabouts,
)
from stockbook.domain.problems import Problem
from stockbook.domain.records import ON_HAND, UNMAPPED, Bucket, OrderLine, StockMove
from stockbook.store import schema

CHUNK = 500  # ids in one IN list
Key = tuple[str, str, str]  # (shop_id, warehouse, sku)


@dataclass
class Posted:
    """What one posting did."""

    lines: int = 0
    moves: int = 0
    problems: list[Problem] = field(default_factory=list)


@dataclass
class Batch:
    """What one transaction will write: facts, and the changes of the caches."""

    now: int
    lines: list[dict[str, Any]] = field(default_factory=list)
    moves: list[StockMove] = field(default_factory=list)
    emptied: set[tuple[str, str]] = field(default_factory=set)  # (shop_id, line_id)
    places: list[dict[str, Any]] = field(default_factory=list)
    demand: defaultdict[tuple[str, str, str], int] = field(default_factory=lambda: defaultdict(int))

    def move(self, line: OrderLine, step: tuple[str, Bucket, Bucket, int]) -> None:
        """Add one step of a line."""
        sku, source, target, quantity = step
        at = effective_at(line, target)
        self.moves.append(
            StockMove(line.shop_id, line.warehouse, sku, source, target, quantity, "order",
                      line.line_id, at, self.now)
        )  # fmt: skip


def resolve(line: OrderLine, codes: Mapping[str, str]) -> str:
    """Return the SKU a line posts under: the map's, the line's own code, or 未识别."""
    return codes.get(line.shop_sku_id) or line.sku or UNMAPPED + line.shop_sku_id


def chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut a list of ids into IN lists."""
    for i in range(0, len(ids), CHUNK):
        yield ids[i : i + CHUNK]


def newest(lines: Iterable[OrderLine]) -> dict[str, OrderLine]:
    """Return each line's newest snapshot; ties go to the later stage of life."""
    best: dict[str, OrderLine] = {}
    for line in lines:
        old = best.get(line.line_id)
        if old is None or _age(line) > _age(old):
            best[line.line_id] = line
    return best


def _age(line: OrderLine) -> tuple[int, int]:
    return line.updated_at, status_rank(line)


def post_lines(
    connection: Connection,
    shop_id: str,
    lines: Sequence[OrderLine],
    codes: Mapping[str, str],
    *,
    now: int,
    again: bool = False,
) -> Posted:
    """Post the snapshots that are news.

    Args:
        codes: shop_sku_id → sku.
        again: Post known snapshots too, since their SKU may have changed.
    """
    found = newest(lines)
    known = _known(connection, shop_id, list(found))
    fresh = [
        line
        for line in found.values()
        if again or line.line_id not in known or _age(line) > known[line.line_id][:2]
    ]
    places = _places(connection, shop_id, [x.line_id for x in fresh if x.line_id in known])
    batch, problems = Batch(now), []
    for line in fresh:
        _add(batch, line, resolve(line, codes), known.get(line.line_id), places)
        if problem := line_problem(line):
            problems.append(problem)
    moves = write(connection, batch)
    return Posted(len(fresh), moves, problems)


def _known(connection: Connection, shop_id: str, ids: list[str]) -> dict[str, Any]:
    """line_id → (updated_at, status_rank, posted_sku, demand_on, demand_units)."""
    t = schema.order_line.c
    known: dict[str, Any] = {}
    for part in chunks(ids):
        query = select(
            t.line_id, t.updated_at, t.status_rank, t.posted_sku, t.demand_on, t.demand_units
        ).where(t.shop_id == shop_id, t.line_id.in_(part))
        known |= {row[0]: tuple(row[1:]) for row in connection.execute(query)}
    return known


def _places(connection: Connection, shop_id: str, ids: list[str]) -> dict[str, dict[Place, int]]:
    t, places = schema.line_place.c, defaultdict[str, dict[Place, int]](dict)
    for part in chunks(ids):
        query = select(t.line_id, t.sku, t.bucket, t.quantity).where(
            t.shop_id == shop_id, t.line_id.in_(part)
        )
        for line_id, sku, bucket, quantity in connection.execute(query):
            places[line_id][sku, Bucket(bucket)] = quantity
    return places


def _add(
    batch: Batch,
    line: OrderLine,
    sku: str,
    before: tuple[Any, ...] | None,
    places: Mapping[str, dict[Place, int]],
) -> None:
    """Put one line's snapshot, moves and roll-up changes into the batch."""
    wanted: dict[Place, int] = {
        (sku, bucket): n for bucket, n in whereabouts(line).items() if bucket != Bucket.FREE
    }
    now = places.get(line.line_id, {})
    for step in moves_between(now, wanted):
        batch.move(line, step)
    if now != wanted:
        if now:
            batch.emptied.add((line.shop_id, line.line_id))
        batch.places += [
            {"shop_id": line.shop_id, "line_id": line.line_id, "sku": sku, "bucket": bucket.value,
             "quantity": n}
            for (_, bucket), n in wanted.items()
        ]  # fmt: skip
    day, units = demand_of(line) or (None, 0)
    if before and before[3]:
        batch.demand[line.shop_id, before[2], before[3]] -= before[4]
    if day:
        batch.demand[line.shop_id, sku, day.isoformat()] += units
    batch.lines.append(
        asdict(line)
        | {
            "status_rank": status_rank(line),
            "posted_sku": sku,
            "demand_on": day.isoformat() if day else None,
            "demand_units": units,
        }
    )


def write(connection: Connection, batch: Batch) -> int:
    """Write the batch and re-post the counts it touches; return the number of moves."""
    if batch.lines:
        upsert(connection, schema.order_line, batch.lines)
    for shop_id, line_id in batch.emptied:
        t = schema.line_place
        connection.execute(delete(t).where(t.c.shop_id == shop_id, t.c.line_id == line_id))
    if batch.places:
        connection.execute(schema.line_place.insert(), batch.places)
    _roll_up(connection, batch.demand)
    post_moves(connection, batch.moves)
    return len(batch.moves) + repost_counts(connection, crossing(batch.moves), now=batch.now)


def upsert(connection: Connection, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, or replace those with the same primary key."""
    statement = insert(table)
    keys = [c.name for c in table.primary_key]
    others = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keys}
    connection.execute(
        statement.on_conflict_do_update(index_elements=keys, set_=others), list(rows)
    )


def _roll_up(connection: Connection, changes: Mapping[tuple[str, str, str], int]) -> None:
    rows = [
        {"shop_id": shop, "sku": sku, "day": day, "units": units}
        for (shop, sku, day), units in changes.items()
        if units
    ]
    _accumulate(connection, schema.daily_demand, "units", rows)


def _accumulate(connection: Connection, table: Any, column: str, rows: list[Any]) -> None:
    """Add to a cache's figures."""
    if not rows:
        return
    statement = insert(table)
    keys = [c.name for c in table.primary_key]
    total = {column: table.c[column] + statement.excluded[column]}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=total), rows)


def post_moves(connection: Connection, moves: Sequence[StockMove]) -> None:
    """Write moves and the balances they change."""
    if not moves:
        return
    connection.execute(schema.stock_move.insert(), [asdict(m) for m in moves])
    change: defaultdict[tuple[str, str, str, str], int] = defaultdict(int)
    for m in moves:
        change[m.shop_id, m.warehouse, m.sku, m.source.value] -= m.quantity
        change[m.shop_id, m.warehouse, m.sku, m.target.value] += m.quantity
    rows = [
        {"shop_id": shop, "warehouse": house, "sku": sku, "bucket": bucket, "quantity": n}
        for (shop, house, sku, bucket), n in change.items()
        if n
    ]
    _accumulate(connection, schema.balance, "quantity", rows)


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
