"""Live selling in the practice shop: bursts, lists that lag, and an index that keeps up."""

import random
import time
from collections import Counter

import pytest

from stockbook.shops.sandbox.by_time import ByTime, Seconds
from stockbook.shops.sandbox.server import serve
from stockbook.shops.sandbox.simulation import ShopSimulation
from tests.shops.pulling import post
from tests.shops.sandbox.calling import NOW, call, gated, platform_of
from tests.shops.sandbox.test_stock import best, order, stock

DAY = 86_400


def asked(item, **more):
    return {"sku": item.sku, "orders_per_second": 20, "seconds": 30} | more


def made_by(shop, before):
    return [o for key, o in shop.orders.items() if key not in before]


# --- bursts -----------------------------------------------------------------------------


def test_a_burst_spreads_its_orders_over_the_coming_seconds_and_they_live_on():
    shop = gated()
    item, before = best(shop, on_order=True), set(shop.orders)
    shop.stock.set(item, {"stock_num": 10_000})
    told = shop.bursts.ask(asked(item, units=2))
    assert told == {"orders": 600, "from": NOW + 1, "until": NOW + 30}
    assert len(shop.orders) == len(before)
    shop.advance(30)
    new = [o for o in made_by(shop, before) if o.lines[0].item is item]
    assert Counter(o.created_at for o in new).items() >= {NOW + n: 20 for n in range(1, 31)}.items()
    assert {line.quantity for o in new for line in o.lines} == {2}
    shop.advance(120)
    states = Counter(o.state for o in new)
    assert states["paid"] / 600 == pytest.approx(0.88, abs=0.05)
    assert states["cancelled"] / 600 == pytest.approx(0.05, abs=0.03)
    assert states["unpaid"] / 600 == pytest.approx(0.07, abs=0.03)
    shop.advance(1800)
    assert not any(o.state == "unpaid" for o in new)


def test_a_burst_is_the_same_however_its_clock_is_advanced():
    one, other = gated(), gated()
    for shop in (one, other):
        shop.bursts.ask(asked(shop.items[0], orders_per_second=2.5))
    one.advance(4000)
    for _ in range(400):
        other.advance(10)
    assert one.truth() == other.truth()
    assert one.bursts.shown() == other.bursts.shown()
    assert one.bursts.shown()[0]["made"] == 75


def test_a_burst_sells_what_the_shop_shows_and_counts_who_came_too_late():
    shop = gated()
    item = best(shop, on_order=True)
    free = shop.free(item)
    shop.stock.set(item, {"stock_num": 100})
    shop.bursts.ask(asked(item))
    shop.advance(4)
    assert stock(shop, item) == 20
    shop.advance(26)
    (told,) = shop.bursts.shown()
    assert told["made"] + told["sold_out"] == 600
    assert 500 >= told["sold_out"] > 400  # some were cancelled and sold again
    assert shop.free(item) >= free - 100


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"sku": "no such"}, 404), ({"seconds": 0}, 400), ({"seconds": 1.5}, 400),
        ({"orders_per_second": -1}, 400), ({"units": 0}, 400), ({"speed": 1}, 400),
        ({"seconds": 10**6}, 400),
    ],
)  # fmt: skip
def test_a_burst_that_cannot_be_is_refused(live, change, status):
    box, shop = live
    assert post(box.gateway, "burst", asked(shop.items[0]) | change)[0] == status


@pytest.fixture(scope="module")
def live():
    shop = gated(skus=6, days=10, now=int(time.time()))
    with serve(shop, live=True) as box:
        yield box, shop


def test_500_orders_a_second_come_while_polls_are_answered(live):
    box, shop = live
    item = best(shop, on_order=True)
    post(box.gateway, "stock", {"sku": item.sku, "stock_num": 100_000})
    post(box.gateway, "burst", asked(item, orders_per_second=500, seconds=5))
    began, slowest = time.monotonic(), 0.0
    while time.monotonic() - began < 6:
        asking = time.monotonic()
        assert post(box.gateway, "modes", {})[0] == 200
        slowest = max(slowest, time.monotonic() - asking)
    assert shop.bursts.shown()[-1]["made"] == 2500
    assert slowest < 1


def test_a_live_clock_runs_though_nobody_asks(live):
    _, shop = live
    was = shop.now
    time.sleep(1.3)
    assert shop.now > was


# --- lists that lag ---------------------------------------------------------------------


def listed(at, **more):
    window = {"update_time_start": NOW - 3600, "page": 0, "size": 100, "order_asc": True}
    rows = call(at, "order.searchList", **(window | more))["data"]["shop_order_list"]
    return {row["order_id"]: row["order_status"] for row in rows}


def detail(at, made):
    found = call(at, "order.orderDetail", shop_order_id=str(made.order_id))
    return found["data"]["shop_order_detail"]["order_status"]


def test_lists_lag_behind_while_details_and_stock_are_immediate():
    shop = gated()
    at, item = platform_of(shop), best(shop, on_order=True)
    at.ask_modes({"lag": 30})
    was = stock(shop, item)
    made = order(shop, item, 2)
    key = str(made.order_id)
    assert (key in listed(at), detail(at, made), stock(shop, item)) == (False, 1, was - 2)
    shop.advance(29)
    assert key not in listed(at)
    shop.advance(1)
    assert listed(at)[key] == 1
    shop.act(made.order_id, "cancel")
    assert (listed(at)[key], detail(at, made), stock(shop, item)) == (1, 4, was)
    shop.advance(29)
    assert listed(at)[key] == 1
    shop.advance(1)
    assert listed(at)[key] == 4
    at.ask_modes({"lag": 0})


def test_lists_with_a_lag_are_what_lists_without_one_were():
    shop = gated(days=10)
    at = platform_of(shop)
    at.ask_modes({"lag": 600})
    seen = {}
    for _ in range(12):
        shop.advance(300)
        seen[shop.now] = sorted(whole(shop, shop.orders.values(), shop.wishes.values()))
        if shop.now - 600 in seen:
            orders = at.late.orders(at._orders.updated(0, shop.now + 1), "updated_at", 0, 2**40)
            late = sorted(whole(shop, orders, at.late.wishes(shop.wishes.values())))
            assert late == seen[shop.now - 600]
    assert len({tuple(rows) for rows in seen.values()}) == 12
    assert len(at.late._past) < len(shop.orders) / 4


def whole(shop, orders, wishes):
    shape = "{0.order_id} {0.state} {0.updated_at} {1}"
    yield from (shape.format(o, [(x.refunded, x.shipped) for x in o.lines]) for o in orders)
    yield from (f"wish {w.wish_id} {w.state} {w.updated_at}" for w in wishes)


def test_after_sales_lag_too():
    shop = gated(days=12, skus=30)
    at = platform_of(shop)
    at.ask_modes({"lag": 6 * 3600})
    before = sales(at)
    shop.advance(6 * 3600 - 1)
    assert sales(at) == before != {str(w.wish_id): w.updated_at for w in shop.wishes.values()}
    at.ask_modes({"lag": 0})
    assert sales(at) == {str(w.wish_id): w.updated_at for w in shop.wishes.values()}


def sales(at):
    window = {"update_start_time": 0, "order_by": ["update_time asc"], "page": 0, "size": 100}
    data = call(at, "afterSale.List", **window)["data"]
    infos = [row["aftersale_info"] for row in data["items"]]
    assert len(infos) == data["total"]
    return {info["aftersale_id"]: info["update_time"] for info in infos}


# --- the index --------------------------------------------------------------------------


def test_the_index_finds_what_sorting_all_orders_finds():
    shop, dice = ShopSimulation(seed=2, skus=10, days=12, now=NOW), random.Random(3)
    index = ByTime(shop)
    for _ in range(60):
        shop.advance(dice.randint(0, 2 * 3600))
        made = dice.choice(list(shop.orders.values()))
        if made.state == "paid":
            shop.act(made.order_id, "ship")
        start = shop.now - dice.randint(0, 5 * DAY)
        end = start + dice.randint(0, 2 * DAY)
        for name in ("updated", "created"):
            times = [(getattr(o, f"{name}_at"), o.order_id) for o in shop.orders.values()]
            wanted = sorted(row for row in times if start <= row[0] < end)
            found = getattr(index, name)(start, end)
            assert [(getattr(o, f"{name}_at"), o.order_id) for o in found] == wanted


def test_the_index_throws_away_what_no_longer_fits():
    seconds = Seconds()
    for second in range(10_000):
        seconds.put(second % 7, second)
    assert seconds.between(0, 10_000) == [key % 7 for key in range(9_993, 10_000)]
    assert len(seconds) <= 2 * 7 + 1001
