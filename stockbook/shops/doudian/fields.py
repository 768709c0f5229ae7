"""Single fields of the platform's answers, which come as numbers, as digits or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stockbook.domain.language import say
from stockbook.domain.problems import Problem

Fields = Mapping[str, Any]
LONGEST_ID = 64
MOST_UNITS, LATEST = 10**9, 10**11  # more is no number of pieces, and no instant [Unix s]


class BadRowError(Exception):
    """A row that cannot be used; carries the problem to show."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.found)
        self.problem = problem


def identity(fields: Fields, *names: str, where: str) -> str:
    """Return the first id present, as text.

    Raises:
        BadRowError: None is there, or one is a float or in scientific notation: digits are lost.
    """
    for name in names:
        value = fields.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**LONGEST_ID:
            return str(value)
        text = value.strip() if isinstance(value, str) and len(value) <= LONGEST_ID else ""
        if text.isdigit() and text.isascii() and text != "0":
            return text
    found = {name: fields.get(name) for name in names}
    raise BadRowError(
        Problem(
            where,
            None,
            names[0],
            readable(str(found))[:200],
            say("完整的数字编号", "a whole numeric id"),
            say("这一行已跳过；请把日志发给平台技术支持", "skipped; report it to the platform"),
        )
    )


def whole(value: object) -> int | None:
    """Return a whole number of 64 bits from an int or digits, else None.

    Example:
        >>> whole("12"), whole(3), whole(""), whole(1.5), whole(True)
        (12, 3, None, None, None)
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        found = int(value) if value.is_integer() else None
    elif isinstance(value, int):
        found = value
    else:
        text = str(value).strip() if value is not None else ""
        digits = text.removeprefix("-")
        right = digits.isdigit() and digits.isascii() and len(digits) <= LONGEST_ID
        found = int(text) if right else None
    return found if found is not None and -(2**63) <= found < 2**63 else None


def pieces(value: object) -> int | None:
    """Return a number of units, else None; a shop that has more than a billion has none."""
    found = whole(value)
    return found if found is not None and abs(found) <= MOST_UNITS else None


def instant(value: object) -> int | None:
    """Return an instant [Unix s]; the platform writes 0 for "never"."""
    found = whole(value)
    return found if found and 0 < found < LATEST else None


def word(fields: Fields, name: str) -> str:
    """Return a field's text, "" where there is none."""
    value = fields.get(name)
    return "" if value is None else readable(str(value)).strip()


def readable(text: str) -> str:
    """Return a text that can be stored: JSON may hold halves of characters."""
    return text.encode("utf-8", "replace").decode()


def group(value: object) -> Fields:
    """Return a group of fields; anything else holds none."""
    return value if isinstance(value, Mapping) else {}


def rows(value: object) -> list[Fields]:
    """Return a list's rows; one that is no group of fields holds none, so it is named as bad."""
    return [group(row) for row in value] if isinstance(value, (list, tuple)) else []
