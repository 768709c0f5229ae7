"""The platform's answers → records, by a whitelist of fields.

Every field but the ids may be missing. What is not named here is never read: buyers' names,
phones and addresses stay in the answer and go with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stockbook.domain.language import say
from stockbook.domain.problems import Problem
from stockbook.domain.records import AfterSale, OrderLine, OrderStatus, ShopSku

Fields = Mapping[str, Any]


class BadRowError(Exception):
    """A row that cannot be used; carries the problem to show."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.found)
        self.problem = problem


def identity(fields: Fields, *names: str, where: str) -> str:
    """Return the first id present, as text.

    Raises:
        BadRowError: None is there, or one is a float or in scientific notation: digits are lost.
    """
    for name in names:
        value = fields.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return str(value)
        if isinstance(value, str) and value.strip().isdigit() and value.strip() != "0":
            return value.strip()
    found = {name: fields.get(name) for name in names}
    raise BadRowError(
        Problem(
            where,
            None,
            names[0],
            str(found),
            say("完整的数字编号", "a whole numeric id"),
            say("这一行已跳过；请把日志发给平台技术支持", "skipped; report it to the platform"),
        )
    )


def whole(value: object) -> int | None:
    """Return a whole number from an int or digits, else None.

    Example:
        >>> whole("12"), whole(3), whole(""), whole(1.5), whole(True)
        (12, 3, None, None, None)
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, int):
        return value
    text = str(value).strip() if value is not None else ""
    return int(text) if text.lstrip("-").isdigit() and text.isascii() else None


def instant(value: object) -> int | None:
    """Return an instant [Unix s]; the platform writes 0 for "never"."""
    found = whole(value)
    return found if found and found > 0 else None


def word(fields: Fields, name: str) -> str:
    """Return a field's text, "" where there is none."""
    value = fields.get(name)
    return "" if value is None else str(value).strip()


def order_lines(order: Fields, shop_id: str) -> tuple[list[OrderLine], list[Problem]]:
    """Return an order's lines, and the rows that could not be used.

    A line's own status, ship time and main status win over the order's.
    """
    lines: list[OrderLine] = []
    problems: list[Problem] = []
    for line in order.get("sku_order_list") or ():
        try:
            lines.append(_line(order, line, shop_id))
        except BadRowError as bad:
            problems.append(bad.problem)
    return lines, problems


def _line(order: Fields, line: Fields, shop_id: str) -> OrderLine:
    where = "order.searchList"
    order_id = identity(order, "order_id", "shop_order_id", where=where)
    shop_sku_id = identity(line, "sku_id", "sku_id_str", where=where)
    status = whole(_first(line, order, "order_status"))
    updated_at = instant(_first(line, order, "update_time"))
    if status is None or updated_at is None:
        raise BadRowError(_incomplete(order_id, line))
    after = line.get("after_sale_info") or {}
    return OrderLine(
        shop_id=shop_id,
        order_id=order_id,
        line_id=identity(line, "order_id", "sku_order_id", where=where),
        shop_sku_id=shop_sku_id,
        quantity=_quantity(order_id, line),
        status=status,
        updated_at=updated_at,
        product_id=word(line, "product_id_str") or word(line, "product_id"),
        sku=word(line, "code"),
        main_status=whole(_first(line, order, "main_status")),
        reduce_stock_type=whole(line.get("reduce_stock_type")),
        shipped_quantity=_shipped(order, shop_sku_id, status),
        warehouse=_warehouse(line),
        created_at=instant(_first(line, order, "create_time")),
        paid_at=instant(_first(line, order, "pay_time")),
        shipped_at=_shipped_at(order, line, status),
        finished_at=instant(_first(line, order, "finish_time")),
        pay_amount_fen=whole(line.get("pay_amount")),
        cancel_reason=word(order, "cancel_reason"),
        after_sale_type=whole(after.get("after_sale_type")),
        after_sale_status=whole(after.get("after_sale_status")),
        refund_status=whole(after.get("refund_status")),
    )


def after_sales(item: Fields, shop_id: str) -> tuple[list[AfterSale], list[Problem]]:
    """Return an after-sale, once a line it is about, and the rows that could not be used."""
    info, order = item.get("aftersale_info") or {}, item.get("order_info") or {}
    lines = order.get("related_order_info") or ()
    sales: list[AfterSale] = []
    problems: list[Problem] = []
    for line in lines:
        try:
            sales.append(_after_sale(info, order, line, shop_id, alone=len(lines) == 1))
        except BadRowError as bad:
            problems.append(bad.problem)
    return sales, problems


def _after_sale(
    info: Fields, order: Fields, line: Fields, shop_id: str, *, alone: bool
) -> AfterSale:
    where = "afterSale.List"
    number = identity(info, "aftersale_id", where=where)
    line_id = identity(line, "sku_order_id", where=where)
    kind, status = whole(info.get("aftersale_type")), whole(info.get("aftersale_status"))
    updated_at = instant(info.get("update_time"))
    if kind is None or status is None or updated_at is None:
        raise BadRowError(_half_told(number, info))
    counts = (line.get("aftersale_item_num"), info.get("aftersale_num"), line.get("item_num"))
    units = next((n for n in map(whole, counts) if n and n > 0), 1)
    instead = line.get("exchange_sku_info") or info.get("exchange_sku_info") or {}
    return AfterSale(
        shop_id=shop_id,
        after_sale_id=number if alone else f"{number}-{line_id}",
        line_id=line_id,
        kind=kind,
        status=status,
        quantity=units,
        updated_at=updated_at,
        order_id=word(order, "shop_order_id"),
        refund_status=whole(info.get("refund_status")),
        shop_sku_id=word(instead, "sku_id"),
        applied_at=instant(info.get("apply_time")),
    )


def _half_told(number: str, info: Fields) -> Problem:
    names = ("aftersale_type", "aftersale_status", "update_time")
    have = ", ".join(f"{name}={info.get(name)!r}" for name in names)
    return Problem(
        "afterSale.List",
        None,
        ", ".join(names),
        say(f"售后单 {number}：{have}", f"after-sale {number}: {have}"),
        say("类型、状态和更新时间", "a type, a status and an update time"),
        say("这一行已跳过；下次拉取会再试", "skipped; the next pull tries again"),
    )


def _first(line: Fields, order: Fields, name: str) -> object:
    """Return the line's own value, or the order's where the line has none (or 0)."""
    return line.get(name) or order.get(name)


def _quantity(order_id: str, line: Fields) -> int:
    quantity = whole(line.get("item_num"))
    if quantity is None or quantity <= 0:
        raise BadRowError(
            Problem(
                "order.searchList",
                None,
                "item_num",
                say(
                    f"订单 {order_id} 的数量 {line.get('item_num')!r}",
                    f"{line.get('item_num')!r} in order {order_id}",
                ),
                say("大于 0 的整数", "a whole number above 0"),
                say("这一行已跳过；请在抖店后台核对该订单", "skipped; check it in the back office"),
            )
        )
    return quantity


def _incomplete(order_id: str, line: Fields) -> Problem:
    have = ", ".join(f"{k}={line.get(k)!r}" for k in ("order_status", "update_time"))
    return Problem(
        "order.searchList",
        None,
        "order_status, update_time",
        say(f"订单 {order_id}：{have}", f"order {order_id}: {have}"),
        say("状态和更新时间", "a status and an update time"),
        say("这一行已跳过；下次拉取会再试", "skipped; the next pull tries again"),
    )


def _shipped(order: Fields, shop_sku_id: str, status: int) -> int | None:
    """Units of this SKU in the order's parcels, where it is partly shipped."""
    if status != OrderStatus.PARTLY_SHIPPED:
        return None
    return sum(
        whole(product.get("product_count")) or 0
        for parcel in order.get("logistics_info") or ()
        for product in parcel.get("product_info") or ()
        if word(product, "sku_id") == shop_sku_id
    )


def _shipped_at(order: Fields, line: Fields, status: int) -> int | None:
    """Return when a line left; the order's own time is its first parcel's, not every line's."""
    own = instant(line.get("ship_time"))
    gone = status in (OrderStatus.SHIPPED, OrderStatus.DONE) or line.get("ship_time") is None
    return own or (instant(order.get("ship_time")) if gone else None)


def _warehouse(line: Fields) -> str:
    stocks = line.get("inventory_list") or ()
    return word(stocks[0], "out_warehouse_id") if stocks else ""


def shop_skus(
    product: Fields, rows: Sequence[Fields], shop_id: str
) -> tuple[list[ShopSku], list[Problem]]:
    """Return the SKUs of one product.

    Args:
        product: A row of product.listV2.
        rows: Its rows of sku.list.
    """
    skus: list[ShopSku] = []
    problems: list[Problem] = []
    for row in rows:
        try:
            skus.append(_sku(product, row, shop_id))
        except BadRowError as bad:
            problems.append(bad.problem)
    return skus, problems


def _sku(product: Fields, row: Fields, shop_id: str) -> ShopSku:
    where = "sku.list"
    names = [word(product, "name"), *_properties(row)]
    return ShopSku(
        shop_id=shop_id,
        shop_sku_id=identity(row, "id", "sku_id", where=where),
        product_id=identity(product, "product_id", where=where),
        sku=word(row, "code"),
        name=" ".join(name for name in names if name),
        category=_category(product),
        price_fen=whole(row.get("price")),
        stock=whole(row.get("stock_num")),
        created_at=instant(product.get("create_time")),
    )


def _properties(row: Fields) -> list[str]:
    return [word(p, "value_name") or word(p, "value") for p in row.get("sell_properties") or ()]


def _category(product: Fields) -> str:
    """The name of the deepest category given."""
    detail = product.get("category_detail") or {}
    names = ("fourth_cname", "third_cname", "second_cname", "first_cname")
    return next((word(detail, name) for name in names if word(detail, name)), "")
