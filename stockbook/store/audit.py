"""Replay the ledger and name every difference: which SKU, which move, found and expected."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, select, text

from stockbook.domain.language import say
from stockbook.domain.ledger import demand_of, whereabouts
from stockbook.domain.records import ON_HAND, Bucket, OrderLine
from stockbook.store import schema
from stockbook.store.posting import count_reference

HOUSE = {b.value for b in ON_HAND}


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """One difference between a figure and what the moves say it should be."""

    what: str
    sku: str
    reference: str
    found: str
    expected: str

    def __str__(self) -> str:
        return say(
            f"{self.what} {self.sku} {self.reference}：账上 {self.found}，应为 {self.expected}",
            f"{self.what} {self.sku} {self.reference}: {self.found}, expected {self.expected}",
        )


def audit(connection: Connection) -> list[AuditFinding]:
    """Return every difference; an empty list is a clean ledger."""
    moves = connection.execute(select(schema.stock_move)).all()
    lines = connection.execute(select(schema.order_line)).all()
    return [
        *_guards(connection),
        *_gaps(moves),
        *_balances(connection, moves),
        *_line_moves(connection, moves, lines),
        *_demand(connection, lines),
        *_counts(connection, moves),
    ]


def _guards(connection: Connection) -> Iterator[AuditFinding]:
    """The triggers that keep moves append-only must be there."""
    query = text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    found = {row[0] for row in connection.execute(query)}
    for name in schema.TRIGGERS:
        if name not in found:
            what = say("流水保护触发器", "guard of the moves")
            yield AuditFinding(what, "", name, say("缺失", "missing"), say("存在", "present"))


def _gaps(moves: Sequence[Any]) -> Iterator[AuditFinding]:
    """Move ids run without a gap: a transaction that fails takes no id."""
    ids = [m.move_id for m in moves]
    for missing in sorted(set(range(1, max(ids, default=0) + 1)) - set(ids)):
        what = say("流水", "move")
        yield AuditFinding(what, "", f"#{missing}", say("缺失", "missing"), say("存在", "present"))


def _differences(
    what: str, found: dict[Any, int], expected: dict[Any, int]
) -> Iterator[AuditFinding]:
    """Yield keys (first part the SKU) whose figures differ; an absent one is 0."""
    for key in sorted({*found, *expected}, key=str):
        have, want = found.get(key, 0), expected.get(key, 0)
        if have != want:
            yield AuditFinding(what, key[0], " ".join(map(str, key[1:])), str(have), str(want))


def _balances(connection: Connection, moves: Sequence[Any]) -> Iterator[AuditFinding]:
    expected: defaultdict[Any, int] = defaultdict(int)
    for m in moves:
        expected[m.sku, m.source, m.warehouse, m.shop_id] -= m.quantity
        expected[m.sku, m.target, m.warehouse, m.shop_id] += m.quantity
    found = {
        (b.sku, b.bucket, b.warehouse, b.shop_id): b.quantity
        for b in connection.execute(select(schema.balance))
    }
    yield from _differences(say("余额", "balance"), found, expected)


def _line_moves(
    connection: Connection, moves: Sequence[Any], lines: Sequence[Any]
) -> Iterator[AuditFinding]:
    """Each line's snapshot, its cached place and the sum of its moves must agree."""
    moved: defaultdict[Any, int] = defaultdict(int)
    for m in moves:
        if m.cause == "order":
            moved[m.sku, m.source, m.reference, m.shop_id] -= m.quantity
            moved[m.sku, m.target, m.reference, m.shop_id] += m.quantity
    placed = {key: n for key, n in moved.items() if key[1] != Bucket.FREE and n}
    wanted = {
        (line.posted_sku, bucket.value, line.line_id, line.shop_id): n
        for line in lines
        for bucket, n in whereabouts(snapshot(line)).items()
        if bucket != Bucket.FREE
    }
    cached = {
        (p.sku, p.bucket, p.line_id, p.shop_id): p.quantity
        for p in connection.execute(select(schema.line_place))
    }
    yield from _differences(say("订单行流水", "moves of order line"), placed, wanted)
    yield from _differences(say("订单行位置", "place of order line"), cached, wanted)


def snapshot(row: Any) -> OrderLine:
    """Return the order line that a database row holds."""
    return OrderLine(**{f.name: getattr(row, f.name) for f in fields(OrderLine)})


def _demand(connection: Connection, lines: Sequence[Any]) -> Iterator[AuditFinding]:
    expected: defaultdict[Any, int] = defaultdict(int)
    for line in lines:
        if demand := demand_of(snapshot(line)):
            expected[line.posted_sku, demand[0].isoformat(), line.shop_id] += demand[1]
    found = {
        (d.sku, d.day, d.shop_id): d.units for d in connection.execute(select(schema.daily_demand))
    }
    yield from _differences(say("日需求", "daily demand"), found, expected)


def _counts(connection: Connection, moves: Sequence[Any]) -> Iterator[AuditFinding]:
    """At its instant, each count's quantity is what the moves until then leave on hand."""
    for c in connection.execute(select(schema.stock_count)):
        on_hand, own = 0, 0
        for m in moves:
            if (m.shop_id, m.warehouse, m.sku) != (c.shop_id, c.warehouse, c.sku):
                continue
            if m.effective_at <= c.effective_at:
                step = m.quantity * ((m.target in HOUSE) - (m.source in HOUSE))
                on_hand += step
                own += step if m.reference == count_reference(c.sku, c.effective_at) else 0
        for what, have, want in (
            (say("盘点", "count"), on_hand, c.on_hand),
            (say("盘点差异", "count variance"), own, c.variance),
        ):
            if have != want:
                yield AuditFinding(what, c.sku, str(c.effective_at), str(have), str(want))
