"""The practice shop's life: orders are made, paid, shipped, cancelled and refunded over time.

One instant after the other, from a seed: advancing by seven days at once or seven times by one
day gives the same shop. Until its stock was counted the shop never ran short; from then on
nothing arrives, and what is sold out is not sold.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from stockbook.shops.sandbox import catalogue, truth
from stockbook.shops.sandbox.catalogue import DAY, Item

HOUR = 3600
BEIJING = 8 * HOUR
COUNTED_BEFORE = 14  # [days] before the simulation's first now, at 06:00
WEEK = (0.92, 0.9, 0.93, 0.97, 1.08, 1.15, 1.05)
HOURS = (2, 1, 1, 1, 1, 1, 2, 3, 4, 5, 6, 6, 6, 5, 5, 5, 5, 5, 6, 8, 10, 10, 7, 4)
NEVER_PAID, PAID_LATE, REFUNDED, SHIPPED_IN_PARTS, REFUNDED_LATER = 0.07, 0.1, 0.03, 0.02, 0.01
PART_REFUNDED, RETURNED, EXCHANGED, RESENT, WISH_REFUSED = 0.01, 0.02, 0.004, 0.003, 0.1
BURST_DAYS = 26  # [days] of usual sales that one livestream sells
BURST_SECONDS = 5400
UNPAID_LASTS = 1800
USUAL, LUMPS = (1, 1, 1, 1, 1, 1, 1, 2, 2, 3), (2, 3, 4, 5, 6)


@dataclass(slots=True)
class Line:
    """One line of an order; `shipped` lists (instant, units) of its parcels.

    `refunded` units were paid back before shipping and never ship.
    """

    line_id: int
    item: Item
    quantity: int
    shipped: list[tuple[int, int]] = field(default_factory=list)
    refunded: int = 0

    def left(self) -> int:
        """Return the units that are still to be shipped."""
        return self.quantity - self.refunded - sum(units for _, units in self.shipped)


@dataclass(slots=True)
class Wish:
    """What a buyer wants afterwards of one line.

    `kind` is part (some units back before shipping), return, exchange or resend; `state` is
    asked, agreed, back (on its way), again (to be sent again), sent (again), done or refused.
    """

    wish_id: int
    order_id: int
    line: Line
    kind: str
    units: int
    applied_at: int
    updated_at: int
    state: str = "asked"
    sent_at: int = 0


@dataclass(slots=True)
class Order:
    """One order; `state` is unpaid, paid, part, shipped, done, cancelled, refunded, or returned.

    `refunded` is money back before shipping, `returned` is money back after it: the goods stay
    with the buyer.
    """

    order_id: int
    created_at: int
    lines: list[Line]
    state: str = "unpaid"
    updated_at: int = 0
    paid_at: int = 0
    shipped_at: int = 0
    finished_at: int = 0
    reason: str = ""


class ShopSimulation:
    """A shop at one instant, `now` [Unix s].

    Args:
        days: How much past it has.
        now: Where its clock stands first.
    """

    def __init__(self, *, seed: int, skus: int, days: int, now: int) -> None:
        self.seed = seed
        self.now = self.start = _midnight(now - days * DAY)
        self.counted_at = _midnight(now - min(COUNTED_BEFORE, days - 1) * DAY) + 6 * HOUR
        self.burst_at = _midnight(now) - 4 * HOUR  # 20:00 the evening before
        self.items = catalogue.make(seed, skus, start=self.start, now=now)
        self.orders: dict[int, Order] = {}
        self.wishes: dict[int, Wish] = {}
        self.version = 0  # rises with every change, for indexes
        self._count: list[int] = []
        self._free: list[int] = []
        self._events: list[tuple[int, int, str, int]] = []  # instant, number, what, which
        self._attempts: dict[int, list[tuple[int, int]]] = {}
        self._number = 0
        self._serial = 0
        self._first_now = now
        self._push(self.counted_at, "count", 0)
        self._push(self.start, "day", 0)
        self._advance_to(now)

    # --- the clock ----------------------------------------------------------------------

    def advance(self, seconds: int) -> None:
        """Let that much time pass."""
        self._advance_to(self.now + seconds)

    def _advance_to(self, until: int) -> None:
        while self._events and self._events[0][0] <= until:
            at, _, what, which = heapq.heappop(self._events)
            self.now = at
            getattr(self, f"_do_{what}")(at, which)
        self.now = until

    def _push(self, at: int, what: str, which: int) -> None:
        self._number += 1
        heapq.heappush(self._events, (at, self._number, what, which))

    # --- what happens -------------------------------------------------------------------

    def _do_day(self, at: int, day: int) -> None:
        """Draw one day's buyers; each day has dice of its own."""
        for second, wanted in sorted(self._buyers(at, day)):
            self._serial += 1
            self._attempts[self._serial] = wanted
            self._push(at + second, "order", self._serial)
        self._push(at + DAY, "day", day + 1)

    def _buyers(self, at: int, day: int) -> Iterator[tuple[int, list[tuple[int, int]]]]:
        weekday = datetime.fromtimestamp(at + BEIJING, UTC).weekday()
        season = 1 + 0.12 * math.sin(2 * math.pi * day / 61)
        for item in self.items:
            dice = random.Random(f"{self.seed} {item.index} {day}")
            age = (at - item.launched_at) / DAY
            ramp = 0.0 if age < 0 else min(1.0, 0.15 + age / 12)
            for _ in range(
                _poisson(dice, item.rate / _usual(item) * WEEK[weekday] * season * ramp)
            ):
                hour = dice.choices(range(24), HOURS)[0]
                yield hour * HOUR + dice.randrange(HOUR), self._basket(dice, item)
            yield from self._burst(at, item, dice)

    def _basket(self, dice: random.Random, item: Item) -> list[tuple[int, int]]:
        units = dice.choice(LUMPS if item.lumpy else USUAL)
        basket = [(item.index, units)]
        other = dice.randrange(len(self.items))
        if dice.random() < 0.07 and other != item.index:
            basket.append((other, 1))
        return basket

    def _burst(
        self, at: int, item: Item, dice: random.Random
    ) -> Iterator[tuple[int, list[tuple[int, int]]]]:
        """Yield a livestream's buyers: they eat one best seller's stock in ninety minutes."""
        if item.index == self.burst_item and at <= self.burst_at < at + DAY:
            for _ in range(int(item.rate * BURST_DAYS)):
                second = int(dice.betavariate(1.5, 2.5) * BURST_SECONDS)
                yield self.burst_at - at + second, [(item.index, 1)]

    @property
    def burst_item(self) -> int:
        """The SKU that the livestream sells, by its place in `items`."""
        return min(3, len(self.items) - 1)

    def _do_count(self, at: int, _: int) -> None:
        """Count the house: each SKU gets what will leave it the cover it is meant to have."""
        bound = truth.bound(self.orders.values(), self.wishes.values())
        days = (self._first_now - at) / DAY
        for item in self.items:
            sold = item.rate * days * 1.1
            cover = item.rate * (item.lead_time_days + 2) * item.cover
            if item.index == self.burst_item:
                cover = item.rate * BURST_DAYS * 0.6  # the livestream asks for more
            self._free.append(max(0, round(sold + cover)))
            self._count.append(self._free[-1] + bound.get(item.sku, 0))
        self.counted_at = at

    def _do_order(self, at: int, serial: int) -> None:
        wanted = self._attempts.pop(serial)
        lines = []
        for index, units in wanted:
            item = self.items[index]
            if item.launched_at <= at and (not self._free or self._free[index] >= units):
                lines.append((item, units))
        if not lines:
            return
        order_id = 6_900_000_000_000_000_000 + serial * 10_007
        made = [Line(order_id + 1 + i, *line) for i, line in enumerate(lines)]
        order = self.orders[order_id] = Order(order_id, at, made, updated_at=at)
        self._take(order, 1, on_order=True)
        self.version += 1
        dice = random.Random(f"{self.seed} order {order_id}")
        if dice.random() < NEVER_PAID:
            self._push(at + UNPAID_LASTS, "cancel", order_id)
        else:
            late = dice.random() < PAID_LATE
            self._push(at + dice.randint(*((60, 1500) if late else (4, 60))), "pay", order_id)

    def _do_pay(self, at: int, order_id: int) -> None:
        order = self.orders[order_id]
        if order.state != "unpaid":
            return
        self._take(order, 1, on_order=False)
        self._set(order, "paid", at)
        order.paid_at = at
        dice = random.Random(f"{self.seed} paid {order_id}")
        if dice.random() < REFUNDED:
            self._push(at + dice.randint(600, 6 * HOUR), "refund", order_id)
        self._push(_shipping_time(at, dice), "ship", order_id)
        if random.Random(f"{self.seed} part {order_id}").random() < PART_REFUNDED:
            self._push(at + 300, "part", order_id)

    def _do_cancel(self, at: int, order_id: int) -> None:
        order = self.orders[order_id]
        if order.state == "unpaid":
            self._take(order, -1, on_order=True)
            self._set(order, "cancelled", at)
            order.reason = "超时未支付"

    def _do_refund(self, at: int, order_id: int) -> None:
        order = self.orders[order_id]
        if order.state == "paid":
            self._take(order, -1, on_order=True)
            self._take(order, -1, on_order=False)
            self._set(order, "refunded", at)
            order.reason = "不想要了"

    # --- what buyers want afterwards ----------------------------------------------------

    def _do_part(self, at: int, order_id: int) -> None:
        order = self.orders[order_id]
        line = next((line for line in order.lines if line.quantity > 1), None)
        if order.state == "paid" and line:
            self._ask(order, line, "part", at)

    def _do_return(self, at: int, order_id: int) -> None:
        self._ask_later(order_id, "return", at)

    def _do_exchange(self, at: int, order_id: int) -> None:
        self._ask_later(order_id, "exchange", at)

    def _do_resend(self, at: int, order_id: int) -> None:
        self._ask_later(order_id, "resend", at)

    def _ask_later(self, order_id: int, kind: str, at: int) -> None:
        order = self.orders[order_id]
        if order.state in ("shipped", "done"):
            self._ask(order, order.lines[0], kind, at)

    def _ask(self, order: Order, line: Line, kind: str, at: int) -> None:
        wish_id = 7_100_000_000_000_000_000 + line.line_id % 10**15 * 10
        wish_id += ("part", "return", "exchange", "resend").index(kind)
        self.wishes[wish_id] = Wish(wish_id, order.order_id, line, kind, 1, at, at)
        self.version += 1
        refused = random.Random(f"{self.seed} wish {wish_id}").random() < WISH_REFUSED
        self._push(at + 1200, "refuse" if refused else "agree", wish_id)

    def _do_refuse(self, at: int, wish_id: int) -> None:
        self._turn(self.wishes[wish_id], "refused", at)

    def _do_agree(self, at: int, wish_id: int) -> None:
        """Agree: money back before shipping at once, the rest takes its time."""
        wish = self.wishes[wish_id]
        order = self.orders[wish.order_id]
        if wish.kind == "part":
            in_time = order.state == "paid"
            if in_time:
                wish.line.refunded += wish.units
                self._change_free(wish.line.item, wish.units)
            self._turn(wish, "done" if in_time else "refused", at)
        elif wish.kind == "resend":
            self._send_again(wish, at)
        else:
            self._turn(wish, "agreed", at)
            self._push(at + DAY, "back", wish_id)

    def _do_back(self, at: int, wish_id: int) -> None:
        self._turn(self.wishes[wish_id], "back", at)
        self._push(at + 2 * DAY, "settle", wish_id)

    def _do_settle(self, at: int, wish_id: int) -> None:
        wish = self.wishes[wish_id]
        if wish.kind == "exchange":
            self._send_again(wish, at)
        else:
            self._turn(wish, "done", at)

    def _send_again(self, wish: Wish, at: int) -> None:
        """Set a new unit aside, or refuse where there is none."""
        if self._free and self._free[wish.line.item.index] < wish.units:
            self._turn(wish, "refused", at)
            return
        self._change_free(wish.line.item, -wish.units)
        self._turn(wish, "again", at)
        self._push(at + DAY, "sent", wish.wish_id)

    def _do_sent(self, at: int, wish_id: int) -> None:
        wish = self.wishes[wish_id]
        wish.sent_at = at
        self._turn(wish, "sent", at)

    def _turn(self, wish: Wish, state: str, at: int) -> None:
        """Change a wish; the order's own update time does not move."""
        wish.state, wish.updated_at = state, at
        self.version += 1

    def _change_free(self, item: Item, units: int) -> None:
        if self._free:
            self._free[item.index] += units

    def _do_ship(self, at: int, order_id: int) -> None:
        order = self.orders[order_id]
        if order.state != "paid":
            return
        dice = random.Random(f"{self.seed} shipped {order_id}")
        if dice.random() < SHIPPED_IN_PARTS and sum(line.left() for line in order.lines) > 1:
            self._first_parcel(order, at)
            self._push(at + dice.randint(600, HOUR), "rest", order_id)
            return
        self._ship_all(order, at)

    def _first_parcel(self, order: Order, at: int) -> None:
        line = order.lines[0]
        whole = len(order.lines) > 1
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
        dice = random.Random(f"{self.seed} gone {order.order_id}")
        if dice.random() < REFUNDED_LATER:
            self._push(at + dice.randint(DAY, 3 * DAY), "money_back", order.order_id)
        self._push(at + dice.randint(4 * DAY, 8 * DAY), "finish", order.order_id)
        self._wish_later(order, at)

    def _wish_later(self, order: Order, at: int) -> None:
        dice = random.Random(f"{self.seed} wishes {order.order_id}")
        for kind, share in (("return", RETURNED), ("exchange", EXCHANGED), ("resend", RESENT)):
            if dice.random() < share:
                self._push(at + dice.randint(DAY, 6 * DAY), kind, order.order_id)
                return

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
        self.version += 1

    def _take(self, order: Order, sign: int, *, on_order: bool) -> None:
        """Take units out of what is free (or put them back), once the house was counted."""
        if self._free:
            for line in order.lines:
                if line.item.falls_on_order == on_order:
                    self._free[line.item.index] -= sign * (line.quantity - line.refunded)

    # --- what people do -----------------------------------------------------------------

    def act(self, order_id: int, action: str) -> Order:
        """Let a person cancel, pay, ship or refund one order now.

        Raises:
            KeyError: There is no such order.
            ValueError: There is no such action, or the order's state does not allow it.
        """
        order = self.orders[order_id]
        before = order.state
        todo = {
            ("cancel", "unpaid"): "cancel",
            ("pay", "unpaid"): "pay",
            ("ship", "paid"): "ship",
            ("refund", "paid"): "refund",
            ("refund", "shipped"): "money_back",
        }.get((action, before))
        if todo is None:
            raise ValueError(f"{action} does not fit an order that is {before}")
        getattr(self, f"_do_{todo}")(self.now, order_id)
        return order

    # --- what is known ------------------------------------------------------------------

    def free(self, item: Item) -> int:
        """Return the units of a SKU that nobody has claimed."""
        return self._free[item.index] if self._free else 9999

    def counts(self) -> list[tuple[str, int, int]]:
        """Return (SKU, good units in the house, when counted [Unix s])."""
        return [(i.sku, n, self.counted_at) for i, n in zip(self.items, self._count, strict=True)]

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
        ]

    def truth(self) -> dict[str, Any]:
        """Return what truly happened to each SKU, from the orders' final states."""
        return truth.report(self)


def _usual(item: Item) -> float:
    """Return the units that a buyer takes on average."""
    return sum(LUMPS if item.lumpy else USUAL) / len(LUMPS if item.lumpy else USUAL)


def _midnight(at: int) -> int:
    return (at + BEIJING) // DAY * DAY - BEIJING


def _shipping_time(paid_at: int, dice: random.Random) -> int:
    """Return when the house ships: orders of the morning in the afternoon, others next day."""
    morning = (paid_at + BEIJING) % DAY < 11 * HOUR
    base = _midnight(paid_at) + (14 if morning else 34) * HOUR
    return base + dice.randrange(6 * HOUR)


def _poisson(dice: random.Random, mean: float) -> int:
    if mean > 60:
        return max(0, round(dice.gauss(mean, math.sqrt(mean))))
    limit, product, n = math.exp(-mean), dice.random(), 0
    while product > limit:
        product *= dice.random()
        n += 1
    return n
