"""The practice shop's orders by time, kept up to date change by change.

Time only goes forward, so a change is appended; what an order was listed under before stays
behind as an entry that no longer fits it, until half of all entries are such.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left

from stockbook.shops.sandbox.orders import Order, Wish
from stockbook.shops.sandbox.simulation import ShopSimulation

ROOM = 2  # entries an order, before those that no longer fit are thrown away


class ByTime:
    """Finds orders by update or creation time in time that grows with what is found."""

    def __init__(self, shop: ShopSimulation) -> None:
        self._shop = shop
        self._updated = self._index("updated_at")
        self._created = self._index("created_at")
        shop.tell(self._changed)

    def _index(self, name: str) -> tuple[array[int], array[int]]:
        """Return (times, order ids), by time."""
        pairs = sorted((int(getattr(o, name)), o.order_id) for o in self._shop.orders.values())
        return array("q", (at for at, _ in pairs)), array("q", (key for _, key in pairs))

    def _changed(self, what: Order | Wish) -> None:
        if not isinstance(what, Order):
            return
        if what.state == "unpaid":  # it is new: nothing leads back there
            self._created[0].append(what.created_at)
            self._created[1].append(what.order_id)
        self._updated[0].append(what.updated_at)
        self._updated[1].append(what.order_id)
        if len(self._updated[0]) > ROOM * len(self._created[0]) + 1000:
            self._updated = self._index("updated_at")

    def updated(self, start: int, end: int) -> list[Order]:
        """Return the orders whose update time lies in [start, end) [Unix s], by it and by id."""
        times, ids = self._updated
        keys = set(ids[bisect_left(times, start) : bisect_left(times, end)])
        found = [
            order for key in keys if start <= (order := self._shop.orders[key]).updated_at < end
        ]
        return sorted(found, key=lambda o: (o.updated_at, o.order_id))

    def created(self, start: int, end: int) -> list[Order]:
        """Return the orders that were created in [start, end) [Unix s], by that and by id."""
        times, ids = self._created
        keys = ids[bisect_left(times, start) : bisect_left(times, end)]
        return sorted(
            (self._shop.orders[k] for k in keys), key=lambda o: (o.created_at, o.order_id)
        )
