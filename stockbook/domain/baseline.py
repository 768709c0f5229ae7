"""What a SKU would have sold on each past day without events: level, season and weekday."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float32]
Days = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]
REACH = 28  # [days] to both sides that the baseline looks at
OWN_UNITS = 20.0  # [units] that a SKU must have sold there to count as much as its category
WEEK = 7
PRIOR_WEEK = 60.0  # [units] of the category's weekday pattern mixed into a SKU's own
BLOCK = 4_000  # SKUs at a time


def blocks(n: int) -> Iterator[slice]:
    """Return the rows of a large matrix in stretches that fit into memory.

    Example:
        >>> [(rows.start, rows.stop) for rows in blocks(5000)]
        [(0, 4000), (4000, 5000)]
    """
    return (slice(i, min(i + BLOCK, n)) for i in range(0, n, BLOCK))


def baseline(units: Matrix, exposure: Matrix, quiet: Days, weekdays: Array, season: Array) -> Array:
    """Return what each SKU would have sold a day without events. (n, T) [units/day].

    Args:
        units: (n, T) units sold a day.
        exposure: (n, T) share of the day in stock.
        quiet: (n, T) days of the baseline.
        weekdays: (n, 7) weekday pattern, mean 1; column 0 is the weekday of the first day.
        season: (n, T) the category's level over the SKU's mean, about 1.

    Formula:
        b_t = w_t * (20 + Σ y_s) / (20 / (a * season_t) + Σ w_s * exposure_s), over quiet s,
        |s - t| ≤ 28; a = Σ y / Σ (w * season * exposure) over all quiet days: few sales follow the
        category's season, many their own

    Example:
        >>> flat, days = np.full((1, 60), 3, np.float32), np.ones((1, 60))
        >>> found = baseline(flat, days.astype(np.float32), days > 0, days[:, :7], days)
        >>> round(float(found[0, 30]), 6)
        3.0
    """
    pattern = weekdays[:, np.arange(units.shape[1]) % WEEK]
    open_days = np.where(quiet, pattern * exposure, 0)
    sold = np.where(quiet, units, 0)
    mean = _ratio(sold.sum(1), (open_days * season).sum(1))[:, None]
    prior = OWN_UNITS / np.maximum(mean * season, 1e-9)
    level = (window(sold) + OWN_UNITS) / (window(open_days) + prior)
    return np.where(mean > 0, level * pattern, 0)


def _ratio(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros_like(part, np.float64), where=whole > 0)


def window(values: Array, reach: int = REACH) -> Array:
    """Return sums over the days from t - reach to t + reach. (n, T).

    Example:
        >>> window(np.array([[1.0, 2.0, 4.0]]), 1).tolist()
        [[3.0, 7.0, 6.0]]
    """
    days = values.shape[1]
    padded = np.zeros((len(values), days + 1))
    np.cumsum(values, axis=1, dtype=np.float64, out=padded[:, 1:])
    at = np.arange(days)
    return padded[:, np.minimum(at + reach + 1, days)] - padded[:, np.maximum(at - reach, 0)]


def seasons(units: Matrix, exposure: Matrix, quiet: Days, weekdays: Array, group: Places) -> Array:
    """Return each group's level over its SKUs' means, smoothed over ± 28 days. (groups, T).

    1 where a group has no quiet day near. A SKU counts by what it sells on average.
    """
    groups, days = int(group.max(initial=-1)) + 1, units.shape[1]
    sold, asked = np.zeros((groups, days)), np.zeros((groups, days))
    for rows in blocks(len(units)):
        pattern = weekdays[rows][:, np.arange(days) % WEEK]
        open_days = np.where(quiet[rows], pattern * exposure[rows], 0)
        there = np.where(quiet[rows], units[rows], 0)
        mean = _ratio(there.sum(1), open_days.sum(1))[:, None]
        np.add.at(sold, group[rows], there)
        np.add.at(asked, group[rows], mean * open_days)
    near, of = window(sold), window(asked)
    return np.clip(np.divide(near, of, out=np.ones_like(near), where=of > 0), 0.05, 20)


def weekday_pattern(units: Matrix, exposure: Matrix, quiet: Days, group: Places) -> Array:
    """Return each SKU's weekday pattern, its own mixed with its group's. (n, 7), mean 1.

    Formula:
        w_d = (sold_d + k * g_d) / (mean * open_d + k), over quiet days of weekday d, k = 60/7,
        g the group's own pattern: the SKU's counts the more the more it sold
    """
    n, days = units.shape
    sold, open_days = np.zeros((n, WEEK)), np.zeros((n, WEEK))
    for d in range(WEEK):
        day = slice(d, days, WEEK)
        sold[:, d] = np.where(quiet[:, day], units[:, day], 0).sum(1)
        open_days[:, d] = np.where(quiet[:, day], exposure[:, day], 0).sum(1)
    groups = int(group.max(initial=-1)) + 1
    prior = _pattern(_grouped(sold, group, groups), _grouped(open_days, group, groups))[group]
    expected = _ratio(sold.sum(1), open_days.sum(1))[:, None] * open_days
    mixed = (sold + PRIOR_WEEK / WEEK * prior) / (expected + PRIOR_WEEK / WEEK)
    mixed = np.maximum(np.where(open_days > 0, mixed, prior), 0.05)
    return mixed / mixed.mean(1, keepdims=True)


def _grouped(values: Array, group: Places, groups: int) -> Array:
    out = np.zeros((groups, values.shape[1]))
    np.add.at(out, group, values)
    return out


def _pattern(sold: Array, open_days: Array) -> Array:
    mean = _ratio(sold.sum(1), open_days.sum(1))[:, None]
    flat = (mean <= 0) | (open_days.min(1, keepdims=True) < 1)
    rate = sold / np.maximum(open_days, 1e-9)
    return np.where(flat, 1.0, rate / np.maximum(mean, 1e-9))
