"""What multiplies the base forecast: season, hot product, market trend, campaigns.

Each is 1 where nothing is known, and bounded. They stand in columns of their own beside the level
that they made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockbook.domain.baseline import Array, Places
from stockbook.domain.demand import DemandHistory
from stockbook.domain.festivals import Event
from stockbook.domain.language import say
from stockbook.domain.tables import FACTORS, records
from stockbook.domain.uplift import Measured, day_factors

WEEK, MONTH, YEAR = 7, 28, 364  # [days]; 52 weeks, so that weekdays meet
SEASON = (0.5, 2.0)
HOT = (0.7, 2.0)
TREND = (0.2, 5.0)
SEASON_DAYS = 14  # the least that last year's coming weeks are looked at for
SHOP_UNITS, CATEGORY_UNITS, SKU_UNITS = 200.0, 200.0, 50.0  # [units] that count as much as the data
SURE = 1.96  # standard errors, 95 %
TOLD = 0.005  # a factor nearer to 1 is not worth a word


def factors(
    history: DemandHistory,
    catalogue: pd.DataFrame,
    events: Sequence[Event],
    measured: Measured,
    overrides: pd.DataFrame,
    *,
    today: date,
    review_days: float,
) -> pd.DataFrame:
    """Return what multiplies each SKU's base forecast over its protection interval from today.

    Args:
        history: Up to yesterday; its event days are left out of season and hot product.
        catalogue: Schema `CATALOGUE`; any order.
        overrides: Schema `OVERRIDES`; those past their last day are ignored.

    Returns:
        One row per SKU of `history`, in its order, schema `FACTORS`.
    """
    terms = catalogue.set_index("sku").reindex(list(history.skus))
    categories = terms["category"].fillna("").tolist()
    protection = (terms["lead_time_days"].fillna(0) + review_days).to_numpy(dtype=np.float64)
    protection = np.clip(np.ceil(protection), 1, YEAR // 2).astype(np.int64)
    season = season_factor(history, categories, protection)
    hot = hot_factor(history)
    market = trend_factor(history.skus, overrides, today)
    trend = np.array([market[sku].factor if sku in market else 1.0 for sku in history.skus])
    campaign = campaign_factor(history.skus, categories, events, measured, today, protection)
    rows = zip(history.skus, season, hot, trend, campaign, strict=True)
    words = _campaign_words(events, today, int(protection.max(initial=1)))
    return FACTORS.make(
        {
            "sku": list(history.skus),
            "season_factor": season,
            "hot_factor": hot,
            "trend_factor": trend,
            "campaign_factor": campaign,
            "why": [_why(row[1:], market.get(row[0]), words) for row in rows],
        }
    )


def season_factor(
    history: DemandHistory, categories: Sequence[str], protection_days: Places
) -> Array:
    """Return how much more than just before is asked in the coming weeks, by last year. (n,).

    A SKU without thirteen months of its own follows its category; few sales follow the category
    and the shop, and these 1.

    Args:
        protection_days: (n,) the coming days in question.

    Formula:
        r = sold in last year's coming weeks / (rate of the 28 days before them * days);
        shop (200 + Σ sold) / (200 + Σ expected); category (200 + Σ sold) / (200 / shop +
        Σ expected); SKU (50 + sold) / (50 / category + expected); within [0.5, 2]

    Example:
        >>> from datetime import date
        >>> units = np.full((1, 400), 10, np.float32); units[:, 36:64] = 15
        >>> ones, since = np.ones_like(units), np.zeros(1, np.int64)
        >>> past = DemandHistory(("a",), date(2025, 1, 1), units, ones, since, ones[:, 0], ones)
        >>> season_factor(past, [""], np.array([14])).round(2).tolist()
        [1.47]
    """
    n, days = history.units.shape
    start = days - YEAR
    if start < MONTH or not n:
        return np.ones(n)
    masked = history.masked()
    length = WEEK * np.ceil(np.maximum(protection_days, SEASON_DAYS) / WEEK).astype(np.int64)
    first = np.maximum(start - (length - protection_days) // 2, start - WEEK)
    before, open_before = _sums(masked, np.full(n, start - MONTH), np.full(n, start))
    sold, open_days = _sums(masked, first, np.minimum(first + length, days))
    known = (open_before >= MONTH / 2) & (open_days >= WEEK)
    known &= history.known_since <= start - MONTH
    expected = np.where(known, before / np.maximum(open_before, 1) * open_days, 0)
    sold = np.where(known, sold, 0)
    names = sorted(set(categories))
    group = np.array([names.index(c) for c in categories], np.int64)
    shop = (SHOP_UNITS + sold.sum()) / (SHOP_UNITS + expected.sum())
    by_group, of = (np.bincount(group, v, len(names)) for v in (sold, expected))
    ratio = (CATEGORY_UNITS + by_group) / (CATEGORY_UNITS / shop + of)
    own = (SKU_UNITS + sold) / (SKU_UNITS / ratio[group] + expected)
    return np.clip(own, *SEASON)


def _sums(masked: npt.NDArray[np.float32], first: Places, end: Places) -> tuple[Array, Array]:
    """Units and known days in [first, end) of each SKU. (n,), (n,)."""
    at = np.arange(masked.shape[1])
    there = (at >= first[:, None]) & (at < end[:, None]) & ~np.isnan(masked)
    return np.where(there, masked, 0).sum(1, dtype=np.float64), there.sum(1).astype(np.float64)


def hot_factor(history: DemandHistory) -> Array:
    """Return how far the last week is above or below the last four, where that is no chance. (n,).

    Formula:
        r = (mean of 7 days) / (mean of 28 days); z = (S7 − S28 q) / sqrt(φ S28 q (1 − q)),
        q = known days of 7 / of 28, φ = variance / mean of the 56 days before, at least 1;
        factor = 1 + (r − 1) max(0, 1 − (1.96 / z)²), within [0.7, 2]

    Source:
        S7 given S28 is binomial for Poisson days (Lehmann & Romano, Testing Statistical Hypotheses,
        3rd ed., ch. 4.5); the positive part after James & Stein (1961).

    Example:
        >>> from datetime import date
        >>> units = np.full((1, 90), 10, np.float32); units[:, -7:] = 20
        >>> ones, since = np.ones_like(units), np.zeros(1, np.int64)
        >>> past = DemandHistory(("a",), date(2026, 1, 1), units, ones, since, ones[:, 0], ones)
        >>> hot_factor(past).round(2).tolist()
        [1.55]
    """
    masked = history.masked().astype(np.float64)
    week, days7 = _last(masked, 0, WEEK)
    month, days28 = _last(masked, 0, MONTH)
    share = days7 / np.maximum(days28, 1)
    spread = np.sqrt(np.maximum(_dispersion(masked) * month * share * (1 - share), 1e-12))
    z = np.abs(week - month * share) / spread
    ratio = np.divide(week, month * share, out=np.ones(len(week)), where=month * share > 0)
    sure = np.clip(1 - (SURE / np.maximum(z, 1e-9)) ** 2, 0, 1)
    enough = (days7 >= WEEK // 2) & (days28 >= MONTH // 2) & (days28 > days7)
    return np.clip(np.where(enough, 1 + (ratio - 1) * sure, 1.0), *HOT)


def _last(masked: Array, skip: int, days: int) -> tuple[Array, Array]:
    """Units and known days of the last `days` days but the last `skip`. (n,), (n,)."""
    end = masked.shape[1] - skip
    part = masked[:, max(end - days, 0) : max(end, 0)]
    known = ~np.isnan(part)
    return np.where(known, part, 0).sum(1), known.sum(1).astype(np.float64)


def _dispersion(masked: Array) -> Array:
    """Variance ÷ mean of the days before the last week, at least that of Poisson. (n,)."""
    end = max(masked.shape[1] - WEEK, 0)
    part = masked[:, max(end - 2 * MONTH, 0) : end]
    total, known = _last(masked, WEEK, 2 * MONTH)
    mean = total / np.maximum(known, 1)
    squares = np.nansum((part - mean[:, None]) ** 2, axis=1)
    return np.maximum(squares / np.maximum((known - 1) * mean, 1e-9), 1.0) * (known > 1) + (
        known <= 1
    )


class Trend(NamedTuple):
    """A market trend in force: the factor and its last day."""

    factor: float
    until: date


def trend_factor(skus: Sequence[str], overrides: pd.DataFrame, today: date) -> dict[str, Trend]:
    """Return the market trends in force today, by SKU."""
    wanted, found = set(skus), {}
    for row in records(overrides):
        until = row["trend_until"]
        holds = row["sku"] in wanted and not pd.isna(row["trend"]) and not pd.isna(until)
        if holds and until.date() >= today:
            found[row["sku"]] = Trend(float(np.clip(row["trend"], *TREND)), until.date())
    return found


def campaign_factor(
    skus: Sequence[str],
    categories: Sequence[str],
    events: Sequence[Event],
    measured: Measured,
    today: date,
    protection_days: Places,
) -> Array:
    """Return the mean uplift over the protection interval that begins today. (n,).

    Formula:
        (1/P) * sum over the coming P days of the day's uplift; 1 on a day without an event

    Example:
        >>> from stockbook.domain.festivals import EventKind
        >>> from stockbook.domain.uplift import NOTHING
        >>> day = date(2026, 11, 11)
        >>> sale = Event("x", "双11", EventKind.FESTIVAL, day, day, factor=6.0)
        >>> campaign_factor(["a"], [""], [sale], NOTHING, date(2026, 11, 9), np.array([5])).tolist()
        [2.0]
    """
    if not len(skus):
        return np.ones(0)
    most = int(protection_days.max())
    totals = np.cumsum(day_factors(measured, events, skus, categories, today, most), axis=1)
    return totals[np.arange(len(skus)), protection_days - 1] / protection_days


def _campaign_words(events: Sequence[Event], today: date, days: int) -> str:
    """The names of the events that are coming."""
    end = today + timedelta(days=days - 1)
    coming = [e for e in events if e.first_on <= end and e.last_on >= today]
    return "、".join(dict.fromkeys(e.name for e in sorted(coming, key=lambda e: e.first_on)))


def _why(values: Sequence[float], market: Trend | None, coming: str) -> str:
    """Return which factors differ from 1, and why."""
    season, hot, trend, campaign = values
    day = f"{market.until:%Y-%m-%d}" if market else ""
    said: Mapping[str, float] = {
        say("去年同期", "last year's season"): season,
        say("近7天走势", "last 7 days"): hot,
        say(f"市场趋势（至 {day}）", f"market trend (to {day})"): trend,
        say(f"活动 {coming}", f"events {coming}"): campaign,
    }
    return say("；", "; ").join(
        f"{name} ×{value:.2f}" for name, value in said.items() if abs(value - 1) >= TOLD
    )
