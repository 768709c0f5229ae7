"""Write rows, moves and the caches they change; the caller holds the transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, func, literal_column
from sqlalchemy.dialects.sqlite import insert

from stockbook.domain.records import Bucket, StockMove
from stockbook.store import schema

Row = tuple[Any, ...]
MOVE_FIELDS = StockMove._fields
NEW_MOVE = schema.stock_move.insert()
TEXT = {bucket: bucket.value for bucket in Bucket}  # the driver takes twice as long for members


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, or replace those with the same primary key."""
    columns = tuple(rows[0])
    values = itemgetter(*columns)
    replace_rows(connection, table, columns, [values(row) for row in rows])


def replace_rows(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[Row]
) -> None:
    """Do the same with rows of plain values."""
    many(connection, _replacing(table), columns, rows)


@cache
def _replacing(table: Table) -> Any:
    statement = insert(table)
    keys = [c.name for c in table.primary_key]
    told = statement.excluded
    others = {
        c.name: kept(c, told[c.name]) if c.info.get("kept") else told[c.name]
        for c in table.columns
        if c.name not in keys
    }
    if not others:
        return statement.on_conflict_do_nothing(index_elements=keys)
    return statement.on_conflict_do_update(index_elements=keys, set_=others)


def kept(known: ColumnElement[Any], told: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return what is told, or what was known where nothing is."""
    return func.coalesce(func.nullif(told, literal_column("''")), known)


def many(
    connection: Connection, statement: Any, columns: tuple[str, ...], rows: Sequence[Row]
) -> None:
    """Run one statement for many rows; the driver gets them as they are, twice as fast."""
    compiled = _compiled(statement, connection.dialect, columns)
    if not compiled.positiontup:  # a driver that wants names
        connection.execute(statement, [dict(zip(columns, row, strict=True)) for row in rows])
        return
    if tuple(compiled.positiontup) != columns:
        values = itemgetter(*(columns.index(name) for name in compiled.positiontup))
        rows = [values(row) for row in rows]
    connection.exec_driver_sql(str(compiled), list(rows))


@lru_cache(64)
def _compiled(statement: Any, dialect: Any, columns: tuple[str, ...]) -> Any:
    """Statements are few and made once: compiling them anew took a fifth of a small window."""
    return statement.compile(dialect=dialect, column_keys=list(columns))


def roll_up(connection: Connection, changes: Mapping[tuple[str, str, str], int]) -> None:
    """Add to the daily demand: (shop_id, sku, day) → units."""
    _accumulate(connection, schema.daily_demand, ("shop_id", "sku", "day", "units"), changes)


def _accumulate(
    connection: Connection, table: Table, columns: tuple[str, ...], changes: Mapping[Any, int]
) -> None:
    """Add to a cache's figures: the key's columns, then the figure."""
    rows = [(*key, n) for key, n in changes.items() if n]
    if rows:
        many(connection, _adding(table, columns[-1]), columns, rows)


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
    rows, change = list[Row](), defaultdict[tuple[str, str, str, str], int](int)
    for shop, house, sku, source, target, n, *rest in moves:
        start, end = TEXT[source], TEXT[target]
        rows.append((shop, house, sku, start, end, n, *rest))
        change[shop, house, sku, start] -= n
        change[shop, house, sku, end] += n
    many(connection, NEW_MOVE, MOVE_FIELDS, rows)
    columns = ("shop_id", "warehouse", "sku", "bucket", "quantity")
    _accumulate(connection, schema.balance, columns, change)
