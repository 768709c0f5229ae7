"""Write rows, moves and the caches they change; the caller holds the transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache, lru_cache
from operator import attrgetter, itemgetter
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects.sqlite import insert

from stockbook.domain.records import StockMove
from stockbook.store import schema

MOVE_FIELDS = [f.name for f in fields(StockMove)]
NEW_MOVE = schema.stock_move.insert()
_move_values = attrgetter(*MOVE_FIELDS)


def upsert(connection: Connection, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, or replace those with the same primary key."""
    many(connection, _replacing(table), rows)


@cache
def _replacing(table: Table) -> Any:
    statement = insert(table)
    keys = [c.name for c in table.primary_key]
    others = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keys}
    if not others:
        return statement.on_conflict_do_nothing(index_elements=keys)
    return statement.on_conflict_do_update(index_elements=keys, set_=others)


def many(connection: Connection, statement: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows of plain values; the driver gets them as they are, twice as fast."""
    compiled = _compiled(statement, connection.dialect, tuple(rows[0]))
    if not compiled.positiontup:  # a driver that wants names
        connection.execute(statement, list(rows))
        return
    values = itemgetter(*compiled.positiontup)
    connection.exec_driver_sql(str(compiled), [values(row) for row in rows])


@lru_cache(64)
def _compiled(statement: Any, dialect: Any, columns: tuple[str, ...]) -> Any:
    """Statements are few and made once: compiling them anew took a fifth of a small window."""
    return statement.compile(dialect=dialect, column_keys=list(columns))


def roll_up(connection: Connection, changes: Mapping[tuple[str, str, str], int]) -> None:
    """Add to the daily demand: (shop_id, sku, day) → units."""
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
    many(connection, _adding(table, column), rows)


@cache
def _adding(table: Table, column: str) -> Any:
    statement = insert(table)
    keys = [c.name for c in table.primary_key]
    total = {column: table.c[column] + statement.excluded[column]}
    return statement.on_conflict_do_update(index_elements=keys, set_=total)


def post_moves(connection: Connection, moves: Sequence[StockMove]) -> None:
    """Write moves and the balances they change."""
    if not moves:
        return
    rows = [dict(zip(MOVE_FIELDS, _move_values(m), strict=True)) for m in moves]
    many(connection, NEW_MOVE, rows)
    change: defaultdict[tuple[str, str, str, str], int] = defaultdict(int)
    for m in moves:
        change[m.shop_id, m.warehouse, m.sku, m.source.value] -= m.quantity
        change[m.shop_id, m.warehouse, m.sku, m.target.value] += m.quantity
    changes = [
        {"shop_id": shop, "warehouse": house, "sku": sku, "bucket": bucket, "quantity": n}
        for (shop, house, sku, bucket), n in change.items()
        if n
    ]
    _accumulate(connection, schema.balance, "quantity", changes)
