"""What platform SKUs stand for: our codes, kits and gifts; lines move when that changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import asdict

from sqlalchemy import Connection, delete, select

from stockbook.domain.ledger import Components
from stockbook.domain.records import OrderLine, ShopSku
from stockbook.store import schema
from stockbook.store.known import LINE_FIELDS, among, lines_of
from stockbook.store.posting import Codes, Posted, post, spelled
from stockbook.store.writing import upsert


def map_skus(connection: Connection, skus: Sequence[ShopSku], now: int) -> Posted:
    """Take over what the shop lists; lines whose SKU changes with it move by difference."""
    before = _codes(connection)
    if skus:
        upsert(connection, schema.sku_map, [asdict(s) for s in skus])
    changed = [s for s in skus if before.get((s.shop_id, s.shop_sku_id), "") != s.sku]
    posted = Posted()
    for shop_id in sorted({s.shop_id for s in changed}):
        ids = [s.shop_sku_id for s in changed if s.shop_id == shop_id]
        old = [before.get((shop_id, key), "") for key in ids]
        part = _place_again(connection, shop_id, ids, now, old)
        posted.moves += part.moves
        posted.lines += part.lines
    return posted


def map_components(
    connection: Connection,
    shop_id: str,
    components: Mapping[str, Components],
    now: int,
    keep: Container[str] = (),
) -> Posted:
    """Take over which platform SKUs are kits, and place their lines anew."""
    before = codes_of(connection, shop_id).parts
    changed = sorted(
        key
        for key in {*before, *components}
        if key not in keep and before.get(key) != components.get(key)
    )
    t = schema.component
    for key in changed:
        connection.execute(delete(t).where(t.c.shop_id == shop_id, t.c.shop_sku_id == key))
    rows = [
        {"shop_id": shop_id, "shop_sku_id": key, "sku": sku, "units": units}
        for key in changed
        for sku, units in components.get(key, ())
    ]
    if rows:
        connection.execute(t.insert(), rows)
    return _place_again(connection, shop_id, changed, now)


def keep_apart(connection: Connection, shop_id: str, warehouses: Iterable[str], now: int) -> Posted:
    """Take over which warehouses are kept apart; lines of those that change move by difference."""
    before, wanted = kept_apart(connection, shop_id), set(warehouses)
    changed = sorted(before ^ wanted)
    rows = [{"shop_id": shop_id, "warehouse": w, "kept_apart": int(w in wanted)} for w in changed]
    if not rows:
        return Posted()
    upsert(connection, schema.warehouse, rows)
    lines = lines_of(connection, shop_id, changed, by="warehouse")
    codes = codes_of(connection, shop_id)
    return post(connection, shop_id, lines, (), codes, now=now, again=True)


def _codes(connection: Connection) -> dict[tuple[str, str], str]:
    t = schema.sku_map.c
    query = select(t.shop_id, t.shop_sku_id, t.sku)
    return {(shop, key): sku for shop, key, sku in connection.execute(query)}


def codes_of(connection: Connection, shop_id: str) -> Codes:
    """Return what one shop's platform SKUs stand for."""
    skus = {key: sku for (shop, key), sku in _codes(connection).items() if shop == shop_id}
    t, parts = schema.component, defaultdict[str, list[tuple[str, int]]](list)
    query = select(t.c.shop_sku_id, t.c.sku, t.c.units).where(t.c.shop_id == shop_id)
    for key, sku, units in connection.execute(query.order_by(t.c.shop_sku_id, t.c.sku)):
        parts[key].append((sku, units))
    return Codes(
        skus,
        {key: tuple(found) for key, found in parts.items()},
        frozenset(kept_apart(connection, shop_id)),
    )


def kept_apart(connection: Connection, shop_id: str) -> set[str]:
    """Return the warehouses whose stock is kept apart from the main one's."""
    t = schema.warehouse.c
    query = select(t.warehouse).where(t.shop_id == shop_id, t.kept_apart == 1)
    return set(connection.execute(query).scalars())


def kits(connection: Connection) -> tuple[dict[str, Components], dict[str, Components]]:
    """Return the kits of all shops by the shop's code, and by platform SKU."""
    shops = connection.execute(select(schema.component.c.shop_id).distinct()).scalars().all()
    codes = [codes_of(connection, shop_id) for shop_id in shops]
    return (
        {sku: parts for each in codes for sku, parts in each.kits.items() if sku},
        {key: parts for each in codes for key, parts in each.parts.items()},
    )


def _place_again(
    connection: Connection,
    shop_id: str,
    shop_sku_ids: Sequence[str],
    now: int,
    old_codes: Sequence[str] = (),
) -> Posted:
    """Place every line of some platform SKUs anew, and those whose exchange sends one of them.

    Lines of downloaded files name no platform SKU: all that a changed code may concern go along.
    """
    lines = lines_of(connection, shop_id, shop_sku_ids, by="shop_sku_id")
    codes = codes_of(connection, shop_id)
    lines += _bare_lines(connection, shop_id, shop_sku_ids, old_codes, codes)
    t = schema.after_sale.c
    query = select(t.line_id).where(t.shop_id == shop_id, among(t.shop_sku_id, shop_sku_ids))
    ids = set(connection.execute(query).scalars())
    lines += lines_of(connection, shop_id, sorted(ids - {line.line_id for line in lines}))
    return post(connection, shop_id, lines, (), codes, now=now, again=True)


def _bare_lines(
    connection: Connection,
    shop_id: str,
    shop_sku_ids: Sequence[str],
    old_codes: Sequence[str],
    codes: Codes,
) -> list[OrderLine]:
    """Return the lines without a platform SKU that stand for something else than before."""
    t, m = schema.order_line, schema.sku_map.c
    names = {code for code in (*old_codes, *shop_sku_ids) if code}  # an id may be a file's code
    found = dict[str, OrderLine]()
    query = select(m.sku).where(m.shop_id == shop_id, among(m.shop_sku_id, shop_sku_ids))
    names |= set(connection.execute(query.where(m.sku != "")).scalars())
    bare = select(*(t.c[name] for name in LINE_FIELDS), t.c.posted_as).where(
        t.c.shop_id == shop_id, t.c.shop_sku_id == ""
    )
    wanted = [
        bare.where(among(t.c.sku, sorted(names))),
        bare.where(t.c.sku == "", among(t.c.product_id, shop_sku_ids)),
    ]
    for query in wanted:
        for row in connection.execute(query):
            line = OrderLine(*row[:-1])
            if spelled(codes.of("", line.sku, line.product_id)) != row.posted_as:
                found[line.line_id] = line
    return list(found.values())
