"""撤销: put back the cells a write changed, where nobody has changed them since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stockbook.domain.language import Language, say
from stockbook.domain.problems import WorkbookError
from stockbook.workbook.book import Book, Cell, Changes, Keep, TableRow, Written
from stockbook.workbook.closed.text import key_text, missing
from stockbook.workbook.closed_book import ClosedBook
from stockbook.workbook.history import History, Step, digest
from stockbook.workbook.sheets import BLOCKS, column, key_column, sheet
from stockbook.workbook.trail import Correction, Trail, alike


@dataclass(frozen=True)
class Undone:
    """What was taken back.

    Attributes:
        cells: How many cells show again what they showed before.
        left: Cells that people changed since, by sheet, row and column; they stay.
        whole: The file is byte for byte as it was.
    """

    action: str
    at: int
    cells: int
    left: tuple[str, ...] = ()
    whole: bool = False
    language: Language = "zh"


class KeptBook:
    """A workbook whose writes can be taken back."""

    def __init__(self, book: Book, history: History, action: str, at: int) -> None:
        self._book, self._history, self._action, self._at = book, history, action, at
        self.path = book.path

    def book_id(self) -> str:
        """Return the id that finds this workbook's ledger."""
        return self._book.book_id()

    def language(self) -> Language:
        """Return the language its headers are written in."""
        return self._book.language()

    def refuse_if_open(self) -> None:
        """Raise WorkbookError where it cannot be written now."""
        self._book.refuse_if_open()

    def read_table(self, name: str) -> list[TableRow]:
        """Return a table's data rows."""
        return self._book.read_table(name)

    def read_block(self, name: str) -> list[list[Cell]]:
        """Return what a fixed block shows."""
        return self._book.read_block(name)

    def annotated_rows(self, name: str) -> set[int]:
        """Return the rows in which people's own columns hold something."""
        return self._book.annotated_rows(name)

    def apply(self, changes: Changes, keep: Keep | None = None) -> Written:
        """Write all changes or none, and keep what stood there."""
        if not changes.undoable:
            return self._book.apply(changes, keep)
        steps: list[Step] = []

        def note(trails: Sequence[Trail]) -> None:
            steps.append(self._history.keep(self._action, self._at, trails, self._digest()))
            if keep:
                keep(trails)

        try:
            written = self._book.apply(changes, note)
        except Exception:
            if isinstance(self._book, ClosedBook):  # all or nothing: nothing
                for step in steps:
                    self._history.forget(step.number)
            raise
        for step in steps:
            self._history.finish(step, self._digest())
        return written

    def _digest(self) -> str:
        return digest(self.path) if isinstance(self._book, ClosedBook) else ""


def undo(book: Book, history: History) -> Undone:
    """Take the newest write back.

    Raises:
        WorkbookError: There is none, or the workbook cannot be written; nothing was changed.
    """
    step = history.last()
    if step is None:
        raise WorkbookError(
            say(
                f"{book.path.name} 没有可撤销的写入（最多保留最近 10 次；改名或复制后不再跟随）",
                f"there is no write into {book.path.name} to take back (the last 10 are kept; "
                "they do not follow a renamed or copied file)",
            )
        )
    undone = _whole_file(book, step) or _cell_by_cell(book, step)
    history.forget(step.number)
    return undone


def _whole_file(book: Book, step: Step) -> Undone | None:
    """Put the old file back where nobody has touched the new one since."""
    if not (isinstance(book, ClosedBook) and step.after and step.backup):
        return None
    if not step.backup.is_file() or digest(step.backup) != step.before:
        return None
    if digest(book.path) != step.after:
        return None
    book.put_back(step.backup)
    cells = sum(trail.size() for trail in step.trails)
    return Undone(step.action, step.at, cells, whole=True, language=book.language())


def _cell_by_cell(book: Book, step: Step) -> Undone:
    corrections, left = [], list[str]()
    for trail in step.trails:
        places = _block_places(book, trail) if trail.place in BLOCKS else _rows(book, trail)
        cells = _unchanged(trail, places, left)
        _spare_used_rows(book, trail, places, cells, left)
        corrections.append(Correction(trail.place, cells))
    written = book.apply(Changes(corrections=corrections))
    left += written.formulas_kept
    return Undone(step.action, step.at, written.cells, tuple(left), language=book.language())


def _rows(book: Book, trail: Trail) -> dict[int, TableRow]:
    """Return where each row of a write stands now: by key, else by position."""
    rows = book.read_table(trail.place)
    here = {row.number: row for row in rows}
    key = key_column(trail.place)
    if key is None or not trail.keys:
        return here
    code = {row.number: key_text(row.cells[key.key]) for row in rows}
    found = {n: here[n] for n, wanted in trail.keys.items() if code.get(n) == wanted}
    others: dict[str, list[TableRow]] = {}
    for row in rows:
        if row.number not in found:
            others.setdefault(code[row.number], []).append(row)
    for number, wanted in trail.keys.items():
        if number not in found and others.get(wanted):  # each row is found once
            found[number] = others[wanted].pop(0)
    return found


def _block_places(book: Book, trail: Trail) -> dict[int, TableRow]:
    shown = book.read_block(trail.place)
    return {i: TableRow(i, {str(j): v for j, v in enumerate(row)}) for i, row in enumerate(shown)}


def _unchanged(
    trail: Trail, places: Mapping[int, TableRow], left: list[str]
) -> dict[tuple[int, str], Cell]:
    """Return the cells that still show what was written, with what they showed before."""
    cells: dict[tuple[int, str], Cell] = {}
    for name, changed in trail.columns.items():
        for number, old, new in zip(*changed, strict=True):
            row = places.get(number)
            shown = row.cells.get(name) if row else None
            if row and alike(shown, new):
                cells[row.number, name] = old
            elif not (row and alike(shown, old)):
                left.append(_where(trail, row.number if row else None, name, number))
    return cells


def _spare_used_rows(
    book: Book,
    trail: Trail,
    places: Mapping[int, TableRow],
    cells: dict[tuple[int, str], Cell],
    left: list[str],
) -> None:
    """Leave key and first values of a new row that people have put something into since."""
    if not trail.added or not trail.keys:
        return
    spec, annotated = sheet(trail.place), book.annotated_rows(trail.place)
    inputs = [c.key for c in spec.columns if c.role == "input"]
    stay = [c.key for c in spec.columns if c.role in ("key", "seed")]
    for number in sorted(trail.added & places.keys()):
        row = places[number]
        filled = any(not missing(row.cells[name]) for name in inputs)
        touched = any((row.number, name) not in cells for name in stay if name in trail.columns)
        if filled or touched or row.number in annotated:
            for name in stay:
                cells.pop((row.number, name), None)
            left.append(_where(trail, row.number, stay[0]))


def _where(trail: Trail, row: int | None, name: str, was: int = 0) -> str:
    """Return a cell's place in words: sheet, row (or the key of a row that is gone), column."""
    if trail.place in BLOCKS:
        return f"{trail.place} {(was if row is None else row) + 1}:{int(name) + 1}"
    spec = sheet(trail.place)
    place = row if row is not None else trail.keys.get(was, was)
    return f"{spec.label} {place} {column(trail.place, name).label}"
