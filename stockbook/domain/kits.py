"""Kits (组合) and gifts (赠品): which of our SKUs one unit of a platform SKU stands for."""

from __future__ import annotations

import re
from collections.abc import Mapping

from stockbook.domain.ledger import Components

_BETWEEN = re.compile(r"\s*[+＋、,，;；\n]\s*")
MOST = 9_999  # units of one component in a kit
_TIMES = re.compile(r"(.+?)\s*(?:[×*＊]|\s[xX]\s)\s*(\d+)")


def parse_components(text: str) -> Components:
    """Return the components that a person wrote; a code without a number counts once.

    Raises:
        ValueError: A part is empty, or counts zero or too much; its text is the argument.

    Example:
        >>> parse_components("A-1×2 + B")
        (('A-1', 2), ('B', 1))
    """
    units: dict[str, int] = {}
    for part in _BETWEEN.split(text.strip()):
        found = _TIMES.fullmatch(part)
        code, n = (found[1].strip(), int(found[2])) if found else (part.strip(), 1)
        if not code or not 1 <= n <= MOST:
            raise ValueError(part)
        units[code] = units.get(code, 0) + n
    return tuple(sorted(units.items()))


def kit_free(components: Components, free: Mapping[str, int]) -> int | None:
    """Return how many kits can be sold: the least of what each component allows.

    Args:
        free: Units that nobody has claimed, by SKU; below zero is oversold.

    Returns:
        None where a component's stock was never counted.

    Example:
        >>> kit_free((("A", 2), ("B", 1)), {"A": 66, "B": -3})
        -3
    """
    if any(sku not in free for sku, _ in components):
        return None
    return min(int(free[sku]) // units for sku, units in components)
