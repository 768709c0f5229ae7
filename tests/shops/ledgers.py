"""Ledgers from a simulated shop without a network: its answers, parsed and posted."""

from stockbook.domain.kits import parse_components
from stockbook.domain.records import Entry, EntryKind, StockCount
from stockbook.shops.doudian import parse
from stockbook.shops.sandbox import answers
from tests.practice import any_unit

SHOP_ID = "463000001"


def listed(shop):
    """What the shop lists, as records."""
    found = []
    for items in answers.products(shop):
        rows = [answers.sku(item, shop) for item in items]
        skus, problems = parse.shop_skus(answers.product(items, shop), rows, SHOP_ID)
        assert problems == []
        found += skus
    return found


def told(shop, since=0):
    """Every order line and after-sale of orders created since then, as the API tells them."""
    orders = [order for order in shop.orders.values() if order.created_at >= since]
    parsed = [parse.order_lines(answers.order(order, SHOP_ID), SHOP_ID) for order in orders]
    wished = [parse.after_sales(answers.after_sale(w), SHOP_ID) for w in shop.wishes.values()]
    assert [p for _, problems in (*parsed, *wished) for p in problems] == []
    return [x for lines, _ in parsed for x in lines], [x for sales, _ in wished for x in sales]


def post_what_people_know(store, shop):
    """Kits, the first count and all that was written down since."""
    store.keep_apart(SHOP_ID, shop.warehouses(), shop.now)
    components = {key: parse_components(text) for key, text in shop.kits()}
    store.map_components(SHOP_ID, components, shop.now)
    counts = [StockCount(SHOP_ID, c.sku, c.on_hand, c.at, c.warehouse) for c in shop.stock_take()]
    store.post_counts(counts, shop.now)
    entries = [
        Entry(
            SHOP_ID,
            f"E{number}",
            EntryKind(row["kind"]),
            row["sku"],
            row["units"],
            row["at"],
            row["warehouse"],
            row["defective"],
            row["to_warehouse"],
            row["reference"],
            row["reason"],
        )
        for number, row in enumerate(shop.entries())
    ]
    store.post_entries(entries, shop.now)


def post_all(store, shop):
    """What the shop lists and tells, and what its people know."""
    store.map_skus(listed(shop), shop.now)
    store.post_window(SHOP_ID, *told(shop), cursor=shop.now, now=shop.now)
    post_what_people_know(store, shop)


def known(rows):
    """Rows with any unit, by SKU and warehouse."""
    return {(row["sku"], row["warehouse"]): row for row in rows if any_unit(row)}


def positions(store):
    return known(store.positions().to_dict("records"))


def truth(shop):
    return known(shop.truth()["skus"])
