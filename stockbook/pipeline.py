"""READ FIRST. From a shop's orders to a workbook that says what will run out.

    orders → ledger → demand history → forecast → levels → alerts → purchase plan → workbook

One call a stage, nothing computed here: each stage's rules stand in the module it calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from stockbook.domain import alerts, demand, forecast, levels, purchase
from stockbook.domain.clock import DAY, day_of
from stockbook.domain.language import say
from stockbook.domain.outlook import Outlook
from stockbook.domain.problems import Problem, ShopRefused, not_permitted
from stockbook.shops.base import Shop
from stockbook.store.ledger_store import LedgerStore
from stockbook.workbook import plan
from stockbook.workbook.book import Book, Written
from stockbook.workbook.inputs import Inputs, read_inputs

Progress = Callable[[str], None]
AFTER_SALES = "after_sales"  # the stream's name in the ledger
SETTLE = 60  # [s] the cursor stays this far behind the shop's clock: late rows are read again


@dataclass
class Pulled:
    """What one pull brought: counts of what was read and posted."""

    orders: int = 0
    after_sales: int = 0
    moves: int = 0
    problems: list[Problem] = field(default_factory=list)
    lines: int = 0


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


def pull(
    shop: Shop, ledger: LedgerStore, *, now: int, history: float, progress: Progress
) -> Pulled:
    """Shop → ledger: what the shop lists, then every order line that changed, window by window."""
    pulled, until = Pulled(), shop.clock()
    listed, problems = shop.skus()
    pulled.problems += problems
    pulled.moves += ledger.map_skus(listed, now).moves
    start = ledger.cursor(shop.shop_id)
    start = until - min(int(history * DAY), shop.reach()) if start is None else start
    for window in shop.order_windows(start, until + 1):
        cursor = min(window.end, until - SETTLE)
        posted = ledger.post_window(shop.shop_id, window.lines, cursor=cursor, now=now)
        pulled.orders += window.orders
        pulled.lines += posted.lines
        pulled.moves += posted.moves
        pulled.problems += [*window.problems, *posted.problems]
        progress(say(f"已拉取 {pulled.orders:,} 单", f"{pulled.orders:,} orders pulled"))
    pull_after_sales(shop, ledger, pulled, until=until, start=start, now=now)
    ledger.note_pull(shop.shop_id, until)
    return pulled


def pull_after_sales(
    shop: Shop, ledger: LedgerStore, pulled: Pulled, *, until: int, start: int, now: int
) -> None:
    """Shop → ledger: the second stream, since after-sales change without moving their order."""
    since = ledger.cursor(shop.shop_id, AFTER_SALES)
    try:
        for window in shop.after_sale_windows(start if since is None else since, until + 1):
            cursor = min(window.end, until - SETTLE)
            posted = ledger.post_window(
                shop.shop_id, (), window.after_sales, cursor=cursor, now=now, stream=AFTER_SALES
            )
            pulled.after_sales += posted.lines
            pulled.moves += posted.moves
            pulled.problems += [*window.problems, *posted.problems]
    except ShopRefused as refused:
        pulled.problems.append(not_permitted("afterSale.List", str(refused)))


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
    ledger.map_components(inputs.shop_id, inputs.components, now, keep=inputs.unsure)
    ledger.post_counts(inputs.counts, now)
    outlook = look_ahead(ledger, inputs, now=now, problems=problems)
    progress(say("正在写入工作簿", "writing the workbook"))
    return outlook, book.apply(plan.changes(inputs, outlook, scope))


def look_ahead(
    ledger: LedgerStore, inputs: Inputs, *, now: int, problems: Sequence[Problem] = ()
) -> Outlook:
    """Ledger → demand history → forecast → levels → alerts → purchase plan."""
    settings, stock = inputs.settings, ledger.stock(now)
    catalogue = plan.catalogue(inputs, stock.listing)
    history = demand.history(
        ledger.daily_demand(),
        list(catalogue["sku"]),
        ledger.stock_path(),
        start=demand.first_day(now, settings.history_days),
        today=day_of(now),
    )
    expected = forecast.forecast(history, window_days=int(settings.window_days))
    limits = levels.levels(
        expected, catalogue, rule=settings.rule, review_days=settings.review_days
    )
    known = stock.known_positions()
    danger = alerts.alerts(
        known, expected, limits, catalogue, (), now=now, watch_factor=settings.watch_factor
    )
    orders = purchase.suggest(known, limits, danger, catalogue, now=now)
    found = [*inputs.problems, *problems, *stock.problems()]
    return Outlook(now, stock, catalogue, history, expected, limits, danger, orders, found)
