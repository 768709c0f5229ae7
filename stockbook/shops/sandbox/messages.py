"""What the practice shop's platform says in a push when an order or a wish changes.

A message never tells SKUs or units. Bodies about addresses hold decoys that nobody may keep, as
the platform's hold buyers' data. Money back that closes an order is told as a closed order.
"""

from __future__ import annotations

from typing import Any

from stockbook.shops.sandbox.answers import DECOY, ORDER_STATUS, WISH_KIND, WISH_STATUS
from stockbook.shops.sandbox.orders import Order, Wish

Fields = dict[str, Any]
Message = tuple[str, Fields]  # tag, data
ORDER_TAGS = {
    "unpaid": "100", "deposit": "110", "paid": "101", "part": "108", "shipped": "102",
    "done": "103", "cancelled": "106", "refunded": "106", "returned": "106",
}  # fmt: skip
WISH_TAGS = {
    ("part", "done"): "206", ("part", "refused"): "204",
    ("return", "agreed"): "202", ("return", "back"): "203", ("return", "done"): "206",
    ("return", "refused"): "205", ("exchange", "agreed"): "211", ("exchange", "back"): "203",
    ("exchange", "sent"): "208", ("resend", "again"): "226", ("resend", "sent"): "227",
}  # fmt: skip
ASKED, CLOSED, CHANGED = "200", "207", "208"
MOVED_HOUSE = 40  # one paid order of so many gets another address; one more asks for it


def messages(what: Order | Wish, shop_id: str) -> list[Message]:
    """Return what is said of an order or a wish that was just made or has just changed."""
    return _of_order(what, shop_id) if isinstance(what, Order) else [_of_wish(what, shop_id)]


def _of_order(order: Order, shop_id: str) -> list[Message]:
    tag = ORDER_TAGS[order.state]
    base = {
        "p_id": order.order_id,
        "s_ids": [line.line_id for line in order.lines],
        "shop_id": int(shop_id),
        "order_status": ORDER_STATUS[order.state][0],
        "order_type": 0,
        "biz": 2,
        "create_time": order.created_at,
    }
    said = [(tag, base | _more(tag, order))]
    moved = {0: "105", 1: "111"}.get(order.order_id // 10_007 % MOVED_HOUSE)
    if tag == "101" and moved:
        address = {"update_time": order.updated_at, "receiver_msg": _receiver(order)}
        said.append((moved, base | address))
    return said


def _more(tag: str, order: Order) -> Fields:
    at = order.updated_at
    total = sum(line.amount_fen for line in order.lines)
    if tag in ("101", "110"):
        return {"pay_time": at, "pay_amount": total, "pay_type": 0}
    if tag in ("102", "108"):
        parcel = {
            "express_company_id": "shunfeng",
            "logistics_code": f"SF{order.order_id % 10**12}",
        }
        return {"update_time": at, "logistics_msg": parcel, "receiver_msg": _receiver(order)}
    if tag == "103":
        return {"complete_time": at}
    return {"cancel_time": at, "cancel_reason": order.reason} if tag == "106" else {}


def _receiver(order: Order) -> Fields:
    tail = f"{order.order_id % 10_000:04d}"
    return {"name": DECOY, "tel": f"139{DECOY}{tail}", "addr": f"浙江省杭州市{DECOY}路{tail}号"}


def _of_wish(wish: Wish, shop_id: str) -> Message:
    ends = CLOSED if wish.state == "refused" else CHANGED
    tag = ASKED if wish.state == "asked" else WISH_TAGS.get((wish.kind, wish.state), ends)
    return tag, {
        "aftersale_id": wish.wish_id,
        "aftersale_status": WISH_STATUS[wish.state],
        "aftersale_type": WISH_KIND[wish.kind],
        "p_id": wish.order_id,
        "s_id": wish.line.line_id,
        "shop_id": int(shop_id),
        "refund_amount": wish.line.of_units_fen(wish.units),
        "reason_code": 0,
        "apply_time": wish.applied_at,
        "update_time": wish.updated_at,
        **({"success_time": wish.updated_at} if tag == "206" else {}),
    }
