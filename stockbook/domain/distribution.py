"""How far demand over the protection interval strays from its forecast, as a calibrated quantile.

The sum is taken as gamma distributed: never negative, skewed as sales are. Its mean is the
forecast, its variance a law of the shop (variance over mean) times the SKU's own ratio, pulled
towards the law as a SKU's own windows are few. What that distribution promised in the last weeks
is then held against what came, over all SKUs, and the asked probability is mended accordingly.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import gammainc, gammaincinv, ndtr, ndtri

from stockbook.domain.kernels import Array
from stockbook.domain.steady import in_ratios, in_steps

POWER = (1.0, 2.0)  # of the variance law: between Poisson-like and proportional
OWN = 40.0  # windows that the law counts against a SKU's own errors
CAP = 3.0  # times the law: one wild window is not a SKU's nature
SMALL = 0.1  # units below which the law is not followed further
SHAPE = (1e-3, 1e8)
MOST_BACK = 13  # weeks of windows it is calibrated on
DOUBT = 30.0  # windows that speak against any calibration
GRID = np.array([0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98,
                 0.99])  # fmt: skip


@dataclass(frozen=True)
class Spread:
    """The distribution of the sums of n SKUs.

    Attributes:
        factor, power: variance = factor * mean ** power, of the shop.
        ratio: (n,) the SKU's own variance over the law's.
        mended: For each probability of `GRID`, the one to ask the gamma for.
    """

    factor: float
    power: float
    ratio: Array
    mended: npt.NDArray[np.float64]

    def variance(self, mean: Array) -> npt.NDArray[np.float64]:
        """Return the variance of sums with these forecasts [units²]; (n,)."""
        floor = np.maximum(np.asarray(mean, np.float64), SMALL)
        return self.factor * floor**self.power * np.asarray(self.ratio, np.float64)

    def quantile(
        self, mean: Array, probability: Any, extra_variance: Any = 0.0
    ) -> npt.NDArray[np.float64]:
        """Return the units that cover the interval with this probability.

        Args:
            mean: (n,) forecast sums [units].
            probability: Asked coverage, 0 < p < 1; one, or one a SKU.
            extra_variance: Added variance, such as that of the lead time [units²].

        Formula:
            mean * max over shapes k >= mean²/variance of G⁻¹(p'; k) / k, p' the mended p. The
            maximum makes it rise with the variance; for the usual p it is at mean²/variance.

        Source:
            Burgin (1975), The gamma distribution and inventory control, Operational Research
            Quarterly 26, 507-525; Silver, Pyke & Thomas (2017), ch. 6 (demand over the interval).
        """
        middle = np.maximum(np.asarray(mean, np.float64), 0)
        shape = middle**2 / np.maximum(self.variance(mean) + extra_variance, 1e-12)
        asked = np.broadcast_to(self.asked(probability), middle.shape)
        return middle * relative_quantile(asked, shape)

    def asked(self, probability: Any) -> npt.NDArray[np.float64]:
        """Return the probability to ask the gamma for; beyond the grid the tail goes on alike."""
        wanted = np.asarray(probability, np.float64)
        tail = (1 - self.mended[-1]) * (1 - wanted) / (1 - GRID[-1])
        inside = np.interp(wanted, GRID, self.mended)
        return np.where(wanted > GRID[-1], 1 - tail, inside)


def relative_quantile(probability: Any, shape: Any) -> npt.NDArray[np.float64]:
    """Return the gamma quantile over its mean, never falling as the shape falls.

    Example:
        >>> relative_quantile(np.array([0.5, 0.95]), np.array([1e8, 1.0])).round(3).tolist()
        [1.0, 2.996]
    """
    p, k = np.broadcast_arrays(np.asarray(probability, float), np.asarray(shape, float))
    widest = np.interp(p, *_widest())
    k = np.clip(k, widest, SHAPE[1])
    return np.asarray(gammaincinv(k, p) / k)


@lru_cache(1)
def _widest() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """For each probability, the shape at which the quantile over the mean is largest."""
    probabilities = np.concatenate([np.linspace(0.01, 0.98, 98), 1 - np.geomspace(0.02, 1e-6, 40)])
    shapes = np.geomspace(*SHAPE, 400)
    relative = gammaincinv(shapes[None], probabilities[:, None]) / shapes[None]
    return probabilities, shapes[relative.argmax(1)]


def fit(totals: Array, actual: Array, share: Array, latest: Array, step: Any) -> Spread:
    """Return the spread that past windows show; not calibrated.

    Args:
        totals: (K, n) forecasts of past windows; `actual`, `share` as in `Windows`.
        latest: (n,) the forecast that the spread is for; it stands in for a SKU without windows.
        step: Independent windows that one origin adds, one or (n,).

    Formula:
        log v = a + b log m over the SKUs with b in [1, 2] and a so that the sums agree;
        ratio = (W * min(v / law, 3) + 40) / (W + 40), W = independent windows
    """
    miss = totals * share - actual
    count = (share > 0).sum(0)
    good = count > 0
    squares = (miss**2).sum(0, dtype=np.float64) / np.maximum(count, 1)
    mean = np.where(good, (totals * share).sum(0) / np.maximum(count, 1), latest)
    mean = np.maximum(mean.astype(np.float64), SMALL)
    factor, power = _law(mean[good], squares[good])
    own = np.where(good, squares / np.maximum(factor * mean**power, 1e-12), 1)
    weight = count * step
    ratio = (weight * np.minimum(own, CAP) + OWN) / (weight + OWN)
    return Spread(factor, power, ratio, GRID.copy())


def _law(mean: npt.NDArray[np.float64], variance: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Factor and power of the variance law; Poisson's where nothing is known."""
    seen = variance > 0
    if not seen.any():
        return 1.0, 1.0
    x, y = np.log(mean[seen]), np.log(variance[seen])
    spread = float(((x - x.mean()) ** 2).sum())
    slope = float(((x - x.mean()) * (y - y.mean())).sum()) / spread if spread > 0 else 1.5
    power = float(in_steps(min(max(slope, POWER[0]), POWER[1]), 0.05))
    return in_ratios(float(variance.sum() / (mean**power).sum()), 0.05), power


def calibrated(
    totals: Array, actual: Array, share: Array, latest: Array, *, step: Any, lag: int
) -> Spread:
    """Return the spread for the next window, mended by what it promised before.

    Args:
        totals, actual, share: (K, n), oldest first; see `fit`.
        lag: Origins between a window's begin and the first at which all of it was known.

    Returns:
        For each recent window the spread is fitted on what was known then; the share of windows
        below each promised quantile becomes the probability to ask for. Few windows mend little.
    """
    spread = fit(totals, actual, share, latest, step)
    seen: list[npt.NDArray[np.float64]] = []
    for k in range(len(totals) - 1, lag, -1):
        if len(totals) - k > MOST_BACK:
            break
        past = slice(0, k - lag + 1)
        then = fit(totals[past], actual[past], share[past], totals[k], step)
        seen.append(_levels(then, totals[k], actual[k], share[k]))
    reached = np.concatenate(seen) if seen else np.zeros(0)
    if not len(reached):
        return spread
    trust = len(reached) / (len(reached) + DOUBT)
    found = np.quantile(reached, GRID, method="linear")
    mended = np.clip(trust * found + (1 - trust) * GRID, 1e-4, 1 - 1e-5)
    mended = ndtr(in_steps(ndtri(mended), 0.02))
    return Spread(spread.factor, spread.power, spread.ratio, np.maximum.accumulate(mended))


def _levels(then: Spread, totals: Array, actual: Array, share: Array) -> npt.NDArray[np.float64]:
    """At which probability each window's sum lay in what was promised for it."""
    counts = (share > 0) & (totals > 0)
    mean = (totals * share)[counts].astype(np.float64)
    spread = then.variance(totals)[counts] * share[counts]
    shape = np.clip(mean**2 / np.maximum(spread, 1e-12), *SHAPE)
    return np.asarray(gammainc(shape, shape * actual[counts] / np.maximum(mean, 1e-12)))
