"""The blocks of 数据分析: apart from each other, and written by both adapters."""

import pytest

from stockbook.workbook.book import BlockChange, Changes
from stockbook.workbook.sheets import BLOCKS

pytestmark = pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning:openpyxl")


def test_blocks_are_written_by_both_adapters(house):
    made = []
    for name in (name for name in BLOCKS if name.startswith("sb_an_") and name != "sb_an_choice"):
        spec = BLOCKS[name]
        row = [0.5 if c.kind not in ("text", "id", "word", "date") else None for c in spec.columns]
        made.append(BlockChange(name, [row] * spec.rows))
    house.book().apply(Changes((), made))
    for change in made:
        assert house.book().read_block(change.name) == change.cells
    assert house.book().apply(Changes((), made)).cells == 0
