"""Facts into the ledger: what a shop is asked for, what files bring, and what people entered.

Each window, set of files or sheet is one transaction, so a run that is killed has posted it or has
not.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from stockbook.domain.clock import DAY
from stockbook.domain.entries import EntryRow, numbered, rival_counts
from stockbook.domain.language import say
from stockbook.domain.problems import Problem, ShopRefused, many_warehouses, not_permitted
from stockbook.domain.records import UNMAPPED, EntryKind, ShopSku
from stockbook.shops.base import OrderWindow, Shop
from stockbook.shops.export_file import read_export
from stockbook.shops.insight_file import read_insight
from stockbook.store.ledger_store import LISTED, LedgerStore, Posted
from stockbook.streams import Stream
from stockbook.workbook import calendar
from stockbook.workbook.book import Book, Changes
from stockbook.workbook.entries import nothing_to_void, rival_problem
from stockbook.workbook.inputs import Inputs
from stockbook.workbook.trail import Correction

Progress = Callable[[str], None]
ORDERS, AFTER_SALES = "orders", "after_sales"  # the streams' names in the ledger
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels, no words
MOST_ALIKE = 10  # problems of one kind that are listed one by one


@dataclass
class Pulled:
    """What one pull brought: counts of what was read and posted, and what it waited for."""

    orders: int = 0
    lines: int = 0
    after_sales: int = 0
    moves: int = 0
    problems: list[Problem] = field(default_factory=list)
    notes: tuple[str, ...] = ()

    def add(self, window: OrderWindow, posted: Posted) -> None:
        """Count one window and take over what is wrong in it."""
        if window.after_sales:
            self.after_sales += posted.lines
        else:
            self.orders += window.orders
            self.lines += posted.lines
        self.moves += posted.moves
        self.problems += [*window.problems, *posted.problems]


def pull(
    shop: Shop,
    ledger: LedgerStore,
    *,
    now: int,
    history: float,
    progress: Progress,
    listing: bool = True,
) -> Pulled:
    """Shop → ledger: what the shop lists, then every order line that changed, window by window.

    Args:
        history: How far back the first pull reaches [days].
        listing: False leaves out what the shop lists, one call a product.
    """
    pulled, until = Pulled(), shop.clock()
    if listing:
        list_skus(shop, ledger, pulled, now=now)
    oldest = until - min(int(history * DAY), shop.reach())

    def post(window: OrderWindow, cursor: int) -> None:
        posted = ledger.post_window(
            shop.shop_id, window.lines, cursor=cursor, now=now, kits=window.kits
        )
        pulled.add(window, posted)
        progress(say(f"已拉取 {pulled.orders:,} 单", f"{pulled.orders:,} orders pulled"))

    orders = Stream(ledger, shop.shop_id, ORDERS, shop.order_windows, post, oldest, now, until)
    orders.pull()
    pull_after_sales(shop, ledger, pulled, oldest=oldest, now=now)
    ledger.note_pull(shop.shop_id, orders.until)
    pulled.problems = condensed(pulled.problems)
    pulled.notes = shop.notes()
    return pulled


def list_skus(shop: Shop, ledger: LedgerStore, pulled: Pulled, *, now: int) -> None:
    """Shop → ledger: what the shop lists."""
    at = shop.clock()
    listed, problems = shop.skus()
    pulled.problems += problems
    pulled.moves += ledger.map_skus(with_known_codes(listed, ledger, now), now).moves
    ledger.post_window(shop.shop_id, cursor=at, now=now, stream=LISTED)


def fetch(shop: Shop, ledger: LedgerStore, order_ids: Sequence[str], *, now: int) -> Pulled:
    """Shop → ledger: the orders that messages named; the cursors stay, as pulls read them, too."""
    pulled, window = Pulled(), shop.orders(order_ids)
    posted = ledger.post_window(shop.shop_id, window.lines, cursor=None, now=now, kits=window.kits)
    pulled.add(window, posted)
    return pulled


def pull_after_sales(
    shop: Shop, ledger: LedgerStore, pulled: Pulled, *, oldest: int, now: int
) -> None:
    """Shop → ledger: the second stream, since after-sales change without moving their order."""

    def post(window: OrderWindow, cursor: int) -> None:
        posted = ledger.post_window(
            shop.shop_id, (), window.after_sales, cursor=cursor, now=now, stream=AFTER_SALES
        )
        pulled.add(replace(window, orders=0), posted)

    windows = shop.after_sale_windows
    try:
        Stream(ledger, shop.shop_id, AFTER_SALES, windows, post, oldest, now, oldest).pull()
    except ShopRefused as refused:
        pulled.problems.append(not_permitted("afterSale.List", str(refused)))


def with_known_codes(listed: Sequence[ShopSku], ledger: LedgerStore, now: int) -> Sequence[ShopSku]:
    """Return the listing with the codes that are known where it has none.

    A code that a permission trims, or that was emptied, goes on naming what it named.
    """
    if all(sku.sku for sku in listed):
        return listed
    known: dict[str, str] = {}
    listing = ledger.stock(now).listing
    for code, ids in zip(listing["sku"], listing["shop_sku_id"], strict=True):
        if not code.startswith(UNMAPPED):
            known |= dict.fromkeys(ids.split(","), code)
    return [s if s.sku else replace(s, sku=known.get(s.shop_sku_id, "")) for s in listed]


def condensed(problems: Sequence[Problem]) -> list[Problem]:
    """Return each problem once, and of many alike the first few and how many more there are."""
    groups: dict[tuple[str, str], list[Problem]] = {}
    for problem in dict.fromkeys(problems):
        groups.setdefault((problem.where, problem.column), []).append(problem)
    found: list[Problem] = []
    for alike in groups.values():
        found += alike[:MOST_ALIKE]
        more = len(alike) - MOST_ALIKE
        if more > 0:
            told = say(f"还有 {more:,} 个同类问题", f"{more:,} more of the kind")
            found.append(replace(alike[-1], found=told))
    return found


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


def bring_insight(
    files: Sequence[Path],
    ledger: LedgerStore,
    *,
    shop_id: str,
    now: int,
    own: Mapping[str, str] | None = None,
    dry_run: bool = False,
) -> Pulled:
    """Analysis files → ledger: all of them are read before the first row is kept.

    Args:
        own: Our column → the name that the files have for it.
    """
    found = [read_insight(file, now=now, own=own) for file in files]
    traffic = [row for each in found for row in each.traffic]
    audience = [row for each in found for row in each.audience]
    if not dry_run:
        ledger.insight.keep(shop_id, traffic, audience)
    days, products = {row.day for row in traffic}, {row.product for row in traffic}
    note = say(
        f"商品流量 {len(traffic):,} 行（{len(products):,} 个商品，{len(days):,} 天），"
        f"买家画像 {len(audience):,} 行",
        f"{len(traffic):,} rows of traffic ({len(products):,} products, {len(days):,} days), "
        f"{len(audience):,} of buyer profiles",
    )
    problems = [problem for each in found for problem in each.problems]
    return Pulled(problems=problems, notes=(note,))


def take_maps(ledger: LedgerStore, inputs: Inputs, now: int) -> None:
    """Workbook → ledger: which warehouses are kept apart, and what platform SKUs are made of."""
    ledger.keep_apart(inputs.shop_id, inputs.settings.separate_warehouses(), now)
    ledger.map_components(inputs.shop_id, inputs.components, now, keep=inputs.unsure)


def take_entries(
    book: Book, ledger: LedgerStore, inputs: Inputs, now: int
) -> tuple[Inputs, list[Problem]]:
    """Workbook → ledger: warehouses, kits, counts, and 收货与盘点, each row under its own number.

    A row is posted only under a number that stands in the workbook already, so a run that is
    killed in between has posted it or finds it again under that number. Rows of 日历 get a number,
    too: results find them by it.

    Returns:
        The inputs with every row's number, and what could not be posted.
    """
    shop_id = inputs.shop_id
    take_maps(ledger, inputs, now)
    known = ledger.entries(shop_id)
    taken = {*known, *(row.entry_id for row in inputs.entries)}
    rows = numbered(inputs.entries, known.values(), _numbers(taken))
    keys = _numbers({row.event_id for row in inputs.calendar})
    events, fresh = calendar.numbered(inputs.calendar, keys)
    _write_numbers(book, inputs.entries, rows, fresh)
    rows = [replace(row, posted=known.get(row.entry_id)) for row in rows]
    rows, problems = _postable(rows, inputs)
    ledger.post_entries([row.entry for row in rows if row.entry], now)
    ledger.post_counts(inputs.counts, now)
    found = ledger.warehouses(shop_id)
    if len(found) > 1 and not inputs.settings.warehouses:
        problems.append(many_warehouses(found))
    return replace(inputs, entries=tuple(rows), calendar=events), problems


def _write_numbers(
    book: Book,
    before: Sequence[EntryRow],
    rows: Sequence[EntryRow],
    events: Mapping[tuple[int, str], str],
) -> None:
    """Write the numbers that are new, in a way that 撤销 does not take back."""
    fresh = {
        (new.row, "entry_id"): new.entry_id
        for old, new in zip(before, rows, strict=True)
        if old.entry_id != new.entry_id
    }
    made = [Correction(*place) for place in (("entry", fresh), ("calendar", events)) if place[1]]
    if made:
        book.apply(Changes(corrections=tuple(made), undoable=False))


def _postable(rows: list[EntryRow], inputs: Inputs) -> tuple[list[EntryRow], list[Problem]]:
    """Leave out rows that only the other rows, or the ledger, show to be wrong."""
    counted = {
        (count.sku, count.warehouse, count.effective_at): count.on_hand for count in inputs.counts
    }
    rivals, problems = rival_counts(rows, counted), list[Problem]()
    for i, row in enumerate(rows):
        nothing = row.entry and row.entry.kind == EntryKind.VOID and row.posted is None
        if row.row in rivals:
            problems.append(rival_problem(row, rivals[row.row]))
        elif nothing:
            problems.append(nothing_to_void(row))
        else:
            continue
        rows[i] = replace(row, entry=None)
    return rows, problems


def _numbers(taken: set[str]) -> Callable[[], str]:
    """Return a maker of row numbers: letters only, which Excel leaves as they are."""

    def fresh() -> str:
        while True:
            number = "".join(secrets.choice(LETTERS) for _ in range(8))
            if number not in taken:
                taken.add(number)
                return number

    return fresh
