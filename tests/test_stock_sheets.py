"""收货与盘点, 库存流水 and 追溯 through the whole line: typed, refreshed, shown, taken back."""

import datetime as dt

import pytest

from stockbook import actions
from stockbook.domain.clock import beijing, instant
from stockbook.domain.problems import StoreError, WorkbookError
from stockbook.workbook.book import BlockChange, Changes, TableChange
from stockbook.workbook.closed_book import ClosedBook
from stockbook.workbook.sheets import MOST_FILES, sheet
from tests.practice import a_run, any_unit, practice

INPUTS = tuple(c.key for c in sheet("entry").columns if c.role == "input")
HEADER = "主订单编号,子订单编号,商品数量,商家编码,订单提交时间,支付完成时间,订单状态"


@pytest.fixture
def fresh(tmp_path):
    with practice(tmp_path, skus=10, days=20) as at:
        yield at


def enter(path, *rows):
    typed = [{key: row.get(key) for key in INPUTS} for row in rows]
    change = TableChange("entry", typed, by_position=True, columns=INPUTS)
    ClosedBook(path).apply(Changes((change,)))


def rows(path, name):
    return [row.cells for row in ClosedBook(path).read_table(name)]


def stock(at):
    return {row["sku"]: row for row in at.stock()}


def test_what_is_received_is_sold_from_and_the_row_says_so(fresh):
    sku = next(iter(stock(fresh)))
    before, now = stock(fresh)[sku], beijing(fresh.simulation.now)
    came = {"at": now - dt.timedelta(hours=2), "sku": sku}
    enter(
        fresh.path,
        came | {"kind": "收货", "units": 120, "defective": 20, "reference": "00017"},
        came | {"kind": "拒收退回", "units": 1},
        came | {"kind": "调整", "units": -1, "reason": "破损"},
        came | {"kind": "收货", "units": "一箱"},
    )
    report = fresh.refresh()
    after = stock(fresh)[sku]
    assert after["free"] - before["free"] == 100
    assert after["defective"] - before["defective"] == 20
    assert [p.row for p in report.problems] == [8]
    table = rows(fresh.path, "entry")
    assert [row["status"] for row in table] == ["已记账"] * 3 + ["✗ 没有记账，见 问题"]
    assert all(row["name"] for row in table[:3])
    assert fresh.refresh().cells == 0
    assert actions.audit(fresh.path) == []


def test_pulled_orders_still_equal_the_truth_beside_what_people_entered(fresh):
    sku = next(iter(stock(fresh)))
    came = {"at": beijing(fresh.simulation.now), "sku": sku, "kind": "收货", "units": 50}
    enter(fresh.path, came)
    fresh.refresh()
    fresh.post("clock", {"advance_seconds": 3 * 86_400})
    fresh.refresh()
    truth = {row["sku"]: row for row in fresh.truth()}
    truth[sku]["free"] += 50
    assert {sku: row for sku, row in stock(fresh).items() if any_unit(row)} == truth


def test_every_skus_movements_lead_from_opening_to_closing(fresh):
    found = rows(fresh.path, "movement")
    assert {row["sku"] for row in found} == set(stock(fresh))
    columns = ("received", "returned", "shipped", "spoiled", "adjusted", "counted")
    for row in found:
        now = stock(fresh)[row["sku"]]
        assert row["closing"] == now["free"] + now["held"] + now["allocated"]
        assert row["opening"] + sum(row[name] for name in columns) == row["closing"]
        assert instant(row["since"]) == fresh.simulation.counted_at
    shipped = {
        item.sku: sum(
            units
            for order in fresh.simulation.orders.values()
            for line in order.lines
            if line.item is item
            for at, units in line.shipped
            if at > fresh.simulation.counted_at
        )
        for item in fresh.simulation.items
    }
    again = {w.line.item.sku for w in fresh.simulation.wishes.values() if w.state == "sent"}
    assert any(shipped.values())
    assert {r["sku"]: -r["shipped"] for r in found if r["sku"] not in again} == {
        sku: n for sku, n in shipped.items() if sku not in again
    }


def test_the_chosen_products_moves_come_onto_the_sheet_newest_first(fresh):
    sku = max(fresh.truth(), key=lambda row: row["customer"])["sku"]
    book = ClosedBook(fresh.path)
    book.apply(Changes(blocks=(BlockChange("sb_sku_choice", [[sku]]),)))
    report = actions.trace_sheet(fresh.path, fresh.run())
    assert sku in report.notes[0]
    table = rows(fresh.path, "trace")
    moves = actions.trace(fresh.path, sku)
    assert len(table) == min(len(moves), 500)
    assert (table[0]["sku"], table[0]["free"]) == (sku, stock(fresh)[sku]["free"])
    assert table[0]["at"] >= table[-1]["at"]
    assert {row["cause"] for row in table} <= {"订单", "盘点"}
    actions.undo(fresh.path)
    assert not any(row["sku"] for row in rows(fresh.path, "trace"))


def test_part_of_a_name_chooses_too_and_an_unknown_one_is_said(fresh):
    named = rows(fresh.path, "sku")[3]
    book = ClosedBook(fresh.path)
    book.apply(Changes(blocks=(BlockChange("sb_sku_choice", [[named["name"][2:]]]),)))
    assert named["sku"] in actions.trace_sheet(fresh.path, fresh.run()).notes[0]
    ClosedBook(fresh.path).apply(Changes(blocks=(BlockChange("sb_sku_choice", [["没有它"]]),)))
    with pytest.raises(StoreError, match="没有它"):
        actions.trace_sheet(fresh.path, fresh.run())


def picked(path, *files, count=None):
    cells = [[str(file)] for file in files] + [[None]] * (MOST_FILES - len(files))
    blocks = (
        BlockChange("sb_import_files", cells),
        BlockChange("sb_import_count", [[count or len(files)]]),
    )
    ClosedBook(path).apply(Changes(blocks=blocks))


def test_files_picked_in_the_workbook_are_imported(tmp_path, monkeypatch):
    """Without any API: what the files tell is on 商品, and waits for a count."""
    monkeypatch.setenv("STOCKBOOK_DATA", str(tmp_path / "data"))
    for name in ("APP_KEY", "APP_SECRET", "SHOP_ID"):
        monkeypatch.delenv(f"STOCKBOOK_{name}", raising=False)
    path, file = tmp_path / "店.xlsx", tmp_path / "订单 导出.csv"
    actions.new(path)
    sold = "6900000000000000001,6900000000000000001,3,A-1,2026-12-01 10:00:00,2026-12-01 10:01:00"
    file.write_text(f"{HEADER}\n{sold},待发货\n", "utf-8-sig")
    picked(path, file)
    run = a_run(instant(dt.datetime(2026, 12, 2)))
    report = actions.import_picked(ClosedBook(path), run)
    assert (report.orders, report.moves) == (1, 1)
    (row,) = [r for r in rows(path, "sku") if r["sku"]]
    assert (row["sku"], row["allocated"], row["free"]) == ("A-1", 3.0, None)
    counted = {"at": dt.datetime(2026, 12, 1, 20), "kind": "盘点", "sku": "A-1", "units": 40}
    enter(path, counted)
    actions.recompute(path, run)
    (row,) = [r for r in rows(path, "sku") if r["sku"]]
    assert (row["allocated"], row["free"], row["on_hand"]) == (3.0, 37.0, 40.0)


def test_more_files_than_there_is_room_for_are_refused(fresh):
    picked(fresh.path, "a.csv", count=MOST_FILES + 1)
    with pytest.raises(WorkbookError, match=str(MOST_FILES)):
        actions.import_picked(ClosedBook(fresh.path), fresh.run())
