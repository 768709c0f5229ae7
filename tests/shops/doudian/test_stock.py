"""The shop's stock fields, and increments: what is asked, and what each answer means."""

import pytest

from stockbook.domain.problems import ShopRefused, ShopUnavailable
from stockbook.domain.records import REPEATED, ChangeResult, ChangeState, StockChange
from stockbook.shops.doudian.stock import add_stock, shop_stocks
from stockbook.shops.doudian.transport import RepeatedError, refusal

PRODUCT = {"product_id": 36}
FULL = {
    "id": 17, "code": "A", "stock_num": 5, "prom_stock_num": 2, "prehold_stock_num": 1,
    "step_stock_num": 0, "sku_type": 0, "stock_map": None,
}  # fmt: skip
CHANGES = [StockChange("17", "36", "", 5, 3), StockChange("18", "36", "GZ", -2, 4)]


def read(**fields):
    row = {name: value for name, value in (FULL | fields).items() if value is not ...}
    (stock,), problems = shop_stocks(PRODUCT, [row])
    return stock, problems


def test_every_field_is_read():
    stock, problems = read(sku_type=1, stock_map={"GZ": "3", "SZ": 2})
    assert (stock.shop_sku_id, stock.product_id, stock.sku) == ("17", "36", "A")
    assert (stock.spot, stock.activity, stock.prehold, stock.step) == (5, 2, 1, 0)
    assert stock.by_warehouse
    assert stock.houses == (("GZ", 3), ("SZ", 2))
    assert problems == []


@pytest.mark.parametrize(
    "name", ["stock_num", "prom_stock_num", "sku_type", "prehold_stock_num", "step_stock_num"]
)
def test_a_field_that_is_missing_is_said(name):
    stock, problems = read(**{name: ...})
    assert stock.missing == (name,)
    assert [problem.column for problem in problems] == [name]


def test_stock_by_warehouse_without_the_warehouses_is_missing():
    stock, problems = read(sku_type=1, stock_map={"GZ": None})
    assert stock.missing == ("stock_map",)
    assert [problem.column for problem in problems] == ["stock_map"]


def test_a_row_without_an_id_is_a_problem_and_the_rest_is_read():
    found, problems = shop_stocks(PRODUCT, [FULL | {"id": 1.7e18}, FULL])
    assert [stock.shop_sku_id for stock in found] == ["17"]
    assert [problem.where for problem in problems] == ["sku.list"]


class Platform:
    """Answers as told, and remembers what it was asked."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def __call__(self, method, params):
        self.asked.append((method, params))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def refused(code, sub):
    return refusal("sku.syncStock", {"code": code, "sub_code": sub, "msg": "不行"})


def test_req_10_a_request_is_incremental_with_its_id_and_names_warehouses_only_where_kept():
    platform = Platform({"results": [{"sku_id": 17, "status_code": 0},
                                     {"sku_id": 18, "status_code": 0}]})  # fmt: skip
    assert add_stock(platform, CHANGES, "id-1") == [ChangeResult(ChangeState.DONE)] * 2
    ((method, params),) = platform.asked
    assert method == "sku.syncStockBatchMultiProducts"
    assert params["incremental"] is params["allow_partial_success"] is True
    assert params["idempotent_id"] == "id-1"
    assert [item["stock_num"] for item in params["items"]] == [5, -2]
    assert [item.get("out_warehouse_id") for item in params["items"]] == [None, "GZ"]


@pytest.mark.parametrize(
    ("code", "sub"),
    [
        (40004, "isv.parameter-invalid:40010"),
        (50002, "isv.business-failed:2010021"),
        (50002, "isv.business-failed:-20002"),
        (40003, "isv.idempotent-id-existed"),
    ],
)
def test_req_10_a_repeated_id_in_any_of_its_faces_means_done(code, sub):
    error = refused(code, sub)
    assert isinstance(error, RepeatedError)
    done = ChangeResult(ChangeState.DONE, REPEATED)
    assert add_stock(Platform(error), CHANGES, "id-1") == [done] * 2


def test_each_item_has_its_own_answer_and_a_shop_that_has_too_little_is_told_apart():
    rows = [{"sku_id": 18, "status_code": -20001, "status_message": "库存不足"},
            {"sku_id": 17, "status_code": -40002, "status_message": "封禁"}]  # fmt: skip
    first, second = add_stock(Platform({"results": rows}), CHANGES, "id-1")
    assert (first.state, first.short) == (ChangeState.REFUSED, False)
    assert "封禁" in first.answer
    assert (second.state, second.short) == (ChangeState.REFUSED, True)


def test_where_the_shop_takes_none_together_each_goes_alone_with_an_id_that_stays_its_own():
    platform = Platform(refused(30001, "isv.permission"), {},
                        refused(50002, "isv.business-failed:2010012"))  # fmt: skip
    first, second = add_stock(platform, CHANGES, "id-1")
    assert first.state == ChangeState.DONE
    assert second.short
    ids = [params["idempotent_id"] for method, params in platform.asked[1:]]
    assert ids == ["id-1.17", "id-1.18.GZ"]
    assert all(params["incremental"] is True for _, params in platform.asked)


def test_what_was_sent_before_is_never_sent_one_by_one():
    platform = Platform(refused(30001, "isv.permission"))
    with pytest.raises(ShopRefused):
        add_stock(platform, CHANGES, "id-1", again=True)
    assert len(platform.asked) == 1


def test_an_answer_that_is_not_definite_is_no_answer():
    with pytest.raises(ShopUnavailable):
        add_stock(Platform(ShopUnavailable("超时")), CHANGES, "id-1")


def test_a_change_that_the_answer_forgets_is_not_taken_for_certain():
    platform = Platform({"results": [{"sku_id": 17, "status_code": 0}]})
    first, second = add_stock(platform, CHANGES, "id-1")
    assert first == ChangeResult(ChangeState.DONE)
    assert second == ChangeResult(ChangeState.DONE, REPEATED)
