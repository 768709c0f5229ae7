"""Answers as the platform sends them: ids as int or text, fields missing, personal data inside."""

import pytest

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
