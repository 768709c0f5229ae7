"""Downloaded order files: any order of columns, encodings, marks, and what must be refused."""

import csv
import io
import zipfile
from datetime import datetime, timedelta

import openpyxl
import pytest

from stockbook.domain.clock import beijing
from stockbook.domain.problems import ShopError
from stockbook.shops.export_file import MOST_SAID, read_export
from tests.practice import NOW

ROW = {
    "主订单编号": "6917000000000000001\t",
    "子订单编号": "6917000000000000002\t",
    "选购商品": "冻干草莓脆",
    "商品数量": "1,002",
    "商品ID": "3500000000000000001",
    "商家编码": "00123",
    "订单应付金额": "￥1,299.50",
    "收件人": "隐私甲",
    "收件人手机号": "13900000000",
    "详细地址": "隐私路 1 号",
    "订单提交时间": "2026-12-01 10:00:00",
    "支付完成时间": "2026-12-01 10:00:30",
    "订单完成时间": "-",
    "订单状态": "待发货",
    "取消原因": "-",
    "售后状态": "-",
}
SALE = {
    "售后单号": "7100000000000000001",
    "主订单编号": "6917000000000000001",
    "子订单编号": "6917000000000000002",
    "售后类型": "退货退款",
    "售后数量": "1",
    "售后申请时间": "2026-12-05 10:00:00",
    "商家退款时间": "-",
    "售后完结时间": "-",
}


def as_csv(path, rows, encoding="utf-8-sig", before=()):
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows(before)
    writer.writerow(rows[0])
    writer.writerows([row.get(key, "") for key in rows[0]] for row in rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def as_xlsx(path, rows):
    book = openpyxl.Workbook()
    book.active.append(list(rows[0]))
    for row in rows:
        book.active.append([row.get(key, "") for key in rows[0]])
    book.save(path)
    return path


def read(path):
    return read_export(path, shop_id="s", now=NOW)


def one(tmp_path, **changes):
    export = read(as_csv(tmp_path / "订单.csv", [ROW | changes]))
    return export.lines, export.problems


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "gbk", "gb18030"])
def test_a_csv_is_read_in_its_encodings(tmp_path, encoding):
    (line,) = read(as_csv(tmp_path / "订单.csv", [ROW], encoding)).lines
    assert (line.order_id, line.line_id) == ("6917000000000000001", "6917000000000000002")
    assert (line.sku, line.quantity, line.status, line.pay_amount_fen) == ("00123", 1002, 2, 129950)
    assert beijing(line.paid_at) == datetime(2026, 12, 1, 10, 0, 30)
    assert (line.finished_at, line.updated_at) == (None, line.paid_at)


def test_an_xlsx_says_the_same_as_a_csv(tmp_path):
    made = read(as_xlsx(tmp_path / "a.xlsx", [ROW])).lines
    assert made == read(as_csv(tmp_path / "a.csv", [ROW])).lines
    dated = ROW | {"支付完成时间": datetime(2026, 12, 1, 10, 0, 30), "商品数量": 1002}
    assert read(as_xlsx(tmp_path / "b.xlsx", [dated])).lines == made


def test_columns_may_stand_in_any_order_under_other_names_after_a_title(tmp_path):
    renamed = {"订单提交时间": "下单时间", "商家编码": "货号", "主订单编号": "订单编号"}
    row = {renamed.get(key, key): ROW[key] for key in reversed(ROW)}
    path = as_csv(tmp_path / "x.csv", [row], before=[["订单导出"], ["2026-12-01 至 2026-12-10"]])
    assert read(path).lines == one(tmp_path)[0]


def test_a_second_header_row_and_blank_rows_are_passed_over(tmp_path):
    header = dict(zip(ROW, ROW, strict=True))
    export = read(as_csv(tmp_path / "x.csv", [ROW, header, dict.fromkeys(ROW, ""), ROW]))
    assert (export.rows, len(export.lines), export.problems) == (2, 2, [])


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("待支付", 1),
        ("部分支付", 103),
        ("备货中", 2),
        ("部分发货", 101),
        ("已发货", 3),
        ("已完成", 5),
        ("已关闭", 4),
    ],
)
def test_status_words(tmp_path, word, status):
    ((line,), _) = one(tmp_path, 订单状态=word)
    assert line.status == status


@pytest.mark.parametrize(
    ("changes", "column", "cure"),
    [
        ({"子订单编号": "6.917E+18"}, "子订单编号", "重新下载"),
        ({"主订单编号": ""}, "主订单编号", "核对"),
        ({"商品数量": "0"}, "商品数量", "核对"),
        ({"商品数量": "-3"}, "商品数量", "核对"),
        ({"商品数量": "1.5"}, "商品数量", "核对"),
        ({"商品数量": "两件"}, "商品数量", "核对"),
        ({"商品数量": "1e99999999"}, "商品数量", "核对"),
        ({"支付完成时间": "03/04/2026"}, "支付完成时间", "年月日"),
        ({"订单状态": "待接单"}, "订单状态", "维护者"),
        ({"支付完成时间": "01/12/2026 10:00"}, "支付完成时间", "年月日"),
        ({"支付完成时间": "2026-13-01 10:00:00"}, "支付完成时间", "年月日"),
        ({"支付完成时间": "2026-11-30 10:00:00"}, "支付完成时间", "颠倒"),
        ({"支付完成时间": "2026-12-20 10:00:00"}, "支付完成时间", "日期"),
        ({"订单提交时间": "-", "支付完成时间": ""}, "订单提交时间", "勾选"),
    ],
)
def test_a_bad_row_is_named_with_its_cure_and_the_others_go_on(tmp_path, changes, column, cure):
    path = as_csv(tmp_path / "订单.csv", [ROW, ROW | changes, ROW])
    export = read(path)
    (problem,) = export.problems
    assert (problem.where, problem.row, problem.column) == ("订单.csv", 3, column)
    assert cure in problem.fix
    assert len(export.lines) == 2


def test_an_id_that_excel_made_a_number_is_refused_in_an_xlsx(tmp_path):
    (problem,) = read(as_xlsx(tmp_path / "a.xlsx", [ROW | {"子订单编号": 6.917e18}])).problems
    assert "Excel 把编号变成了数字" in problem.fix


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xd0\xcf\x11\xe0" + b"\x00" * 500, "有密码"),
        (b"PK\x03\x04 this is no zip", "已损坏"),
        ("主订单编号,\u5546".encode("utf-16"), "UTF-8 或 GBK"),
        (('主订单编号,"' + "长" * 200_000).encode(), "已损坏"),
        (b"\xff\xfe\x00d\x00a", "UTF-8 或 GBK"),
        ("姓名,电话\n甲,1\n".encode(), "不像抖店的订单"),
        (b"", "不像抖店的订单"),
    ],
)
def test_what_is_no_order_file_is_refused_in_words(tmp_path, content, said):
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(ShopError, match=said):
        read(path)
    with pytest.raises(ShopError, match="打不开"):
        read(tmp_path / "没有.csv")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"\x00" * (200 << 20))
    with pytest.raises(ShopError, match="不像订单文件"):
        read(path)


def test_personal_columns_are_not_read(tmp_path):
    for path in (as_csv(tmp_path / "a.csv", [ROW]), as_xlsx(tmp_path / "a.xlsx", [ROW])):
        assert "隐私" not in repr(read(path))
        assert "139" not in repr(read(path))


@pytest.mark.parametrize(
    ("changes", "kind", "status"),
    [
        ({}, 0, 6),
        ({"售后完结时间": "2026-12-08 10:00:00"}, 0, 12),
        ({"售后类型": "未发货仅退款", "商家退款时间": "2026-12-05 11:00:00"}, 2, 12),
        ({"售后类型": "换货", "售后状态": "待商家发货"}, 3, 8),
        ({"售后状态": "售后关闭"}, 0, 28),
    ],
)
def test_an_after_sale_file_is_known_by_its_columns(tmp_path, changes, kind, status):
    export = read(as_csv(tmp_path / "售后.csv", [SALE | {"售后状态": ""} | changes]))
    (sale,) = export.after_sales
    assert (sale.after_sale_id, sale.line_id) == ("7100000000000000001", "6917000000000000002")
    assert (sale.kind, sale.status, export.problems) == (kind, status, [])


def test_a_header_in_two_rows_is_one_header(tmp_path):
    upper = ["订单信息" if name == "商品数量" else name for name in ROW]
    lower = [name if name == "商品数量" else "" for name in ROW]
    text = io.StringIO()
    csv.writer(text).writerows([upper, lower, list(ROW.values())])
    path = tmp_path / "x.csv"
    path.write_bytes(text.getvalue().encode())
    assert read(path).lines == one(tmp_path)[0]


def test_a_file_whose_ids_all_end_in_zeros_went_through_excel(tmp_path):
    rows = [ROW | {"子订单编号": f"69170000000{n}0000"} for n in range(1000, 1020)]
    with pytest.raises(ShopError, match=r"69170000000\d+0000.*Excel 把编号变成了数字"):
        read(as_csv(tmp_path / "x.csv", rows))
    assert len(read(as_csv(tmp_path / "x.csv", [ROW, *rows[:1]])).lines) == 2


def moved(row, days):
    """A row whose times lie some days later."""
    form = "%Y-%m-%d %H:%M:%S"
    names = ("订单提交时间", "支付完成时间")
    later = {n: datetime.fromisoformat(row[n]) + timedelta(days=days) for n in names}
    return row | {name: f"{at:{form}}" for name, at in later.items()}


def test_a_file_from_tomorrow_is_imported_and_the_clock_is_doubted(tmp_path):
    export = read(as_csv(tmp_path / "x.csv", [ROW, moved(ROW, 9.5)]))
    assert len(export.lines) == 2
    (problem,) = export.problems
    assert (problem.row, problem.found) == (None, "2026-12-10 22:00")
    assert "慢了一天" in problem.fix


def test_a_computer_whose_date_is_long_past_is_told_to_set_it(tmp_path):
    rows = [moved(ROW, days) for days in (20, 21, 22)]
    with pytest.raises(ShopError, match=r"到 2026-12-23.*日期是 2026-12-10.*调准"):
        read(as_csv(tmp_path / "x.csv", [ROW, *rows]))


def test_a_column_that_is_wrong_all_over_is_not_listed_on_and_on(tmp_path):
    export = read(as_csv(tmp_path / "x.csv", [ROW] * 50 + [ROW | {"商品数量": "0"}] * 100))
    assert (len(export.lines), len(export.problems)) == (50, MOST_SAID + 1)
    assert (export.problems[-1].row, export.problems[-1].found) == (None, "还有 80 行也不对")


def test_a_zip_of_files_is_to_be_unpacked_first(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("订单.csv", "主订单编号")
    with pytest.raises(ShopError, match="先解压"):
        read(tmp_path / "x.zip")


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row><c"),
        ("xl/worksheets/sheet1.xml", b""),
        ("xl/workbook.xml", b"not xml"),
        (
            "xl/worksheets/sheet1.xml",
            b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
            + b"".join(b'<!ENTITY %c "&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;">' % (n, *[n - 1] * 9)
                       for n in range(98, 110))
            + b"]><worksheet><sheetData><row><c t='str'><v>&m;</v></c>"
            + b"</row></sheetData></worksheet>",
        ),
    ],
)  # fmt: skip
def test_a_damaged_or_malicious_workbook_is_refused_in_words(tmp_path, part, content):
    whole = as_xlsx(tmp_path / "a.xlsx", [ROW])
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as new:
        for name in old.namelist():
            new.writestr(name, content if name == part else old.read(name))
    with pytest.raises(ShopError, match=r"已损坏|不像抖店"):
        read(tmp_path / "b.xlsx")


def test_a_warehouse_is_read_where_a_file_names_one(tmp_path):
    for cell, house in (("GZ02", "GZ02"), ("-", ""), ("0", "")):
        ((line,), _) = one(tmp_path, 仓库ID=cell)
        assert line.warehouse == house


def test_an_after_sale_about_two_lines_is_two_after_sales(tmp_path):
    rows = [SALE | {"售后状态": ""}, SALE | {"售后状态": "", "子订单编号": "6917000000000000003"}]
    first, second = read(as_csv(tmp_path / "售后.csv", rows)).after_sales
    assert first.after_sale_id == "7100000000000000001-6917000000000000002"
    assert second.after_sale_id == "7100000000000000001-6917000000000000003"


def test_after_sales_without_a_quantity_count_one_unit_and_it_is_said(tmp_path):
    rows = [{key: cell for key, cell in SALE.items() if key != "售后数量"}]
    export = read(as_csv(tmp_path / "售后.csv", rows))
    assert export.after_sales[0].quantity == 1
    (problem,) = export.problems
    assert (problem.column, problem.row) == ("售后数量", None)
