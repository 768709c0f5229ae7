"""The practice shop's difficulties: asked for in words, the same from the same seed, then over."""

import pytest

from stockbook.shops.sandbox.faults import Faults
from stockbook.shops.sandbox.strange import ODD, ODD_SALES, Strange, trim
from tests.shops.pulling import pulling


@pytest.fixture(scope="module")
def at(tmp_path_factory):
    with pulling(tmp_path_factory.mktemp("difficult"), skus=4, days=4) as found:
        yield found


@pytest.mark.parametrize(
    ("place", "body", "word"),
    [
        ("faults", {"next": [{"kind": "earthquake"}]}, "earthquake"),
        ("faults", {"rates": {"earthquake": 0.1}}, "earthquake"),
        ("faults", {"rates": {"busy": 1.1}}, "share"),
        ("faults", {"rates": {"busy": 0.6, "reset": 0.6}}, "together"),
        ("faults", {"rates": {"busy": "often"}}, "often"),
        ("faults", {"next": [{"kind": "busy", "call": 0}]}, "call"),
        ("faults", {"next": ["busy"]}, "next"),
        ("faults", {"never": 1}, "never"),
        ("faults", ["busy"], "object"),
        ("modes", {"speed": 3}, "speed"),
        ("modes", {"row_cap": 50}, "row_cap"),
        ("modes", {"row_cap": "many"}, "row_cap"),
        ("modes", {"trimmed": "pay_time"}, "trimmed"),
        ("modes", {"restless": {"pace": 3}}, "seconds"),
        ("modes", {"restless": {"seconds": 1.5}}, "whole"),
        ("modes", {"strange": {"share": -1}}, "share"),
        ("modes", {"strange": 3}, "strange"),
        ("modes", {"lag": -1}, "lag"),
        ("modes", {"lag": True}, "lag"),
        ("modes", {"partial_code": 20000}, "partial_code"),
        ("modes", {"gated": 1}, "gated"),
        ("stock", {"sku": "no matter"}, "gated"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(at, place, body, word):
    status, answer = at.post(place, body)
    assert status == 400
    assert word in answer["error"]


def test_what_is_refused_changes_nothing(at):
    before = at.post("modes", {})
    at.post("modes", {"row_cap": 500, "speed": 3})
    at.post("modes", {"row_cap": 500, "restless": 9})
    at.post("modes", {"gated": True, "lag": -1})
    assert at.post("modes", {}) == before


def test_faults_come_by_share_and_the_same_seed_gives_the_same(at):
    rates = {"timeout": 0.05, "traffic": 0.05, "truncate": 0.02}

    def drawn(seed):
        faults = Faults()
        faults.ask({"rates": rates, "seed": seed})
        return [faults.draw() for _ in range(5000)]

    one = drawn(7)
    assert one == drawn(7) != drawn(8)
    for kind, share in rates.items():
        assert one.count(kind) / len(one) == pytest.approx(share, abs=0.01)


def test_planned_faults_come_at_their_call_and_nothing_ends_all():
    faults = Faults()
    faults.ask({"next": [{"kind": "busy"}, {"kind": "reset", "call": 3}], "rates": {"traffic": 1}})
    assert [faults.draw() for _ in range(4)] == ["busy", "traffic", "reset", "traffic"]
    shown = faults.ask({})
    assert (shown["rates"], shown["planned"], shown["waiting"]) == ({}, [], [])
    assert shown["given"] == {"busy": 1, "traffic": 2, "reset": 1}
    assert faults.draw() == ""


ORDER = {
    "order_id": "1", "order_status": 2, "main_status": 2, "pay_time": 5, "buyer_words": "x",
    "sku_order_list": [{"order_id": "2", "item_num": 3, "code": "A", "reduce_stock_type": 1}],
}  # fmt: skip
SALE = {
    "aftersale_info": {"aftersale_id": "9", "aftersale_type": 0, "aftersale_num": 1},
    "order_info": {"related_order_info": [{"sku_order_id": 2, "item_num": 3}]},
}


def test_trimmed_leaves_what_identifies_a_row_and_its_state():
    assert trim(ORDER) == {
        "order_id": "1", "order_status": 2, "main_status": 2,
        "sku_order_list": [{"order_id": "2", "item_num": 3}],
    }  # fmt: skip
    assert trim(ORDER, ["code"])["sku_order_list"][0].keys() == {
        "order_id", "item_num", "reduce_stock_type",
    }  # fmt: skip


def test_strange_rows_keep_their_oddity_and_all_kinds_come_up():
    odd = Strange(seed=1, share=1)
    orders = [ORDER | {"order_id": str(n)} for n in range(200)]
    page = odd.orders(orders)
    assert page == odd.orders(orders)
    assert len({repr(row | {"order_id": 0}) for row in page}) == len(ODD)
    sales = [SALE | {"aftersale_info": SALE["aftersale_info"] | {"aftersale_id": str(n)}}
             for n in range(200)]  # fmt: skip
    assert len(odd.after_sales(sales)) == 400  # each of them twice
    kinds = {repr(s).replace(str((s["aftersale_info"] or {}).get("aftersale_id")), "")
             for s in odd.after_sales(sales)}  # fmt: skip
    assert len(kinds) >= len(ODD_SALES)
    assert ORDER["sku_order_list"][0]["item_num"] == 3  # the shop's own facts stay


def test_without_a_share_rows_are_plain_but_for_the_types_of_their_ids():
    (row,) = Strange(share=0).orders([ORDER])
    assert row["order_id"] == 1
    assert row["sku_order_list"][0]["item_num"] == 3
