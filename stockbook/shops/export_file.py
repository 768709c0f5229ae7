"""Order and after-sale files that merchants download by hand, as the same records as the API's.

Columns may stand in any order and under several names. Only the columns named here are read:
buyers' names, phones and addresses are skipped. A file says when things happened, not when the
row last changed, so a row counts as changed at its latest known instant: what the API says of
the same line later than that wins.
"""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from stockbook.domain.clock import instant
from stockbook.domain.language import say
from stockbook.domain.problems import Problem, ShopError
from stockbook.domain.records import AfterSale, OrderLine

HEADERS = {  # our name → the names that files use, best first
    "order_id": ("主订单编号", "订单编号", "订单号", "主订单号"),
    "line_id": ("子订单编号", "子订单号", "商品单号"),
    "quantity": ("商品数量", "数量"),
    "sku": ("商家编码", "货号", "商家SKU编码", "规格编码"),
    "product_id": ("商品ID", "商品编号"),
    "status": ("订单状态",),
    "created_at": ("订单提交时间", "下单时间", "订单创建时间"),
    "paid_at": ("支付完成时间", "支付时间", "付款时间"),
    "shipped_at": ("发货时间",),
    "finished_at": ("订单完成时间", "完成时间"),
    "pay_amount": ("订单应付金额", "应付金额", "实付金额"),
    "cancel_reason": ("取消原因",),
    "after_sale_id": ("售后单号", "售后编号"),
    "kind": ("售后类型",),
    "after_sale_status": ("售后状态",),
    "applied_at": ("售后申请时间", "申请时间"),
    "refunded_at": ("商家退款时间", "退款时间"),
    "closed_at": ("售后完结时间", "完结时间"),
    "units": ("售后数量", "退货数量", "申请售后数量"),
}
NEEDED = ("order_id", "line_id", "quantity", "status")
NEEDED_AFTER_SALE = ("after_sale_id", "line_id", "kind")
STATUS = {
    "待支付": 1, "待付款": 1, "已支付": 105, "待发货": 2, "备货中": 2, "部分发货": 101,
    "已发货": 3, "已完成": 5, "已收货": 5, "已关闭": 4, "已取消": 4, "交易关闭": 4,
}  # fmt: skip
KINDS = {
    "未发货仅退款": 2, "未发货退款": 2, "退货退款": 0, "已发货退货退款": 0, "已发货仅退款": 1,
    "仅退款": 1, "换货": 3, "价保": 6, "补寄": 7, "维修": 8,
}  # fmt: skip
SALE_STATUS = {
    "待商家处理": 6, "待商家同意": 6, "待买家退货": 7, "待商家发货": 8, "待商家收货": 11,
    "退款成功": 12, "售后成功": 12, "售后完成": 12, "已完结": 12, "换货成功": 12, "补寄成功": 14,
    "售后关闭": 28, "已关闭": 28, "商家拒绝": 27,
}  # fmt: skip
TIMES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y-%m-%d")
_USUAL = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?")
SCAN = 10  # rows in which the header is looked for
DAY = 86_400
MOST_BYTES, MOST_RATIO = 1 << 30, 500  # of an unpacked .xlsx: more is no order file
OLE = b"\xd0\xcf\x11\xe0"


@dataclass
class Export:
    """What one file holds.

    Attributes:
        rows: Data rows read, bad ones included.
    """

    name: str
    rows: int = 0
    lines: list[OrderLine] = field(default_factory=list)
    after_sales: list[AfterSale] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


class BadCellError(Exception):
    """A row that cannot be used: its column, what stands there, what should, and the cure."""

    def __init__(self, column: str, found: object, expected: str, fix: str) -> None:
        super().__init__(column)
        self.column, self.found, self.expected, self.fix = column, found, expected, fix


def read_export(path: Path, *, shop_id: str, now: int) -> Export:
    """Read one downloaded file.

    Args:
        now: Rows that lie more than a day ahead are refused [Unix s].

    Raises:
        ShopError: It cannot be read, has a password, or is no order file; the message says what
            to do.
    """
    rows = _xlsx(path) if _is_zip(path) else _csv(path)
    table = iter(rows)
    columns, after_sales, header = _columns(path, table)
    export = Export(path.name)
    for number, cells in table:
        row = {key: _text(cells[at]) for key, at in columns.items() if at < len(cells)}
        if not any(row.values()) or cells[: len(header)] == header:
            continue  # blank, or the header once more
        export.rows += 1
        try:
            if after_sales:
                export.after_sales.append(_after_sale(row, shop_id, now))
            else:
                export.lines.append(_line(row, shop_id, now))
        except BadCellError as bad:
            export.problems.append(
                Problem(path.name, number, bad.column, str(bad.found), bad.expected, bad.fix)
            )
    return export


# --- the file -------------------------------------------------------------------------------


def _is_zip(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise _refused(
            path, say(f"打不开（{error.strerror}）", f"cannot be opened ({error})")
        ) from error
    if start.startswith(OLE):
        raise _refused(
            path,
            say("是有密码的或旧格式（.xls）的文件；请去掉密码，另存为 .xlsx 或 CSV",
                "has a password or is an old .xls; save it without one as .xlsx or CSV"),
        )  # fmt: skip
    return start.startswith(b"PK")


def _refused(path: Path, why: str) -> ShopError:
    return ShopError(
        say(f"{path.name} {why}；没有导入", f"{path.name} {why}; nothing was imported")
    )


def _csv(path: Path) -> Iterator[tuple[int, list[Any]]]:
    for encoding in ("utf-8-sig", "gb18030"):
        if _is_text(path, encoding):
            with path.open(encoding=encoding, newline="") as file:
                yield from enumerate(csv.reader(file), 1)
            return
    raise _refused(
        path,
        say("不是 UTF-8 或 GBK 编码的 CSV；请从抖店后台重新下载，不要用别的软件另存",
            "is no CSV in UTF-8 or GBK; download it again and do not save it with another program"),
    )  # fmt: skip


def _is_text(path: Path, encoding: str) -> bool:
    """Tell whether a whole file is text in an encoding; a large one is never in memory at once."""
    try:
        with path.open(encoding=encoding) as file:
            return all("\x00" not in part for part in iter(lambda: file.read(1 << 20), ""))
    except UnicodeDecodeError:
        return False


def _xlsx(path: Path) -> Iterator[tuple[int, list[Any]]]:
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = [(i.file_size, max(i.compress_size, 1)) for i in archive.infolist()]
        too_large = sum(size for size, _ in sizes) > MOST_BYTES
        if too_large or any(a > 1 << 20 and a / b > MOST_RATIO for a, b in sizes):
            raise _refused(
                path, say("解开后大得不像订单文件", "unpacks to more than an order file can be")
            )
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, OSError, ValueError) as error:
        raise _refused(
            path,
            say(
                "已损坏或不是 Excel 工作簿；请重新下载", "is damaged or no workbook; download again"
            ),
        ) from error
    sheet = book.worksheets[0]
    for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
        yield number, list(cells)
    book.close()


def _columns(
    path: Path, table: Iterator[tuple[int, list[Any]]]
) -> tuple[dict[str, int], bool, list[Any]]:
    """Find the header row: our names → places, whether it is an after-sale file, and the row."""
    best: list[str] = []
    for _, cells in _first(table, SCAN):
        names = [_text(cell).strip("\ufeff") for cell in cells]
        columns = {
            key: names.index(name)
            for key, synonyms in HEADERS.items()
            for name in reversed(synonyms)
            if name in names
        }
        if all(key in columns for key in NEEDED_AFTER_SALE) and "status" not in columns:
            return columns, True, cells
        if all(key in columns for key in NEEDED):
            return columns, False, cells
        best = max(best, [name for name in names if name], key=len)
    wanted = "、".join(HEADERS[key][0] for key in NEEDED)
    have = "、".join(best[:12]) or "–"
    raise _refused(
        path,
        say(f"不像抖店的订单或售后导出：需要列 {wanted}；看到的是 {have}",
            f"does not look like an order or after-sale export: it needs {wanted}; found {have}"),
    )  # fmt: skip


def _first(table: Iterator[Any], most: int) -> Iterator[Any]:
    for _ in range(most):
        row = next(table, None)
        if row is None:
            return
        yield row


# --- the rows -------------------------------------------------------------------------------


def _text(cell: Any) -> Any:
    """Return a cell without the marks that exports add: tabs, quotes, `-` for empty."""
    if cell is None or isinstance(cell, (int, float, datetime)):
        return "" if cell is None else cell
    text = str(cell).replace("\t", " ").strip().strip("'\u200b\xa0").strip()
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1]
    return "" if text in ("-", "--", "—", "nan", "None") else text


def _line(row: Mapping[str, Any], shop_id: str, now: int) -> OrderLine:
    times = {k: _time(row, k, now) for k in ("created_at", "paid_at", "shipped_at", "finished_at")}
    known = [at for at in times.values() if at]
    if not known:
        raise BadCellError(
            HEADERS["created_at"][0], "", say("至少一个时间", "at least one time"),
            say("导出时勾选 订单提交时间 和 支付完成时间", "tick the times when exporting"),
        )  # fmt: skip
    _in_order(times)
    return OrderLine(
        shop_id=shop_id,
        order_id=_id(row, "order_id"),
        line_id=_id(row, "line_id"),
        shop_sku_id="",
        quantity=_quantity(row, "quantity"),
        status=_word(row, "status", STATUS),
        updated_at=max(known),
        product_id=str(row.get("product_id") or ""),
        sku=str(row.get("sku") or ""),
        pay_amount_fen=_fen(row),
        cancel_reason=str(row.get("cancel_reason") or ""),
        created_at=times["created_at"],
        paid_at=times["paid_at"],
        shipped_at=times["shipped_at"],
        finished_at=times["finished_at"],
    )


def _after_sale(row: Mapping[str, Any], shop_id: str, now: int) -> AfterSale:
    times = [_time(row, key, now) for key in ("applied_at", "refunded_at", "closed_at")]
    known = [at for at in times if at]
    if not known:
        raise BadCellError(
            HEADERS["applied_at"][0], "", say("至少一个时间", "at least one time"),
            say("导出时勾选 售后申请时间", "tick the application time when exporting"),
        )  # fmt: skip
    if row.get("after_sale_status"):
        status = _word(row, "after_sale_status", SALE_STATUS)
    else:
        status = 12 if times[2] or times[1] else 6
    return AfterSale(
        shop_id=shop_id,
        after_sale_id=_id(row, "after_sale_id"),
        line_id=_id(row, "line_id"),
        kind=_word(row, "kind", KINDS),
        status=status,
        quantity=_quantity(row, "units") if row.get("units") else 1,
        updated_at=max(known),
        order_id=str(row.get("order_id") or ""),
        refund_status=3 if times[1] else None,
        applied_at=times[0],
    )


def _id(row: Mapping[str, Any], key: str) -> str:
    """Return a numeric id as text; one that went through a number has lost digits."""
    cell, column = row.get(key, ""), HEADERS[key][0]
    text = str(cell)
    if isinstance(cell, int) and abs(cell) < 10**15:
        return text
    if isinstance(cell, str) and text.isdigit():
        return text
    lost = isinstance(cell, (int, float)) or re.fullmatch(r"[\d.]+[eE]\+?\d+", text)
    if lost:
        raise BadCellError(
            column, cell, say("完整的 19 位编号", "all 19 digits"),
            say("Excel 把编号变成了数字，后几位已丢；请重新下载，直接导入，不要先用 Excel 打开保存",
                "Excel made it a number and the last digits are lost; download the file again and "
                "import it without saving it in Excel first"),
        )  # fmt: skip
    raise BadCellError(
        column, cell or say("空", "empty"), say("数字编号", "a numeric id"),
        say("这一行已跳过；请核对导出文件", "skipped; check the file"),
    )  # fmt: skip


def _quantity(row: Mapping[str, Any], key: str) -> int:
    cell = row.get(key, "")
    try:
        units = Decimal(str(cell).replace(",", ""))
    except InvalidOperation:
        units = Decimal(0)
    if units <= 0 or units != units.to_integral_value():
        raise BadCellError(
            HEADERS[key][0], cell, say("大于 0 的整数", "a whole number above 0"),
            say("这一行已跳过；请核对导出文件", "skipped; check the file"),
        )  # fmt: skip
    return int(units)


def _fen(row: Mapping[str, Any]) -> int | None:
    text = re.sub(r"[¥￥,元\s]", "", str(row.get("pay_amount", "")))
    try:
        return int((Decimal(text) * 100).to_integral_value()) if text else None
    except InvalidOperation:
        return None


def _word(row: Mapping[str, Any], key: str, known: Mapping[str, int]) -> int:
    cell = str(row.get(key, ""))
    if cell in known:
        return known[cell]
    raise BadCellError(
        HEADERS[key][0], cell or say("空", "empty"), "、".join(dict.fromkeys(known)),
        say("这一行已跳过；请把这个词告诉 StockBook 的维护者",
            "skipped; tell StockBook's maintainers this word"),
    )  # fmt: skip


def _time(row: Mapping[str, Any], key: str, now: int) -> int | None:
    """Return a time of a row [Unix s], None where the cell is empty; Beijing time."""
    cell = row.get(key, "")
    if cell == "":
        return None
    at = cell if isinstance(cell, datetime) else _parsed(cell)
    if at is None:
        raise BadCellError(
            HEADERS[key][0], cell, "2026-12-10 10:10:00",
            say("日期只接受年月日的顺序；请从抖店后台重新下载",
                "dates are year, month, day; download the file again"),
        )  # fmt: skip
    found = instant(at)
    if found > now + DAY:
        raise BadCellError(
            HEADERS[key][0], cell, say("不晚于今天", "not in the future"),
            say("请检查这台电脑的日期；没错的话重新下载文件",
                "check this computer's date, or download the file again"),
        )  # fmt: skip
    return found


def _parsed(cell: Any) -> datetime | None:
    if isinstance(cell, str) and _USUAL.fullmatch(cell):  # forty times faster than strptime
        try:
            return datetime.fromisoformat(cell)
        except ValueError:
            return None
    for form in TIMES:
        try:
            return datetime.strptime(str(cell), form)  # noqa: DTZ007 - Beijing time is added
        except ValueError:
            continue
    return None


def _in_order(times: Mapping[str, int | None]) -> None:
    """Refuse a row in which something happened before the order was made."""
    created = times["created_at"]
    for key in ("paid_at", "shipped_at", "finished_at"):
        at = times[key]
        if created and at and at < created:
            raise BadCellError(
                HEADERS[key][0], at - created, say("不早于下单时间", "not before the order"),
                say("这一行的时间前后颠倒，已跳过；请核对导出文件",
                    "the row's times are in the wrong order; skipped, check the file"),
            )  # fmt: skip
