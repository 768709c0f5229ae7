"""What Excel makes of a value that a program writes into a cell, as far as StockBook meets it."""

import datetime as dt
import re
from decimal import Decimal

MOST_TEXT = 32_767
NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?([eE][+-]?\d+)?")
PERCENT = re.compile(r"[+-]?\d+(\.\d+)?%")
DATE = re.compile(r"(\d{4})[-/年](\d{1,2})[-/月](\d{1,2})日?")
SHORT_DATE = re.compile(r"(\d{1,2})[-/月](\d{1,2})日?")
YEAR = 2026


class ComError(Exception):
    """As pywin32's com_error: it carries the HRESULT."""

    def __init__(self, hresult, text):
        super().__init__(hresult, text)
        self.hresult = hresult


def stored(value, number_format):  # noqa: PLR0911 - one a kind
    """(value, formula) that the cell holds after `value` was written."""
    if isinstance(value, str):
        if len(value.encode("utf-16-le")) // 2 > MOST_TEXT:
            raise ComError(-2146827284, "text longer than 32,767")
        return text(value, number_format)
    if value is None:
        return None, None
    if number_format == "@":  # whatever is written into a text cell becomes text
        return f"{value:g}" if isinstance(value, float) else str(value), None
    if isinstance(value, bool):
        return value, None
    if isinstance(value, Decimal):
        return float(round(value, 4)) if is_currency(number_format) else float(value), None
    if isinstance(value, int | float):
        if isinstance(value, float) and (value != value or value in (float("inf"), -float("inf"))):
            raise ComError(-2146827284, "not a number")
        return float(value), None
    if isinstance(value, dt.datetime):
        if value.tzinfo is not None:
            raise TypeError("Excel knows no time zones")
        return value, None
    if isinstance(value, dt.date):
        return dt.datetime.combine(value, dt.time()), None
    raise TypeError(f"Excel takes no {type(value).__name__}")


def is_currency(number_format):
    return any(sign in number_format for sign in "¥$€")


def text(value, number_format):
    """What becomes of a text: in a cell without the text format, Excel reads it as if typed."""
    if value == "":
        return None, None
    if value.startswith("'"):
        return value[1:] or None, None
    if number_format == "@":
        return value, None
    if value.startswith("=") and len(value) > 1:
        return None, value
    if value[0] in "+-@" and len(value) > 1 and not NUMBER.fullmatch(value):
        return None, f"={value.lstrip('+')}"
    understood = typed(value.strip(" "))
    return value if isinstance(understood, str) else understood, None


def typed(value):
    """A text as a person's typing would be understood."""
    if value.upper() in ("TRUE", "FALSE"):
        return value.upper() == "TRUE"
    if any(c.isdigit() for c in value):
        if NUMBER.fullmatch(value):
            return float(value.replace(",", ""))
        if PERCENT.fullmatch(value):
            return float(value[:-1]) / 100
        for pattern in (DATE, SHORT_DATE):
            found = pattern.fullmatch(value)
            if found:
                numbers = [int(n) for n in found.groups()]
                try:
                    return dt.datetime(*([YEAR, *numbers][-3:]))
                except ValueError:
                    return value
    return value
