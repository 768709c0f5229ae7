"""Answers as the platform sends them: ids as int or text, fields missing, personal data inside."""

import pytest

from stockbook.domain.ledger import after_sale_rank
from stockbook.shops.doudian import parse

LINE = {
    "order_id": 6917000000000000002,
    "sku_id": "1790000000000000001",
    "item_num": 2,
    "code": "LS-1",
    "pay_amount": 3980,
    "reduce_stock_type": 1,
}
ORDER = {
    "order_id": "6917000000000000001",
    "order_status": 2,
    "update_time": 1700000000,
    "create_time": 1699999000,
    "pay_time": 1699999100,
    "ship_time": 0,
}


def lines(line=None, **order):
    return parse.order_lines({**ORDER, **order, "sku_order_list": [LINE | (line or {})]}, "s")


def test_ids_are_text_whole_and_unchanged():
    (line,), problems = lines()
    assert (line.order_id, line.line_id) == ("6917000000000000001", "6917000000000000002")
    assert (line.shop_sku_id, line.sku, line.quantity) == ("1790000000000000001", "LS-1", 2)
    assert (line.shipped_at, line.paid_at, problems) == (None, 1699999100, [])


def test_a_lines_own_status_and_times_win():
    (line,), _ = lines({"order_status": 3, "ship_time": 1699999900})
    assert (line.status, line.shipped_at, line.updated_at) == (3, 1699999900, 1700000000)


@pytest.mark.parametrize(
    ("line", "shipped_at"),
    [
        ({"order_status": 2, "ship_time": 0}, None),
        ({"order_status": 2}, None),
        ({"order_status": 105, "ship_time": None}, None),
        ({"order_status": 4, "ship_time": 0}, None),
        ({"order_status": 4}, 1699999900),
        ({"order_status": 3, "ship_time": 0}, 1699999900),
        ({"order_status": 3, "ship_time": 1699999800}, 1699999800),
    ],
)
def test_a_line_that_waits_while_its_order_is_shipped_in_parts_has_not_left(line, shipped_at):
    (found,), _ = lines(line, order_status=101, ship_time=1699999900)
    assert found.shipped_at == shipped_at


@pytest.mark.parametrize(
    "changes",
    [
        {"item_num": 0},
        {"item_num": -1},
        {"item_num": 1.5},
        {"item_num": "x"},
        {"sku_id": 6.9e18},
        {"sku_id": "6.9E+18"},
        {"sku_id": None},
        {"order_id": 0},
    ],
)
def test_a_bad_row_is_named_and_the_others_go_on(changes):
    order = {**ORDER, "sku_order_list": [LINE | changes, LINE]}
    found, problems = parse.order_lines(order, "s")
    assert (len(found), len(problems)) == (1, 1)
    assert problems[0].column in changes or set(changes) & set(problems[0].column.split(", "))
    assert problems[0].fix


def test_a_row_without_status_is_named():
    found, problems = lines(order_status=None)
    assert (found, "order_status=None" in problems[0].found) == ([], True)


def test_an_unknown_status_passes_through():
    assert lines(order_status=4711)[0][0].status == 4711


def test_partly_shipped_units_come_from_the_parcels():
    parcels = [{"product_info": [{"sku_id": 1790000000000000001, "product_count": 1}]}]
    assert lines(order_status=101, logistics_info=parcels)[0][0].shipped_quantity == 1


def test_a_refund_before_shipping_is_read():
    after = {"after_sale_status": 12, "after_sale_type": 2, "refund_status": 3}
    (line,), _ = lines({"after_sale_info": after}, order_status=4, main_status=21)
    found = (line.after_sale_type, line.after_sale_status, line.refund_status, line.main_status)
    assert found == (2, 12, 3, 21)


def test_buyers_data_is_never_read():
    secret = "张三-13800138000"
    personal = dict.fromkeys(
        (
            "encrypt_post_tel",
            "encrypt_post_receiver",
            "post_tel",
            "post_receiver",
            "mask_post_tel",
            "buyer_words",
            "doudian_open_id",
            "open_id",
            "user_nick_name",
        ),
        secret,
    )
    personal |= {
        "post_addr": {"encrypt_detail": secret, "province": {"name": secret}},
        "user_id_info": {"encrypt_id_card_no": secret},
    }
    found, problems = lines(dict(personal), **personal)
    assert secret not in repr((found, problems))


def test_skus_carry_name_properties_category_and_price():
    product = {
        "product_id": 3600000000000000001,
        "name": "冻干草莓脆",
        "create_time": 5,
        "category_detail": {"first_cname": "食品", "third_cname": "零食", "fourth_cname": ""},
    }
    row = {
        "id": 1790000000000000001,
        "code": "LS-1",
        "price": 1990,
        "stock_num": 7,
        "sell_properties": [{"property_name": "规格", "value_name": "50g"}],
    }
    (sku,), problems = parse.shop_skus(product, [row, {"code": "x"}][:1], "s")
    assert (sku.name, sku.category, sku.price_fen, sku.stock) == ("冻干草莓脆 50g", "零食", 1990, 7)
    assert problems == []
    assert len(parse.shop_skus(product, [{"code": "x"}], "s")[1]) == 1


@pytest.mark.parametrize(
    ("status", "main_status", "paid"),
    [(1, 1, False), (4, 4, False), (103, 103, False), (105, 105, True), (2, 2, True),
     (101, 101, True), (3, 3, True), (5, 5, True), (4, 21, True), (4, 22, True), (4, 39, True)],
)  # fmt: skip
def test_a_paid_line_whose_pay_time_is_left_out_counts_as_paid_when_created(
    status, main_status, paid
):
    (line,), problems = lines(order_status=status, main_status=main_status, pay_time=None)
    assert line.paid_at == (ORDER["create_time"] if paid else None)
    assert ("pay_time" in {p.column for p in problems}) is paid


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"order_status": 1, "reduce_stock_type": None}, "reduce_stock_type"),
        ({"order_status": 101}, "logistics_info"),
        ({"order_status": 3}, "ship_time"),
        ({"order_status": 4}, "main_status"),
    ],
)
def test_what_stands_in_for_a_field_left_out_is_said_once_for_all_rows(changes, column):
    one, other = (lines(changes, order_id=n)[1] for n in (1, 2))
    assert [p.column for p in one] == [column]
    assert one == other


def test_an_answer_with_nothing_left_out_says_nothing():
    assert lines(order_status=2)[1] == []
    assert lines({"ship_time": 1}, order_status=3)[1] == []


SALE = {
    "aftersale_info": {
        "aftersale_id": "7100000000000000001",
        "aftersale_status": 7,
        "aftersale_type": 0,
        "refund_status": 1,
        "aftersale_num": 1,
        "apply_time": 1700000000,
        "update_time": 1700000500,
    },
    "order_info": {
        "shop_order_id": 6917000000000000001,
        "related_order_info": [{"sku_order_id": 6917000000000000002, "item_num": 2}],
    },
}


def sales(lines=None, **info):
    order = SALE["order_info"] | ({"related_order_info": lines} if lines else {})
    item = {"aftersale_info": SALE["aftersale_info"] | info, "order_info": order}
    return parse.after_sales(item, "s")


def test_an_after_sale_is_read_with_text_ids():
    (sale,), problems = sales()
    assert (sale.after_sale_id, sale.line_id) == ("7100000000000000001", "6917000000000000002")
    assert (sale.kind, sale.status, sale.quantity, sale.updated_at) == (0, 7, 1, 1700000500)
    assert (sale.order_id, sale.applied_at, problems) == ("6917000000000000001", 1700000000, [])


@pytest.mark.parametrize(
    ("line", "info", "units"),
    [
        ({"aftersale_item_num": 3, "item_num": 5}, {"aftersale_num": 2}, 3),
        ({"item_num": 5}, {"aftersale_num": 2}, 2),
        ({"item_num": 5}, {"aftersale_num": None}, 5),
        ({}, {"aftersale_num": 0}, 1),
    ],
)
def test_the_units_come_from_the_nearest_field(line, info, units):
    (sale,), _ = sales([{"sku_order_id": 9} | line], **info)
    assert sale.quantity == units


def test_units_that_are_a_guess_are_said_and_leave_room_for_the_news_that_tells_them():
    (guess,), (problem,) = sales([{"sku_order_id": 9, "item_num": 5}], aftersale_num=None)
    (told,), problems = sales([{"sku_order_id": 9, "item_num": 5, "aftersale_item_num": 2}])
    assert (guess.quantity, guess.updated_at) == (5, told.updated_at)
    assert problem.column == "aftersale_item_num"
    assert problems == []
    assert after_sale_rank(guess) < after_sale_rank(told)


@pytest.mark.parametrize("field", ["aftersale_type", "aftersale_status"])
def test_a_value_nobody_knows_is_named_and_ranks_below_any_that_is_known(field):
    (strange,), (problem,) = sales(**{field: 777})
    (known,), _ = sales()
    assert (problem.column, "777" in problem.found) == (field, True)
    assert after_sale_rank(strange) < after_sale_rank(known)


def test_an_after_sale_of_several_lines_is_one_each():
    found, _ = sales([{"sku_order_id": 8, "item_num": 1}, {"sku_order_id": 9, "item_num": 1}])
    assert [(s.after_sale_id[-2:], s.line_id) for s in found] == [("-8", "8"), ("-9", "9")]


def test_what_an_exchange_sends_instead_is_read():
    (sale,), _ = sales([{"sku_order_id": 9, "exchange_sku_info": {"sku_id": 1790000000000000009}}])
    assert sale.shop_sku_id == "1790000000000000009"


@pytest.mark.parametrize(
    "info",
    [{"aftersale_id": 7.1e18}, {"aftersale_type": None}, {"update_time": 0},
     {"aftersale_status": ""}],
)  # fmt: skip
def test_a_bad_after_sale_is_named_and_skipped(info):
    found, (problem,) = sales(**info)
    assert found == []
    assert problem.where == "afterSale.List"


def test_what_has_no_lines_is_named():
    for found, (problem,) in (
        parse.after_sales({}, "s"),
        parse.after_sales({"aftersale_info": None, "order_info": None}, "s"),
        parse.order_lines(ORDER | {"sku_order_list": None}, "s"),
        parse.order_lines({"order_id": "1"}, "s"),
    ):
        assert found == []
        assert "明细" in problem.found
