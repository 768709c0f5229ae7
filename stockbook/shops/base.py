"""The port to a shop: what the pipeline asks of any place that sells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from stockbook.domain.problems import Problem
from stockbook.domain.records import (
    AfterSale,
    ChangeResult,
    OrderLine,
    ShopSku,
    ShopStock,
    StockChange,
)

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class OrderWindow:
    """All order lines or after-sales updated in [start, end), read whole; in Unix seconds.

    Attributes:
        orders: Rows that were read.
        kits: Platform SKUs that it calls kits without saying of what.
        doubtful: Something in it could not be read or understood, so it is worth reading again.
    """

    start: int
    end: int
    orders: int = 0
    lines: tuple[OrderLine, ...] = ()
    problems: tuple[Problem, ...] = field(default=())
    after_sales: tuple[AfterSale, ...] = ()
    doubtful: bool = False
    kits: frozenset[str] = frozenset()


class Shop(Protocol):
    """A shop that lists SKUs and tells of its orders."""

    shop_id: str

    def clock(self) -> int:
        """Return the shop's own time [Unix s]."""
        ...

    def reach(self) -> int:
        """Return how far back order changes can be asked for [s]."""
        ...

    def skus(self) -> tuple[list[ShopSku], list[Problem]]:
        """Return every SKU on sale or off the shelf, and the rows that could not be read."""
        ...

    def order_windows(self, start: int, end: int | None = None) -> Iterator[OrderWindow]:
        """Yield closed windows that cover [start, end), oldest first.

        Without an end they reach the present, and the last ones hold what changed while the
        others were read. A window is yielded only when it has been read whole; a failure raises
        before that.
        """
        ...

    def after_sale_windows(self, start: int, end: int | None = None) -> Iterator[OrderWindow]:
        """Yield closed windows of after-sales in the same way.

        Raises:
            ShopRefused: The account may not read after-sales.
        """
        ...

    def orders(self, order_ids: Sequence[str]) -> OrderWindow:
        """Return single orders as they are now; those it does not know are left out."""
        ...

    def stock(self) -> tuple[list[ShopStock], list[Problem]]:
        """Return what the shop shows of every platform SKU, and what it does not tell."""
        ...

    def add_stock(
        self, changes: Sequence[StockChange], idempotent_id: str, *, again: bool = False
    ) -> list[ChangeResult]:
        """Add units to what the shop shows, each change once, however often it is asked.

        Args:
            changes: 50 at most.
            idempotent_id: Used for these changes only; the shop knows it for a day.
            again: They were sent before with this id, and nobody knows what became of them.

        Returns:
            What became of each change, in their order.

        Raises:
            ShopRefused: They were sent before, and the shop does not take them now.
            ShopUnavailable: No definite answer: ask again with the same id.
        """
        ...

    def notes(self) -> tuple[str, ...]:
        """Return in sentences what the calls so far waited for; () where nothing."""
        ...
