"""One table's new cells, aligned on its keys: what changes, what stays, what a burst writes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from stockbook.workbook.closed.text import fits, key_text, missing
from stockbook.workbook.trail import Column

Cell = Any
Cells = list[list[Cell]]
WIDEST = 10  # columns: xlwings cuts a write above 100,000 cells, which is 10,000 rows of ten


@dataclass
class Stretch:
    """Neighbouring columns `left`..`right` (from 0) over data rows `first`..`last` (from 0)."""

    left: int
    right: int
    first: int
    last: int
    cells: Cells

    def columns(self) -> range:
        """Return its columns."""
        return range(self.left, self.right + 1)


@dataclass
class Grid:
    """A table's data rows as they will be.

    Attributes:
        cells: All rows, new ones at the end; a person's formula stands as its text.
        written: The columns that are ours in every row; `fresh`: those written in new rows only.
        first_new: The first row that is new.
        rows: The rows that are ours; all others are neither written nor given a format.
        formulas: (row, column) of the cells in our columns that hold a formula.
        kept: Those of them that were ours to write.
        before: By column, the cells that change, rows from 0.
        keys: Row → its key; `added`: the rows that are new.
    """

    cells: Cells
    written: tuple[int, ...]
    fresh: tuple[int, ...]
    first_new: int
    rows: Sequence[int] = ()
    extra: int = 0
    appended: int = 0
    changed: int = 0
    formulas: set[tuple[int, int]] = field(default_factory=set)
    kept: list[tuple[int, int]] = field(default_factory=list)
    before: dict[int, Column] = field(default_factory=dict)
    keys: dict[int, str] = field(default_factory=dict)
    added: frozenset[int] = frozenset()
    duplicates: list[str] = field(default_factory=list)

    def has_formula(self, column: int) -> bool:
        """Tell whether a formula stands in one of our columns."""
        return any(at == column for _, at in self.formulas)

    def set(self, row: int, column: int, new: Cell) -> None:
        """Give a cell another value and note the one it had."""
        old = self.cells[row][column]
        if old != new or type(old) is not type(new):
            self.cells[row][column] = new
            self.changed += 1
            self.before.setdefault(column, Column([], [], [])).note(row, old, new)

    def stretches(self) -> list[Stretch]:
        """Return what to write: few blocks, however many rows there are; no formula is touched."""
        mixed = {column for _, column in self.formulas}
        changed = set(self.before) & set(self.written)
        places: list[tuple[list[int], Sequence[int]]] = [
            (run, self.rows) for run in _runs(sorted(changed - mixed))
        ]
        for column in sorted(changed & mixed):
            rows = [row for row in self.rows if (row, column) not in self.formulas]
            places.append(([column], rows))
        places += [
            (run, sorted({row for column in run for row in self.before[column].rows}))
            for run in _runs(sorted(set(self.before) & set(self.fresh)))
        ]
        return [
            self._stretch(run, rows[0], rows[-1])
            for run, ours in places
            for rows in _runs(ours, most=0)
        ]

    def _stretch(self, run: Sequence[int], first: int, last: int) -> Stretch:
        left, right = run[0], run[-1]
        rows = [row[left : right + 1] for row in self.cells[first : last + 1]]
        return Stretch(left, right, first, last, rows)


def _runs(columns: Sequence[int], most: int = WIDEST) -> list[list[int]]:
    """Return neighbouring numbers together, at most `most` of them (0: any number)."""
    runs: list[list[int]] = []
    for column in columns:
        if runs and column == runs[-1][-1] + 1 and not 0 < most <= len(runs[-1]):
            runs[-1].append(column)
        else:
            runs.append([column])
    return runs


def filled(
    values: Sequence[Sequence[Cell]],
    formulas: Sequence[Sequence[Cell]],
    rows: Sequence[Mapping[str, Cell]],
    *,
    key: tuple[str, int] | None,
    own: Mapping[str, int],
    seeds: Mapping[str, int],
) -> Grid:
    """Return a table's cells after a change.

    Args:
        values, formulas: The data rows as they stand.
        rows: The change: one mapping a row, by column key.
        key: The key column's name and place, or None where rows go by position.
        own: Our columns and their places; `seeds` are filled in new rows only.
    """
    width = len(values[0]) if values else 0
    source, blanks, duplicates = _aligned(values, formulas, rows, key)
    matched = {i for i in source.values() if i is not None}
    new = [i for i in range(len(rows)) if i not in matched] if key else _rest(values, rows)
    extra = max(0, len(new) - blanks)
    first_new = len(values) - blanks
    cells = [[as_cell(cell) for cell in row] for row in values]
    cells += [[None] * width for _ in range(extra)]
    fresh = {**seeds, **({key[0]: key[1]} if key else {})}
    grid = Grid(cells, tuple(own.values()), tuple(fresh.values()), first_new, extra=extra)
    grid.appended, grid.duplicates = len(new), duplicates
    grid.added = frozenset(range(first_new, first_new + len(new)))
    grid.rows = sorted({*source, *grid.added})
    _keep_formulas(grid, values, formulas)
    for row, i in source.items():
        _fill(grid, row, rows[i] if i is not None else {}, own)
    for row, i in enumerate(new, first_new):
        _fill(grid, row, rows[i], {**own, **fresh})
    if key:
        grid.keys = {row: key_text(grid.cells[row][key[1]]) for row in {*source, *grid.added}}
    return grid


def corrected(
    values: Sequence[Sequence[Cell]],
    formulas: Sequence[Sequence[Cell]],
    cells: Mapping[tuple[int, int], Cell],
    ours: Container[int],
    rows: Sequence[int],
) -> Grid:
    """Return a table's or block's cells with single ones set anew, by row and column from 0.

    Args:
        ours: The columns that are ours in every one of our `rows`, which are written whole.
    """
    columns = {column for _, column in cells}
    whole = tuple(column for column in columns if column in ours)
    rest = tuple(columns - set(whole))
    shown = [[as_cell(cell) for cell in row] for row in values]
    grid = Grid(shown, whole, rest, len(values), rows)
    _keep_formulas(grid, values, formulas)
    for (row, column), value in cells.items():
        if (row, column) in grid.formulas:
            grid.kept.append((row, column))
        else:
            grid.set(row, column, as_cell(value))
    return grid


def _keep_formulas(
    grid: Grid, values: Sequence[Sequence[Cell]], formulas: Sequence[Sequence[Cell]]
) -> None:
    """Put the formulas that stand in the columns to write in place of what they show."""
    for row, texts in enumerate(formulas):
        for column in (*grid.written, *grid.fresh):
            if is_formula(texts[column], values[row][column]):
                grid.cells[row][column] = texts[column]
                grid.formulas.add((row, column))


def _rest(values: Sequence[Sequence[Cell]], rows: Sequence[Mapping[str, Cell]]) -> list[int]:
    return list(range(len(values), len(rows)))


def _aligned(
    values: Sequence[Sequence[Cell]],
    formulas: Sequence[Sequence[Cell]],
    rows: Sequence[Mapping[str, Cell]],
    key: tuple[str, int] | None,
) -> tuple[dict[int, int | None], int, list[str]]:
    """Return row → index of its values, how many rows at the end are blank, and double keys."""
    if key is None:
        return {i: i if i < len(rows) else None for i in range(len(values))}, 0, []
    index = {key_text(row.get(key[0])): i for i, row in enumerate(rows)}
    source: dict[int, int | None] = {}
    seen: set[str] = set()
    duplicates = []
    for number, row in enumerate(values):
        text = key_text(row[key[1]])
        if text:
            source[number] = index.get(text)
            duplicates += [text] if text in seen else []
            seen.add(text)
    filled_down = {
        column
        for column in range(len(values[0]) if values else 0)
        if all(is_formula(f[column], v[column]) for v, f in zip(values, formulas, strict=True))
    }
    blanks = 0
    while blanks < len(values) and _is_blank(
        values[-1 - blanks], formulas[-1 - blanks], filled_down
    ):
        blanks += 1
    return source, blanks, duplicates


def _is_blank(
    values: Sequence[Cell], formulas: Sequence[Cell], filled_down: Container[int]
) -> bool:
    """Tell whether a row holds nothing but what a column's formula fills into every row."""
    return all(
        column in filled_down or (shown in (None, "") and not is_formula(text, shown))
        for column, (shown, text) in enumerate(zip(values, formulas, strict=True))
    )


def is_formula(text: Cell, shown: Cell) -> bool:
    """Tell whether a cell computes something, by its formula's text and what it shows.

    Excel gives a text that begins with = as its own formula: then both are the same.

    Example:
        >>> is_formula("=1+1", 2.0), is_formula("=1+1", "=1+1"), is_formula("7", 7.0)
        (True, False, False)
    """
    return isinstance(text, str) and len(text) > 1 and text.startswith("=") and text != shown


def _fill(grid: Grid, row: int, change: Mapping[str, Cell], own: Mapping[str, int]) -> None:
    """Put one row's new values into our columns; a person's formula stays."""
    for name, at in own.items():
        if (row, at) in grid.formulas:
            grid.kept.append((row, at))
        else:
            grid.set(row, at, as_cell(change.get(name)))


def as_cell(value: Any) -> Cell:
    """Return a value as Excel hands it back: whole numbers as floats, no empty text.

    Example:
        >>> as_cell(3), as_cell(""), as_cell(True), as_cell("00123")
        (3.0, None, True, '00123')
    """
    value = value.item() if hasattr(value, "item") else value
    if missing(value) or value == "":
        return None
    if isinstance(value, (bool, dt.datetime)):
        return value
    if isinstance(value, dt.date):
        return dt.datetime.combine(value, dt.time())
    if isinstance(value, (int, float, Decimal)):
        return float(value)
    return fits(str(value))


def risky(value: Cell) -> bool:
    """Tell whether Excel might take a text for something else: a formula, number, date or truth.

    Example:
        >>> [risky(x) for x in ("告急", "00123", "=1+1", "3月5日", "TRUE", 3.0, None)]
        [False, True, True, True, True, False, False]
    """
    if not isinstance(value, str) or not value:
        return False
    odd = not (value[0].isalpha() or value[0] in "（“《【·–")
    return odd or any(c.isdigit() for c in value) or value.upper() in ("TRUE", "FALSE")


def with_apostrophe(value: Cell) -> Cell:
    """Return a text so that Excel takes it as text whatever the cell's format.

    Example:
        >>> with_apostrophe("=1+1"), with_apostrophe("告急"), with_apostrophe(3.0)
        ("'=1+1", '告急', 3.0)
    """
    return f"'{value}" if risky(value) else value
