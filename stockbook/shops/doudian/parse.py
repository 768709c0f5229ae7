"""The platform's answers → records, by a whitelist of fields.

Every field but the ids may be missing, as an app's permission package trims the fields it gets.
Where a missing field changes a figure, what stands in for it is said here and in a Problem: a paid
line without `pay_time` counts as paid when its order was created. What is not named here is never
read: buyers' names, phones and addresses stay in the answer and go with it; of an address that is
plain the province alone is taken (docs/DECISIONS.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stockbook.domain.channels import channel_of, province_of
from stockbook.domain.language import say
from stockbook.domain.problems import Problem
from stockbook.domain.records import (
    AfterSale,
    AfterSaleKind,
    AfterSaleStatus,
    OrderLine,
    OrderStatus,
    ShopSku,
)
from stockbook.shops.doudian.fields import (
    BadRowError,
    Fields,
    group,
    identity,
    instant,
    pieces,
    rows,
    whole,
    word,
)
from stockbook.shops.doudian.missing import absent, not_told, unknown_value

PAID = {
    OrderStatus.PAID,
    OrderStatus.PREPARING,
    OrderStatus.PARTLY_SHIPPED,
    OrderStatus.SHIPPED,
    OrderStatus.DONE,
    OrderStatus.REFUNDED_BEFORE_SHIPPING,
    OrderStatus.REFUNDED_AFTER_SHIPPING,
    OrderStatus.REFUNDED_AFTER_RECEIPT,
}
WAITING = {OrderStatus.UNPAID, OrderStatus.PAID, OrderStatus.PREPARING}
GONE = {OrderStatus.PARTLY_SHIPPED, OrderStatus.SHIPPED, OrderStatus.DONE}


def order_lines(order: Fields, shop_id: str) -> tuple[list[OrderLine], list[Problem]]:
    """Return an order's lines, the rows that could not be used, and what was not told.

    A line's own status, ship time and main status win over the order's.
    """
    lines: list[OrderLine] = []
    problems: list[Problem] = []
    told_rows = rows(order.get("sku_order_list"))
    if not told_rows:
        problems.append(_no_lines("order.searchList", "sku_order_list", order.get("order_id")))
    for row in told_rows:
        try:
            line = _line(order, row, shop_id)
        except BadRowError as bad:
            problems.append(bad.problem)
            continue
        lines.append(line)
        told = instant(_first(row, order, "pay_time"))
        problems += not_told(line, paid=_paid(line.status, line.main_status), pay_time=told)
    return lines, problems


def _line(order: Fields, line: Fields, shop_id: str) -> OrderLine:
    where = "order.searchList"
    order_id = identity(order, "order_id", "shop_order_id", where=where)
    shop_sku_id = identity(line, "sku_id", "sku_id_str", where=where)
    status = whole(_first(line, order, "order_status"))
    updated_at = instant(_first(line, order, "update_time"))
    if status is None or updated_at is None:
        raise BadRowError(_incomplete(order_id, line))
    after = group(line.get("after_sale_info"))
    main_status = whole(_first(line, order, "main_status"))
    created_at = instant(_first(line, order, "create_time"))
    paid_at = instant(_first(line, order, "pay_time"))
    if paid_at is None and _paid(status, main_status):
        paid_at = created_at or updated_at
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
        main_status=main_status,
        reduce_stock_type=whole(line.get("reduce_stock_type")),
        shipped_quantity=_shipped(order, shop_sku_id, status),
        warehouse=_warehouse(line),
        created_at=created_at,
        paid_at=paid_at,
        shipped_at=_shipped_at(order, line, status),
        finished_at=instant(_first(line, order, "finish_time")),
        pay_amount_fen=whole(line.get("pay_amount")),
        cancel_reason=word(order, "cancel_reason"),
        after_sale_type=whole(after.get("after_sale_type")),
        after_sale_status=whole(after.get("after_sale_status")),
        refund_status=whole(after.get("refund_status")),
        **_origin(order, line),
    )


def _origin(order: Fields, line: Fields) -> dict[str, Any]:
    """Return where a line was sold, by whom, for what price before discounts, and the province.

    Of the address nothing but the province is looked at, and it only where it is plain.
    """
    room, video, author = (
        _given(line, *names)
        for names in (("room_id_str", "room_id"), ("video_id",), ("author_id_str", "author_id"))
    )
    units, price = whole(line.get("item_num")), whole(line.get("origin_amount"))
    province = group(group(order.get("post_addr")).get("province"))
    return {
        "channel": channel_of(
            room_id=room,
            video_id=video,
            author_id=author,
            business=whole(line.get("c_biz")),
            setting=word(line, "ad_env_type") or word(line, "theme_type"),
        ).value,
        "author_id": author,
        "author_name": word(line, "author_name"),
        "room_id": room,
        "video_id": video,
        "list_fen": price * units if price is not None and units else None,
        "province": province_of(word(province, "name")),
    }


def _given(line: Fields, *names: str) -> str:
    """Return the first id that is there; 0 is none."""
    return next((found for name in names if (found := word(line, name)) not in ("", "0")), "")


def _shipped_at(order: Fields, line: Fields, status: int) -> int | None:
    """Return when a line left the house.

    An order shipped in parts carries a ship time while some of its lines still wait: theirs is 0,
    or left out, and their status says so.
    """
    own = line.get("ship_time")
    if status in WAITING or (own is not None and status not in GONE):
        return instant(own)
    return instant(own) or instant(order.get("ship_time"))


def _paid(status: int, main_status: int | None) -> bool:
    """Tell whether a line's state says that it was paid (whole, not only a deposit)."""
    return bool({status, main_status} & PAID)


def kits_in(order: Fields) -> set[str]:
    """Return the platform SKUs of an order that are kits (组合).

    What `bundle_sku_info` holds, and whether its numbers are per kit or per line, is not known:
    people say on SKU对照 what a kit is made of.
    """
    lines = rows(order.get("sku_order_list"))
    return {key for line in lines if line.get("bundle_sku_info") and (key := word(line, "sku_id"))}


def after_sales(item: Fields, shop_id: str) -> tuple[list[AfterSale], list[Problem]]:
    """Return an after-sale, once a line it is about, the bad rows, and what was not told."""
    info, order = group(item.get("aftersale_info")), group(item.get("order_info"))
    lines = rows(order.get("related_order_info"))
    sales: list[AfterSale] = []
    problems: list[Problem] = []
    if not lines:
        found = info.get("aftersale_id")
        problems.append(_no_lines("afterSale.List", "related_order_info", found))
    for line in lines:
        try:
            sale = _after_sale(info, order, line, shop_id, alone=len(lines) == 1)
        except BadRowError as bad:
            problems.append(bad.problem)
            continue
        sales.append(sale)
        problems += _sale_problems(sale, guessed=_guessed(info, line))
    return sales, problems


def _after_sale(
    info: Fields, order: Fields, line: Fields, shop_id: str, *, alone: bool
) -> AfterSale:
    """Return one line's after-sale.

    Where its units are not told it is about the whole line, and has no `applied_at`: so the same
    news with its units outranks it.
    """
    where = "afterSale.List"
    number = identity(info, "aftersale_id", where=where)
    line_id = identity(line, "sku_order_id", where=where)
    kind, status = whole(info.get("aftersale_type")), whole(info.get("aftersale_status"))
    updated_at = instant(info.get("update_time"))
    if kind is None or status is None or updated_at is None:
        raise BadRowError(_half_told(number, info))
    instead = group(line.get("exchange_sku_info") or info.get("exchange_sku_info"))
    return AfterSale(
        shop_id=shop_id,
        after_sale_id=number if alone else f"{number}-{line_id}",
        line_id=line_id,
        kind=kind,
        status=status,
        quantity=next((n for n in _counts(info, line) if n and n > 0), 1),
        updated_at=updated_at,
        order_id=word(order, "shop_order_id"),
        refund_status=whole(info.get("refund_status")),
        shop_sku_id=word(instead, "sku_id"),
        applied_at=None if _guessed(info, line) else instant(info.get("apply_time")),
        refund_fen=whole(info.get("refund_amount")) if alone else None,
    )


def _counts(info: Fields, line: Fields) -> list[int | None]:
    """Return what may tell an after-sale's units, the nearest field first."""
    fields = (line.get("aftersale_item_num"), info.get("aftersale_num"), line.get("item_num"))
    return [pieces(n) for n in fields]


def _guessed(info: Fields, line: Fields) -> bool:
    """Tell whether the units are the whole line's for want of better, and more than one."""
    own, whole_sale, of_line = _counts(info, line)
    return not any(n and n > 0 for n in (own, whole_sale)) and of_line != 1


def _sale_problems(sale: AfterSale, *, guessed: bool) -> list[Problem]:
    where, found = "afterSale.List", []
    if sale.kind not in set(AfterSaleKind):
        found.append(unknown_value(where, "aftersale_type", sale.kind, sale.after_sale_id))
    if sale.status not in set(AfterSaleStatus):
        found.append(unknown_value(where, "aftersale_status", sale.status, sale.after_sale_id))
    if guessed:
        found.append(
            absent(
                where,
                "aftersale_item_num",
                say("暂按整行的件数算", "the whole line's units are assumed"),
            )
        )
    return found


def _no_lines(where: str, column: str, number: object) -> Problem:
    return Problem(
        where,
        None,
        column,
        say(f"{number} 没有明细", f"{number} has no lines"),
        say("至少一行明细", "at least one line"),
        say("已跳过；下次拉取会再读", "skipped; the next pull reads it again"),
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
    quantity = pieces(line.get("item_num"))
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
    """Units of this SKU in the order's parcels, where it is partly shipped and they are told."""
    parcels = rows(order.get("logistics_info"))
    if status != OrderStatus.PARTLY_SHIPPED or not parcels:
        return None
    return sum(
        pieces(product.get("product_count")) or 0
        for parcel in parcels
        for product in rows(parcel.get("product_info"))
        if word(product, "sku_id") == shop_sku_id
    )


def _warehouse(line: Fields) -> str:
    stocks = rows(line.get("inventory_list"))
    return word(stocks[0], "out_warehouse_id") if stocks else ""


def shop_skus(
    product: Fields, found: Sequence[Fields], shop_id: str
) -> tuple[list[ShopSku], list[Problem]]:
    """Return the SKUs of one product; a product whose SKUs have no code at all says so.

    Args:
        product: A row of product.listV2.
        found: Its rows of sku.list.
    """
    skus: list[ShopSku] = []
    problems: list[Problem] = []
    for row in found:
        try:
            skus.append(_sku(product, row, shop_id))
        except BadRowError as bad:
            problems.append(bad.problem)
    if found and not any("code" in row for row in found):
        problems.append(
            absent(
                "sku.list",
                "code",
                say("商家编码沿用已知的，没有的记在未识别下", "known codes stay in use"),
            )
        )
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
        stock=pieces(row.get("stock_num")),
        created_at=instant(product.get("create_time")),
    )


def _properties(row: Fields) -> list[str]:
    return [word(p, "value_name") or word(p, "value") for p in rows(row.get("sell_properties"))]


def _category(product: Fields) -> str:
    """The name of the deepest category given."""
    detail = group(product.get("category_detail"))
    names = ("fourth_cname", "third_cname", "second_cname", "first_cname")
    return next((word(detail, name) for name in names if word(detail, name)), "")
