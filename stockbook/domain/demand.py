"""Daily demand per SKU: zero-filled, with the share of each day the SKU was in stock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockbook.domain.clock import DAY, day_of, midnight

Matrix = npt.NDArray[np.float32]
Days = npt.NDArray[np.bool_]
CENSORED_BELOW = 0.5  # a day in stock for less than this share says nothing about demand
LEAST_BASELINE = 28  # [days] a SKU that has fewer outside events keeps its event days


@dataclass(frozen=True)
class DemandHistory:
    """What was sold, day by day; all arrays follow the order of `skus`.

    Attributes:
        first_day: The day of column 0; the last column is yesterday.
        units: (n, T) units sold a day.
        in_stock: (n, T) share of the day in stock, 0..1; 1 where nobody knows.
        known_since: (n,) column of the SKU's first sale; days before it are no history.
        today_units: (n,) units sold today so far.
        closing: (n, T) free units at the end of each day; NaN before the first count.
        event: (n, T) days of festivals and campaigns, which are no part of the baseline; None
            where there is no calendar.
    """

    skus: tuple[str, ...]
    first_day: date
    units: Matrix
    in_stock: Matrix
    known_since: npt.NDArray[np.int64]
    today_units: Matrix
    closing: Matrix
    event: Days | None = None

    def known(self) -> Days:
        """Return (n, T): days since the SKU's first sale on which it was mostly in stock."""
        days = np.arange(self.units.shape[1])
        return (days[None] >= self.known_since[:, None]) & (self.in_stock >= CENSORED_BELOW)

    def masked(self, event: Days | None = None) -> Matrix:
        """Return (n, T) units with NaN where a day says nothing about the baseline.

        Those are the days before the SKU's first sale, those it was mostly out of stock, and event
        days, unless fewer than `LEAST_BASELINE` days would be left of the SKU. Of a day in stock
        for a share of at least `CENSORED_BELOW` the units are divided by that share.

        Args:
            event: (n, T) the event days, where they are not those of the history.
        """
        event = self.event if event is None else event
        quiet = known = self.known()
        if event is not None:
            quiet = known & ~event
            quiet = np.where((quiet.sum(1) >= LEAST_BASELINE)[:, None], quiet, known)
        asked: npt.NDArray[Any] = self.units
        if self.in_stock.size and self.in_stock.min() < 1:
            asked = asked / np.maximum(self.in_stock, np.float32(CENSORED_BELOW))
        return np.where(quiet, asked, np.nan).astype(np.float32)

    def some(self, rows: slice) -> DemandHistory:
        """Return the history of some of the SKUs."""
        return replace(
            self,
            skus=self.skus[rows],
            units=self.units[rows],
            in_stock=self.in_stock[rows],
            known_since=self.known_since[rows],
            today_units=self.today_units[rows],
            closing=self.closing[rows],
            event=None if self.event is None else self.event[rows],
        )

    def with_events(self, event: Days) -> DemandHistory:
        """Return the history with its event days [(n, T)] named."""
        return replace(self, event=event)


def first_day(now: int, history_days: float) -> date:
    """Return the day at which a history of so many days begins.

    Example:
        >>> first_day(1700000000, 365).isoformat()
        '2022-11-15'
    """
    return day_of(now) - timedelta(days=int(history_days))


def history(
    daily: pd.DataFrame,
    skus: Sequence[str],
    stock_path: pd.DataFrame,
    *,
    start: date,
    today: date,
) -> DemandHistory:
    """Lay the roll-up out as a matrix without gaps.

    Args:
        daily: Columns sku, date (datetime64), units; days without sales may be absent.
        skus: The SKUs wanted, in the order wanted.
        stock_path: Columns sku, at [Unix s], free: the level after each change.
        start: The first day; later if nothing was sold that early.
        today: The day that is not over yet; left out of the matrix.
    """
    begin = max(start, _first_sale(daily, start, today))
    days = (today - begin).days
    row = {sku: i for i, sku in enumerate(skus)}
    at = np.array([row.get(sku, -1) for sku in daily["sku"]], dtype=np.int64)
    column = (daily["date"] - pd.Timestamp(begin)).dt.days.to_numpy()
    good = (at >= 0) & (column >= 0) & (column <= days)
    units = np.zeros((len(skus), days + 1), np.float32)
    np.add.at(units, (at[good], column[good]), daily["units"].to_numpy()[good])
    sold = units[:, :-1] > 0
    known_since = np.where(sold.any(1), sold.argmax(1), days)
    in_stock = _share_in_stock(stock_path, row, begin, days)
    closing = _closing(stock_path, row, begin, days)
    return DemandHistory(
        tuple(skus), begin, units[:, :-1], in_stock, known_since, units[:, -1], closing
    )


def _first_sale(daily: pd.DataFrame, start: date, today: date) -> date:
    """The first day with a sale, at least a week back so that every window has days."""
    week = today - timedelta(days=7)
    if daily.empty:
        return max(start, week)
    first: date = daily["date"].min().date()
    return min(max(first, start), week)


def _closing(path: pd.DataFrame, row: Mapping[str, int], begin: date, days: int) -> Matrix:
    """Free units at each Beijing midnight that ends a day; NaN where nobody knew them yet."""
    left = np.full((len(row), days), np.nan, np.float32)
    ends = midnight(begin) + DAY * np.arange(1, days + 1)
    for name, levels in path.groupby("sku", sort=False):
        if str(name) in row:
            known = np.searchsorted(levels["at"].to_numpy(), ends, side="left") - 1
            free = levels["free"].to_numpy(dtype=np.float32)
            left[row[str(name)]] = np.where(known >= 0, free[known], np.nan)
    return left


def _share_in_stock(path: pd.DataFrame, row: Mapping[str, int], begin: date, days: int) -> Matrix:
    """Share of each Beijing day with free stock above zero; 1 where the level is unknown."""
    share = np.ones((len(row), days), np.float32)
    origin, end = midnight(begin), midnight(begin) + days * DAY
    for name, levels in path.groupby("sku", sort=False):
        sku = str(name)
        if sku not in row:
            continue
        instants = levels["at"].to_numpy()
        until = np.append(instants[1:], end)
        for since, to, free in zip(instants, until, levels["free"].to_numpy(), strict=True):
            if free <= 0:
                _subtract(share[row[sku]], max(since, origin) - origin, min(to, end) - origin)
    return np.clip(share, 0, 1)


def _subtract(share: Matrix, since: int, to: int) -> None:
    """Take the span [since, to) [s] out of the days it touches."""
    while since < to:
        day = since // DAY
        stop = min(to, (day + 1) * DAY)
        share[day] -= (stop - since) / DAY
        since = stop
