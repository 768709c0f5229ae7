"""The practice shop: believable, the same from the same seed, and as strict as the platform."""

import json
import urllib.request
from collections import Counter

import pytest

from stockbook.domain.problems import ShopUnavailable
from stockbook.shops.doudian.signing import canonical_json, sign
from stockbook.shops.sandbox import truth
from stockbook.shops.sandbox.platform import Platform
from stockbook.shops.sandbox.server import serve
from stockbook.shops.sandbox.simulation import ShopSimulation

NOW = 1_796_868_600
DAY = 86_400


@pytest.fixture(scope="module")
def shop():
    return ShopSimulation(seed=7, skus=60, days=60, now=NOW)


@pytest.fixture
def platform(shop):
    at = Platform(shop, "7300000000000000001", "secret", "463000001")
    at.tokens.create(NOW)
    return at


def call(platform, method, params, *, stamp=NOW, secret="secret", token=None, key=None, **more):
    body = canonical_json(params)
    key = key or platform.app_key
    query = {
        "method": method,
        "app_key": key,
        "timestamp": str(stamp),
        "v": "2",
        "sign_method": "hmac-sha256",
        "access_token": platform.tokens.pair["access_token"] if token is None else token,
        "sign": sign(key, secret, method, body, str(stamp)),
    } | more
    return platform.answer(query, body.encode())


def search(platform, **params):
    asked = {"update_time_start": NOW - DAY, "page": 0, "size": 10} | params
    asked = {k: v for k, v in asked.items() if v is not None}
    return call(platform, "order.searchList", asked)


@pytest.mark.parametrize(
    ("more", "code", "sub_code"),
    [
        ({"secret": "wrong"}, 40003, "isv.signature-invalid"),
        ({"stamp": NOW - 601}, 40003, "isv.timestamp-expired"),
        ({"stamp": NOW + 601}, 40003, "isv.timestamp-expired"),
        ({"key": "7300000000000000002"}, 40003, "isv.app-id-invalid"),
        ({"sign": ""}, 40001, "isv.sign-missing"),
        ({"token": ""}, 40001, "isv.access-token-missing"),
        ({"token": "no such"}, 40003, "isv.access-token-no-existed"),
    ],
)
def test_a_call_that_is_not_ours_is_refused(platform, more, code, sub_code):
    answer = call(platform, "product.listV2", {"page": 1, "size": 10}, **more)
    assert (answer["code"], answer["sub_code"], answer["data"]) == (code, sub_code, None)


def test_within_ten_minutes_a_clock_may_be_off(platform):
    assert (
        call(platform, "product.listV2", {"page": 1, "size": 1}, stamp=NOW - 600)["code"] == 10000
    )


@pytest.mark.parametrize(
    ("params", "sub_code"),
    [
        ({"size": 101}, "isv.parameter-invalid:20008"),
        ({"page": -1}, "isv.parameter-invalid:10035"),
        ({"page": 100, "size": 100}, "isv.parameter-invalid:20013"),
        ({"update_time_start": None}, "isv.parameter-invalid:20011"),
        ({"update_time_start": NOW - 91 * DAY}, "isv.parameter-invalid:20022"),
        ({"page": None}, "isv.missing-parameter:page"),
    ],
)
def test_wrong_parameters_are_refused_with_the_platforms_codes(platform, params, sub_code):
    answer = search(platform, **params)
    assert answer["sub_code"] == sub_code
    assert answer["log_id"]


def test_an_unknown_method_is_off(platform):
    assert call(platform, "marketing.coupon", {})["code"] == 70000


def test_a_token_dies_and_is_refreshed_as_the_platform_does(shop):
    platform = Platform(shop, "7300000000000000001", "secret", "463000001")
    asked = {"code": "", "grant_type": "authorization_self", "shop_id": "463000001"}
    first = call(platform, "token.create", asked, token="")["data"]
    assert first["expires_in"] == 7 * DAY
    again = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    assert (
        call(platform, "token.refresh", again, token="")["data"]["access_token"]
        == (first["access_token"])
    )
    platform.tokens.expire()
    assert search(platform)["sub_code"] == "isv.access-token-expired"
    second = call(platform, "token.refresh", again, token="")["data"]
    assert second["access_token"] != first["access_token"]
    assert search(platform)["code"] == 10000
    dead = call(platform, "token.refresh", again, token="")
    assert dead["sub_code"] == "isv.business-failed:31009"


def test_pages_hold_every_order_once_in_order_of_update(platform, shop):
    found, page = [], 0
    while True:
        data = search(platform, size=100, page=page, order_asc=True)["data"]
        found += data["shop_order_list"]
        page += 1
        if len(found) >= data["total"]:
            break
    wanted = sorted(
        (o.updated_at, str(o.order_id)) for o in shop.orders.values() if o.updated_at >= NOW - DAY
    )
    assert [(o["update_time"], o["order_id"]) for o in found] == wanted


def after_sales(platform, **params):
    asked = {"update_start_time": NOW - 60 * DAY, "order_by": ["update_time asc"], "page": 0,
             "size": 100} | params  # fmt: skip
    return call(platform, "afterSale.List", {k: v for k, v in asked.items() if v is not None})


def test_after_sales_come_once_in_order_of_their_own_update_time(platform, shop):
    found, page, more = [], 0, True
    while more:
        data = after_sales(platform, page=page, size=20)["data"]
        found += [item["aftersale_info"] for item in data["items"]]
        page, more = page + 1, data["has_more"]
    wanted = sorted((w.updated_at, str(w.wish_id)) for w in shop.wishes.values())
    assert [(i["update_time"], i["aftersale_id"]) for i in found] == wanted
    assert {i["aftersale_type"] for i in found} == {0, 2, 3, 7}
    assert {7, 11, 12, 13, 28} <= {i["aftersale_status"] for i in found}


def test_after_sales_change_without_moving_their_order(shop):
    settled = [w for w in shop.wishes.values() if w.kind == "return" and w.state == "done"]
    assert settled
    assert any(shop.orders[w.order_id].updated_at < w.updated_at for w in settled)


def test_after_sales_by_update_time_must_be_asked_for_in_that_order(platform):
    assert after_sales(platform, order_by=None)["sub_code"] == "isv.parameter-invalid:4"
    assert after_sales(platform, size=101)["sub_code"] == "isv.parameter-invalid:20008"
    by_apply = after_sales(platform, update_start_time=None, order_by=None, start_time=0)
    assert by_apply["code"] == 10000


def test_ids_come_as_text_and_as_numbers_and_buyers_are_decoys(platform):
    order = search(platform, size=1)["data"]["shop_order_list"][0]
    line = order["sku_order_list"][0]
    assert isinstance(order["order_id"], str)
    assert isinstance(line["sku_id"], int)
    assert "诱饵" in json.dumps(order, ensure_ascii=False)


def test_products_and_skus_tell_the_same(platform, shop):
    rows = call(platform, "product.listV2", {"page": 1, "size": 100})["data"]["data"]
    skus = []
    for row in rows:
        asked = {"product_id": str(row["product_id"])}
        listed = call(platform, "sku.list", asked)["data"]
        detail = call(platform, "product.detail", asked)["data"]
        assert [s["code"] for s in listed] == [s["code"] for s in detail["spec_prices"]]
        skus += [s["code"] for s in listed]
    assert sorted(skus) == sorted(item.sku for item in shop.items)
    wrong = call(platform, "product.detail", {"product_id": "1"})
    assert wrong["sub_code"] == "isv.parameter-invalid:4"


def test_the_shop_is_believable(shop):
    states = Counter(order.state for order in shop.orders.values())
    for state in ("paid", "shipped", "done", "cancelled", "refunded", "returned"):
        assert states[state] > 0, state
    sold = Counter()
    for order in shop.orders.values():
        for line in order.lines:
            sold[line.item.sku] += line.quantity
    ordered = sorted(sold.values(), reverse=True)
    assert sum(ordered[:6]) > 0.35 * sum(ordered)
    assert any(item.launched_at > shop.start for item in shop.items)
    burst = shop.items[shop.burst_item]
    assert shop.free(burst) <= 0


def test_a_week_at_once_is_seven_days_one_by_one():
    one, other = (ShopSimulation(seed=3, skus=20, days=20, now=NOW) for _ in range(2))
    one.advance(7 * DAY)
    for _ in range(7):
        other.advance(DAY)
    assert one.truth() == other.truth()
    assert one.now == other.now == NOW + 7 * DAY


def test_another_seed_is_another_shop():
    one = ShopSimulation(seed=3, skus=20, days=20, now=NOW)
    other = ShopSimulation(seed=4, skus=20, days=20, now=NOW)
    assert one.truth()["skus"] != other.truth()["skus"]


def test_truth_and_the_running_stock_agree(shop):
    free = {row["sku"]: row["free"] for row in shop.truth()["skus"]}
    assert free == {item.sku: shop.free(item) for item in shop.items}
    assert truth.bound([], []) == {}


def test_people_change_single_orders():
    shop = ShopSimulation(seed=3, skus=20, days=20, now=NOW)
    order = next(o for o in shop.orders.values() if o.state == "paid")
    free = shop.free(order.lines[0].item)
    shop.act(order.order_id, "refund")
    assert order.state == "refunded"
    assert shop.free(order.lines[0].item) == free + order.lines[0].quantity
    with pytest.raises(ValueError, match="refunded"):
        shop.act(order.order_id, "ship")
    with pytest.raises(KeyError):
        shop.act(1, "ship")


def test_the_door_answers_probes_advances_its_clock_and_writes_the_truth(tmp_path):
    shop = ShopSimulation(seed=3, skus=8, days=8, now=NOW)
    file = tmp_path / "truth.json"
    with serve(shop, truth=file) as sandbox:
        probe = urllib.request.Request(f"{sandbox.gateway}/", method="HEAD")
        with urllib.request.urlopen(probe, timeout=10) as answer:
            assert answer.status == 200
            assert answer.headers["Date"] == "Thu, 10 Dec 2026 02:10:00 GMT"
        assert json.loads(file.read_text(encoding="utf-8"))["as_of"] == NOW
        assert post(sandbox, "clock", {"advance_seconds": DAY}) == (200, {"now": NOW + DAY})
        assert post(sandbox, "clock", {"set": NOW})[0] == 400
        assert post(sandbox, "orders/1", {"action": "pay"})[0] == 404
        assert post(sandbox, "faults", {"next": [{"kind": "earthquake"}]})[0] == 400
        assert json.loads(file.read_text(encoding="utf-8"))["as_of"] == NOW + DAY


def test_a_taken_port_is_said():
    shop = ShopSimulation(seed=3, skus=2, days=3, now=NOW)
    with serve(shop) as sandbox:
        port = int(sandbox.gateway.rpartition(":")[2])
        with pytest.raises(ShopUnavailable, match=str(port)), serve(shop, port=port):
            pass


def post(sandbox, place, body):
    request = urllib.request.Request(
        f"{sandbox.gateway}/sandbox/{place}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)
