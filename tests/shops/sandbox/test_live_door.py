"""The second door for live selling, and a stock change whose answer was lost on the way."""

import json
import urllib.request

import pytest

from stockbook.domain.problems import ShopError
from tests.shops.pulling import pulling
from tests.shops.sandbox.test_stock import MULTI, best, item_of


@pytest.fixture
def at(tmp_path):
    with pulling(tmp_path, skus=6, days=10) as found:
        yield found


def get(at, place):
    with urllib.request.urlopen(f"{at.sandbox.gateway}/sandbox/{place}", timeout=10) as answer:
        return json.load(answer)


def test_a_shop_is_gated_at_the_door_and_tells_its_figures_and_what_was_oversold(at):
    shop = at.simulation
    assert at.post("modes", {"gated": True})[1]["gated"] is True
    item = best(shop, on_order=True)
    free = shop.free(item)
    status, row = at.post("stock", {"sku": item.sku, "stock_num": free + 5, "prom_stock_num": 2})
    assert (status, row["stock_num"], row["house_free"]) == (200, free + 5, free)
    (told,) = [r for r in get(at, "stock")["skus"] if r["sku"] == item.sku]
    assert told == row
    asked = {"sku": item.sku, "orders_per_second": 1, "seconds": 1, "units": free + 7}
    assert at.post("burst", asked)[1]["orders"] == 1
    at.advance(1)
    assert get(at, "burst")["bursts"][0]["made"] == 1
    found = get(at, "oversold")
    assert (found["oversold"], found["oversold_by_changes"], found["changes"]) == (7, 0, [])
    assert at.info()["modes"]["gated"] is True
    assert at.post("stock", {"sku": item.sku, "stock_num": -1})[0] == 400
    assert at.post("stock", {"sku": "no such", "stock_num": 1})[0] == 404
    at.post("modes", {"gated": False})
    assert shop.stock is None


@pytest.mark.parametrize("fault", ["truncate", "reset"])
def test_a_change_whose_answer_was_lost_is_done_once_and_its_repeat_says_so(at, fault):
    shop = at.simulation
    at.post("modes", {"gated": True})
    item = best(shop, on_order=True)
    was, client = shop.stock.shown(item)["stock_num"], at.shop()
    asked = {"items": [item_of(item, -3)], "incremental": True, "idempotent_id": "once"}
    client._call("sku.stockNum", {"code": item.sku})  # the token is there
    at.post("faults", {"next": [{"kind": fault}]})
    with pytest.raises(ShopError, match="-20002"):  # it asks again by itself
        client._call(MULTI, asked)
    assert shop.stock.shown(item)["stock_num"] == was - 3
    (change,) = shop.stock.changes
    assert (change.idempotent_id, change.change_num) == ("once", -3)


def test_the_platforms_own_products_lose_a_sku_that_was_deleted(at):
    at.post("modes", {"gated": True})
    item = at.simulation.items[0]
    assert item.sku in {row.sku for row in at.shop().skus()[0]}
    at.post("stock", {"sku": item.sku, "state": "deleted"})
    assert item.sku not in {row.sku for row in at.shop().skus()[0]}
