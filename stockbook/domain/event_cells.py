"""What was asked on event days and what the baseline expected, summed by SKU, event and price."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stockbook.domain.baseline import (
    Array,
    Days,
    Matrix,
    Places,
    baseline,
    blocks,
    seasons,
    weekday_pattern,
)
from stockbook.domain.demand import LEAST_BASELINE, DemandHistory

DEALS_BELOW = 0.97  # a price ratio under which a day is no part of the baseline
BUCKET = 0.05  # log price ratios are told apart to this
MOST_BUCKETS = 64  # to both sides


@dataclass(frozen=True)
class Cells:
    """Sums over the days of one SKU, one event type (−1: none) and about one price.

    Arrays (m,): the SKU's place, the type's, log price ratio, units asked, units expected, days.
    """

    sku: Places
    kind: Places
    price: Array
    asked: Array
    expected: Array
    days: Array


def cells(
    history: DemandHistory,
    places: npt.NDArray[np.int16],
    type_of: Places,
    group: Places,
    price_ratio: Matrix | None = None,
) -> Cells:
    """Return what was asked and what the baseline expected, by SKU, event type and price.

    Args:
        places: (n, T) the place of each day's event, −1 if none.
        type_of: The type of each event; one more entry at the end, −1, for days without.
        group: (n,) the category of each SKU.
        price_ratio: (n, T) price ÷ usual price, where known.
    """
    known = history.known()
    quiet = known & (places < 0)
    if price_ratio is not None:
        quiet &= ~(price_ratio < DEALS_BELOW)
    week = weekday_pattern(history.units, history.in_stock, quiet, group)
    season = seasons(history.units, history.in_stock, quiet, week, group)
    enough = quiet.sum(1) >= LEAST_BASELINE
    parts = [
        _block(
            Block(
                rows.start,
                history.units[rows],
                history.in_stock[rows],
                known[rows] & enough[rows, None],
                type_of[places[rows]],
                None if price_ratio is None else price_ratio[rows],
            ),
            quiet[rows],
            week[rows],
            season[group[rows]],
        )
        for rows in blocks(len(known))
    ]
    return Cells(*(np.concatenate([getattr(p, f) for p in parts]) for f in Cells.__annotations__))


@dataclass(frozen=True)
class Block:
    """Some SKUs' days: the first one's place, units, share in stock, known, event type, price."""

    start: int
    units: Matrix
    share: Matrix
    known: Days
    types: Places
    price_ratio: Matrix | None


def _block(some: Block, quiet: Days, week: Array, season: Array) -> Cells:
    expected = baseline(some.units, some.share, quiet, week, season) * some.share
    at = some.known & (expected > 0) & ((some.types >= 0) if some.price_ratio is None else True)
    sku, _ = np.nonzero(at)
    price = np.zeros(len(sku))
    if some.price_ratio is not None:
        ratio = np.clip(np.nan_to_num(some.price_ratio[at], nan=1), 0.05, 5)
        price = np.round(np.log(ratio) / BUCKET)
    prices = price.astype(np.int64) + MOST_BUCKETS
    key = (sku * (int(some.types.max(initial=-1)) + 2) + some.types[at] + 1) * 2 * MOST_BUCKETS
    unique, first, cell = np.unique(key + prices, return_index=True, return_inverse=True)
    asked, base, days = (
        np.bincount(cell, v, len(unique)).astype(np.float64)
        for v in (some.units[at], expected[at], np.ones(len(sku)))
    )
    kind = some.types[at][first]
    return Cells(sku[first] + some.start, kind, price[first] * BUCKET, asked, base, days)
