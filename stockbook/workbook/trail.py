"""What one write changes, cell by cell, so that it can be taken back."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from stockbook.workbook.closed.text import fits, missing

Cell = Any
MONEY = 4  # places of money that Excel keeps


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


def alike(one: Cell, other: Cell) -> bool:
    """Tell whether two cells show the same, as Excel keeps them.

    Example:
        >>> alike(3, 3.0), alike("", None), alike(True, 1), alike("3", 3)
        (True, True, False, False)
    """
    empty = [missing(cell) or cell == "" for cell in (one, other)]
    if any(empty):
        return all(empty)
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        rounded = round(one, MONEY) == other or round(other, MONEY) == one
        return rounded or math.isclose(one, other, rel_tol=1e-9)
    if isinstance(one, dt.datetime) and isinstance(other, dt.datetime):
        return abs(one - other) < dt.timedelta(seconds=1)
    return isinstance(one, str) and isinstance(other, str) and fits(one) == fits(other)
