"""数据分析: what the ledger's sales and the imported files tell, as tables and sentences.

Pure: facts in (`SalesFacts`, aggregated by the ledger), tables out (`Analysis`). Where the data are
too few a table has no rows and its sentence says what is missing.
"""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd

from stockbook.domain import analysis_effects as effects
from stockbook.domain import analysis_sales as sold
from stockbook.domain.analysis_tables import AUDIENCE, UPLIFT, Analysis, Figures, SalesFacts, table
from stockbook.domain.analysis_words import told
from stockbook.domain.demand import DemandHistory
from stockbook.domain.festivals import type_name
from stockbook.domain.uplift import NOTHING, Measured

KINDS = ("gender", "age", "city_tier", "province")  # of buyers, in the order people read


def analyse(
    facts: SalesFacts,
    catalogue: pd.DataFrame,
    history: DemandHistory,
    *,
    today: date,
    chosen: str = "",
    measured: Measured = NOTHING,
) -> Analysis:
    """Return everything that 数据分析 shows.

    Args:
        catalogue: Columns sku, name, category.
        history: Daily units and shares in stock.
        today: The day that is not over; left out.
        chosen: The SKU, or part of its name, whose trend is split off; "" takes the one that
            brings the most revenue.
        measured: What festivals and promotions brought.
    """
    sales = facts.sales
    names = dict(zip(catalogue["sku"], catalogue["name"], strict=True))
    categories = dict(zip(catalogue["sku"], catalogue["category"], strict=True))
    daily, channels = sold.by_day(sales, today), sold.by_channel(facts.sources, today)
    ranking = sold.ranked(sales, names, today)
    new = effects.newcomers(sales, names, today)
    sku = _chosen(chosen, catalogue, ranking)
    split, season = effects.trend_and_week(history, sku)
    found = Analysis(
        today=today,
        figures=_figures(facts, channels, today),
        daily=daily,
        weekly=sold.by_week(sales, today),
        hourly=sold.by_hour(facts.hours, today),
        weekdays=sold.by_weekday(daily),
        channels=channels,
        hosts=sold.by_host(facts.sources, today),
        ranking=ranking,
        prices=effects.price_effects(sales, names),
        refunds=effects.refund_rates(facts.refunds, {}, names),
        refunds_by_category=effects.refund_rates(facts.refunds, categories, {}),
        newcomers=new,
        ramp=effects.ramp(sales, new, today),
        provinces=sold.by_province(facts.provinces),
        visits=effects.visits(facts.traffic, today),
        conversion=effects.conversion(facts.traffic, facts.products, history, today),
        audience=_audience(facts.audience),
        split=split,
        season=season,
        uplift=event_table(measured),
        chosen=sku,
    )
    return told(found, names)


def _chosen(asked: str, catalogue: pd.DataFrame, ranking: pd.DataFrame) -> str:
    """Return the SKU of that code or with that in its name, else the one with most revenue."""
    if asked in set(catalogue["sku"]):
        return asked
    part = asked.casefold()
    named = catalogue[[part in str(name).casefold() for name in catalogue["name"]]]
    if asked and len(named):
        return str(named["sku"].iloc[0])
    return str(ranking["sku"].iloc[0]) if len(ranking) else ""


def _audience(shares: pd.DataFrame) -> pd.DataFrame:
    """Return buyers' shares in the file's order, each kind's adding up to what the file said."""
    label = shares["kind"] + " · " + shares["segment"]
    order = shares["kind"].map({kind: i for i, kind in enumerate(KINDS)})
    ordered = shares.assign(label=label, order=order).sort_values("order", kind="stable")
    return table(AUDIENCE, ordered.reset_index(drop=True))


def _figures(facts: SalesFacts, channels: pd.DataFrame, today: date) -> Figures:
    """The last 28 days against the 28 before."""
    now = sold.last(facts.sales, today)
    before = sold.last(facts.sales, today, skip=sold.PERIOD)
    back, units = facts.refunds, facts.refunds["units"].sum()
    listed = now[now["list_yuan"] > 0]
    cut = 1 - listed["revenue_yuan"].sum() / listed["list_yuan"].sum() if len(listed) else 0.0
    live = channels.loc[channels["channel"] == "live", "share"].sum()
    first = facts.sales["date"].min()
    begun = pd.isna(first) or first.date() > today - timedelta(days=2 * sold.PERIOD)
    nothing = float("nan")
    return Figures(
        revenue_yuan=float(now["revenue_yuan"].sum()),
        revenue_before=nothing if begun else float(before["revenue_yuan"].sum()),
        units=float(now["units"].sum()),
        units_before=nothing if begun else float(before["units"].sum()),
        orders=float(now["orders"].sum()),
        refund_rate=float((back["before"] + back["after"]).sum() / units) if units else nothing,
        refund_before_shipping=float(back["before"].sum() / units) if units else nothing,
        discount=max(0.0, float(cut)),
        live_share=float(live),
        days=0 if pd.isna(first) else (pd.Timestamp(today) - first).days,
    )


__all__ = ["Analysis", "SalesFacts", "analyse"]


def event_table(measured: Measured) -> pd.DataFrame:
    """Return each event type's uplift over the whole shop, schema `UPLIFT` of the analysis."""
    table = measured.table
    shop = table[(table["category"] == "") & (table["event_type"] != "")]
    shop = shop.sort_values("factor", ascending=False).drop_duplicates("event_type")
    return UPLIFT.make(
        {
            "event": [type_name(key) for key in shop["event_type"]],
            "events": shop["skus"].tolist(),
            **{name: shop[name].tolist() for name in ("factor", "low", "high")},
        }
    )
