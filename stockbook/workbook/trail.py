"""What one write changes, cell by cell, so that it can be taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Cell = Any


class Column(NamedTuple):
    """The changed cells of one column: row numbers, what stood there, what was written."""

    rows: list[int]
    old: list[Cell]
    new: list[Cell]

    def note(self, row: int, old: Cell, new: Cell) -> None:
        """Add a cell."""
        self.rows.append(row)
        self.old.append(old)
        self.new.append(new)


@dataclass(frozen=True)
class Trail:
    """What one write changes in one table or fixed block.

    Attributes:
        place: The sheet's key, or the block's name.
        keys: Row number → the row's key; empty where rows go by position.
        added: The rows that were new.
        columns: Column key (in blocks: its place from 0, as text) → its changed cells.
    """

    place: str
    keys: Mapping[int, str] = field(default_factory=dict)
    added: frozenset[int] = frozenset()
    columns: Mapping[str, Column] = field(default_factory=dict)

    def size(self) -> int:
        """Return how many cells change."""
        return sum(len(column.rows) for column in self.columns.values())


@dataclass(frozen=True)
class Correction:
    """Single cells of one table or block to set, by row number and column key."""

    place: str
    cells: Mapping[tuple[int, str], Cell]
