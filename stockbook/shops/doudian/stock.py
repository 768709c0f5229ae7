"""The shop's own stock: its fields, read; and increments to it, never a figure as a whole.

Every increment goes with an idempotent id. A lost answer is repeated with the same id by the
transport, and where the shop then says that the id was used the change has been made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stockbook.domain.language import say
from stockbook.domain.problems import Problem, ShopRefused
from stockbook.domain.records import (
    REPEATED,
    ChangeResult,
    ChangeState,
    ShopStock,
    StockChange,
)
from stockbook.shops.doudian.fields import (
    BadRowError,
    Fields,
    group,
    identity,
    pieces,
    readable,
    rows,
    whole,
    word,
)
from stockbook.shops.doudian.missing import absent
from stockbook.shops.doudian.transport import RepeatedError

MOST = 50  # changes in one call
REGIONAL, STEPPED = 1, 10  # sku_type: by warehouse; presale stock only
NEEDED = ("stock_num", "prom_stock_num", "sku_type")  # without one of them a SKU is left alone
TOLD = ("prehold_stock_num", "step_stock_num")  # only compared with the books
DONE = (0, 10000)
SHORT = ("-20001", "2010012")  # 库存不足
Call = Callable[[str, Mapping[str, Any]], Any]


def shop_stocks(product: Fields, told: Sequence[Fields]) -> tuple[list[ShopStock], list[Problem]]:
    """Return the stock fields of one product's SKUs, the bad rows, and what is not told."""
    found: list[ShopStock] = []
    problems: list[Problem] = []
    for row in told:
        try:
            stock = _stock(product, row)
        except BadRowError as bad:
            problems.append(bad.problem)
            continue
        found.append(stock)
        problems += [_missing(name) for name in stock.missing]
    return found, problems


def _stock(product: Fields, row: Fields) -> ShopStock:
    where = "sku.list"
    kind, houses = whole(row.get("sku_type")), _houses(row.get("stock_map"))
    missing = [name for name in (*NEEDED, *TOLD) if pieces(row.get(name)) is None]
    if kind == REGIONAL and not houses:
        missing.append("stock_map")
    return ShopStock(
        identity(row, "id", "sku_id", where=where),
        identity(product, "product_id", where=where),
        word(row, "code"),
        pieces(row.get("stock_num")),
        pieces(row.get("prom_stock_num")),
        pieces(row.get("prehold_stock_num")),
        pieces(row.get("step_stock_num")),
        kind == REGIONAL,
        kind == STEPPED,
        houses,
        tuple(missing),
    )


def _houses(found: object) -> tuple[tuple[str, int], ...]:
    """Return the units of each warehouse that names a whole number."""
    if not isinstance(found, Mapping):
        return ()
    told = {readable(str(warehouse)): pieces(units) for warehouse, units in found.items()}
    if any(units is None for units in told.values()):
        return ()
    return tuple((warehouse, units) for warehouse, units in told.items() if units is not None)


def _missing(name: str) -> Problem:
    if name in TOLD:
        return absent("sku.list", name, say("这一项不对账", "this figure is not compared"))
    return absent(
        "sku.list", name, say("这些 SKU 不会发布库存", "no stock is published for these SKUs")
    )


def add_stock(
    call: Call, changes: Sequence[StockChange], idempotent_id: str, *, again: bool = False
) -> list[ChangeResult]:
    """Add units, in one call; one by one where the shop does not take them together.

    Args:
        again: They were sent before with this id, so they are never sent one by one: those ids
            would be others, and what had arrived would be added twice.

    Raises:
        ShopRefused: They were sent before, and the shop does not take them now.
        ShopUnavailable: No definite answer: ask again with the same id.
    """
    params = {
        "items": [_item(change, str(i)) for i, change in enumerate(changes)],
        "idempotent_id": idempotent_id,
        "incremental": True,
        "allow_partial_success": True,
    }
    try:
        answer = call("sku.syncStockBatchMultiProducts", params)
    except RepeatedError:
        return [ChangeResult(ChangeState.DONE, REPEATED)] * len(changes)
    except ShopRefused:  # not permitted, or one of them stops all
        if again:
            raise
        return [_alone(call, change, idempotent_id) for change in changes]
    return _results(changes, rows(group(answer).get("results")))


def _item(change: StockChange, number: str) -> dict[str, Any]:
    warehouse = {"out_warehouse_id": change.warehouse} if change.warehouse else {}
    return {
        "product_id": int(change.product_id),
        "sku_id": int(change.shop_sku_id),
        "stock_num": change.step,
        "uniq_id": number,
        **warehouse,
    }


def _alone(call: Call, change: StockChange, idempotent_id: str) -> ChangeResult:
    """Add to one SKU."""
    item = _item(change, "0")
    del item["uniq_id"]
    key = ".".join(filter(None, (idempotent_id, change.shop_sku_id, change.warehouse)))
    try:
        call("sku.syncStock", {**item, "incremental": True, "idempotent_id": key})
    except RepeatedError:
        return ChangeResult(ChangeState.DONE, REPEATED)
    except ShopRefused as refused:
        return ChangeResult(ChangeState.REFUSED, str(refused), refused.sub_code.endswith(SHORT))
    return ChangeResult(ChangeState.DONE)


def _results(changes: Sequence[StockChange], told: list[Fields]) -> list[ChangeResult]:
    """Return what the rows of an answer say of each change; they come in the order asked.

    A change that no row is about was done as far as one knows, as with a repeated id.
    """
    found = []
    for change in changes:
        at = next((i for i, r in enumerate(told) if word(r, "sku_id") == change.shop_sku_id), None)
        row = None if at is None else told.pop(at)
        found.append(_result(change, row))
    return found


def _result(change: StockChange, row: Fields | None) -> ChangeResult:
    if row is None:
        return ChangeResult(ChangeState.DONE, REPEATED)
    code = whole(row.get("status_code"))
    if code in DONE or (code is None and whole(row.get("change_num")) == change.step):
        return ChangeResult(ChangeState.DONE)
    return ChangeResult(ChangeState.REFUSED, _words(code, word(row, "status_message")),
                        str(code) in SHORT)  # fmt: skip


def _words(code: int | None, message: str) -> str:
    known = {
        -20001: say("平台现货不够减", "the shop has less than is to be taken away"),
        -20008: say("活动或达人专属价的库存占着，不能减", "an activity holds the stock"),
        -20011: say("关联商品，平台不让单独改", "linked goods"),
        -40001: say("商品审核中", "the product is under review"),
        -40002: say("商品已封禁", "the product is banned"),
    }
    text = known.get(code or 0) or message or say("平台没有说明", "no reason given")
    return f"{text} ({code})"
