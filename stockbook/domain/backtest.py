"""Rolling backtest on sums over some days: errors, and the method that they choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stockbook.domain.kernels import Array, Days, moving_average, over
from stockbook.domain.steady import in_steps
from stockbook.domain.weekdays import WEEK

Horizon = npt.NDArray[np.int64]
FIRST = 14  # [days] a SKU must be known for before it is forecast in the test
POOLED = 10.0  # windows of the shop's error that a SKU's own errors are weighed against
DRIFT, FEWEST = 8, 4  # origins the shop's drift is measured on, at most and at least
BOUND = 1.25  # of the drift
DOUBT = 3.0  # times the noise that a drift must stand out of
KNOWN = 0.5  # share of a window that must be known


def origins_for(length: int, most: int = 26) -> tuple[int, ...]:
    """Return the origins: one a week back from `length`, which is the last, at most so many.

    Example:
        >>> origins_for(50), origins_for(50, 3), origins_for(10)
        ((15, 22, 29, 36, 43, 50), (36, 43, 50), (10,))
    """
    earlier = range(length - WEEK, max(FIRST, length - WEEK * (most - 1)) - 1, -WEEK)
    return (*earlier[::-1], length)


@dataclass(frozen=True)
class Windows:
    """What truly came in the window after each origin but the last.

    Attributes:
        actual: (K, n) units on the known days of each window, 0 where it does not count.
        share: (K, n) share of the window that is known, 0 where the window does not count.
    """

    actual: Array
    share: Array


def windows_of(days: Days, origins: tuple[int, ...], horizon: Horizon) -> Windows:
    """Return the windows of `horizon` (n,) days that begin at the origins, all but the last."""
    tested = origins[:-1]
    actual = np.zeros((len(tested), days.n), days.units.dtype)
    share = np.zeros_like(actual)
    for length in np.unique(horizon):
        mine = horizon == length
        for k, origin in enumerate(tested):
            if origin + length > days.length:
                continue
            window = slice(origin, origin + int(length))
            actual[k, mine] = days.units[window].sum(0)[mine]
            share[k, mine] = days.known[window].mean(0)[mine]
    first = np.where(days.known.any(0), days.known.argmax(0), days.length)
    old_enough = np.array(tested)[:, None] >= first + FIRST if tested else share > 0
    counts = (share >= KNOWN) & old_enough
    return Windows(np.where(counts, actual, 0), np.where(counts, share, 0))


def naive_totals(days: Days, origins: tuple[int, ...], horizon: Horizon) -> Array:
    """Return (K, n): the next days as the same weekdays of the last week.

    Formula:
        sum over the horizon of y_{t - 7}, each further week the same; where days of that week are
        unknown, horizon * mean of the known ones; where all of them are, of the four weeks before

    Source:
        Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., ch. 5.2 (seasonal
        naive method, season of a week).
    """
    out = np.zeros((len(origins), days.n), days.units.dtype)
    whole, rest = np.divmod(horizon, WEEK)
    usual = moving_average(days, origins, 4 * WEEK).rate[:, 0]
    for k, origin in enumerate(origins):
        last = slice(max(0, origin - WEEK), origin)
        week, known = days.units[last], days.known[last]
        summed, count = week.sum(0), known.sum(0).astype(days.units.dtype)
        full = whole * summed
        for step in range(min(len(week), int(rest.max(initial=0)))):
            full = full + np.where(step < rest, week[step], 0)
        mean = np.where(count > 0, over(summed, count), usual[k])
        out[k] = np.where(count == WEEK, full, mean * horizon)
    return out


@dataclass(frozen=True)
class Choice:
    """The method of each SKU, with how it did on the windows it was chosen by.

    Attributes:
        method: (n,) index into the candidates' order; -1 is the naive plan.
        wape, naive_wape: (n,) sum of |error| over sum of sales, of the chosen method and of the
            naive plan, the shop's weighed in (see `Score.choice`); NaN where nothing was tested.
        bias: (n,) sum of forecast minus actual over sum of sales, of the chosen method.
        windows: (n,) how many windows counted.
    """

    method: npt.NDArray[np.int64]
    wape: Array
    naive_wape: Array
    bias: Array
    windows: npt.NDArray[np.int64]


class Score:
    """Running sums of every method's misses over the windows that count at an origin."""

    def __init__(self, methods: int, n: int) -> None:
        self.error = np.zeros((methods, n))
        self.excess = np.zeros((methods, n))
        self.sold, self.windows = np.zeros(n), np.zeros(n, np.int64)

    def add(self, misses: Array, actual: Array, counts: npt.NDArray[np.bool_], sign: int) -> None:
        """Take one origin's windows in (+1) or out (-1)."""
        self.error += sign * np.abs(misses)
        self.excess += sign * misses
        self.sold += sign * actual
        self.windows += sign * counts

    def choice(self, forced: npt.NDArray[np.int64] | None = None) -> Choice:
        """Return each SKU's method: the blend, or what beats naive where that loses, or naive.

        A SKU's own windows are few and overlap, so errors of the whole shop count like `POOLED`
        windows more, for every method and for naive alike.

        Args:
            forced: (n,) the method that a person wants; -1 naive, below that none.

        Formula:
            wape_i = (sum |error_i| + 10 * W * u_i) / (sum sold_i + 10 * u_i); W = the shop's WAPE
            of that method, u_i = the SKU's mean sales a window

        Source:
            Bühlmann & Gisler (2005), A Course in Credibility Theory, ch. 3 (credibility mean).
        """
        usual = self.sold / np.maximum(self.windows, 1)
        shop = in_steps(self.error.sum(1) / max(float(self.sold.sum()), 1e-9), 0.01)
        weighed = over(
            self.error + POOLED * shop[:, None] * usual,
            np.broadcast_to(self.sold + POOLED * usual, self.error.shape),
            otherwise=np.nan,
        )
        own, naive = np.nan_to_num(weighed[:-1]), np.nan_to_num(weighed[-1])
        enough = naive + 1e-6  # less is rounding
        best = np.where(own[-1] <= enough, len(own) - 1, own.argmin(0))
        each = np.arange(len(best))
        method = np.where(own[best, each] > enough, -1, best)
        if forced is not None:
            method = np.where(forced >= -1, forced, method)
        bias = over(self.excess[method, each], self.sold, otherwise=np.nan)
        return Choice(method, weighed[method, each], weighed[-1], bias, self.windows.copy())


def choices(
    candidates: Mapping[str, Array],
    naive: Array,
    windows: Windows,
    *,
    lag: int,
    most: int,
    forced: npt.NDArray[np.int64] | None = None,
) -> tuple[npt.NDArray[np.int64], Choice]:
    """Choose each SKU's method at every origin, by the windows that had ended there.

    Args:
        candidates: Method → (K + 1, n) totals; the last row is the real forecast.
        naive: (K + 1, n) totals of the naive plan.
        lag: Origins between a window's begin and the first at which all of it was known.
        most: Of how many windows the errors are summed.
        forced: (n,) the method that a person wants; -1 naive, below that none.

    Returns:
        (K + 1, n) the method at each origin (index into the candidates; -1 naive), and the last
        one with its errors. Before anything can be tested it is the last candidate, the blend.
    """
    totals = [*candidates.values(), naive]
    score = Score(len(totals), naive.shape[1])
    found = np.empty(naive.shape, np.int64)

    def take(k: int, sign: int) -> None:
        share, actual = windows.share[k], windows.actual[k]
        misses = np.stack([total[k] * share - actual for total in totals])
        score.add(misses, actual, share > 0, sign)

    for k in range(len(found)):
        if k >= lag:
            take(k - lag, 1)
        if k >= lag + most:
            take(k - lag - most, -1)
        chosen = score.choice(forced)
        found[k] = chosen.method
    return found, chosen


def drift(totals: Array, windows: Windows, lag: int) -> npt.NDArray[np.float64]:
    """Return (K + 1,): by how much the shop as a whole runs ahead of its forecasts, 1 if unsure.

    In a season that rises, forecasts made by looking back are short week after week. The mean of
    the last windows' log ratios counts as far as it stands out of their noise.

    Formula:
        exp(s * m), within 1 / 1.25 and 1.25; m = mean of log(sum actual / sum forecast) over the
        last 8 origins known by then, s = max(0, 1 - 3 v / m²), v = variance of m with windows
        that overlap counted once

    Source:
        Positive-part shrinkage: Efron & Morris (1975), JASA 70, 311-319; the 3 was chosen on half
        the SKUs of a real shop.
    """
    came = windows.actual.sum(1, dtype=np.float64)
    thought = (totals[:-1] * windows.share).sum(1, dtype=np.float64)
    out = np.ones(len(totals))
    for k in range(len(totals)):
        recent = slice(max(0, k - lag - DRIFT + 1), max(0, k - lag + 1))
        good = (came[recent] > 0) & (thought[recent] > 0)
        if good.sum() < FEWEST:
            continue
        ratio = np.log(came[recent][good] / thought[recent][good])
        mean = float(ratio.mean())
        noise = float(ratio.var(ddof=1)) / max(good.sum() / lag, 1.5)
        sure = max(0.0, 1 - DOUBT * noise / max(mean * mean, 1e-12))
        out[k] = np.exp(np.clip(sure * mean, -np.log(BOUND), np.log(BOUND)))
    return np.asarray(in_steps(out, 0.01))
