"""Post order lines, after-sales and counts by difference, in a transaction the caller holds."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, lru_cache
from operator import attrgetter, itemgetter
from typing import NamedTuple

from sqlalchemy import Connection, delete
from sqlalchemy.dialects.sqlite import insert

from stockbook.domain.ledger import (
    Components,
    Place,
    after_sale_rank,
    demand_in,
    effective_at,
    leaving,
    line_problem,
    moves_between,
    placed,
    sent_again,
    status_rank,
    tells_leaving,
    tells_sending,
    whereabouts,
)
from stockbook.domain.problems import Problem
from stockbook.domain.records import (
    DEFAULT_WAREHOUSE,
    UNMAPPED,
    AfterSale,
    Bucket,
    OrderLine,
    StockMove,
)
from stockbook.store import schema
from stockbook.store.counting import repost_counts
from stockbook.store.known import (
    LINE_FIELDS,
    Age,
    Known,
    again_id,
    ages_of,
    known_of,
    lines_of,
    sales_of,
)
from stockbook.store.origins import fill_origins
from stockbook.store.writing import TEXT, Row, many, post_moves, replace_rows, roll_up, upsert

NEW_PLACE = schema.line_place.insert()
PLACE_COLUMNS = ("shop_id", "line_id", "warehouse", "sku", "bucket", "quantity")
LINE_COLUMNS = tuple(schema.order_line.columns.keys())
_line_values = attrgetter(*LINE_FIELDS)  # asdict copies deeply: five times slower
_facts = attrgetter(*(name for name in LINE_COLUMNS if name in {*LINE_FIELDS} - {"left_at"}))
_shop_and_warehouse = itemgetter(*map(LINE_COLUMNS.index, ("shop_id", "warehouse")))


@dataclass
class Posted:
    """What one posting did."""

    lines: int = 0
    moves: int = 0
    problems: list[Problem] = field(default_factory=list)

    def __add__(self, other: Posted) -> Posted:
        problems = [*self.problems, *other.problems]
        return Posted(self.lines + other.lines, self.moves + other.moves, problems)


@dataclass
class Batch:
    """What one transaction will write: facts, and the changes of the caches."""

    now: int
    lines: list[Row] = field(default_factory=list)  # LINE_COLUMNS
    moves: list[StockMove] = field(default_factory=list)
    emptied: set[tuple[str, str]] = field(default_factory=set)  # (shop_id, line_id)
    places: list[Row] = field(default_factory=list)  # PLACE_COLUMNS
    demand: defaultdict[tuple[str, str, str], int] = field(default_factory=lambda: defaultdict(int))


@dataclass(frozen=True)
class Codes:
    """What a platform SKU of one shop stands for.

    Attributes:
        skus: shop_sku_id → our code.
        parts: shop_sku_id → several codes with units (a kit, a gift that goes along).
        apart: The warehouses that are kept apart; all others are the main one.
    """

    skus: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, Components] = field(default_factory=dict)
    apart: frozenset[str] = frozenset()

    def house(self, warehouse: str) -> str:
        """Return the warehouse to post in."""
        return warehouse if warehouse in self.apart else DEFAULT_WAREHOUSE

    def of(self, shop_sku_id: str, own: str = "", product_id: str = "") -> Components:
        """Return the SKUs to post under: a kit's, the map's, the line's own code, or 未识别.

        Lines of downloaded files have no platform SKU, only the merchant's code; one without a
        code either goes by its product.
        """
        if shop_sku_id in self.parts:
            return self.parts[shop_sku_id]
        if not shop_sku_id and (found := self.parts.get(own) or self.kits.get(own)):
            return found
        if not shop_sku_id and not own and product_id in self.parts:
            return self.parts[product_id]
        code = self.skus.get(shop_sku_id) or own
        return ((code or UNMAPPED + (shop_sku_id or product_id), 1),)

    @cached_property
    def kits(self) -> dict[str, Components]:
        """Kits by the merchant's code."""
        return {code: parts for key, parts in self.parts.items() if (code := self.skus.get(key))}


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


def _sale_age(sale: AfterSale) -> tuple[int, int]:
    return sale.updated_at, after_sale_rank(sale)


def post(
    connection: Connection,
    shop_id: str,
    lines: Sequence[OrderLine],
    after_sales: Sequence[AfterSale],
    codes: Codes,
    *,
    now: int,
    again: bool = False,
) -> Posted:
    """Post the snapshots that are news, of lines and of their after-sales.

    Args:
        again: Place known lines anew, too, since what their SKU stands for may have changed.
    """
    found = newest(lines)
    ages = ages_of(connection, shop_id, list(found))
    left = _earliest(((line.line_id, tells_leaving(line)) for line in lines), ages)
    fresh = {
        key: _leaving_at(line, left.get(key))
        for key, line in found.items()
        if again or key not in ages or _age(line) > ages[key][:2]
    }
    _complete(connection, shop_id, fresh, ages)
    fill_origins(connection, [line for k, line in found.items() if k not in fresh and ages[k][3]])
    sales, sent_before = _fresh_sales(connection, shop_id, after_sales)
    if sales:
        rows = [asdict(sale) | {"status_rank": after_sale_rank(sale)} for sale in sales]
        upsert(connection, schema.after_sale, rows)
    late = {key for key in found if key in ages and left.get(key) != ages[key][2]}
    others = sorted(({sale.line_id for sale in sales} | late) - set(fresh))
    touched = fresh | {
        line.line_id: _leaving_at(line, left.get(line.line_id, line.left_at))
        for line in lines_of(connection, shop_id, others)
    }
    known = known_of(connection, shop_id, list(touched))
    known.sent_before = sent_before
    batch = Batch(now)
    for line in touched.values():
        _place(batch, line, codes, known)
    moves = write(connection, batch)
    problems = [p for line in fresh.values() if (p := line_problem(line))]
    return Posted(len(fresh) + len(sales), moves, problems)


def _leaving_at(line: OrderLine, at: int | None) -> OrderLine:
    """Return a line with its `left_at`, the last field; `replace` takes five times as long."""
    return line if line.left_at == at else OrderLine(*_line_values(line)[:-1], at)  # type: ignore[call-arg]


def _earliest(told: Iterable[tuple[str, int | None]], ages: Mapping[str, Age]) -> dict[str, int]:
    """Return the earliest instant that snapshots tell, by id, those before included."""
    best = {key: age[2] for key, age in ages.items() if age[2] is not None}
    for key, at in told:
        if at is not None:
            best[key] = min(at, best.get(key, at))
    return best


def _complete(
    connection: Connection, shop_id: str, found: dict[str, OrderLine], known: Container[str]
) -> None:
    """Give lines of downloaded files what only the platform's own answers tell."""
    bare = [key for key, line in found.items() if not line.shop_sku_id and key in known]
    for old in lines_of(connection, shop_id, bare):
        line = found[old.line_id]
        gaps = {
            name: getattr(old, name)
            for name in LINE_FIELDS
            if getattr(line, name) in ("", None) and getattr(old, name) not in ("", None)
        }
        found[old.line_id] = replace(line, **gaps)


def _fresh_sales(
    connection: Connection, shop_id: str, after_sales: Sequence[AfterSale]
) -> tuple[list[AfterSale], dict[str, int | None]]:
    """Return the after-sales on which there is news, and when their units had left before.

    The newest snapshot says where things stand. An older one may still tell of an earlier
    sending, or of the SKU that is sent instead, which downloaded files leave out.
    """
    told: defaultdict[str, list[AfterSale]] = defaultdict(list)
    for sale in after_sales:
        told[sale.after_sale_id].append(sale)
    known = {s.after_sale_id: s for s in sales_of(connection, shop_id, list(told))}
    found = []
    for key, snapshots in told.items():
        old = known.get(key)
        states = sorted([*([old] if old else []), *snapshots], key=_sale_age)
        sent = [at for s in states if (at := s.sent_at or tells_sending(s)) is not None]
        instead = [s.shop_sku_id for s in states if s.shop_sku_id]
        amounts = [s.refund_fen for s in states if s.refund_fen is not None]
        newest_one = replace(
            states[-1],
            sent_at=min(sent, default=None),
            shop_sku_id=(instead or [""])[-1],
            refund_fen=amounts[-1] if amounts else None,
        )
        if newest_one != old:
            found.append(newest_one)
    return found, {key: sale.sent_at for key, sale in known.items()}


def _place(batch: Batch, line: OrderLine, codes: Codes, known: Known) -> None:
    """Put one line's snapshot, moves and roll-up changes into the batch."""
    sales = known.sales.get(line.line_id, ())
    parts = codes.of(line.shop_sku_id, line.sku, line.product_id)
    places, house = whereabouts(line, sales), codes.house(line.warehouse)
    before = known.left_before.get(line.line_id)
    way = Way(line, line.line_id, before, leaving(line), tuple(sales))
    _move(batch, way, placed(places, parts, house), known.places)
    for sale in sales:
        new = codes.of(sale.shop_sku_id) if sale.shop_sku_id else parts
        again, now = placed(sent_again(sale), new, house), sale.sent_at or sale.updated_at
        before = known.sent_before.get(sale.after_sale_id, now)
        _move(batch, Way(line, again_id(sale), before, now, (sale,)), again, known.places)
    day, units = demand_in(line, places) or (None, 0)
    asked = (str(day) if day else None, units)
    _roll_up(batch, line, parts, asked, known)
    batch.lines.append((*_facts(line), status_rank(line), line.left_at, spelled(parts), *asked))


def _roll_up(
    batch: Batch, line: OrderLine, parts: Components, asked: tuple[str | None, int], known: Known
) -> None:
    """Take what the line added to daily demand so far for what it adds now."""
    day, units = asked
    for sku, old_day, old in known.demand.get(line.line_id, ()):
        batch.demand[line.shop_id, sku, old_day] -= old
    if day:
        for sku, n in parts:
            batch.demand[line.shop_id, sku, day] += units * n


@lru_cache(10_000)
def spelled(parts: Components) -> str:
    """Return components as the ledger writes them."""
    return json.dumps(parts, ensure_ascii=False)


class Way(NamedTuple):
    """What units move: an order line's own, or the new ones of one of its after-sales.

    Attributes:
        left_before: When its units outside were believed to leave so far, None if none are.
        left_now: When they leave as far as is known now [Unix s].
    """

    line: OrderLine
    reference: str
    left_before: int | None
    left_now: int
    sales: tuple[AfterSale, ...]

    def at(self, source: Bucket, target: Bucket) -> int:
        """Return when a step happened [Unix s]."""
        if self.reference == self.line.line_id:
            return effective_at(self.line, source, target, self.sales, self.left_before)
        if source == Bucket.CUSTOMER:
            return self.left_now if self.left_before is None else self.left_before
        return self.left_now if target == Bucket.CUSTOMER else self.sales[0].updated_at


def _move(
    batch: Batch, way: Way, wanted: Mapping[Place, int], places: Mapping[str, dict[Place, int]]
) -> None:
    """Bring the units of one reference from where they are to where they should be."""
    now = places.get(way.reference, {})
    at_once = way.left_before in (None, way.left_now)
    if now == wanted and at_once:
        return
    steps = [(*step, way.at(step[2], step[3])) for step in moves_between(now, wanted)]
    if not at_once:
        steps += _left_at_another_time(way, now, wanted)
    shop_id, reference = way.line.shop_id, way.reference
    batch.moves += [
        StockMove(shop_id, house, sku, source, target, n, "order", reference, at, batch.now)
        for house, sku, source, target, n, at in steps
    ]
    if now == wanted:
        return
    if now:
        batch.emptied.add((shop_id, reference))
    batch.places += [
        (shop_id, reference, warehouse, sku, TEXT[bucket], n)
        for (warehouse, sku, bucket), n in wanted.items()
    ]


def _left_at_another_time(
    way: Way, now: Mapping[Place, int], wanted: Mapping[Place, int]
) -> list[tuple[str, str, Bucket, Bucket, int, int]]:
    """Let the units that are outside, and stay there, leave when they truly left."""
    before, after = _outside(now), _outside(wanted)
    steps = []
    for (house, sku), n in before.items():
        units = min(n, after.get((house, sku), 0))
        if units and way.left_before is not None:
            there = (house, sku, Bucket.CUSTOMER, Bucket.FREE, units, way.left_before)
            steps += [there, (house, sku, Bucket.FREE, Bucket.CUSTOMER, units, way.left_now)]
    return steps


def _outside(places: Mapping[Place, int]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for (house, sku, bucket), n in places.items():
        if bucket in (Bucket.CUSTOMER, Bucket.RETURNING):
            found[house, sku] = found.get((house, sku), 0) + n
    return found


def _note_warehouses(connection: Connection, lines: Sequence[Row]) -> None:
    seen = {found for row in lines if (found := _shop_and_warehouse(row))[1]}
    rows = [{"shop_id": s, "warehouse": w, "kept_apart": 0} for s, w in sorted(seen)]
    if rows:
        connection.execute(insert(schema.warehouse).on_conflict_do_nothing(), rows)


def write(connection: Connection, batch: Batch) -> int:
    """Write the batch and re-post the counts it touches; return the number of moves."""
    if batch.lines:
        replace_rows(connection, schema.order_line, LINE_COLUMNS, batch.lines)
        _note_warehouses(connection, batch.lines)
    for shop_id, line_id in batch.emptied:
        t = schema.line_place
        connection.execute(delete(t).where(t.c.shop_id == shop_id, t.c.line_id == line_id))
    if batch.places:
        many(connection, NEW_PLACE, PLACE_COLUMNS, batch.places)
    roll_up(connection, batch.demand)
    post_moves(connection, batch.moves)
    return len(batch.moves) + repost_counts(connection, batch.moves, now=batch.now)
