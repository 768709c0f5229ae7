"""The workbook port over a closed file: for the terminal, schedulers, servers and WPS users."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lxml import etree

from stockbook.domain.language import Language, say
from stockbook.domain.problems import WorkbookError
from stockbook.workbook.book import (
    BlockChange,
    Cell,
    Changes,
    FormulaCell,
    Keep,
    TableChange,
    TableRow,
    Written,
)
from stockbook.workbook.closed.archive import put_in_place, refuse_if_open, stamp
from stockbook.workbook.closed.package import Package
from stockbook.workbook.sheets import BLOCKS, key_column, labels, language_of, sheet
from stockbook.workbook.trail import Column, Correction, Trail


@contextmanager
def damaged(path: Path) -> Iterator[None]:
    """Say that a file is damaged where reading it meets what no workbook holds."""
    try:
        yield
    except (LookupError, ValueError, etree.XMLSyntaxError) as error:
        raise WorkbookError(
            say(
                f"{path.name} 已损坏（{type(error).__name__}：{error}）；请用备份恢复"
                "（stockbook doctor 会说备份在哪里）",
                f"{path.name} is damaged ({type(error).__name__}: {error}); restore a backup "
                "(stockbook doctor says where they are)",
            )
        ) from error


class ClosedBook:
    """One closed .xlsx or .xlsm; opening it reads the file, `apply` replaces it in one step."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with damaged(path):
            self._package = Package.open(path)

    def refuse_if_open(self) -> None:
        """Raise WorkbookError where someone has the workbook open."""
        refuse_if_open(self.path)

    def book_id(self) -> str:
        """Return the id that finds this workbook's ledger.

        Raises:
            WorkbookError: The workbook was not made by StockBook.
        """
        found = self._named("sb_book_id")
        if found:
            return found
        raise WorkbookError(
            say(
                f"{self.path.name} 不是 StockBook 工作簿（缺少名称 sb_book_id）；"
                "请用 stockbook new 新建一本",
                f"{self.path.name} is not a StockBook workbook (no name sb_book_id); "
                "make one with stockbook new",
            )
        )

    def language(self) -> Language:
        """Return the language its headers are written in."""
        found = self._named("sb_language")
        if not found:  # the name is gone: the headers tell
            table = self._package.tables.get(sheet("sku").table)
            return language_of(table.columns if table else ())
        return "en" if found == "en" else "zh"

    def _named(self, name: str) -> str:
        try:
            value = self._package.read_name(name)
        except WorkbookError:
            return ""
        return "" if value is None else str(value)

    def read_table(self, name: str) -> list[TableRow]:
        """Return a table's data rows in sheet order, by column key."""
        headers = self._headers(name)
        keys = {label: key for key, label in headers.items()}
        with damaged(self.path):
            rows = self._package.read_rows(sheet(name).table, list(keys))
        return [
            TableRow(number, {keys[label]: value for label, value in values.items()})
            for number, values in rows
        ]

    def _headers(self, name: str) -> dict[str, str]:
        return labels(self.language())[name]

    def read_block(self, name: str) -> list[list[Cell]]:
        """Return what a fixed block shows, rows × columns."""
        with damaged(self.path):
            return self._package.read_block(name)

    def annotated_rows(self, name: str) -> set[int]:
        """Return the rows of a table in which people's own columns hold something."""
        table, ours = sheet(name).table, set(self._headers(name).values())
        theirs = [c for c in self._package.table(table).columns if c not in ours]
        rows = self._package.read_rows(table, theirs) if theirs else []
        return {
            number
            for number, values in rows
            if any(v is not None and not isinstance(v, FormulaCell) for v in values.values())
        }

    def apply(self, changes: Changes, keep: Keep | None = None) -> Written:
        """Write all changes in one atomic replacement of the file, or none."""
        written = Written()
        trails = [self._write_table(table, written) for table in changes.tables]
        for block in changes.blocks:
            try:
                trails.append(self._write_block(block, written))
            except WorkbookError as error:  # a sheet people deleted does not stop the others
                written.skipped.append(str(error))
        for correction in changes.corrections:
            self._correct(correction, written)
        if keep and written.cells:
            keep([trail for trail in trails if trail.size()])
        self._package.save()
        return written

    def put_back(self, backup: Path) -> None:
        """Replace the file by a copy of what it was, in one step."""
        file = self._package.path  # what a link points to
        refuse_if_open(file)
        put_in_place(file, lambda out: out.write(backup.read_bytes()), stamp(file))
        self._package = Package.open(self.path)

    def _write_table(self, change: TableChange, written: Written) -> Trail:
        spec, headers = sheet(change.sheet), self._headers(change.sheet)
        role = {column.key: column.role for column in spec.columns}
        own = change.columns or tuple(k for k, r in role.items() if r == "output")
        if change.by_position:
            columns = {headers[k]: [row[k] for row in change.rows] for k in own}
            report = self._package.write_rows(spec.table, columns, list(columns))
        else:
            key = key_column(change.sheet)
            if key is None:
                raise ValueError(f"{change.sheet} has no key column")
            first = change.rows[0] if change.rows else {}
            seed = [k for k, r in role.items() if r == "seed" and k in first]
            names = [key.key, *own, *seed]
            values = {headers[k]: [row.get(k) for row in change.rows] for k in names}
            report = self._package.write_table(
                spec.table,
                headers[key.key],
                values,
                [headers[k] for k in own],
                seed=[headers[k] for k in seed],
            )
        written.cells += report.changed_cells
        written.rows_added += report.appended
        written.formulas_kept += report.formulas_kept
        written.duplicate_keys += report.duplicate_keys
        written.filtered += [str(spec.label)] if report.filtered and report.appended else []
        table, key_of = self._package.table(spec.table), {v: k for k, v in headers.items()}
        before = {key_of[table.columns[c - table.box.left]]: v for c, v in report.before.items()}
        return Trail(change.sheet, report.keys, frozenset(report.added), before)

    def _write_block(self, change: BlockChange, written: Written) -> Trail:
        report = self._package.write_block(change.name, change.cells)
        written.cells += report.changed_cells
        written.formulas_kept += report.formulas_kept
        top, left = self._package.corner(change.name)
        return Trail(
            change.name,
            columns={
                str(c - left): Column([row - top for row in v.rows], v.old, v.new)
                for c, v in report.before.items()
            },
        )

    def _correct(self, correction: Correction, written: Written) -> None:
        rows: dict[int, dict[str, Cell]] = {}
        for (row, column), value in correction.cells.items():
            rows.setdefault(row, {})[column] = value
        if correction.place in BLOCKS:
            cells = {r: {int(c): v for c, v in values.items()} for r, values in rows.items()}
            report = self._package.put_in_block(correction.place, cells)
        else:
            headers = self._headers(correction.place)
            named = {r: {headers[c]: v for c, v in values.items()} for r, values in rows.items()}
            report = self._package.put(sheet(correction.place).table, named)
        written.cells += report.changed_cells
        written.formulas_kept += report.formulas_kept
