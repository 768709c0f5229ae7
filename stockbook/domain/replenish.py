"""Try an ordering rule on the past: order up to a level at each review, lost sales, real demand.

What a rule costs and delivers, before it orders a single unit: the fill rate over all units, and
the stock it took, in days of demand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from stockbook.domain import prediction
from stockbook.domain.distribution import Spread
from stockbook.domain.kernels import Array, Days
from stockbook.domain.weekdays import WEEK

ASKED = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9999)
DAYS = (3, 5, 7, 10, 14, 20, 28, 40, 56, 75, 100, 130, 170)
RECENT = 28  # [days] of the mean that the days rule multiplies
POLICIES = ("quantile", "days", "normal", "naive")
Levels = Callable[[int, float], Array]  # (review, asked) → (n,) order-up-to levels


@dataclass(frozen=True)
class Terms:
    """What holds while a rule is tried.

    Attributes:
        lead_time: Days from order to goods on the shelf, ≥ 1.
        lead_time_spread: Standard deviation of it [days]; each order's is drawn, seeded.
        review: Days between two orderings, ≥ 1.
        burn_in: Days of history before the first order.
    """

    lead_time: int = 7
    lead_time_spread: float = 0.0
    review: int = 7
    burn_in: int = 168

    @property
    def protection(self) -> int:
        """Days that an order has to last for: until what the next one brings."""
        return self.lead_time + self.review

    def reviews(self, days: int) -> list[int]:
        """Return the columns at whose morning is ordered."""
        return list(range(self.burn_in, days, self.review))


@dataclass(frozen=True)
class Point:
    """One point of a rule's curve: what was asked, and what came of it.

    Attributes:
        demand: Units asked for in all, which weigh the point.
    """

    asked: float
    fill_rate: float
    stock_days: float
    demand: float = 1.0


def joined(points: Sequence[Point]) -> Point:
    """Return one point of several groups of SKUs at the same asked level.

    Example:
        >>> joined([Point(0.9, 1.0, 10.0, 100.0), Point(0.9, 0.5, 20.0, 100.0)])
        Point(asked=0.9, fill_rate=0.75, stock_days=15.0, demand=200.0)
    """
    demand = sum(p.demand for p in points)
    share = [p.demand / demand if demand else 1 / len(points) for p in points]
    fill = sum(p.fill_rate * s for p, s in zip(points, share, strict=True))
    stock = sum(p.stock_days * s for p, s in zip(points, share, strict=True))
    return Point(points[0].asked, fill, stock, demand)


def run(demand: Array, levels: Sequence[Array], terms: Terms, seed: int = 0) -> Point:
    """Order up to the levels at each review and sell what is there.

    Args:
        demand: (T, n) units asked for a day.
        levels: One (n,) a review, in units.

    Returns:
        Fill rate over units, and average stock at the end of a day over average demand of a day
        [days], both after `burn_in`. The first level is there at the start; orders come in the
        morning after their lead time; what cannot be served is lost.
    """
    generator, n = np.random.default_rng(seed), demand.shape[1]
    most = max(1, round(terms.lead_time + 4 * terms.lead_time_spread))
    coming = np.zeros((most + 1, n))  # by day % len
    free, ordered, sold, stock = levels[0].astype(np.float64), np.zeros(n), 0.0, 0.0
    for t in range(terms.burn_in, len(demand)):
        today = coming[t % len(coming)]
        free += today
        ordered -= today
        today[:] = 0
        review, rest = divmod(t - terms.burn_in, terms.review)
        if not rest:
            quantity = np.maximum(levels[review] - free - ordered, 0)
            _send(coming, t, quantity, _lead_times(terms, n, most, generator))
            ordered += quantity
        served = np.minimum(free, demand[t])
        free -= served
        sold += float(served.sum())
        stock += float(free.sum())
    asked = float(demand[terms.burn_in :].sum())
    return Point(0.0, sold / asked if asked else 1.0, stock / asked if asked else 0.0, asked)


def _lead_times(
    terms: Terms, n: int, most: int, generator: np.random.Generator
) -> npt.NDArray[np.int64]:
    """(n,) whole days of one round of orders."""
    if not terms.lead_time_spread:
        return np.full(n, terms.lead_time)
    drawn = generator.normal(terms.lead_time, terms.lead_time_spread, n)
    return np.clip(np.rint(drawn), 1, most).astype(np.int64)


def _send(coming: Array, t: int, quantity: Array, days: npt.NDArray[np.int64]) -> None:
    arrival = (t + days) % len(coming)
    coming[arrival, np.arange(len(quantity))] += quantity


class Trial:
    """Every rule's order-up-to levels for one history; each by what was known at the review."""

    def __init__(self, masked: Array, terms: Terms) -> None:
        self.terms, self.days = terms, Days.of(masked)
        self.reviews = terms.reviews(self.days.length)
        stride = terms.review * max(1, -(-WEEK // terms.review))
        first = self.reviews[0] - stride * ((self.reviews[0] - WEEK) // stride)
        self.origins = list(range(first, self.days.length, stride))
        horizon = np.full(self.days.n, terms.protection)
        methods = prediction.run(self.days, self.origins)
        self.sums = prediction.judge(methods, np.maximum(horizon, prediction.JUDGED)).sums(horizon)
        self.naive_sums = methods.sums(horizon)
        self._spreads: dict[int, Spread] = {}

    def at(self, review: int) -> int:
        """Return the latest origin at or before a review."""
        return int(np.searchsorted(self.origins, self.reviews[review], side="right")) - 1

    def _late(self, total: Array) -> Array:
        """Variance that an uncertain lead time adds [units²]."""
        return (total / self.terms.protection * self.terms.lead_time_spread) ** 2

    def quantile(self, review: int, asked: float) -> Array:
        """Our rule: the calibrated quantile over the protection interval."""
        k = self.at(review)
        if k not in self._spreads:
            self._spreads[k] = self.sums.spread_at(k)
        total = self.sums.totals[k]
        return self._spreads[k].quantile(total, asked, self._late(total))

    def normal(self, review: int, asked: float) -> Array:
        """The textbook: forecast + z * sqrt(P * sd² + mean² * sd_L²), sd of the daily demand."""
        total = self.sums.totals[self.at(review)]
        seen = slice(max(0, self.reviews[review] - 8 * WEEK), self.reviews[review])
        variance = self.days.units[seen].var(0) * self.terms.protection + self._late(total)
        return total + max(0.0, z_of(asked)) * np.sqrt(variance)

    def naive(self, review: int, asked: float) -> Array:
        """Last week again + z * root mean square of the naive plan's own errors."""
        k, sums = self.at(review), self.naive_sums
        ended = slice(0, max(0, k - sums.lag + 1))
        share = sums.windows.share[ended]
        miss = sums.naive[ended] * share - sums.windows.actual[ended]
        count = np.maximum((share > 0).sum(0), 1)
        variance = (miss**2).sum(0) / count + self._late(sums.naive[k])
        return sums.naive[k] + max(0.0, z_of(asked)) * np.sqrt(variance)

    def days_of_sales(self, review: int, asked: float) -> Array:
        """N days of average sales, as most shops do it."""
        seen = slice(max(0, self.reviews[review] - RECENT), self.reviews[review])
        count = np.maximum(self.days.known[seen].sum(0), 1)
        return self.days.units[seen].sum(0) / count * asked

    def rules(self) -> dict[str, tuple[Levels, Sequence[float]]]:
        """Return each policy's levels and what is asked of it."""
        return {
            "quantile": (self.quantile, ASKED),
            "days": (self.days_of_sales, DAYS),
            "normal": (self.normal, ASKED),
            "naive": (self.naive, ASKED),
        }


def z_of(probability: float) -> float:
    """Return the normal quantile.

    Example:
        >>> round(z_of(0.95), 4)
        1.6449
    """
    return NormalDist().inv_cdf(probability)


def curves(
    masked: Array, terms: Terms, policies: Sequence[str] = POLICIES
) -> Iterator[tuple[str, list[Point]]]:
    """Yield each policy's curve over what can be asked of it.

    Args:
        masked: (n, T) units asked for a day; NaN where unknown, taken as no demand in the trial.

    Raises:
        ValueError: The history is not longer than `burn_in`.
    """
    if masked.shape[1] <= terms.burn_in:
        raise ValueError(f"{masked.shape[1]} days of history, burn-in is {terms.burn_in}")
    trial = Trial(masked, terms)
    for name in policies:
        levels, asked = trial.rules()[name]
        points = []
        for wanted in asked:
            at = [levels(review, wanted) for review in range(len(trial.reviews))]
            point = run(trial.days.units, at, terms)
            points.append(replace(point, asked=wanted))
        yield name, points


def stock_days_at(points: Sequence[Point], fill_rate: float) -> float | None:
    """Return the stock a policy needs for a fill rate [days], along its curve; None if never.

    Example:
        >>> stock_days_at([Point(0.9, 0.90, 10.0), Point(0.99, 0.98, 30.0)], 0.94)
        20.0
        >>> stock_days_at([Point(0.9, 0.90, 10.0)], 0.95) is None
        True
    """
    known = sorted((p.fill_rate, p.stock_days) for p in points)
    fills = [fill for fill, _ in known]
    if not fills or fill_rate > fills[-1]:
        return None
    return round(float(np.interp(fill_rate, fills, [days for _, days in known])), 6)
