"""Sums of sales as the database makes them, and what imported files told, kept once."""

from dataclasses import replace
from datetime import date, datetime

import pytest

from stockbook.domain.clock import instant
from stockbook.domain.records import AfterSale, OrderLine, ShopSku
from stockbook.domain.traffic import Audience, Traffic
from stockbook.store.ledger_store import LedgerStore

TODAY = date(2026, 3, 2)
SKUS = [ShopSku("s", "901", "p1", "sku-1", "伞", price_fen=1000),
        ShopSku("s", "902", "p2", "", "帽", price_fen=500),
        ShopSku("s", "903", "p3", "gift", "赠品", price_fen=0)]  # fmt: skip


def at(day, hour):
    return instant(datetime(2026, 3, day, hour))


def line(number, sku="901", day=1, hour=20, **more):
    paid = at(day, hour)
    fields = {"channel": "live", "author_name": "阿梨", "province": "浙江", "paid_at": paid,
              "pay_amount_fen": 1800, "list_fen": 2000, "created_at": paid}  # fmt: skip
    base = OrderLine("s", f"o{number}", f"l{number}", sku, 2, 2, paid, **fields)
    return replace(base, **more)


@pytest.fixture
def ledger(tmp_path):
    with LedgerStore.open(tmp_path / "l.sqlite") as store:
        store.map_skus(SKUS, 0)
        yield store


def post(store, *lines, sales=()):
    return store.post_window("s", lines, sales, cursor=0, now=at(2, 9))


def read(store):
    return store.insight.sales_facts(date(2026, 1, 1), TODAY)


def test_sales_are_paid_lines_by_beijing_day_and_hour_for_what_buyers_paid(ledger):
    post(
        ledger, line(1, hour=0), line(2, hour=23), line(3, sku="902", pay_amount_fen=None),
        line(4, paid_at=None, status=1), line(5, day=2, hour=1),
        line(6, sku="903", list_fen=0, pay_amount_fen=0),
    )  # fmt: skip
    facts = read(ledger)
    rows = facts.sales[["sku", "units", "revenue_yuan", "list_yuan", "orders"]].to_numpy().tolist()
    # today's line 5, line 4 that nobody paid, and the gift are left out; 902 has no code
    assert rows == [["sku-1", 4, 36, 40, 2], ["未识别:902", 2, 20, 20, 1]]
    assert facts.sales["date"].dt.strftime("%m-%d").unique().tolist() == ["03-01"]
    assert facts.hours["hour"].tolist() == [0, 20, 23]
    assert facts.products == {"p1": ("sku-1",), "p3": ("gift",)}


def test_channels_hosts_and_provinces_add_up_to_the_sales(ledger):
    post(ledger, line(1), line(2, channel="shelf", author_name=""), line(3, province=""))
    facts = read(ledger)
    assert facts.sources["revenue_yuan"].sum() == facts.sales["revenue_yuan"].sum() == 54
    assert facts.sources[["channel", "author"]].to_numpy().tolist() == [
        ["live", "阿梨"],
        ["shelf", ""],
    ]
    assert facts.provinces.to_numpy().tolist() == [["浙江", 2.0, 36.0]]


def sale(number, kind, units=1, status=12, **more):
    return AfterSale("s", f"a{number}", f"l{number}", kind, status, units, at(2, 1), **more)


def test_refunds_count_once_whether_the_line_or_its_after_sale_tells(ledger):
    done = {"after_sale_status": 12, "after_sale_type": 2, "main_status": 21, "status": 4}
    post(
        ledger, line(1, **done), line(2), line(3), line(4), line(5),
        sales=[sale(1, 2, 2, refund_fen=1800), sale(2, 2, refund_fen=900), sale(3, 0),
               sale(4, 0, status=28), sale(5, 3)],
    )  # fmt: skip
    (row,) = read(ledger).refunds.to_dict("records")
    # of ten units two and one before shipping, one after; refused and exchanged ones are none
    assert (row["units"], row["before"], row["after"]) == (10, 3, 1)
    assert row["refund_yuan"] == pytest.approx(18 + 9 + 9)  # line 3: half of what was paid


def test_a_file_read_again_fills_in_where_known_lines_came_from(ledger):
    bare = {"channel": "", "author_name": "", "province": "", "list_fen": None}
    post(ledger, line(1, **bare))
    assert read(ledger).sources["channel"].tolist() == [""]
    assert post(ledger, line(1)).moves == 0
    assert read(ledger).sources["channel"].tolist() == ["live"]
    assert read(ledger).provinces["province"].tolist() == ["浙江"]
    assert ledger.audit() == []


def test_a_newer_snapshot_that_tells_less_takes_nothing_away(ledger):
    post(ledger, line(1))
    bare = {"channel": "", "author_name": "", "province": "", "list_fen": None}
    post(ledger, line(1, status=3, updated_at=at(2, 3), shipped_at=at(2, 3), **bare))
    facts = read(ledger)
    assert facts.sources[["channel", "author"]].to_numpy().tolist() == [["live", "阿梨"]]
    assert facts.sales["list_yuan"].tolist() == [20]


def test_traffic_of_the_same_day_and_product_and_shares_of_a_kind_are_replaced(ledger):
    rows = [Traffic("2026-03-01", "p1", "伞", visitors=100, buyers=5),
            Traffic("2026-03-01", "p2", "帽", visitors=10)]  # fmt: skip
    shares = [Audience("gender", "女", 0.7, 0), Audience("gender", "男", 0.3, 1)]
    ledger.insight.keep("s", rows, shares)
    before = read(ledger)
    ledger.insight.keep("s", rows, shares)
    assert read(ledger).traffic.equals(before.traffic)
    ledger.insight.keep("s", [rows[0]._replace(visitors=120)], [Audience("gender", "女", 1.0, 0)])
    after = read(ledger)
    assert after.traffic["visitors"].tolist() == [120, 10]
    assert after.audience.to_numpy().tolist() == [["gender", "女", 1.0]]
