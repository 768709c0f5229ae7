"""Any field of any answer may hold anything: the row is named or used, and the run goes on."""

import copy
import dataclasses
import itertools

import pytest

from stockbook import pipeline
from stockbook.domain.records import REPEATED, ChangeState, StockChange
from stockbook.domain.sellable import Facts, offers
from stockbook.domain.tables import CATALOGUE
from stockbook.settings import Settings
from stockbook.shops.doudian import parse, stock
from stockbook.shops.sandbox import answers
from stockbook.shops.sandbox.simulation import ShopSimulation
from stockbook.store.ledger_store import LedgerStore
from stockbook.workbook.inputs import Inputs
from tests.practice import NOW
from tests.shops.ledgers import SHOP_ID, post_all

ODD = ["9" * 5000, "--5", "²", "１２", 10**30, -(10**30), 10**18, 10**14, -3, 0,
       1e300, float("inf"), float("nan"), "x", None, [], {}, True, [[1]], [None],
       "\ud800", "\0"]  # fmt: skip
SHOP = ShopSimulation(seed=3, skus=4, days=15, now=NOW)


def places(value, path=()):
    """Every place inside an answer."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for key, below in inside:
        yield (*path, key)
        if isinstance(below, dict | list):
            yield from places(below, (*path, key))


def odd(value):
    """The answer with one place after the other holding something odd."""
    for path, it in itertools.product(list(places(value)), ODD):
        changed = copy.deepcopy(value)
        at = changed
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = it
        yield changed


@pytest.fixture
def ledger(tmp_path):
    with LedgerStore.open(tmp_path / "l.sqlite") as found:
        post_all(found, SHOP)
        yield found
        assert found.audit() == []
        inputs = Inputs(Settings(), CATALOGUE.empty(), (), {}, shop_id=SHOP_ID)
        pipeline.look_ahead(found, inputs, now=NOW + 10)


def test_orders(ledger):
    order = next(o for o in SHOP.orders.values() if o.state == "paid")
    made = answers.order(order, SHOP_ID) | {"update_time": NOW + 5}
    lines, unread = [], 0
    for number, changed in enumerate(odd(made)):
        parse.kits_in(changed)
        found, problems = parse.order_lines(changed, SHOP_ID)
        assert found or problems
        unread += not found
        lines += [dataclasses.replace(line, line_id=f"{line.line_id}{number}") for line in found]
    ledger.post_window(SHOP_ID, lines, cursor=None, now=NOW)
    assert unread > len(ODD)


def test_after_sales(ledger):
    sales = []
    for changed in odd(answers.after_sale(next(iter(SHOP.wishes.values())))):
        found, problems = parse.after_sales(changed, SHOP_ID)
        assert found or problems
        sales += found
    ledger.post_window(SHOP_ID, (), sales, cursor=None, now=NOW, stream="after_sales")


def test_listings_and_stock(ledger):
    items = next(iter(answers.products(SHOP)))
    product, rows = answers.product(items, SHOP), [answers.sku(items[0], SHOP)]
    for changed, them in [(product, r) for r in odd(rows) if isinstance(r[0], dict)] + [
        (p, rows) for p in odd(product)
    ]:
        found, problems = parse.shop_skus(changed, them, SHOP_ID)
        assert found or problems
        ledger.map_skus(found, NOW)
        stocks, problems = stock.shop_stocks(changed, them)
        assert stocks or problems
        ids = [s.shop_sku_id for s in stocks]
        sells = ledger.selling(SHOP_ID, ids, since=NOW - 86_400, now=NOW)
        facts = Facts(sells.free, sells.made_of, sells.sales, {}, 0, 0.0, sells.apart)
        for offer in offers(stocks, facts):
            assert abs(offer.step) < 10**10


@pytest.mark.parametrize("results", [None, "x", 7, {}, [None], ["x"], [[1]], [{"sku_id": []}]])
def test_what_the_shop_says_of_increments(results):
    change = StockChange("1", "2", "", 5, 0)
    answer = {"results": results}
    (found,) = stock.add_stock(lambda *_: answer, [change], "id")
    assert found.state == ChangeState.DONE
    assert found.answer == REPEATED, "not sure"
