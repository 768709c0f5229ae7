"""The port to a workbook: what the pipeline asks of an open or a closed one.

Everything is keyed by `sheets.py`: a sheet's key (`sku`, `alert`, …) and a column's key
(`sku`, `free`, …), never by a label or an address. Values are None, bool, int, float, str or
naive datetimes in Beijing time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from stockbook.domain.language import Language, say
from stockbook.domain.problems import WorkbookError
from stockbook.workbook.trail import Correction, Trail

Cell = Any
Keep = Callable[[Sequence[Trail]], None]


@dataclass(frozen=True)
class FormulaCell:
    """A formula where a value was expected; what it last showed may be out of date.

    A closed file keeps the result Excel computed when it last saved; what StockBook has written
    since is not in it.
    """

    shown: Cell

    def __str__(self) -> str:
        """Return what a person is told stands there."""
        return say(f"公式（上次结果 {self.shown}）", f"a formula (last result {self.shown})")


@dataclass(frozen=True)
class TableRow:
    """One data row of a table: its cells by column key, and the row number people see."""

    number: int
    cells: Mapping[str, Cell]


@dataclass(frozen=True)
class TableChange:
    """New contents of the columns StockBook owns in one table.

    Attributes:
        sheet: The sheet's key in `sheets.py`.
        rows: One mapping a row: the key column and every owned column; `seed` columns too,
            which are written only into rows that are new. Sorted as new rows should appear.
        by_position: True where rows have no key of their own (问题): the n-th mapping goes
            to the n-th data row and the rows behind them are emptied.
        columns: The columns to write, where they are not simply all outputs of the sheet.
    """

    sheet: str
    rows: Sequence[Mapping[str, Cell]]
    by_position: bool = False
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True)
class BlockChange:
    """New contents of a fixed block, found by its defined name; rows × columns, all written."""

    name: str
    cells: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Changes:
    """All that one run writes, computed before the first cell is touched.

    Attributes:
        undoable: False for what must outlast 撤销, such as the numbers of posted rows.
    """

    tables: Sequence[TableChange] = ()
    blocks: Sequence[BlockChange] = ()
    corrections: Sequence[Correction] = ()
    undoable: bool = True


@dataclass
class Written:
    """What a write did: cells changed, rows added, and what it left alone."""

    cells: int = 0
    rows_added: int = 0
    formulas_kept: list[str] = field(default_factory=list)
    duplicate_keys: list[str] = field(default_factory=list)
    filtered: list[str] = field(default_factory=list)
    miswritten: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    read_only: bool = False

    def notes(self) -> list[str]:
        """Return in words what people should know about the write."""
        said = []
        if self.formulas_kept:
            cells = "、".join(self.formulas_kept[:5])
            said.append(
                say(
                    f"{len(self.formulas_kept)} 个单元格里有你的公式，没有覆盖：{cells}",
                    f"{len(self.formulas_kept)} cells hold your formulas and were kept: {cells}",
                )
            )
        if self.miswritten:
            cells = "、".join(self.miswritten[:5])
            said.append(
                say(
                    f"Excel 改写了 {len(self.miswritten)} 个文本单元格：{cells}；"
                    "请把这些列设为“文本”格式后重试",
                    f"Excel changed {len(self.miswritten)} text cells: {cells}; "
                    "format these columns as text and try again",
                )
            )
        said += self.skipped[:1]
        if len(self.skipped) > 1:
            more = len(self.skipped) - 1
            said.append(
                say(f"首页还有 {more} 块没有写", f"{more} more blocks of Home were not written")
            )
        if self.read_only:
            said.append(
                say(
                    "工作簿是以只读方式打开的：结果保存不了，请另存为新文件",
                    "the workbook is open read-only: save it under another name to keep this",
                )
            )
        if self.filtered and self.rows_added:
            sheets = "、".join(self.filtered)
            said.append(
                say(
                    f"{sheets} 正在筛选：新增的行会显示出来，重新应用筛选即可",
                    f"{sheets} is filtered: new rows show until the filter is applied again",
                )
            )
        return said


def no_table(book: str, name: str, have: Sequence[str]) -> WorkbookError:
    """Return what to tell where a table is not found."""
    there = "、".join(have) or "–"
    return WorkbookError(
        say(
            f"{book} 里没有表 {name}；现有：{there}。如果改过表名，"
            f"请在 表格设计 → 表名称 改回 {name}；如果它或它的工作表被删除，请用备份恢复"
            "（stockbook doctor 会说备份在哪里）",
            f"{book} has no table {name}; it has: {there}. If it was renamed, name it {name} again "
            "under Table Design → Table Name; if it or its sheet was deleted, restore a backup "
            "(stockbook doctor says where they are)",
        )
    )


class Book(Protocol):
    """One workbook."""

    path: Path

    def book_id(self) -> str:
        """Return the id that finds this workbook's ledger (copies share it)."""
        ...

    def language(self) -> Language:
        """Return the language its headers are written in."""
        ...

    def refuse_if_open(self) -> None:
        """Raise WorkbookError where it cannot be written now because someone has it open."""
        ...

    def read_table(self, sheet: str) -> list[TableRow]:
        """Return a table's data rows in sheet order, by column key.

        Raises:
            WorkbookError: The table or a column StockBook needs is missing; the message names
                what is there and how to mend it.
        """
        ...

    def read_block(self, name: str) -> list[list[Cell]]:
        """Return what a fixed block shows, rows × columns.

        Raises:
            WorkbookError: There is no such name, or its cells are gone.
        """
        ...

    def annotated_rows(self, sheet: str) -> set[int]:
        """Return the rows of a table in which people's own columns hold something."""
        ...

    def apply(self, changes: Changes, keep: Keep | None = None) -> Written:
        """Write all changes or none.

        Args:
            keep: Told every cell that is about to change, before the first is written; not
                called where none is.

        Raises:
            WorkbookError: Nothing was written; the message says why and what to do.
        """
        ...
