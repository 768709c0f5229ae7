"""The larger tiers: a model per important SKU, or one model over all, where they truly do better.

Each is tried on the last three fortnights by what was known before them, beside what StockBook
itself would have forecast; a SKU gets it only where its error there was clearly smaller.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockbook import classic, learned
from stockbook.domain import prediction
from stockbook.domain.demand import DemandHistory
from stockbook.domain.guide import FREE, Guide
from stockbook.domain.newsvendor import abc_class

Vector = npt.NDArray[np.float64]
Sums = Callable[[npt.NDArray[Any]], Vector]
TIERS = ("small", "time_series", "ml")
HORIZON, TRIED = 14, (42, 28, 14)  # [days] ahead; [days] before the end at which it is tried
LEAST_DAYS = 120  # of history
BETTER = 0.95  # a larger error than this share of ours is not clearly better
SHOP = 1.0  # windows that the whole shop's errors count beside a SKU's own
RESERVE = 0.2  # of the time, for the last forecast


def improved(
    history: DemandHistory,
    catalogue: pd.DataFrame,
    guide: Guide,
    *,
    tier: str,
    seconds: float,
) -> Guide:
    """Return the guide with the level of each SKU that a larger model forecasts better.

    Args:
        catalogue: Schema `CATALOGUE`, in the history's order; its prices rank the SKUs.
        guide: What people and launches told; those SKUs are left alone.
        tier: `small` (nothing more), `time_series` (ETS and SARIMAX for class A) or `ml` (LightGBM
            over all).
        seconds: Time for the time-series models [s].

    Raises:
        ValueError: An unknown tier.
        LearnedMissing: `ml` without LightGBM.
    """
    if tier not in TIERS:
        raise ValueError(f"tier must be one of {TIERS}, got {tier!r}")
    masked = history.masked()
    enough = (~np.isnan(masked)).sum(1) >= LEAST_DAYS
    open_to = enough & (guide.method == FREE) & np.isnan(guide.given)
    if tier == "small" or not open_to.any():
        return guide
    if tier == "ml":
        return _taken(
            guide, masked, open_to, "ml", lambda units: learned.forecast_sum(units, HORIZON)
        )
    worth = history.units[:, -91:].sum(1) * np.nan_to_num(catalogue["price_yuan"], nan=1.0)
    rows = open_to & (abc_class(np.where(open_to, worth, 0)) == "A")
    ends = time.monotonic() + seconds
    for model in ("ets", "sarimax"):
        left = max(0.0, ends - time.monotonic()) / (2 if model == "ets" else 1)
        share = left * (1 - RESERVE) / len(TRIED)

        def sums(units: npt.NDArray[Any], model: Any = model, share: float = share) -> Vector:
            found = classic.forecast_many(units, HORIZON, model=model, seconds=share)
            return np.asarray(found.mean.sum(1), np.float64)

        guide = _taken(guide, masked, rows & np.isnan(guide.given), model, sums)
    return guide


def _learned(units: npt.NDArray[Any]) -> Vector:
    return np.asarray(learned.forecast_sum(units, HORIZON), np.float64)


def _taken(
    guide: Guide, masked: npt.NDArray[Any], rows: npt.NDArray[np.bool_], name: str, sums: Sums
) -> Guide:
    """Try a model on the rows and take it where it is clearly better."""
    at = np.flatnonzero(rows)
    if not len(at):
        return guide
    mine = masked[at]
    theirs, ours, sold = (np.zeros(len(at)) for _ in range(3))
    for back in TRIED:
        end = masked.shape[1] - back
        past, window = mine[:, :end], mine[:, end : end + HORIZON]
        share = (~np.isnan(window)).mean(1)
        came = np.nansum(window, axis=1)
        found = prediction.predict(masked[:, :end], np.full(len(masked), HORIZON)).total[at]
        theirs += np.abs(sums(past) * share - came)
        ours += np.abs(found * share - came)
        sold += came
    usual = SHOP * sold / len(TRIED)
    total = max(float(sold.sum()), 1e-9)
    better = theirs + usual * theirs.sum() / total < BETTER * (ours + usual * ours.sum() / total)
    if not better.any():
        return guide
    given, names = guide.given.copy(), guide.name.copy()
    given[at[better]] = sums(mine)[better] / HORIZON
    names[at[better]] = name
    return replace(guide, given=given, name=names)
