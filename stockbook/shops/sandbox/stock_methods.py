"""The platform's stock methods as the practice shop plays them: fields, codes, partial success.

An idempotent id counts as used once its change was carried out, for 24 hours, whatever method
it came with. What the platform answers for a SKU that is gone in a change of several products is
not known; here it is the code of its one-product method. Nor is it known whether partial success
comes as 10000 or 10001: the mode `partial_code` says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from stockbook.shops.sandbox.catalogue import Item
from stockbook.shops.sandbox.modes import Modes
from stockbook.shops.sandbox.simulation import ShopSimulation
from stockbook.shops.sandbox.stock import (
    Change,
    Figures,
    ShopStock,
    StockRefusedError,
    Wanted,
    stock_fields,
)
from stockbook.shops.sandbox.tokens import Fields, RefusedError

MOST_ITEMS = 50
SECOND_WAREHOUSE = 7_000_000_000_000_000_002  # the platform's own id of it
INVALID, FAILED = (40004, "isv.parameter-invalid:"), (50002, "isv.business-failed:")
WORDS = {
    "missing": "商品或规格不存在", "deleted": "规格已删除", "banned": "商品已封禁",
    "auditing": "商品审核中", "warehouse": "仓库与库存类型不符", "short": "库存不足",
    "activity": "商品参加平台活动，不能减库存", "repeated": "操作已执行",
}  # fmt: skip
SINGLE = {
    "missing": (*INVALID, "5"), "deleted": (*INVALID, "4"), "repeated": (*INVALID, "40010"),
    "warehouse": (*INVALID, "5"), "short": (*FAILED, "2010012"), "activity": (*FAILED, "2010045"),
    "banned": (*FAILED, "2010043"), "auditing": (*FAILED, "2010041"),
}  # fmt: skip
BATCH = {
    "missing": (*INVALID, "5"), "deleted": (*FAILED, "2010042"), "repeated": (*FAILED, "2010021"),
    "warehouse": (*INVALID, "5"), "short": (*FAILED, "2010012"), "activity": (*FAILED, "2010045"),
    "banned": (*FAILED, "2010043"), "auditing": (*FAILED, "2010041"),
}  # fmt: skip
MULTI = {
    "missing": (*FAILED, "2010058"), "deleted": (*FAILED, "2010042"),
    "repeated": (*FAILED, "-20002"), "warehouse": (*FAILED, "2010058"),
    "short": (*FAILED, "-20001"), "activity": (*FAILED, "-20008"), "banned": (*FAILED, "-40002"),
    "auditing": (*FAILED, "-40001"),
}  # fmt: skip
Codes = Mapping[str, tuple[int, str, str]]


class StockMethods:
    """Reads and changes the stock of one shop; changes are taken where it is gated."""

    def __init__(self, shop: ShopSimulation, modes: Modes) -> None:
        self._shop = shop
        self._modes = modes

    def handlers(self) -> dict[str, Callable[[Fields], Any]]:
        """Return what answers each method."""
        return {
            "sku.stockNum": self.stock_num,
            "sku.syncStock": self.sync_one,
            "sku.syncStockBatch": self.sync_product,
            "sku.syncStockBatchMultiProducts": self.sync_products,
        }

    def stock_num(self, params: Fields) -> Fields:
        """Answer sku.stockNum: the same figures as sku.list, or those of one warehouse."""
        item = self._item(params)
        if item is None or (self._shop.stock and self._shop.stock.gone(item)):
            raise _refused("deleted" if item else "missing", SINGLE)
        found = stock_fields(item, self._shop)
        house = str(params.get("out_warehouse_id") or "")
        if house and house not in (found["stock_map"] or {}):
            raise _refused("warehouse", SINGLE)
        shown = {"stock_num": found["stock_map"][house]} if house else {}
        return self._modes.row({"sku_id": item.shop_sku_id, "code": item.sku} | found | shown)

    def sync_one(self, params: Fields) -> Fields:
        """Answer sku.syncStock."""
        stock, incremental = self._stock(), bool(params.get("incremental", False))
        key = _key(params, needed=incremental)
        if stock.used(key):
            raise _refused("repeated", SINGLE)
        try:
            wanted = self._wanted(params, incremental=incremental)
            stock.weigh(wanted, {})
        except StockRefusedError as error:
            raise _refused(error.kind, SINGLE) from None
        stock.carry_out([wanted], "sku.syncStock", key)
        return {}

    def sync_product(self, params: Fields) -> Fields:
        """Answer sku.syncStockBatch: all of its changes, or none."""
        stock, incremental = self._stock(), bool(params.get("incremental", False))
        key = _key(params, needed=incremental)
        if stock.used(key):
            raise _refused("repeated", BATCH)
        rows = [row for entry in _entries(params, "sku_sync_list") for row in _by_house(entry)]
        product = {"product_id": params.get("product_id")}
        draft: dict[int, Figures] = {}
        try:
            wanted = [self._wanted(row | product, incremental=incremental) for row in rows]
            for one in wanted:
                draft[one.item.index] = stock.weigh(one, draft)
        except StockRefusedError as error:
            raise _refused(error.kind, BATCH) from None
        stock.carry_out(wanted, "sku.syncStockBatch", key)
        return {}

    def sync_products(self, params: Fields) -> Fields:
        """Answer sku.syncStockBatchMultiProducts: item by item, or all or none."""
        stock, key = self._stock(), _key(params, needed=True)
        if not isinstance(params.get("incremental"), bool):
            raise _missing("incremental")
        rows = _entries(params, "items")
        if len(rows) > MOST_ITEMS:
            raise RefusedError(40004, "isv.parameter-invalid:4", f"items 最多 {MOST_ITEMS} 个")
        if stock.used(key):
            raise _refused("repeated", MULTI)
        taken, why = self._weighed(stock, rows, incremental=params["incremental"])
        if not params.get("allow_partial_success", False):
            for kind in filter(None, why):
                raise _refused(kind, MULTI)
        made = iter(stock.carry_out(taken, "sku.syncStockBatchMultiProducts", key))
        results = [_failed(row, kind) if kind else _done(next(made))
                   for row, kind in zip(rows, why, strict=True)]  # fmt: skip
        if any(why) and self._modes.partial_code != 10000:
            code = self._modes.partial_code
            raise RefusedError(code, "", "部分成功", {"results": results})
        return {"results": results}

    def _weighed(
        self, stock: ShopStock, rows: list[Fields], *, incremental: bool
    ) -> tuple[list[Wanted], list[str]]:
        """Return the changes that can be made, and for each row why not, "" where it can."""
        draft: dict[int, Figures] = {}
        taken: list[Wanted] = []
        why: list[str] = []
        for row in rows:
            try:
                wanted = self._wanted(row, incremental=incremental)
                draft[wanted.item.index] = stock.weigh(wanted, draft)
            except StockRefusedError as error:
                why.append(error.kind)
            else:
                taken.append(wanted)
                why.append("")
        return taken, why

    # --- reading what is asked ----------------------------------------------------------

    def _stock(self) -> ShopStock:
        if self._shop.stock is None:
            why = "练习店铺没有自己的库存，请先开启 gated"
            raise RefusedError(70000, "isp.api-service-off", why)
        return self._shop.stock

    def _wanted(self, row: Fields, *, incremental: bool) -> Wanted:
        """Return the change that a row asks for.

        Raises:
            RefusedError: A number is missing, no whole number, or below zero and no increment.
            StockRefusedError: There is no such SKU.
        """
        spot, step = _units(row, "stock_num"), _units(row, "step_stock_num")
        if spot is None and step is None:
            raise _missing("stock_num")
        if not incremental and min(spot or 0, step or 0) < 0:
            raise RefusedError(40004, "isv.parameter-invalid:4", "全量更新时库存不能为负")
        item = self._item(row)
        if item is None:
            raise StockRefusedError("missing")
        return Wanted(item, spot, step, incremental, str(row.get("out_warehouse_id") or ""))

    def _item(self, row: Fields) -> Item | None:
        """Return the SKU on sale that a row names by its id or code, in its product if named."""
        key = str(row.get("sku_id") or "")
        code = str(row.get("code") or row.get("sku_code") or "")
        if not key and not code:
            raise _missing("sku_id")
        product = str(row.get("product_id") or "")
        for item in self._shop.items:
            fits = str(item.shop_sku_id) == key if key else item.sku == code
            there = product in ("", str(item.product_id)) and item.launched_at <= self._shop.now
            if fits and there:
                return item
        return None


def _by_house(row: Fields) -> list[Fields]:
    """Return a row of syncStockBatch as one row for each warehouse that it names."""
    houses = row.get("stock_map") or []
    if not houses:
        return [row]
    return [row | {name: house.get(name) for name in ("out_warehouse_id", "stock_num")}
            for house in houses]  # fmt: skip


def _done(change: Change) -> Fields:
    return {
        "sku_id": int(change.shop_sku_id),
        "warehouse_id": SECOND_WAREHOUSE if change.warehouse else 0,
        "stock_num": change.stock_num,
        "step_stock_num": change.step_stock_num,
        "change_num": change.change_num,
        "step_change_num": change.step_change_num,
        "status_code": 0,
        "status_message": "success",
    }


def _failed(row: Fields, kind: str) -> Fields:
    key = str(row.get("sku_id") or "")
    return {
        "sku_id": int(key) if key.isdigit() else 0,
        "warehouse_id": 0,
        "stock_num": 0,
        "step_stock_num": 0,
        "change_num": 0,
        "step_change_num": 0,
        "status_code": int(MULTI[kind][2]),
        "status_message": WORDS[kind],
    }


def _refused(kind: str, codes: Codes) -> RefusedError:
    code, prefix, number = codes[kind]
    return RefusedError(code, f"{prefix}{number}", WORDS[kind])


def _missing(name: str) -> RefusedError:
    return RefusedError(40002, f"isv.missing-parameter:{name}", f"缺少 {name}")


def _key(params: Fields, *, needed: bool) -> str:
    key = str(params.get("idempotent_id") or "")
    if needed and not key:
        raise _missing("idempotent_id")
    return key


def _entries(params: Fields, name: str) -> list[Fields]:
    rows = params.get(name)
    if not isinstance(rows, list) or not rows:
        raise _missing(name)
    if not all(isinstance(row, dict) for row in rows):
        raise RefusedError(40003, "isv.parameter-format-invalid", f"{name} 须为对象的列表")
    return rows


def _units(row: Fields, name: str) -> int | None:
    units = row.get(name)
    if units is None or type(units) is int:
        return units
    raise RefusedError(40003, "isv.parameter-format-invalid", f"{name} 须为整数")
