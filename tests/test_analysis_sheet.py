"""数据分析 from the shop to the sheet: what stands there is what the shop's orders add up to."""

import pytest

from stockbook import actions
from stockbook.domain.clock import DAY, day_of, midnight
from stockbook.domain.problems import ShopError
from stockbook.workbook.analysis_blocks import FIELDS
from stockbook.workbook.book import BlockChange, Changes
from stockbook.workbook.closed_book import ClosedBook
from tests.practice import practice


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with practice(tmp_path_factory.mktemp("shop"), skus=8, days=40) as at:
        yield at


def cells(at, name):
    return ClosedBook(at.path).read_block(name)


def test_revenue_and_units_are_those_of_the_shops_own_orders(shop):
    end = midnight(day_of(shop.simulation.now))
    paid = [o for o in shop.simulation.orders.values() if end - 28 * DAY <= o.paid_at < end]
    lines = [line for order in paid for line in order.lines]
    labels, values, _ = cells(shop, "sb_an_cards")
    assert labels[0] == "近 28 天销售额（元）"
    assert values[0] == pytest.approx(sum(line.amount_fen for line in lines) / 100)
    assert values[2] == sum(line.quantity for line in lines)
    days = [row[1] for row in cells(shop, "sb_an_daily") if row[1] is not None]
    assert sum(days[-28:]) == pytest.approx(values[0])
    hours = [row[1] for row in cells(shop, "sb_an_hourly")]
    assert sum(hours) * 28 == pytest.approx(values[2])


def test_every_field_has_its_sentence(shop):
    said = [
        cell for i in range(1, len(FIELDS) // 2 + 1) for cell in cells(shop, f"sb_an_said{i}")[0]
    ]
    assert len([text for text in said if text]) >= len(FIELDS) - 3


def traffic(folder, simulation, name="流量.csv"):
    item = simulation.items[0]
    rows = [f"{day_of(simulation.now - d * DAY)},{item.product_id},{item.name},1000,{d}"
            for d in range(1, 10)]  # fmt: skip
    path = folder / name
    path.write_text("日期,商品ID,商品名称,访客数,成交人数\n" + "\n".join(rows), "gbk")
    return path


def test_traffic_comes_in_by_the_same_button_and_twice_is_once(shop, tmp_path):
    path = traffic(tmp_path, shop.simulation)
    report = actions.import_files(shop.path, [path], shop.run())
    assert "9" in report.notes[0]
    first = cells(shop, "sb_an_conversion")[0]
    assert (first[2], first[3]) == (9000, pytest.approx(45 / 9000))
    assert actions.import_analysis(shop.path, [path], shop.run()).cells == 0
    assert cells(shop, "sb_an_conversion")[0] == first


def test_a_dry_run_keeps_nothing(shop, tmp_path):
    path = tmp_path / "画像.csv"
    path.write_text("性别,占比\n女,70%\n男,30%", "utf-8")
    actions.import_analysis(shop.path, [path], shop.run(), dry_run=True)
    shop.refresh()
    assert cells(shop, "sb_an_audience")[0] == [None, None]
    actions.import_analysis(shop.path, [path], shop.run())
    assert cells(shop, "sb_an_audience")[:2] == [["女", 0.7], ["男", 0.3]]


def test_order_and_analysis_files_are_not_mixed_and_nothing_is_posted(shop, tmp_path):
    orders = tmp_path / "订单.csv"
    orders.write_text("主订单编号,子订单编号,商品数量,订单状态\n1,2,3,待发货", "utf-8")
    with pytest.raises(ShopError, match="分开导入"):
        actions.import_files(shop.path, [orders, traffic(tmp_path, shop.simulation)], shop.run())


def test_the_chosen_sku_is_split_at_the_next_run(shop):
    item = shop.simulation.items[1]
    ClosedBook(shop.path).apply(Changes((), (BlockChange("sb_an_choice", [[item.sku]]),)))
    actions.recompute(shop.path, shop.run())
    said = cells(shop, "sb_an_said5")[0][0]
    assert said.startswith(f"{item.name} {item.variant}"[:10])
