"""The practice shop's life: orders are made, paid, shipped, cancelled and refunded over time.

One instant after the other, from a seed: advancing by seven days at once or seven times by one
day gives the same shop. What buyers want afterwards is `wishes`, the stock is `house`.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from typing import Any

from stockbook.shops.sandbox import catalogue, extras, truth
from stockbook.shops.sandbox.buyers import BEIJING, HOUR, Basket, Buyers
from stockbook.shops.sandbox.catalogue import DAY, Item
from stockbook.shops.sandbox.dice import AnyDice, Dice, Thrower
from stockbook.shops.sandbox.house import SECOND, Count, House
from stockbook.shops.sandbox.orders import Line, Order, Wish
from stockbook.shops.sandbox.wishes import Aftercare

__all__ = ["Item", "Line", "Order", "ShopSimulation", "Wish"]
COUNTED_BEFORE = 14  # [days] before the simulation's first now, at 06:00
NEVER_PAID, PAID_LATE, REFUNDED, SHIPPED_IN_PARTS, REFUNDED_LATER = 0.07, 0.1, 0.03, 0.02, 0.01
PART_REFUNDED, GIFT_REFUNDED, DEPOSIT_LOST = 0.01, 0.12, 0.2
UNPAID_LASTS = 1800


class ShopSimulation:
    """A shop at one instant, `now` [Unix s].

    Args:
        days: How much past it has.
        now: Where its clock stands first.
        rich: It has two warehouses, kits, gifts and presales.
        house: People work in the house after it was counted; by default where it is rich.
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
    ) -> None:
        self.seed = seed
        self.rich = rich
        self.dice: Thrower = Dice if rich else random.Random
        self.now = self.start = _midnight(now - days * DAY)
        self.first_now = now
        self.counted_at = _midnight(now - min(COUNTED_BEFORE, days - 1) * DAY) + 6 * HOUR
        self.burst_at = _midnight(now) - 4 * HOUR  # 20:00 the evening before
        self.burst_item = min(3, skus - 1)  # what the livestream sells, by its place in `items`
        self.items = catalogue.make(seed, skus, start=self.start, now=now)
        if rich:
            self.items = extras.enrich(
                seed, self.items, start=self.start, burst_item=self.burst_item
            )
        self.orders: dict[int, Order] = {}
        self.wishes: dict[int, Wish] = {}
        self.version = 0  # rises with every change, for indexes
        self.house = House(self, works=rich if house is None else house)
        self._buyers = Buyers(seed, self.items, self.burst_item, self.burst_at)
        self._after = Aftercare(self)
        self._events: list[tuple[int, int, str, int]] = []  # instant, number, what, which
        self._does = self._own_events() | self._after.events() | self.house.events()
        self._attempts: dict[int, Basket] = {}
        self._number = 0
        self._serial = 0
        self.push(self.counted_at, "count", 0)
        self.push(self.start, "day", 0)
        self._advance_to(now)

    def _own_events(self) -> dict[str, Callable[[int, int], None]]:
        names = ("day", "order", "pay", "balance", "cancel", "lose", "refund", "ship", "rest",
                 "money_back", "finish")  # fmt: skip
        return {name: getattr(self, f"_do_{name}") for name in names}

    # --- the clock ----------------------------------------------------------------------

    def advance(self, seconds: int) -> None:
        """Let that much time pass."""
        self._advance_to(self.now + seconds)

    def _advance_to(self, until: int) -> None:
        while self._events and self._events[0][0] <= until:
            at, _, what, which = heapq.heappop(self._events)
            self.now = at
            self._does[what](at, which)
        self.now = until

    def push(self, at: int, what: str, which: int) -> None:
        """Let something happen to something at an instant."""
        self._number += 1
        heapq.heappush(self._events, (at, self._number, what, which))

    def changed(self) -> None:
        """Note that something is not as it was."""
        self.version += 1

    # --- what happens -------------------------------------------------------------------

    def _do_day(self, at: int, day: int) -> None:
        """Draw one day's buyers."""
        for second, wanted in sorted(self._buyers.of_day(at, day)):
            self._serial += 1
            self._attempts[self._serial] = wanted
            self.push(at + second, "order", self._serial)
        self.push(at + DAY, "day", day + 1)

    def _do_order(self, at: int, serial: int) -> None:
        bought = self._bought(self._attempts.pop(serial), at)
        if not bought:
            return
        order_id = 6_900_000_000_000_000_000 + serial * 10_007
        made = [Line(order_id + 1 + i, *line) for i, line in enumerate(bought)]
        made += self._gifts(made)
        order = self.orders[order_id] = Order(order_id, at, made, updated_at=at)
        self._take(order, 1, on_order=True)
        self.changed()
        dice = self.dice(f"{self.seed} order {order_id}")
        if dice.random() < NEVER_PAID:
            self.push(at + UNPAID_LASTS, "cancel", order_id)
        else:
            late = dice.random() < PAID_LATE
            self.push(at + dice.randint(*((60, 1500) if late else (4, 60))), "pay", order_id)

    def _bought(self, wanted: Basket, at: int) -> list[tuple[Item, int]]:
        """Return what of a basket is on sale; a presale is bought alone, a gift not at all."""
        found = [(self.items[place], units) for place, units in wanted]
        if found[0][0].presale:
            del found[1:]
        return [
            (item, units)
            for i, (item, units) in enumerate(found)
            if item.launched_at <= at and self.house.has(item, units)
            if not item.is_gift and not (i and item.presale)
        ]

    def _gifts(self, mains: list[Line]) -> list[Line]:
        """Return what goes along with an order's lines for nothing, as long as there is some."""
        gifts: list[Line] = []
        for main in mains:
            gift = None if main.item.gift is None else self.items[main.item.gift]
            if gift and self.house.has(gift, 1):
                line_id = mains[-1].line_id + 1 + len(gifts)
                gifts.append(Line(line_id, gift, 1, master=main.line_id))
        return gifts

    def _do_pay(self, at: int, order_id: int) -> None:
        order = self.orders[order_id]
        if order.state != "unpaid":
            return
        self._take(order, 1, on_order=False)
        if order.presale:
            self._pay_deposit(order, at)
        else:
            self._paid(order, at)

    def _pay_deposit(self, order: Order, at: int) -> None:
        """Take the units aside; the rest is paid days later, or the deposit is lost."""
        self._set(order, "deposit", at)
        order.deposit_at = at
        dice = self.dice(f"{self.seed} deposit {order.order_id}")
        ends = "lose" if dice.random() < DEPOSIT_LOST else "balance"
        self.push(at + dice.randint(2 * DAY, 9 * DAY), ends, order.order_id)

    def _do_balance(self, at: int, order_id: int) -> None:
        if self.orders[order_id].state == "deposit":
            self._paid(self.orders[order_id], at)

    def _paid(self, order: Order, at: int) -> None:
        self._set(order, "paid", at)
        order.paid_at = at
        dice = self.dice(f"{self.seed} paid {order.order_id}")
        if dice.random() < REFUNDED:
            self.push(at + dice.randint(600, 6 * HOUR), "refund", order.order_id)
        self.push(_shipping_time(at, dice), "ship", order.order_id)
        some = GIFT_REFUNDED if any(line.master for line in order.lines) else PART_REFUNDED
        if self.dice(f"{self.seed} part {order.order_id}").random() < some:
            self.push(at + 300, "part", order.order_id)

    def _do_cancel(self, at: int, order_id: int) -> None:
        order = self.orders[order_id]
        if order.state == "unpaid":
            self._take(order, -1, on_order=True)
            self._set(order, "cancelled", at)
            order.reason = "超时未支付"

    def _do_lose(self, at: int, order_id: int) -> None:
        order = self.orders[order_id]
        if order.state == "deposit":
            self._take(order, -1, on_order=False)
            self._set(order, "cancelled", at)
            order.reason = "超时未付尾款"

    def _do_refund(self, at: int, order_id: int) -> None:
        order = self.orders[order_id]
        if order.state == "paid":
            self._take(order, -1, on_order=True)
            self._take(order, -1, on_order=False)
            self._set(order, "refunded", at)
            order.reason = "不想要了"

    def _do_ship(self, at: int, order_id: int) -> None:
        order = self.orders[order_id]
        if order.state != "paid":
            return
        dice = self.dice(f"{self.seed} shipped {order_id}")
        if dice.random() < SHIPPED_IN_PARTS and sum(line.left() for line in order.lines) > 1:
            self._first_parcel(order, at)
            self.push(at + dice.randint(600, HOUR), "rest", order_id)
            return
        self._ship_all(order, at)

    def _first_parcel(self, order: Order, at: int) -> None:
        line, *others = order.lines
        whole = any(other.left() for other in others)
        line.shipped.append((at, line.left() if whole else line.left() - 1))
        self._set(order, "part", at)
        order.shipped_at = at

    def _do_rest(self, at: int, order_id: int) -> None:
        order = self.orders[order_id]
        if order.state == "part":
            self._ship_all(order, at)

    def _ship_all(self, order: Order, at: int) -> None:
        for line in order.lines:
            left = line.left()
            if left:
                line.shipped.append((at, left))
        self._set(order, "shipped", at)
        order.shipped_at = order.shipped_at or at
        dice = self.dice(f"{self.seed} gone {order.order_id}")
        if dice.random() < REFUNDED_LATER:
            self.push(at + dice.randint(DAY, 3 * DAY), "money_back", order.order_id)
        self.push(at + dice.randint(4 * DAY, 8 * DAY), "finish", order.order_id)
        self._after.may_follow(order, at)

    def _do_money_back(self, at: int, order_id: int) -> None:
        order = self.orders[order_id]
        if order.state == "shipped":
            self._set(order, "returned", at)
            order.reason = "仅退款"

    def _do_finish(self, at: int, order_id: int) -> None:
        order = self.orders[order_id]
        if order.state == "shipped":
            self._set(order, "done", at)
            order.finished_at = at

    def _set(self, order: Order, state: str, at: int) -> None:
        order.state, order.updated_at = state, at
        self.changed()

    def _take(self, order: Order, sign: int, *, on_order: bool) -> None:
        """Take units out of what is free (or put them back)."""
        for line in order.lines:
            if line.item.falls_on_order == on_order:
                self.house.put_back(line.item, -sign * (line.quantity - line.refunded))

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
        self._does[todo](self.now, order_id)
        return order

    # --- what is known ------------------------------------------------------------------

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
        return [
            (str(item.shop_sku_id), " + ".join(_typed(part.sku, n) for part, n in item.parts))
            for item in self.items
            if item.parts
        ]

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
        return [
            {
                "sku": i.sku,
                "supplier": i.supplier,
                "lead_time_days": i.lead_time_days,
                "lead_time_sd": i.lead_time_sd,
                "emergency_lead_time_hours": i.emergency_hours,
                "moq": i.moq,
                "pack_size": i.pack_size,
                "unit_cost": i.unit_cost,
            }
            for i in self.items
            if not i.parts
        ]

    def truth(self) -> dict[str, Any]:
        """Return what truly happened to each SKU, from the orders' final states."""
        return truth.report(self)


def _typed(sku: str, units: int) -> str:
    return f"{sku}×{units}" if units > 1 else sku


def _midnight(at: int) -> int:
    return (at + BEIJING) // DAY * DAY - BEIJING


def _shipping_time(paid_at: int, dice: AnyDice) -> int:
    """Return when the house ships: orders of the morning in the afternoon, others next day."""
    morning = (paid_at + BEIJING) % DAY < 11 * HOUR
    base = _midnight(paid_at) + (14 if morning else 34) * HOUR
    return base + dice.randrange(6 * HOUR)
