"""The weekday pattern: each SKU's own, as far as it stands out of the noise, else the shop's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from stockbook.domain.steady import in_ratios, in_steps

Array = npt.NDArray[np.floating[Any]]
WEEK = 7
WEEKS = 8  # looked back
FEWEST = 2  # weeks needed to speak of a pattern
HIGHEST = 5.0  # no weekday counts for more than this


@dataclass(frozen=True)
class Shape:
    """Weekday indices.

    Attributes:
        index: (7, n), mean 1 over the week; row = column of the history % 7.
        own: (n,) weight of the SKU's own pattern, 0..1.
    """

    index: Array
    own: Array


def shape_of(units: Array, known: npt.NDArray[np.bool_], until: int) -> Shape:
    """Return the pattern of the last weeks before column `until`.

    Args:
        units, known: (T, n), time outermost.
        until: Only columns before it are looked at.

    Formula:
        index = w * own + (1 - w) * pooled; w = tau2 / (tau2 + sigma2), where sigma2 is the
        sampling variance of the SKU's own indices and tau2 how far SKUs truly differ from the shop
        (method of moments, not below 0)

    Source:
        Efron & Morris (1975), Data analysis using Stein's estimator, JASA 70, 311-319
        (shrinkage to a common value); multiplicative indices as in Hyndman & Athanasopoulos,
        Forecasting: Principles and Practice, 3rd ed., ch. 3.4.

    Example:
        >>> week = np.array([[0, 2, 2, 2, 2, 2, 4.0]]).T
        >>> shape_of(np.tile(week, (4, 1)), np.ones((28, 1), bool), 28).index[:, 0].tolist()
        [0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0]
    """
    n, weeks = units.shape[1], min(WEEKS, until // WEEK)
    if weeks < FEWEST:
        return Shape(np.ones((WEEK, n), units.dtype), np.zeros(n, units.dtype))
    begin = until - WEEK * weeks
    window = units[begin:until].reshape(weeks, WEEK, n)
    turn = begin % WEEK
    total = np.roll(window.sum(0), turn, 0)
    count = np.roll(known[begin:until].reshape(weeks, WEEK, n).sum(0), turn, 0).astype(units.dtype)
    squares = np.roll(np.einsum("wdn,wdn->dn", window, window), turn, 0)
    return _shrunk(total, squares, count)


def _shrunk(total: Array, squares: Array, count: Array) -> Shape:
    """The indices from sums, sums of squares and known days by weekday, each (7, n)."""
    days = np.maximum(count.sum(0), 1)
    mean = total.sum(0) / days
    pooled = _ratio(total.sum(1), (count * mean).sum(1))
    pooled = in_steps(pooled / pooled.mean(), 0.01) if pooled.any() else np.ones_like(pooled)
    own = _ratio(total, count * mean)
    within = np.maximum(squares - _ratio(total * total, count), 0).sum(0)
    within /= np.maximum(days - WEEK, 1)
    sampling = _ratio(within, mean * mean) / np.maximum(count.mean(0), 1)
    good = (mean > 0) & (count.min(0) >= FEWEST)
    tau2 = in_ratios(_true_spread(((own - pooled[:, None]) ** 2).mean(0), sampling, good), 0.25)
    weight = np.where(good, _ratio(np.full_like(sampling, tau2), tau2 + sampling), 0)
    weight = np.where(good & (sampling == 0), 1, weight).astype(total.dtype)
    index = np.clip(weight * own + (1 - weight) * pooled[:, None], 0, HIGHEST)
    return Shape((index / index.mean(0)).astype(total.dtype), weight)


def _true_spread(spread: Array, sampling: Array, good: npt.NDArray[np.bool_]) -> float:
    """How far SKUs' patterns truly differ from the shop's: the spread beyond sampling."""
    weight = np.where(good, 1 / np.maximum(sampling, 1e-3) ** 2, 0)
    return max(0.0, float((weight * (spread - sampling)).sum() / max(weight.sum(), 1e-30)))


def _ratio(part: Array, whole: Array) -> Array:
    out: Array = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
    return out
