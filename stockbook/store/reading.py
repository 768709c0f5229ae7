"""Read the ledger: positions, stock over time, movements, and the moves behind a figure."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pandas as pd
from sqlalchemy import (
    Connection,
    Subquery,
    case,
    exists,
    func,
    literal,
    null,
    select,
    union,
    union_all,
)

from stockbook.domain.outlook import CountResult
from stockbook.domain.records import ON_HAND, UNMAPPED, Bucket, EntryKind
from stockbook.domain.tables import MOVEMENT, POSITION
from stockbook.store import schema

INSIDE = [c for c in POSITION.columns if c != "sku"]  # the buckets that people see
KEYS = ("sku", "since")
COLUMN_OF = {  # cause of a move → the column of `movements` it counts in
    "receipt": "received",
    "return": "returned",
    "refused": "returned",
    "order": "shipped",
    "defect": "spoiled",
    "correction": "adjusted",
    "transfer": "adjusted",  # what one warehouse loses another gains
    "count": "counted",
}


def positions(connection: Connection) -> pd.DataFrame:
    """Return every SKU's buckets; see `LedgerStore.positions`."""
    b = schema.balance.c
    balances = connection.execute(
        select(b.sku, b.warehouse, b.bucket, func.sum(b.quantity))
        .where(b.bucket.in_(INSIDE))
        .group_by(b.sku, b.warehouse, b.bucket)
    ).all()
    names = listing(connection)
    ids = dict(zip(names["sku"], names["shop_sku_id"], strict=True))
    held: dict[tuple[str, str], dict[str, int]] = {}
    for sku, warehouse, bucket, quantity in balances:
        held.setdefault((sku, warehouse), {})[bucket] = quantity
    bare = set(ids) - {sku for sku, _ in held}
    keys = sorted([*held, *((sku, "") for sku in bare)])
    return pd.DataFrame(
        [
            {"sku": sku, "shop_sku_id": ids.get(sku, sku.removeprefix(UNMAPPED)),
             "warehouse": warehouse}
            | {bucket: held.get((sku, warehouse), {}).get(bucket, 0) for bucket in INSIDE}
            for sku, warehouse in keys
        ],
        columns=["sku", "shop_sku_id", "warehouse", *INSIDE],
    ).astype(dict.fromkeys(INSIDE, "int64"))  # fmt: skip


def stock_path(connection: Connection) -> pd.DataFrame:
    """Return free stock after each change; see `LedgerStore.stock_path`."""
    m, free = schema.stock_move.c, Bucket.FREE.value
    since, places = first_counts(connection), known_places()
    query = (
        select(m.sku, m.effective_at, m.source, m.quantity)
        .where((m.source == free) | (m.target == free))
        .join(places, _of_place(m, places))
        .order_by(m.sku, m.effective_at, m.move_id)
    )
    frame = pd.DataFrame(
        connection.execute(query).all(), columns=["sku", "at", "source", "quantity"]
    )
    frame["change"] = frame["quantity"].where(frame["source"] != free, -frame["quantity"])
    frame = frame.astype({"change": "int64"})
    frame["free"] = frame.groupby("sku")["change"].cumsum()
    frame = frame.drop_duplicates(["sku", "at"], keep="last")
    known = frame["at"] >= frame["sku"].map(since)
    return frame.loc[known, ["sku", "at", "free"]].reset_index(drop=True)


def known_positions(connection: Connection) -> pd.DataFrame:
    """Return each SKU's buckets over its known warehouses, or over all if none was counted.

    What a warehouse holds that was neither counted nor given anything is unknown: old orders that
    name no warehouse must not take from the ones that are known.
    """
    frame = positions(connection)
    places = known_places()
    known = {(sku, house) for sku, house, _ in connection.execute(select(places))}
    skus = set(first_counts(connection))
    pairs = list(zip(frame["sku"], frame["warehouse"], strict=True))
    kept = pd.Series([pair in known or pair[0] not in skus for pair in pairs], dtype="bool")
    summed = frame[kept].groupby("sku", as_index=False)[INSIDE].sum()
    return summed.astype({"sku": "str"})


def _of_place(moves: Any, places: Subquery) -> Any:
    return (places.c.sku == moves.sku) & (places.c.warehouse == moves.warehouse)


def known_places() -> Subquery:
    """Every SKU and warehouse whose stock is known, and since when [Unix s].

    It was counted, or never was and began with nothing when goods were entered there.
    """
    c, e = schema.stock_count.c, schema.entry.c
    counted = select(c.sku, c.warehouse, func.min(c.effective_at).label("at"))
    counted = counted.group_by(c.sku, c.warehouse)
    there = select(e.sku, e.warehouse).where(e.kind == EntryKind.RECEIPT.value)
    moved = select(e.sku, e.to_warehouse).where(e.kind == EntryKind.TRANSFER.value)
    given = union(there, moved).subquery()
    begun = select(given.c.sku, given.c.warehouse, literal(0)).where(
        ~exists().where(c.sku == given.c.sku, c.warehouse == given.c.warehouse)
    )
    return union_all(counted, begun).subquery()


def movements(connection: Connection, start: int) -> pd.DataFrame:
    """Return what went in and out of the house; see `LedgerStore.movements`."""
    m, c = schema.stock_move.c, schema.stock_count.c
    house = [b.value for b in ON_HAND]
    step = case((m.target.in_(house), 1), else_=0) - case((m.source.in_(house), 1), else_=0)
    first = known_places()
    since = case((first.c.at > start, first.c.at), else_=start)
    query = (
        select(m.sku, m.cause, func.sum(step * m.quantity))
        .outerjoin(first, _of_place(m, first))
        .where(m.effective_at > since, step != 0)
        .where((first.c.at != null()) | m.sku.not_in(select(c.sku)))
        .group_by(m.sku, m.cause)
    )
    sums: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for sku, cause, units in connection.execute(query):
        column = COLUMN_OF[cause]
        sums[sku][column] = sums[sku].get(column, 0) + units
    counted = first_counts(connection)
    known = sorted({*sums, *counted})
    return MOVEMENT.make(
        [
            {"sku": sku, "since": max(start, counted.get(sku, start))}
            | {name: sums[sku].get(name, 0) for name in MOVEMENT.columns if name not in KEYS}
            for sku in known
        ]
    )


def trace(connection: Connection, sku: str) -> pd.DataFrame:
    """Return every move of a SKU; see `LedgerStore.trace`."""
    m = schema.stock_move.c
    names = ["effective_at", "posted_at", "warehouse", "source", "target", "quantity",
             "cause", "reference"]  # fmt: skip
    query = select(*(m[name] for name in names)).where(m.sku == sku)
    rows = connection.execute(query.order_by(m.effective_at, m.move_id)).all()
    frame = pd.DataFrame(rows, columns=names)
    into = (frame["target"] == Bucket.FREE.value).astype("int64")
    out = (frame["source"] == Bucket.FREE.value).astype("int64")
    frame["free"] = ((into - out) * frame["quantity"].astype("int64")).cumsum()
    return frame


def listing(connection: Connection) -> pd.DataFrame:
    """One row a SKU that the shop lists or that has moved; listed twice it keeps all its ids."""
    found: dict[str, dict[str, Any]] = {}
    for row in connection.execute(select(schema.sku_map).order_by(schema.sku_map.c.shop_sku_id)):
        sku = row.sku or UNMAPPED + row.shop_sku_id
        entry = found.setdefault(
            sku,
            {"sku": sku, "name": row.name, "category": row.category, "price_fen": row.price_fen,
             "ids": []},
        )  # fmt: skip
        entry["ids"].append(row.shop_sku_id)
    listed = {key for entry in found.values() for key in entry["ids"]}
    t = schema.balance.c
    for sku in connection.execute(select(t.sku).where(t.quantity != 0).distinct()).scalars():
        own = sku.removeprefix(UNMAPPED)
        ids = [own] if sku.startswith(UNMAPPED) and own not in listed else []
        bare = {"sku": sku, "name": "", "category": "", "price_fen": None, "ids": ids}
        found.setdefault(sku, bare)
    rows = [e | {"shop_sku_id": ",".join(e["ids"])} for _, e in sorted(found.items())]
    columns = ["sku", "name", "category", "price_fen", "shop_sku_id"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({"price_fen": "float64"})


def first_counts(connection: Connection) -> dict[str, int]:
    """Return when each SKU was first counted [Unix s]."""
    t = schema.stock_count.c
    query = select(t.sku, func.min(t.effective_at)).group_by(t.sku)
    return {sku: at for sku, at in connection.execute(query)}  # noqa: C416 - rows are not pairs


def count_results(connection: Connection) -> list[CountResult]:
    """Return every count with what it found, oldest first."""
    t = schema.stock_count.c
    query = select(t.sku, t.warehouse, t.effective_at, t.on_hand, t.variance, t.reason)
    seen, found = set[tuple[str, str]](), []
    for row in connection.execute(query.order_by(t.effective_at, t.sku)):
        is_first = (row.sku, row.warehouse) not in seen
        seen.add((row.sku, row.warehouse))
        found.append(CountResult(*row, is_first))
    return found


def kit_hints(connection: Connection) -> frozenset[str]:
    """Return the platform SKUs that the platform calls kits."""
    return frozenset(connection.execute(select(schema.kit_hint.c.shop_sku_id)).scalars())
