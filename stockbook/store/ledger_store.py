"""The ledger on disk: post, read, audit. One method call is one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pandas as pd
from sqlalchemy import Connection, Engine, func, select

from stockbook.domain.clock import day_of, midnight
from stockbook.domain.ledger import Components
from stockbook.domain.outlook import Stock
from stockbook.domain.reconciling import Reading
from stockbook.domain.records import AfterSale, Entry, OrderLine, ShopSku, StockCount
from stockbook.store import reading, schema
from stockbook.store.alerts import Alerts
from stockbook.store.analysing import Insight
from stockbook.store.audit import AuditFinding, audit
from stockbook.store.counting import count_reference, post_counts
from stockbook.store.engine import open_engine
from stockbook.store.entries import known_entries, post_entries
from stockbook.store.journal import Journal
from stockbook.store.known import LINE_FIELDS, SALE_FIELDS
from stockbook.store.mapping import codes_of, keep_apart, kits, map_components, map_skus
from stockbook.store.posting import Posted, post
from stockbook.store.selling import Changed, Selling, changed_lines, selling
from stockbook.store.writing import upsert

LISTED = "listed"  # the mark of when the shop's listing was read
FILE_CHUNK = 20_000  # lines placed at a time: bounds the memory, not the transaction


class LedgerStore:
    """One ledger file."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine = engine
        self.path = path

    @classmethod
    def open(cls, path: Path) -> LedgerStore:
        """Open the ledger at `path`, making or upgrading it as needed.

        Raises:
            StoreError: It cannot be opened, or is newer than this program.
        """
        return cls(open_engine(path), path)

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- posting ------------------------------------------------------------------------

    def map_skus(self, skus: Sequence[ShopSku], now: int) -> Posted:
        """Take over what the shop lists; lines whose SKU changes with it move by difference."""
        with self._engine.begin() as connection:
            return map_skus(connection, skus, now)

    def map_components(
        self,
        shop_id: str,
        components: Mapping[str, Components],
        now: int,
        keep: Container[str] = (),
    ) -> Posted:
        """Take over which platform SKUs are kits, and place their lines anew.

        Args:
            components: shop_sku_id → (our SKU, units in one); those not named are no kits.
            keep: Platform SKUs that stay as they are.
        """
        with self._engine.begin() as connection:
            return map_components(connection, shop_id, components, now, keep)

    def post_window(
        self,
        shop_id: str,
        lines: Sequence[OrderLine] = (),
        after_sales: Sequence[AfterSale] = (),
        *,
        cursor: int | None,
        now: int,
        stream: str = "orders",
        kits: Iterable[str] = (),
    ) -> Posted:
        """Post one window that was read whole, and move its stream's cursor forward, never back.

        Args:
            cursor: Where the next pull may start [Unix s]; None where no window was read.
            now: When StockBook learned of it [Unix s].
            kits: Platform SKUs that the window calls kits without saying of what.
        """
        with self._engine.begin() as connection:
            hints = [{"shop_id": shop_id, "shop_sku_id": key} for key in sorted(kits)]
            if hints:
                upsert(connection, schema.kit_hint, hints)
            posted = Posted()
            if lines or after_sales:  # most windows of a watch are empty
                codes = codes_of(connection, shop_id)
                posted = post(connection, shop_id, lines, after_sales, codes, now=now)
            if cursor is not None:
                _advance(connection, shop_id, stream, cursor)
            return posted

    def post_file(
        self,
        shop_id: str,
        lines: Sequence[OrderLine],
        after_sales: Sequence[AfterSale] = (),
        *,
        now: int,
        dry_run: bool = False,
    ) -> Posted:
        """Post what downloaded files say; cursors stay, as the API still tells its own part.

        Args:
            dry_run: Tell what would be posted, and leave the ledger as it is.
        """
        with self._engine.connect() as connection, connection.begin() as transaction:
            codes, posted = codes_of(connection, shop_id), Posted()
            for at in range(0, max(len(lines), len(after_sales)), FILE_CHUNK):
                part = slice(at, at + FILE_CHUNK)
                posted += post(connection, shop_id, lines[part], after_sales[part], codes, now=now)
            if not dry_run:
                at = max((line.updated_at for line in lines), default=0)
                _advance(connection, shop_id, "as_of", at)
            if dry_run:
                transaction.rollback()
            return posted

    def post_counts(self, counts: Sequence[StockCount], now: int) -> Posted:
        """Post stock counts: each asserts what was on hand in its warehouse at its instant."""
        with self._engine.begin() as connection:
            return Posted(*post_counts(connection, counts, now))

    def keep_apart(self, shop_id: str, warehouses: Iterable[str], now: int) -> Posted:
        """Take over which warehouses are kept apart from the main one."""
        with self._engine.begin() as connection:
            return keep_apart(connection, shop_id, warehouses, now)

    def warehouses(self, shop_id: str) -> list[str]:
        """Return the warehouses that orders name and that are not kept apart."""
        t = schema.warehouse.c
        with self._engine.begin() as connection:
            query = select(t.warehouse).where(t.shop_id == shop_id, t.kept_apart == 0)
            return list(connection.execute(query.order_by(t.warehouse)).scalars())

    def entries(self, shop_id: str) -> dict[str, Entry]:
        """Return what was posted of every row of 收货与盘点, by its number."""
        with self._engine.begin() as connection:
            return known_entries(connection, shop_id)

    def post_entries(self, entries: Sequence[Entry], now: int) -> Posted:
        """Post rows of 收货与盘点 by difference, each under its own number."""
        with self._engine.begin() as connection:
            return Posted(*post_entries(connection, entries, now))

    @property
    def journal(self) -> Journal:
        """What was done on the shop, written before it was sent."""
        return Journal(self._engine)

    @property
    def alerts(self) -> Alerts:
        """The alert states, the changes of level, and who is still owed them."""
        return Alerts(self._engine)

    @property
    def insight(self) -> Insight:
        """What the analysis reads: sums of sales, and what imported files told."""
        return Insight(self._engine)

    def note_pull(self, shop_id: str, at: int) -> None:
        """Remember how new the order data is [Unix s of the shop's clock]."""
        with self._engine.begin() as connection:
            _advance(connection, shop_id, "as_of", at)

    # --- reading ------------------------------------------------------------------------

    def cursor(self, shop_id: str, stream: str = "orders") -> int | None:
        """Return where the next pull may start [Unix s], None before the first."""
        t = schema.cursor.c
        with self._engine.begin() as connection:
            query = select(t.until).where(t.shop_id == shop_id, t.stream == stream)
            return connection.execute(query).scalar()

    def shop_id(self) -> str:
        """Return the shop this ledger belongs to, "" before anything was posted."""
        with self._engine.begin() as connection:
            for table in (schema.cursor, schema.stock_count, schema.entry):
                found = connection.execute(select(func.min(table.c.shop_id))).scalar()
                if found:
                    return str(found)
            return ""

    def positions(self) -> pd.DataFrame:
        """Return every SKU's buckets.

        Returns:
            One row per sku and warehouse, sorted; columns sku, shop_sku_id (several joined by
            a comma), warehouse, and the buckets of `POSITION` [units].
        """
        with self._engine.begin() as connection:
            return reading.positions(connection)

    def daily_demand(self) -> pd.DataFrame:
        """Return demand a day: columns sku, date, units [> 0 as a rule]; sorted."""
        t = schema.daily_demand.c
        with self._engine.begin() as connection:
            query = select(t.sku, t.day, func.sum(t.units)).group_by(t.sku, t.day)
            rows = connection.execute(query.having(func.sum(t.units) != 0)).all()
        frame = pd.DataFrame(rows, columns=["sku", "date", "units"])
        return frame.astype({"date": "datetime64[s]", "units": "int64", "sku": "str"})

    def stock_path(self) -> pd.DataFrame:
        """Return the level of free stock after each change, since each SKU's first count.

        Returns:
            Columns sku, at [Unix s], free [units]; sorted by sku, at. Before its first count
            a SKU's level is unknown, so it has no rows there.
        """
        with self._engine.begin() as connection:
            return reading.stock_path(connection)

    def movements(self, start: int) -> pd.DataFrame:
        """Return what went in and out of each SKU's house since an instant [Unix s].

        Returns:
            One row a SKU that moved or was counted, schema `MOVEMENT`: `since` is the start, or the
            SKU's first count where that is later; the rest are changes of on hand after it. The
            quantity on hand at `since` is the one of today less all of them.
        """
        with self._engine.begin() as connection:
            return reading.movements(connection, start)

    def trace(self, sku: str) -> pd.DataFrame:
        """Return every move of a SKU, as it happened.

        Returns:
            One row a move, by effective time; columns effective_at, posted_at [Unix s],
            warehouse, source, target, quantity, cause, reference, and free: the units that
            nobody had claimed after it, over all warehouses.
        """
        with self._engine.begin() as connection:
            return reading.trace(connection, sku)

    def stock(self, now: int) -> Stock:
        """Return what the ledger says, for the planning stages."""
        line = schema.order_line.c
        with self._engine.begin() as connection:
            as_of = select(func.max(schema.cursor.c.until)).where(schema.cursor.c.stream == "as_of")
            today = select(func.sum(line.demand_units), func.sum(line.pay_amount_fen)).where(
                line.paid_at >= midnight(day_of(now)), line.demand_units > 0
            )
            units, fen = connection.execute(today).one()
            orders = select(func.count(line.order_id.distinct()))
            return Stock(
                reading.listing(connection),
                reading.known_positions(connection),
                frozenset(reading.first_counts(connection)),
                connection.execute(as_of).scalar(),
                units or 0,
                fen or 0,
                connection.execute(orders).scalar() or 0,
                *kits(connection),
                reading.count_results(connection),
                reading.kit_hints(connection),
            )

    def selling(
        self, shop_id: str, shop_sku_ids: Iterable[str], *, since: int, now: int
    ) -> Selling:
        """Return what publishing needs to know; sales count since an instant [Unix s]."""
        with self._engine.begin() as connection:
            return selling(connection, shop_id, shop_sku_ids, since=since, now=now)

    def changed_lines(self, shop_id: str, since: int) -> Sequence[Changed]:
        """Return the order lines that changed since an instant, with their after-sales."""
        with self._engine.begin() as connection:
            return changed_lines(connection, shop_id, since)

    def listed_stock(self, shop_id: str) -> dict[str, Reading]:
        """Return what the shop showed when its listing was last read, by platform SKU."""
        at, t = self.cursor(shop_id, LISTED), schema.sku_map.c
        with self._engine.begin() as connection:
            query = select(t.shop_sku_id, t.stock).where(t.shop_id == shop_id, t.stock.is_not(None))
            rows = connection.execute(query).all()
        return {key: Reading(at, units, 0) for key, units in rows} if at else {}

    def snapshots(self) -> tuple[list[OrderLine], list[AfterSale]]:
        """Return the newest snapshot of every line and every after-sale."""
        line, sale = schema.order_line, schema.after_sale
        with self._engine.begin() as connection:
            lines = connection.execute(select(*(line.c[name] for name in LINE_FIELDS)))
            sales = connection.execute(select(*(sale.c[name] for name in SALE_FIELDS)))
            return (
                [OrderLine(**row._mapping) for row in lines],  # noqa: SLF001 - SQLAlchemy's way
                [AfterSale(**row._mapping) for row in sales],  # noqa: SLF001
            )

    def move_count(self) -> int:
        """Return how many moves there are."""
        with self._engine.begin() as connection:
            return connection.execute(select(func.count(schema.stock_move.c.move_id))).scalar() or 0

    def balance_hash(self) -> str:
        """Return a hash of all balances that are not zero: equal ledgers hash equal."""
        t = schema.balance.c
        with self._engine.begin() as connection:
            rows = connection.execute(select(schema.balance).where(t.quantity != 0)).all()
        return hashlib.sha256(repr(sorted(map(tuple, rows))).encode()).hexdigest()

    def audit(self) -> list[AuditFinding]:
        """Replay everything and name every difference."""
        with self._engine.begin() as connection:
            return audit(connection)


def _advance(connection: Connection, shop_id: str, stream: str, until: int) -> None:
    t = schema.cursor
    query = select(t.c.until).where(t.c.shop_id == shop_id, t.c.stream == stream)
    old = connection.execute(query).scalar()
    row = {"shop_id": shop_id, "stream": stream, "until": max(until, old or until)}
    upsert(connection, t, [row])


__all__ = ["AuditFinding", "LedgerStore", "Posted", "count_reference"]
