"""What people and launches tell a forecast: a method, a factor, the level of a new product."""

from __future__ import annotations

import numpy as np
import pandas as pd

from stockbook.domain.guide import Guide
from stockbook.domain.prediction import METHODS, NAIVE
from stockbook.domain.tables import records

AUTO = ("", "auto")


def guidance(skus: tuple[str, ...], overrides: pd.DataFrame, ramps: pd.DataFrame) -> Guide:
    """Return what overrides and ramps say.

    Args:
        overrides: Schema `OVERRIDES`, only those in force; they win over a ramp.
        ramps: Schema `RAMP`: new products.
    """
    found, row = Guide.none(len(skus)), {sku: i for i, sku in enumerate(skus)}
    for new in records(ramps):
        i = row[new["sku"]]
        found.given[i], found.widen[i] = new["level"], new["spread_factor"]
        found.name[i] = "ramp"
    order = [*METHODS, NAIVE]
    for told in records(overrides):
        if told["sku"] not in row or pd.isna(told["until"]):
            continue
        i = row[told["sku"]]
        found.scale[i] = told["factor"]
        if told["method"] not in AUTO:
            index = order.index(told["method"])
            found.method[i] = -1 if told["method"] == NAIVE else index
            found.given[i], found.widen[i], found.name[i] = np.nan, 1.0, ""
    return found
