"""The workbook port over a closed file: for the terminal, schedulers, servers and WPS users."""

from __future__ import annotations

from pathlib import Path

from stockbook.domain.language import Language, say
from stockbook.domain.problems import WorkbookError
from stockbook.workbook.book import BlockChange, Changes, TableChange, TableRow, Written
from stockbook.workbook.closed.archive import refuse_if_open
from stockbook.workbook.closed.package import Package
from stockbook.workbook.sheets import key_column, labels, sheet


class ClosedBook:
    """One closed .xlsx or .xlsm; opening it reads the file, `apply` replaces it in one step."""

    def __init__(self, path: Path) -> None:
        self.path = path
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
        return "en" if self._named("sb_language") == "en" else "zh"

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
        rows = self._package.read_rows(sheet(name).table, list(keys))
        return [
            TableRow(number, {keys[label]: value for label, value in values.items()})
            for number, values in rows
        ]

    def _headers(self, name: str) -> dict[str, str]:
        return labels(self.language())[name]

    def apply(self, changes: Changes) -> Written:
        """Write all changes in one atomic replacement of the file, or none."""
        written = Written()
        for table in changes.tables:
            self._write_table(table, written)
        for block in changes.blocks:
            self._write_block(block, written)
        self._package.save()
        return written

    def _write_table(self, change: TableChange, written: Written) -> None:
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

    def _write_block(self, change: BlockChange, written: Written) -> None:
        report = self._package.write_block(change.name, change.cells)
        written.cells += report.changed_cells
        written.formulas_kept += report.formulas_kept
