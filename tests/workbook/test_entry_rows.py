"""收货与盘点 as people fill it in: numbers, copies, mistakes, and runs that end in between."""

import datetime as dt
import shutil

import pytest

from stockbook import intake
from stockbook.domain.clock import instant
from stockbook.domain.records import ShopSku
from stockbook.store.ledger_store import LedgerStore
from stockbook.workbook.book import Changes, TableChange
from stockbook.workbook.history import History
from stockbook.workbook.inputs import read_inputs
from stockbook.workbook.ledger_rows import entry_status
from stockbook.workbook.sheets import sheet
from stockbook.workbook.undo import KeptBook, undo

NOW = 1796868600  # 2026-12-10 10:10 in Beijing
AT = dt.datetime(2026, 12, 9, 9, 30)
INPUTS = tuple(c.key for c in sheet("entry").columns if c.role == "input")
pytestmark = pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning:openpyxl")


class Shop:
    """A workbook with two SKUs, and its ledger."""

    def __init__(self, house, folder):
        self.house = house
        self.ledger = LedgerStore.open(folder / "l.sqlite")
        self.ledger.map_skus([ShopSku("s", "9", "p", "A"), ShopSku("s", "8", "p", "007")], 0)
        rows = [{"sku": sku, "name": sku} for sku in ("A", "007")]
        self.house.book().apply(Changes((TableChange("sku", rows, columns=()),)))

    def type(self, *rows):
        """Fill in the first rows of the sheet; numbers stay as they are."""
        typed = [{key: row.get(key) for key in INPUTS} for row in rows]
        change = TableChange("entry", typed, by_position=True, columns=INPUTS)
        self.house.book().apply(Changes((change,)))

    def number(self, row, value):
        """Type a number over a row's own, as pasting a whole row does."""
        self.house.put("tblEntry", "编号", row, value)

    def take(self, book=None):
        book = book or self.house.book()
        inputs = read_inputs(book, shop_id="s", now=NOW)
        inputs, problems = intake.take_entries(book, self.ledger, inputs, NOW)
        return [*inputs.problems, *problems], inputs

    def free(self, sku="A"):
        rows = self.ledger.positions().set_index("sku")
        return int(rows.loc[sku, "free"])

    def numbers(self):
        return [row.cells["entry_id"] for row in self.house.book().read_table("entry")]


@pytest.fixture
def shop(house, tmp_path):
    made = Shop(house, tmp_path)
    yield made
    made.ledger.close()


def told(shop):
    """What the sheet says of each row."""
    _, inputs = shop.take()
    counts = {(c.sku, c.warehouse, c.at): c for c in shop.ledger.stock(NOW).counts}
    return [entry_status(row, counts) for row in inputs.entries]


def receipt(units=10, **more):
    return {"at": AT, "kind": "收货", "sku": "A", "units": units} | more


def test_each_row_gets_a_number_and_is_posted_once(shop):
    shop.type(receipt(), receipt(5, sku="007", reference="00123"))
    problems, _ = shop.take()
    assert problems == []
    first = shop.numbers()
    assert len(set(first)) == 2
    assert all(len(n) == 8 and n.isalpha() for n in first)
    assert (shop.free(), shop.free("007")) == (10, 5)
    shop.take()
    assert shop.numbers() == first
    assert (shop.free(), shop.free("007")) == (10, 5)
    assert {e.reference for e in shop.ledger.entries("s").values()} == {"", "00123"}


def test_a_changed_row_posts_its_difference_and_a_void_one_nothing(shop):
    shop.type(receipt(10))
    shop.take()
    shop.type(receipt(12, defective=2))
    shop.take()
    assert shop.free() == 10
    shop.type(receipt(12) | {"kind": "作废"})
    shop.take()
    assert shop.free() == 0
    assert shop.ledger.audit() == []


def test_a_row_copied_with_its_number_is_a_new_one(shop):
    shop.type(receipt(10), receipt(3))
    shop.take()
    shop.number(6, shop.numbers()[0])
    shop.take()
    first, second = shop.numbers()
    assert first != second
    assert shop.free() == 13 + 0  # the copy takes its old entry's place: it says the same
    shop.type(receipt(10), receipt(10))
    shop.number(6, first)
    shop.take()
    assert shop.free() == 20 + 3  # …and when it does not, the row that is gone stays posted


def test_two_rows_that_say_the_same_are_two(shop):
    shop.type(receipt(10), receipt(10))
    shop.take()
    assert shop.free() == 20


def test_deleting_a_row_undoes_nothing_and_typing_it_again_doubles_nothing(shop):
    shop.type(receipt(10))
    shop.take()
    shop.type({})
    shop.number(5, None)
    shop.take()
    assert shop.free() == 10
    shop.type(receipt(10))
    shop.take()
    assert shop.free() == 10


def test_a_run_killed_between_numbering_and_posting_posts_once(shop, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    shop.type(receipt(10))
    with monkeypatch.context() as patch:
        patch.setattr(LedgerStore, "post_entries", killed)
        with pytest.raises(KeyboardInterrupt):
            shop.take()
    assert shop.numbers()[0]
    assert shop.ledger.entries("s") == {}
    shop.take()
    shop.take()
    assert shop.free() == 10


def test_a_workbook_closed_without_saving_posts_nothing_twice(shop, tmp_path):
    """Two equal rows and one of its own: all find their entries again."""
    shop.type(receipt(10), receipt(10), receipt(4, reason="其他"))
    shop.take()
    before = sorted(shop.numbers())
    for row in (5, 6, 7):
        shop.number(row, None)
    shop.take()
    assert sorted(shop.numbers()) == before
    assert shop.free() == 24


def test_undo_leaves_the_numbers_of_posted_rows(shop, tmp_path):
    shop.type(receipt(10))
    book = shop.house.book()
    kept = KeptBook(book, History(tmp_path, "b1", book.path), "recompute", NOW)
    _, inputs = shop.take(kept)
    number = inputs.entries[0].entry_id
    row = {"entry_id": number, "status": "已记账", "name": "A"}
    kept.apply(Changes((TableChange("entry", [row]),)))
    book = shop.house.book()
    undo(book, History(tmp_path, "b1", book.path))
    assert shop.numbers() == [number]
    assert shop.house.book().read_table("entry")[0].cells["status"] in (None, "")


BAD = {
    "no type": (receipt(kind=None), "类型", "空"),
    "unknown type": (receipt(kind="进货"), "类型", "进货"),
    "no time": (receipt(at=None), "时间", "空"),
    "a time of two readings": (receipt(at="03/04/2026"), "时间", "03/04/2026"),
    "tomorrow": (receipt(at=AT + dt.timedelta(days=2)), "时间", "2026-12-11 09:30"),
    "unknown SKU": (receipt(sku="B"), "商家编码", "B"),
    "no SKU": (receipt(sku=None), "商家编码", "空"),
    "no units": (receipt(units=None), "数量", "空"),
    "negative units": (receipt(units=-3), "数量", "-3"),
    "half a unit": (receipt(units=2.5), "数量", "2.5"),
    "words for units": (receipt(units="十件"), "数量", "十件"),
    "more defective than came": (receipt(defective=11), "其中次品", "11"),
    "a transfer to nowhere": (receipt(kind="调拨"), "调入仓库", "空"),
    "a correction without a reason": (receipt(kind="调整"), "原因", "空"),
    "a time without a day": (receipt(at=dt.datetime(1899, 12, 31, 9, 30)), "时间", "1899"),
    "a warehouse nobody named": (receipt(warehouse="北仓"), "仓库", "北仓"),
    "a document that lost digits": (receipt(reference=6.9123456789012e18), "单号", "6.9"),
    "defects of a correction": (receipt(kind="调整", reason="其他", defective=1), "其中次品", "1"),
    "a comma in the wrong place": (receipt(units="1,5"), "数量", "1,5"),
    "a void row that never was": (receipt(kind="作废"), "类型", "作废"),
    "a correction of nothing": (receipt(kind="调整", units=0, reason="其他"), "数量", "0"),
}


def test_a_warehouse_that_is_kept_apart_has_stock_of_its_own(shop):
    rows = [{"setting": "shop.warehouses", "value": "北仓、南仓"}]
    shop.house.book().apply(Changes((TableChange("setting", rows, columns=("value",)),)))
    shop.type(
        receipt(10),
        receipt(6, warehouse="北仓"),
        receipt(2, kind="调拨", warehouse="北仓", to_warehouse="南仓"),
        receipt(1, kind="调拨", warehouse="南仓"),
    )
    assert shop.take()[0] == []
    free = shop.ledger.positions().set_index(["sku", "warehouse"])["free"].to_dict()
    assert {house: n for (sku, house), n in free.items() if sku == "A"} == {
        "": 11, "北仓": 4, "南仓": 1,
    }  # fmt: skip


def test_a_posted_count_stands_whatever_order_the_rows_are_sorted_into(shop):
    count = receipt(40, kind="盘点")
    shop.type(count)
    shop.take()
    first = shop.numbers()[0]
    shop.type(count | {"units": 30}, count)
    shop.number(5, None)
    shop.number(6, first)
    (problem,) = shop.take()[0]
    assert (problem.row, "第 6 行" in problem.fix, shop.free()) == (5, True, 40)


@pytest.mark.parametrize("case", BAD)
def test_a_bad_row_is_named_and_the_others_are_posted(shop, case):
    row, column, found = BAD[case]
    shop.type(receipt(1), row, receipt(2))
    problems, inputs = shop.take()
    (problem,) = problems
    assert (problem.where, problem.row, problem.column) == ("收货与盘点", 6, column)
    assert found in problem.found
    assert problem.fix
    assert shop.free() == 3
    assert [e.entry is None for e in inputs.entries] == [False, True, False]


def test_a_posted_row_that_becomes_wrong_keeps_what_was_posted(shop):
    shop.type(receipt(10))
    shop.take()
    shop.type(receipt("很多"))
    problems, _ = shop.take()
    assert len(problems) == 1
    assert shop.free() == 10
    assert told(shop) == ["✗ 仍按原来的（收货 10），见 问题"]
    shop.type(receipt() | {"kind": "作废"})
    assert told(shop) == ["已作废"]


def test_a_row_that_was_emptied_says_how_to_void_it(shop):
    shop.type(receipt(10))
    shop.take()
    shop.type({})
    (problem,) = shop.take()[0]
    assert "作废" in problem.fix
    assert shop.free() == 10


def test_a_time_typed_as_text_is_read_where_it_can_be_read_in_one_way(shop):
    shop.type(receipt(at="2026-12-09 09:30"))
    assert shop.take()[0] == []
    (entry,) = shop.ledger.entries("s").values()
    assert entry.effective_at == instant(AT)


def test_two_counts_of_one_instant_are_not_both_believed(shop):
    count = receipt(40, kind="盘点")
    shop.type(count, count | {"units": 30})
    (problem,) = shop.take()[0]
    assert (problem.row, "第 5 行" in problem.fix) == (6, True)
    assert shop.free() == 40


def test_a_kit_has_no_stock_to_receive(shop):
    rows = [{"shop_sku_id": "9", "code": "A", "parts": "007×2"}]
    change = TableChange("sku_map", rows, columns=("code", "parts"))
    shop.house.book().apply(Changes((change,)))
    shop.type(receipt())
    problems, _ = shop.take()
    assert [p.found for p in problems] == ["A"]
    assert "组成" in problems[0].fix


def test_the_state_of_every_row_is_told(shop):
    count = receipt(40, kind="盘点")
    later = count | {"at": AT + dt.timedelta(hours=3), "units": 38}
    shop.type(receipt(), count, later, receipt(sku="B"), receipt() | {"kind": "作废"})
    assert told(shop) == [
        "已记账，在盘点之前，库存以盘点为准", "已记账，第一次盘点", "已记账，差异 -2，请填原因",
        "✗ 没有记账，见 问题", "✗ 没有记账，见 问题",
    ]  # fmt: skip


def test_a_copy_of_the_workbook_gives_other_numbers(shop, tmp_path):
    """Copies share the ledger: a row added in each must not become one."""
    shop.type(receipt(10))
    shop.take()
    other = tmp_path / "copy.xlsm"
    shutil.copy(shop.house.saved(tmp_path), other)
    shop.type(receipt(10), receipt(1))
    shop.take()
    copy = Shop.__new__(Shop)
    copy.house, copy.ledger = type(shop.house)(other), shop.ledger
    copy.type(receipt(10), receipt(2))
    copy.take()
    assert shop.free() == 13
