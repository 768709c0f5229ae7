"""What StockBook adds to the closed-file editor: cells by position, seeds, blocks, and reports."""

import datetime as dt
import os
import random
import re
import zipfile

import pytest

from stockbook.domain.language import speak
from stockbook.domain.problems import WorkbookError
from stockbook.workbook.book import FormulaCell
from stockbook.workbook.closed import archive
from stockbook.workbook.closed.package import Package
from tests.workbook.closed import fixtures as fx
from tests.workbook.closed.test_package import DAY, SHEET, frame, keys_of, patched, write


@pytest.fixture
def book(tmp_path):
    return fx.rich(tmp_path / "书 本.xlsx")


def test_values_that_are_there_already_leave_the_file_alone_even_as_shared_strings(book):
    rows = Package.open(book).read_table("Stock")
    same = {k: [row[k] for row in rows] for k in ["SKU", *fx.OWN]}
    before, stamp = book.read_bytes(), book.stat().st_mtime_ns
    at = Package.open(book)
    report = at.write_table("Stock", "SKU", same, fx.OWN)
    assert (report.changed_cells, report.updated) == (0, 6)
    assert at.save() is False
    assert (book.read_bytes(), book.stat().st_mtime_ns) == (before, stamp)


def test_one_new_value_changes_one_cell(book):
    rows = Package.open(book).read_table("Stock")
    data = {k: [row[k] for row in rows] for k in ["SKU", *fx.OWN]}
    data["现货"][3] = 31.5
    before = fx.unpack(book)[SHEET]
    assert write(book, data).changed_cells == 1
    after = fx.unpack(book)[SHEET]
    cell = (b'<c r="C8" s="2"><v>30</v></c>', b'<c r="C8" s="2"><v>31.5</v></c>')
    assert rows_of(after) == rows_of(before.replace(*cell))


def rows_of(sheet):
    return re.sub(rb' spans="[^"]*"', b"", sheet)


def test_rows_come_with_the_number_people_see(book):
    numbers = [number for number, _ in Package.open(book).read_rows("Stock", ["SKU"])]
    assert numbers == [5, 6, 7, 8, 9, 10]


def test_a_formula_in_a_column_that_is_read_is_marked(book):
    patched(book, SHEET, ('<c r="C5" s="2"><v>0</v>', '<c r="C5" s="2"><f>1+1</f><v>2</v>'))
    rows = Package.open(book).read_table("Stock", ["现货"])
    assert rows[0]["现货"] == FormulaCell(2.0)
    assert rows[1]["现货"] == 10.0
    with speak("en"):
        assert str(rows[0]["现货"]) == "a formula (last result 2.0)"


def test_a_seed_goes_into_new_rows_and_never_into_old_ones(book):
    keys = keys_of(book)
    at = Package.open(book)
    data = {"SKU": [*keys, "new"], "名称": ["种子"] * 7, "现货": [1.0] * 7}
    at.write_table("Stock", "SKU", data, ["现货"], seed=["名称"])
    at.save()
    rows = Package.open(book).read_table("Stock")
    assert [row["名称"] for row in rows] == [*(f"商品 {i}" for i in range(6)), "种子"]


def test_rows_by_position_fill_grow_and_empty(book):
    at = Package.open(book)
    report = at.write_rows("Stock", {"名称": [f"p{i}" for i in range(8)]}, ["名称"])
    at.save()
    assert report.appended == 2
    rows = Package.open(book).read_table("Stock")
    assert [row["名称"] for row in rows] == [f"p{i}" for i in range(8)]
    at = Package.open(book)
    at.write_rows("Stock", {"名称": ["only"]}, ["名称"])
    at.save()
    rows = Package.open(book).read_table("Stock")
    assert [row["名称"] for row in rows] == ["only", *[None] * 7]
    assert rows[0]["我的备注"] == "备注 0"


def test_a_block_is_written_from_its_name_and_formulas_in_it_stay(book):
    parts = fx.unpack(book)
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(b"$B$1<", b"$B$1:$C$2<")
    fx.pack(book, parts)
    at = Package.open(book)
    report = at.write_block("数据截至", [[DAY, "x"], [1, "=2"]])
    at.save()
    assert report.formulas_kept == ["B2"]
    assert Package.open(book).read_name("数据截至") == DAY
    sheet = fx.unpack(book)["xl/worksheets/sheet1.xml"].decode()
    assert "<f>SUM(Stock[现货])</f>" in sheet
    assert '<c r="C2" t="inlineStr"><is><t>=2</t></is></c>' in sheet
    with pytest.raises(WorkbookError, match="B1"):
        at.write_block("数据截至", [[1, 2, 3]])


def test_text_that_was_cut_is_named(book):
    report = write(book, frame(keys_of(book)[:1], 名称="字" * 40_000))
    assert report.truncated == ["B5"]
    assert Package.open(book).read_table("Stock")[0]["名称"].endswith("…")


def test_an_active_filter_is_reported(book):
    assert not write(book, frame(keys_of(book))).filtered
    patched(
        book,
        "xl/tables/table1.xml",
        (
            '<autoFilter ref="A4:G10"/>',
            '<autoFilter ref="A4:G10"><filterColumn colId="3"/></autoFilter>',
        ),
    )
    assert write(book, frame([*keys_of(book), "n1"])).filtered


def test_a_signed_workbook_is_refused_and_untouched(book):
    parts = fx.unpack(book)
    kind = "http://schemas.openxmlformats.org/package/2006/relationships/digital-signature/origin"
    fx.add(parts, "_rels/.rels", [("rIdSig", kind, "_xmlsignatures/origin.sigs")])
    parts["_xmlsignatures/origin.sigs"] = b""
    fx.pack(book, parts)
    before = book.read_bytes()
    with pytest.raises(WorkbookError, match="数字签名"):
        write(book, frame(keys_of(book)))
    assert book.read_bytes() == before


def test_a_table_filled_by_a_query_does_not_grow(book):
    patched(book, "xl/tables/table1.xml", ("<table ", '<table tableType="queryTable" '))
    before = book.read_bytes()
    with pytest.raises(WorkbookError, match="外部查询"):
        write(book, frame([*keys_of(book), "n1"]))
    assert book.read_bytes() == before


def test_what_a_killed_process_left_is_cleaned_at_the_next_start(book):
    left = book.with_name(f"{archive.PREFIX}abc{archive.SUFFIX}")
    left.write_bytes(b"half")
    os.utime(left, (0, 0))
    young = left.with_name(f"{archive.PREFIX}def{archive.SUFFIX}")
    young.write_bytes(b"another process is at work on another workbook")
    assert write(book, frame(keys_of(book))).updated == 6
    assert not left.exists()
    assert young.exists()


def test_a_damaged_part_is_told_with_its_name(book):
    parts = fx.unpack(book)
    parts["xl/tables/table1.xml"] = parts["xl/tables/table1.xml"][:50]
    fx.pack(book, parts)
    with pytest.raises(WorkbookError, match="table1"):
        Package.open(book)
    with pytest.raises(WorkbookError, match="找不到"):
        Package.open(book.with_name("none.xlsx"))


def test_truncated_zip_is_no_workbook(book):
    book.write_bytes(book.read_bytes()[:2000])
    with pytest.raises(WorkbookError, match="损坏"):
        Package.open(book)


def test_a_date_shown_as_a_number_is_written_again_with_a_date_style(book):
    write(book, frame(keys_of(book), 现货=dt.datetime(2026, 5, 1)))
    assert Package.open(book).read_table("Stock")[0]["现货"] == dt.datetime(2026, 5, 1)


def test_req_24_people_keep_everything_after_a_hundred_refreshes(book):
    before, keys = fx.unpack(book), keys_of(book)
    rnd = random.Random(24)
    for i in range(100):
        new = [f"n{j}" for j in range(i // 20)]
        write(book, frame([*keys, *new], 现货=rnd.random() * 100, 预警=["断货", "告急"][i % 2]))
    after = fx.unpack(book)
    owned = {SHEET, "xl/tables/table1.xml", "xl/workbook.xml", "xl/charts/chart1.xml"}
    assert {name for name in before if before[name] != after[name]} == owned
    assert set(before) == set(after)
    rows = Package.open(book).read_table("Stock")
    assert [row["我的备注"] for row in rows[:6]] == [f"备注 {i}" for i in range(6)]
    sheet = after[SHEET].decode()
    assert sheet.count("<f>Stock[[#This Row],[现货]]*2</f>") == 6 + 4
    for kept in ("pageMargins", "dataValidation ", "sheetProtection", "x14:slicer "):
        assert kept in sheet


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\xa0=", " =", "\n="])
def test_req_25_text_from_outside_never_becomes_a_formula(book, start):
    text = f"{start}HYPERLINK(1)"
    write(book, frame(keys_of(book), 名称=text))
    with zipfile.ZipFile(book) as archive_:
        sheet = archive_.read(SHEET).decode()
    assert "HYPERLINK(1)</t>" in sheet
    assert "<f>HYPERLINK" not in sheet.replace("=", "")
    assert {row["名称"] for row in Package.open(book).read_table("Stock")} == {text}


@pytest.mark.parametrize("sku", ["6911234567890123456", "00123", "1E5", "2026-01-02", "TRUE"])
def test_req_25_ids_and_leading_zeros_survive(book, sku):
    write(book, frame([*keys_of(book), sku]))
    assert keys_of(book)[-1] == sku
    assert write(book, frame([*keys_of(book)])).appended == 0


def test_a_read_only_workbook_is_refused_and_untouched(book):
    before = book.read_bytes()
    book.chmod(0o444)
    with pytest.raises(WorkbookError, match="只读"):
        write(book, frame(keys_of(book)))
    assert book.read_bytes() == before
