"""Downloaded order files: any order of columns, encodings, marks, and what must be refused."""

import csv
import io
import zipfile
from datetime import datetime

import openpyxl
import pytest

from stockbook.domain.clock import beijing
from stockbook.domain.problems import ShopError
from stockbook.shops.export_file import read_export
from stockbook.store.ledger_store import LedgerStore
from tests.practice import NOW, practice

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
    [("待支付", 1), ("备货中", 2), ("部分发货", 101), ("已发货", 3), ("已完成", 5), ("已关闭", 4)],
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


# --- with the ledger ----------------------------------------------------------------------

WORDS = {
    "unpaid": "待支付",
    "paid": "备货中",
    "part": "部分发货",
    "shipped": "已发货",
    "done": "已完成",
    "cancelled": "已关闭",
    "refunded": "已关闭",
    "returned": "已关闭",
}
KINDS = {"part": "未发货仅退款", "return": "退货退款", "exchange": "换货", "resend": "补寄"}
STATES = {
    "asked": "待商家处理",
    "agreed": "待买家退货",
    "back": "待商家收货",
    "again": "待商家发货",
    "sent": "换货成功",
    "done": "售后成功",
    "refused": "售后关闭",
}


def clock(at):
    return f"{beijing(at):%Y-%m-%d %H:%M:%S}" if at else "-"


def exported(shop, folder):
    """The two files that a merchant of the practice shop would download."""
    orders = [
        {"主订单编号": f"{o.order_id}\t", "子订单编号": f"{x.line_id}\t", "商品数量": x.quantity,
         "商品ID": x.item.product_id, "商家编码": x.item.sku, "订单提交时间": clock(o.created_at),
         "支付完成时间": clock(o.paid_at), "发货时间": clock(x.shipped[0][0] if x.shipped else 0),
         "订单完成时间": clock(o.finished_at), "订单状态": WORDS[o.state], "取消原因": o.reason}
        for o in shop.orders.values() for x in o.lines
    ]  # fmt: skip
    sales = [
        {"售后单号": w.wish_id, "主订单编号": w.order_id, "子订单编号": w.line.line_id,
         "售后类型": KINDS[w.kind], "售后状态": STATES[w.state], "售后数量": w.units,
         "售后申请时间": clock(w.applied_at),
         "售后完结时间": clock(w.updated_at if w.state in ("done", "sent", "refused") else 0)}
        for w in shop.wishes.values()
    ]  # fmt: skip
    return as_csv(folder / "订单.csv", orders), as_csv(folder / "售后.csv", sales, "gbk")


def post(store, shop_id, *paths, dry_run=False):
    exports = [read_export(path, shop_id=shop_id, now=NOW + 30 * 86_400) for path in paths]
    assert [p for export in exports for p in export.problems] == []
    lines = [line for export in exports for line in export.lines]
    sales = [sale for export in exports for sale in export.after_sales]
    return store.post_file(shop_id, lines, sales, now=NOW, dry_run=dry_run)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with practice(tmp_path_factory.mktemp("files"), skus=30, days=40) as at:
        yield at


def test_files_alone_give_the_ledger_that_the_truth_has(shop, tmp_path):
    files = exported(shop.simulation, tmp_path)
    with LedgerStore.open(tmp_path / "l.sqlite") as store:
        post(store, "s", *files)
        post(store, "s", files[0])  # once more
        post(store, "s", files[1])
        assert store.audit() == []
        found = store.positions().set_index("sku")
    odd = {  # a file does not say how much of a parcel left, nor when stock falls
        line.item.sku
        for order in shop.simulation.orders.values()
        for line in order.lines
        if order.state in ("part", "unpaid")
    }
    compared = [row for row in shop.truth() if row["sku"] not in odd]
    assert len(compared) > 10
    for row in compared:
        for bucket in ("allocated", "customer", "returning"):
            assert found.loc[row["sku"], bucket] == row[bucket], (row["sku"], bucket)


def test_files_that_overlap_what_the_api_gave_post_nothing(shop, tmp_path):
    files = exported(shop.simulation, tmp_path)
    (path,) = (shop.data / "ledgers").glob("*.sqlite")
    with LedgerStore.open(path) as store:
        before = store.balance_hash(), store.move_count()
        assert post(store, store.shop_id(), *files).moves == 0
        assert (store.balance_hash(), store.move_count()) == before
        assert store.audit() == []


def test_a_dry_run_says_what_would_change_and_changes_nothing(shop, tmp_path):
    files = exported(shop.simulation, tmp_path)
    with LedgerStore.open(tmp_path / "l.sqlite") as store:
        said = post(store, "s", *files, dry_run=True)
        assert said.moves > 100
        assert (store.move_count(), store.shop_id()) == (0, "")
        assert post(store, "s", *files).moves == said.moves


def test_after_the_files_the_api_has_the_last_word(shop, tmp_path):
    files = exported(shop.simulation, tmp_path)
    with LedgerStore.open(tmp_path / "l.sqlite") as store:
        (path,) = (shop.data / "ledgers").glob("*.sqlite")
        with LedgerStore.open(path) as api:
            lines, sales = api.snapshots()
            shop_id = api.shop_id()
        post(store, shop_id, *files)
        store.post_window(shop_id, lines, sales, cursor=0, now=NOW)
        with LedgerStore.open(tmp_path / "api.sqlite") as other:
            other.post_window(shop_id, lines, sales, cursor=0, now=NOW)
            assert other.balance_hash() == store.balance_hash()
        assert store.audit() == []
