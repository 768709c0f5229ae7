"""A closed workbook: read its tables, write our columns of them, set named cells, save.

    book = Package.open("StockBook.xlsm")
    rows = book.read_rows("tblSku")
    report = book.write_table("tblSku", "商家编码", frame, own=["可售", "预警"])
    book.save()

Nothing reaches the disk before `save`, and what did not change keeps its compressed bytes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from stockbook.domain.language import say
from stockbook.domain.problems import WorkbookError
from stockbook.workbook.book import FormulaCell, no_table
from stockbook.workbook.closed import archive
from stockbook.workbook.closed.growth import Table, follow, make_room, tables_of
from stockbook.workbook.closed.parts import Parts
from stockbook.workbook.closed.refs import bounds, letters, shifted, span
from stockbook.workbook.closed.report import Report
from stockbook.workbook.closed.sheet_part import EMPTY, New, Rewriting, SheetPart
from stockbook.workbook.closed.survey import Survey, survey
from stockbook.workbook.closed.text import MAX_TEXT, fits, key_text

Columns = Mapping[str, Sequence[Any]]


class Package:
    """A closed workbook and the changes that `save` will make to it."""

    def __init__(self, path: Path) -> None:
        self._parts = Parts(path)
        self.path = self._parts.path
        self.tables = tables_of(self._parts)

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Package:
        """Read a workbook's structure.

        Raises:
            WorkbookError: It is missing, unreadable, encrypted or no workbook.
        """
        return cls(Path(path))

    def table(self, name: str) -> Table:
        """Return a table by its display name.

        Raises:
            WorkbookError: There is none; the message lists what is there.
        """
        if name in self.tables:
            return self.tables[name]
        raise no_table(self.path.name, name, list(self.tables))

    # --- reading ------------------------------------------------------------------------

    def read_rows(
        self, name: str, columns: Sequence[str] | None = None
    ) -> list[tuple[int, dict[str, Any]]]:
        """Return (row number, cells by header) of every data row, in sheet order.

        A cell that holds a formula comes as a `FormulaCell`: its cached result may be stale.
        """
        table = self.table(name)
        wanted = {table.column(c): c for c in columns or table.columns}
        rows: dict[int, dict[str, Any]] = {
            i: dict.fromkeys(wanted.values()) for i in range(table.box.first, table.box.last + 1)
        }
        sheet = self._parts.sheet(table.sheet)
        for row in sheet.rows():
            if row.number in rows:
                for c, attributes, content in sheet.cells(row.body):
                    if c in wanted:
                        rows[row.number][wanted[c]] = self._shown(sheet, attributes, content)
        return list(rows.items())

    def read_table(self, name: str, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """Return the cells of every data row by header, in sheet order."""
        return [cells for _, cells in self.read_rows(name, columns)]

    def _shown(self, sheet: SheetPart, attributes: bytes, content: bytes) -> Any:
        value = self._parts.value(attributes, content)
        return FormulaCell(value) if sheet.is_formula(content) else value

    def read_name(self, name: str) -> Any:
        """Return what the first cell of a defined name shows."""
        return self.read_block(name)[0][0]

    def read_block(self, name: str) -> list[list[Any]]:
        """Return what the cells of a defined name show, rows × columns.

        Raises:
            WorkbookError: The name is missing, or no range of cells.
        """
        part, ref = self._parts.named_range(name)
        left, top, right, bottom = bounds(ref)
        shown: list[list[Any]] = [[None] * (right - left + 1) for _ in range(top, bottom + 1)]
        sheet = self._parts.sheet(part)
        for row in sheet.rows():
            if row.number > bottom:
                break
            if row.number >= top:
                for c, attributes, content in sheet.cells(row.body):
                    if left <= c <= right:
                        value = self._parts.value(attributes, content)
                        shown[row.number - top][c - left] = value
        return shown

    # --- writing tables -----------------------------------------------------------------

    def write_table(
        self,
        name: str,
        key: str | Sequence[str],
        values: Columns,
        own: Sequence[str],
        seed: Sequence[str] = (),
    ) -> Report:
        """Write our columns of a table, row by key; all other cells stay as they are.

        Rows whose key is not in `values` lose the values we own; rows without a key are not
        ours; new keys fill the blank rows at the table's end, then new rows below it.

        Args:
            key: The column(s) that name a row; written in new rows, never changed in old ones.
            values: A DataFrame or equally long columns: the keys, all of `own` and `seed`.
            own: The columns that are ours.
            seed: Columns written only into rows that are new.

        Raises:
            WorkbookError: A column is absent, a key is empty or stands twice in `values`, or
                there is no room below the table.
        """
        table, keys = self.table(name), [key] if isinstance(key, str) else list(key)
        sheet = self._parts.sheet(table.sheet)
        data = {table.column(c): _listed(values[c]) for c in dict.fromkeys([*keys, *own, *seed])}
        key_columns = [table.column(c) for c in keys]
        ours = sorted({table.column(c) for c in own} - set(key_columns))
        index = _index(name, [data[c] for c in key_columns])
        seen = survey(self._parts, table, sheet, key_columns, index)
        known = set(seen.source.values())
        new = [i for i in index.values() if i not in known]
        named = {i: " / ".join(key) for key, i in index.items()}
        report = self._write(table, sheet, seen, data, ours, new)
        report.keys = seen.keys | {row: named[i] for row, i in report.added.items()}
        report.duplicate_keys = seen.duplicates
        return report

    def write_rows(self, name: str, values: Columns, own: Sequence[str]) -> Report:
        """Write the n-th value of each column into the n-th data row; later rows are emptied."""
        table = self.table(name)
        sheet = self._parts.sheet(table.sheet)
        data = {table.column(c): _listed(values[c]) for c in own}
        count = max((len(column) for column in data.values()), default=0)
        seen = survey(self._parts, table, sheet, [], {})
        rows = range(table.box.first, table.box.last + 1)
        seen.source = {row: i if i < count else None for i, row in enumerate(rows)}
        seen.blanks = []
        return self._write(table, sheet, seen, data, sorted(data), range(len(rows), count))

    def put(self, name: str, cells: Mapping[int, Mapping[str, Any]]) -> Report:
        """Write single cells of a table: row number → header → value; formulas stay."""
        table, report = self.table(name), Report()
        self._put(
            table.sheet,
            {
                row: {table.column(header): value for header, value in values.items()}
                for row, values in cells.items()
            },
            report,
        )
        return report

    def _put(self, part: str, cells: Mapping[int, Mapping[int, Any]], report: Report) -> None:
        sheet, since_1904 = self._parts.sheet(part), self._parts.since_1904
        new = {
            row: {c: sheet.new(v, since_1904=since_1904) for c, v in sorted(values.items())}
            for row, values in cells.items()
        }
        self._rewrite(part, sheet, sorted(new), new.__getitem__, report)

    def _write(
        self,
        table: Table,
        sheet: SheetPart,
        seen: Survey,
        data: Mapping[int, Sequence[Any]],
        ours: Sequence[int],
        new: Sequence[int],
    ) -> Report:
        """Write the known rows, then `new` ones into blank rows and rows added below."""
        report, last = (
            Report(filtered=table.filtered, duplicate_keys=seen.duplicates),
            table.box.last,
        )
        extra = max(0, len(new) - len(seen.blanks))
        places = [*seen.blanks, *range(last + 1, last + 1 + extra)]
        report.added = appended = dict(zip(places, new, strict=False))
        totals = make_room(self._parts, self.tables, table, sheet, extra) if extra else {}
        report.updated = sum(i is not None for i in seen.source.values())
        report.appended, report.cleared = len(new), len(seen.source) - report.updated
        cleared = dict.fromkeys(ours, EMPTY)
        old_rows, new_rows = [(c, data[c]) for c in ours], list(data.items())

        def cells_of(row: int) -> Mapping[int, New]:
            if row in seen.source:
                i = seen.source[row]
                return cleared if i is None else self._cells(sheet, row, old_rows, i, report)
            if row in totals:
                return totals[row]
            cells = self._cells(sheet, row, new_rows, appended[row], report)
            return _whole_row(sheet, table, seen, row, cells)

        self._rewrite(
            table.sheet, sheet, sorted({*seen.source, *appended, *totals}), cells_of, report
        )
        report.formulas_kept = [ref for ref in report.formulas_kept if bounds(ref)[0] in data]
        if extra:
            follow(self._parts, table, sheet, extra)
        return report

    def _cells(
        self,
        sheet: SheetPart,
        row: int,
        columns: Sequence[tuple[int, Sequence[Any]]],
        i: int,
        report: Report,
    ) -> dict[int, New]:
        """Return the i-th values of some columns as cells, noting texts that were cut."""
        cells, new, since_1904 = {}, sheet.new, self._parts.since_1904
        for c, values in columns:
            value = values[i]
            cells[c] = new(value, since_1904=since_1904)
            if type(value) is str and len(value) * 2 > MAX_TEXT and fits(value) != value:
                report.truncated.append(f"{letters(c)}{row}")
        return cells

    def _rewrite(
        self,
        part: str,
        sheet: SheetPart,
        rows: Sequence[int],
        cells_of: Callable[[int], Mapping[int, New]],
        report: Report,
    ) -> None:
        how = Rewriting(self._parts.dated, self._parts.value)
        sheet.rewrite(rows, cells_of, how)
        report.changed_cells, report.formulas_kept = how.changed, how.kept
        report.before = how.before
        if how.changed:
            self._parts.sheets[part] = sheet

    # --- writing fixed cells ------------------------------------------------------------

    def write_block(self, name: str, cells: Sequence[Sequence[Any]]) -> Report:
        """Write rows × columns of values from the first cell of a defined name.

        Cells that hold a formula stay and are reported.

        Raises:
            WorkbookError: The name is missing, or the values need more room than it has.
        """
        _, ref = self._parts.named_range(name)
        left, top, right, bottom = bounds(ref)
        wide = max((len(row) for row in cells), default=0)
        if top + len(cells) - 1 > bottom or left + wide - 1 > right:
            needed = span(left, top, left + wide - 1, top + len(cells) - 1)
            raise WorkbookError(
                say(
                    f"名称 {name} 只有 {ref}，需要 {needed}；请用备份恢复它",
                    f"The name {name} covers {ref} but {needed} is needed; restore it",
                )
            )
        return self.put_in_block(name, {i: dict(enumerate(row)) for i, row in enumerate(cells)})

    def put_in_block(self, name: str, cells: Mapping[int, Mapping[int, Any]]) -> Report:
        """Write single cells of a defined name: row → column → value, both from 0."""
        part, ref = self._parts.named_range(name)
        left, top, *_ = bounds(ref)
        report = Report()
        rows = {top + i: {left + j: v for j, v in row.items()} for i, row in cells.items()}
        self._put(part, rows, report)
        return report

    def corner(self, name: str) -> tuple[int, int]:
        """Return the row and column of the first cell of a defined name."""
        left, top, *_ = bounds(self._parts.named_range(name)[1])
        return top, left

    def set_name(self, name: str, value: Any) -> None:
        """Write the one cell that a defined name means, such as 数据截至.

        Raises:
            WorkbookError: The name is missing, or its cell holds a formula.
        """
        report = self.write_block(name, [[value]])
        if report.formulas_kept:
            raise WorkbookError(
                say(
                    f"名称 {name} 的单元格 {report.formulas_kept[0]} 是公式，未覆盖",
                    f"The cell {report.formulas_kept[0]} of {name} is a formula and was kept",
                )
            )

    # --- saving -------------------------------------------------------------------------

    def save(self, backup: Path | None = None) -> bool:
        """Replace the file in one step if anything changed; return whether it did.

        Args:
            backup: Gets a copy of the file as it was.

        Raises:
            WorkbookError: The workbook is open somewhere, changed since it was read, or is
                digitally signed; nothing was written.
        """
        parts = self._parts
        archive.tidy(self.path.parent)
        if not (parts.sheets or parts.changed):
            return False
        if parts.signed:
            raise WorkbookError(
                say(
                    f"{self.path.name} 有数字签名，改动会使它失效，未写入；请先另存为无签名的副本",
                    f"{self.path.name} is digitally signed and was not written; "
                    "save a copy without the signature first",
                )
            )
        parts.recalculate_on_load()
        changed = parts.changed | {name: sheet.data for name, sheet in parts.sheets.items()}
        archive.replace(self.path, parts.zip, parts.seen, changed, parts.dropped, backup)
        self._parts = Parts(self.path)
        self.tables = tables_of(self._parts)
        return True


def _listed(column: Any) -> list[Any]:
    found: list[Any] = column.tolist() if hasattr(column, "tolist") else list(column)
    return found


def _index(name: str, keys: Sequence[Sequence[Any]]) -> dict[tuple[str, ...], int]:
    """Return key → index of its values."""
    index: dict[tuple[str, ...], int] = {}
    for i, key in enumerate(zip(*([key_text(v) for v in c] for c in keys), strict=True)):
        if not all(key) or index.setdefault(key, i) != i:
            raise WorkbookError(
                say(
                    f"要写入表 {name} 的第 {i + 1} 行：键 {' / '.join(key)} 为空或重复",
                    f"row {i + 1} to be written to {name}: key {' / '.join(key)} "
                    "is empty or stands twice",
                )
            )
    return index


def _whole_row(
    sheet: SheetPart, table: Table, seen: Survey, row: int, cells: dict[int, New]
) -> dict[int, New]:
    """Return the cells of a row that is new: formulas filled down, dressed like the first row."""
    for c, (text, base, array) in seen.formulas.items():
        formula = shifted(text, row - base) if base else text
        cells[c] = sheet.new_formula(formula, f"{letters(c)}{row}" if array else "")
    if row <= table.box.last:
        return dict(sorted(cells.items()))
    return {
        c: cells.get(c, EMPTY)._replace(style=seen.styles.get(c, 0), force=True)
        for c in range(table.box.left, table.box.right + 1)
    }
