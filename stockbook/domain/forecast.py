"""What each SKU will sell: two smoothers, the better of them on held-out weeks, and its error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockbook.domain.demand import CENSORED_BELOW, DemandHistory
from stockbook.domain.kernels import simple_exponential_smoothing, weighted_moving_average
from stockbook.domain.tables import FORECAST

Matrix = npt.NDArray[np.float32]
CHECKS = 4  # held-out weeks
WEEK = 7
Z80 = 1.2816  # half the normal's central 80 %


@dataclass(frozen=True)
class ShopCurve:
    """The shop's total a day: 28 past days of sales, days ahead with their 80 % range."""

    past: npt.NDArray[np.float64]
    mean: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]


def forecast(history: DemandHistory, *, window_days: int = 28) -> pd.DataFrame:
    """Forecast every SKU's daily demand.

    Both smoothers run on all SKUs at once. Per SKU the one is chosen whose weekly sums came
    closer on the last `CHECKS` held-out weeks; a tie goes to the moving average. Days out of
    stock are left out, since sales there say nothing about demand.

    Returns:
        One row per SKU in the history's order, schema `FORECAST`; `wape` is that of the chosen
        method over the held-out weeks, `naive_wape` that of "next week as last week"; NaN where
        nothing was sold then. `demand_sd` is the spread of one-day errors [units/day].
    """
    masked = history.masked()
    wma, ses = _both(masked, window_days)
    errors, naive, sold = _held_out(masked, window_days)
    chosen = (errors[1] < errors[0]).astype(int)
    mean = np.where(chosen == 1, ses, wma)
    best = errors[chosen, np.arange(len(chosen))]
    units, known = history.units, (~np.isnan(masked)).sum(1)
    week, before = units[:, -WEEK:].sum(1), units[:, -2 * WEEK : -WEEK].sum(1)
    method = np.where(known == 0, "none", np.where(chosen == 1, "ses", "wma"))
    return FORECAST.make(
        {
            "sku": list(history.skus),
            "method": method,
            "demand_mean": mean,
            "demand_sd": _spread(masked, mean),
            "sales_7d": week,
            "sales_28d": units[:, -28:].sum(1),
            "change_7d": _ratio(week - before, before),
            "next_7": mean * WEEK,
            "next_14": mean * 2 * WEEK,
            "wape": _ratio(best, sold),
            "naive_wape": _ratio(naive, sold),
            "history_days": known,
            "stockout_days": (history.in_stock[:, -28:] < CENSORED_BELOW).sum(1),
        }
    )


def _both(masked: Matrix, window: int) -> tuple[Matrix, Matrix]:
    return weighted_moving_average(masked, window), simple_exponential_smoothing(masked).level


def _held_out(masked: Matrix, window: int) -> tuple[Matrix, Matrix, Matrix]:
    """Sums over held-out weeks of |error| (2 methods, n), of naive |error| (n,), of sales (n,)."""
    n, days = masked.shape
    errors, naive, sold = np.zeros((2, n), np.float32), np.zeros(n), np.zeros(n)
    for back in range(CHECKS, 0, -1):
        end = days - back * WEEK
        if end < 2 * WEEK:
            continue
        future, past = masked[:, end : end + WEEK], masked[:, :end]
        days_known = (~np.isnan(future)).sum(1)
        actual = np.nansum(future, axis=1)
        for m, level in enumerate(_both(past, window)):
            errors[m] += np.abs(level * days_known - actual)
        last = past[:, -WEEK:]
        last_known = np.maximum((~np.isnan(last)).sum(1), 1)
        naive += np.abs(np.nansum(last, axis=1) / last_known * days_known - actual)
        sold += actual
    return errors, naive.astype(np.float32), sold.astype(np.float32)


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
