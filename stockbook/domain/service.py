"""How sure a SKU should be of not running out: as told, the same for all, by class, by money."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockbook.domain.newsvendor import abc_class, economic_service_level

MODES = ("fixed", "abc", "economics")
BY_CLASS = {"A": 0.98, "B": 0.95, "C": 0.90}
YEAR = 365.0


def asked(
    catalogue: pd.DataFrame,
    forecast: pd.DataFrame,
    *,
    mode: str,
    usual: float,
    penalty_yuan: float,
    holding_share: float,
    review_days: float,
) -> pd.DataFrame:
    """Return the catalogue with the service level of each SKU filled in.

    Args:
        catalogue: Schema `CATALOGUE`; a service level that people stated there wins.
        forecast: Schema `FORECAST`, of the same SKUs in the same order.
        mode: `fixed` (the usual one), `abc` (by the revenue of the last 28 days: A 98 %, B 95 %,
            C 90 %), `economics` (margin and penalty of a unit short against holding it for one
            cycle; the usual one where price or cost is not known).
        usual: 0 < p < 1.
        penalty_yuan: What the platform takes for a late or missing unit [yuan].
        holding_share: Cost of holding stock for a year, as a share of its cost.
        review_days: Days that a unit left over waits at least for the next order.

    Raises:
        ValueError: An unknown mode.
    """
    if mode not in MODES:
        raise ValueError(f"mode must be one of {MODES}, got {mode!r}")
    stated = catalogue["service_level"].to_numpy(float)
    level = np.full(len(stated), usual)
    price, cost = catalogue["price_yuan"].to_numpy(float), catalogue["unit_cost_yuan"]
    if mode == "abc":
        classes = abc_class(revenue(catalogue, forecast))
        level = np.array([BY_CLASS[c] for c in classes.tolist()])
    if mode == "economics":
        cycle = np.maximum(catalogue["lead_time_days"].to_numpy(float) + review_days, 1.0)
        holding = cost.to_numpy(float) * holding_share * cycle / YEAR
        level = np.array(
            [
                _worth(m, penalty_yuan, h, usual)
                for m, h in zip(price - cost.to_numpy(float), holding, strict=True)
            ]
        )
    return catalogue.assign(service_level=np.where(np.isnan(stated), level, stated))


def revenue(catalogue: pd.DataFrame, forecast: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return (n,) the revenue of the last 28 days by list price; units where none is known."""
    price = catalogue["price_yuan"].to_numpy(float)
    if np.isnan(price).all():
        price = np.ones(len(price))
    return forecast["sales_28d"].to_numpy(float) * np.nan_to_num(price)


def _worth(margin: float, penalty: float, holding: float, usual: float) -> float:
    if not (np.isfinite(margin) and holding > 0 and margin + penalty > 0):
        return usual
    return economic_service_level(margin, penalty_yuan=penalty, holding_yuan=holding)
