"""What each SKU will sell: many methods, judged on held-out windows, the best one per SKU.

Methods are judged on sums over two weeks; what strays from the forecast is measured on the sum over
the SKU's own interval, which is what ordering needs. Arrays only: `forecast` makes the workbook's
table of it, `plain_plans` a file's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from stockbook.domain import backtest, distribution
from stockbook.domain.backtest import Choice, Horizon, Windows
from stockbook.domain.distribution import Spread
from stockbook.domain.guide import Guide
from stockbook.domain.kernels import (
    Array,
    Days,
    Origins,
    Track,
    dow_ses,
    holt_winters,
    indices,
    moving_average,
    ses,
)
from stockbook.domain.kernels_intermittent import croston_sba, tsb
from stockbook.domain.slow_movers import at_least, least_rates
from stockbook.domain.spikes import restored, tamed
from stockbook.domain.weekdays import WEEK

Vector = npt.NDArray[np.float64]

LONG = 91  # [days] of the long moving average
BLEND = ("dow_ses", "hw", "tsb", "wma_long")
METHODS = ("wma", "wma_long", "ses", "dow_ses", "hw", "croston", "tsb", "blend")
NAIVE, NONE = "naive", "none"
JUDGED = 14  # [days] summed to judge a method
CHOSEN_ON = 182  # [days] of origins a method is chosen by
LOOK_BACK = 42  # weekly origins in all: the first ones only teach what the next are judged by
NINETY = 0.9
MOST = 20_000  # SKUs forecast together: more teach the shop's figures nothing new


@dataclass(frozen=True)
class Methods:
    """Every method over one history: what each would have forecast at K past origins and now.

    Attributes:
        days: The history as it is; the methods saw it without its largest sales.
        origins: K + 1 columns, evenly apart; the last is the day after the history.
        tracks: Method → its track, flat or with a week of its own.
        index: (K + 1, 7, n) weekday indices that spread the flat ones.
        back: (K + 1, n) what single large sales add.
        every: Days between two origins.
    """

    days: Days
    origins: tuple[int, ...]
    tracks: Mapping[str, Track]
    index: Array
    back: Array
    every: int

    @cached_property
    def least(self) -> Array:
        """(K + 1, n) units a day by which a forecast of nothing is told from a small one."""
        return least_rates(self.days, self.origins)

    def weeks(self) -> dict[str, Array]:
        """Return (7, n) units on each of the next seven days by method, the naive plan last."""
        phase = self.shape()
        highest = self.days.units.max(0, initial=0)
        week = {
            name: _sane(track.week().mean(0) * self.back[-1] * phase, highest)
            for name, track in self.tracks.items()
        }
        week["blend"] = np.mean([week[name] for name in BLEND], axis=0)
        days = np.full(self.days.n, WEEK)
        last = backtest.naive_totals(self.days, self.origins[-1:], days)[0] / WEEK
        week[NAIVE] = last * phase
        least = self.least[-1] * phase
        return {name: _not_nothing(units, least) for name, units in week.items()}

    def shape(self) -> Array:
        """Return (7, n) weekday indices of the next seven days."""
        return np.roll(self.index[-1], -(self.origins[-1] % WEEK), 0)

    def sums(self, horizon: Horizon) -> AllSums:
        """Return the sums over each SKU's horizon (n,), with what came."""
        most = self.days.units.max(0, initial=0) * horizon
        totals = {
            name: _sane(track.shaped(self.index).total(horizon) * self.back, most)
            for name, track in self.tracks.items()
        }
        totals["blend"] = np.mean([totals[name] for name in BLEND], axis=0)
        naive = backtest.naive_totals(self.days, self.origins, horizon)
        windows = backtest.windows_of(self.days, self.origins, horizon)
        return AllSums(horizon, totals, naive, windows, self.every, self.least * horizon)


@dataclass(frozen=True)
class AllSums:
    """Sums over one horizon: totals of each method and of naive, (K + 1, n), and what came.

    Attributes:
        least: (K + 1, n) what a forecast is held against, so that none of a live SKU is nothing.
    """

    horizon: Horizon
    totals: Mapping[str, Array]
    naive: Array
    windows: Windows
    every: int
    least: Array

    @property
    def step(self) -> Vector:
        """(n,) independent windows that one origin adds."""
        return np.minimum(1.0, self.every / np.maximum(self.horizon, 1))

    @property
    def lag(self) -> int:
        """Origins between a window's begin and the first at which all of it was known."""
        return -(-int(self.horizon.max(initial=1)) // self.every)

    def by(self, method: npt.NDArray[np.int64]) -> Array:
        """Return (K + 1, n) totals of the methods (K + 1, n): index into `totals`, -1 naive."""
        out = self.naive.copy()
        for index, total in enumerate(self.totals.values()):
            np.copyto(out, total, where=method == index)
        return at_least(out, self.least)


@dataclass(frozen=True)
class Prediction:
    """The forecast of n SKUs.

    Attributes:
        method: (n,) names; `naive` where nothing beat it, `none` where nothing was ever sold.
        horizon: (n,) days that `total` covers.
        week: (7, n) units on each of the next seven days; then it repeats.
        sums: The sums over `horizon`, as they would have been forecast before, and now.
        spread: The distribution of the last of them.
        covered: (n,) share of past windows that stayed within the 90 % quantile promised for them,
            NaN where there was none.
    """

    method: npt.NDArray[np.str_]
    horizon: Horizon
    week: Array
    sums: Sums
    spread: Spread
    covered: Vector

    @property
    def total(self) -> Array:
        """(n,) units over the horizon."""
        return self.sums.totals[-1]

    @property
    def choice(self) -> Choice:
        """How the methods did on held-out windows."""
        return self.sums.judged.choice

    def daily(self, days: int) -> Array:
        """Return (days, n) units."""
        return self.week[np.arange(days) % WEEK]

    def covering(self, protection: Vector, service: Vector, late: Vector) -> Vector:
        """Return the units that cover each SKU's protection interval as often as asked.

        Measured over 3, 7, 14, 28 … days and read off between them, so that a longer lead time, a
        higher service or a wider spread never lowers a level.

        Args:
            protection: (n,) lead time + review [days].
            service: (n,) asked coverage.
            late: (n,) variance that an uncertain lead time adds [units²].
        """
        level, levels = np.zeros(len(protection)), []
        ends = measurable(float(protection.max(initial=1)), self.sums.judged.methods.days.length)
        for end in ends:
            sums = self.sums.judged.sums(np.full(len(protection), end))
            spread = sums.spread_at(len(sums.totals) - 1)
            level = np.maximum(level, spread.quantile(sums.totals[-1], service, late))
            levels.append(level)
        return read_off(np.array(ends, float), np.stack(levels), protection)


def measurable(longest: float, days: int) -> list[int]:
    """Return the intervals [days] at which levels are measured: a few days, then doubling weeks.

    Up to the first that is as long as asked for, as far as the history has windows of it.

    Example:
        >>> measurable(16, 365), measurable(5, 365), measurable(60, 50)
        ([3, 7, 14, 28], [3, 7], [3, 7, 14, 28])
    """
    ends = [3, WEEK]
    while ends[-1] < longest and 2 * ends[-1] + backtest.FIRST <= days:
        ends.append(2 * ends[-1])
    return ends


def read_off(ends: Vector, levels: Array, at: Vector) -> Vector:
    """Return (n,) the level at `at` days, between the levels (m ≥ 2, n) at `ends` (m,) days.

    A power of time leads from one to the next. Below the first it is the root of time (independent
    days); beyond the last, where nothing was measured, the level grows like time.

    Example:
        >>> read_off(np.array([7.0, 14.0]), np.array([[70.0], [140.0]]), np.array([10.5])).round(9)
        array([105.])
    """
    after = np.clip(np.searchsorted(ends, at), 1, len(ends) - 1)
    low, high = levels[after - 1, np.arange(len(at))], levels[after, np.arange(len(at))]
    grown = np.log(np.maximum(high, 1e-9) / np.maximum(low, 1e-9))
    power = grown / np.log(ends[after] / ends[after - 1])
    power = np.where(at < ends[0], 0.5, np.where(at > ends[-1], 1.0, power))
    base = np.where(at > ends[-1], high, low)
    start = np.where(at > ends[-1], ends[-1], ends[after - 1])
    return base * (np.maximum(at, 0) / start) ** power


def predict(
    masked: Array,
    horizon: Horizon,
    *,
    window_days: int = 28,
    judged: int = JUDGED,
    guide: Guide | None = None,
) -> Prediction:
    """Forecast every SKU over its own horizon.

    Args:
        masked: (n, T) units a day; NaN where a day says nothing about demand.
        horizon: (n,) days, ≥ 1.
        window_days: Of the short moving average.
        judged: Days whose sums methods are judged by. Sums over a few days are often zero, and a
            forecast of zero would win there; so at least two weeks.
        guide: What people and launches tell.
    """
    days = Days.of(masked)
    by = np.full(days.n, judged)
    methods = run(days, backtest.origins_for(days.length, LOOK_BACK), window_days=window_days)
    sums = judge(methods, by, guide).sums(horizon)
    spread = sums.spread_at(len(methods.origins) - 1)
    chosen, weeks = sums.judged.choice.method, methods.weeks()
    week = np.stack(list(weeks.values()))[chosen, :, np.arange(days.n)].T
    names = np.where(days.known.any(0), np.array(list(weeks))[chosen], NONE)
    week = week * np.float32(sums.judged.drift[-1])
    if guide:
        week = guide.guided_week(week, methods.shape())
        names = np.where(guide.name != "", guide.name, names)
    return Prediction(names, horizon, week, sums, spread, sums.covered(spread))


def blocks(n: int) -> Iterator[slice]:
    """Yield the blocks in which very many SKUs are forecast: each is a shop to itself.

    Example:
        >>> [block.stop - block.start for block in blocks(45_000)]
        [15000, 15000, 15000]
    """
    count = max(1, -(-n // MOST))
    edges = np.linspace(0, n, count + 1).astype(int).tolist()
    yield from (slice(a, b) for a, b in pairwise(edges))


def run(days: Days, origins: Origins, *, window_days: int = 28) -> Methods:
    """Run every method over the history and note its forecasts at each origin.

    Args:
        origins: Columns evenly apart, the last one the real forecast.
    """
    tame = tamed(days)
    tracks = {
        "wma": moving_average(tame, origins, window_days),
        "wma_long": moving_average(tame, origins, LONG),
        "ses": ses(tame, origins),
        "dow_ses": dow_ses(tame, origins),
        "hw": holt_winters(tame, origins),
        "croston": croston_sba(tame, origins),
        "tsb": tsb(tame, origins),
    }
    back, index = restored(days, tame, origins), indices(tame, origins)
    every = origins[-1] - origins[-2] if len(origins) > 1 else WEEK
    return Methods(days, tuple(origins), tracks, index, back, every)


def _not_nothing(week: Array, least: Array) -> Array:
    """Give a week (7, n) of nearly nothing the least that a live SKU sells."""
    total = week.sum(0)
    lifted = at_least(total, least.sum(0))
    scale = lifted / np.maximum(least.sum(0), 1e-12)
    return np.where(lifted > total, least * scale, week).astype(week.dtype)


def _sane(units: Array, highest: Array) -> Array:
    """Forecasts as they may drive an order: finite, not below 0, within the SKU's own history."""
    return np.clip(np.nan_to_num(units, nan=0.0, posinf=0.0, neginf=0.0), 0, highest)


@dataclass(frozen=True)
class Judged:
    """Which method each SKU would have had at each origin, by its recent windows there.

    Attributes:
        method: (K + 1, n) index into the methods; -1 is the naive plan.
        choice: The last one with its errors.
        drift: (K + 1,) by how much the whole shop runs ahead of its forecasts.
        guide: What people and launches tell; it holds for the last origin.
    """

    methods: Methods
    method: npt.NDArray[np.int64]
    choice: Choice
    drift: npt.NDArray[np.float64]
    guide: Guide

    def sums(self, horizon: Horizon) -> Sums:
        """Return the sums over each SKU's horizon (n,)."""
        tested = self.methods.sums(horizon)
        totals = tested.by(self.method) * self.drift[:, None].astype(tested.naive.dtype)
        totals[-1] = self.guide.guided(totals[-1], horizon)
        return Sums(self, tested.windows, totals, tested.step, tested.lag)


@dataclass(frozen=True)
class Sums:
    """Sums over one horizon: what would have been forecast at each origin, and what came.

    Attributes:
        totals: (K + 1, n) by the methods of `judged`; the last is the real forecast.
        windows: What came.
        step: (n,) independent windows an origin adds.
        lag: Origins between a window's begin and the first at which all of it was known.
    """

    judged: Judged
    windows: Windows
    totals: Array
    step: Vector
    lag: int

    def spread_at(self, k: int) -> Spread:
        """Return the spread of the forecast at origin k, by the windows that had ended there."""
        windows, ended = self.windows, slice(0, max(0, k - self.lag + 1))
        spread = distribution.calibrated(
            self.totals[ended], windows.actual[ended], windows.share[ended], self.totals[k],
            step=self.step, lag=self.lag,
        )  # fmt: skip
        return replace(spread, ratio=spread.ratio * self.judged.guide.widen**2)

    def covered(self, spread: Spread) -> Vector:
        """Return the share of each SKU's past windows within their 90 % quantile, or NaN."""
        return self.share_within([spread.quantile(total, NINETY) for total in self.totals[:-1]])

    def share_within(self, levels: Sequence[Vector]) -> Vector:
        """Return the share of each SKU's past windows that levels (K of (n,)) cover, or NaN."""
        count, inside = (self.windows.share > 0).sum(0), np.zeros(self.totals.shape[1])
        past = zip(levels, self.windows.actual, self.windows.share, strict=True)
        for level, actual, share in past:
            inside += (actual <= level * share) & (share > 0)
        return np.divide(inside, count, out=np.full(len(count), np.nan), where=count > 0)


def judge(methods: Methods, horizon: Horizon, guide: Guide | None = None) -> Judged:
    """Choose each SKU's method at every origin by the sums over `horizon` (n,) days.

    Args:
        guide: What people and launches tell.
    """
    guide = guide or Guide.none(methods.days.n)
    tested = methods.sums(horizon)
    method, choice = backtest.choices(
        tested.totals, tested.naive, tested.windows,
        lag=tested.lag, most=CHOSEN_ON // tested.every, forced=guide.method,
    )  # fmt: skip
    drift = backtest.drift(tested.by(method), tested.windows, tested.lag)
    return Judged(methods, method, choice, drift, guide)
