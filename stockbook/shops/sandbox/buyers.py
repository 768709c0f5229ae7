"""Who comes to the practice shop on a day, and what they put into their baskets."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from stockbook.shops.sandbox.catalogue import DAY, Item
from stockbook.shops.sandbox.origins import response

HOUR = 3600
BEIJING = 8 * HOUR
WEEK = (0.92, 0.9, 0.93, 0.97, 1.08, 1.15, 1.05)
HOURS = (2, 1, 1, 1, 1, 1, 2, 3, 4, 5, 6, 6, 6, 5, 5, 5, 5, 5, 6, 8, 10, 10, 7, 4)
USUAL, LUMPS = (1, 1, 1, 1, 1, 1, 1, 2, 2, 3), (2, 3, 4, 5, 6)
BURST_DAYS = 26  # [days] of usual sales that one livestream sells
BURST_SECONDS = 5400
TWO_THINGS = 0.07

Basket = list[tuple[int, int]]  # (an item's place, units)


@dataclass(frozen=True)
class Buyers:
    """Draws each day's buyers; each day and item has dice of its own.

    Attributes:
        items: What can be bought, in its places.
        burst_item: The place of what the livestream sells, from `burst_at` on [Unix s].
    """

    seed: int
    items: list[Item]
    burst_item: int
    burst_at: int

    def of_day(self, at: int, day: int) -> Iterator[tuple[int, Basket]]:
        """Yield (second of the day, basket); `at` is the day's midnight [Unix s]."""
        weekday = datetime.fromtimestamp(at + BEIJING, UTC).weekday()
        season = 1 + 0.12 * math.sin(2 * math.pi * day / 61)
        for item in self.items:
            dice = random.Random(f"{self.seed} {item.index} {day}")
            age = (at - item.launched_at) / DAY
            ramp = 0.0 if age < 0 else min(1.0, 0.15 + age / 12)
            mean = item.rate / _usual(item) * WEEK[weekday] * season * ramp * response(item, at)
            for _ in range(_poisson(dice, mean)):
                hour = dice.choices(range(24), HOURS)[0]
                yield hour * HOUR + dice.randrange(HOUR), self._basket(dice, item)
            yield from self._burst(at, item, dice)

    def _basket(self, dice: random.Random, item: Item) -> Basket:
        units = dice.choice(LUMPS if item.lumpy else USUAL)
        basket = [(item.index, units)]
        other = dice.randrange(len(self.items))
        if dice.random() < TWO_THINGS and other != item.index:
            basket.append((other, 1))
        return basket

    def _burst(self, at: int, item: Item, dice: random.Random) -> Iterator[tuple[int, Basket]]:
        """Yield a livestream's buyers: they eat one best seller's stock in ninety minutes."""
        if item.index == self.burst_item and at <= self.burst_at < at + DAY:
            for _ in range(int(item.rate * BURST_DAYS)):
                second = int(dice.betavariate(1.5, 2.5) * BURST_SECONDS)
                yield self.burst_at - at + second, [(item.index, 1)]


def _usual(item: Item) -> float:
    """Return the units that a buyer takes on average."""
    return sum(LUMPS if item.lumpy else USUAL) / len(LUMPS if item.lumpy else USUAL)


def _poisson(dice: random.Random, mean: float) -> int:
    if mean > 60:
        return max(0, round(dice.gauss(mean, math.sqrt(mean))))
    limit, product, n = math.exp(-mean), dice.random(), 0
    while product > limit:
        product *= dice.random()
        n += 1
    return n
