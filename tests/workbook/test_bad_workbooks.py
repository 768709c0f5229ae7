"""Workbooks as people leave them: each works, or says what to do and nothing is written."""

import contextlib
import random
import re
import shutil
import warnings
from datetime import datetime

import openpyxl
import pytest
import xlwings as xw

from stockbook import settings
from stockbook.domain.problems import WorkbookError
from stockbook.workbook.book import BlockChange, Changes, TableChange
from stockbook.workbook.builder import build
from stockbook.workbook.closed.package import Package
from stockbook.workbook.closed_book import ClosedBook
from stockbook.workbook.live.excel import attach
from stockbook.workbook.live_book import LiveBook
from stockbook.workbook.sheets import labels
from tests.excel.engine import excel, opened
from tests.workbook.closed.fixtures import pack, unpack
from tests.workbook.houses import ClosedHouse, LiveHouse
from tests.workbook.test_books import alert, rows, write

pytestmark = pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning:openpyxl")
HEADERS = labels("zh")["alert"]


@pytest.fixture
def closed(tmp_path):
    path = tmp_path / "店.xlsm"
    build(path, book_id="b1", setting_rows=settings.setting_rows())
    return ClosedHouse(path)


@pytest.fixture
def live(tmp_path):
    path = tmp_path / "店.xlsm"
    build(path, book_id="b1", setting_rows=settings.setting_rows())
    return LiveHouse(path)


def sheet_of(house, name="预警"):
    return house.xl.sheets[name].impl


def shown(house):
    return [(row["sku"], row["free"]) for row in rows(house)]


# --- protected sheets ---------------------------------------------------------------


def test_a_protected_sheet_is_written_in_a_closed_file_and_stays_protected(closed):
    closed.edit(
        "tblAlert", lambda x: x.replace("</sheetData>", '</sheetData><sheetProtection sheet="1"/>')
    )
    write(closed, alert("A"))
    assert shown(closed) == [("A", 3.0)]
    closed.edit("tblAlert", lambda x: x.replace('<sheetProtection sheet="1"/>', ""))


def test_a_protected_sheet_in_excel_is_named_before_anything_is_written(live):
    write(live, alert("A"))
    sheet_of(live).protected = True
    with pytest.raises(WorkbookError, match=r"工作表 预警 受保护.*撤销工作表保护"):
        live.book().apply(
            Changes(
                [TableChange("alert", [alert("A", free=9)])], [BlockChange("sb_card1_value", [[7]])]
            )
        )
    assert live.book().read_block("sb_card1_value") == [[None]]
    assert shown(live) == [("A", 3.0)]


def test_a_protected_sheet_that_needs_no_change_is_no_obstacle(live):
    write(live, alert("A"))
    sheet_of(live).protected = True
    assert write(live, alert("A")).cells == 0


# --- filtered and sorted tables, hidden columns -----------------------------------------------


def test_a_filter_that_hides_rows_does_not_keep_values_from_them(live):
    write(live, alert("A"), alert("B"), alert("C"))
    sheet_of(live).hidden = {6}
    written = write(live, alert("A", free=7), alert("B", free=8), alert("C", free=9))
    assert shown(live) == [("A", 7.0), ("B", 8.0), ("C", 9.0)]
    assert written.miswritten == []


def test_a_sorted_table_is_written_by_its_keys(house):
    write(house, alert("A"), alert("B"), alert("C"))
    for row, code in zip((5, 6, 7), "CAB", strict=True):
        house.put("tblAlert", HEADERS["sku"], row, code)
    write(house, alert("A", free=1), alert("B", free=2), alert("C", free=3))
    assert shown(house) == [("C", 3.0), ("A", 1.0), ("B", 2.0)]


def test_hidden_columns_are_written_and_stay_hidden(closed):
    hide = re.compile(r'<col min="3" max="3"')
    closed.edit("tblAlert", lambda x: hide.sub('<col hidden="1" min="3" max="3"', x))
    write(closed, alert("A"))
    assert shown(closed) == [("A", 3.0)]
    part = unpack(closed.path)[sheet_part(closed)].decode()
    assert 'hidden="1" min="3"' in part


def sheet_part(house):
    return Package.open(house.path).table("tblAlert").sheet


# --- tables moved, renamed, gone ---------------------------------------------------------------


def test_a_table_moved_to_the_right_is_found(live):
    write(live, alert("A"))
    ws = sheet_of(live)
    (table,) = ws._tables
    top, left, bottom, right = table.box
    for store in (ws.values, ws.formats):
        moved = {
            k: store.pop(k) for k in list(store) if top <= k[0] <= bottom and left <= k[1] <= right
        }
        store.update({(row, column + 3): value for (row, column), value in moved.items()})
    table.box = (top, left + 3, bottom, right + 3)
    write(live, alert("A", free=9), alert("B", free=8))
    assert shown(live) == [("A", 9.0), ("B", 8.0)]


def test_a_renamed_sheet_is_no_obstacle(closed):
    closed.edit(
        "xl/workbook.xml",
        lambda x: x.replace('name="预警"', 'name="告警!"').replace("预警!", "'告警!'!"),
    )
    write(closed, alert("A"))
    assert shown(closed) == [("A", 3.0)]


def rename(house):
    if isinstance(house, LiveHouse):
        sheet_of(house)._tables[0]._name = "表1"
    else:
        parts = unpack(house.path)
        for name, data in parts.items():
            if name.startswith("xl/tables/"):
                parts[name] = data.replace(b'"tblAlert"', '"表1"'.encode())
        pack(house.path, parts)


def test_a_renamed_table_is_told_with_its_new_neighbours_and_the_cure(house):
    rename(house)
    with pytest.raises(WorkbookError, match=r"没有表 tblAlert；现有：.*表1.*改回 tblAlert"):
        write(house, alert("A"))


# --- names that were deleted ---------------------------------------------------------------


def forget(house, name):
    if isinstance(house, LiveHouse):
        del house.xl.impl._names[name]
    else:
        gone = re.compile(rf'<definedName name="{name}"[^>]*>[^<]*</definedName>')
        house.edit("xl/workbook.xml", lambda x: gone.sub("", x))


def test_a_deleted_block_is_told_and_the_tables_are_written(house):
    forget(house, "sb_card1_value")
    changes = Changes([TableChange("alert", [alert("A")])], [BlockChange("sb_card1_value", [[7]])])
    written = house.book().apply(changes)
    assert shown(house) == [("A", 3.0)]
    assert "sb_card1_value" in written.notes()[0]


def test_without_its_id_it_is_no_stockbook_workbook(house):
    forget(house, "sb_book_id")
    with pytest.raises(WorkbookError, match="sb_book_id"):
        house.book().book_id()


@pytest.mark.parametrize("kind", [ClosedHouse, LiveHouse])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_without_its_language_the_headers_tell(tmp_path, kind, language):
    path = tmp_path / "shop.xlsm"
    build(path, book_id="b1", language=language)
    house = kind(path)
    forget(house, "sb_language")
    assert house.book().language() == language


# --- merged cells ---------------------------------------------------------------


def test_merged_cells_below_a_table_are_not_swallowed(house):
    write(house, alert("A"), alert("B"))
    if isinstance(house, LiveHouse):
        sheet_of(house).merged.append((7, 2, 7, 4))
    else:
        merge = '</sheetData><mergeCells count="1"><mergeCell ref="B7:D7"/></mergeCells>'
        house.edit("tblAlert", lambda x: x.replace("</sheetData>", merge))
    with pytest.raises(WorkbookError, match="合并"):
        write(house, alert("A"), alert("B"), alert("C"))
    assert [code for code, _ in shown(house)] == ["A", "B"]


# --- two of one name, read-only, macro-free -----------------------------------------------------


def test_of_two_workbooks_of_one_name_the_clicked_one_is_taken(tmp_path, monkeypatch):
    paths = [tmp_path / folder / "店.xlsm" for folder in ("a", "b")]
    for path in paths:
        path.parent.mkdir()
        build(path, book_id=path.parent.name)
    excel.apps._apps.clear()
    books = [opened(path) for path in paths]
    monkeypatch.setattr(xw.engines, "active", xw.engines[excel.name])
    assert LiveBook(attach(str(paths[1]), "店.xlsm")).book_id() == "b"
    assert LiveBook(attach(str(paths[0]).upper(), "店.xlsm")).book_id() == "a"
    with pytest.raises(WorkbookError, match="不要同时打开两本同名的工作簿"):
        attach("", "店.xlsm")
    with pytest.raises(WorkbookError, match=r"找不到.*另一本.xlsm.*店.xlsm"):
        attach(str(tmp_path / "另一本.xlsm"), "另一本.xlsm")
    assert len(books) == 2


def test_a_read_only_workbook_in_excel_says_that_it_cannot_be_saved(live):
    live.xl.impl.read_only = True
    written = write(live, alert("A"))
    assert shown(live) == [("A", 3.0)]
    assert any("另存为" in note for note in written.notes())


def test_a_macro_free_copy_works_all_the_same(tmp_path):
    path = tmp_path / "副本.xlsx"
    build(path, book_id="b1")
    for house in (ClosedHouse(path), LiveHouse(path)):
        write(house, alert("A"))
        assert shown(house) == [("A", 3.0)]


def test_a_workbook_saved_as_something_else_says_what_it_is(tmp_path):
    text = tmp_path / "店.xlsm"
    text.write_text("sku,free\nA,3\n", "utf-8")
    with pytest.raises(WorkbookError, match=r"店\.xlsm"):
        ClosedBook(text)
    folder = tmp_path / "夹.xlsm"
    folder.mkdir()
    with pytest.raises(WorkbookError, match=r"夹\.xlsm"):
        ClosedBook(folder)


def test_a_copy_of_the_file_shares_the_ledger(closed):
    copy = closed.path.with_name("副本.xlsm")
    shutil.copy(closed.path, copy)
    assert ClosedBook(copy).book_id() == ClosedBook(closed.path).book_id()


# --- what an attack found ------------------------------------------------------------------------


def test_rows_of_people_keep_their_format_and_value(live):
    write(live, alert("A"), alert("B"), alert("C"))
    ws = sheet_of(live)
    _, left, _, _ = ws._tables[0].box
    reason = left + list(HEADERS.values()).index(HEADERS["reason"])
    ws.values.pop((6, left))  # no key: this row is theirs
    ws.values[6, reason], ws.formats[6, reason] = 45_000.0, "#,##0.00"
    write(live, alert("A", reason="只剩 3 件"), alert("C", reason="只剩 4 件"))
    assert (ws.values[6, reason], ws.formats[6, reason]) == (45_000.0, "#,##0.00")
    assert ws.values[7, reason] == "只剩 4 件"


def test_a_totals_row_is_no_sku_and_no_place_for_one(live):
    write(live, alert("A"), alert("B"))
    (table,) = sheet_of(live)._tables
    top, left, bottom, right = table.box
    table.box, table.totals = (top, left, bottom + 1, right), True
    sheet_of(live).values[bottom + 1, left] = "汇总"
    assert [code for code, _ in shown(live)] == ["A", "B"]
    write(live, alert("A", free=9), alert("B"))
    assert sheet_of(live).values[bottom + 1, left] == "汇总"
    with pytest.raises(WorkbookError, match="汇总行"):
        write(live, alert("A"), alert("B"), alert("C"))


def test_formulas_below_a_table_that_show_nothing_are_not_swallowed(live):
    write(live, alert("A"))
    sheet_of(live).formulas[6, 2] = '=IF($A$1="","",$A$1)'
    with pytest.raises(WorkbookError, match="第 6 行"):
        write(live, alert("A"), alert("B"))
    assert sheet_of(live).formulas[6, 2].startswith("=IF")


def test_a_file_that_openpyxl_saved_shows_numbers_as_numbers(closed):
    write(closed, alert("A", free=3, deadline=datetime(2026, 12, 10, 10, 10)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        openpyxl.load_workbook(closed.path, keep_vba=True).save(closed.path)
    (row,) = rows(closed)
    assert (row["free"], row["deadline"]) == (3.0, datetime(2026, 12, 10, 10, 10))


def test_a_damaged_file_is_one_sentence_wherever_it_is_damaged(closed):
    write(closed, *(alert(str(i)) for i in range(30)))
    whole, dice = closed.path.read_bytes(), random.Random(5)
    for _ in range(150):
        at = dice.randrange(len(whole))
        broken = bytearray(whole)
        broken[at : at + 4] = dice.randbytes(4)
        closed.path.write_bytes(bytes(broken))
        with contextlib.suppress(WorkbookError):  # and no other error
            book = ClosedBook(closed.path)
            for name in labels("zh"):
                book.read_table(name)
