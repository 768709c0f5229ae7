"""What stands in a table before it is written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stockbook.workbook.closed.growth import Table
from stockbook.workbook.closed.parts import Parts
from stockbook.workbook.closed.sheet_part import Row, SheetPart, style_of
from stockbook.workbook.closed.text import key_text, unescape

Key = tuple[str, ...]


@dataclass
class Survey:
    """Rows by key, and what a new row is made of.

    Attributes:
        source: Row number → index of its key's values, None where there are none.
        blanks: Blank rows at the table's end.
        styles: The first row's style by column.
        formulas: Column → its formula, the row it is spelled in (0: anywhere), array or not.
        keys: Row number → its key.
        duplicates: Keys that stand in several rows.
    """

    source: dict[int, int | None] = field(default_factory=dict)
    keys: dict[int, str] = field(default_factory=dict)
    blanks: list[int] = field(default_factory=list)
    styles: dict[int, int] = field(default_factory=dict)
    formulas: dict[int, tuple[str, int, bool]] = field(default_factory=dict)
    duplicates: list[str] = field(default_factory=list)


def survey(
    parts: Parts,
    table: Table,
    sheet: SheetPart,
    key_columns: Sequence[int],
    index: Mapping[Key, int],
) -> Survey:
    """Look through a table's rows once."""
    box, found, seen = table.box, Survey(), set[Key]()
    found.formulas = {c: (text, 0, array) for c, (text, array) in table.calculated.items()}
    last_used = Row(box.first - 1)
    for row in sheet.rows():
        if not box.first <= row.number <= box.last:
            continue
        keys = sheet.some(row.body, key_columns) if key_columns else {}
        key = tuple(key_text(parts.value(*keys[c])) if c in keys else "" for c in key_columns)
        named = bool(key) and all(key)
        if named and box.first < row.number < box.last:  # most rows: nothing more to see
            last_used = row
            _note_key(found, row.number, key, index, seen)
            continue
        cells = {c: (a, content) for c, a, content in sheet.cells(row.body)}
        if named:
            _note_key(found, row.number, key, index, seen)
        if named or any(
            content
            for c, (_, content) in cells.items()
            if box.left <= c <= box.right and c not in table.calculated
        ):
            last_used = row
        if row.number == box.first:
            found.styles = {c: style_of(a) for c, (a, _) in cells.items()}
        if row.number == box.first or (row is last_used and row.number == box.last):
            _note_formulas(found, sheet, row.number, cells)
    found.blanks = list(range(last_used.number + 1, box.last + 1))
    return found


def _note_key(found: Survey, row: int, key: Key, index: Mapping[Key, int], seen: set[Key]) -> None:
    found.source[row] = index.get(key)
    found.keys[row] = name = " / ".join(key)
    if key in seen:
        found.duplicates.append(name)
    seen.add(key)


def _note_formulas(
    found: Survey, sheet: SheetPart, row: int, cells: Mapping[int, tuple[bytes, bytes]]
) -> None:
    """Note how a column's formula is spelled here: it is filled down from the last such row."""
    for c, (_, content) in cells.items():
        text = re.search(rb"<%bf(?:\s[^>]*)?>([^<]+)<" % sheet.prefix, content)
        if c in found.formulas and text:
            found.formulas[c] = (unescape(text[1]), row, found.formulas[c][2])
