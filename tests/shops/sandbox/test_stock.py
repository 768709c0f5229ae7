"""A gated shop sells what it shows; its figures move with orders and with the stock methods."""

import random
from collections import Counter

import pytest

from stockbook.shops.sandbox.house import SECOND
from stockbook.shops.sandbox.simulation import ShopSimulation
from tests.shops.sandbox.calling import NOW, call, gated, platform_of, said, shown

OPEN = ("unpaid", "deposit", "paid", "part", "shipped", "done", "returned")
MULTI = "sku.syncStockBatchMultiProducts"


@pytest.fixture
def shop():
    return gated()


@pytest.fixture
def at(shop):
    return platform_of(shop)


def best(shop, *, on_order):
    return next(i for i in shop.items if i.falls_on_order == on_order and shop.free(i) > 20)


def order(shop, item, units=1):
    return shop.order_now([(item.index, units)], shop.now)


def stock(shop, item):
    return shop.stock.shown(item)["stock_num"]


def item_of(item, units, **more):
    who = {"product_id": str(item.product_id), "sku_id": item.shop_sku_id}
    return who | {"stock_num": units} | more


def test_it_begins_with_what_the_house_has_and_the_past_is_as_it_was(shop, at):
    plain = ShopSimulation(seed=3, skus=12, days=16, now=NOW)
    assert plain.truth() == shop.truth()
    assert [stock(shop, item) for item in shop.items] == [
        max(0, plain.free(i)) for i in plain.items
    ]


def test_where_stock_falls_on_order_it_falls_and_is_held_until_paid_or_cancelled(shop):
    item = best(shop, on_order=True)
    was = shop.stock.shown(item)
    one, other = order(shop, item, 2), order(shop, item, 3)
    now = shop.stock.shown(item)
    assert now["stock_num"] == was["stock_num"] - 5
    assert now["prehold_stock_num"] == was["prehold_stock_num"] + 5
    shop.act(one.order_id, "pay")
    shop.act(other.order_id, "cancel")
    now = shop.stock.shown(item)
    assert now["stock_num"] == was["stock_num"] - 2
    assert now["prehold_stock_num"] == was["prehold_stock_num"]


def test_where_stock_falls_on_payment_it_falls_then_and_comes_back_with_a_refund(shop):
    item = best(shop, on_order=False)
    was = stock(shop, item)
    made = order(shop, item, 4)
    assert stock(shop, item) == was
    shop.act(made.order_id, "pay")
    assert stock(shop, item) == was - 4
    shop.act(made.order_id, "refund")
    assert stock(shop, item) == was


def test_what_the_shop_does_not_show_is_not_sold_though_the_house_has_it(shop):
    item = best(shop, on_order=True)
    shop.stock.set(item, {"stock_num": 3})
    assert order(shop, item, 4) is None
    assert order(shop, item, 3)
    assert order(shop, item, 1) is None
    assert shop.free(item) > 10


def test_an_order_whose_stock_is_gone_when_it_is_paid_is_cancelled(shop):
    item = best(shop, on_order=False)
    shop.stock.set(item, {"stock_num": 3})
    one, other = order(shop, item, 2), order(shop, item, 2)
    shop.act(one.order_id, "pay")
    shop.act(other.order_id, "pay")
    assert (one.state, other.state, other.reason) == ("paid", "cancelled", "库存不足")
    assert stock(shop, item) == 1


def test_activity_stock_sells_first_and_comes_back_to_the_activity(shop):
    item = best(shop, on_order=True)
    shop.stock.set(item, {"stock_num": 10, "prom_stock_num": 3})
    made = order(shop, item, 5)
    told = shop.stock.shown(item)
    assert (told["stock_num"], told["prom_stock_num"]) == (8, 0)
    shop.act(made.order_id, "cancel")
    told = shop.stock.shown(item)
    assert (told["stock_num"], told["prom_stock_num"]) == (10, 3)


def test_all_methods_tell_the_same_figures(shop, at):
    for item in shop.items[:4]:
        shop.stock.set(item, {"stock_num": 40 + item.index, "prom_stock_num": item.index})
        listed = shown(at, item)
        asked = call(at, "sku.stockNum", sku_id=str(item.shop_sku_id))["data"]
        detail = call(at, "product.detail", product_id=str(item.product_id))["data"]
        priced = {row["sku_id"]: row for row in detail["spec_prices"]}[str(item.shop_sku_id)]
        for name in ("stock_num", "prom_stock_num", "step_stock_num", "prehold_stock_num"):
            assert listed[name] == asked[name] == priced[name]
        assert listed["stock_num"] == 40 + item.index


def test_a_rich_shop_has_stock_by_warehouse_and_by_steps():
    shop = gated(skus=60, days=20, seed=7, rich=True)
    at = platform_of(shop)
    there = next(i for i in shop.items if i.warehouse and not i.presale and shop.free(i) > 3)
    told = shown(at, there)
    assert (told["sku_type"], told["stock_map"]) == (1, {SECOND: shop.free(there)})
    who = {"sku_id": there.shop_sku_id, "incremental": True}
    one = call(at, "sku.syncStock", **who, stock_num=2, idempotent_id="a")
    two = call(at, "sku.syncStock", **who, stock_num=2, idempotent_id="a", out_warehouse_id=SECOND)
    assert (said(one), said(two)) == ("isv.parameter-invalid:5", 10000)
    assert shown(at, there)["stock_map"] == {SECOND: shop.free(there) + 2}
    later = next(i for i in shop.items if i.presale and shop.stock.figures[i.index].step > 1)
    made = order(shop, later, 1)
    was = shown(at, later)
    shop.act(made.order_id, "pay")  # the deposit
    told = shown(at, later)
    assert told["sku_type"] == 10
    assert told["step_stock_num"] == was["step_stock_num"] - 1
    assert told["prehold_step_stock_num"] == was["prehold_step_stock_num"] + 1
    shop.act(made.order_id, "cancel")
    assert shown(at, later) == was


def test_a_shop_that_is_not_gated_takes_no_stock_changes():
    shop = ShopSimulation(seed=3, skus=4, days=8, now=NOW)
    at = platform_of(shop)
    answer = call(at, "sku.syncStock", sku_id="1", stock_num=1)
    assert said(answer) == "isp.api-service-off"
    assert call(at, "sku.stockNum", code=shop.items[0].sku)["data"]["stock_num"] == max(
        0, shop.free(shop.items[0])
    )


# --- the stock methods ------------------------------------------------------------------


def test_one_sku_is_changed_by_difference_and_overwritten(shop, at):
    item = best(shop, on_order=True)
    who, was = {"code": item.sku, "product_id": str(item.product_id)}, stock(shop, item)
    more = who | {"incremental": True}
    assert said(call(at, "sku.syncStock", **more, stock_num=-5, idempotent_id="a")) == 10000
    assert stock(shop, item) == was - 5
    again = call(at, "sku.syncStock", **more, stock_num=-5, idempotent_id="a")
    assert said(again) == "isv.parameter-invalid:40010"
    assert stock(shop, item) == was - 5
    short = call(at, "sku.syncStock", **more, stock_num=-10_000, idempotent_id="b")
    assert (said(short), short["sub_msg"]) == ("isv.business-failed:2010012", "库存不足")
    assert said(call(at, "sku.syncStock", **more, stock_num=1)) == (
        "isv.missing-parameter:idempotent_id"
    )
    assert said(call(at, "sku.syncStock", **who, stock_num=77)) == 10000
    assert stock(shop, item) == 77
    shop.advance(86_400)
    assert said(call(at, "sku.syncStock", **more, stock_num=1, idempotent_id="a")) == 10000


@pytest.mark.parametrize(
    ("change", "single", "batch", "multi"),
    [
        ({"state": "deleted"}, "isv.parameter-invalid:4", "isv.business-failed:2010042", 2010042),
        ({"state": "banned"}, "isv.business-failed:2010043", "isv.business-failed:2010043", -40002),
        ({"state": "auditing"}, "isv.business-failed:2010041", "isv.business-failed:2010041",
         -40001),
        ({"activity": True}, "isv.business-failed:2010045", "isv.business-failed:2010045", -20008),
        ({"stock_num": 0}, "isv.business-failed:2010012", "isv.business-failed:2010012", -20001),
    ],
)  # fmt: skip
def test_each_method_has_its_own_codes(shop, at, change, single, batch, multi):
    item = best(shop, on_order=True)
    shop.stock.set(item, change)
    key = {"incremental": True, "idempotent_id": "a"}
    row = item_of(item, -1)
    assert said(call(at, "sku.syncStock", **row, **key)) == single
    product = {"product_id": row["product_id"], "sku_sync_list": [row]}
    assert said(call(at, "sku.syncStockBatch", **product, **key)) == batch
    whole = call(at, MULTI, items=[row], **key)
    assert said(whole) == f"isv.business-failed:{multi}"
    part = call(at, MULTI, items=[row], allow_partial_success=True, **key)
    assert [r["status_code"] for r in part["data"]["results"]] == [multi]
    assert shop.stock.changes == []


def test_a_products_batch_is_all_or_nothing(shop, at):
    items = next(rows for rows in products(shop) if len(rows) > 1)
    was = [stock(shop, item) for item in items]
    bad = [
        {"sku_id": i.shop_sku_id, "stock_num": n}
        for i, n in zip(items[:2], (5, -99_999), strict=True)
    ]
    asked = {"product_id": str(items[0].product_id), "incremental": True, "idempotent_id": "a"}
    assert said(call(at, "sku.syncStockBatch", **asked, sku_sync_list=bad)).endswith("2010012")
    assert [stock(shop, item) for item in items] == was
    good = [row | {"stock_num": 5} for row in bad]
    assert said(call(at, "sku.syncStockBatch", **asked, sku_sync_list=good)) == 10000
    assert said(call(at, "sku.syncStockBatch", **asked, sku_sync_list=good)).endswith("2010021")
    assert [stock(shop, item) for item in items[:2]] == [n + 5 for n in was[:2]]


def products(shop):
    found = {}
    for item in shop.items:
        found.setdefault(item.product_id, []).append(item)
    return list(found.values())


def test_of_several_products_some_may_be_refused_and_the_rest_is_done(shop, at):
    one, other = shop.items[:2]
    rows = [item_of(one, 4), item_of(other, -99_999), item_of(one, 1), item_of(one, 1, sku_id="1")]
    asked = {"items": rows, "incremental": True, "idempotent_id": "a"}
    was = stock(shop, one), stock(shop, other)
    assert said(call(at, MULTI, **asked)) == "isv.business-failed:-20001"
    assert (stock(shop, one), stock(shop, other)) == was
    done = call(at, MULTI, allow_partial_success=True, **asked)["data"]["results"]
    assert [row["status_code"] for row in done] == [0, -20001, 0, 2010058]
    assert [row["change_num"] for row in done] == [4, 0, 1, 0]
    assert done[2]["stock_num"] == was[0] + 5 == stock(shop, one)
    assert stock(shop, other) == was[1]
    again = call(at, MULTI, allow_partial_success=True, **asked)
    assert said(again) == "isv.business-failed:-20002"
    assert stock(shop, one) == was[0] + 5


def test_partial_success_may_come_with_another_code(shop, at):
    at.ask_modes({"partial_code": 10001})
    rows = [item_of(shop.items[0], 1), item_of(shop.items[1], -99_999)]
    asked = {"items": rows, "incremental": True, "allow_partial_success": True}
    answer = call(at, MULTI, **asked, idempotent_id="a")
    assert answer["code"] == 10001
    assert [row["status_code"] for row in answer["data"]["results"]] == [0, -20001]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"incremental": None}, "isv.missing-parameter:incremental"),
        ({"idempotent_id": ""}, "isv.missing-parameter:idempotent_id"),
        ({"items": []}, "isv.missing-parameter:items"),
        ({"items": [{"sku_id": "1", "stock_num": 1}] * 51}, "isv.parameter-invalid:4"),
        ({"items": [{"sku_id": "1"}]}, "isv.missing-parameter:stock_num"),
        ({"items": [{"stock_num": 1}]}, "isv.missing-parameter:sku_id"),
        ({"items": [{"sku_id": "1", "stock_num": "1"}]}, "isv.parameter-format-invalid"),
        ({"items": [{"sku_id": "1", "stock_num": -1}], "incremental": False},
         "isv.parameter-invalid:4"),
    ],
)  # fmt: skip
def test_wrong_requests_are_refused(at, change, code):
    fine = {"items": [{"sku_id": "1", "stock_num": 1}], "incremental": True, "idempotent_id": "a"}
    assert said(call(at, MULTI, **(fine | change))) == code


def test_200_changes_and_orders_interleaved_give_the_figure_that_their_replay_gives():
    shop = gated(skus=6, days=16, seed=5)
    at, dice = platform_of(shop), random.Random(1)
    began, first = {o: o for o in shop.orders}, [stock(shop, i) for i in shop.items]
    before = {key: Counter(taken(o)) for key, o in shop.orders.items()}
    for n in range(200):
        item = dice.choice(shop.items)
        key = f"key {n - (n % 5 == 4)}"  # every fifth repeats the one before
        call(at, MULTI, items=[item_of(item, dice.randint(-6, 6))], incremental=True,
             idempotent_id=key, allow_partial_success=True)  # fmt: skip
        for _ in range(3):
            other = dice.choice(shop.items)
            made = order(shop, other, dice.randint(1, 3))
            if made and dice.random() < 0.8:
                shop.act(made.order_id, dice.choice(("pay", "pay", "cancel")))
        shop.advance(dice.randint(0, 900))
    assert len(shop.orders) > len(began) + 300
    replayed = Counter(dict(enumerate(first)))
    for change in shop.stock.changes:
        replayed[shop.item(change.sku).index] += change.change_num
    for key, o in shop.orders.items():
        replayed.update(before.get(key, Counter()))
        replayed.subtract(taken(o))
    assert {i.index: stock(shop, i) for i in shop.items} == dict(replayed)
    assert min(replayed.values()) >= 0
    assert 100 < len(shop.stock.changes) <= 161


def taken(order):
    """What an order takes out of the shop's figures, from its state alone."""
    units = Counter()
    for line in order.lines:
        if order.state in OPEN and (order.state != "unpaid" or line.item.falls_on_order):
            units[line.item.index] += line.quantity - line.refunded
    return units
