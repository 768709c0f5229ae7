"""The filled workbook in LibreOffice: it opens, recalculates without an error, and prints."""

import importlib.util
from pathlib import Path

import openpyxl
import pytest

from stockbook.workbook.closed_book import ClosedBook
from stockbook.workbook.sheets import SHEETS
from tests.practice import practice

pytestmark = [
    pytest.mark.libreoffice,
    pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning:openpyxl"),
    pytest.mark.filterwarnings("ignore:Unable to read chart:UserWarning:openpyxl"),
]
PICTURES = Path(__file__).parents[2] / "scripts/pictures.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("pictures", PICTURES)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with practice(tmp_path_factory.mktemp("lo"), skus=24, days=30) as at:
        yield at


def test_it_recalculates_without_an_error_and_shows_what_was_written(shop, script, tmp_path):
    script.convert(shop.path, tmp_path, "xlsx")
    book = openpyxl.load_workbook(tmp_path / f"{shop.path.stem}.xlsx", data_only=True)
    cells = [cell for sheet in book for row in sheet for cell in row]
    assert [c.coordinate for c in cells if c.data_type == "e"] == []
    assert "2026-12-10 10:10" in str(book["首页"]["M1"].value)
    written = ClosedBook(shop.path)
    for spec in SHEETS:
        for row in written.read_table(spec.key):
            for i, column in enumerate(spec.columns, 1):
                seen = book[str(spec.label)].cell(row.number, i).value
                assert plain(seen) == plain(row.cells[column.key]), (spec.key, row.number, i)


def plain(value):
    """A value without the differences of two readers: 3 and 3.0, "" and nothing."""
    if isinstance(value, float):
        return round(value, 9)
    return value or None if isinstance(value, str) else value


def test_every_sheet_prints(shop, script, tmp_path):
    pages = script.pictures(shop.path, tmp_path, resolution=40)
    assert len(pages) >= len(SHEETS) + 1
    assert all(page.stat().st_size > 3000 for page in pages)
