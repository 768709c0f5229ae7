"""Smoothing over all SKUs at once: arrays are (n SKUs, T days), NaN is a day without evidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
ALPHAS = (0.02, 0.04, 0.06, 0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5)
WARM_UP = 14  # [days] left out of the error that chooses alpha


def weighted_moving_average(units: Array, window: int = 28) -> Array:
    """Return the mean of the last `window` days, newer days weighing more.

    Args:
        units: (n, T) units a day; NaN days carry no weight.
        window: Days looked at; a shorter history uses what there is.

    Returns:
        (n,) units a day; 0 where no day is known.

    Formula:
        sum(w_k * y_k) / sum(w_k), w_k = 1, 2, ... window (newest heaviest), over known days

    Source:
        Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., ch. 3.3
        (weighted moving averages); linear weights.

    Example:
        >>> weighted_moving_average(np.array([[1.0, 2.0, 3.0]], np.float32), 3).round(3).tolist()
        [2.3329999446868896]
    """
    recent = units[:, -window:]
    weights = np.arange(1, recent.shape[1] + 1, dtype=np.float32)
    known = ~np.isnan(recent)
    total = np.where(known, recent, 0) @ weights
    share = known @ weights
    return np.divide(total, share, out=np.zeros(len(units), np.float32), where=share > 0)


@dataclass(frozen=True)
class Ses:
    """Simple exponential smoothing of n series: level and alpha (n,), one-step RMSE (n,)."""

    level: Array
    alpha: Array
    rmse: Array


def simple_exponential_smoothing(units: Array, alphas: tuple[float, ...] = ALPHAS) -> Ses:
    """Smooth every series with every alpha and keep the alpha with the least one-step error.

    Args:
        units: (n, T) units a day; on NaN days the level is carried forward.

    Formula:
        level_t = level_{t-1} + alpha * (y_t - level_{t-1}); level_0 = mean of the first known
        days (up to `WARM_UP`)

    Source:
        Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., ch. 8.1.

    Example:
        >>> simple_exponential_smoothing(np.full((1, 30), 4, np.float32)).level.tolist()
        [4.0]
    """
    alpha = np.asarray(alphas, np.float32)[:, None]
    days = np.ascontiguousarray(units.T)
    level = np.repeat(_first_level(units)[None], len(alpha), 0)
    squares, steps = np.zeros_like(level), np.zeros(len(units), np.float32)
    for t, day in enumerate(days):
        known = ~np.isnan(day)
        error = np.where(known, day - level, np.float32(0))
        if t >= WARM_UP:
            squares += error * error
            steps += known
        level = level + alpha * error
    best, n = squares.argmin(0), np.arange(len(units))
    rmse = np.sqrt(squares[best, n] / np.maximum(steps, 1))
    return Ses(level[best, n], alpha[best, 0], rmse.astype(np.float32))


def _first_level(units: Array) -> Array:
    """Mean of each series' first known days, 0 where none is known. (n,)."""
    known = ~np.isnan(units)
    early = known & (np.cumsum(known, axis=1) <= WARM_UP)
    total = np.where(early, units, 0).sum(1, dtype=np.float32)
    count = early.sum(1)
    return np.divide(total, count, out=np.zeros(len(units), np.float32), where=count > 0)
