"""Where a line's units belong, status by status, and the moves between two placements."""

from dataclasses import replace
from datetime import date

import pytest

from stockbook.domain.ledger import (
    after_sale_rank,
    demand_of,
    effective_at,
    line_problem,
    moves_between,
    placed,
    sent_again,
    status_rank,
    whereabouts,
)
from stockbook.domain.records import AfterSale, Bucket, OrderLine

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


SHIPPED = {"status": 3, "shipped_at": 5}
PART = {"status": 101, "shipped_quantity": 1}
RETURN, ONLY_MONEY, BEFORE, EXCHANGE, PRICE, RESEND, REPAIR = 0, 1, 2, 3, 6, 7, 8
BACK = Bucket.RETURNING


@pytest.mark.parametrize(
    ("order", "sales", "places"),
    [  # (kind, status, units) of each after-sale
        ({"status": 2}, [(BEFORE, 6, 1)], {ALLOCATED: 3}),
        ({"status": 2}, [(BEFORE, 12, 1)], {ALLOCATED: 2, FREE: 1}),
        ({"status": 2}, [(BEFORE, 12, 1), (BEFORE, 12, 2)], {FREE: 3}),
        ({"status": 2}, [(BEFORE, 28, 3)], {ALLOCATED: 3}),
        ({"status": 4, "main_status": 21}, [(BEFORE, 12, 3)], {FREE: 3}),
        (SHIPPED, [(BEFORE, 12, 1)], {CUSTOMER: 2, FREE: 1}),
        (SHIPPED, [(BEFORE, 12, 3)], {CUSTOMER: 3}),  # shipped wins
        (PART, [(BEFORE, 12, 1)], {CUSTOMER: 1, ALLOCATED: 1, FREE: 1}),
        (SHIPPED, [(RETURN, 6, 2)], {CUSTOMER: 3}),
        (SHIPPED, [(RETURN, 7, 2)], {CUSTOMER: 1, BACK: 2}),
        (SHIPPED, [(RETURN, 11, 2)], {CUSTOMER: 1, BACK: 2}),
        (SHIPPED, [(RETURN, 12, 2)], {CUSTOMER: 1, BACK: 2}),  # until it is checked in
        (SHIPPED, [(RETURN, 28, 2)], {CUSTOMER: 3}),
        (SHIPPED, [(RETURN, 29, 2)], {CUSTOMER: 3}),
        (SHIPPED, [(RETURN, 12, 9)], {BACK: 3}),
        (SHIPPED, [(ONLY_MONEY, 12, 3)], {CUSTOMER: 3}),
        ({"status": 4, "main_status": 22}, [(RETURN, 12, 3)], {BACK: 3}),
        (SHIPPED, [(EXCHANGE, 7, 1)], {CUSTOMER: 2, BACK: 1}),
        (SHIPPED, [(EXCHANGE, 8, 1)], {CUSTOMER: 2, BACK: 1}),
        (SHIPPED, [(RESEND, 8, 1)], {CUSTOMER: 3}),
        (SHIPPED, [(PRICE, 12, 3)], {CUSTOMER: 3}),
        (SHIPPED, [(REPAIR, 12, 3)], {CUSTOMER: 3}),
        (SHIPPED, [(99, 12, 3)], {CUSTOMER: 3}),
        (PART, [(RETURN, 7, 3)], {BACK: 1, ALLOCATED: 2}),
    ],
)
def test_req_04_each_after_sale_has_its_place(order, sales, places):
    made = [
        AfterSale("s", str(i), "l", kind, status, units, 20)
        for i, (kind, status, units) in enumerate(sales)
    ]
    found = whereabouts(replace(LINE, **order), made)
    assert found == places
    assert sum(found.values()) == 3


def test_after_sales_that_are_known_outrank_the_orders_own_hint():
    hinted = replace(LINE, after_sale_type=2, after_sale_status=12)
    assert whereabouts(hinted) == {FREE: 3}
    assert whereabouts(hinted, [AfterSale("s", "1", "l", 2, 12, 1, 20)]) == {ALLOCATED: 2, FREE: 1}


@pytest.mark.parametrize(
    ("kind", "status", "places"),
    [
        (EXCHANGE, 7, {}),
        (EXCHANGE, 8, {ALLOCATED: 2}),
        (EXCHANGE, 13, {CUSTOMER: 2}),
        (EXCHANGE, 12, {CUSTOMER: 2}),
        (EXCHANGE, 28, {}),
        (RESEND, 8, {ALLOCATED: 2}),
        (RESEND, 14, {CUSTOMER: 2}),
        (RETURN, 12, {}),
        (REPAIR, 12, {}),
    ],
)
def test_req_04_new_units_of_exchanges_and_resends_have_their_place(kind, status, places):
    assert sent_again(AfterSale("s", "1", "l", kind, status, 2, 20)) == places


def test_later_stages_of_an_after_sale_rank_higher():
    ranks = [after_sale_rank(AfterSale("s", "1", "l", 3, s, 1, 0)) for s in (6, 7, 11, 8, 13, 12)]
    assert ranks == sorted(set(ranks))


def test_req_05_a_kit_is_placed_as_its_components():
    kit = (("a", 2), ("b", 1))
    assert placed({ALLOCATED: 3, FREE: 1}, kit, "w") == {
        ("w", "a", ALLOCATED): 6,
        ("w", "b", ALLOCATED): 3,
    }


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


def test_in_one_second_the_answer_that_tells_more_outranks_the_one_that_was_trimmed():
    full = replace(LINE, status=2, created_at=5, paid_at=9, reduce_stock_type=1, main_status=2)
    for less in ({"paid_at": 5}, {"reduce_stock_type": None}, {"main_status": None},
                 {"status": 777}, {"shop_sku_id": ""}):  # fmt: skip
        assert status_rank(replace(full, **less)) < status_rank(full), less


def test_only_the_difference_moves():
    a = ("w", "a")
    assert moves_between({}, {}) == []
    assert moves_between({}, {(*a, ALLOCATED): 3}) == [(*a, FREE, ALLOCATED, 3)]
    assert moves_between({(*a, ALLOCATED): 3}, {}) == [(*a, ALLOCATED, FREE, 3)]
    assert moves_between({(*a, ALLOCATED): 3}, {(*a, ALLOCATED): 2, (*a, CUSTOMER): 1}) == [
        (*a, ALLOCATED, CUSTOMER, 1)
    ]


def test_what_comes_back_left_first_and_the_two_steps_have_their_own_times():
    a, there, back = ("", "a"), Bucket.CUSTOMER, Bucket.RETURNING
    steps = [(*a, FREE, there, 3), (*a, there, back, 2)]
    assert moves_between({}, {(*a, there): 1, (*a, back): 2}) == steps
    assert moves_between({(*a, there): 3}, {(*a, there): 1, (*a, back): 2}) == steps[1:]
    assert moves_between({(*a, back): 2}, {(*a, there): 2}) == [(*a, back, there, 2)]


def test_a_line_that_changes_its_warehouse_leaves_the_old_one():
    steps = moves_between({("1", "a", ALLOCATED): 3}, {("2", "a", ALLOCATED): 3})
    assert steps == [("1", "a", ALLOCATED, FREE, 3), ("2", "a", FREE, ALLOCATED, 3)]


def test_a_line_that_changes_its_sku_frees_the_old_and_takes_the_new():
    steps = moves_between({("", "a", ALLOCATED): 3}, {("", "b", ALLOCATED): 3})
    assert steps == [("", "a", ALLOCATED, FREE, 3), ("", "b", FREE, ALLOCATED, 3)]


def test_a_step_happened_when_the_platform_says_so():
    shipped = replace(LINE, status=3, shipped_at=7)
    targets = (CUSTOMER, ALLOCATED, HELD, FREE)
    assert [effective_at(shipped, FREE, b) for b in targets] == [7, 2, 1, 9]
    sale = AfterSale("s", "1", "l", 0, 7, 1, 20)
    assert effective_at(shipped, CUSTOMER, Bucket.RETURNING, [sale]) == 20


@pytest.mark.parametrize(
    ("at", "day"), [(1700063940, date(2023, 11, 15)), (1700064060, date(2023, 11, 16))]
)
def test_req_06_a_minute_before_and_after_midnight_are_two_days(at, day):
    assert demand_of(replace(LINE, paid_at=at)) == (day, 3)


def test_what_buyers_cancel_is_no_demand_but_what_the_shop_could_not_ship_is():
    assert demand_of(replace(LINE, status=4, cancel_reason="不想要了")) is None
    assert demand_of(replace(LINE, status=4, cancel_reason="商家缺货")) is not None
    assert demand_of(replace(LINE, status=1, paid_at=None)) is None
    one_refunded = [AfterSale("s", "1", "l", 2, 12, 1, 20)]
    assert demand_of(LINE, one_refunded)[1] == 2
    returned = [AfterSale("s", "1", "l", 0, 12, 3, 20)]
    assert demand_of(replace(LINE, **SHIPPED), returned)[1] == 3  # it was asked for
