"""One row of a downloaded file → a record: the platform's words, ids, times and quantities.

A file says when things happened, not when the row last changed, so a row counts as changed at its
latest known instant: what the API says of the same line later than that wins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from stockbook.domain.channels import Channel, channel_in_words, province_of
from stockbook.domain.clock import instant
from stockbook.domain.language import say
from stockbook.domain.records import AfterSale, OrderLine

Cells = Mapping[str, Any]  # our name → cell, as `text_of` leaves it

HEADERS = {  # our name → the names that files use, best first
    "order_id": ("主订单编号", "订单编号", "订单号", "主订单号"),
    "line_id": ("子订单编号", "子订单号", "商品单号"),
    "quantity": ("商品数量", "数量"),
    "sku": ("商家编码", "货号", "商家SKU编码", "规格编码"),
    "product_id": ("商品ID", "商品编号"),
    "status": ("订单状态",),
    "warehouse": ("仓库ID", "仓库编号"),
    "created_at": ("订单提交时间", "下单时间", "订单创建时间"),
    "paid_at": ("支付完成时间", "支付时间", "付款时间"),
    "shipped_at": ("发货时间",),
    "finished_at": ("订单完成时间", "完成时间"),
    "pay_amount": ("订单应付金额", "应付金额", "实付金额"),
    "cancel_reason": ("取消原因",),
    "price": ("商品单价", "商品金额"),
    "channel": ("流量体裁", "流量类型"),
    "source": ("流量来源", "流量渠道", "下单场景"),
    "author_id": ("达人ID", "主播ID"),
    "author_name": ("达人昵称", "达人名称", "主播昵称"),
    "province": ("省", "省份", "收货省份"),
    "refund": ("退商品金额（元）", "退款金额（元）", "退款金额", "实际退款金额"),
    "after_sale_id": ("售后单号", "售后编号"),
    "kind": ("售后类型",),
    "after_sale_status": ("售后状态",),
    "applied_at": ("售后申请时间", "申请时间"),
    "agreed_at": ("同意售后申请时间",),
    "sent_back_at": ("退货发货时间",),
    "refunded_at": ("商家退款时间", "退款时间"),
    "closed_at": ("售后完结时间", "完结时间", "售后关闭时间"),
    "units": ("售后数量", "退货数量", "申请售后数量"),
}
AFTER_SALE_TIMES = ("applied_at", "agreed_at", "sent_back_at", "refunded_at", "closed_at")
NEEDED = ("order_id", "line_id", "quantity", "status")
NEEDED_AFTER_SALE = ("after_sale_id", "line_id", "kind")
STATUS = {
    "待支付": 1, "待付款": 1, "部分支付": 103, "已支付": 105, "待发货": 2, "备货中": 2,
    "部分发货": 101, "已发货": 3, "已完成": 5, "已收货": 5, "已关闭": 4, "已取消": 4, "交易关闭": 4,
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
TIMES = ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d")
_USUAL = re.compile(r"(\d{4}-\d\d-\d\d) ([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
_MARKS = " \t\r\n'\u200b\xa0\ufeff"  # that exports and spreadsheets put around cells
_EMPTY = {"", "-", "--", "—", "nan", "None"}
_LONG, _LOST = 17, "0000"  # what Excel's 15 digits leave of a 19-digit id
DAY = 86_400
MOST_UNITS, MOST_FEN = 10**9, 10**15


class BadCellError(Exception):
    """A row that cannot be used: its column, what stands there, what should, and the cure.

    Attributes:
        ahead: The instant, where the row lies in the future [Unix s].
    """

    def __init__(
        self, column: str, found: object, expected: str, fix: str, ahead: int | None = None
    ) -> None:
        super().__init__(column)
        self.column, self.found, self.expected, self.fix = column, found, expected, fix
        self.ahead = ahead


def text_of(cell: Any) -> Any:
    """Return a cell without the marks that exports add: tabs, quotes, `-` for empty.

    Example:
        >>> text_of(" 6917000000000000001 "), text_of("-"), text_of('="00123"'), text_of(None)
        ('6917000000000000001', '', '00123', '')
    """
    if not isinstance(cell, str):
        return "" if cell is None else cell
    text = cell.strip(_MARKS)
    if text[:2] == '="' and text.endswith('"'):
        text = text[2:-1]
    return "" if text in _EMPTY else text


def lost_digits(identity: str) -> bool:
    """Tell whether an id looks as if Excel had kept 15 of its digits.

    One of ten thousand true ids looks so, too: only many of them are a sign.
    """
    return len(identity) >= _LONG and identity.endswith(_LOST)


def order_line(row: Cells, shop_id: str, now: int) -> OrderLine:
    """Return a row of an order file.

    Args:
        now: A row that lies more than a day ahead is refused [Unix s].

    Raises:
        BadCellError: It cannot be used.
    """
    times = {k: _time(row, k, now) for k in ("created_at", "paid_at", "shipped_at", "finished_at")}
    _in_order(times)
    return OrderLine(
        shop_id=shop_id,
        order_id=_id(row, "order_id"),
        line_id=_id(row, "line_id"),
        shop_sku_id="",
        quantity=_quantity(row, "quantity"),
        status=_word(row, "status", STATUS),
        updated_at=_latest(times, "created_at", say("导出时勾选 订单提交时间 和 支付完成时间",
                           "tick the times when exporting")),
        product_id=str(row.get("product_id") or ""),
        sku=str(row.get("sku") or ""),
        warehouse=_house(row),
        pay_amount_fen=_fen(row, "pay_amount"),
        cancel_reason=str(row.get("cancel_reason") or ""),
        created_at=times["created_at"],
        paid_at=times["paid_at"],
        shipped_at=times["shipped_at"],
        finished_at=times["finished_at"],
        **_origin(row),
    )  # fmt: skip


def _origin(row: Cells) -> dict[str, Any]:
    """Return where a row was sold, by whom, the price before discounts, and the province."""
    author_id, author_name = (str(row.get(key) or "") for key in ("author_id", "author_name"))
    channel = channel_in_words(str(row.get("channel") or ""), str(row.get("source") or ""))
    if channel in (Channel.UNKNOWN, Channel.OTHER) and author_id + author_name:
        channel = Channel.ALLIANCE
    price = _fen(row, "price")
    return {
        "channel": channel.value,
        "author_id": "" if author_id == "0" else author_id,
        "author_name": author_name,
        "list_fen": None if price is None else price * _quantity(row, "quantity"),
        "province": province_of(str(row.get("province") or "")),
    }


def after_sale(row: Cells, shop_id: str, now: int) -> AfterSale:
    """Return a row of an after-sale file; without a quantity it is about one unit.

    Raises:
        BadCellError: It cannot be used.
    """
    times = {key: _time(row, key, now) for key in AFTER_SALE_TIMES}
    if row.get("after_sale_status"):
        status = _word(row, "after_sale_status", SALE_STATUS)
    else:
        status = 12 if times["closed_at"] or times["refunded_at"] else 6
    return AfterSale(
        shop_id=shop_id,
        after_sale_id=_id(row, "after_sale_id"),
        line_id=_id(row, "line_id"),
        kind=_word(row, "kind", KINDS),
        status=status,
        quantity=_quantity(row, "units") if row.get("units") else 1,
        updated_at=_latest(times, "applied_at", say("导出时勾选 售后申请时间",
                           "tick the application time when exporting")),
        order_id=str(row.get("order_id") or ""),
        refund_status=3 if times["refunded_at"] else None,
        applied_at=times["applied_at"],
        refund_fen=_fen(row, "refund"),
    )  # fmt: skip


def _latest(times: Mapping[str, int | None], first: str, fix: str) -> int:
    known = [at for at in times.values() if at]
    if not known:
        raise BadCellError(HEADERS[first][0], "", say("至少一个时间", "at least one time"), fix)
    return max(known)


def _id(row: Cells, key: str) -> str:
    """Return a numeric id as text; one that went through a number has lost digits."""
    cell = row.get(key, "")
    if isinstance(cell, str) and cell.isdigit() and cell.isascii():
        return cell
    if isinstance(cell, int) and abs(cell) < 10**15:
        return str(cell)
    lost = isinstance(cell, (int, float)) or re.fullmatch(r"[\d.]+[eE]\+?\d+", str(cell))
    if lost:
        raise BadCellError(HEADERS[key][0], cell, say("完整的 19 位编号", "all 19 digits"),
                           digits_cure())  # fmt: skip
    raise BadCellError(
        HEADERS[key][0], cell or say("空", "empty"), say("数字编号", "a numeric id"),
        say("这一行已跳过；请核对导出文件", "skipped; check the file"),
    )  # fmt: skip


def digits_cure() -> str:
    """Return what to do where ids have lost digits."""
    return say(
        "Excel 把编号变成了数字，后几位已丢；请重新下载，直接导入，不要先用 Excel 打开保存",
        "Excel made it a number and the last digits are lost; download the file again and "
        "import it without saving it in Excel first",
    )


def _quantity(row: Cells, key: str) -> int:
    cell = row.get(key, "")
    try:
        units = Decimal(str(cell).replace(",", ""))
    except InvalidOperation:
        units = Decimal(0)
    whole = units.is_finite() and 0 < units <= MOST_UNITS and units == units.to_integral_value()
    if not whole:
        raise BadCellError(
            HEADERS[key][0], cell, say("大于 0 的整数", "a whole number above 0"),
            say("这一行已跳过；请核对导出文件", "skipped; check the file"),
        )  # fmt: skip
    return int(units)


def _fen(row: Cells, key: str) -> int | None:
    text = str(row.get(key, "")).strip("¥￥元 ").replace(",", "")
    try:
        found = Decimal(text or "NaN") * 100
    except InvalidOperation:
        return None
    return int(found.to_integral_value()) if found.is_finite() and abs(found) < MOST_FEN else None


def _house(row: Cells) -> str:
    """Return the warehouse that a row names; 0 is none."""
    name = str(row.get("warehouse") or "")
    return "" if name == "0" else name


def _word(row: Cells, key: str, known: Mapping[str, int]) -> int:
    cell = str(row.get(key, ""))
    if cell in known:
        return known[cell]
    raise BadCellError(
        HEADERS[key][0], cell or say("空", "empty"), "、".join(dict.fromkeys(known)),
        say("这一行已跳过；请把这个词告诉 StockBook 的维护者",
            "skipped; tell StockBook's maintainers this word"),
    )  # fmt: skip


def _time(row: Cells, key: str, now: int) -> int | None:
    """Return a time of a row [Unix s], None where the cell is empty; Beijing time."""
    cell = row.get(key, "")
    if cell == "":
        return None
    found = instant(cell) if isinstance(cell, datetime) else _parsed(str(cell))
    if found is None:
        raise BadCellError(
            HEADERS[key][0], cell, "2026-12-10 10:10:00",
            say("日期只接受年月日的顺序；请从抖店后台重新下载",
                "dates are year, month, day; download the file again"),
        )  # fmt: skip
    if found > now + DAY:
        raise BadCellError(
            HEADERS[key][0], cell, say("不晚于今天", "not in the future"),
            say("请检查这台电脑的日期；没错的话重新下载文件",
                "check this computer's date, or download the file again"),
            ahead=found,
        )  # fmt: skip
    return found


def _parsed(cell: str) -> int | None:
    if usual := _USUAL.fullmatch(cell):  # forty times faster than strptime
        day, hour, minute, second = usual.groups()
        begun = _midnight(day)
        seconds = int(hour) * 3600 + int(minute) * 60 + int(second or 0)
        return None if begun is None else begun + seconds
    for form in TIMES:
        try:
            return instant(datetime.strptime(cell, form))  # noqa: DTZ007 - Beijing time
        except ValueError:
            continue
    return None


@lru_cache(4096)
def _midnight(day: str) -> int | None:
    try:
        return instant(datetime.fromisoformat(day))
    except ValueError:
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
