"""The files that a merchant of the practice shop downloads from the back office.

Column names and words are the platform's: ids end in a tab, amounts have thousands separators,
what is empty is a dash, and buyers' columns hold decoys that no part of StockBook may ever keep.
Which id 仓库ID shows is not known; here it is the merchant's own, as in the API's lines.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

from stockbook.domain.clock import beijing
from stockbook.shops.sandbox.answers import DECOY
from stockbook.shops.sandbox.buyers import BEIJING
from stockbook.shops.sandbox.catalogue import DAY
from stockbook.shops.sandbox.orders import Line, Order, Wish
from stockbook.shops.sandbox.simulation import ShopSimulation
from stockbook.shops.sandbox.spreadsheet import write_xlsx

Form = Literal["utf-8-sig", "gbk", "xlsx"]
Row = Sequence[str]

ORDER_HEADERS = (
    "主订单编号", "子订单编号", "选购商品", "商品规格", "商品数量", "商品ID", "商家编码",
    "商品单价", "订单应付金额", "运费", "优惠总金额", "平台优惠", "商家优惠", "达人优惠",
    "支付方式", "手续费", "收件人", "收件人手机号", "省", "市", "区", "街道", "详细地址",
    "买家留言", "订单提交时间", "商家备注", "订单完成时间", "支付完成时间", "APP渠道", "流量来源",
    "订单状态", "承诺发货时间", "订单类型", "达人ID", "达人昵称", "售后状态", "取消原因",
    "预约发货时间", "仓库ID", "仓库名称", "广告渠道", "流量体裁", "流量渠道", "发货时间",
)  # fmt: skip
AFTER_SALE_HEADERS = (
    "售后单号", "订单号", "商品单号", "商品名称", "商品ID", "商家编码", "应付金额（元）",
    "商品发货状态", "售后类型", "售后数量", "退商品金额（元）", "售后状态", "售后申请时间",
    "售后原因", "退货物流单号", "退货发货时间", "同意售后申请时间", "商家退款时间", "售后关闭时间",
    "商家退货联系人姓名", "商家退货联系人电话", "用户售后说明", "售后完结时间",
)  # fmt: skip
STATUS = {
    "unpaid": "待支付", "deposit": "部分支付", "paid": "备货中", "part": "部分发货",
    "shipped": "已发货", "done": "已完成", "cancelled": "已关闭", "refunded": "已关闭",
    "returned": "已关闭",
}  # fmt: skip
KIND = {"part": "未发货仅退款", "return": "退货退款", "exchange": "换货", "resend": "补寄"}
WISH_STATUS = {
    "asked": "待商家处理", "agreed": "待买家退货", "back": "待商家收货", "again": "待商家发货",
    "sent": "换货成功", "done": "退款成功", "refused": "售后关闭",
}  # fmt: skip
PLACES = (("浙江省", "杭州市"), ("广东省", "深圳市"), ("四川省", "成都市"), ("江苏省", "苏州市"),
          ("河南省", "郑州市"), ("山东省", "青岛市"), ("黑龙江省", "哈尔滨市"))  # fmt: skip
CHANNELS = {  # 流量来源, 流量体裁
    "live": ("直播间", "直播"), "video": ("短视频", "短视频"), "alliance": ("达人橱窗", "其他"),
    "shelf": ("商品卡", "商品卡"),
}  # fmt: skip
HOUSES = {"": ("-", "-"), "GZ02": ("GZ02", "广州二仓")}


def write_files(folder: Path, shop: ShopSimulation) -> list[Path]:
    """Write all that can be downloaded now: orders month by month, and the after-sales.

    The months take turns at the two encodings; the newest one is an .xlsx.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths, months = [], list(_months(shop.start, shop.now + 1))
    for number, (name, start, end) in enumerate(months):
        form: Form = "xlsx" if number + 1 == len(months) else ("utf-8-sig", "gbk")[number % 2]
        path = folder / f"订单_{name}{'.xlsx' if form == 'xlsx' else '.csv'}"
        paths.append(write_orders(path, shop, start, end, form))
    paths.append(write_after_sales(folder / "售后.csv", shop, shop.start, shop.now + 1, "gbk"))
    return paths


def write_orders(path: Path, shop: ShopSimulation, start: int, end: int, form: Form) -> Path:
    """Write the lines of the orders that were made in [start, end) [Unix s], the oldest first."""
    orders = (order for order in shop.orders.values() if start <= order.created_at < end)
    sales = {line.line_id: wish for wish in shop.wishes.values() for line, _ in wish.about()}
    rows = (_order_row(order, line, sales) for order in orders for line in order.lines)
    return _write(path, ORDER_HEADERS, rows, form)


def write_after_sales(path: Path, shop: ShopSimulation, start: int, end: int, form: Form) -> Path:
    """Write the after-sales that were asked for in [start, end) [Unix s], a row a line."""
    wishes = (wish for wish in shop.wishes.values() if start <= wish.applied_at < end)
    rows = (_sale_row(wish, line, n) for wish in wishes for line, n in wish.about())
    return _write(path, AFTER_SALE_HEADERS, rows, form)


def _write(path: Path, header: Row, rows: Iterable[Row], form: Form) -> Path:
    if form == "xlsx":
        write_xlsx(path, (header, *rows))
        return path
    with path.open("w", encoding=form, newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def _months(start: int, end: int) -> Iterator[tuple[str, int, int]]:
    """Yield (name, begin, end) of each Beijing month that [start, end) touches."""
    while start < end:
        name, after = f"{beijing(start):%Y-%m}", start
        while after < end and f"{beijing(after):%Y-%m}" == name:
            after = (after + BEIJING) // DAY * DAY + DAY - BEIJING
        yield name, start, min(after, end)
        start = after


def _order_row(order: Order, line: Line, sales: dict[int, Wish]) -> list[str]:
    item, state, wish = line.item, order.line_state(line), sales.get(line.line_id)
    came = order.origin
    province, city = (came.province, came.city) if came else PLACES[order.order_id % len(PLACES)]
    channel = CHANNELS[came.channel] if came else ("商品卡", "-")
    author = (f"{came.author_id}\t", came.author_name) if came and came.author_id else ("-", "-")
    cut = _yuan(item.price_fen * line.quantity - line.amount_fen)
    return [
        f"{order.order_id}\t", f"{line.line_id}\t", item.name, item.variant, f"{line.quantity:,}",
        f"{item.product_id}\t", item.sku, _yuan(item.price_fen), _yuan(line.amount_fen),
        "0.00", cut, "0.00", cut, "0.00", "在线支付" if order.paid_at else "-", "0.00",
        DECOY, f"139{DECOY}",
        province, city, f"{DECOY}区", f"{DECOY}街道", f"{DECOY}路 1 号", f"{DECOY}：请放门口",
        _clock(order.created_at), "-", _clock(order.finished_at), _clock(order.paid_at), "抖音",
        channel[0], STATUS[state], _clock(order.paid_at and order.paid_at + 2 * DAY),
        "定金预售" if item.presale else "普通订单", *author,
        WISH_STATUS[wish.state] if wish else "-", order.reason or "-", "-",
        *HOUSES[item.warehouse], "-", channel[1], "-",
        _clock(line.shipped[-1][0] if line.shipped else 0),
    ]  # fmt: skip


def _sale_row(wish: Wish, line: Line, units: int) -> list[str]:
    item, paid_back = line.item, wish.state == "done"
    ended = wish.updated_at if wish.state in ("done", "sent", "refused") else 0
    return [
        f"{wish.wish_id}\t", f"{wish.order_id}\t", f"{line.line_id}\t", item.name,
        f"{item.product_id}\t", item.sku, _yuan(line.amount_fen),
        "未发货" if wish.kind == "part" else "已发货", KIND[wish.kind], f"{units:,}",
        _yuan(line.of_units_fen(units)), WISH_STATUS[wish.state], _clock(wish.applied_at),
        "不想要了", "-", _clock(wish.back_at), _clock(wish.agreed_at),
        _clock(ended if paid_back else 0),
        _clock(ended if wish.state == "refused" else 0), DECOY, f"138{DECOY}", f"{DECOY}：尺码不合",
        _clock(ended),
    ]  # fmt: skip


def _yuan(fen: int) -> str:
    return f"{fen / 100:,.2f}"


def _clock(at: int) -> str:
    """Return Beijing time as the files write it; a dash is never."""
    if not at:
        return "-"
    day, second = divmod(at + BEIJING, DAY)
    return f"{_date(day)} {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


@lru_cache(1000)
def _date(day: int) -> str:
    return f"{beijing(day * DAY):%Y-%m-%d}"
