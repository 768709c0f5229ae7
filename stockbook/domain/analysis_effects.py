"""Why it sold: prices, refunds, new products, visitors, and one SKU's trend and week."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import stdtrit

from stockbook.domain.analysis_sales import PERIOD, last
from stockbook.domain.analysis_tables import (
    CONVERSION,
    NEWCOMERS,
    PRICES,
    RAMP,
    REFUNDS,
    SEASON,
    SPLIT,
    VISITS,
    table,
)
from stockbook.domain.demand import DemandHistory

Vector = npt.NDArray[np.float64]
FEWEST_DAYS, FEWEST_UNITS = 42, 80  # with sales, of a SKU whose price effect is told
LEAST_SPREAD = 1.05  # its dearest price to its cheapest (tenth and ninetieth per cent of days)
SURE = 0.95
FEWEST_PAID = 20  # units, of a SKU whose refund rate is told
NEW_DAYS, AFTER_DAYS = 60, 14  # first sold so lately, and so long after the first of all sales
RAMP_DAYS, SPLIT_DAYS, WEEK, SPIKE = 28, 182, 7, 4
FEWEST_VISITORS = 50


def price_effects(sales: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Return the price elasticity of every SKU whose price moved enough, surest first.

    Formula: ln(units of a day) = a + e · ln(price paid) + b · ln(1 + the shop's other units)
        + c · day, by least squares over the SKU's days with sales; e is the elasticity, its
        interval is Student's t. Prices are what was paid, so coupons count.
    """
    if sales.empty:
        return PRICES.empty()
    daily = sales[(sales["units"] > 0) & (sales["revenue_yuan"] > 0)].sort_values(
        ["sku", "date"], kind="stable"
    )
    skus, starts, counts = np.unique(daily["sku"], return_index=True, return_counts=True)
    day = (daily["date"] - daily["date"].min()).dt.days.to_numpy(float)
    units = daily["units"].to_numpy(float)
    rest = daily["date"].map(sales.groupby("date")["units"].sum()).to_numpy(float) - units
    price = daily["revenue_yuan"].to_numpy(float) / units
    enough = (counts >= FEWEST_DAYS) & (np.add.reduceat(units, starts) >= FEWEST_UNITS)
    rows = []
    for sku, start, n in zip(skus[enough], starts[enough], counts[enough], strict=True):
        own = slice(start, start + n)
        found = _elasticity(units[own], price[own], rest[own], day[own])
        if found:
            rows.append({"sku": sku, "name": names.get(str(sku)) or sku, **found})
    frame = PRICES.make(rows)
    width = frame["high"] - frame["low"]
    return frame.iloc[np.argsort(width.to_numpy(), kind="stable")].reset_index(drop=True)


def _elasticity(units: Vector, price: Vector, rest: Vector, day: Vector) -> dict[str, float] | None:
    """Return one SKU's elasticity with its interval, None where its price hardly moved."""
    cheap, dear = np.quantile(price, (0.1, 0.9))
    if dear / cheap < LEAST_SPREAD:
        return None
    x = np.column_stack([np.ones(len(day)), np.log(price), np.log1p(rest), day / 100])
    y = np.log(units)
    free = len(y) - x.shape[1]
    cross = np.linalg.pinv(x.T @ x)
    fitted = cross @ x.T @ y
    error = y - x @ fitted
    spread = math.sqrt(max(error @ error / free * cross[1, 1], 0.0))
    reach = float(stdtrit(free, (1 + SURE) / 2)) * spread
    e = float(fitted[1])
    return {"elasticity": e, "low": e - reach, "high": e + reach, "days": len(day),
            "cheapest_yuan": float(cheap), "dearest_yuan": float(dear)}  # fmt: skip


def refund_rates(refunds: pd.DataFrame, keys: Mapping[str, str], names: Mapping[str, str],
                 fewest: int = FEWEST_PAID) -> pd.DataFrame:  # fmt: skip
    """Return what share of the units paid came back before and after shipping, largest first.

    Args:
        keys: SKU → what to group by: itself, or its category.
    """
    grouped = refunds.groupby(refunds["sku"].map(lambda sku: keys.get(sku, sku)))
    sums = grouped[["units", "before", "after", "refund_yuan"]].sum()
    sums = sums[sums["units"] >= fewest]
    if sums.empty:
        return REFUNDS.empty()
    for name in ("before", "after"):
        sums[name] = (sums[name] / sums["units"]).clip(0, 1)
    sums["rate"] = (sums["before"] + sums["after"]).clip(0, 1)
    sums = sums.sort_values("rate", ascending=False, kind="stable").rename_axis("key")
    frame = sums.reset_index()
    frame["name"] = [names.get(key) or key for key in frame["key"]]
    return table(REFUNDS, frame)


def newcomers(sales: pd.DataFrame, names: Mapping[str, str], today: date) -> pd.DataFrame:
    """Return the SKUs first sold lately, with their first and their last week [units/day].

    A SKU that sold on the first days that are known is not new: its beginning is not known.
    """
    if sales.empty:
        return NEWCOMERS.empty()
    first = sales.groupby("sku")["date"].min()
    end = pd.Timestamp(today)
    known = sales["date"].min() + pd.Timedelta(days=AFTER_DAYS)
    first = first[(first >= end - pd.Timedelta(days=NEW_DAYS)) & (first >= known)]
    if first.empty:
        return NEWCOMERS.empty()
    first = first.sort_values(ascending=False, kind="stable")
    days = (end - first).dt.days
    own = sales[sales["sku"].isin(first.index)]
    since, span = own["sku"].map(first), own["sku"].map(days.clip(upper=WEEK))
    age, left = (own["date"] - since).dt.days, (end - own["date"]).dt.days
    weeks = {
        name: own[inside].groupby("sku")["units"].sum().reindex(first.index).fillna(0.0)
        / days.clip(upper=WEEK)
        for name, inside in (("first_week", age < span), ("last_week", left <= span))
    }
    frame = pd.DataFrame({"first_on": first, "days": days, **weeks}).rename_axis("sku")
    frame = frame.reset_index()
    frame["name"] = [names.get(sku) or sku for sku in frame["sku"]]
    return table(NEWCOMERS, frame)


def ramp(sales: pd.DataFrame, new: pd.DataFrame, today: date) -> pd.DataFrame:
    """Return what new SKUs sold on their first, second … day on average [units].

    Days that only few of them have reached are left out: a mean of other SKUs would break it.
    """
    if new.empty:
        return RAMP.empty()
    began = dict(zip(new["sku"], new["first_on"], strict=True))
    own = sales[sales["sku"].isin(began)]
    age = (own["date"] - own["sku"].map(began)).dt.days
    sums = own.groupby(age)["units"].sum().reindex(range(RAMP_DAYS)).fillna(0.0)
    ages = (pd.Timestamp(today) - new["first_on"]).dt.days.to_numpy()
    there = np.array([(ages > day).sum() for day in range(RAMP_DAYS)])
    kept = there * 2 > len(ages)
    table = {"day": np.arange(1, RAMP_DAYS + 1)[kept], "products": there[kept],
             "units": sums.to_numpy()[kept] / there[kept]}  # fmt: skip
    return RAMP.make(table)


def visits(traffic: pd.DataFrame, today: date, days: int = 56) -> pd.DataFrame:
    """Return each day's visitors and which share of them bought."""
    recent = last(traffic, today, days)
    recent = recent[recent["visitors"].fillna(0) > 0]
    if recent.empty:
        return VISITS.empty()
    sums = recent.groupby("date")[["visitors", "buyers"]].sum(min_count=1)
    sums["conversion"] = sums["buyers"] / sums["visitors"]
    return table(VISITS, sums.reset_index())


def conversion(
    traffic: pd.DataFrame,
    products: Mapping[str, tuple[str, ...]],
    history: DemandHistory,
    today: date,
) -> pd.DataFrame:
    """Return each product's conversion, and over the hours in which it could be bought.

    A product that was sold out half of a day could win only half of that day's visitors.
    """
    recent = last(traffic, today)
    recent = recent[recent["visitors"].fillna(0) > 0]
    if recent.empty:
        return CONVERSION.empty()
    sellable = _sellable(recent, products, history)
    frame = recent.assign(could=recent["visitors"] * sellable)
    grouped = frame.groupby("product")
    sums = grouped[["visitors", "buyers", "could"]].sum()
    sums["name"] = grouped["name"].last()
    sums = sums[sums["visitors"] >= FEWEST_VISITORS].sort_values("visitors", ascending=False)
    sums["conversion"] = sums["buyers"] / sums["visitors"]
    sums["sellable"] = sums["could"] / sums["visitors"]
    sums["conversion_in_stock"] = (sums["buyers"] / sums["could"].clip(lower=1e-9)).clip(0, 1)
    return table(CONVERSION, sums.reset_index())


def _sellable(
    traffic: pd.DataFrame, products: Mapping[str, tuple[str, ...]], history: DemandHistory
) -> Vector:
    """The share of each row's day in which some SKU of its product was in stock; 1 if unknown."""
    row = {sku: i for i, sku in enumerate(history.skus)}
    days = history.in_stock.shape[1]
    column = (traffic["date"] - pd.Timestamp(history.first_day)).dt.days.to_numpy()
    found = np.ones(len(traffic))
    for i, (product, day) in enumerate(zip(traffic["product"], column, strict=True)):
        own = [row[sku] for sku in products.get(product, ()) if sku in row]
        if own and 0 <= day < days:
            found[i] = history.in_stock[own, day].max()
    return found


def trend_and_week(history: DemandHistory, sku: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split a SKU's days into trend and week.

    Formula: trend = mean of seven days around; week = mean of (units − trend) by weekday, less
        its own mean, as a share of the mean trend. Days out of stock say nothing; a day of more
        than `SPIKE` times the median counts as that much, or one livestream would be the trend.
    Source: classical decomposition, as statsmodels' `seasonal_decompose(period=7)`.
    """
    if sku not in history.skus:
        return SPLIT.empty(), SEASON.empty()
    row = history.skus.index(sku)
    units = history.masked()[row].astype(float)[-SPLIT_DAYS:]
    sold = history.units[row].astype(float)[-SPLIT_DAYS:]
    began = np.flatnonzero(~np.isnan(units))
    if not len(began) or len(units) - began[0] < 3 * WEEK:
        return SPLIT.empty(), SEASON.empty()
    first = pd.Timestamp(history.first_day) + pd.Timedelta(days=history.units.shape[1] - len(units))
    days = pd.date_range(first, periods=len(units), unit="s")[began[0] :]
    units, sold = units[began[0] :], sold[began[0] :]
    usual = np.nanmedian(units)
    most = SPIKE * usual if usual > 0 else np.inf
    counted = (~np.isnan(units)).astype(int)
    units = np.minimum(units, most)
    trend = pd.Series(units).rolling(WEEK, center=True, min_periods=4).mean().to_numpy(copy=True)
    trend[:3] = trend[-3:] = np.nan
    rest = (
        pd.Series(units - trend).groupby(days.day_of_week).mean().reindex(range(WEEK)).fillna(0.0)
    )
    level = np.nanmean(trend) if not np.isnan(trend).all() else 0.0
    season = (rest - rest.mean()) / level if level > 0 else rest * 0.0
    split = SPLIT.make({
        "date": days, "units": sold, "shown": np.minimum(sold, most), "counted": counted,
        "trend": trend,
    })  # fmt: skip
    return split, SEASON.make({"weekday": np.arange(WEEK), "change": season.to_numpy()})


__all__ = ["PERIOD", "conversion", "newcomers", "price_effects", "ramp", "refund_rates",
           "trend_and_week", "visits"]  # fmt: skip
