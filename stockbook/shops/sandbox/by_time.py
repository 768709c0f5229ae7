"""The practice shop's orders by time, kept up to date change by change."""

from __future__ import annotations

from bisect import bisect_left, insort

from stockbook.shops.sandbox.orders import Order, Wish
from stockbook.shops.sandbox.simulation import ShopSimulation

SPARE = 1000  # seconds that nothing lies in any more, before they are thrown away


class Seconds:
    """Ids by the second they lie in, and by themselves within a second."""

    def __init__(self) -> None:
        self._second: dict[int, int] = {}  # by id
        self._ids: dict[int, list[int]] = {}  # by second; none is empty
        self._order: list[int] = []  # every second of `_ids`, and some that were

    def put(self, key: int, second: int) -> None:
        """Put an id into a second, out of the one where it was."""
        was = self._second.get(key)
        if was == second:
            return
        if was is not None:
            self._take(key, was)
        self._second[key] = second
        if second in self._ids:
            insort(self._ids[second], key)
            return
        self._ids[second] = [key]
        at = bisect_left(self._order, second)
        if self._order[at : at + 1] != [second]:
            self._order.insert(at, second)

    def _take(self, key: int, second: int) -> None:
        ids = self._ids[second]
        del ids[bisect_left(ids, key)]
        if not ids:
            del self._ids[second]
            if len(self._order) > 2 * len(self._ids) + SPARE:
                self._order = sorted(self._ids)

    def between(self, start: int, end: int) -> list[int]:
        """Return the ids in [start, end), by second and by themselves."""
        first, last = bisect_left(self._order, start), bisect_left(self._order, end)
        return [key for second in self._order[first:last] for key in self._ids.get(second, ())]

    def __len__(self) -> int:
        return len(self._order)


class ByTime:
    """Finds orders by update or creation time, however fast they come."""

    def __init__(self, shop: ShopSimulation) -> None:
        self._shop = shop
        self._updated, self._created = Seconds(), Seconds()
        for order in sorted(shop.orders.values(), key=lambda o: o.updated_at):
            self._changed(order)
        shop.tell(self._changed)

    def _changed(self, what: Order | Wish) -> None:
        if isinstance(what, Order):
            self._created.put(what.order_id, what.created_at)
            self._updated.put(what.order_id, what.updated_at)

    def updated(self, start: int, end: int) -> list[Order]:
        """Return the orders whose update time lies in [start, end) [Unix s], by it and by id."""
        orders = self._shop.orders
        return [orders[key] for key in self._updated.between(start, end)]

    def created(self, start: int, end: int) -> list[Order]:
        """Return the orders that were created in [start, end) [Unix s], by that and by id."""
        orders = self._shop.orders
        return [orders[key] for key in self._created.between(start, end)]
