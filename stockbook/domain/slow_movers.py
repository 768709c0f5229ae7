"""SKUs that sell now and then: while one still lives, nothing is no forecast.

A moving average over four weeks, or last week, is exactly 0 for a SKU that sold six weeks ago; then
every quantile of it would be 0 too, and it would never be ordered again.
"""

from __future__ import annotations

import numpy as np

from stockbook.domain.kernels import Array, Days, Origins

LOOKED_BACK = 182  # [days]
DEAD_AFTER = 3.0  # usual gaps between two selling days
NEARLY, SHARE = 0.05, 0.25  # of its mean: a forecast below the first becomes the second


def least_rates(days: Days, origins: Origins) -> Array:
    """Return (K + 1, n) units a day that each SKU's forecast at each origin is measured by.

    Formula: m = units of the last 182 days / known days of them, 0 where more than three usual
        gaps have passed since the last sale; usual gap = known days / selling days.
    Source: ours; the share and the gaps are round numbers, held against made-up and real shops.
    """
    t = np.arange(days.length)[:, None]
    last = np.maximum.accumulate(np.where(days.units > 0, t, -1), axis=0)
    out = np.zeros((len(origins), days.n), days.units.dtype)
    for k, origin in enumerate(origins):
        if origin < 1:
            continue
        recent = slice(max(0, origin - LOOKED_BACK), origin)
        known = np.maximum(days.known[recent].sum(0), 1)
        selling = (days.units[recent] > 0).sum(0) / known
        silent = origin - 1 - last[origin - 1]
        lives = (last[origin - 1] >= 0) & (silent * selling < DEAD_AFTER)
        out[k] = np.where(lives, days.units[recent].sum(0) / known, 0)
    return out


def at_least(forecast: Array, least: Array) -> Array:
    """Return a forecast that is not nothing: below 5 % of `least` it is a quarter of that.

    Example:
        >>> at_least(np.array([0.0, 0.3, 2.0]), np.array([2.0, 2.0, 2.0])).tolist()
        [0.5, 0.3, 2.0]
    """
    return np.where(forecast < NEARLY * least, SHARE * least, forecast).astype(forecast.dtype)
