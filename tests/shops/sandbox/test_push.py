"""The practice shop's push: signed, several in a POST, and every message accounted for."""

import json
import time
import urllib.request
from collections import Counter

import pytest

from stockbook.shops.doudian.push import event_sign
from stockbook.shops.sandbox.answers import DECOY
from stockbook.shops.sandbox.messages import messages
from stockbook.shops.sandbox.push import OTHER_APP
from stockbook.shops.sandbox.server import serve
from tests.shops.pulling import post
from tests.shops.sandbox.calling import gated
from tests.shops.sandbox.receiving import receiving


@pytest.fixture
def shop():
    return gated(skus=6, days=10)


@pytest.fixture
def box(shop):
    with serve(shop) as sandbox:
        yield sandbox


@pytest.fixture
def receiver():
    with receiving() as found:
        yield found


def push(box):
    with urllib.request.urlopen(f"{box.gateway}/sandbox/push", timeout=10) as answer:
        return json.load(answer)


def settled(box):
    for _ in range(400):
        told = push(box)
        if not told["waiting"]:
            return told
        time.sleep(0.02)
    raise AssertionError(told)


def register(box, receiver, **more):
    status, answer = post(box.gateway, "push", {"url": receiver.url} | more)
    assert status == 200, answer
    receiver.came.clear()


def signed(box, headers, body, algorithm):
    right = event_sign(box.app_key, body, box.app_secret, algorithm)
    return headers["app-id"] == box.app_key and headers["event-sign"] == right


@pytest.mark.parametrize("algorithm", ["md5", "hmac-sha256"])
def test_an_address_gets_the_test_message_and_then_signed_changes(box, shop, receiver, algorithm):
    asked = {"url": receiver.url, "algorithm": algorithm}
    assert post(box.gateway, "push", asked)[0] == 200
    assert [m["tag"] for m in receiver.messages()] == ["0"]
    post(box.gateway, "clock", {"advance_seconds": 86_400})
    told = settled(box)
    assert all(signed(box, headers, body, algorithm) for headers, body in receiver.came)
    said = receiver.messages()[1:]
    assert told["made"] == told["acknowledged"] == told["sent"] == len(said) > 100
    assert told["posts"] == len(receiver.came) - 1 < len(said)
    assert len({m["msg_id"] for m in said}) == len(said)
    assert {"100", "101", "102", "106", "200"} <= {m["tag"] for m in said}
    assert 0 < told["p50_ms"] <= told["p99_ms"] < 2000
    assert Counter(h.get("sign-method") for h, _ in receiver.came).keys() <= {None, algorithm}


def test_messages_tell_the_order_and_no_sku_and_bodies_of_addresses_hold_decoys(
    box, shop, receiver
):
    register(box, receiver)
    post(box.gateway, "clock", {"advance_seconds": 3 * 86_400})
    settled(box)
    by_tag = {}
    for message in receiver.messages():
        data = message["data"]
        by_tag[message["tag"]] = data if isinstance(data, dict) else json.loads(data)
    assert by_tag["100"].keys() == {"p_id", "s_ids", "shop_id", "order_status", "order_type", "biz",
                                    "create_time"}  # fmt: skip
    assert by_tag["101"]["pay_time"] >= by_tag["101"]["create_time"]
    assert by_tag["106"]["cancel_reason"]
    assert by_tag["206"]["success_time"]
    for tag in ("102", "105", "111"):
        assert DECOY in json.dumps(by_tag[tag], ensure_ascii=False)
    assert "sku_id" not in json.dumps(receiver.messages())


def test_an_address_that_refuses_the_test_message_is_not_taken(box, receiver):
    receiver.answers = [{"code": 40041}]
    status, answer = post(box.gateway, "push", {"url": receiver.url})
    assert (status, "40041" in answer["error"]) == (400, True)
    assert push(box) == {"url": None}


def test_lost_doubled_and_forged_messages_are_counted_and_the_sums_hold(box, shop, receiver):
    register(box, receiver, share_lost=0.2, share_doubled=0.2, forged_share=0.1, seed=4)
    post(box.gateway, "clock", {"advance_seconds": 86_400})
    told = settled(box)
    time.sleep(0.3)  # forged ones may be last
    told = push(box)
    assert told["made"] + told["doubled"] == told["lost"] + told["acknowledged"]
    for name, share in (("lost", 0.2), ("doubled", 0.16), ("forged", 0.1)):
        assert told[name] / told["made"] == pytest.approx(share, abs=0.06), name
    good = [m for h, b in receiver.came if signed(box, h, b, "md5") for m in json.loads(b)]
    bad = [h for h, b in receiver.came if not signed(box, h, b, "md5")]
    assert len(good) == told["acknowledged"]
    assert len(good) - len({m["msg_id"] for m in good}) == told["doubled"]
    assert len(bad) == told["forged"] == told["forged_taken"]  # this receiver takes everything
    apps = Counter(h["app-id"] for h in bad)
    assert apps.keys() == {box.app_key, OTHER_APP}


def test_what_is_not_acknowledged_comes_again_and_is_given_up_in_the_end(box, shop, receiver):
    register(box, receiver, waits=[0.05, 0.1])
    receiver.answers = [{"code": 40041}] * 2 + [{}]
    order = next(o for o in shop.orders.values() if o.state == "paid")
    post(box.gateway, f"orders/{order.order_id}", {"action": "refund"})
    told = settled(box)
    assert (told["retries"], told["given_up"], told["acknowledged"]) == (2, 1, 0)
    assert len({m["msg_id"] for m in receiver.messages()}) == 1
    receiver.answers = [{"code": 40041}]
    order = next(o for o in shop.orders.values() if o.state == "paid")
    post(box.gateway, f"orders/{order.order_id}", {"action": "refund"})
    told = settled(box)
    assert (told["retries"], told["given_up"], told["acknowledged"]) == (3, 1, 1)


def test_disorder_brings_messages_out_of_their_order(box, shop, receiver):
    register(box, receiver, disorder_seconds=0.5)
    post(box.gateway, "clock", {"advance_seconds": 40_000})
    settled(box)
    numbers = [int(m["msg_id"].rpartition(":")[2]) for m in receiver.messages()]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    assert numbers != sorted(numbers)


def test_the_same_seed_loses_the_same_messages(shop, receiver):
    got = []
    for _ in range(2):
        with serve(gated(skus=4, days=8)) as box:
            register(box, receiver, share_lost=0.5, seed=9)
            post(box.gateway, "clock", {"advance_seconds": 20_000})
            settled(box)
            got.append([m["msg_id"] for m in receiver.messages()])
    assert got[0] == got[1] != []


def test_nobody_is_told_any_more_once_the_address_is_taken_back(box, shop, receiver):
    register(box, receiver)
    assert post(box.gateway, "push", {"url": None}) == (200, {"url": None})
    post(box.gateway, "clock", {"advance_seconds": 86_400})
    assert receiver.came == []


@pytest.mark.parametrize(
    "body",
    [{}, {"url": "ftp://x"}, {"url": "http://x", "algorithm": "sha1"},
     {"url": "http://x", "share_lost": 1.5}, {"url": "http://x", "speed": 1},
     {"url": "http://x", "waits": 3}],
)  # fmt: skip
def test_an_address_that_cannot_be_is_refused_in_words(box, body):
    status, answer = post(box.gateway, "push", body)
    assert (status, bool(answer["error"])) == (400, True)


def test_every_state_of_orders_and_wishes_has_a_message(shop):
    rich = gated(skus=40, days=20, rich=True)
    for what in (*rich.orders.values(), *rich.wishes.values()):
        assert messages(what, "1")[0][0].isdigit()
