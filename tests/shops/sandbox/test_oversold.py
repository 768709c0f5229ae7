"""What the shop sold beyond the house, and whether a stock change made it do so."""

import random

import pytest

from tests.shops.sandbox.calling import call, gated, platform_of
from tests.shops.sandbox.test_stock import best, item_of, order


@pytest.fixture
def shop():
    return gated()


def row(shop, item):
    return next(r for r in shop.stock.oversold.report()["skus"] if r["sku"] == item.sku)


def change(at, item, units, key):
    rows = [item_of(item, units)]
    answer = call(at, "sku.syncStockBatchMultiProducts", items=rows, incremental=True,
                  idempotent_id=key)  # fmt: skip
    assert answer["code"] == 10000


def sell_out(shop, item):
    for _ in range(2000):
        made = order(shop, item, 50 if shop.stock.has(item, 50) else 1)
        if made is None:
            return
        if not item.falls_on_order:
            shop.act(made.order_id, "pay")
    raise AssertionError("it never sold out")


def test_a_shop_that_shows_what_the_house_has_oversells_nothing(shop):
    item = best(shop, on_order=True)
    sell_out(shop, item)
    told = row(shop, item)
    assert (told["least_free"], told["oversold"], told["oversold_by_changes"]) == (0, 0, 0)
    assert told["least_at"] == shop.now


def test_a_figure_that_was_wrong_from_the_start_is_not_laid_at_a_changes_door(shop):
    item = best(shop, on_order=True)
    shop.stock.set(item, {"stock_num": shop.free(item) + 7})
    sell_out(shop, item)
    told = row(shop, item)
    assert (told["oversold"], told["oversold_by_changes"], told["least_free"]) == (7, 0, -7)
    assert told["over"]["person"] == 7
    assert told["first_oversold_at"] == shop.now


def test_what_a_change_promised_too_much_is_laid_at_its_door(shop):
    item, at = best(shop, on_order=True), platform_of(shop)
    free = shop.free(item)
    change(at, item, 4, "a")
    shop.stock.set(item, {"stock_num": free + 4 + 3})
    sell_out(shop, item)
    told = row(shop, item)
    assert (told["oversold"], told["oversold_by_changes"]) == (7, 4)
    (made,) = shop.stock.changes
    assert (made.house_free, made.change_num, made.risk) == (free, 4, 4)


def test_a_change_that_mends_a_wrong_figure_prevents_the_overselling(shop):
    item, at = best(shop, on_order=True), platform_of(shop)
    shop.stock.set(item, {"stock_num": shop.free(item) + 7})
    change(at, item, -7, "a")
    sell_out(shop, item)
    assert row(shop, item)["oversold"] == 0
    assert sum(row(shop, item)["over"].values()) == 0


def test_a_cancel_takes_nothing_off_what_was_oversold_before_it(shop):
    item, at = best(shop, on_order=True), platform_of(shop)
    change(at, item, 2, "a")
    free = shop.free(item)
    orders = [order(shop, item, 1) for _ in range(free + 2)]
    shop.act(orders[0].order_id, "cancel")
    shop.act(orders[1].order_id, "cancel")
    told = row(shop, item)
    assert (told["least_free"], told["free"], told["oversold_by_changes"]) == (-2, 0, 2)
    assert told["shown"] == 2


def test_a_kit_and_its_components_promise_the_same_units():
    shop = gated(skus=60, days=20, seed=7, rich=True)
    kit = next(i for i in shop.items if i.parts and shop.free(i) > 0)
    part, n = kit.parts[0]
    told = row(shop, part)
    assert told["shown"] == max(0, shop.free(part)) + n * shop.free(kit)
    assert told["over"]["before"] == n * shop.free(kit)
    sell_out(shop, kit)
    sell_out(shop, part)
    assert row(shop, part)["oversold"] == told["over"]["before"]
    assert row(shop, part)["oversold_by_changes"] == 0


def test_changes_that_never_promise_more_than_is_free_oversell_nothing():
    """People publish what is free less what activities hold, while orders come and go."""
    shop, dice = gated(skus=6, days=10, seed=8), random.Random(2)
    at = platform_of(shop)
    for n in range(150):
        item = dice.choice(shop.items)
        shop.stock.set(item, {"prom_stock_num": dice.randint(0, 2)}) if n % 10 == 0 else None
        told = shop.stock.shown(item)
        target = max(0, shop.free(item) - told["prom_stock_num"] - dice.randint(0, 3))
        change(at, item, target - told["stock_num"], str(n))
        shop.bursts.ask({"sku": item.sku, "orders_per_second": 3, "seconds": 20, "units": 2})
        shop.advance(dice.randint(1, 40))
    report = shop.stock.oversold.report()
    assert report["oversold_by_changes"] == 0
    assert len(report["skus"]) == len(shop.items)
    assert sum(b["sold_out"] for b in shop.bursts.shown()) > 0
