"""The outlook of a few SKUs, by the real stages, from their free units alone."""

import math
from datetime import date

import numpy as np

from stockbook.domain import alerts, levels, purchase
from stockbook.domain.clock import midnight
from stockbook.domain.demand import DemandHistory
from stockbook.domain.outlook import Outlook, Stock
from stockbook.domain.tables import CATALOGUE, MOVEMENT, POSITION
from tests.domain.expecting import expected

TODAY = date(2026, 3, 2)
NOW = midnight(TODAY) + 10 * 3600


def outlook(units, inbound=(), **terms):
    """Return the outlook of SKUs with so many free units, ten sold a day, three days to order."""
    base = {"name": "遮阳伞", "category": "", "supplier": "义乌甲", "price_yuan": 10.0,
            "unit_cost_yuan": 4.0, "lead_time_days": 3.0, "lead_time_sd": 0.0,
            "emergency_lead_time_hours": 12.0, "moq": 1, "pack_size": 50,
            "service_level": 0.95, "manual_reorder_point": math.nan}  # fmt: skip
    catalogue = CATALOGUE.make([{"sku": sku} | base | terms for sku in units])
    none = [c for c in POSITION.columns if c not in ("sku", "free")]
    held = POSITION.make([{"sku": k, "free": n} | dict.fromkeys(none, 0) for k, n in units.items()])
    skus = list(units)
    told = expected(10, skus=skus)
    limits = levels.levels(told, catalogue, rule="normal", review_days=1)
    danger = alerts.alerts(held, told.table, limits, catalogue, inbound, now=NOW)
    orders = purchase.suggest(held, limits, danger, catalogue, now=NOW)
    zeros = np.zeros((len(skus), 1), np.float32)
    history = DemandHistory(
        tuple(skus), TODAY, zeros, zeros, np.zeros(len(skus), np.int64), zeros[:, 0], zeros
    )
    stock = Stock(catalogue, held, frozenset(skus), NOW)
    return Outlook(
        NOW, stock, catalogue, history, told.table, limits, danger, orders, MOVEMENT.empty()
    )
