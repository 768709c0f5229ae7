"""A livestream on request: one SKU's orders, so many a second, over the coming seconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from stockbook.shops.sandbox.catalogue import Item
from stockbook.shops.sandbox.orders import Order

if TYPE_CHECKING:
    from stockbook.shops.sandbox.simulation import ShopSimulation

MOST_ORDERS = 1_000_000  # of one burst
NEVER_PAID, CANCELLED = 0.07, 0.05
PAID_WITHIN, CANCELLED_WITHIN = (2, 20), (5, 90)  # [s] after ordering


@dataclass(slots=True)
class Burst:
    """One livestream.

    Attributes:
        began: The first orders come one second later [Unix s].
        units: Of each order.
        made, sold_out: Orders so far; buyers who found nothing left.
    """

    sku: str
    began: int
    orders_per_second: float
    seconds: int
    units: int
    made: int = 0
    sold_out: int = 0


class Bursts:
    """The livestreams of one shop."""

    def __init__(self, shop: ShopSimulation) -> None:
        self._shop = shop
        self._all: list[tuple[Burst, Item]] = []

    def events(self) -> dict[str, Callable[[int, int], None]]:
        """Return what can happen here, by name."""
        return {"burst": self._do_burst}

    def ask(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Begin a burst now.

        Args:
            body: `sku` (code or platform id), `orders_per_second`, `seconds`, and `units` of each
                order (1 unless said).

        Raises:
            KeyError: There is no such SKU.
            ValueError: A number that cannot be, or something unknown.
        """
        unknown = set(body) - {"sku", "orders_per_second", "seconds", "units"}
        if unknown:
            raise ValueError(f"unknown {sorted(unknown)}")
        rate, seconds, units = body["orders_per_second"], body["seconds"], body.get("units", 1)
        if type(rate) not in (int, float) or type(seconds) is not int or type(units) is not int:
            raise ValueError("orders_per_second is a number, seconds and units are whole numbers")
        if rate <= 0 or seconds < 1 or units < 1 or rate * seconds > MOST_ORDERS:
            raise ValueError(f"numbers are above 0, and a burst has up to {MOST_ORDERS} orders")
        item = self._shop.item(str(body["sku"]))
        burst = Burst(item.sku, self._shop.now, rate, seconds, units)
        self._all.append((burst, item))
        self._shop.push(burst.began + 1, "burst", len(self._all) - 1)
        return {"orders": int(rate * seconds), "from": burst.began + 1,
                "until": burst.began + seconds}  # fmt: skip

    def shown(self) -> list[dict[str, Any]]:
        """Return every burst and how far it is."""
        return [asdict(burst) for burst, _ in self._all]

    def _do_burst(self, at: int, which: int) -> None:
        """Let one second's buyers order."""
        burst, item = self._all[which]
        second = at - burst.began
        rate = burst.orders_per_second
        for _ in range(int(rate * second) - int(rate * (second - 1))):
            order = self._shop.order_now([(item.index, burst.units)], at)
            if order:
                burst.made += 1
                self._live_on(order, at)
            else:
                burst.sold_out += 1
        if second < burst.seconds:
            self._shop.push(at + 1, "burst", which)

    def _live_on(self, order: Order, at: int) -> None:
        """Draw what becomes of an order: paid, cancelled by the buyer, or never paid."""
        dice = self._shop.dice(f"{self._shop.seed} burst {order.order_id}")
        draw = dice.random()
        if draw < NEVER_PAID:
            self._shop.lapse(order)
        elif draw < NEVER_PAID + CANCELLED:
            self._shop.push(at + dice.randint(*CANCELLED_WITHIN), "cancel", order.order_id)
        else:
            self._shop.push(at + dice.randint(*PAID_WITHIN), "pay", order.order_id)
