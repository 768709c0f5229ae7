"""Single fields of the platform's answers, which come as numbers, as digits or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stockbook.domain.language import say
from stockbook.domain.problems import Problem

Fields = Mapping[str, Any]


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
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return str(value)
        if isinstance(value, str) and value.strip().isdigit() and value.strip() != "0":
            return value.strip()
    found = {name: fields.get(name) for name in names}
    raise BadRowError(
        Problem(
            where,
            None,
            names[0],
            str(found),
            say("完整的数字编号", "a whole numeric id"),
            say("这一行已跳过；请把日志发给平台技术支持", "skipped; report it to the platform"),
        )
    )


def whole(value: object) -> int | None:
    """Return a whole number from an int or digits, else None.

    Example:
        >>> whole("12"), whole(3), whole(""), whole(1.5), whole(True)
        (12, 3, None, None, None)
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, int):
        return value
    text = str(value).strip() if value is not None else ""
    return int(text) if text.lstrip("-").isdigit() and text.isascii() else None


def instant(value: object) -> int | None:
    """Return an instant [Unix s]; the platform writes 0 for "never"."""
    found = whole(value)
    return found if found and found > 0 else None


def word(fields: Fields, name: str) -> str:
    """Return a field's text, "" where there is none."""
    value = fields.get(name)
    return "" if value is None else str(value).strip()
