"""The practice shop's life: orders are made, paid, shipped, cancelled and refunded over time.

One instant after the other, from a seed: advancing by seven days at once or seven times by one
day gives the same shop. What buyers want afterwards is `wishes`, the stock is `house`.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from stockbook.shops.sandbox import catalogue, extras, truth
from stockbook.shops.sandbox.burst import Bursts
from stockbook.shops.sandbox.buyers import HOUR, Basket, Buyers
from stockbook.shops.sandbox.catalogue import DAY, Item
from stockbook.shops.sandbox.dice import Dice, Thrower
from stockbook.shops.sandbox.house import SECOND, Count, House
from stockbook.shops.sandbox.orders import Line, Order, Wish
from stockbook.shops.sandbox.origins import cut, origin
from stockbook.shops.sandbox.shipping import Shipping, midnight, shipping_time
from stockbook.shops.sandbox.stock import ShopStock
from stockbook.shops.sandbox.wishes import Aftercare

__all__ = ["Item", "Line", "Order", "ShopSimulation", "Wish"]
COUNTED_BEFORE = 14  # [days] before the simulation's first now, at 06:00
NEVER_PAID, PAID_LATE, REFUNDED = 0.07, 0.1, 0.03
PART_REFUNDED, GIFT_REFUNDED, DEPOSIT_LOST = 0.01, 0.12, 0.2
UNPAID_LASTS = 1800


class ShopSimulation:
    """A shop at one instant, `now` [Unix s].

    Args:
        days: How much past it has.
        now: Where its clock stands first.
        rich: It has two warehouses, kits, gifts and presales.
        house: People work in the house after it was counted; by default where it is rich.
        gated: From `now` on it sells what it shows, whether or not the house has it (`gate`).
        quiet: Buyers come so many times more seldom.
    """

    def __init__(
        self,
        *,
        seed: int,
        skus: int,
        days: int,
        now: int,
        rich: bool = False,
        house: bool | None = None,
        gated: bool = False,
        quiet: float = 1,
    ) -> None:
        self.seed = seed
        self.rich = rich
        self.dice: Thrower = Dice if rich else random.Random
        self.now = self.start = midnight(now - days * DAY)
        self.first_now = now
        self.counted_at = midnight(now - min(COUNTED_BEFORE, days - 1) * DAY) + 6 * HOUR
        self.burst_at = midnight(now) - 4 * HOUR  # 20:00 the evening before
        self.burst_item = min(3, skus - 1)  # what the livestream sells, by its place in `items`
        items = catalogue.make(seed, skus, start=self.start, now=now)
        self.items = [replace(item, rate=item.rate / quiet) for item in items]
        if rich:
            self.items = extras.enrich(
                seed, self.items, start=self.start, burst_item=self.burst_item
            )
        self.orders: dict[int, Order] = {}
        self.wishes: dict[int, Wish] = {}
        self.stock: ShopStock | None = None  # the shop's own figures, where it is gated
        self.before: Callable[[int], None] | None = None  # hears which thing an event is about
        self._told: list[Callable[[Order | Wish], None]] = []
        self.house = House(self, works=rich if house is None else house)
        self._buyers = Buyers(seed, self.items, self.burst_item, self.burst_at)
        self._after = Aftercare(self)
        self.bursts = Bursts(self)
        self._events: list[tuple[int, int, str, int]] = []  # instant, number, what, which
        self._does = {
            **self._own_events(),
            **self._after.events(),
            **self.house.events(),
            **self.bursts.events(),
            **Shipping(self, self._after).events(),
        }
        self._attempts: dict[int, Basket] = {}
        self._number = 0
        self._serial = 0
        self.push(self.counted_at, "count", 0)
        self.push(self.start, "day", 0)
        self._advance_to(now)
        self.gate(on=gated)

    def _own_events(self) -> dict[str, Callable[[int, int], None]]:
        names = ("day", "order", "pay", "balance", "cancel", "lose", "refund")
        return {name: getattr(self, f"_do_{name}") for name in names}

    # --- the clock ----------------------------------------------------------------------

    def advance(self, seconds: int) -> None:
        """Let that much time pass."""
        self._advance_to(self.now + seconds)

    def _advance_to(self, until: int) -> None:
        while self._events and self._events[0][0] <= until:
            at, _, what, which = heapq.heappop(self._events)
            self.now = at
            if self.before:
                self.before(which)
            self._does[what](at, which)
        self.now = until

    def push(self, at: int, what: str, which: int) -> None:
        """Let something happen to something at an instant."""
        self._number += 1
        heapq.heappush(self._events, (at, self._number, what, which))

    def changed(self, what: Order | Wish) -> None:
        """Tell everyone who asked that something is not as it was."""
        for tell in self._told:
            tell(what)

    def tell(self, listener: Callable[[Order | Wish], None]) -> None:
        """Let someone hear of every order and wish that is made or changes, at that instant."""
        self._told.append(listener)

    def hush(self, listener: Callable[[Order | Wish], None]) -> None:
        """Let someone hear no more."""
        self._told.remove(listener)

    def gate(self, *, on: bool) -> None:
        """Let the shop sell what it shows from now on, or again what the house has.

        It first shows what the house has free.

        Raises:
            ValueError: The house has not been counted yet.
        """
        if on and not self.house.stock_take:
            raise ValueError("a shop can be gated once its house was counted: give it more days")
        if on != (self.stock is not None):
            self.stock = ShopStock(self) if on else None

    # --- what happens -------------------------------------------------------------------

    def _do_day(self, at: int, day: int) -> None:
        """Draw one day's buyers."""
        for second, wanted in sorted(self._buyers.of_day(at, day)):
            self._serial += 1
            self._attempts[self._serial] = wanted
            self.push(at + second, "order", self._serial)
        self.push(at + DAY, "day", day + 1)

    def _do_order(self, at: int, serial: int) -> None:
        order = self._made_order(serial, self._attempts.pop(serial), at)
        if not order:
            return
        dice = self.dice(f"{self.seed} order {order.order_id}")
        if dice.random() < NEVER_PAID:
            self.lapse(order)
        else:
            late = dice.random() < PAID_LATE
            self.push(at + dice.randint(*((60, 1500) if late else (4, 60))), "pay", order.order_id)

    def lapse(self, order: Order) -> None:
        """Let an order end that nobody will pay."""
        self.push(order.created_at + UNPAID_LASTS, "cancel", order.order_id)

    def order_now(self, basket: Basket, at: int) -> Order | None:
        """Let a buyer order, if anything of the basket is on sale; who asks says how it goes on."""
        self._serial += 1
        return self._made_order(self._serial, basket, at)

    def _made_order(self, serial: int, basket: Basket, at: int) -> Order | None:
        bought = self._bought(basket, at)
        if not bought:
            return None
        order_id = 6_900_000_000_000_000_000 + serial * 10_007
        made = [Line(order_id + 1 + i, *line) for i, line in enumerate(bought)]
        made += self._gifts(made)
        order = self.orders[order_id] = Order(order_id, at, made, updated_at=at)
        if self.rich:
            order.origin = origin(order_id, at)
            for line in made:
                line.cut = cut(line.item, at)
        self._take(order, 1, on_order=True)
        if self.stock:
            self.stock.turned(order, "", order.state)
        self.changed(order)
        return order

    def _bought(self, wanted: Basket, at: int) -> list[tuple[Item, int]]:
        """Return what of a basket is on sale; a presale is bought alone, a gift not at all."""
        found = [(self.items[place], units) for place, units in wanted]
        if found[0][0].presale:
            del found[1:]
        return [
            (item, units)
            for i, (item, units) in enumerate(found)
            if item.launched_at <= at and self.has(item, units)
            if not item.is_gift and not (i and item.presale)
        ]

    def _gifts(self, mains: list[Line]) -> list[Line]:
        """Return what goes along with an order's lines for nothing, as long as there is some."""
        gifts: list[Line] = []
        for main in mains:
            gift = None if main.item.gift is None else self.items[main.item.gift]
            with_it = sum(other.item is gift for other in gifts) if self.stock else 0
            if gift and self.has(gift, 1 + with_it):
                line_id = mains[-1].line_id + 1 + len(gifts)
                gifts.append(Line(line_id, gift, 1, master=main.line_id))
        return gifts

    def _do_pay(self, at: int, order_id: int) -> None:
        order = self.orders[order_id]
        if order.state != "unpaid":
            return
        if self.stock and not self.stock.covers(order):
            self._close(order, at, "库存不足")
            return
        self._take(order, 1, on_order=False)
        if order.presale:
            self._pay_deposit(order, at)
        else:
            self._paid(order, at)

    def _pay_deposit(self, order: Order, at: int) -> None:
        """Take the units aside; the rest is paid days later, or the deposit is lost."""
        self.turn(order, "deposit", at)
        order.deposit_at = at
        dice = self.dice(f"{self.seed} deposit {order.order_id}")
        ends = "lose" if dice.random() < DEPOSIT_LOST else "balance"
        self.push(at + dice.randint(2 * DAY, 9 * DAY), ends, order.order_id)

    def _do_balance(self, at: int, order_id: int) -> None:
        if self.orders[order_id].state == "deposit":
            self._paid(self.orders[order_id], at)

    def _paid(self, order: Order, at: int) -> None:
        self.turn(order, "paid", at)
        order.paid_at = at
        dice = self.dice(f"{self.seed} paid {order.order_id}")
        if dice.random() < REFUNDED:
            self.push(at + dice.randint(600, 6 * HOUR), "refund", order.order_id)
        self.push(shipping_time(at, dice), "ship", order.order_id)
        some = GIFT_REFUNDED if any(line.master for line in order.lines) else PART_REFUNDED
        if self.dice(f"{self.seed} part {order.order_id}").random() < some:
            self.push(at + 300, "part", order.order_id)

    def _do_cancel(self, at: int, order_id: int) -> None:
        if self.orders[order_id].state == "unpaid":
            self._close(self.orders[order_id], at, "超时未支付")

    def _close(self, order: Order, at: int, reason: str) -> None:
        """Close an order that nobody has paid."""
        self._take(order, -1, on_order=True)
        order.reason = reason
        self.turn(order, "cancelled", at)

    def _do_lose(self, at: int, order_id: int) -> None:
        order = self.orders[order_id]
        if order.state == "deposit":
            self._take(order, -1, on_order=False)
            order.reason = "超时未付尾款"
            self.turn(order, "cancelled", at)

    def _do_refund(self, at: int, order_id: int) -> None:
        order = self.orders[order_id]
        if order.state == "paid":
            self._take(order, -1, on_order=True)
            self._take(order, -1, on_order=False)
            order.reason = "不想要了"
            self.turn(order, "refunded", at)

    def turn(self, order: Order, state: str, at: int) -> None:
        """Change an order's state."""
        before, order.state, order.updated_at = order.state, state, at
        if self.stock:
            self.stock.turned(order, before, state)
        self.changed(order)

    def _take(self, order: Order, sign: int, *, on_order: bool) -> None:
        """Take units out of what is free (or put them back)."""
        for line in order.lines:
            if line.item.falls_on_order == on_order:
                self.move(line, -sign * (line.quantity - line.refunded))

    def move(self, line: Line, units: int) -> None:
        """Put units of a line back among what is free and what is shown (below zero: take out)."""
        self.house.put_back(line.item, units)
        if self.stock and units < 0:
            self.stock.sold(line, -units)
        elif self.stock:
            self.stock.restored(line, units)

    # --- what people do -----------------------------------------------------------------

    def act(self, order_id: int, action: str) -> Order:
        """Let a person cancel, pay, ship or refund one order now.

        Raises:
            KeyError: There is no such order.
            ValueError: There is no such action, or the order's state does not allow it.
        """
        order = self.orders[order_id]
        todo = {
            ("cancel", "unpaid"): "cancel",
            ("cancel", "deposit"): "lose",
            ("pay", "unpaid"): "pay",
            ("pay", "deposit"): "balance",
            ("ship", "paid"): "ship",
            ("refund", "paid"): "refund",
            ("refund", "shipped"): "money_back",
        }.get((action, order.state))
        if todo is None:
            raise ValueError(f"{action} does not fit an order that is {order.state}")
        if self.before:
            self.before(order_id)
        self._does[todo](self.now, order_id)
        return order

    # --- what is known ------------------------------------------------------------------

    def has(self, item: Item, units: int) -> bool:
        """Tell whether buyers can order that many: where it is gated the shop's figure decides."""
        return self.stock.has(item, units) if self.stock else self.house.has(item, units)

    def item(self, sku: str) -> Item:
        """Return the SKU of that code or platform id.

        Raises:
            KeyError: There is none.
        """
        for item in self.items:
            if sku in (item.sku, str(item.shop_sku_id)):
                return item
        raise KeyError(sku)

    def free(self, item: Item) -> int:
        """Return the units of a SKU that nobody has claimed."""
        return self.house.free(item)

    def counts(self) -> list[tuple[str, int, int]]:
        """Return (SKU, good units in the house, when counted [Unix s])."""
        return [(count.sku, count.on_hand, count.at) for count in self.house.stock_take]

    def stock_take(self) -> list[Count]:
        """Return the same with the warehouse of each SKU."""
        return list(self.house.stock_take)

    def kits(self) -> list[tuple[str, str]]:
        """Return (platform SKU, what it is made of) as a person types it: `A×2 + B`."""
        return extras.typed_kits(self.items)

    def warehouses(self) -> list[str]:
        """Return the warehouses other than the main one, by the merchant's own ids."""
        return [SECOND] if self.rich else []

    def entries(self) -> list[dict[str, Any]]:
        """Return what people write down on 收货与盘点, as it happened.

        Each has kind (receipt, return, transfer, correction, count), sku, units (signed for a
        correction; good units for a count), defective (of them), warehouse, to_warehouse,
        at [Unix s], reference and reason.
        """
        return [dict(entry) for entry in self.house.entries]

    def supply(self) -> list[dict[str, Any]]:
        """Return who supplies each SKU, how fast, and on what terms."""
        return catalogue.supply(self.items)

    def truth(self) -> dict[str, Any]:
        """Return what truly happened to each SKU, from the orders' final states."""
        return truth.report(self)
