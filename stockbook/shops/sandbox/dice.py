"""Chance that a name decides: the same name always gives the same draws."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")
_SHARE = 2.0**-53


class Dice:
    """A few draws from a name: six times faster to make than a `random.Random`.

    Example:
        >>> one, other = Dice("an order"), Dice("an order")
        >>> one.random() == other.random(), 3 <= one.randint(3, 5) <= 5
        (True, True)
    """

    __slots__ = ("_left", "_name")

    def __init__(self, name: str) -> None:
        self._name = name.encode()
        self._left = int.from_bytes(blake2b(self._name).digest(), "big")

    def random(self) -> float:
        """Return a number in [0, 1)."""
        if self._left < 1 << 64:
            self._name += b"."
            self._left = int.from_bytes(blake2b(self._name).digest(), "big")
        draw, self._left = self._left & (1 << 53) - 1, self._left >> 56
        return draw * _SHARE

    def randrange(self, end: int) -> int:
        """Return a whole number in [0, end)."""
        return int(self.random() * end)

    def randint(self, low: int, high: int) -> int:
        """Return a whole number from low to high, both included."""
        return low + int(self.random() * (high - low + 1))

    def choice(self, these: Sequence[T]) -> T:
        """Return one of them."""
        return these[self.randrange(len(these))]


AnyDice = Dice | random.Random
Thrower = Callable[[str], AnyDice]
