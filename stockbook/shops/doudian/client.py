"""抖店 as a `Shop`: what it lists, and its orders in closed windows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from stockbook.domain.clock import beijing
from stockbook.domain.language import say
from stockbook.domain.problems import Problem, ShopUnavailable
from stockbook.domain.records import AfterSale, OrderLine, ShopSku
from stockbook.shops.base import OrderWindow, Progress
from stockbook.shops.doudian import parse
from stockbook.shops.doudian.token import TokenCache
from stockbook.shops.doudian.transport import (
    Account,
    Stats,
    TokenTroubleError,
    Transport,
    refusal,
)

DAY = 86_400
REACH = 90 * DAY - 600  # [s] the platform shows orders created in 90 days; a margin for clocks
AFTER_SALE_REACH = 180 * DAY  # [s]
PAGE = 100
AIM = 2_000  # rows a window should hold
FIRST_WIDTH = DAY


ReadPage = Callable[[int, int, int, int], Mapping[str, Any]]  # begin, until, page, size


def _ignore(_: str) -> None:
    """Tell nobody."""


class DoudianShop:
    """One shop on the platform (or on the sandbox)."""

    def __init__(
        self,
        account: Account,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None] = time.sleep,
        progress: Progress = _ignore,
        token_file: Path | None = None,
        row_cap: int = 10_000,
    ) -> None:
        self.shop_id = account.shop_id
        self._transport = Transport(account, clock=clock, sleep=sleep)
        self._tokens = TokenCache(
            self._transport, self.shop_id, clock=clock, sleep=sleep, file=token_file
        )
        self._progress = progress
        self._row_cap = row_cap

    @property
    def stats(self) -> Stats:
        """What the calls cost: requests, retries, seconds waited, and why."""
        return self._transport.stats

    def clock(self) -> int:
        """Return the platform's time [Unix s]."""
        if self._transport.clock() is None:
            self._call("product.listV2", {"page": 1, "size": 1})
        now = self._transport.clock()
        return int(time.time()) if now is None else now

    def reach(self) -> int:
        """Return how far back order changes can be asked for [s]."""
        return REACH

    def _call(self, method: str, params: Mapping[str, Any]) -> Any:
        """Call with a token; a refused token is replaced once."""
        token = self._tokens.get()
        try:
            return self._transport.call(method, params, token)
        except TokenTroubleError:
            token = self._tokens.replace(token)
        try:
            return self._transport.call(method, params, token)
        except TokenTroubleError as trouble:
            raise refusal(method, trouble.answer) from None

    # --- products -----------------------------------------------------------------------

    def skus(self) -> tuple[list[ShopSku], list[Problem]]:
        """Return every SKU of every product, and the rows that could not be read."""
        skus: list[ShopSku] = []
        problems: list[Problem] = []
        products = list(self._products())
        for i, product in enumerate(products, 1):
            rows = self._call("sku.list", {"product_id": str(product.get("product_id"))})
            found, bad = parse.shop_skus(product, _rows(rows), self.shop_id)
            skus += found
            problems += bad
            if i % 50 == 0 or i == len(products):
                self._progress(say(f"已读取 {i} 个商品", f"{i} products read"))
        return skus, problems

    def _products(self) -> Iterator[Mapping[str, Any]]:
        page = 1
        while True:
            answer = self._call("product.listV2", {"page": page, "size": PAGE})
            rows = _rows(answer)
            yield from rows
            if len(rows) < PAGE or page * PAGE >= int(answer.get("total") or 0):
                return
            page += 1

    # --- orders -------------------------------------------------------------------------

    def order_windows(self, start: int, end: int) -> Iterator[OrderWindow]:
        """Yield closed windows of update time that cover [start, end), oldest first.

        A window's rows are read from the last page to the first: a row that is updated
        meanwhile leaves the window and shifts later rows towards the front, where they are
        still to be read. Windows over the row cap are halved.
        """
        begin = max(start, self.clock() - REACH)
        notes = (self._out_of_reach(start, begin),) if start < begin else ()
        for window in self._windows(begin, end, self._page, self._read):
            yield replace(window, problems=(*notes, *window.problems))
            notes = ()

    def after_sale_windows(self, start: int, end: int) -> Iterator[OrderWindow]:
        """Yield closed windows of after-sales by update time, read in the same way."""
        begin = max(start, self.clock() - AFTER_SALE_REACH)
        return self._windows(begin, end, self._after_sale_page, self._read_after_sales)

    def _windows(
        self, begin: int, end: int, page: ReadPage, read: Callable[[int, int, int], OrderWindow]
    ) -> Iterator[OrderWindow]:
        width = FIRST_WIDTH
        while begin < end:
            until = min(begin + width, end)
            total = int(page(begin, until, 0, 1).get("total") or 0)
            if total > self._row_cap:
                width = self._halved(begin, until)
                continue
            yield read(begin, until, total)
            width = _next_width(until - begin, total)
            begin = until

    def _halved(self, begin: int, until: int) -> int:
        if until - begin <= 1:
            at = f"{beijing(begin):%Y-%m-%d %H:%M:%S}"
            raise ShopUnavailable(
                say(
                    f"{at} 这一秒内更新的订单超过 {self._row_cap:,} 行，接口读不全；"
                    "请用订单导出文件补这一段",
                    f"more than {self._row_cap:,} orders were updated in the second {at}; "
                    "bring them in with an order export file",
                )
            )
        return (until - begin) // 2

    def _read(self, begin: int, until: int, total: int) -> OrderWindow:
        """Read one window whole, last page first."""
        best: dict[str, OrderLine] = {}
        problems: list[Problem] = []
        orders: set[str] = set()
        for page in reversed(range(-(-total // PAGE))):
            for order in self._page(begin, until, page).get("shop_order_list") or ():
                lines, bad = parse.order_lines(order, self.shop_id)
                problems += bad
                orders.add(str(order.get("order_id")))
                for line in lines:
                    old = best.get(line.line_id)
                    if old is None or line.updated_at >= old.updated_at:
                        best[line.line_id] = line
        found = tuple(dict.fromkeys(problems))
        return OrderWindow(begin, until, len(orders), tuple(best.values()), found)

    def _read_after_sales(self, begin: int, until: int, total: int) -> OrderWindow:
        best: dict[str, AfterSale] = {}
        problems: list[Problem] = []
        for page in reversed(range(-(-total // PAGE))):
            for item in self._after_sale_page(begin, until, page).get("items") or ():
                sales, bad = parse.after_sales(item, self.shop_id)
                problems += bad
                for sale in sales:
                    old = best.get(sale.after_sale_id)
                    if old is None or sale.updated_at >= old.updated_at:
                        best[sale.after_sale_id] = sale
        found = tuple(dict.fromkeys(problems))
        return OrderWindow(begin, until, problems=found, after_sales=tuple(best.values()))

    def _page(self, begin: int, until: int, page: int, size: int = PAGE) -> Mapping[str, Any]:
        params = {
            "update_time_start": begin,
            "update_time_end": until,
            "order_by": "update_time",
            "order_asc": True,
            "page": page,
            "size": size,
        }
        answer: Mapping[str, Any] = self._call("order.searchList", params)
        return answer

    def _after_sale_page(
        self, begin: int, until: int, page: int, size: int = PAGE
    ) -> Mapping[str, Any]:
        params = {
            "update_start_time": begin,
            "update_end_time": until,
            "order_by": ["update_time asc"],
            "page": page,
            "size": size,
        }
        answer: Mapping[str, Any] = self._call("afterSale.List", params)
        return answer

    def _out_of_reach(self, start: int, begin: int) -> Problem:
        return Problem(
            "order.searchList",
            None,
            "update_time",
            f"{beijing(start):%Y-%m-%d} – {beijing(begin):%Y-%m-%d}",
            say("最近 90 天", "the last 90 days"),
            say(
                "接口只给 90 天内的订单；更早的请从抖店后台导出订单文件再导入",
                "the interface reaches back 90 days; bring in older orders with an export file",
            ),
        )


def _rows(answer: Any) -> list[Mapping[str, Any]]:
    """Return the list an answer holds, whether bare or under `data`."""
    rows = answer if isinstance(answer, list) else answer.get("data")
    return list(rows or ())


def _next_width(width: int, total: int) -> int:
    """Return the next window's width [s], aiming at `AIM` rows."""
    wanted = width * AIM // max(total, 1)
    return max(1, min(wanted, 4 * max(width, 3600), 30 * DAY))
