"""Lists that show the practice shop as it was a while ago, as a busy platform's do.

Only what changes while this is on is kept, and only as long as a list may still show it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from stockbook.shops.sandbox.orders import Order, Wish
from stockbook.shops.sandbox.simulation import ShopSimulation

Thing = TypeVar("Thing", Order, Wish)


class Late:
    """How orders and wishes looked `seconds` ago; 0 is off."""

    def __init__(self, shop: ShopSimulation) -> None:
        self._shop = shop
        self.seconds = 0
        self._kept: dict[int, Order | Wish] = {}  # as they are before what happens now
        self._past: defaultdict[int, list[tuple[int, Order | Wish | None]]] = defaultdict(list)

    def ask(self, seconds: int) -> None:
        """Show lists so much late from now on [s]."""
        if seconds and not self.seconds:
            self._shop.tell(self._changed)
        elif self.seconds and not seconds:
            self._shop.hush(self._changed)
            self._past.clear()
        self._shop.before = self._keep if seconds else None
        self.seconds = seconds

    def orders(self, found: Iterable[Order], name: str, start: int, end: int) -> list[Order]:
        """Return which orders a list shows whose time `name` then lay in [start, end).

        Args:
            found: Those whose time lies there now.
        """
        changed = (self._shop.orders[key] for key in self._recent() if key in self._shop.orders)
        now = {order.order_id: order for order in (*found, *changed)}
        seen = [then for order in now.values() if (then := self._then(order, order.order_id))]
        shown = [order for order in seen if start <= int(getattr(order, name)) < end]
        return sorted(shown, key=lambda o: (int(getattr(o, name)), o.order_id))

    def wishes(self, found: Iterable[Wish]) -> list[Wish]:
        """Return wishes as a list shows them."""
        self._recent()
        return [then for wish in found if (then := self._then(wish, wish.wish_id))]

    def _recent(self) -> list[int]:
        """Return what changed so lately that lists do not show it, and forget the rest."""
        until = self._shop.now - self.seconds
        for key in [key for key, past in self._past.items() if past[-1][0] <= until]:
            del self._past[key]
        return list(self._past)

    def _then(self, thing: Thing, key: int) -> Thing | None:
        until = self._shop.now - self.seconds
        for at, before in self._past.get(key, ()):
            if at > until:
                return before  # type: ignore[return-value]  # one key, one kind of thing
        return thing

    def _keep(self, which: int) -> None:
        """Copy what an event may change."""
        wish = self._shop.wishes.get(which)
        order = self._shop.orders.get(wish.order_id if wish else which)
        self._kept = {order.order_id: _copy(order)} if order else {}
        if wish:
            self._kept[which] = replace(wish)

    def _changed(self, what: Order | Wish) -> None:
        keys = (what.order_id,) if isinstance(what, Order) else (what.wish_id, what.order_id)
        for key in keys:
            before = self._kept.get(key)
            if before or key == keys[0]:  # None: it was not there
                self._past[key].append((self._shop.now, before))


def _copy(order: Order) -> Order:
    lines = [replace(line, shipped=list(line.shipped)) for line in order.lines]
    return replace(order, lines=lines)
