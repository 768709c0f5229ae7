"""READ FIRST. From a shop's orders to a workbook that says what will run out.

    orders → ledger → demand history → forecast → levels → alerts → purchase plan → workbook
                      ↑ calendar: event days leave the baseline, what they did is measured

One call a stage, nothing computed here: each stage's rules stand in the module it calls.
How orders, after-sales and files get into the ledger stands in `intake`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from stockbook.domain import (
    alerts,
    analysis,
    demand,
    factors,
    festivals,
    forecast,
    guidance,
    levels,
    purchase,
    ramp,
    service,
    uplift,
)
from stockbook.domain.clock import day_of, midnight
from stockbook.domain.language import say
from stockbook.domain.outlook import Outlook, Stock
from stockbook.domain.problems import Problem
from stockbook.intake import Progress, Pulled, pull, take_entries
from stockbook.shops.base import Shop
from stockbook.store.ledger_store import LedgerStore
from stockbook.workbook import plan
from stockbook.workbook.book import Book, Written
from stockbook.workbook.inputs import Inputs, read_inputs


def refresh(
    book: Book, shop: Shop, ledger: LedgerStore, *, now: int, progress: Progress
) -> tuple[Pulled, Outlook, Written]:
    """The whole line: pull, recompute, write."""
    inputs = read_inputs(book, shop_id=shop.shop_id, now=now)
    pulled = pull(shop, ledger, now=now, history=inputs.settings.history_days, progress=progress)
    outlook, written = recompute(
        book, ledger, inputs, now=now, progress=progress, problems=pulled.problems
    )
    return pulled, outlook, written


def recompute(
    book: Book,
    ledger: LedgerStore,
    inputs: Inputs,
    *,
    now: int,
    progress: Progress,
    scope: plan.Scope = plan.EVERYTHING,
    problems: Sequence[Problem] = (),
) -> tuple[Outlook, Written]:
    """Ledger → workbook, with what people counted and entered."""
    progress(say("正在计算预测、安全库存和采购建议", "computing forecast, levels and purchases"))
    entered, unsure = take_entries(book, ledger, inputs, now)
    outlook = look_ahead(ledger, entered, now=now, problems=[*problems, *unsure])
    progress(say("正在写入工作簿", "writing the workbook"))
    return outlook, book.apply(plan.changes(entered, outlook, scope))


def look_ahead(
    ledger: LedgerStore, inputs: Inputs, *, now: int, problems: Sequence[Problem] = ()
) -> Outlook:
    """Ledger → demand history → forecast → levels → alerts → purchase plan, and the analysis."""
    settings, stock = inputs.settings, ledger.stock(now)
    catalogue = plan.catalogue(inputs, stock.listing)
    history = demand.history(
        ledger.daily_demand(),
        list(catalogue["sku"]),
        ledger.stock_path(),
        start=demand.first_day(now, settings.history_days),
        today=day_of(now),
    )
    categories = catalogue["category"].tolist()
    history = festivals.marked(history, inputs.events, categories)
    measured = uplift.measure(history, inputs.events, categories)
    multipliers = factors.factors(
        history,
        catalogue,
        inputs.events,
        measured,
        inputs.overrides,
        today=day_of(now),
        review_days=settings.review_days,
    )
    new = ramp.ramp(history, categories, ramp.analogues(inputs.overrides))
    expected = forecast.forecast(
        history,
        catalogue["lead_time_days"] + settings.review_days,
        window_days=int(settings.window_days),
        guide=guidance.guidance(history.skus, inputs.overrides, new),
    )
    catalogue = service.asked(catalogue, expected.table, **settings.service())
    limits = levels.levels(
        expected, catalogue, multipliers, rule=settings.rule, review_days=settings.review_days
    )
    danger, orders = judge(stock, expected.table, limits, catalogue, inputs, now=now)
    flows = ledger.movements(midnight(demand.first_day(now, settings.movement_days)))
    found = [*inputs.problems, *problems, *stock.problems()]
    return Outlook(
        now,
        stock,
        catalogue,
        history,
        expected.table,
        limits,
        danger,
        orders,
        flows,
        found,
        measured,
        multipliers,
        analysis.analyse(
            ledger.insight.sales_facts(demand.first_day(now, settings.history_days), day_of(now)),
            catalogue,
            history,
            today=day_of(now),
            chosen=inputs.analysed or "",
            measured=measured,
        ),
    )


def look_again(ledger: LedgerStore, inputs: Inputs, before: Outlook, *, now: int) -> Outlook:
    """Ledger → alerts → purchase plan, by the forecast and the levels of an outlook just before."""
    stock = ledger.stock(now)
    danger, orders = judge(stock, before.forecast, before.levels, before.catalogue, inputs, now=now)
    return replace(before, now=now, stock=stock, alerts=danger, purchase=orders)


def judge(
    stock: Stock,
    expected: pd.DataFrame,
    limits: pd.DataFrame,
    catalogue: pd.DataFrame,
    inputs: Inputs,
    *,
    now: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Positions against levels → alerts, purchase plan."""
    known, watch = stock.known_positions(), inputs.settings.watch_factor
    danger = alerts.alerts(known, expected, limits, catalogue, (), now=now, watch_factor=watch)
    return danger, purchase.suggest(known, limits, danger, catalogue, now=now)
