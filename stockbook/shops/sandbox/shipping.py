"""How orders of the practice shop leave the house, at once or in parts, and end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from stockbook.shops.sandbox.buyers import BEIJING, HOUR
from stockbook.shops.sandbox.catalogue import DAY
from stockbook.shops.sandbox.dice import AnyDice
from stockbook.shops.sandbox.orders import Order

if TYPE_CHECKING:
    from stockbook.shops.sandbox.simulation import ShopSimulation
    from stockbook.shops.sandbox.wishes import Aftercare

SHIPPED_IN_PARTS, REFUNDED_LATER = 0.02, 0.01


class Shipping:
    """The way of every order of one shop from payment to its end."""

    def __init__(self, shop: ShopSimulation, after: Aftercare) -> None:
        self._shop = shop
        self._after = after

    def events(self) -> dict[str, Callable[[int, int], None]]:
        """Return what can happen here, by name."""
        names = ("ship", "rest", "money_back", "finish")
        return {name: getattr(self, f"_do_{name}") for name in names}

    def _do_ship(self, at: int, order_id: int) -> None:
        order = self._shop.orders[order_id]
        if order.state != "paid":
            return
        dice = self._shop.dice(f"{self._shop.seed} shipped {order_id}")
        if dice.random() < SHIPPED_IN_PARTS and sum(line.left() for line in order.lines) > 1:
            self._first_parcel(order, at)
            self._shop.push(at + dice.randint(600, HOUR), "rest", order_id)
            return
        self._ship_all(order, at)

    def _first_parcel(self, order: Order, at: int) -> None:
        line, *others = order.lines
        whole = any(other.left() for other in others)
        line.shipped.append((at, line.left() if whole else line.left() - 1))
        self._shop.turn(order, "part", at)
        order.shipped_at = at

    def _do_rest(self, at: int, order_id: int) -> None:
        order = self._shop.orders[order_id]
        if order.state == "part":
            self._ship_all(order, at)

    def _ship_all(self, order: Order, at: int) -> None:
        for line in order.lines:
            left = line.left()
            if left:
                line.shipped.append((at, left))
        self._shop.turn(order, "shipped", at)
        order.shipped_at = order.shipped_at or at
        dice = self._shop.dice(f"{self._shop.seed} gone {order.order_id}")
        if dice.random() < REFUNDED_LATER:
            self._shop.push(at + dice.randint(DAY, 3 * DAY), "money_back", order.order_id)
        self._shop.push(at + dice.randint(4 * DAY, 8 * DAY), "finish", order.order_id)
        self._after.may_follow(order, at)

    def _do_money_back(self, at: int, order_id: int) -> None:
        order = self._shop.orders[order_id]
        if order.state == "shipped":
            order.reason = "仅退款"
            self._shop.turn(order, "returned", at)

    def _do_finish(self, at: int, order_id: int) -> None:
        order = self._shop.orders[order_id]
        if order.state == "shipped":
            self._shop.turn(order, "done", at)
            order.finished_at = at


def midnight(at: int) -> int:
    """Return when the Beijing day of an instant began [Unix s]."""
    return (at + BEIJING) // DAY * DAY - BEIJING


def shipping_time(paid_at: int, dice: AnyDice) -> int:
    """Return when the house ships: orders of the morning in the afternoon, others next day."""
    morning = (paid_at + BEIJING) % DAY < 11 * HOUR
    base = midnight(paid_at) + (14 if morning else 34) * HOUR
    return base + dice.randrange(6 * HOUR)
