"""Replay the ledger and name every difference: which SKU, which move, found and expected."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, text

from stockbook.domain.entries import flows
from stockbook.domain.language import say
from stockbook.domain.ledger import (
    Components,
    Place,
    demand_of,
    leaving,
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
from stockbook.store.entries import entry_of
from stockbook.store.known import LINE_FIELDS, SALE_FIELDS, again_id
from stockbook.store.mapping import codes_of

Rows = Sequence[Any]
HOUSE = {b.value for b in ON_HAND}
OUTSIDE = (Bucket.CUSTOMER, Bucket.RETURNING)
CAUSES = {"order", *(kind.value for kind in EntryKind if kind != EntryKind.VOID)}
ENTRY_CAUSES = {kind.value for kind in EntryKind if kind != EntryKind.COUNT}


class Posted(NamedTuple):
    """An order line as the ledger holds it, and what it was posted as."""

    line: OrderLine
    parts: Components
    demand_on: str | None
    demand_units: int


class Way(NamedTuple):
    """Where the units of one reference should be, and when they left the house [Unix s]."""

    reference: str
    shop_id: str
    places: dict[Place, int]
    left_at: int


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
    names = (*(t[name] for name in LINE_FIELDS), t.posted_as, t.demand_on, t.demand_units)
    lines = [
        Posted(OrderLine(*row[:-3]), _posted_as(row[-3]), row[-2], row[-1])
        for row in connection.execute(select(*names))
    ]
    return [found for check in CHECKS.values() for found in check(connection, moves, lines)]


def _guards(connection: Connection, *_: Rows) -> Iterator[AuditFinding]:
    """The triggers that keep moves append-only must be there, and do what they say."""
    query = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    found = {name: " ".join(sql.split()) for name, sql in connection.execute(query)}
    for name, statement in schema.TRIGGERS.items():
        if found.get(name) != " ".join(statement.split()):
            what = say("流水保护触发器", "guard of the moves")
            have = found.get(name, say("缺失", "missing"))
            yield AuditFinding(what, "", name, have, say("存在", "present"))


def _gaps(_: Connection, moves: Rows, __: Rows) -> Iterator[AuditFinding]:
    """Move ids run without a gap, as a transaction that fails takes no id; causes are known."""
    for m in moves:
        if m.cause not in CAUSES:
            what = say("流水事由", "cause of a move")
            yield AuditFinding(what, m.sku, f"#{m.move_id}", m.cause, "、".join(sorted(CAUSES)))
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
    apart, left = _apart(connection), defaultdict[Any, int](int)
    known = [
        each
        if (house := apart(each.line)) == each.line.warehouse
        else each._replace(line=replace(each.line, warehouse=house))
        for each in lines
    ]
    for way in _should_be(known, _sales(connection), _parts(connection)):
        for (warehouse, sku, bucket), n in way.places.items():
            wanted[sku, bucket.value, way.reference, warehouse, way.shop_id] = n
            if bucket in OUTSIDE:
                left[sku, way.reference, warehouse, way.shop_id, way.left_at] += n
    cached = {
        (p.sku, p.bucket, p.line_id, p.warehouse, p.shop_id): p.quantity
        for p in connection.execute(select(schema.line_place))
    }
    yield from _differences(say("订单行流水", "moves of order line"), placed, wanted)
    yield from _differences(say("订单行位置", "place of order line"), cached, wanted)
    yield from _differences(say("发货时刻", "instant of leaving"), _gone(moves), left)


def _gone(moves: Rows) -> dict[Any, int]:
    """Return the units that order lines' moves let leave the house, by instant."""
    gone: defaultdict[Any, int] = defaultdict(int)
    for m in moves:
        if m.cause == "order" and (m.source in HOUSE) != (m.target in HOUSE):
            step = m.quantity if m.source in HOUSE else -m.quantity
            gone[m.sku, m.reference, m.warehouse, m.shop_id, m.effective_at] += step
    return gone


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
    rows: Sequence[Posted],
    sales: Mapping[tuple[str, str], list[AfterSale]],
    parts_of: Mapping[tuple[str, str], Components],
) -> Iterator[Way]:
    """Yield every reference, where its units should be, and when they left."""
    for line, parts, *_ in rows:
        own, house = sales.get((line.shop_id, line.line_id), []), line.warehouse
        where = placed(whereabouts(line, own), parts, house)
        yield Way(line.line_id, line.shop_id, where, leaving(line))
        for sale in own:
            key = (sale.shop_id, sale.shop_sku_id)
            other = ((UNMAPPED + sale.shop_sku_id, 1),)
            new = parts_of.get(key, other) if sale.shop_sku_id else parts
            where = placed(sent_again(sale), new, house)
            yield Way(again_id(sale), line.shop_id, where, sale.sent_at or sale.updated_at)


@lru_cache(10_000)
def _posted_as(text: str) -> Components:
    try:
        return tuple((sku, n) for sku, n in json.loads(text))
    except (ValueError, TypeError):
        return ()  # which differs from what it stands for


def _demand(connection: Connection, _: Rows, lines: Rows) -> Iterator[AuditFinding]:
    """The roll-up, and what each line says it adds, are what the lines' states make them."""
    expected: defaultdict[Any, int] = defaultdict(int)
    said, wanted = dict[Any, int](), dict[Any, int]()
    sales = _sales(connection)
    for line, parts, day, units in lines:
        demand = demand_of(line, sales.get((line.shop_id, line.line_id), ()))
        said[parts[0][0] if parts else "", line.line_id, day] = units
        on, n = (demand[0].isoformat(), demand[1]) if demand else (None, 0)
        wanted[parts[0][0] if parts else "", line.line_id, on] = n
        for sku, each in parts if demand else ():
            expected[sku, on, line.shop_id] += n * each
    found = {
        (d.sku, d.day, d.shop_id): d.units for d in connection.execute(select(schema.daily_demand))
    }
    yield from _differences(say("日需求", "daily demand"), found, expected)
    yield from _differences(say("订单行需求", "demand of order line"), said, wanted)


def _codes(connection: Connection, _: Rows, lines: Rows) -> Iterator[AuditFinding]:
    """Each line is posted as what its platform SKU stands for."""
    codes = {shop_id: codes_of(connection, shop_id) for shop_id in {x.line.shop_id for x in lines}}
    for line, parts, *_rest in lines:
        wanted = codes[line.shop_id].of(line.shop_sku_id, line.sku, line.product_id)
        if parts != wanted:
            what = say("订单行编码", "code of order line")
            yield AuditFinding(what, wanted[0][0], line.line_id, str(parts), str(wanted))


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
    """What a row of 收货与盘点 says is what its moves have done, and its count stands."""
    moved: defaultdict[Any, int] = defaultdict(int)
    wanted: defaultdict[Any, int] = defaultdict(int)
    for m in moves:
        if m.cause in ENTRY_CAUSES:
            rest = (m.reference, m.warehouse, m.shop_id, m.effective_at, m.cause)
            moved[m.sku, m.source, *rest] -= m.quantity
            moved[m.sku, m.target, *rest] += m.quantity
    t = schema.stock_count.c
    counts = {tuple(row) for row in connection.execute(
        select(t.shop_id, t.warehouse, t.sku, t.effective_at, t.on_hand))}  # fmt: skip
    for row in connection.execute(select(schema.entry)).all():
        if row.kind not in set(EntryKind):
            what, known = say("收货与盘点类型", "kind of an entry"), "、".join(EntryKind)
            yield AuditFinding(what, row.sku, row.entry_id, row.kind, known)
            continue
        entry = entry_of(row)
        key = (entry.shop_id, entry.warehouse, entry.sku, entry.effective_at, entry.units)
        if entry.kind == EntryKind.COUNT and key not in counts:
            what, none = say("收货与盘点的盘点", "count of an entry"), say("缺失", "missing")
            yield AuditFinding(what, entry.sku, entry.entry_id, none, str(entry.units))
        for flow, n in flows(entry).items():
            rest = (entry.entry_id, flow.warehouse, entry.shop_id, flow.effective_at, entry.kind)
            wanted[flow.sku, flow.source.value, *rest] -= n
            wanted[flow.sku, flow.target.value, *rest] += n
    yield from _differences(say("收货与盘点流水", "moves of an entry"), moved, wanted)


CHECKS: dict[str, Callable[[Connection, Rows, Rows], Iterator[AuditFinding]]] = {
    "guards": _guards,
    "gaps": _gaps,
    "balances": _balances,
    "lines": _line_moves,
    "demand": _demand,
    "codes": _codes,
    "counts": _counts,
    "entries": _entries,
}
