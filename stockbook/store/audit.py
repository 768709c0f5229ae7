"""Replay the ledger and name every difference: which SKU, which move, found and expected."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate
from typing import Any

from sqlalchemy import Connection, select, text

from stockbook.domain.entries import flows
from stockbook.domain.language import say
from stockbook.domain.ledger import (
    Components,
    Place,
    demand_of,
    placed,
    sent_again,
    whereabouts,
)
from stockbook.domain.records import (
    ON_HAND,
    UNMAPPED,
    AfterSale,
    Bucket,
    EntryKind,
    OrderLine,
)
from stockbook.store import schema
from stockbook.store.counting import count_reference
from stockbook.store.entries import known_entries
from stockbook.store.known import LINE_FIELDS, SALE_FIELDS, again_id

Rows = Sequence[Any]
HOUSE = {b.value for b in ON_HAND}
ENTRY_CAUSES = {kind.value for kind in EntryKind if kind != EntryKind.COUNT}


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
    t = schema.order_line.c
    rows = connection.execute(select(*(t[name] for name in LINE_FIELDS), t.posted_as))
    lines = [(OrderLine(*row[:-1]), _posted_as(row[-1])) for row in rows]
    return [found for check in CHECKS.values() for found in check(connection, moves, lines)]


def _guards(connection: Connection, *_: Rows) -> Iterator[AuditFinding]:
    """The triggers that keep moves append-only must be there."""
    query = text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    found = {row[0] for row in connection.execute(query)}
    for name in schema.TRIGGERS:
        if name not in found:
            what = say("流水保护触发器", "guard of the moves")
            yield AuditFinding(what, "", name, say("缺失", "missing"), say("存在", "present"))


def _gaps(_: Connection, moves: Rows, __: Rows) -> Iterator[AuditFinding]:
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


def _balances(connection: Connection, moves: Rows, _: Rows) -> Iterator[AuditFinding]:
    expected: defaultdict[Any, int] = defaultdict(int)
    for m in moves:
        expected[m.sku, m.source, m.warehouse, m.shop_id] -= m.quantity
        expected[m.sku, m.target, m.warehouse, m.shop_id] += m.quantity
    found = {
        (b.sku, b.bucket, b.warehouse, b.shop_id): b.quantity
        for b in connection.execute(select(schema.balance))
    }
    yield from _differences(say("余额", "balance"), found, expected)


def _line_moves(connection: Connection, moves: Rows, lines: Rows) -> Iterator[AuditFinding]:
    """Each line's snapshot, its cached place and the sum of its moves must agree."""
    moved: defaultdict[Any, int] = defaultdict(int)
    for m in moves:
        if m.cause == "order":
            moved[m.sku, m.source, m.reference, m.warehouse, m.shop_id] -= m.quantity
            moved[m.sku, m.target, m.reference, m.warehouse, m.shop_id] += m.quantity
    placed = {key: n for key, n in moved.items() if key[1] != Bucket.FREE and n}
    wanted: dict[Any, int] = {}
    apart = _apart(connection)
    lines = [(replace(line, warehouse=apart(line)), parts) for line, parts in lines]
    for reference, shop_id, places in _should_be(lines, _sales(connection), _parts(connection)):
        for (warehouse, sku, bucket), n in places.items():
            wanted[sku, bucket.value, reference, warehouse, shop_id] = n
    cached = {
        (p.sku, p.bucket, p.line_id, p.warehouse, p.shop_id): p.quantity
        for p in connection.execute(select(schema.line_place))
    }
    yield from _differences(say("订单行流水", "moves of order line"), placed, wanted)
    yield from _differences(say("订单行位置", "place of order line"), cached, wanted)


def _apart(connection: Connection) -> Callable[[OrderLine], str]:
    """Return what tells in which warehouse a line is posted."""
    t = schema.warehouse.c
    rows = connection.execute(select(t.shop_id, t.warehouse).where(t.kept_apart == 1))
    known = {(shop, house) for shop, house in rows}
    return lambda line: line.warehouse if (line.shop_id, line.warehouse) in known else ""


def _sales(connection: Connection) -> dict[tuple[str, str], list[AfterSale]]:
    """Return the after-sales by (shop_id, line_id)."""
    found: dict[tuple[str, str], list[AfterSale]] = {}
    t = schema.after_sale
    for row in connection.execute(select(*(t.c[name] for name in SALE_FIELDS))):
        sale = AfterSale(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public way
        found.setdefault((sale.shop_id, sale.line_id), []).append(sale)
    return found


def _parts(connection: Connection) -> dict[tuple[str, str], Components]:
    """Return what the platform SKUs stand for that an exchange may send instead."""
    t, c = schema.sku_map.c, schema.component.c
    found: dict[tuple[str, str], Components] = {
        (row.shop_id, row.shop_sku_id): ((row.sku or UNMAPPED + row.shop_sku_id, 1),)
        for row in connection.execute(select(t.shop_id, t.shop_sku_id, t.sku))
    }
    kits: defaultdict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    for row in connection.execute(select(c.shop_id, c.shop_sku_id, c.sku, c.units)):
        kits[row.shop_id, row.shop_sku_id].append((row.sku, row.units))
    return found | {key: tuple(parts) for key, parts in kits.items()}


def _should_be(
    rows: Sequence[Any],
    sales: Mapping[tuple[str, str], list[AfterSale]],
    parts_of: Mapping[tuple[str, str], Components],
) -> Iterator[tuple[str, str, dict[Place, int]]]:
    """Yield every reference, its shop, and where its units should be."""
    for line, parts in rows:
        own = sales.get((line.shop_id, line.line_id), [])
        yield line.line_id, line.shop_id, placed(whereabouts(line, own), parts, line.warehouse)
        for sale in own:
            key = (sale.shop_id, sale.shop_sku_id)
            other = ((UNMAPPED + sale.shop_sku_id, 1),)
            new = parts_of.get(key, other) if sale.shop_sku_id else parts
            yield again_id(sale), line.shop_id, placed(sent_again(sale), new, line.warehouse)


@lru_cache(10_000)
def _posted_as(text: str) -> Components:
    return tuple((sku, n) for sku, n in json.loads(text))


def _demand(connection: Connection, _: Rows, lines: Rows) -> Iterator[AuditFinding]:
    expected: defaultdict[Any, int] = defaultdict(int)
    sales = _sales(connection)
    for line, parts in lines:
        if demand := demand_of(line, sales.get((line.shop_id, line.line_id), ())):
            for sku, n in parts:
                expected[sku, demand[0].isoformat(), line.shop_id] += demand[1] * n
    found = {
        (d.sku, d.day, d.shop_id): d.units for d in connection.execute(select(schema.daily_demand))
    }
    yield from _differences(say("日需求", "daily demand"), found, expected)


def _counts(connection: Connection, moves: Rows, _: Rows) -> Iterator[AuditFinding]:
    """At its instant, each count's quantity is what the moves until then leave on hand."""
    counts = connection.execute(select(schema.stock_count)).all()
    own: defaultdict[Any, int] = defaultdict(int)
    for m in moves:
        if m.cause == "count":
            step = m.quantity * ((m.target in HOUSE) - (m.source in HOUSE))
            own[m.sku, m.reference, m.warehouse, m.shop_id] += step
    keys = [(c.sku, count_reference(c.sku, c.effective_at), c.warehouse, c.shop_id) for c in counts]
    asserted = dict(zip(keys, (c.on_hand for c in counts), strict=True))
    variances = dict(zip(keys, (c.variance for c in counts), strict=True))
    on_hand = dict(zip(keys, _on_hand_at(counts, moves), strict=True))
    yield from _differences(say("盘点", "count"), on_hand, asserted)
    yield from _differences(say("盘点差异", "count variance"), own, variances)


def _on_hand_at(counts: Sequence[Any], moves: Sequence[Any]) -> list[int]:
    """Return what the moves leave on hand at each count's instant."""
    times: defaultdict[Any, list[int]] = defaultdict(list)
    for c in sorted(counts, key=lambda c: c.effective_at):
        times[c.shop_id, c.warehouse, c.sku].append(c.effective_at)
    since = {key: [0] * len(known) for key, known in times.items()}  # since the count before
    for m in moves:
        key = (m.shop_id, m.warehouse, m.sku)
        if key in times and (m.target in HOUSE) != (m.source in HOUSE):
            place = bisect_left(times[key], m.effective_at)
            if place < len(since[key]):
                since[key][place] += m.quantity if m.target in HOUSE else -m.quantity
    until = {key: list(accumulate(steps)) for key, steps in since.items()}
    keys = [((c.shop_id, c.warehouse, c.sku), c.effective_at) for c in counts]
    return [until[key][times[key].index(at)] for key, at in keys]


def _entries(connection: Connection, moves: Rows, _: Rows) -> Iterator[AuditFinding]:
    """What a row of 收货与盘点 says is what its moves have done."""
    moved: defaultdict[Any, int] = defaultdict(int)
    wanted: defaultdict[Any, int] = defaultdict(int)
    for m in moves:
        if m.cause in ENTRY_CAUSES:
            for bucket, n in ((m.source, -m.quantity), (m.target, m.quantity)):
                moved[m.sku, bucket, m.reference, m.warehouse, m.shop_id, m.effective_at] += n
    for shop_id in connection.execute(select(schema.entry.c.shop_id).distinct()).scalars().all():
        for entry in known_entries(connection, shop_id).values():
            for flow, n in flows(entry).items():
                rest = (entry.entry_id, flow.warehouse, shop_id, flow.effective_at)
                wanted[flow.sku, flow.source.value, *rest] -= n
                wanted[flow.sku, flow.target.value, *rest] += n
    yield from _differences(say("收货与盘点流水", "moves of an entry"), moved, wanted)


CHECKS: dict[str, Callable[[Connection, Rows, Rows], Iterator[AuditFinding]]] = {
    "guards": _guards,
    "gaps": _gaps,
    "balances": _balances,
    "lines": _line_moves,
    "demand": _demand,
    "counts": _counts,
    "entries": _entries,
}
