"""New products: how sales grow after the first one, and what to expect before there is much to see.

Curves are pooled by category. A level comes from the SKU's own first days and, where people name
an analogue, from that: the more days, the less the analogue counts and the narrower the interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockbook.domain.baseline import Array
from stockbook.domain.demand import DemandHistory
from stockbook.domain.language import say
from stockbook.domain.tables import RAMP, records

WEEK, MONTH = 7, 28  # [days]
WEEKS = 12  # of a curve
SETTLED = 8  # from this week on a product counts as settled
NEW_DAYS = 56  # since its first sale a SKU is new
SILENT_DAYS = 14  # without a sale before the first one, else nobody knows that it was the first
LEAST_UNITS, LEAST_SKUS = 30, 3  # of a past launch; launches of a curve
HALF = 14.0  # [days] of its own at which a SKU counts as much as its analogue
WIDE_ANALOGUE, WIDE = 0.5, 1.0  # log standard deviation of a level: by an analogue, without one
CURVE = (0.2, 3.0)  # bounds of a curve

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Curve:
    """Sales by week since the first one, 1 when settled (WEEKS,), from so many launches."""

    share: Array
    launches: int

    def at(self, days: npt.NDArray[np.int64]) -> Array:
        """Return the share on days since the first sale."""
        return self.share[np.clip(days // WEEK, 0, WEEKS - 1)]


FLAT = Curve(np.ones(WEEKS), 0)


def ramp_curves(history: DemandHistory, categories: Sequence[str]) -> dict[str, Curve]:
    """Return the ramp curve of each category, and of the whole shop under "".

    Launches count that were seen from the first sale on for twelve weeks and sold 30 units. A
    category with fewer than three follows the shop, a shop with fewer is flat.

    Formula:
        share_w = median over launches of (units/day of week w) / (units/day of weeks 8 to 11)

    Example:
        >>> from datetime import date
        >>> units = np.zeros((3, 140), np.float32); units[:, 40:54], units[:, 54:] = 2, 4
        >>> ones, since = np.ones_like(units), np.full(3, 40)
        >>> past = DemandHistory(("a", "b", "c"), date(2026, 1, 1), units, ones, since, since, ones)
        >>> ramp_curves(past, ["", "", ""])[""].share[:4].tolist()
        [0.5, 0.5, 1.0, 1.0]
    """
    shares = _launches(history)
    groups = np.array(categories)[list(shares)] if shares else np.array([], str)
    every = np.array(list(shares.values())).reshape(-1, WEEKS)
    shop = _median(every, FLAT)
    found = {c: _median(every[groups == c], shop) for c in set(categories)}
    return found | {"": shop}


def _launches(history: DemandHistory) -> dict[int, Array]:
    """Row → relative sales by week, of the SKUs whose first twelve weeks were seen."""
    masked, shares = history.masked(), {}
    seen = (history.known_since >= SILENT_DAYS) & (
        history.known_since + WEEKS * WEEK <= masked.shape[1]
    )
    for i in np.flatnonzero(seen):
        first = history.known_since[i]
        weeks = masked[i, first : first + WEEKS * WEEK].reshape(WEEKS, WEEK).astype(np.float64)
        known = (~np.isnan(weeks)).sum(1)
        rate = np.nansum(weeks, axis=1) / np.where(known > 0, known, np.nan)
        settled = rate[SETTLED:][known[SETTLED:] > 0]
        if np.nansum(weeks) >= LEAST_UNITS and settled.size and settled.mean() > 0:
            shares[int(i)] = rate / settled.mean()
    return shares


def _median(shares: Array, otherwise: Curve) -> Curve:
    if len(shares) < LEAST_SKUS:
        return otherwise
    known = ~np.isnan(shares).all(0)
    middle = np.ones(WEEKS)
    middle[known] = np.nanmedian(shares[:, known], axis=0)
    return Curve(np.clip(middle, *CURVE), len(shares))


@dataclass(frozen=True)
class Analogue:
    """The SKU that a new one is like, and how many times as much the new one sells."""

    sku: str
    factor: float


def analogues(overrides: pd.DataFrame) -> dict[str, Analogue]:
    """Return the analogues that people named, by SKU."""
    return {
        row["sku"]: Analogue(row["analogue"], float(row["analogue_factor"]))
        for row in records(overrides)
        if row["analogue"]
    }


def ramp(
    history: DemandHistory, categories: Sequence[str], alike: Mapping[str, Analogue]
) -> pd.DataFrame:
    """Return what to expect of new SKUs.

    A SKU is new for eight weeks after its first sale; before that one it is only where people named
    an analogue. One that sold from the first days of the history on is not new.

    Args:
        categories: The SKUs' categories, in the history's order.
        alike: The analogues.

    Returns:
        One row per new SKU, schema `RAMP`; `level` is for the next two weeks.

    Formula:
        own = Σ units / Σ curve over its known days; prior = analogue's mean of 28 days * factor;
        w = n / (n + 14), n known days; level = (w own + (1 − w) prior) * curve of the coming weeks;
        level_sd = level * s * sqrt(1 − w), s = 0.5 with an analogue, 1 without;
        spread_factor = sqrt(1 + 4 s (1 − w))
    """
    curves = ramp_curves(history, categories)
    masked, days = history.masked(), history.units.shape[1]
    mean = _recent_mean(masked)
    row = {sku: i for i, sku in enumerate(history.skus)}
    found = []
    for i, sku in enumerate(history.skus):
        like = alike.get(sku)
        prior = mean[row[like.sku]] * like.factor if like and like.sku in row else np.nan
        since = int(history.known_since[i])
        new = SILENT_DAYS <= since < days and days - since < NEW_DAYS
        if new or (since >= days and np.isfinite(prior)):
            found.append(
                _expected(sku, masked[i, since:], curves[categories[i]], like, float(prior))
            )
    return RAMP.make(found)


def _recent_mean(masked: Matrix) -> Array:
    """Mean of each SKU's last 28 days, NaN where none is known. (n,)."""
    part = masked[:, -MONTH:]
    known = (~np.isnan(part)).sum(1)
    total = np.nansum(part, axis=1, dtype=np.float64)
    return np.divide(total, known, out=np.full(len(part), np.nan), where=known > 0)


def _expected(
    sku: str, since: Matrix, curve: Curve, like: Analogue | None, prior: float
) -> dict[str, object]:
    """One row of `RAMP` from a SKU's days since its first sale."""
    known = ~np.isnan(since)
    share = curve.at(np.flatnonzero(known)).sum()
    own = float(np.nansum(since)) / share if share else 0.0
    borrowed, n = np.isfinite(prior), int(known.sum())
    weight = n / (n + HALF)
    settled = weight * own + (1 - weight) * prior if borrowed else own
    coming = curve.at(len(since) + np.arange(2 * WEEK)).mean()
    wide = WIDE_ANALOGUE if borrowed else WIDE
    level = max(settled * float(coming), 0.0)
    return {
        "sku": sku,
        "age_days": len(since),
        "level": level,
        "level_sd": level * wide * np.sqrt(1 - weight),
        "spread_factor": float(np.sqrt(1 + 4 * wide * (1 - weight))),
        "own_weight": weight,
        "source": like.sku if like and borrowed else "",
        "why": _why(len(since), like if borrowed else None, curve),
    }


def _why(age: int, like: Analogue | None, curve: Curve) -> str:
    """Return what an expectation rests on."""
    sold = say(f"新品，开卖 {age} 天", f"new, sold for {age} days")
    by = like and say(f"，参照 {like.sku} ×{like.factor:g}", f", like {like.sku} ×{like.factor:g}")
    with_curve = say(f"，爬坡按 {curve.launches} 个同类", f", ramp of {curve.launches} alike")
    return sold + (by or "") + (with_curve if curve.launches else "")
