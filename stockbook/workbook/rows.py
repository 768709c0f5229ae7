"""Rows of a table being checked: cells as text, numbers and times, and what is wrong with them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, datetime

from stockbook.domain.clock import instant
from stockbook.domain.language import say
from stockbook.domain.problems import Problem
from stockbook.workbook.book import Book, FormulaCell, TableRow
from stockbook.workbook.sheets import column as column_of
from stockbook.workbook.sheets import sheet

_SCIENTIFIC = re.compile(r"\d(\.\d+)?[eE]\+?\d{2}")
_WRITTEN = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})[ T]+(\d{1,2}):(\d\d)(?::(\d\d))?")
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
LATEST = date(2100, 1, 1)
EARLIEST = datetime(2015, 1, 1)  # noqa: DTZ001 - cells are Beijing time; no shop is older
OPEN = 10**6  # a bound so far away is none to tell people
EXACT = 10**15  # Excel keeps 15 digits; a longer number has lost some


@dataclass(frozen=True)
class Row:
    """One row being checked: it reads cells and collects what is wrong with them."""

    sheet: str
    source: TableRow
    problems: list[Problem]

    def problem(self, column: str, found: object, expected: str, fix: str) -> None:
        """Note one bad cell."""
        spec = sheet(self.sheet)
        label = str(column_of(self.sheet, column).label)
        where, number = str(spec.label), self.source.number
        self.problems.append(Problem(where, number, label, str(found), expected, fix))

    def text(self, column: str) -> str:
        """A cell as text, without surrounding blanks."""
        return as_text(self.source.cells.get(column))

    def is_empty(self, column: str) -> bool:
        """Tell whether nothing stands in a cell."""
        return self.source.cells.get(column) in (None, "")

    def number(
        self, column: str, default: float, low: float, high: float, *, whole: bool = False
    ) -> float:
        """A number within [low, high], or the default where the cell is empty or bad."""
        cell = self.source.cells.get(column)
        if cell is None or cell == "":
            return default
        value = as_number(cell)
        if value is not None and low <= value <= high and (not whole or value == int(value)):
            return value
        kind = say("整数", "a whole number") if whole else say("数字", "a number")
        expected = say(f"{low:g} 到 {high:g} 的{kind}", f"{kind} from {low:g} to {high:g}")
        if high >= OPEN:
            least = say(f"不小于 {low:g} 的{kind}", f"{kind}, {low:g} or more")
            expected = kind if low <= -OPEN else least
        used = (
            say("这次当作没填", "ignored this time")
            if math.isnan(default)
            else say(f"这次先用 {default:g}", f"{default:g} was used this time")
        )
        fix = say(f"改成数字，不带单位和文字；{used}", f"Enter a plain number; {used}")
        self.problem(column, cell, expected, fix)
        return default

    def day(self, column: str) -> date | None:
        """A day; None where the cell is empty or can be read in more than one way."""
        cell = self.source.cells.get(column)
        day = cell.date() if isinstance(cell, datetime) else _day_written_out(cell)
        if self.is_empty(column) or (day and EARLIEST.date() <= day < LATEST):
            return day
        self.problem(
            column,
            f"{day:%Y-%m-%d}" if day else cell,
            say("日期，年月日，如 2026-11-01", "a date, year first, such as 2026-11-01"),
            say("写成 2026-11-01 这样；11/1 这样的写法有歧义，这次当作没填",
                "write it as 2026-11-01; 11/1 can be read in two ways and was ignored"),
        )  # fmt: skip
        return None

    def instant(self, column: str, now: int) -> int | None:
        """A Beijing time that is not in the future [Unix s]; None where it is missing or bad."""
        cell = self.source.cells.get(column)
        at = cell if isinstance(cell, datetime) else _written_out(cell)
        if at is None:
            self.problem(
                column,
                cell if cell not in (None, "") else say("空", "empty"),
                say("日期和时间，如 2026-12-01 09:00", "a date and time such as 2026-12-01 09:00"),
                say("填上日期和时间；没有时间的不会记账", "enter when it was; not posted without"),
            )
        elif at < EARLIEST:
            self.problem(
                column,
                f"{at:%Y-%m-%d %H:%M}",
                say("2015 年以后的日期和时间", "a date and time after 2015"),
                say("只填了时间或年份写错了：补全日期，如 2026-12-01 09:00",
                    "only a time, or a wrong year: enter the whole, such as 2026-12-01 09:00"),
            )  # fmt: skip
        elif instant(at) > now:
            self.problem(
                column,
                f"{at:%Y-%m-%d %H:%M}",
                say("不晚于现在的时间", "a time that is not in the future"),
                say("改正时间，或检查电脑时钟；这次没有记账",
                    "correct the time, or check this computer's clock; not posted"),
            )  # fmt: skip
        else:
            return instant(at)
        return None


def _day_written_out(cell: object) -> date | None:
    """Read a day typed as text, year first."""
    found = _DAY.fullmatch(str(cell).strip())
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def _written_out(cell: object) -> datetime | None:
    """Read a time typed as text; only year-month-day can be read in one way."""
    found = _WRITTEN.fullmatch(str(cell).strip())
    try:
        return datetime(*map(int, found.groups("0"))) if found else None  # type: ignore[arg-type] # noqa: DTZ001
    except ValueError:
        return None


def as_text(cell: object) -> str:
    """Return a cell as text: the number 123 that a person typed and the text "123" are one."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < EXACT:
        return str(int(cell))
    return str(cell).strip()


def as_number(cell: object) -> float | None:
    """Return a finite number, also from text such as "1,200", else None."""
    if isinstance(cell, bool) or cell is None:
        return None
    text = str(cell).strip()
    try:
        value = float(text.replace(",", "") if _GROUPED.fullmatch(text) else text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def values_of(book: Book, name: str, problems: list[Problem]) -> list[TableRow]:
    """A table's rows without formulas: what a closed file shows of one may be out of date."""
    theirs = {c.key for c in sheet(name).columns if c.role != "output"}
    rows = []
    for source in book.read_table(name):
        row = Row(name, source, problems)
        cells = dict(source.cells)
        for key, cell in source.cells.items():
            if isinstance(cell, FormulaCell):
                cells[key] = None if key in theirs else cell.shown
                if key in theirs:
                    _formula(row, key, cell)
        rows.append(TableRow(source.number, cells))
    return rows


def _formula(row: Row, column: str, cell: FormulaCell) -> None:
    row.problem(
        column,
        cell,
        say("直接填写的值", "a value"),
        say(
            "工作簿没有在 Excel 里打开，公式结果可能过时，这次当作没填；"
            "请在 Excel 里打开它再刷新，或把公式粘贴为数值",
            "The workbook is not open in Excel, so a formula's result may be out of date and "
            "was ignored: refresh from Excel, or paste the formula as a value",
        ),
    )


def lost_digits(cell: object) -> bool:
    """Tell whether a code went through a number that could not hold it."""
    if isinstance(cell, float):
        return abs(cell) >= EXACT or not cell.is_integer()
    return bool(_SCIENTIFIC.fullmatch(str(cell).strip()))
