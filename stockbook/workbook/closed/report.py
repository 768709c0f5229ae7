"""What one write into a closed workbook's table did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stockbook.workbook.trail import Column


@dataclass
class Report:
    """What one write did, and what it left alone.

    Attributes:
        updated, appended, cleared: Rows with new values, new rows, rows emptied of ours.
        changed_cells: Cells that show something else now.
        formulas_kept: Cells of ours that hold a person's formula.
        duplicate_keys: Keys that stand in several rows; all were written.
        truncated: Cells whose text was cut to what a cell holds.
        filtered: The table has an active filter.
        keys: Row number → its key; `added`: new row → index of its values.
        before: By column number, the cells that changed and what they showed.
    """

    updated: int = 0
    appended: int = 0
    cleared: int = 0
    changed_cells: int = 0
    formulas_kept: list[str] = field(default_factory=list)
    duplicate_keys: list[str] = field(default_factory=list)
    truncated: list[str] = field(default_factory=list)
    filtered: bool = False
    keys: Mapping[int, str] = field(default_factory=dict)
    added: Mapping[int, int] = field(default_factory=dict)
    before: Mapping[int, Column] = field(default_factory=dict)
