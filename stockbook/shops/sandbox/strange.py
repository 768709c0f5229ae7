"""Answers that are not as the documents say: fields that a permission trims, and oddities.

Trimmed: a permission package leaves only what identifies a row and says its state. Strange: some
rows carry what nobody announced. Both keep what happened in the shop as it was.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Fields = dict[str, Any]
ODD = ("status", "zero", "negative", "no_lines", "null_lists", "no_fields", "no_status")
ODD_SALES = ("type", "status", "no_lines", "no_units", "null")
OPTIONAL = ("pay_time", "reduce_stock_type", "code", "ship_time", "after_sale_info", "finish_time")
LISTS = ("logistics_info", "inventory_list", "after_sale_info", "promotion_detail")
KEPT = {
    # an order and its lines
    "order_id", "parent_order_id", "shop_id", "order_status", "main_status", "create_time",
    "update_time", "sku_order_list", "product_id", "product_id_str", "sku_id", "item_num",
    # an after-sale
    "aftersale_info", "aftersale_id", "aftersale_status", "aftersale_type", "order_info",
    "shop_order_id", "related_order_info", "sku_order_id",
    # a product and its SKUs
    "id", "name", "status",
}  # fmt: skip
UNKNOWN_STATUS, UNKNOWN_KIND = 777, 77


def trim(fields: Fields, names: Collection[str] = ()) -> Fields:
    """Return an answer's row without the fields that are not permitted, at every depth.

    Args:
        names: These go; without any, all but `KEPT` go.
    """

    def gone(name: str) -> bool:
        return name in names if names else name not in KEPT

    def cut(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {k: cut(v) for k, v in value.items() if not gone(k)}
        return [cut(v) for v in value] if isinstance(value, list) else value

    return dict(cut(fields))


@dataclass(frozen=True)
class Strange:
    """Oddities on a share of the rows; a row keeps its oddity while this lasts."""

    seed: int = 1
    share: float = 0.2

    def orders(self, rows: Sequence[Fields]) -> list[Fields]:
        """Return a page of orders with oddities, some of them twice."""
        return self._page(rows, "order_id", odd_order, ODD)

    def after_sales(self, rows: Sequence[Fields]) -> list[Fields]:
        """Return a page of after-sales with oddities, some of them twice."""
        return self._page(rows, "aftersale_info", odd_sale, ODD_SALES)

    def _page(
        self, rows: Sequence[Fields], key: str, change: Any, kinds: Sequence[str]
    ) -> list[Fields]:
        page: list[Fields] = []
        for row in rows:
            dice = random.Random(f"{self.seed} {row[key]}")
            plain = _other_types(row)
            page.append(change(plain, dice.choice(kinds)) if dice.random() < self.share else plain)
            if dice.random() < self.share:
                page.append(page[-1])
        return page


def _other_types(row: Fields) -> Fields:
    """Return a row with its ids as numbers where they are text, and as text where numbers."""

    def turned(value: Any, name: str) -> Any:
        if isinstance(value, Mapping):
            return {k: turned(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [turned(v, name) for v in value]
        if not name.endswith("_id"):
            return value
        if isinstance(value, str) and value.isdigit():
            return int(value)
        return str(value) if isinstance(value, int) else value

    return dict(turned(row, ""))


def odd_order(row: Fields, kind: str) -> Fields:
    """Return an order with one oddity."""
    lines = row["sku_order_list"]
    if kind == "status":
        strange = {"order_status": UNKNOWN_STATUS, "main_status": UNKNOWN_STATUS}
        return row | strange | {"sku_order_list": [line | strange for line in lines]}
    if kind in ("zero", "negative"):
        count = {"item_num": 0 if kind == "zero" else -1}
        return row | {"sku_order_list": [line | count for line in lines]}
    if kind == "no_status":
        none = {"order_status": None}
        return row | none | {"sku_order_list": [line | none for line in lines]}
    if kind == "no_lines":
        return row | {"sku_order_list": None}
    if kind == "no_fields":
        return trim(row, OPTIONAL)
    null = dict.fromkeys(LISTS)
    return row | null | {"sku_order_list": [line | null for line in lines]}


def odd_sale(item: Fields, kind: str) -> Fields:
    """Return an after-sale with one oddity."""
    info, order = item["aftersale_info"], item["order_info"]
    if kind == "type":
        return item | {"aftersale_info": info | {"aftersale_type": UNKNOWN_KIND}}
    if kind == "status":
        return item | {"aftersale_info": info | {"aftersale_status": UNKNOWN_KIND}}
    if kind == "no_lines":
        return item | {"order_info": order | {"related_order_info": None}}
    if kind == "no_units":
        return trim(item, ("aftersale_num", "aftersale_item_num"))
    return item | {"aftersale_info": None}
