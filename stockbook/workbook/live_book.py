"""The workbook port over a workbook that is open in Excel, through xlwings.

Everything is read and computed before the first cell is written. A table costs the same number of
calls whatever its rows: one block read of values, one of formulas, and one block write for each
stretch of neighbouring columns that changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import xlwings as xw

from stockbook.domain.language import Language, say
from stockbook.domain.problems import WorkbookError
from stockbook.workbook.book import (
    BlockChange,
    Cell,
    Changes,
    Keep,
    TableChange,
    TableRow,
    Written,
)
from stockbook.workbook.closed.refs import letters
from stockbook.workbook.live.excel import PATIENCE, Excel, ExcelBusyError, Found
from stockbook.workbook.live.grid import (
    Grid,
    as_cell,
    corrected,
    filled,
    is_formula,
    with_apostrophe,
)
from stockbook.workbook.sheets import BLOCKS, key_column, labels, language_of, sheet
from stockbook.workbook.trail import Column, Correction, Trail


class LiveBook:
    """One open workbook.

    Args:
        book: The xlwings book.
        patience: How long to wait while a person is editing a cell [s].
    """

    def __init__(
        self,
        book: xw.Book,
        *,
        patience: float = PATIENCE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._excel = Excel(book, patience, sleep)
        self.path = self._excel.path
        self._spoken: Language | None = None

    # --- the port -----------------------------------------------------------------------

    def refuse_if_open(self) -> None:
        """An open workbook is what this adapter is for."""

    def book_id(self) -> str:
        """Return the id that finds this workbook's ledger.

        Raises:
            WorkbookError: The workbook was not made by StockBook.
        """
        found = self._excel.named_value("sb_book_id")
        if found:
            return str(found)
        raise WorkbookError(
            say(
                f"{self.path.name} 不是 StockBook 工作簿（缺少名称 sb_book_id）",
                f"{self.path.name} is not a StockBook workbook (no name sb_book_id)",
            )
        )

    def language(self) -> Language:
        """Return the language its headers are written in."""
        if self._spoken is None:
            found = self._excel.named_value("sb_language")
            self._spoken = "en" if found == "en" else "zh"
            if found is None:  # the name is gone: the headers tell
                self._spoken = language_of(self._excel.table(sheet("sku").table).headers)
        return self._spoken

    def read_table(self, name: str) -> list[TableRow]:
        """Return a table's data rows in sheet order, by column key."""
        found = self._excel.table(sheet(name).table)
        places = {key: found.place(header) for key, header in self._headers(name).items()}
        return [
            TableRow(found.row + i, {key: as_cell(row[at]) for key, at in places.items()})
            for i, row in enumerate(found.values, 1)
        ]

    def read_block(self, name: str) -> list[list[Cell]]:
        """Return what a fixed block shows, rows × columns."""
        _, values, _ = self._excel.cells(name)
        return [[as_cell(cell) for cell in row] for row in values]

    def annotated_rows(self, name: str) -> set[int]:
        """Return the rows of a table in which people's own columns hold something."""
        found, ours = self._excel.table(sheet(name).table), set(self._headers(name).values())
        theirs = [i for i, header in enumerate(found.headers) if header not in ours]
        pairs = zip(found.values, found.formulas, strict=True)
        return {
            found.row + i
            for i, (row, texts) in enumerate(pairs, 1)
            if any(as_cell(row[c]) is not None and not is_formula(texts[c], row[c]) for c in theirs)
        }

    def apply(self, changes: Changes, keep: Keep | None = None) -> Written:
        """Compute every change, then write in one short burst.

        Raises:
            WorkbookError: A table or column is missing, there is no room, or Excel stayed busy.
        """
        written = Written(read_only=self._excel.is_read_only())
        grids = [(change.sheet, *self._grid(change)) for change in changes.tables]
        blocks = list(self._blocks(changes.blocks, written))
        for correction in changes.corrections:
            if correction.place in BLOCKS:
                blocks.append((correction.place, *self._corrected_block(correction)))
            else:
                grids.append((correction.place, *self._corrected_grid(correction)))
        touched = [found.table.parent for _, found, grid in grids if grid.changed]
        touched += [area.sheet for _, area, grid in blocks if grid.changed]
        self._excel.refuse_protected({sheet.name: sheet for sheet in touched})
        trails = [self._trail(place, found, grid) for place, found, grid in grids]
        trails += [_block_trail(name, grid) for name, _, grid in blocks]
        if keep and touched:
            keep([trail for trail in trails if trail.size()])
        with self._excel.burst():
            for _, found, grid in grids:
                self._write_grid(found, grid, written)
            for name, area, grid in blocks:
                self._write_block(name, area, grid, written)
        return written

    def tell(self, text: str) -> None:
        """Show progress, a result or an error in the status cell and the status bar."""
        self._excel.tell(text)

    def _headers(self, name: str) -> dict[str, str]:
        return labels(self.language())[name]

    # --- writing ------------------------------------------------------------------------

    def _grid(self, change: TableChange) -> tuple[Found, Grid]:
        """Compute one table's new cells, and check that there is room for new rows."""
        spec, headers = sheet(change.sheet), self._headers(change.sheet)
        found = self._excel.table(spec.table)
        places = {column.key: found.place(headers[column.key]) for column in spec.columns}
        own = change.columns or tuple(c.key for c in spec.columns if c.role == "output")
        key = None if change.by_position else key_column(change.sheet)
        seeds = [c.key for c in spec.columns if c.role == "seed"] if key else []
        grid = filled(
            found.values,
            found.formulas,
            change.rows,
            key=None if key is None else (key.key, places[key.key]),
            own={name: places[name] for name in own},
            seeds={name: places[name] for name in seeds},
        )
        if grid.extra:
            self._excel.check_room(found, grid.extra)
        return found, grid

    def _corrected_grid(self, correction: Correction) -> tuple[Found, Grid]:
        found = self._excel.table(sheet(correction.place).table)
        headers = self._headers(correction.place)
        ours = {found.place(headers[c.key]) for c in sheet(correction.place).columns
                if c.role == "output"}  # fmt: skip
        cells = {
            (row - found.row - 1, found.place(headers[column])): value
            for (row, column), value in correction.cells.items()
        }
        key = key_column(correction.place)
        at = None if key is None else found.place(headers[key.key])
        rows = [i for i, row in enumerate(found.values) if at is None or as_cell(row[at])]
        return found, corrected(found.values, found.formulas, cells, ours, rows)

    def _trail(self, place: str, found: Found, grid: Grid) -> Trail:
        key_of = {header: key for key, header in self._headers(place).items()}
        first = found.row + 1
        return Trail(
            place,
            {first + row: key for row, key in grid.keys.items()},
            frozenset(first + row for row in grid.added) if grid.keys else frozenset(),
            {
                key_of[found.headers[at]]: Column([first + row for row in c.rows], c.old, c.new)
                for at, c in grid.before.items()
            },
        )

    def _write_grid(self, found: Found, grid: Grid, written: Written) -> None:
        if grid.extra:
            self._excel.grow(found, grid.extra)
        for stretch in grid.stretches():
            written.miswritten += self._excel.write_stretch(found, grid, stretch)
        written.cells += grid.changed
        written.rows_added += grid.appended
        written.duplicate_keys += grid.duplicates
        written.formulas_kept += [
            f"{letters(found.column + column)}{found.row + 1 + row}" for row, column in grid.kept
        ]

    def _blocks(
        self, changes: Sequence[BlockChange], written: Written
    ) -> Iterator[tuple[str, Any, Grid]]:
        """Compute the fixed blocks; a name that people deleted does not stop the others."""
        for change in changes:
            try:
                yield change.name, *self._block(change)
            except ExcelBusyError:
                raise
            except WorkbookError as error:
                written.skipped.append(str(error))

    def _block(self, change: BlockChange) -> tuple[Any, Grid]:
        """Compute one fixed block's new cells."""
        area, values, formulas = self._excel.cells(change.name)
        names = [str(j) for j in range(len(values[0]))]
        own = {name: j for j, name in enumerate(names)}
        rows = [dict(zip(names, row, strict=True)) for row in change.cells]
        return area, filled(values, formulas, rows, key=None, own=own, seeds={})

    def _corrected_block(self, correction: Correction) -> tuple[Any, Grid]:
        area, values, formulas = self._excel.cells(correction.place)
        cells = {(row, int(column)): v for (row, column), v in correction.cells.items()}
        return area, corrected(values, formulas, cells, range(len(values[0])), range(len(values)))

    def _write_block(self, name: str, area: Any, grid: Grid, written: Written) -> None:
        if not grid.changed:
            return
        cells = [list(row) for row in grid.cells]
        kept = grid.formulas
        for i, row in enumerate(cells):
            row[:] = [c if (i, j) in kept else with_apostrophe(c) for j, c in enumerate(row)]
        self._excel.put(area, cells)
        written.cells += grid.changed
        written.formulas_kept += [name for _ in grid.kept]


def _block_trail(name: str, grid: Grid) -> Trail:
    return Trail(name, columns={str(column): cells for column, cells in grid.before.items()})
