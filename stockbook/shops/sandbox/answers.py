"""Orders and products of the practice shop, spelled as the platform spells them.

Ids come as text in some fields and as numbers in others, as they do there; buyers' data is
filled with decoys that no part of StockBook may ever keep.
"""

from __future__ import annotations

from typing import Any

from stockbook.shops.sandbox.catalogue import Item
from stockbook.shops.sandbox.orders import Line, Order, Wish
from stockbook.shops.sandbox.origins import Origin
from stockbook.shops.sandbox.simulation import ShopSimulation
from stockbook.shops.sandbox.stock import priced_stock, stock_fields

ORDER_STATUS = {
    "unpaid": (1, 1), "deposit": (1, 103), "paid": (2, 2), "part": (101, 101),
    "shipped": (3, 3), "done": (5, 5), "cancelled": (4, 4), "refunded": (4, 21),
    "returned": (4, 22),
}  # fmt: skip
WISH_KIND = {"return": 0, "part": 2, "exchange": 3, "resend": 7}
WISH_STATUS = {
    "asked": 6,
    "agreed": 7,
    "again": 8,
    "back": 11,
    "done": 12,
    "sent": 13,
    "refused": 28,
}
DECOY = "买家隐私诱饵"
Fields = dict[str, Any]


def order(found: Order, shop_id: str) -> Fields:
    """Return one row of `shop_order_list`."""
    status, main = ORDER_STATUS[found.state]
    total = sum(line.amount_fen for line in found.lines)
    return {
        "order_id": str(found.order_id),
        "shop_id": int(shop_id),
        "shop_name": "小满优选旗舰店",
        "order_status": status,
        "main_status": main,
        "order_type": 0,
        "create_time": found.created_at,
        "update_time": found.updated_at,
        "pay_time": found.paid_at,
        "ship_time": found.shipped_at,
        "finish_time": found.finished_at,
        "order_expire_time": 1800,
        "exp_ship_time": found.paid_at + 2 * 86_400 if found.paid_at else 0,
        "cancel_reason": found.reason,
        "order_amount": total,
        "pay_amount": total if found.paid_at else 0,
        "post_amount": 0,
        "logistics_info": _parcels(found),
        "sku_order_list": [_line(found, line) for line in found.lines],
        **({"order_phase_list": _phases(found, total)} if found.presale else {}),
        **_buyer(found),
    }


def _phases(found: Order, total: int) -> list[Fields]:
    """Return the two payments of a presale: a fifth of the price, and the rest."""
    deposit = total // 5
    paid = (found.deposit_at, found.paid_at)
    return [
        {
            "phase_order_id": str(found.order_id * 10 + phase),
            "total_phase": 2,
            "current_phase": phase,
            "pay_success": bool(at),
            "sku_order_id": str(found.lines[0].line_id),
            "phase_pay_time": at,
            "phase_order_amount": amount,
        }
        for phase, (at, amount) in enumerate(zip(paid, (deposit, total - deposit), strict=True), 1)
    ]


def after_sale(wish: Wish) -> Fields:
    """Return one item of afterSale.List."""
    paid_back = wish.state == "done"
    return {
        "aftersale_info": {
            "aftersale_id": str(wish.wish_id),
            "aftersale_status": WISH_STATUS[wish.state],
            "aftersale_type": WISH_KIND[wish.kind],
            "refund_amount": wish.line.of_units_fen(wish.units),
            "refund_status": 3 if paid_back else 1,
            "aftersale_num": wish.units,
            "got_pkg": int(wish.kind != "part"),
            "apply_time": wish.applied_at,
            "update_time": wish.updated_at,
        },
        "order_info": {
            "shop_order_id": wish.order_id,
            "related_order_info": [
                {
                    "sku_order_id": line.line_id,
                    "product_id": line.item.product_id,
                    "shop_sku_code": line.item.sku,
                    "item_num": line.quantity,
                    "aftersale_item_num": units,
                    "pay_amount": line.amount_fen,
                }
                for line, units in wish.about()
            ],
        },
        "seller_logs": [{"op_time": wish.updated_at, "text": DECOY}],
    }


def _buyer(found: Order) -> Fields:
    """What a buyer would not want anyone to keep."""
    tail = f"{found.order_id % 10_000:04d}"
    return {
        "doudian_open_id": f"1@#{DECOY}{tail}",
        "post_tel": "",
        "post_receiver": "",
        "encrypt_post_tel": f"$139{tail}{DECOY}$",
        "encrypt_post_receiver": f"##{DECOY}{tail}##",
        "mask_post_receiver": f"{DECOY[:2]}**",
        "mask_post_tel": f"139****{tail}",
        "post_addr": {
            "province": {"name": found.origin.province if found.origin else "浙江省"},
            "city": {"name": found.origin.city if found.origin else "杭州市"},
            "town": {"name": f"{DECOY}区"},
            "encrypt_detail": f"##{DECOY}路{tail}号##",
        },
        "buyer_words": f"{DECOY}：请放门口",
        "user_id_info": {"encrypt_id_card_no": DECOY, "encrypt_id_card_name": DECOY},
    }


def _parcels(found: Order) -> list[Fields]:
    return [
        {
            "tracking_no": f"SF{found.order_id % 10**12:012d}{i}",
            "company": "shunfeng",
            "ship_time": at,
            "product_info": [{"sku_id": line.item.shop_sku_id, "product_count": units}],
        }
        for line in found.lines
        for i, (at, units) in enumerate(line.shipped)
    ]


def _line(found: Order, line: Line) -> Fields:
    state = found.line_state(line)
    status, main = ORDER_STATUS[state]
    item, amount = line.item, line.amount_fen
    return {
        "order_id": str(line.line_id),
        "parent_order_id": str(found.order_id),
        "order_status": status,
        "main_status": main,
        "create_time": found.created_at,
        "update_time": found.updated_at,
        "ship_time": line.shipped[-1][0] if line.shipped else 0,
        "product_id": item.product_id,
        "product_id_str": str(item.product_id),
        "product_name": item.name,
        "sku_id": item.shop_sku_id,
        "item_num": line.quantity,
        "code": item.sku,
        "out_sku_id": 0,
        "origin_amount": item.price_fen,
        "order_amount": amount,
        "pay_amount": amount if found.paid_at else 0,
        "pre_sale_type": 2 if item.presale else 0,
        "reduce_stock_type": 1 if item.falls_on_order else 2,
        "inventory_list": _inventory(line),
        "given_product_type": _given(found, line),
        "after_sale_info": _after_sale(state),
        **_origin(found.origin),
        **({"master_sku_order_id_list": [str(line.master)]} if line.master else {}),
        **({"bundle_sku_info": _bundle(item)} if item.parts else {}),
    }


def _origin(came: Origin | None) -> Fields:
    """Return where a line was sold; a plain shop sells all by itself."""
    if came is None:
        return {"c_biz": 8, "room_id_str": ""}
    return {
        "c_biz": 2 if came.author_id else 8,
        "ad_env_type": came.channel if came.channel in ("live", "video") else "",
        "author_id": int(came.author_id or 0),
        "author_name": came.author_name,
        "room_id": int(came.room_id or 0),
        "room_id_str": came.room_id,
        "video_id": came.video_id,
    }


def _inventory(line: Line) -> list[Fields]:
    """Return the house a line comes from, where it is not the main one."""
    house = line.item.warehouse
    if not house:
        return []
    return [{"warehouse_id": 7_000_000_000_000_000_002, "out_warehouse_id": house,
             "inventory_type": 1, "count": line.quantity, "warehouse_type": 0}]  # fmt: skip


def _given(found: Order, line: Line) -> str:
    if line.master:
        return "FREE"
    return "MASTER" if any(gift.master == line.line_id for gift in found.lines) else ""


def _bundle(item: Item) -> list[Fields]:
    """Return a kit's components; here `item_num` is what one kit takes."""
    return [
        {
            "product_id": str(part.product_id),
            "sku_id": str(part.shop_sku_id),
            "product_name": part.name,
            "code": part.sku,
            "item_num": n,
            "picture_url": "",
        }
        for part, n in item.parts
    ]


def _after_sale(state: str) -> Fields:
    kinds = {"refunded": 2, "returned": 1}
    if state not in kinds:
        return {"after_sale_status": 0, "after_sale_type": 0, "refund_status": 0}
    return {"after_sale_status": 12, "after_sale_type": kinds[state], "refund_status": 3}


def products(shop: ShopSimulation) -> list[list[Item]]:
    """Return the SKUs of each product on sale, newest product first."""
    found: dict[int, list[Item]] = {}
    for item in shop.items:
        if item.launched_at <= shop.now and not (shop.stock and shop.stock.gone(item)):
            found.setdefault(item.product_id, []).append(item)
    rows = [sorted(items, key=lambda i: i.sku) for items in found.values()]
    return sorted(rows, key=lambda items: (-items[0].launched_at, items[0].product_id))


def product(items: list[Item], shop: ShopSimulation) -> Fields:
    """Return one row of product.listV2."""
    first = items[0]
    return {
        "product_id": first.product_id,
        "status": 0,
        "check_status": 3,
        "product_type": 0,
        "name": first.name,
        "img": "",
        "create_time": first.launched_at,
        "update_time": shop.now,
        "outer_product_id": first.sku.partition("-")[0],
        "category_detail": {"first_cname": first.category, "second_cname": ""},
        "sell_num": 0,
    }


def sku(item: Item, shop: ShopSimulation) -> Fields:
    """Return one row of sku.list."""
    return {
        "id": item.shop_sku_id,
        "product_id_str": str(item.product_id),
        "code": item.sku,
        "price": item.price_fen,
        **stock_fields(item, shop),
        "ship_rule_map": None,
        "sell_properties": [{"property_name": "规格", "value_name": item.variant}],
        "out_sku_id": 0,
    }


def detail(items: list[Item], shop: ShopSimulation) -> Fields:
    """Return product.detail."""
    prices = [
        {
            "sku_id": str(item.shop_sku_id),
            "outer_sku_id": item.sku,
            "code": item.sku,
            "price": item.price_fen,
            **priced_stock(item, shop),
        }
        for item in items
    ]
    rest = {
        "presell_type": 2 if items[0].presale else 0,
        "delivery_delay_day": 2,
        "reduce_type": 2 - items[0].falls_on_order,
    }
    return {**product(items, shop), "spec_prices": prices, **rest}
