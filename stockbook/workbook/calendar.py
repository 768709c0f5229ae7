"""Read 日历: the events people keep, and the usual ones of a year that is not there yet."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from stockbook.domain.festivals import (
    EVENT_KINDS,
    LEAVES_BASELINE,
    Event,
    EventKind,
    usual_year,
    year_of,
)
from stockbook.domain.language import say
from stockbook.domain.problems import Problem
from stockbook.public_holidays import public_holidays
from stockbook.workbook.book import Book
from stockbook.workbook.columns import YES_NO
from stockbook.workbook.rows import Row, lost_digits, values_of
from stockbook.workbook.sheets import sheet

SHEET = "calendar"
THEIRS = [c.key for c in sheet(SHEET).columns if c.role in ("seed", "input")]
_KINDS = {word: kind for kind, label in EVENT_KINDS.items() for word in (*label, kind.value)}
_YES = {word: answer for answer, label in YES_NO.items() for word in label}
_BETWEEN = re.compile(r"[、,，;；\n]+")
FACTOR = (0.05, 50.0)


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """One row of the sheet: its place, its key ("" if none), and the event, None if it is wrong."""

    row: int
    event_id: str
    event: Event | None


def read_calendar(
    book: Book, known: Container[str], problems: list[Problem]
) -> tuple[CalendarRow, ...]:
    """Return the rows that people filled in; what is wrong with them is added to `problems`.

    Args:
        known: The SKUs and categories that an event may concern.
    """
    rows = []
    for source in values_of(book, SHEET, problems):
        row = Row(SHEET, source, problems)
        if any(source.cells.get(key) not in (None, "") for key in THEIRS):
            event_id = row.text("event_id")
            event = _event(row, known)
            rows.append(CalendarRow(source.number, event_id, event))
    return tuple(rows)


def _event(row: Row, known: Container[str]) -> Event | None:
    """Return what a row says, None where it cannot be used."""
    name, kind = row.text("name"), _kind(row)
    if not name:
        _missing(row, "name", say("事件的名字", "a name"))
    first, last = _span(row)
    applies_to, all_strange = _applies_to(row, known)
    factor = row.number("factor", math.nan, *FACTOR)
    if not name or kind is None or first is None or last is None or all_strange:
        return None
    out, key, note = _leaves(row, kind), row.text("event_id"), row.text("note")
    number = row.source.number
    return Event(key, name, kind, first, last, applies_to, out, factor, note, number)


def _missing(row: Row, column: str, expected: str) -> None:
    row.problem(
        column,
        say("空", "empty"),
        expected,
        say("填上它，或清空这一行；这一行先不算", "enter it, or clear the row; it does not count"),
    )


def _kind(row: Row) -> EventKind | None:
    word = row.text("kind")
    if word in _KINDS:
        return _KINDS[word]
    row.problem(
        "kind",
        word or say("空", "empty"),
        "、".join(map(str, EVENT_KINDS.values())),
        say("从下拉里选一个；这一行先不算", "choose one from the list; the row does not count"),
    )
    return None


def _span(row: Row) -> tuple[date | None, date | None]:
    """First and last day; a row without a last day is one day."""
    first = row.day("first")
    if row.is_empty("first"):
        _missing(row, "first", say("日期，如 2026-11-01", "a date such as 2026-11-01"))
    last = first if row.is_empty("last") else row.day("last")
    if first and last and last < first:
        row.problem(
            "last",
            f"{last:%Y-%m-%d}",
            say(f"不早于 开始 {first:%Y-%m-%d}", f"not before the first day {first:%Y-%m-%d}"),
            say("改正开始或结束；这一行先不算", "correct one of them; the row does not count"),
        )
        return first, None
    return first, last


def _applies_to(row: Row, known: Container[str]) -> tuple[tuple[str, ...], bool]:
    """The SKUs and categories of a row, and whether it names some and none is known."""
    cell = row.source.cells.get("applies_to")
    text = row.text("applies_to")
    parts = [part.strip() for part in _BETWEEN.split(text) if part.strip()]
    strange = [p for p in parts if p not in known or (lost_digits(cell) and len(parts) == 1)]
    if strange:
        row.problem(
            "applies_to",
            "、".join(strange),
            say("商品 表里有的类目或商家编码", "categories or SKUs of the sheet SKUs"),
            say("改正它，用顿号隔开；认不出的这次不算",
                "correct it, separated by commas; what is not known does not count"),
        )  # fmt: skip
    good = tuple(p for p in parts if p not in strange)
    return good, bool(parts) and not good


def _leaves(row: Row, kind: EventKind) -> bool:
    word = row.text("out_of_baseline")
    if word and word not in _YES:
        row.problem(
            "out_of_baseline",
            word,
            "、".join(map(str, YES_NO.values())),
            say("从下拉里选一个；这次按默认", "choose one from the list; the default was used"),
        )
    return LEAVES_BASELINE[kind] if word not in _YES else _YES[word] == "yes"


def fresh_events(rows: Iterable[CalendarRow], today: date) -> tuple[Event, ...]:
    """Return the usual events of the years that are new to the sheet.

    Rows of a year are added once, when it is later than every year the sheet has rows of; so what
    people changed or deleted stays as they left it. A sheet without any such row gets last year,
    this year and the next.
    """
    known = [year for row in rows if (year := year_of(row.event_id))]
    years = [y for y in (today.year - 1, today.year, today.year + 1) if y > max(known, default=0)]
    return tuple(event for year in years for event in usual_year(year, public_holidays(year)))


def numbered(
    rows: Sequence[CalendarRow], new_id: Callable[[], str]
) -> tuple[tuple[CalendarRow, ...], dict[tuple[int, str], str]]:
    """Give every good row a key of its own; one that was copied with its key is a new one.

    Returns:
        The rows, and the cells in which the new keys belong: (row, column) → key.
    """
    taken: set[str] = set()
    found, cells = [], {}
    for row in rows:
        lone = row
        if row.event and (not row.event_id or row.event_id in taken):
            key = new_id()
            lone = replace(row, event_id=key, event=replace(row.event, event_id=key))
            cells[row.row, "event_id"] = key
        taken.add(lone.event_id)
        found.append(lone)
    return tuple(found), cells
