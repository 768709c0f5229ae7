"""What each SKU will sell, as the workbook's table: a method per SKU that beat naive, or naive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockbook.domain import prediction
from stockbook.domain.demand import CENSORED_BELOW, DemandHistory
from stockbook.domain.guide import Guide
from stockbook.domain.prediction import Prediction
from stockbook.domain.tables import FORECAST

Matrix = npt.NDArray[np.float32]
WEEK = 7
Z80 = 1.2816  # half the normal's central 80 %


@dataclass(frozen=True)
class ShopCurve:
    """The shop's total a day: 28 past days of sales, days ahead with their 80 % range."""

    past: npt.NDArray[np.float64]
    mean: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Forecast:
    """The table that people read (schema `FORECAST`), and the arrays it was made of."""

    table: pd.DataFrame
    prediction: Prediction


def forecast(
    history: DemandHistory,
    protection_days: npt.ArrayLike = 14,
    *,
    window_days: int = 28,
    guide: Guide | None = None,
) -> Forecast:
    """Forecast every SKU's demand.

    Args:
        protection_days: (n,) or one: the interval an order has to last for, in the history's
            order; the quantiles are of sums over it. Methods are judged on sums over two weeks.
        window_days: Of the short moving average.
        guide: What people and launches tell.

    Returns:
        One row per SKU in the history's order, schema `FORECAST`. `wape`, `naive_wape` and `bias`
        are of the chosen method on held-out windows, `covered` the share of them within the 90 %
        quantile; NaN where there was none. `demand_sd` is the spread of one-day errors
        [units/day].
    """
    masked = history.masked()
    wanted = np.maximum(np.ceil(np.round(np.asarray(protection_days, float), 6)), 1)
    horizon = np.broadcast_to(wanted.astype(np.int64), (len(history.skus),)).copy()
    found = prediction.predict(masked, horizon, window_days=window_days, guide=guide)
    return Forecast(_table(history, masked, found), found)


def _table(history: DemandHistory, masked: Matrix, found: Prediction) -> pd.DataFrame:
    mean = found.week.mean(0)
    units, next_14 = history.units, found.daily(2 * WEEK)
    week, before = units[:, -WEEK:].sum(1), units[:, -2 * WEEK : -WEEK].sum(1)
    return FORECAST.make(
        {
            "sku": list(history.skus),
            "method": found.method,
            "demand_mean": mean,
            "demand_sd": _spread(masked, mean),
            "sales_7d": week,
            "sales_28d": units[:, -28:].sum(1),
            "change_7d": _ratio(week - before, before),
            "next_7": next_14[:WEEK].sum(0),
            "next_14": next_14.sum(0),
            "protection_days": found.horizon,
            "protection_mean": found.total,
            "protection_p90": found.spread.quantile(found.total, prediction.NINETY),
            "wape": found.choice.wape,
            "naive_wape": found.choice.naive_wape,
            "bias": found.choice.bias,
            "covered": found.covered,
            "history_days": (~np.isnan(masked)).sum(1),
            "stockout_days": (history.in_stock[:, -28:] < CENSORED_BELOW).sum(1),
        }
    )


def _spread(masked: Matrix, mean: Matrix) -> Matrix:
    """Root mean square of the last eight weeks' days around the forecast. (n,)."""
    recent = masked[:, -8 * WEEK :]
    known = (~np.isnan(recent)).sum(1)
    squares = np.nansum((recent - mean[:, None]) ** 2, axis=1)
    return np.sqrt(squares / np.maximum(known, 1)).astype(np.float32)


def _ratio(part: Matrix, whole: Matrix) -> npt.NDArray[np.float64]:
    out = np.full(len(whole), np.nan)
    return np.divide(part, whole, out=out, where=whole > 0)


def shop_curve(history: DemandHistory, frame: pd.DataFrame, *, horizon: int = 14) -> ShopCurve:
    """Return the shop's total, past and ahead, with the weekly pattern of the last eight weeks.

    The range is ± 1.2816 standard deviations of the total's past error around the level times
    the weekday pattern: a rough 80 %.
    """
    total = history.units.sum(0, dtype=np.float64)
    recent = total[-8 * WEEK :]
    phase = (np.arange(len(recent)) - len(recent)) % WEEK  # 0: the weekday of today
    base = max(recent.mean(), 1e-9)
    index = np.array([recent[phase == d].mean() / base for d in range(WEEK)])
    error = recent - base * index[phase]
    mean = float(frame["demand_mean"].sum()) * index[np.arange(horizon) % WEEK]
    band = Z80 * error.std()
    past = np.zeros(28)
    past[-min(28, len(total)) :] = total[-28:]
    return ShopCurve(past, mean, np.maximum(mean - band, 0), mean + band)
