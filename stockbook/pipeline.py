"""READ FIRST. From a shop's orders to a workbook that says what will run out.

    orders → ledger → demand history → forecast → levels → alerts → purchase plan → workbook
                      ↑ calendar: event days leave the baseline, what they did is measured

One call a stage, nothing computed here: each stage's rules stand in the module it calls.
How orders, after-sales and files get into the ledger stands in `intake`; how a history becomes a
forecast and levels, in `foresight`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from stockbook.domain import alerts, analysis, demand, purchase
from stockbook.domain.clock import day_of, midnight
from stockbook.domain.language import say
from stockbook.domain.outlook import Outlook, Stock
from stockbook.domain.problems import Problem
from stockbook.foresight import foresee
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
    ahead = foresee(history, catalogue, inputs, today=day_of(now))
    danger, orders = judge(stock, ahead.forecast, ahead.levels, ahead.catalogue, inputs, now=now)
    begin = demand.first_day(now, settings.history_days)
    sold = analysis.analyse(
        ledger.insight.sales_facts(begin, day_of(now)), ahead.catalogue, ahead.history,
        today=day_of(now), chosen=inputs.analysed or "", measured=ahead.measured,
    )  # fmt: skip
    flows = ledger.movements(midnight(demand.first_day(now, settings.movement_days)))
    found = [*inputs.problems, *problems, *stock.problems()]
    return Outlook(
        now, stock, ahead.catalogue, ahead.history, ahead.forecast, ahead.levels, danger, orders,
        flows, found, ahead.measured, ahead.factors, sold,
    )  # fmt: skip


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
