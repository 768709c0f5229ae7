"""Facts into the ledger: what a shop is asked for, window by window, and what files bring.

Each window or set of files is one transaction, so a run that is killed has posted it or has not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stockbook.domain.clock import DAY
from stockbook.domain.language import say
from stockbook.domain.problems import Problem, ShopRefused, not_permitted
from stockbook.shops.base import Shop
from stockbook.shops.export_file import read_export
from stockbook.store.ledger_store import LedgerStore

Progress = Callable[[str], None]
AFTER_SALES = "after_sales"  # the stream's name in the ledger
SETTLE = 60  # [s] the cursor stays this far behind the shop's clock: late rows are read again


@dataclass
class Pulled:
    """What one pull brought: counts of what was read and posted."""

    orders: int = 0
    lines: int = 0
    after_sales: int = 0
    moves: int = 0
    problems: list[Problem] = field(default_factory=list)


def pull(
    shop: Shop, ledger: LedgerStore, *, now: int, history: float, progress: Progress
) -> Pulled:
    """Shop → ledger: what the shop lists, then every order line that changed, window by window."""
    pulled, until = Pulled(), shop.clock()
    listed, problems = shop.skus()
    pulled.problems += problems
    pulled.moves += ledger.map_skus(listed, now).moves
    oldest = until - min(int(history * DAY), shop.reach())
    start = ledger.cursor(shop.shop_id)
    for window in shop.order_windows(oldest if start is None else start, until + 1):
        cursor = min(window.end, until - SETTLE)
        posted = ledger.post_window(shop.shop_id, window.lines, cursor=cursor, now=now)
        pulled.orders += window.orders
        pulled.lines += posted.lines
        pulled.moves += posted.moves
        pulled.problems += [*window.problems, *posted.problems]
        progress(say(f"已拉取 {pulled.orders:,} 单", f"{pulled.orders:,} orders pulled"))
    pull_after_sales(shop, ledger, pulled, oldest=oldest, until=until, now=now)
    ledger.note_pull(shop.shop_id, until)
    return pulled


def pull_after_sales(
    shop: Shop, ledger: LedgerStore, pulled: Pulled, *, oldest: int, until: int, now: int
) -> None:
    """Shop → ledger: the second stream, since after-sales change without moving their order."""
    start = ledger.cursor(shop.shop_id, AFTER_SALES)
    try:
        for window in shop.after_sale_windows(oldest if start is None else start, until + 1):
            cursor = min(window.end, until - SETTLE)
            posted = ledger.post_window(
                shop.shop_id, (), window.after_sales, cursor=cursor, now=now, stream=AFTER_SALES
            )
            pulled.after_sales += posted.lines
            pulled.moves += posted.moves
            pulled.problems += [*window.problems, *posted.problems]
    except ShopRefused as refused:
        pulled.problems.append(not_permitted("afterSale.List", str(refused)))


def bring_in(
    files: Sequence[Path], ledger: LedgerStore, *, shop_id: str, now: int, dry_run: bool = False
) -> Pulled:
    """Downloaded files → ledger: all of them are read before the first line is posted."""
    exports = [read_export(file, shop_id=shop_id, now=now) for file in files]
    lines = [line for export in exports for line in export.lines]
    sales = [sale for export in exports for sale in export.after_sales]
    problems = [problem for export in exports for problem in export.problems]
    posted = ledger.post_file(shop_id, lines, sales, now=now, dry_run=dry_run)
    return Pulled(
        orders=len({line.order_id for line in lines}),
        lines=posted.lines,
        after_sales=len(sales),
        moves=posted.moves,
        problems=[*problems, *posted.problems],
    )
