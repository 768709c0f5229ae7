"""Post what people entered by difference, each row under its own number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Connection, select

from stockbook.domain.entries import entry_moves
from stockbook.domain.records import Entry, EntryKind, StockCount
from stockbook.store import schema
from stockbook.store.counting import post_counts, repost_counts, withdraw_counts
from stockbook.store.writing import post_moves, upsert

FIELDS = [f.name for f in fields(Entry)]


def known_entries(connection: Connection, shop_id: str) -> dict[str, Entry]:
    """Return what was posted of every entry, by its number."""
    t = schema.entry
    query = select(*(t.c[name] for name in FIELDS)).where(t.c.shop_id == shop_id)
    return {row.entry_id: entry_of(row) for row in connection.execute(query)}


def entry_of(row: Any) -> Entry:
    """Return the entry that a database row holds."""
    values = {name: getattr(row, name) for name in FIELDS}
    return Entry(**values | {"kind": EntryKind(row.kind)})


def post_entries(connection: Connection, entries: Sequence[Entry], now: int) -> tuple[int, int]:
    """Post the entries that are new or changed; return how many, and the moves posted.

    Each has a number. What a row no longer says goes back; what it says now is posted.
    """
    known = known_entries(connection, entries[0].shop_id) if entries else {}
    fresh = [e for e in entries if e != known.get(e.entry_id)]
    if not fresh:
        return 0, 0
    moves = [move for e in fresh for move in entry_moves(known.get(e.entry_id), e, now)]
    rows = [asdict(e) | {"kind": e.kind.value, "posted_at": now} for e in fresh]
    upsert(connection, schema.entry, rows)
    post_moves(connection, moves)
    total = len(moves) + repost_counts(connection, moves, now=now)
    current = known | {e.entry_id: e for e in fresh}
    before = [known[e.entry_id] for e in fresh if e.entry_id in known]
    return len(fresh), total + _recount(connection, before, fresh, current.values(), now)


def _recount(
    connection: Connection,
    before: Sequence[Entry],
    fresh: Sequence[Entry],
    current: Iterable[Entry],
    now: int,
) -> int:
    """Withdraw the counts that no entry asserts any more, and post those that one does."""
    touched = {_count_key(count) for count in map(as_count, (*before, *fresh)) if count}
    asserted = {_count_key(count): count for count in map(as_count, current) if count}
    gone = [c for c in map(as_count, before) if c and _count_key(c) not in asserted]
    withdrawn = withdraw_counts(connection, gone, now)
    wanted = [count for key, count in asserted.items() if key in touched]
    return withdrawn + post_counts(connection, wanted, now)[1]


def as_count(entry: Entry) -> StockCount | None:
    """Return the stock count that an entry is, if it is one."""
    if entry.kind != EntryKind.COUNT:
        return None
    return StockCount(
        entry.shop_id, entry.sku, entry.units, entry.effective_at, entry.warehouse, entry.reason
    )


def _count_key(count: StockCount) -> tuple[Any, ...]:
    return count.shop_id, count.warehouse, count.sku, count.effective_at
