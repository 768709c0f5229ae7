"""Histories in plain files: the same maths as in the workbook, for anyone to judge.

A file has one row a SKU and day: `sku,date,units[,in_stock]`, as CSV or Parquet. Days that are
missing are zeros between a SKU's first day and the file's last. It is read in pieces, so that
tens of millions of rows fit in memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from stockbook.domain.demand import DemandHistory, Matrix
from stockbook.domain.language import say
from stockbook.domain.problems import Problem
from stockbook.plain_file import HistoryError, chosen, opened

FORMS = re.compile(
    r"^\s*(\d{4})(?:([-/.])(\d{1,2})\2(\d{1,2})|(\d\d)(\d\d))(?:[T ][\d:.+Z -]*)?\s*$"
)
ALONE = 60  # [days] between the last date and all others: likely a mistake
OLDEST, NEWEST = date(1990, 1, 1), date(2100, 1, 1)
MOST_DAYS = 3660
MOST_CELLS = 400_000_000  # SKUs × days
MOST_UNITS = 1e9  # a day
SHOWN = 20  # problems told one by one
Progress = Callable[[str], None]


@dataclass(frozen=True)
class History:
    """What a file said.

    Attributes:
        demand: All its SKUs, in alphabetical order, to the file's last date.
        problems: Rows that were left out or mended, the first `SHOWN` one by one.
        rows, skipped: How many rows there were, and how many were left out.
    """

    demand: DemandHistory
    problems: tuple[Problem, ...]
    rows: int
    skipped: int

    @property
    def last_day(self) -> date:
        """The last date of the file."""
        return self.demand.first_day + timedelta(days=self.demand.units.shape[1] - 1)


def read(path: Path, progress: Progress = lambda _: None) -> History:
    """Read a history.

    Raises:
        HistoryError: No such file, no such columns, or no usable row.
    """
    gathered = Gathered(path.name)
    with opened(path, gathered.note_ragged) as pieces:
        for piece in pieces:
            gathered.add(piece)
            progress(say(f"已读 {gathered.rows:,} 行", f"{gathered.rows:,} rows read"))
    return gathered.history()


@dataclass
class Gathered:
    """The rows so far: small numbers a row, names once."""

    name: str
    rows: int = 0
    skipped: int = 0
    problems: list[Problem] = field(default_factory=list)
    _skus: dict[str, int] = field(default_factory=dict)
    _pieces: list[tuple[npt.NDArray[Any], ...]] = field(default_factory=list)
    _unknown: list[tuple[npt.NDArray[Any], ...]] = field(default_factory=list)

    def note_ragged(self, row: pacsv.InvalidRow) -> str:
        """Leave a row out that has more or fewer cells than the header has names."""
        self.skipped += 1
        self.rows += 1
        if len(self.problems) < SHOWN:
            self.problems.append(
                Problem(self.name, row.number, "",
                        say(f"{row.actual_columns} 格：{row.text[:60]}",
                            f"{row.actual_columns} cells: {row.text[:60]}"),
                        say(f"{row.expected_columns} 格", f"{row.expected_columns} cells"),
                        say("改好这一行再算；现在跳过了它", "mend this row; it was left out"))
            )  # fmt: skip
        return "skip"

    def add(self, piece: pa.RecordBatch) -> None:
        """Take the rows of one piece."""
        ours = chosen(piece.schema.names)
        columns = {ours[name]: piece.column(name) for name in piece.schema.names if name in ours}
        sku = _codes(columns["sku"], self._skus, _text)
        day = _codes(columns["date"], {}, lambda value, _: day_number(value))
        units, share = _numbers(columns["units"]), np.ones(len(piece), np.float32)
        if "in_stock" in columns:
            said = _numbers(columns["in_stock"])
            blank = pc.is_null(columns["in_stock"], nan_is_null=True)
            blank = blank.to_numpy(zero_copy_only=False)
            share = np.where(blank, 1, np.nan_to_num(said, nan=-1)).astype(np.float32)
        good = self._check(columns, sku, day, units, share)
        unknown = ~good & (sku >= 0) & (day >= 0) & ~(units < 0)
        self._unknown.append((sku[unknown].astype(np.int32), day[unknown].astype(np.int32)))
        self._pieces.append(
            (sku[good].astype(np.int32), day[good].astype(np.int32),
             units[good].astype(np.float32), np.clip(share[good], 0, 1))
        )  # fmt: skip
        self.rows += len(piece)

    def _check(
        self,
        columns: dict[str, pa.Array],
        sku: npt.NDArray[np.int64],
        day: npt.NDArray[np.int64],
        units: npt.NDArray[np.float64],
        share: npt.NDArray[np.float32],
    ) -> npt.NDArray[np.bool_]:
        """Which rows can be used; the others are told."""
        bad_share = (share < 0) | (share > 1)
        wrong = {
            "sku": (sku < 0, say("商家编码", "a SKU's code")),
            "date": (day < 0, say("年月日，如 2026-03-01（不接受 03/04/2026 这种）",
                                  "year-month-day, such as 2026-03-01 (not 03/04/2026)")),
            "units": (~((units >= 0) & (units <= MOST_UNITS)),
                      say("0 到 10 亿之间的件数（退货不算需求）",
                          "units from 0 to 10⁹ (returns are no demand)")),
        }  # fmt: skip
        bad = np.zeros(len(sku), bool)
        for column, (rows, expected) in wrong.items():
            self._tell(columns[column], rows & ~bad, column, expected)
            bad |= rows
        if bad_share.any():
            self._tell(columns["in_stock"], bad_share & ~bad, "in_stock",
                       say("0 到 1 之间", "a share from 0 to 1"))  # fmt: skip
            bad |= bad_share
        self.skipped += int(bad.sum())
        return ~bad

    def _tell(
        self, column: pa.Array, rows: npt.NDArray[np.bool_], name: str, expected: str
    ) -> None:
        for at in np.flatnonzero(rows)[: max(0, SHOWN - len(self.problems))]:
            self.problems.append(
                Problem(self.name, self.rows + int(at) + 2, name, str(column[int(at)].as_py()),
                        expected, say("改好这一行再算；现在跳过了它，件数读不出的那天当作不知道",
                                      "mend this row; it was left out, and a day whose units "
                                      "cannot be read counts as unknown"))
            )  # fmt: skip

    def history(self) -> History:
        """Return all SKUs as a matrix.

        Raises:
            HistoryError: No usable row, or more than ten years of days.
        """
        parts = [np.concatenate(part) for part in zip(*self._pieces, strict=True)]
        self._pieces.clear()
        if not parts or not len(parts[0]):
            raise HistoryError(
                say(f"{self.name} 没有一行能用（共 {self.rows} 行）{self._first('；')}",
                    f"no row of {self.name} can be used (of {self.rows}){self._first('; ')}")
            )  # fmt: skip
        sku, day, units, share = parts
        first, days = int(day.min()), int(day.max() - day.min()) + 1
        if days > MOST_DAYS:
            raise HistoryError(
                say(f"{self.name} 从 {_iso(first)} 到 {_iso(first + days - 1)} 跨 {days:,} 天，"
                    "超过 10 年；请检查最早和最晚的日期",
                    f"{self.name} spans {days:,} days, {_iso(first)} to {_iso(first + days - 1)}, "
                    "more than ten years; check its first and last dates")
            )  # fmt: skip
        used = np.unique(sku)
        if len(used) * days > MOST_CELLS:
            raise HistoryError(
                say(f"{self.name}：{len(used):,} 个 SKU × {days:,} 天太大；请按 SKU 分成几个文件",
                    f"{self.name}: {len(used):,} SKUs × {days:,} days are too many; split the "
                    "file by SKU")
            )  # fmt: skip
        names = np.array(list(self._skus), dtype=object)[used]
        order = np.argsort(names.astype(str), kind="stable")
        rank = np.full(len(self._skus), -1, np.int64)
        rank[used[order]] = np.arange(len(used))
        flat = rank[sku] * days + (day - first)
        flat, units, share = self._with_unknown(flat, units, share, rank, first, days)
        demand = _matrix(tuple(map(str, names[order])), flat, units, share, days, first)
        self._note_twice(flat)
        self._note_alone(day)
        return History(demand, tuple(self.problems), self.rows, self.skipped)

    def _with_unknown(
        self,
        flat: npt.NDArray[np.int64],
        units: npt.NDArray[np.float32],
        share: npt.NDArray[np.float32],
        rank: npt.NDArray[np.int64],
        first: int,
        days: int,
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Add days that have a row but no usable one, within what is known: they say nothing."""
        sku, day = (np.concatenate(part) for part in zip(*self._unknown, strict=True))
        self._unknown.clear()
        inside = (rank[sku] >= 0) & (day >= first) & (day < first + days)
        if not inside.any():
            return flat, units, share
        began = np.full(len(rank), np.iinfo(np.int64).max)
        np.minimum.at(began, flat // days, flat % days)
        spot = np.unique(rank[sku[inside]] * days + (day[inside] - first))
        spot = spot[~np.isin(spot, flat) & (spot % days > began[spot // days])]
        nothing = np.zeros(len(spot), np.float32)
        return np.append(flat, spot), np.append(units, nothing), np.append(share, nothing)

    def _first(self, comma: str) -> str:
        """Return in words what is wrong with the first row that was left out."""
        if not self.problems:
            return ""
        p = self.problems[0]
        return comma + say(
            f"第 {p.row} 行 {p.column}：{p.found}，应为 {p.expected}",
            f"row {p.row} {p.column}: found {p.found}, expected {p.expected}",
        )

    def _note_alone(self, day: npt.NDArray[np.int32]) -> None:
        """Say where the last date stands far from all others: all SKUs would have sold nothing."""
        last = int(day.max())
        before = day[day < last]
        gap = last - int(before.max()) if len(before) else 0
        if gap > ALONE:
            self.problems.append(
                Problem(self.name, None, "date",
                        say(f"最后一天 {_iso(last)} 比其他日期晚 {gap:,} 天",
                            f"the last date {_iso(last)} is {gap:,} days after all others"),
                        say("连续的日期", "dates without such a gap"),
                        say("请检查它；中间的日子都当作没有卖出",
                            "check it; the days between count as days without sales"))
            )  # fmt: skip

    def _note_twice(self, flat: npt.NDArray[np.int64]) -> None:
        seen = np.zeros(int(flat.max()) + 1, bool)
        seen[flat] = True
        twice = len(flat) - int(seen.sum())
        if twice:
            self.problems.append(
                Problem(self.name, None, "date",
                        say(f"{twice:,} 行的 SKU 和日期重复",
                            f"{twice:,} rows repeat a SKU and date"),
                        say("一个 SKU 一天一行", "one row a SKU and day"),
                        say("同一天的几行已经加在一起", "rows of one day were added up"))
            )  # fmt: skip


def _matrix(
    skus: tuple[str, ...],
    flat: npt.NDArray[np.int64],
    units: npt.NDArray[np.float32],
    share: npt.NDArray[np.float32],
    days: int,
    first: int,
) -> DemandHistory:
    n = len(skus)
    matrix = np.zeros(n * days, np.float32)
    np.add.at(matrix, flat, units)
    in_stock: Matrix = np.broadcast_to(np.float32(1), (n, days))
    if (share < 1).any():
        told = np.ones(n * days, np.float32)
        np.minimum.at(told, flat, share)
        in_stock = told.reshape(n, days)
    known = np.full(n, days, np.int64)
    np.minimum.at(known, flat // days, flat % days)
    nothing = np.broadcast_to(np.float32(np.nan), (n, days))
    begin = date(1970, 1, 1) + timedelta(days=first)
    return DemandHistory(
        skus, begin, matrix.reshape(n, days), in_stock, known, np.zeros(n, np.float32), nothing
    )


# --- columns ------------------------------------------------------------------------------


def _codes(
    column: pa.Array, known: dict[Any, int], read_one: Callable[[Any, dict[Any, int]], int]
) -> npt.NDArray[np.int64]:
    """Each row's code; every distinct value is read once. -1 where it cannot be read."""
    coded = column.dictionary_encode()
    codes = np.array([read_one(v, known) for v in coded.dictionary.to_pylist()] + [-1], np.int64)
    rows = pc.fill_null(coded.indices, len(codes) - 1).to_numpy(zero_copy_only=False)
    return np.asarray(codes[rows])


def _iso(day: int) -> str:
    return f"{date(1970, 1, 1) + timedelta(days=day)}"


def _text(value: Any, known: dict[Any, int]) -> int:
    name = str(value).strip() if value is not None else ""
    return known.setdefault(name, len(known)) if name else -1


def day_number(value: Any) -> int:
    """Return a date as days since 1970; -1 where it is none, or could be two.

    Example:
        >>> day_number("2026-03-01"), day_number("2026/3/1"), day_number("20260301")
        (20513, 20513, 20513)
        >>> day_number("03/04/2026"), day_number("2026111")
        (-1, -1)
    """
    if hasattr(value, "date"):
        value = value.date()
    if not isinstance(value, date):
        match = FORMS.match(str(value))
        if not match:
            return -1
        year, _, month, day, tight_month, tight_day = match.groups()
        try:
            value = date(int(year), int(month or tight_month), int(day or tight_day))
        except ValueError:
            return -1
    return (value - date(1970, 1, 1)).days if OLDEST <= value < NEWEST else -1


def _numbers(column: pa.Array) -> npt.NDArray[np.float64]:
    """A column as numbers; NaN where it is none."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        try:
            column = pc.cast(pc.utf8_trim_whitespace(column), pa.float64())
        except pa.ArrowInvalid:
            return np.array([_number(v) for v in column.to_pylist()])
    return np.asarray(pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False), np.float64)


def _number(text: str | None) -> float:
    try:
        return float(text) if text is not None and text.strip() else np.nan
    except ValueError:
        return np.nan
