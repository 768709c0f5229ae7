"""The practice shop's house: what is free to sell, what was counted, and what people do there.

Until its stock was counted the shop never ran short. From then on what is sold out is not sold.
Where the house works, deliveries come in, parcels are checked in, units are moved and mended,
and some SKUs are counted again; people write each of these down, and `entries` is what they wrote.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from stockbook.shops.sandbox import truth
from stockbook.shops.sandbox.buyers import BEIJING, BURST_DAYS, HOUR
from stockbook.shops.sandbox.catalogue import DAY, Item
from stockbook.shops.sandbox.orders import Wish

if TYPE_CHECKING:
    from stockbook.shops.sandbox.simulation import ShopSimulation

SECOND = "GZ02"  # the merchant's own id of its second warehouse
MINUTE = 60
SPOILED = 0.15  # of deliveries and of parcels that come back hold something defective
SKUS_A_DELIVERY = 70  # a day sees one delivery for as many SKUs
NEVER_COUNTED = 9999


class Count(NamedTuple):
    """Good units of a SKU in one warehouse, counted at an instant [Unix s]."""

    sku: str
    warehouse: str
    on_hand: int
    at: int


class House:
    """Shelves, and the people who work at them.

    Attributes:
        stock_take: The first count, one for each SKU.
        entries: What people wrote down since, as it happened.
    """

    def __init__(self, shop: ShopSimulation, *, works: bool) -> None:
        self._shop = shop
        self._works = works
        self._free: list[int] = []  # by the item's place, in the item's own warehouse
        self.stock_take: list[Count] = []
        self.entries: list[dict[str, Any]] = []

    def events(self) -> dict[str, Callable[[int, int], None]]:
        """Return what can happen here, by name."""
        names = ("count", "work", "delivery", "check_in", "transfer", "correct", "recount")
        return {name: getattr(self, f"_do_{name}") for name in names}

    # --- the shelves --------------------------------------------------------------------

    def free(self, item: Item) -> int:
        """Return the units of a SKU that nobody has claimed; of a kit, what its parts allow."""
        if not self._free:
            return NEVER_COUNTED
        return min(self._free[part.index] // n for part, n in item.made_of())

    def has(self, item: Item, units: int) -> bool:
        """Tell whether that many can still be sold."""
        free = self._free
        return not free or all(free[part.index] >= units * n for part, n in item.made_of())

    def put_back(self, item: Item, units: int) -> None:
        """Put units back among what is free (or take them out, below zero)."""
        if self._free:
            for part, n in item.made_of():
                self._free[part.index] += units * n

    def take_out(self, item: Item, units: int) -> None:
        """Take units out of what is free for something that is no order."""
        self.put_back(item, -units)
        self._settle(item)

    def _settle(self, item: Item) -> None:
        if self._shop.stock:
            self._shop.stock.oversold.settle(item, "house")

    def _shift(self, place: int, units: int) -> None:
        """Move what is free of one SKU by work in the house."""
        self._free[place] += units
        self._settle(self._shop.items[place])

    # --- the first count ----------------------------------------------------------------

    def _do_count(self, at: int, _: int) -> None:
        """Count the house: each SKU gets what will leave it the cover it is meant to have."""
        shop = self._shop
        bound = truth.bound(shop.orders.values(), shop.wishes.values())
        days = (shop.first_now - at) / DAY
        pace = _pace(shop.items)
        for item in shop.items:
            sold = pace[item.index] * days * 1.1
            cover = pace[item.index] * (item.lead_time_days + 2) * item.cover
            if item.index == shop.burst_item:
                cover = item.rate * BURST_DAYS * 0.6  # the livestream asks for more
            self._free.append(0 if item.parts else max(0, round(sold + cover)))
            if not item.parts:
                on_hand = self._free[-1] + bound.get(item.sku, 0)
                self.stock_take.append(Count(item.sku, item.warehouse, on_hand, at))
        shop.counted_at = at
        if self._works:
            shop.push(at + 3 * HOUR, "work", 1)

    # --- the days after -----------------------------------------------------------------

    def _do_work(self, at: int, day: int) -> None:
        """Begin a working day, at nine: draw what it brings."""
        dice = self._dice("work", day)
        stocked = [i.index for i in self._stocked() if i.index != self._shop.burst_item]
        for place in dice.sample(stocked, min(len(stocked), 1 + len(stocked) // SKUS_A_DELIVERY)):
            self._shop.push(at + dice.randrange(360) * MINUTE, "delivery", place)
        doing = {3: "transfer", 5: "correct"}.get(day % 7)
        if doing:
            self._shop.push(at + (400 + dice.randrange(60)) * MINUTE, doing, day)
        if day % 7 == 2:
            self._shop.push(at + 22 * HOUR, "recount", day)
        self._shop.push(at + DAY, "work", day + 1)

    def _do_delivery(self, at: int, place: int) -> None:
        item, dice = self._shop.items[place], self._dice(f"delivery {place}", at)
        units = item.pack_size * max(1, round(item.rate * 4 / item.pack_size))
        spoiled = min(units, dice.randint(1, 3)) if dice.random() < SPOILED else 0
        self._note("receipt", item, units, at, f"SH{at}-{place}", defective=spoiled)
        self._shift(place, units - spoiled)

    def expect(self, wish: Wish, at: int) -> None:
        """Check a parcel that has come back in, the day after between ten and four."""
        if self._works and self._free:
            minute = self._dice("check in", wish.wish_id).randrange(360)
            morning = (at + BEIJING) // DAY * DAY - BEIJING + DAY + 10 * HOUR
            self._shop.push(morning + minute * MINUTE, "check_in", wish.wish_id)

    def _do_check_in(self, at: int, wish_id: int) -> None:
        wish, dice = self._shop.wishes[wish_id], self._dice("checked in", wish_id)
        for part, n in wish.line.item.made_of():
            units, spoiled = wish.units * n, int(dice.random() < SPOILED)
            self._note("return", part, units, at, str(wish_id), defective=spoiled)
            self._shift(part.index, units - spoiled)

    def _do_transfer(self, at: int, day: int) -> None:
        dice = self._dice("transfer", day)
        able = [i for i in self._stocked() if self._free[i.index] >= 8]
        if able:
            item = dice.choice(able)
            units = min(20, self._free[item.index] // 4)
            there = "" if item.warehouse else SECOND
            self._note("transfer", item, units, at, f"DB{at}", to_warehouse=there)
            self._shift(item.index, -units)

    def _do_correct(self, at: int, day: int) -> None:
        dice = self._dice("correct", day)
        able = [i for i in self._stocked() if self._free[i.index] >= 2]
        if able:
            item, broken = dice.choice(able), dice.randint(1, 2)
            self._note("correction", item, -broken, at, "", reason="破损")
            self._shift(item.index, -broken)

    def _do_recount(self, at: int, day: int) -> None:
        """Count one SKU again before anyone works: some units are gone, or were there after all."""
        dice = self._dice("recount", day)
        item = dice.choice(self._stocked())
        free = self._free[item.index]
        off = max(dice.choice((-3, -2, -1, 0, 1)), -max(free, 0))
        self._shift(item.index, off)
        bound = truth.bound(self._shop.orders.values(), self._shop.wishes.values())
        on_hand = self._free[item.index] + bound.get(item.sku, 0)
        reason = "丢失" if off < 0 else "录入错误" if off else ""
        self._note("count", item, on_hand, at, f"PD{at}", reason=reason)

    # --- what people write down ---------------------------------------------------------

    def _note(
        self, kind: str, item: Item, units: int, at: int, reference: str, **more: int | str
    ) -> None:
        row = {"kind": kind, "sku": item.sku, "units": units, "defective": 0}
        rest = {"to_warehouse": "", "at": at, "reference": reference, "reason": ""}
        self.entries.append({**row, "warehouse": item.warehouse, **rest, **more})

    def _stocked(self) -> list[Item]:
        return [item for item in self._shop.items if not item.parts]

    def _dice(self, what: str, which: int) -> random.Random:
        return random.Random(f"{self._shop.seed} {what} {which}")


def _pace(items: list[Item]) -> list[float]:
    """Return the units a day that leave each place, with kits and gifts."""
    pace = [0.0 if item.parts else item.rate for item in items]
    for item in items:
        for part, n in item.parts:
            pace[part.index] += item.rate * n
        if item.gift is not None:
            pace[item.gift] += item.rate
    return pace
