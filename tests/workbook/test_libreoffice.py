"""The filled workbook in LibreOffice: it opens, recalculates without an error, and prints."""

import importlib.util
import subprocess
import time
from pathlib import Path

import openpyxl
import pytest

from stockbook.domain.clock import beijing
from stockbook.workbook.closed.package import Package
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


def card_of(shop, script, folder, choice):
    """What 商品卡片 shows after a person has entered `choice`: code, figures, what to do, chart."""
    copy = folder / f"card{len(choice)}.xlsm"
    copy.write_bytes(shop.path.read_bytes())
    if choice:
        package = Package.open(copy)
        package.set_name("sb_sku_choice", choice)
        package.save()
    script.convert(copy, folder, "xlsx")
    book = openpyxl.load_workbook(folder / f"{copy.stem}.xlsx", data_only=True)
    card, data = book["商品卡片"], book["图数据"]
    figures = [card.cell(8, column).value for column in range(2, 13, 2)]
    chart = [[data.cell(row, column).value for column in range(11, 19)] for row in range(2, 44)]
    return data["H8"].value, figures, card["C5"].value, chart


def test_the_card_shows_the_sku_that_was_chosen_by_code_or_by_part_of_its_name(
    shop, script, tmp_path
):
    book = ClosedBook(shop.path)
    skus = [row.cells for row in book.read_table("sku")]
    alerts = {row.cells["sku"]: row.cells for row in book.read_table("alert")}
    history = {row.cells["sku"]: row.cells for row in book.read_table("history")}
    first = book.read_block("sb_home_countdown")[0][2]
    wanted = next(row for row in skus if row["sku"] in alerts and row["sku"] != first)
    keys = ("time_to_zero", "free", "in_transit", "sales_7d_mean", "reorder_point", "suggested")
    for choice in (wanted["sku"], wanted["name"][1:]):
        code, figures, do, chart = card_of(shop, script, tmp_path, choice)
        assert code == wanted["sku"]
        assert figures == pytest.approx(["–" if wanted[k] is None else wanted[k] for k in keys])
        assert do.startswith(alerts[code]["action"])
        past = history[code]
        assert [row[4] for row in chart[:28]] == [past[f"sold_{i}"] or 0 for i in range(28, 0, -1)]
        assert [row[1] for row in chart[:28]] == [past[f"free_{i}"] or 0 for i in range(28, 0, -1)]
        assert [row[1] for row in chart[28:]] == [None] * 14  # the line must not reach them
        assert [row[4] for row in chart[28:]] == [None] * 14


def test_without_a_choice_the_card_shows_what_runs_out_first(shop, script, tmp_path):
    code, *_ = card_of(shop, script, tmp_path, "")
    assert code == ClosedBook(shop.path).read_block("sb_home_countdown")[0][2]


def test_a_choice_that_names_nothing_shows_nothing(shop, script, tmp_path):
    code, figures, do, chart = card_of(shop, script, tmp_path, "没有这个商品")
    assert (code, figures, do) == (None, ["–"] * 6, None)
    assert {row[4] for row in chart[:28]} == {0}


def test_req_16_stale_data_give_no_advice_and_fresh_data_do(shop, script, tmp_path):
    """The practice shop's data are of another day than this computer's clock."""
    copy = tmp_path / "fresh.xlsm"
    copy.write_bytes(shop.path.read_bytes())
    package = Package.open(copy)
    package.set_name("sb_as_of", beijing(int(time.time())))
    package.save()
    action = "".join(ClosedBook(copy).read_table("alert")[0].cells["action"].split())[:6]
    stale, fresh = (printed(script, path, tmp_path) for path in (shop.path, copy))
    assert stale.count("先刷新") > 20
    assert action not in stale
    assert fresh.replace("请先刷新", "").count("先刷新") == 0  # but on 设置
    assert action in fresh


def printed(script, path, folder):
    """The words of a workbook as printed, without gaps."""
    command = ["pdftotext", script.pdf(path, folder), "-"]
    found = subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8")
    return "".join(found.stdout.split())


def test_every_sheet_prints(shop, script, tmp_path):
    pages = script.pictures(shop.path, tmp_path, resolution=40)
    assert len(pages) >= len(SHEETS) + 1
    assert all(page.stat().st_size > 3000 for page in pages)
