"""References in A1 style: columns by letters, ranges, and formulas filled down."""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

RANGE = re.compile(r"\$?([A-Z]+)\$?(\d+)(?::\$?([A-Z]+)\$?(\d+))?")


class Box(NamedTuple):
    """A table's body: columns left..right, data rows first..last, bottom = last + totals row."""

    left: int
    right: int
    first: int
    last: int
    bottom: int


@functools.cache
def letters(column: int) -> str:
    """Return the name of a column, counted from 1.

    Example:
        >>> letters(1), letters(28)
        ('A', 'AB')
    """
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


@functools.cache
def number(name: str) -> int:
    """Return the number of a column.

    Example:
        >>> number("A"), number("AB")
        (1, 28)
    """
    return functools.reduce(lambda total, char: total * 26 + ord(char) - 64, name, 0)


def bounds(ref: str) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of `A1:B2` or `A1`.

    Raises:
        ValueError: Whole rows or columns, or no reference at all.
    """
    found = RANGE.fullmatch(ref)
    if not found:
        raise ValueError(ref)
    a, b, c, d = found.groups()
    return number(a), int(b), number(c or a), int(d or b)


def span(left: int, top: int, right: int, bottom: int) -> str:
    """Return the reference of a range; one cell is written as one."""
    first, last = f"{letters(left)}{top}", f"{letters(right)}{bottom}"
    return first if first == last else f"{first}:{last}"


def grown(sqref: str, box: Box, extra: int) -> str:
    """Return a list of ranges after a table got `extra` rows.

    What covered its last row covers the new last row; what stood on its totals row moves down.
    """
    return " ".join(part for ref in sqref.split() for part in _grown(ref, box, extra))


def _grown(ref: str, box: Box, extra: int) -> list[str]:
    try:
        left, top, right, bottom = bounds(ref)
    except ValueError:
        return [ref]
    inside = box.left <= left and right <= box.right
    touches = left <= box.right and right >= box.left
    ends = top <= box.last <= bottom
    if inside and ends and bottom < box.bottom + extra:
        bottom = bottom + extra if bottom <= box.bottom else box.last + extra
    elif touches and ends and bottom < box.last + extra:
        more = span(max(left, box.left), bottom + 1, min(right, box.right), box.last + extra)
        return [span(left, top, right, bottom), more]
    elif inside and box.last < top <= bottom <= box.bottom:
        top, bottom = top + extra, bottom + extra
    return [span(left, top, right, bottom)]


_SHIFT = re.compile(
    r"""("(?:[^"]|"")*"|'(?:[^']|'')*'|\[(?:'.|[^\[\]']|\[(?:'.|[^\[\]'])*\])*\])"""
    r"|(?<![\w.\\$])(\$?[A-Z]{1,3})(\d+)(?![\w(.!\[])"
)


def shifted(formula: str, rows: int) -> str:
    """Return a formula filled down by `rows`: texts, sheet names and [columns] do not move.

    Example:
        >>> shifted("A5*B$5+Tab[[#This Row],[A5]]", 2)
        'A7*B$5+Tab[[#This Row],[A5]]'
    """
    return _SHIFT.sub(lambda m: m[1] or f"{m[2]}{int(m[3]) + rows}", formula)
