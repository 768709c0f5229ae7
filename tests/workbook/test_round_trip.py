"""Texts that Excel or LibreOffice might take for something else, there and back again."""

import pytest

from scripts import pictures
from stockbook.workbook.book import Changes, TableChange
from stockbook.workbook.closed_book import ClosedBook
from tests.workbook.test_books import TEXTS, alert

pytestmark = [
    pytest.mark.libreoffice,
    pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning:openpyxl"),
]


def test_req_25_texts_survive_the_adapter_and_libreoffice(house, tmp_path):
    written = [alert(f"0{i}", reason=text) for i, text in enumerate(TEXTS)]
    written += [alert(text) for text in TEXTS[:14] if text.strip() == text]
    house.book().apply(Changes([TableChange("alert", written)]))
    saved = house.saved(tmp_path)
    pictures.convert(saved, tmp_path / "office", "xlsx")
    for file in (saved, tmp_path / "office" / f"{saved.stem}.xlsx"):
        found = [r.cells for r in ClosedBook(file).read_table("alert") if r.cells["sku"]]
        assert [(row["sku"], row["reason"]) for row in found] == [
            (row["sku"], row.get("reason")) for row in written
        ]
