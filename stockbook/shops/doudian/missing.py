"""What to tell where a field that matters was left out, or holds a value nobody knows.

The same words for every row, so that a thousand rows are one line on 问题.
"""

from __future__ import annotations

from stockbook.domain.language import say
from stockbook.domain.problems import Problem
from stockbook.domain.records import OrderLine, OrderStatus

LEFT = {OrderStatus.SHIPPED, OrderStatus.DONE}


def not_told(line: OrderLine, *, paid: bool, pay_time: int | None) -> list[Problem]:
    """Return which fields an order line lacks that change a figure, and what stands in."""
    found = []
    if paid and pay_time is None:
        found.append(("pay_time", say("暂按下单时间算付款", "its creation stands in")))
    if line.status == OrderStatus.UNPAID and line.reduce_stock_type is None:
        found.append(
            ("reduce_stock_type",
             say("未付款的暂不占用库存", "what is not paid holds no stock for now"))
        )  # fmt: skip
    if line.status == OrderStatus.PARTLY_SHIPPED and line.shipped_quantity is None:
        found.append(
            ("logistics_info",
             say("部分发货的暂按还没发货算", "partly shipped lines count as unshipped for now"))
        )  # fmt: skip
    if line.status in LEFT and line.shipped_at is None:
        found.append(("ship_time", say("暂按更新时间算发货", "the update time stands in")))
    if line.status == OrderStatus.CANCELLED and line.main_status is None:
        found.append(
            ("main_status", say("已关闭的暂按没发货算", "closed lines count as unshipped for now"))
        )
    return [absent("order.searchList", field, meanwhile) for field, meanwhile in found]


def absent(method: str, field: str, meanwhile: str) -> Problem:
    """Return what to tell where a field is left out; the same for every row."""
    return Problem(
        method,
        None,
        field,
        say(f"有的行没有 {field}", f"some rows have no {field}"),
        say("这个字段（应用的权限包含有它）", "this field, as the app's permissions may hold it"),
        say(
            f"{meanwhile}；请在抖店开放平台给应用补上字段权限后重新授权，之后的拉取会自动更正",
            f"{meanwhile}; add the field to the app's permissions on the Open Platform and "
            "authorise again: later pulls correct the figures",
        ),
    )


def unknown_value(method: str, field: str, value: int, number: str) -> Problem:
    """Return what to tell of a value that no document names."""
    return Problem(
        method,
        None,
        field,
        say(f"{number} 的 {field} 是 {value}", f"{field} {value} on {number}"),
        say("已知的取值", "a known value"),
        say("这一行暂不动库存；请更新 StockBook", "it moves no stock for now; update StockBook"),
    )
