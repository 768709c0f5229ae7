"""A rich practice shop: kits, gifts, presales, two warehouses, and a house that works."""

import hashlib
import json
from collections import Counter

import pytest

from stockbook.domain.kits import parse_components
from stockbook.shops.sandbox import answers
from stockbook.shops.sandbox.house import SECOND
from stockbook.shops.sandbox.simulation import ShopSimulation
from stockbook.store.ledger_store import LedgerStore
from tests.shops.ledgers import positions, post_all, truth

NOW = 1_796_868_600
DAY = 86_400


def rich(**changes):
    return ShopSimulation(**{"seed": 7, "skus": 60, "days": 40, "now": NOW, "rich": True} | changes)


@pytest.fixture(scope="module")
def shop():
    return rich()


def digest(shop):
    """A hash of everything that the platform's door and the truth can say."""
    found = hashlib.sha256()

    def put(what):
        found.update(json.dumps(what, ensure_ascii=False, sort_keys=True).encode())

    put(shop.truth())
    put(shop.counts())
    put(shop.supply())
    for order in shop.orders.values():
        put(answers.order(order, "463000001"))
    for wish in shop.wishes.values():
        put(answers.after_sale(wish))
    for items in answers.products(shop):
        put(answers.product(items, shop))
        put(answers.detail(items, shop))
        put([answers.sku(item, shop) for item in items])
    return found.hexdigest()


def test_the_plain_shop_is_what_it_was_before_there_was_a_rich_one():
    plain = ShopSimulation(seed=3, skus=24, days=40, now=NOW)
    assert digest(plain) == "2509e03b2959afa23ecd0c53354602f80550cb452a70e1bb4f4d122e81ff5b54"
    plain.advance(7 * DAY + 3600)
    assert digest(plain) == "934a811a60f45f06580b5b209ed5c1a087611efe5d880cfbffe46e12836bb75b"
    assert plain.kits() == plain.entries() == []


def test_the_same_seed_gives_the_same_rich_shop_however_its_clock_is_advanced(shop):
    one, other = rich(skus=20, days=20), rich(skus=20, days=20)
    one.advance(7 * DAY)
    for _ in range(7):
        other.advance(DAY)
    assert digest(one) == digest(other)
    assert one.entries() == other.entries()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("skus", [1, 2, 40])
def test_the_ledger_equals_the_truth_of_a_rich_shop_today_and_days_later(tmp_path, seed, skus):
    shop = rich(seed=seed, skus=skus, days=25, now=NOW + seed * 5 * 3600)
    for day in range(2):
        with LedgerStore.open(tmp_path / f"{day}.sqlite") as store:
            post_all(store, shop)
            assert positions(store) == truth(shop)
        shop.advance(5 * DAY + 3 * 3600)


def test_an_order_of_two_lines_that_is_partly_shipped_has_one_line_in_the_house(tmp_path):
    shop = rich(days=4)
    while not (parts := [o for o in shop.orders.values() if o.state == "part" and o.lines[1:]]):
        shop.advance(1200)
    assert parts[0].lines[1].shipped == []
    with LedgerStore.open(tmp_path / "l.sqlite") as store:
        post_all(store, shop)
        assert positions(store) == truth(shop)
        assert store.audit() == []


def test_kits_sell_their_components_and_are_typed_as_people_type_them(shop):
    by_id = {str(item.shop_sku_id): item for item in shop.items}
    assert len(shop.kits()) == 2
    for shop_sku_id, text in shop.kits():
        kit = by_id[shop_sku_id]
        wanted = tuple(sorted((part.sku, n) for part, n in kit.parts))
        assert parse_components(text) == wanted
        assert {part.warehouse for part, _ in kit.parts} == {kit.warehouse}
        assert shop.free(kit) == min(shop.free(part) // n for part, n in kit.parts)
        assert lines_of(shop, kit)
    kits = {item.sku for item in by_id.values() if item.parts}
    assert kits.isdisjoint(
        {row["sku"] for row in shop.truth()["skus"]} | {r[0] for r in counts(shop)}
    )


def counts(shop):
    return [(c.sku, c.warehouse) for c in shop.stock_take()]


def lines_of(shop, item):
    return [line for order in shop.orders.values() for line in order.lines if line.item is item]


def test_a_kits_line_tells_its_components(shop):
    order = next(o for o in shop.orders.values() if o.lines[0].item.parts)
    (bundle, *_) = answers.order(order, "463000001")["sku_order_list"]
    told = {(row["code"], row["item_num"]) for row in bundle["bundle_sku_info"]}
    assert told == {(part.sku, n) for part, n in order.lines[0].item.parts}


def test_a_gift_goes_with_its_main_line_and_leaves_with_it(shop):
    (gift,) = [item for item in shop.items if item.is_gift]
    assert lines_of(shop, gift)
    wish = next(w for w in shop.wishes.values() if w.gift and w.state == "done")
    order = shop.orders[wish.order_id]
    told = {row["order_id"]: row for row in answers.order(order, "1")["sku_order_list"]}
    given, main = told[str(wish.gift.line_id)], told[str(wish.line.line_id)]
    assert (given["given_product_type"], main["given_product_type"]) == ("FREE", "MASTER")
    assert given["master_sku_order_id_list"] == [main["order_id"]]
    assert (given["order_amount"], given["main_status"], given["ship_time"]) == (0, 21, 0)
    about = answers.after_sale(wish)["order_info"]["related_order_info"]
    assert [(row["sku_order_id"], row["aftersale_item_num"]) for row in about] == [
        (wish.line.line_id, 1),
        (wish.gift.line_id, 1),
    ]


def test_a_presale_holds_units_from_the_deposit_until_it_is_paid_or_lost(shop):
    presales = [order for order in shop.orders.values() if order.presale]
    states = Counter(order.state for order in presales)
    assert states["deposit"] > 0
    assert states["done"] > 0
    assert any(o.reason == "超时未付尾款" for o in presales)
    order = next(o for o in presales if o.state == "deposit")
    told = answers.order(order, "1")
    assert (told["order_status"], told["main_status"], told["pay_time"]) == (1, 103, 0)
    assert [phase["pay_success"] for phase in told["order_phase_list"]] == [True, False]
    assert told["sku_order_list"][0]["pre_sale_type"] == 2
    sku = order.lines[0].item.sku
    (row,) = [row for row in shop.truth()["skus"] if row["sku"] == sku and row["held"]]
    held = sum(o.lines[0].quantity for o in presales if o.state == "deposit"
               and o.lines[0].item.sku == sku)  # fmt: skip
    assert row["held"] == held


def test_a_person_may_pay_or_cancel_a_presale(shop):
    own = rich(skus=30, days=12)
    one, other = [o for o in own.orders.values() if o.state == "deposit"][:2]
    own.act(one.order_id, "pay")
    own.act(other.order_id, "cancel")
    assert (one.state, other.state) == ("paid", "cancelled")


def test_lines_name_the_warehouse_they_come_from(shop):
    houses = Counter(warehouse for _, warehouse in counts(shop))
    assert houses[""] > houses[SECOND] > 0
    order = next(o for o in shop.orders.values() if o.lines[0].item.warehouse)
    (stock,) = answers.order(order, "1")["sku_order_list"][0]["inventory_list"]
    assert stock["out_warehouse_id"] == SECOND


def test_the_house_writes_down_whatever_it_does_after_the_count(shop):
    entries = shop.entries()
    kinds = Counter(entry["kind"] for entry in entries)
    assert set(kinds) == {"receipt", "return", "transfer", "correction", "count"}
    assert [entry["at"] for entry in entries] == sorted(entry["at"] for entry in entries)
    assert all(entry["at"] > shop.counted_at and entry["at"] % 60 == 0 for entry in entries)
    assert all(0 <= entry["defective"] <= abs(entry["units"]) for entry in entries)
    assert any(entry["defective"] for entry in entries if entry["kind"] == "return")
    assert all(entry["reason"] for entry in entries if entry["kind"] == "correction")
    moved = [entry for entry in entries if entry["kind"] == "transfer"]
    assert all(entry["warehouse"] != entry["to_warehouse"] for entry in moved)


def test_a_house_that_does_not_work_writes_nothing_down():
    idle = rich(skus=20, days=20, house=False)
    assert idle.entries() == []
    assert idle.kits() != []


def test_truth_and_the_running_stock_agree_in_a_rich_shop(shop):
    free = {(row["sku"], row["warehouse"]): row["free"] for row in shop.truth()["skus"]}
    for item in shop.items:
        assert item.parts or free[item.sku, item.warehouse] == shop.free(item), item.sku
