"""Text, numbers and dates as the XML of a sheet holds them."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

MAX_TEXT = 32_767  # UTF-16 units that a cell holds
LEAP_BUG = 61  # [days] Excel counts a 29 February 1900 that never was
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0d\x0e-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_ENTITY = re.compile(r"&(?:#x([0-9a-fA-F]+)|#(\d+)|(amp|lt|gt|quot|apos));")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_T = re.compile(rb"<(?:[\w.-]+:)?t(?:\s[^>]*)?>([^<]*)<")
_PHONETIC = re.compile(rb"<([\w.-]+:)?rPh\b.*?</([\w.-]+:)?rPh>", re.DOTALL)


class CellError(str):
    """An error value as found in a cell, such as ``#N/A``."""

    __slots__ = ()


def escape(text: str) -> bytes:
    """Return text as XML content: control characters become _xHHHH_, as Excel writes them."""
    text = _CONTROL.sub(lambda m: f"_x{ord(m[0]):04X}_", text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.encode("utf-8", "replace")


def plain(text: str) -> str:
    """Undo _xHHHH_.

    Example:
        >>> plain("a_x005F_x0041_")
        'a_x0041_'
    """
    if "_x" not in text:
        return text
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda m: chr(int(m[1], 16)), text)


def unescape(xml: bytes) -> str:
    """Return XML content as text."""
    text = xml.decode()
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "&" in text:
        text = _ENTITY.sub(_entity, text)
    return plain(text)


def _entity(found: re.Match[str]) -> str:
    if found[3]:
        return _NAMED[found[3]]
    return chr(int(found[1], 16) if found[1] else int(found[2]))


def inline_text(content: bytes) -> str:
    """Return the text of an inline string: its runs, without phonetic guides."""
    return unescape(b"".join(_T.findall(_PHONETIC.sub(b"", content))))


def serial(value: dt.date, *, since_1904: bool) -> float:
    """Return a date as Excel counts it [days], with Excel's 29 February 1900."""
    if isinstance(value, dt.datetime):
        at = value.replace(tzinfo=None)
    else:
        at = dt.datetime(value.year, value.month, value.day)  # noqa: DTZ001 - cells have no zone
    epoch = (1904, 1, 1) if since_1904 else (1899, 12, 30)
    days = (at - dt.datetime(*epoch)) / dt.timedelta(days=1)  # noqa: DTZ001
    return days if since_1904 or days >= LEAP_BUG else days - 1


def moment(days: float, *, since_1904: bool) -> dt.datetime:
    """Return the date that Excel's day number means, to the millisecond."""
    if since_1904:
        origin = dt.datetime(1904, 1, 1)  # noqa: DTZ001
    else:
        origin = dt.datetime(1899, 12, 30 if days >= LEAP_BUG - 1 else 31)  # noqa: DTZ001
    return origin + dt.timedelta(milliseconds=round(days * 86_400_000))


def missing(value: Any) -> bool:
    """Tell whether a value is None, NaN, NaT or NA: a cell without a value."""
    return value is None or type(value).__name__ == "NAType" or value != value  # noqa: PLR0124


def key_text(value: Any) -> str:
    """Return a key as text: the number 123 that a person typed and the text "123" are one id.

    Example:
        >>> key_text(123.0), key_text(" A-1 "), key_text(None)
        ('123', 'A-1', '')
    """
    if missing(value):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def fits(text: str) -> str:
    """Return the text, cut to what a cell holds; a cut one ends with ….

    Example:
        >>> len(fits("x" * 40_000)), fits("abc")
        (32767, 'abc')
    """
    if len(text) * 2 <= MAX_TEXT:
        return text
    units = text.encode("utf-16-le", "replace")
    if len(units) <= MAX_TEXT * 2:
        return text
    return units[: MAX_TEXT * 2 - 2].decode("utf-16-le", "ignore") + "…"
