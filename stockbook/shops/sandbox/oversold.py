"""How far the practice shop sold what the house did not have, and what made it do so.

For each SKU of the house `over` is what the shop shows beyond what is free. Orders and cancels
move both alike and leave it as it is; a stock change, a person, or work in the house moves it,
and what it rises by is laid at the door of whatever moved it. So of the units that were oversold
those count as `by_changes` which would not have been sold without the stock changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from stockbook.shops.sandbox.catalogue import Item

if TYPE_CHECKING:
    from stockbook.shops.sandbox.simulation import ShopSimulation

CAUSES = ("before", "change", "person", "house", "orders")


class Shown(Protocol):
    """What the shop shows of one platform SKU."""

    def promised(self) -> int:
        """Return the units that buyers can still order."""


@dataclass(slots=True)
class Row:
    """One SKU of the house.

    Attributes:
        over: Units shown beyond what is free, by cause.
        least, least_at: The least free units there ever were since the shop was gated, and when.
        first_at: When free first fell below zero, 0 for never.
        by_changes: The most oversold units that only stock changes made possible.
    """

    least: int
    least_at: int
    first_at: int = 0
    by_changes: int = 0
    over: Counter[str] = field(default_factory=Counter)


class Oversold:
    """Watches what is shown and what is free since the shop was gated."""

    def __init__(self, shop: ShopSimulation, figures: Sequence[Shown]) -> None:
        self._shop = shop
        self._figures = figures
        self.since = shop.now
        self._users: dict[int, list[tuple[int, int]]] = {}  # place → (platform SKU's place, units)
        for item in shop.items:
            for part, n in item.made_of():
                self._users.setdefault(part.index, []).append((item.index, n))
        self._rows = {place: Row(shop.free(shop.items[place]), shop.now) for place in self._users}
        for item in shop.items:
            self.settle(item, "before")

    def settle(self, item: Item, cause: str) -> int:
        """Take up that an item's stock, shown or free, has moved.

        Returns:
            By how many units it is shown further beyond what is free, of the worst component.
        """
        return max(self._settled(part, cause) for part, _ in item.made_of())

    def _settled(self, item: Item, cause: str) -> int:
        row, free = self._rows[item.index], self._shop.free(item)
        over = max(0, self._shown(item) - free)
        risen = over - row.over.total()
        if risen > 0:
            row.over[cause] += risen
        elif risen < 0:
            _lower(row.over, -risen, cause)
        if free < row.least:
            row.least, row.least_at = free, self._shop.now
        if free < 0:
            row.first_at = row.first_at or self._shop.now
            row.by_changes = max(row.by_changes, row.over["change"] - (over + free))
        return max(0, risen)

    def _shown(self, item: Item) -> int:
        return sum(n * self._figures[place].promised() for place, n in self._users[item.index])

    def report(self) -> dict[str, Any]:
        """Return a row for each SKU of the house, and the sums over them [units]."""
        items = [self._shop.items[place] for place in sorted(self._rows)]
        rows = [self._told(item) for item in items]
        return {
            "since": self.since,
            "oversold": sum(row["oversold"] for row in rows),
            "oversold_by_changes": sum(row["oversold_by_changes"] for row in rows),
            "skus": rows,
        }

    def _told(self, item: Item) -> dict[str, Any]:
        row = self._rows[item.index]
        return {
            "sku": item.sku,
            "warehouse": item.warehouse,
            "free": self._shop.free(item),
            "shown": self._shown(item),
            "least_free": row.least,
            "least_at": row.least_at,
            "oversold": max(0, -row.least),
            "oversold_by_changes": row.by_changes,
            "first_oversold_at": row.first_at,
            "over": {cause: row.over[cause] for cause in CAUSES},
        }


def _lower(over: Counter[str], units: int, cause: str) -> None:
    """Take units off what is over: what the same cause brought first, then the rest."""
    for name in (cause, *CAUSES):
        taken = min(units, over[name])
        over[name] -= taken
        units -= taken
