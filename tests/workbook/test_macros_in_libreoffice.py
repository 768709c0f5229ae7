"""The macro-enabled workbook in LibreOffice over UNO: it opens, and each button reaches Python."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from stockbook import addin, running
from stockbook.workbook.sheets import BLOCKS, FIXED_SHEETS, SHEETS
from tests.practice import practice

ROOT = Path(__file__).parents[2]
DRIVER = Path(__file__).parent / "uno_driver.py"
RIBBON = (ROOT / "templates/src/ribbon/customUI14.zh.xml").read_text("utf-8")
TAGS = re.findall(r'tag="(\w+)"', RIBBON)
CALL = re.compile(r"import stockbook\.addin;stockbook\.addin\.(\w+)\('(\w+)'\)")
pytestmark = pytest.mark.uno


def opened(path, *tags):
    """What LibreOffice found in a workbook, and what pressing its buttons did."""
    command = ["/usr/bin/python3", str(DRIVER), str(path), *tags]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module", params=["StockBook.xlsm", "StockBook.en.xlsm", "filled"])
def found(request, tmp_path_factory):
    if request.param == "filled":
        with practice(tmp_path_factory.mktemp("uno"), skus=24, days=30) as at:
            return opened(at.path, *TAGS)
    return opened(ROOT / "templates" / request.param, *TAGS)


def test_it_opens_with_every_sheet_table_name_and_module(found):
    assert len(found["sheets"]) == len(SHEETS) + len(FIXED_SHEETS) + 1  # and xlwings.conf
    assert set(found["tables"]) == {spec.table for spec in SHEETS}
    assert set(found["names"]) >= set(BLOCKS)
    assert {"modRibbon", "modStockBook", "xlwings", "Dictionary"} <= set(found["modules"])


def test_it_recalculates_without_an_error(found):
    assert found["errors"] == []


@pytest.mark.parametrize("tag", TAGS)
def test_each_button_asks_python_for_an_action_that_exists(found, tag):
    asked = CALL.fullmatch(found["buttons"][tag])
    assert asked, found["buttons"][tag]
    assert callable(getattr(addin, asked[1]))
    assert asked[2] in running.NAMES


def test_the_check_notices_a_button_without_a_macro():
    found = opened(ROOT / "templates/StockBook.xlsm", "SB_Refresh", "SB_Missing")
    assert found["buttons"]["SB_Refresh"]
    assert not found["buttons"]["SB_Missing"]
