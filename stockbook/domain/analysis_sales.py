"""When, where and what was sold: by day, week, hour, weekday, channel, host, province and class."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import pandas as pd

from stockbook.domain.analysis_tables import (
    CHANNELS,
    DAILY,
    HOSTS,
    HOURLY,
    PROVINCES,
    RANKING,
    WEEKDAYS,
    WEEKLY,
    table,
)
from stockbook.domain.newsvendor import abc_class, xyz_class

PERIOD = 28  # [days] that most tables look back
DAYS, WEEKS = 84, 13  # that the charts show
FEWEST_WEEKS = 4  # to speak of how evenly a SKU sells
FEWEST_ORDERS = 5  # of a province that is named; the rest is pooled
MONEY = ["revenue_yuan", "units"]


def last(frame: pd.DataFrame, today: date, days: int = PERIOD, skip: int = 0) -> pd.DataFrame:
    """Return the rows of the `days` whole days before today, or of those `skip` days earlier."""
    end = pd.Timestamp(today - timedelta(days=skip))
    start = end - pd.Timedelta(days=days)
    return frame[(frame["date"] >= start) & (frame["date"] < end)]


def by_day(sales: pd.DataFrame, today: date, days: int = DAYS) -> pd.DataFrame:
    """Return revenue and units of each of the last days, with the mean of seven days.

    Days before the first sale are NaN, days without sales 0.
    """
    index = pd.date_range(end=pd.Timestamp(today) - pd.Timedelta(days=1), periods=days, unit="s")
    sums = sales.groupby("date")[MONEY].sum()
    first = sums.index.min() if len(sums) else pd.Timestamp(today)
    whole = sums.reindex(pd.date_range(min(first, index[0]), index[-1], unit="s")).fillna(0.0)
    whole.loc[whole.index < first] = np.nan
    whole["mean7_yuan"] = whole["revenue_yuan"].rolling(7).mean()
    return table(DAILY, whole.reindex(index).rename_axis("date").reset_index())


def by_week(sales: pd.DataFrame, today: date, weeks: int = WEEKS) -> pd.DataFrame:
    """Return the last whole ISO weeks, Monday to Sunday, that had sales or came after some."""
    monday = today - timedelta(days=today.weekday())
    recent = last(sales, monday, 7 * weeks)
    if recent.empty:
        return WEEKLY.empty()
    start = recent["date"] - pd.to_timedelta(recent["date"].dt.day_of_week, unit="D")
    sums = recent.groupby(start)[MONEY].sum()
    every = pd.date_range(sums.index.min(), pd.Timestamp(monday - timedelta(days=7)), freq="7D")
    sums = sums.reindex(every).fillna(0.0)
    parts = every.isocalendar()
    sums["week"] = [f"{y}-W{w:02d}" for y, w in zip(parts["year"], parts["week"], strict=True)]
    return table(WEEKLY, sums.reset_index(drop=True))


def by_hour(hours: pd.DataFrame, today: date) -> pd.DataFrame:
    """Return what each hour of a usual day of the last 28 brings."""
    recent = last(hours, today)
    if recent.empty:
        return HOURLY.empty()
    days = (pd.Timestamp(today) - recent["date"].min()).days
    sums = recent.groupby("hour")[MONEY].sum().reindex(range(24)).fillna(0.0) / days
    sums["share"] = sums["units"] / max(sums["units"].sum(), 1e-9)
    return table(HOURLY, sums.rename_axis("hour").reset_index())


def by_weekday(daily: pd.DataFrame) -> pd.DataFrame:
    """Return what a usual Monday, Tuesday … of the last eight weeks brought (their median)."""
    known = daily.tail(56).dropna(subset=["revenue_yuan"])
    if len(known) < 14:  # noqa: PLR2004 - two weeks
        return WEEKDAYS.empty()
    means = known.groupby(known["date"].dt.day_of_week)[MONEY].median()
    return table(WEEKDAYS, means.rename_axis("weekday").reset_index())


def by_channel(sources: pd.DataFrame, today: date) -> pd.DataFrame:
    """Return each channel's revenue in the last 28 days and the 28 before, largest first."""
    now = last(sources, today).groupby("channel")[MONEY].sum()
    before = last(sources, today, skip=PERIOD).groupby("channel")["revenue_yuan"].sum()
    return table(CHANNELS, _shares(now.assign(before_yuan=before).fillna(0.0), "channel"))


def by_host(sources: pd.DataFrame, today: date) -> pd.DataFrame:
    """Return each host's revenue in the last 28 days, largest first."""
    recent = last(sources, today)
    whole = recent["revenue_yuan"].sum()
    named = recent[recent["author"] != ""].groupby("author")[[*MONEY, "orders"]].sum()
    return table(HOSTS, _shares(named, "author", whole))


def by_province(provinces: pd.DataFrame) -> pd.DataFrame:
    """Return each province's revenue, largest first; those with few orders are one row, ""."""
    if provinces.empty:
        return PROVINCES.empty()
    few = provinces["orders"] < FEWEST_ORDERS
    names = provinces["province"].where(~few, "")
    sums = provinces.groupby(names)[["revenue_yuan", "orders"]].sum()
    return table(PROVINCES, _shares(sums, "province"))


def _shares(sums: pd.DataFrame, key: str, whole: float | None = None) -> pd.DataFrame:
    total = sums["revenue_yuan"].sum() if whole is None else whole
    shares = sums.assign(share=sums["revenue_yuan"] / max(total, 1e-9))
    ordered = shares.sort_values("revenue_yuan", ascending=False, kind="stable")
    return ordered.rename_axis(key).reset_index()


def ranked(sales: pd.DataFrame, names: Mapping[str, str], today: date) -> pd.DataFrame:
    """Return every SKU sold in the last 91 days by revenue, with its ABC and XYZ classes.

    ABC says how much of the revenue a SKU brings, XYZ how evenly it sells: the coefficient of
    variation of its weekly units, "" with less than four weeks since its first sale.
    """
    recent = last(sales, today, 7 * WEEKS)
    if recent.empty:
        return RANKING.empty()
    sums = recent.groupby("sku")["revenue_yuan"].sum().sort_values(ascending=False, kind="stable")
    share = sums / max(sums.sum(), 1e-9)
    frame = pd.DataFrame({"revenue_yuan": sums, "share": share, "cumulative": share.cumsum()})
    frame["abc"] = abc_class(sums.to_numpy(float)).tolist()
    frame["xyz"] = xyz_class(_weekly(recent, today).reindex(sums.index).to_numpy(float)).tolist()
    frame = frame.rename_axis("sku").reset_index()
    frame["name"] = [names.get(sku) or sku for sku in frame["sku"]]
    return table(RANKING, frame)


def _weekly(recent: pd.DataFrame, today: date) -> pd.DataFrame:
    """Each SKU's units a week since its first sale; NaN before, and where four are not known."""
    weeks = (pd.Timestamp(today) - recent["date"]).dt.days.sub(1) // 7
    grid = recent.assign(week=weeks).pivot_table("units", "sku", "week", "sum", fill_value=0)
    units = grid.reindex(columns=range(WEEKS), fill_value=0).to_numpy(float)
    began = WEEKS - 1 - (units[:, ::-1] > 0).argmax(axis=1)  # the oldest week with sales
    inside = np.arange(WEEKS)[None] <= began[:, None]
    inside &= (inside.sum(axis=1) >= FEWEST_WEEKS)[:, None]
    return pd.DataFrame(np.where(inside, units, np.nan), index=grid.index)
