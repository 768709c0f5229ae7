"""Smoothing over all SKUs at once, with what each method would have forecast at many origins.

Arrays inside run time outermost, (T days, n SKUs), so that one step touches memory in order. A day
that says nothing (before the first sale, out of stock, an event) has no weight: the state is
carried over it. Each kernel walks the history once; at every origin it notes the forecast of the
parameters that had the least one-step error until then, and nothing later.

The first days are averaged plainly: the gain of day k is max(alpha, 1/k). So a series of a week
has a sensible level, and none has to be looked at ahead of time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from stockbook.domain.weekdays import WEEK, shape_of

Array = npt.NDArray[np.floating[Any]]
Origins = Sequence[int]

ALPHAS = (0.02, 0.04, 0.06, 0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5)
SEASONAL = tuple((a, g) for a in (0.02, 0.05, 0.1, 0.15, 0.2, 0.3) for g in (0.0, 0.03, 0.08, 0.15))
WARM_UP = 28  # [days] left out of the error that chooses parameters
BLOCK = 2048  # SKUs smoothed together: their state stays in the processor's cache
CLOSED = 0.15  # a weekday with less than this share of a usual day tells nothing of the level
REFIT = 28  # [days] after which the weekday pattern is measured anew


@dataclass(frozen=True)
class Days:
    """A history, time outermost.

    Attributes:
        units: (T, n) units a day, 0 where unknown.
        known: (T, n) whether the day says something about demand.
    """

    units: Array
    known: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, masked: Array) -> Days:
        """Return the history of (n, T) units with NaN where a day says nothing.

        Example:
            >>> Days.of(np.array([[1.0, np.nan]])).units.tolist()
            [[1.0], [0.0]]
        """
        by_day = np.ascontiguousarray(masked.T)
        known = ~np.isnan(by_day)
        return cls(np.where(known, by_day, 0).astype(by_day.dtype), known)

    @property
    def length(self) -> int:
        """T."""
        return int(self.units.shape[0])

    @property
    def n(self) -> int:
        """How many SKUs."""
        return int(self.units.shape[1])


@dataclass(frozen=True)
class Track:
    """What one method forecasts at each origin.

    Attributes:
        origins: K columns of the history: the first day forecast at each.
        rate: (K, 7, n) units a day by weekday (column % 7), or (K, 1, n) for a flat forecast.
    """

    origins: tuple[int, ...]
    rate: Array

    def total(self, horizon: npt.NDArray[np.int64]) -> Array:
        """Return (K, n) units over each SKU's next `horizon` (n,) days."""
        if self.rate.shape[1] == 1:
            return self.rate[:, 0] * horizon.astype(self.rate.dtype)
        whole, rest = np.divmod(horizon, WEEK)
        total = self.rate.sum(1) * whole.astype(self.rate.dtype)
        for step in range(int(rest.max(initial=0))):
            day = [(origin + step) % WEEK for origin in self.origins]
            total += np.where(step < rest, self.rate[np.arange(len(day)), day], 0)
        return total

    def shaped(self, index: Array) -> Track:
        """Return a flat forecast spread over the week by indices (K, 7, n)."""
        return self if self.rate.shape[1] > 1 else Track(self.origins, self.rate * index)

    def week(self) -> Array:
        """Return (7, n) units on the seven days that follow the last origin."""
        last = self.rate[-1]
        if len(last) == 1:
            return np.repeat(last, WEEK, 0)
        return np.roll(last, -(self.origins[-1] % WEEK), 0)


def moving_average(days: Days, origins: Origins, window: int = 28) -> Track:
    """Return the weighted mean of the last `window` days, newer days weighing more.

    Formula:
        sum(w_k * y_k) / sum(w_k), w_k = 1, 2, ... window (newest heaviest), over known days;
        where none is known, the mean of all known days before, 0 without any

    Source:
        Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., ch. 3.3
        (weighted moving averages); linear weights.

    Example:
        >>> track = moving_average(Days.of(np.array([[1.0, 2.0, 3.0]])), [3], 3)
        >>> round(float(track.rate[0, 0, 0]), 3)
        2.333
    """
    rates = []
    for origin in origins:
        start = max(0, origin - window)
        weights = np.arange(1, origin - start + 1, dtype=days.units.dtype)
        rate = over(weights @ days.units[start:origin], weights @ days.known[start:origin])
        silent = ~days.known[start:origin].any(0)
        if silent.any():
            count = days.known[:start].sum(0).astype(rate.dtype)
            rate = np.where(silent, over(days.units[:start].sum(0), count), rate)
        rates.append(rate)
    return Track(tuple(origins), np.stack(rates)[:, None])


def ses(
    days: Days,
    origins: Origins,
    alphas: Sequence[float] = ALPHAS,
    start: Array | None = None,
) -> Track:
    """Return simple exponential smoothing, each SKU with its best alpha.

    Args:
        start: (n,) level before the first day; then every gain is alpha itself.

    Formula:
        level_t = level_{t-1} + max(alpha, 1/k) * (y_t - level_{t-1}), k = known days so far

    Source:
        Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., ch. 8.1.

    Example:
        >>> ses(Days.of(np.full((1, 30), 4.0)), [30]).rate.tolist()
        [[[4.0]]]
    """
    rates = np.empty((len(origins), 1, days.n), days.units.dtype)
    for part in parts(days.n):
        level = None if start is None else start[part]
        rates[:, 0, part] = _ses(days, part, origins, alphas, level)
    return Track(tuple(origins), rates)


def _ses(
    days: Days, part: slice, origins: Origins, alphas: Sequence[float], start: Array | None
) -> Array:
    """Levels of one block of SKUs at the origins, (K, m)."""
    kind, m = days.units.dtype, len(range(*part.indices(days.n)))
    alpha = np.asarray(alphas, kind)[:, None]
    level = np.zeros((len(alphas), m), kind) + (0 if start is None else start)
    errors, gain, step = np.zeros_like(level), np.empty_like(level), np.empty_like(level)
    seen = np.zeros(m, kind) if start is None else np.full(m, np.inf, kind)
    at: dict[int, Array] = {}
    for t in range(max(origins) + 1):
        if t in origins:
            at[t] = level[errors.argmin(0), np.arange(m)]
        if t == days.length:
            break
        known = days.known[t, part].astype(kind)
        np.subtract(days.units[t, part], level, out=step)
        step *= known
        if t >= WARM_UP:
            errors += np.square(step, out=gain)
        seen += known
        np.maximum(alpha, 1 / np.maximum(seen, 1), out=gain)
        step *= gain
        level += step
    return np.stack([at[origin] for origin in origins])


def dow_ses(days: Days, origins: Origins, alphas: Sequence[float] = ALPHAS) -> Track:
    """Return simple exponential smoothing of what is left when the weekday pattern is taken out.

    The pattern is measured on the weeks before, anew every `REFIT` days; on weekdays on which the
    shop sells next to nothing the level stands still. The forecast is the level: `Track.shaped`
    spreads it over the week again.

    Formula:
        level smooths y_t / index_{weekday}; forecast = level * index_{weekday}

    Source:
        Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., ch. 3.4
        (multiplicative decomposition) and 8.1.

    Example:
        >>> days = Days.of(np.tile(np.array([[0, 2, 2, 2, 2, 2, 4.0]]), 8))
        >>> track = dow_ses(days, [56]).shaped(indices(days, [56]))
        >>> track.week()[:, 0].round(3).tolist()
        [0.0, 2.0, 2.0, 2.0, 2.0, 2.0, 4.0]
    """
    flat = Days(np.zeros_like(days.units), days.known.copy())
    for begin in range(0, days.length, REFIT):
        end = min(begin + REFIT, days.length)
        shape = shape_of(days.units, days.known, begin).index[np.arange(begin, end) % WEEK]
        is_open = shape > CLOSED
        np.divide(days.units[begin:end], shape, out=flat.units[begin:end], where=is_open)
        flat.known[begin:end] &= is_open
    return ses(flat, origins, alphas)


def indices(days: Days, origins: Origins) -> Array:
    """Return the weekday indices at each origin, (K, 7, n)."""
    return np.stack([shape_of(days.units, days.known, origin).index for origin in origins])


def holt_winters(
    days: Days,
    origins: Origins,
    grid: Sequence[tuple[float, float]] = SEASONAL,
    start: tuple[Array, Array] | None = None,
) -> Track:
    """Return additive Holt-Winters with a weekly season and no trend (ETS ANA).

    Args:
        grid: Pairs (alpha, gamma) tried for each SKU.
        start: Level (n,) and season (7, n) before the first day; then every gain is as given.

    Formula:
        e = y_t - level - season_{weekday}; level += alpha * e; season_{weekday} += gamma * e

    Source:
        Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., ch. 8.3 and 8.5
        (error correction form); without trend, since a trend of noise would be ordered.

    Example:
        >>> holt_winters(Days.of(np.full((1, 35), 3.0)), [35]).week()[:, 0].round(6).tolist()
        [3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0]
    """
    rates = np.empty((len(origins), WEEK, days.n), days.units.dtype)
    for part in parts(days.n):
        begin = None if start is None else (start[0][part], start[1][:, part])
        rates[:, :, part] = _holt_winters(days, part, origins, grid, begin)
    return Track(tuple(origins), rates)


def _holt_winters(
    days: Days,
    part: slice,
    origins: Origins,
    grid: Sequence[tuple[float, float]],
    start: tuple[Array, Array] | None,
) -> Array:
    """Units a day by weekday of one block of SKUs at the origins, (K, 7, m)."""
    kind, m = days.units.dtype, len(range(*part.indices(days.n)))
    alpha, gamma = np.asarray(grid, kind).T[:, :, None]
    level = np.zeros((len(grid), m), kind) + (0 if start is None else start[0])
    season = np.zeros((WEEK, len(grid), m), kind)
    season += 0 if start is None else start[1][:, None]
    errors, step, scratch = np.zeros_like(level), np.empty_like(level), np.empty_like(level)
    seen = np.zeros(m, kind) if start is None else np.full(m, np.inf, kind)
    at: dict[int, Array] = {}
    for t in range(max(origins) + 1):
        if t in origins:
            best, each = errors.argmin(0), np.arange(m)
            at[t] = np.maximum(level[best, each] + season[:, best, each], 0)
        if t == days.length:
            break
        known = days.known[t, part].astype(kind)
        np.subtract(days.units[t, part], level, out=step)
        step -= season[t % WEEK]
        step *= known
        if t >= WARM_UP:
            errors += np.square(step, out=scratch)
        seen += known
        season[t % WEEK] += np.multiply(gamma, step, out=scratch)
        np.maximum(alpha, 1 / np.maximum(seen, 1), out=scratch)
        level += np.multiply(scratch, step, out=scratch)
    return np.stack([at[origin] for origin in origins])


def parts(n: int) -> Iterator[slice]:
    """Yield the blocks in which n SKUs are smoothed."""
    for start in range(0, n, BLOCK):
        yield slice(start, min(start + BLOCK, n))


def over(part: Array, whole: Array, otherwise: float = 0.0) -> Array:
    """Return `part / whole`; `otherwise` where whole is 0."""
    return np.divide(part, whole, out=np.full_like(part, otherwise), where=whole > 0)
