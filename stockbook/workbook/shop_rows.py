"""The rows of 店铺库存: what the shop shows and should show, why, and what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stockbook.domain.causes import difference
from stockbook.domain.sellable import UNTOLD, Offer
from stockbook.workbook.ledger_rows import moment

Values = Mapping[str, Any]


def shop_row(offer: Offer, *, step: int, cause: str, result: str, at: int) -> Values:
    """Return one row: a platform SKU in one warehouse.

    Args:
        step: What is to be sent [units].
        at: When the shop's stock was read [Unix s].
    """
    told = offer.alone != UNTOLD
    codes = [sku for (sku, _), _ in offer.parts]
    return {
        "sku": offer.stock.sku or (codes[0] if len(codes) == 1 else None),
        "shop_sku_id": offer.stock.shop_sku_id,
        "warehouse": offer.house or None,
        "spot": offer.spot if told else offer.stock.spot,
        "activity": offer.stock.activity,
        "prehold": offer.stock.prehold,
        "step_stock": offer.stock.step,
        "book": offer.book,
        "target": offer.target,
        "step": step or None,
        "difference": difference(offer),
        "cause": cause or None,
        "result": result or None,
        "at": moment(at),
    }
