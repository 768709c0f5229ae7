"""Where a line's units belong, status by status, and the moves between two placements."""

from dataclasses import replace
from datetime import date

import pytest

from stockbook.domain.ledger import (
    demand_of,
    effective_at,
    line_problem,
    moves_between,
    status_rank,
    whereabouts,
)
from stockbook.domain.records import Bucket, OrderLine

LINE = OrderLine("s", "o", "l", "k", 3, status=2, updated_at=9, created_at=1, paid_at=2)
FREE, HELD, ALLOCATED, CUSTOMER = Bucket.FREE, Bucket.HELD, Bucket.ALLOCATED, Bucket.CUSTOMER


@pytest.mark.parametrize(
    ("changes", "places"),
    [
        ({"status": 1, "reduce_stock_type": 1, "paid_at": None}, {HELD: 3}),
        ({"status": 1, "reduce_stock_type": 2, "paid_at": None}, {FREE: 3}),
        ({"status": 105}, {ALLOCATED: 3}),
        ({"status": 2}, {ALLOCATED: 3}),
        ({"status": 101, "shipped_quantity": 1}, {CUSTOMER: 1, ALLOCATED: 2}),
        ({"status": 3, "shipped_at": 5}, {CUSTOMER: 3}),
        ({"status": 5, "shipped_at": 5}, {CUSTOMER: 3}),
        ({"status": 4}, {FREE: 3}),
        ({"status": 4, "main_status": 21}, {FREE: 3}),
        ({"status": 2, "after_sale_type": 2, "after_sale_status": 12}, {FREE: 3}),
        ({"status": 2, "after_sale_type": 2, "after_sale_status": 28}, {ALLOCATED: 3}),
        ({"status": 4, "main_status": 22}, {CUSTOMER: 3}),
        ({"status": 4, "main_status": 39}, {CUSTOMER: 3}),
        ({"status": 4, "shipped_at": 5}, {CUSTOMER: 3}),
        ({"status": 1, "main_status": 103}, {HELD: 3}),
        ({"status": 777}, {ALLOCATED: 3}),
        ({"status": 777, "paid_at": None}, {FREE: 3}),
    ],
)
def test_req_04_each_status_has_its_place(changes, places):
    assert whereabouts(replace(LINE, **changes)) == places


def test_an_unknown_status_is_named():
    assert line_problem(LINE) is None
    assert "777" in line_problem(replace(LINE, status=777)).found


def test_later_stages_of_life_rank_higher():
    life = [
        replace(LINE, status=1),
        replace(LINE, status=105),
        replace(LINE, status=2),
        replace(LINE, status=3),
        replace(LINE, status=5),
        replace(LINE, status=4, main_status=22),
    ]
    assert [status_rank(x) for x in life] == sorted({status_rank(x) for x in life})


def test_only_the_difference_moves():
    assert moves_between({}, {("a", FREE): 3}) == []
    assert moves_between({}, {("a", ALLOCATED): 3}) == [("a", FREE, ALLOCATED, 3)]
    assert moves_between({("a", ALLOCATED): 3}, {("a", FREE): 3}) == [("a", ALLOCATED, FREE, 3)]
    assert moves_between({("a", ALLOCATED): 3}, {("a", ALLOCATED): 2, ("a", CUSTOMER): 1}) == [
        ("a", ALLOCATED, CUSTOMER, 1)
    ]


def test_a_line_that_changes_its_sku_frees_the_old_and_takes_the_new():
    steps = moves_between({("a", ALLOCATED): 3}, {("b", ALLOCATED): 3})
    assert steps == [("a", ALLOCATED, FREE, 3), ("b", FREE, ALLOCATED, 3)]


def test_a_step_happened_when_the_platform_says_so():
    shipped = replace(LINE, status=3, shipped_at=7)
    assert [effective_at(shipped, b) for b in (CUSTOMER, ALLOCATED, HELD, FREE)] == [7, 2, 1, 9]


@pytest.mark.parametrize(
    ("at", "day"), [(1700063940, date(2023, 11, 15)), (1700064060, date(2023, 11, 16))]
)
def test_req_06_a_minute_before_and_after_midnight_are_two_days(at, day):
    assert demand_of(replace(LINE, paid_at=at)) == (day, 3)


def test_what_buyers_cancel_is_no_demand_but_what_the_shop_could_not_ship_is():
    assert demand_of(replace(LINE, status=4, cancel_reason="不想要了")) is None
    assert demand_of(replace(LINE, status=4, cancel_reason="商家缺货")) is not None
    assert demand_of(replace(LINE, status=1, paid_at=None)) is None
