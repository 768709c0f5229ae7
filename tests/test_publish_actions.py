"""stockbook reconcile and publish, with a workbook: what they write, say and never do."""

import json

import pytest
from typer.testing import CliRunner

from stockbook import actions, demo, publish_actions
from stockbook.cli import app
from stockbook.shops.sandbox.server import serve
from stockbook.shops.sandbox.simulation import ShopSimulation
from stockbook.workbook.book import Changes, TableChange
from stockbook.workbook.closed_book import ClosedBook
from tests.practice import NOW, Practice

INSTANT = "2026-12-10T10:10:00+08:00"


@pytest.fixture
def shop(tmp_path):
    simulation = ShopSimulation(seed=3, skus=12, days=20, now=NOW, gated=True)
    path, data = tmp_path / "店 铺.xlsm", tmp_path / "data"
    with serve(simulation) as sandbox, demo.environment(sandbox, data):
        at = Practice(sandbox, simulation, path, data)
        actions.new(path)
        actions.pull(path, at.run())
        demo.enter_what_people_know(path, simulation)
        setting(path, "publish.settle_seconds", 0)
        actions.recompute(path, at.run())
        yield at


def setting(path, name, value):
    row = {"setting": name, "value": value}
    ClosedBook(path).apply(Changes((TableChange("setting", [row], columns=("value",)),)))


def rows(path):
    return [row.cells for row in ClosedBook(path).read_table("shop_stock")]


def spots(at):
    return {i.sku: at.simulation.stock.figures[i.index].spot for i in at.simulation.items}


def drop(at, units=5):
    """Someone lowers what the shop shows; returns the SKU."""
    item = next(i for i in at.simulation.items if at.simulation.free(i) > 2 * units)
    at.post("stock", {"sku": item.sku, "stock_num": at.simulation.free(item) - units})
    return item


def test_req_10_without_apply_nothing_is_sent_and_it_says_so(shop):
    item = drop(shop)
    before = spots(shop)
    done = CliRunner().invoke(app, ["publish", str(shop.path), "--now", INSTANT])
    assert done.exit_code == 0, done.output
    assert "店铺没有任何改动" in done.output
    assert spots(shop) == before
    assert shop.simulation.stock.changes == []
    first = rows(shop.path)[0]
    assert (first["sku"], first["step"], first["difference"]) == (item.sku, 5, -5)
    assert first["result"] == "只是预览，没有发"


def test_req_10_with_apply_the_shop_shows_what_may_be_sold(shop):
    item = drop(shop)
    done = CliRunner().invoke(
        app, ["publish", str(shop.path), "--apply", "--json", "--now", INSTANT]
    )
    assert done.exit_code == 0, done.output
    report = json.loads(done.output)
    assert (report["applied"], report["done"], report["refused"]) == (True, 1, 0)
    assert spots(shop)[item.sku] == shop.simulation.free(item)
    assert rows(shop.path)[0]["result"] == "✓ 已发布"
    again = CliRunner().invoke(app, ["publish", str(shop.path), "--apply", "--now", INSTANT])
    assert "0 项成功" in again.output
    assert len(shop.simulation.stock.changes) == 1


def test_req_10_a_daily_reconciliation_lists_every_platform_sku(shop):
    item = drop(shop)
    done = CliRunner().invoke(app, ["reconcile", str(shop.path), "--json", "--now", INSTANT])
    assert done.exit_code == 0, done.output
    report = json.loads(done.output)
    assert len(report["rows"]) == 12 == len([row for row in rows(shop.path) if row["sku"]])
    assert report["differ"] == 1
    assert [row["sku"] for row in report["rows"] if row["difference"]] == [item.sku]
    assert shop.simulation.stock.changes == []


def test_the_undoing_of_a_publishing_is_a_preview_too_until_it_is_applied(shop):
    item = drop(shop)
    publish_actions.publish(shop.path, shop.run(), apply=True)
    report = publish_actions.publish(shop.path, shop.run(), undo=True)
    assert report.rows[0]["step"] == -5
    assert spots(shop)[item.sku] == shop.simulation.free(item)
    publish_actions.publish(shop.path, shop.run(), undo=True, apply=True)
    assert spots(shop)[item.sku] == shop.simulation.free(item) - 5


def test_an_own_buffer_on_the_sku_sheet_wins_over_the_setting(shop):
    item, other = [i for i in shop.simulation.items if shop.simulation.free(i) > 20][:2]
    setting(shop.path, "publish.buffer_units", 3)
    row = {"sku": item.sku, "publish_buffer": 7}
    change = TableChange("sku", [row], columns=("publish_buffer",))
    ClosedBook(shop.path).apply(Changes((change,)))
    publish_actions.publish(shop.path, shop.run(), apply=True)
    assert spots(shop)[item.sku] == shop.simulation.free(item) - 7
    assert spots(shop)[other.sku] == shop.simulation.free(other) - 3


def test_a_bad_buffer_is_a_problem_and_the_setting_holds(shop):
    item = next(i for i in shop.simulation.items if shop.simulation.free(i) > 20)
    row = {"sku": item.sku, "publish_buffer": "三件"}
    change = TableChange("sku", [row], columns=("publish_buffer",))
    ClosedBook(shop.path).apply(Changes((change,)))
    report = publish_actions.publish(shop.path, shop.run())
    assert any(problem.found == "三件" for problem in report.problems)
    assert report.steps == 0


def test_the_sheet_is_written_in_english_too(tmp_path):
    simulation = ShopSimulation(seed=3, skus=6, days=20, now=NOW, gated=True)
    path = tmp_path / "shop.xlsx"
    with serve(simulation) as sandbox, demo.environment(sandbox, tmp_path / "data"):
        at = Practice(sandbox, simulation, path, tmp_path / "data")
        actions.new(path, language="en")
        setting(path, "publish.settle_seconds", 0)
        report = publish_actions.publish(path, at.run(), apply=True)
        assert report.left_alone == 6
        assert {row["result"] for row in rows(path)} == {"left alone"}
        assert all("never counted" in row["cause"] for row in rows(path))
        assert at.simulation.stock.changes == []
