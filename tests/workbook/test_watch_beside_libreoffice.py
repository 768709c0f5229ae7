"""A watch writes a closed workbook while LibreOffice opens, edits, saves and closes it."""

import os
import subprocess
import zipfile
from pathlib import Path

import openpyxl
import pytest

from stockbook import watcher as watcher_module
from stockbook.workbook.closed_book import ClosedBook
from tests.practice import practice
from tests.test_watch import watching

EDITOR = Path(__file__).parent / "uno_editor.py"
EDITS = int(os.environ.get("STOCKBOOK_PROVE_EDITS") or 6)
pytestmark = pytest.mark.uno


@pytest.mark.filterwarnings("ignore::UserWarning")  # openpyxl does not know all that is in there
def test_never_a_broken_file_and_never_a_lost_edit(tmp_path, monkeypatch):
    monkeypatch.setattr(watcher_module, "LOCKED_AGAIN", 0)
    with practice(tmp_path, skus=12, days=20) as at, watching(at) as watcher:
        watcher.step()
        command = ["/usr/bin/python3", str(EDITOR), str(at.path), str(EDITS)]
        editor = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        refused = 0
        while editor.poll() is None:
            at.simulation.advance(301)
            watcher.step()
            refused += bool(watcher.status.locked)
            with zipfile.ZipFile(at.path) as archive:
                assert archive.testzip() is None
        edits = editor.stdout.read().split()
        editor.stdout.close()
        assert editor.returncode == 0
        written = watcher.status.writes
        at.simulation.advance(6 * 3600)  # long enough for somebody to order
        watcher.step()
        assert watcher.status.writes > written > 1, "the watch never got its turn"
    book = openpyxl.load_workbook(at.path)
    skus = [row.cells["sku"] for row in ClosedBook(at.path).read_table("sku")]
    assert sorted(skus) == sorted({item.sku for item in at.simulation.items})
    kept = [cell.value for row in book.worksheets[0].iter_rows(min_col=61, max_col=61)
            for cell in row if cell.value]  # fmt: skip
    assert len(edits) >= EDITS // 2, "LibreOffice never got its turn"
    assert kept == [f"edit-{n}" for n in edits]
    assert refused, "they never met"
    assert list(tmp_path.glob(".stockbook-*")) == []
