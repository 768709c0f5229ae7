"""抖店 as a `Shop`: what it lists, and its orders in closed windows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from stockbook.domain.clock import beijing
from stockbook.domain.language import say
from stockbook.domain.ledger import after_sale_rank, line_problem, status_rank
from stockbook.domain.problems import Problem
from stockbook.domain.records import (
    AfterSale,
    ChangeResult,
    OrderLine,
    ShopSku,
    ShopStock,
    StockChange,
)
from stockbook.shops.base import OrderWindow, Progress
from stockbook.shops.doudian import fields, parse
from stockbook.shops.doudian import stock as stocks
from stockbook.shops.doudian.token import TokenCache
from stockbook.shops.doudian.transport import (
    Account,
    ParameterError,
    Stats,
    TokenTroubleError,
    Transport,
    refusal,
)
from stockbook.shops.doudian.windows import PAGE, Windows

_T = TypeVar("_T")
Row = Mapping[str, Any]
DAY = 86_400
REACH = 90 * DAY - 600  # [s] the platform shows orders created in 90 days; a margin for clocks
AFTER_SALE_REACH = 180 * DAY  # [s]
ROW_CAP = 10_000  # rows a query may page through: the lower of two figures that are told
RENEWALS = 3  # tokens that one call may wear out


def _ignore(_: str) -> None:
    """Tell nobody."""


class DoudianShop:
    """One shop on the platform (or on the sandbox).

    Args:
        known_as: The name its facts carry, where it is not the platform's id.
    """

    def __init__(
        self,
        account: Account,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None] = time.sleep,
        progress: Progress = _ignore,
        token_file: Path | None = None,
        row_cap: int = ROW_CAP,
        known_as: str = "",
    ) -> None:
        self.shop_id = known_as or account.shop_id
        self._transport = Transport(account, clock=clock, sleep=sleep, progress=progress)
        self._tokens = TokenCache(self._transport, account.shop_id, clock=clock, file=token_file)
        self._progress = progress
        self._local = clock
        self._kits: set[str] = set()
        self._orders = self._order_listing(row_cap)
        self._sales = self._after_sale_listing(row_cap)

    @property
    def stats(self) -> Stats:
        """What the calls cost: requests, retries, seconds waited, and why."""
        return self._transport.stats

    def notes(self) -> tuple[str, ...]:
        """Return in sentences what the calls so far waited for."""
        return self.stats.told()

    def authorize(self, code: str) -> None:
        """Take a merchant's code for this shop (tool apps), and keep the tokens it brings.

        Raises:
            ShopRefused: The code is used, too old, or another shop's.
        """
        self._tokens.authorize(code)

    def clock(self) -> int:
        """Return the platform's time [Unix s]."""
        if self._transport.clock() is None:
            self._call("product.listV2", {"page": 1, "size": 1})
        now = self._transport.clock()
        return int(self._local()) if now is None else now

    def reach(self) -> int:
        """Return how far back order changes can be asked for [s]."""
        return REACH

    def _call(self, method: str, params: Mapping[str, Any]) -> Any:
        """Call with a token; a refused token is replaced, a few times."""
        token = self._tokens.get()
        for _ in range(RENEWALS):
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
        return self._of_products(lambda product, rows: parse.shop_skus(product, rows, self.shop_id))

    def stock(self) -> tuple[list[ShopStock], list[Problem]]:
        """Return what the shop shows of every SKU of every product, each once."""
        found, problems = self._of_products(stocks.shop_stocks)
        return list({stock.shop_sku_id: stock for stock in found}.values()), problems

    def add_stock(
        self, changes: Sequence[StockChange], idempotent_id: str, *, again: bool = False
    ) -> list[ChangeResult]:
        """Add units to what the shop shows; see `Shop.add_stock`."""
        return stocks.add_stock(self._call, changes, idempotent_id, again=again)

    def _of_products(
        self, read: Callable[[Row, list[Row]], tuple[list[_T], list[Problem]]]
    ) -> tuple[list[_T], list[Problem]]:
        """Read the SKUs of every product; one that is gone by now is named and left out."""
        everything: list[_T] = []
        problems: list[Problem] = []
        products = list(self._products())
        for i, product in enumerate(products, 1):
            try:
                rows = self._call("sku.list", {"product_id": str(product.get("product_id"))})
            except ParameterError as refused:  # deleted since it was listed, as a rule
                problems.append(_no_skus(product, str(refused)))
                continue
            found, bad = read(product, _rows(rows))
            everything += found
            problems += bad
            if i % 50 == 0 or i == len(products):
                self._progress(say(f"已读取 {i} 个商品", f"{i} products read"))
        return everything, list(dict.fromkeys(problems))

    def _products(self) -> Iterator[Mapping[str, Any]]:
        page = 1
        while True:
            answer = self._call("product.listV2", {"page": page, "size": PAGE})
            rows = _rows(answer)
            yield from rows
            total = fields.whole(fields.group(answer).get("total"))
            if len(rows) < PAGE or (total is not None and page * PAGE >= total):
                return
            page += 1

    # --- orders -------------------------------------------------------------------------

    def order_windows(self, start: int, end: int | None = None) -> Iterator[OrderWindow]:
        """Yield closed windows of update time that cover [start, end), oldest first.

        Without an end they reach the present and hold what changed while they were read.
        """
        begin = max(start, self.clock() - REACH)
        notes = (self._out_of_reach(start, begin),) if start < begin else ()
        for found in self._orders.between(begin, end):
            unknown = any(line_problem(line) for line in found.records)
            yield OrderWindow(
                found.start,
                found.end,
                found.rows,
                found.records,
                (*notes, *found.problems),
                doubtful=unknown or bool(found.problems),
                kits=frozenset(self._kits),
            )
            notes = ()

    def after_sale_windows(self, start: int, end: int | None = None) -> Iterator[OrderWindow]:
        """Yield closed windows of after-sales by update time, read in the same way."""
        begin = max(start, self.clock() - AFTER_SALE_REACH)
        for found in self._sales.between(begin, end):
            yield OrderWindow(
                found.start,
                found.end,
                found.rows,
                problems=found.problems,
                after_sales=found.records,
                doubtful=bool(found.problems),
            )

    def orders(self, order_ids: Sequence[str]) -> OrderWindow:
        """Return single orders as they are now; those that the platform does not know are left out.

        An answer holds at most 40 lines of an order: the others are not told of, and stay.
        """
        lines: list[OrderLine] = []
        problems: list[Problem] = []
        for order_id in order_ids:
            try:
                answer = self._call("order.orderDetail", {"shop_order_id": order_id})
            except ParameterError:  # of another shop, or gone
                continue
            found, bad = self._read_order(
                fields.group(fields.group(answer).get("shop_order_detail"))
            )
            lines += found
            problems += bad
        now, kits = self.clock(), frozenset(self._kits)
        return OrderWindow(now, now, len(order_ids), tuple(lines), tuple(problems), kits=kits)

    def _read_order(self, row: Mapping[str, Any]) -> tuple[list[OrderLine], list[Problem]]:
        self._kits |= parse.kits_in(row)
        return parse.order_lines(row, self.shop_id)

    def _order_listing(self, row_cap: int) -> Windows[OrderLine]:
        return Windows(
            ask=self._order_page,
            rows="shop_order_list",
            row_id=lambda row: str(row.get("order_id") or repr(row)),
            read=self._read_order,
            record_id=lambda line: line.line_id,
            age=lambda line: (line.updated_at, status_rank(line)),
            clock=self.clock,
            row_cap=row_cap,
        )

    def _after_sale_listing(self, row_cap: int) -> Windows[AfterSale]:
        return Windows(
            ask=self._after_sale_page,
            rows="items",
            row_id=lambda row: str(
                fields.group(row.get("aftersale_info")).get("aftersale_id") or row
            ),
            read=lambda row: parse.after_sales(row, self.shop_id),
            record_id=lambda sale: sale.after_sale_id,
            age=lambda sale: (sale.updated_at, after_sale_rank(sale)),
            clock=self.clock,
            row_cap=row_cap,
        )

    def _order_page(self, begin: int, until: int, page: int) -> Mapping[str, Any]:
        params = {
            "update_time_start": begin,
            "update_time_end": until,
            "order_by": "update_time",
            "order_asc": True,
            "page": page,
            "size": PAGE,
        }
        return fields.group(self._call("order.searchList", params))

    def _after_sale_page(self, begin: int, until: int, page: int) -> Mapping[str, Any]:
        params = {
            "update_start_time": begin,
            "update_end_time": until,
            "order_by": ["update_time asc"],
            "page": page,
            "size": PAGE,
        }
        return fields.group(self._call("afterSale.List", params))

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


def _no_skus(product: Mapping[str, Any], refused: str) -> Problem:
    number = product.get("product_id")
    return Problem(
        "sku.list",
        None,
        "product_id",
        say(f"商品 {number}：{refused}", f"product {number}: {refused}"),
        say("商品的 SKU", "the product's SKUs"),
        say("其他商品照常；如果商品还在，下次拉取会再读", "the others go on; read again next time"),
    )


def _rows(answer: Any) -> list[Mapping[str, Any]]:
    """Return the list an answer holds, whether bare or under `data`."""
    return fields.rows(answer if isinstance(answer, list) else fields.group(answer).get("data"))
