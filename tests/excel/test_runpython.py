"""The contract of RunPython, with the command line that xlwings' VBA builds, for every button."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock

from stockbook import addin, running, settings, watch, worker
from stockbook.workbook.builder import build
from stockbook.workbook.closed_book import ClosedBook
from stockbook.workbook.live_book import LiveBook
from tests.excel.engine import excel, opened
from tests.practice import practice

ROOT = Path(__file__).parents[2]
VBA = (ROOT / "templates/src/vba/modStockBook.bas").read_text("ascii")
CALL = re.search(r'RunPython "(.*?)" & action & "(.*?)"', VBA)
BUTTONS = re.findall(r'CallPython "(\w+)"', VBA)
pytestmark = pytest.mark.filterwarnings("ignore:.*extension is not:UserWarning:openpyxl")
NAMES = ["店 铺.xlsm", "库存=2026 (1).xlsm", "it's & co.xlsm"]


class Desk:
    """A workbook open in the pretended Excel, and its buttons."""

    def __init__(self, at, folder):
        self.at, self.folder, self.path = at, folder, at.path
        self.report = folder / "report.jsonl"
        self.more = {}

    def click(self, action, *, fullname=None, name=None):
        """Run what Excel would run; return how the process ended, and how long it took [s]."""
        fullname, name = fullname or str(self.path), name or self.path.name
        paths = f"False;{fullname};{fullname};;;;;".replace("\\", "\\\\")
        code = f'import xlwings.utils;xlwings.utils.prepare_sys_path("{paths}"); '
        code += f"{CALL[1]}{action}{CALL[2]}"
        command = [sys.executable, "-B", "-c", code, f"--wb={name}", "--from_xl=1",
                   "--app=C:\\Program Files\\Microsoft Excel", "--hwnd=1"]  # fmt: skip
        environment = os.environ | {
            "PYTHONPATH": str(ROOT / "tests/excel/site"),
            "STOCKBOOK_TEST_ROOT": str(ROOT),
            "STOCKBOOK_TEST_BOOK": str(self.path),
            "STOCKBOOK_TEST_FULLNAME": fullname,
            "STOCKBOOK_TEST_REPORT": str(self.report),
            "PYTHONWARNINGS": "ignore",
        } | self.more  # fmt: skip
        began = time.perf_counter()
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment, timeout=60
        )
        return done, time.perf_counter() - began

    def seen(self, count=1):
        """What a person saw, once `count` workers have ended."""
        for _ in range(600):
            lines = self.report.read_text("utf-8").splitlines() if self.report.exists() else []
            if len(lines) >= count:
                return [json.loads(line) for line in lines]
            time.sleep(0.1)
        log = self.at.data / "logs/stockbook.log"
        raise AssertionError(log.read_text("utf-8") if log.exists() else "the worker never ended")


@pytest.fixture
def desk(tmp_path):
    with practice(tmp_path, skus=10, days=16) as at:
        yield Desk(at, tmp_path)


def test_every_macro_hands_over_an_action_that_exists():
    assert set(BUTTONS) == set(running.NAMES)


@pytest.mark.parametrize("action", sorted(set(BUTTONS) - {"watch"}))
def test_a_click_ends_at_once_and_its_worker_tells_the_result(desk, action):
    if action == "undo":
        desk.at.post("clock", {"advance_seconds": 7200})
        desk.at.refresh()
    done, _ = desk.click(action)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (seen,) = desk.seen()
    assert seen["told"][0] == f"正在{running.NAMES[action].zh} …"
    assert seen["told"][-1].startswith("✓")
    assert seen["status"].startswith("✓")
    assert seen["states"] == {"screen_updating": True, "enable_events": True,
                              "calculation": "automatic"}  # fmt: skip


def test_the_watch_is_started_by_one_click_and_stopped_by_the_next(desk):
    book_id = ClosedBook(desk.path).book_id()
    try:
        desk.click("watch")
        assert desk.seen()[0]["status"].startswith("✓ 实时监控已开始")
        desk.click("watch")
        assert desk.seen(2)[1]["status"] == "✓ 实时监控已停止"
        assert not watch.ask_to_stop(book_id)
    finally:
        watch.ask_to_stop(book_id)


def test_a_watch_that_cannot_start_says_why(desk):
    desk.more = {"STOCKBOOK_APP_KEY": "", "STOCKBOOK_APP_SECRET": ""}
    desk.click("watch")
    assert "STOCKBOOK_APP_KEY" in desk.seen()[0]["status"]


def test_a_click_tells_what_the_shop_made_it_wait_for(desk):
    desk.at.post("faults", {"next": [{"kind": "traffic"}]})
    desk.click("pull")
    (seen,) = desk.seen()
    assert any("60000 isv.traffic-limited，等 " in told for told in seen["told"])
    assert "抖店让我们等了 1 次" in seen["status"]


@pytest.mark.parametrize("name", NAMES)
def test_the_workbook_that_was_clicked_is_found_whatever_its_name(desk, name):
    desk.path = desk.path.rename(desk.path.with_name(name))
    done, _ = desk.click("colour")
    assert (done.returncode, done.stderr) == (0, "")
    assert desk.seen()[0]["status"].startswith("✓")


def test_a_workbook_in_onedrive_is_found_by_its_address(desk):
    address = "https://d.docs.live.net/abc/文档/店 铺.xlsm"
    desk.click("colour", fullname=address, name="店 铺.xlsm")
    assert desk.seen()[0]["status"].startswith("✓")


def test_a_failure_is_one_sentence_without_a_traceback(desk):
    desk.more = {"STOCKBOOK_GATEWAY": "http://127.0.0.1:9"}
    done, _ = desk.click("refresh")
    assert (done.returncode, done.stderr) == (0, "")
    (seen,) = desk.seen()
    assert seen["status"].startswith("✗ 一键刷新没有完成：")
    assert "Traceback" not in seen["status"]
    assert seen["states"]["calculation"] == "automatic"


@pytest.fixture
def live(tmp_path, monkeypatch):
    monkeypatch.setenv("STOCKBOOK_DATA", str(tmp_path / "data"))
    path = tmp_path / "a.xlsm"
    build(path, book_id="b1", setting_rows=settings.setting_rows())
    return LiveBook(opened(path), patience=0)


def test_an_unexpected_error_is_a_sentence_that_names_the_log(live, monkeypatch):
    monkeypatch.setattr("stockbook.actions.audit", lambda _: 1 / 0)
    told = worker.click("audit", live)
    assert told.startswith("✗ 自检遇到意外错误（ZeroDivisionError）")
    log = settings.log_file()
    assert str(log) in told
    assert "division by zero" in log.read_text("utf-8")


def test_a_person_who_stays_in_a_cell_is_told_what_to_do(live):
    live.book_id()
    live.language()
    excel.busy_after = excel.calls.total() + 6
    told = worker.click("colour", live)
    excel.busy = 0
    assert told.startswith("✗ 预警着色没有完成：Excel 正在编辑单元格")
    assert "回车" in told


def test_a_second_click_is_told_what_runs_and_since_when(desk):
    book_id = ClosedBook(desk.path).book_id()
    locks = desk.at.data / "locks"
    locks.mkdir(exist_ok=True)
    note = {"action": "refresh", "since": time.time() - 12}
    (locks / f"{book_id}.json").write_text(json.dumps(note), "utf-8")
    with FileLock(locks / f"{book_id}.lock"):
        desk.click("pull")
        (seen,) = desk.seen()
    assert re.fullmatch(r"正在一键刷新，已 1[2-9] 秒；请等它完成", seen["status"])
    desk.click("pull")
    assert desk.seen(2)[1]["status"].startswith("✓")


def test_nothing_raises_into_excel_even_without_a_worker(monkeypatch, tmp_path):
    monkeypatch.setenv("STOCKBOOK_DATA", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no python"))
    addin.run("refresh")
    assert "no python" in (tmp_path / "logs/stockbook.log").read_text("utf-8")


def test_the_entry_imports_nothing_heavy():
    code = "import sys, stockbook.addin; print(sorted({m.split('.')[0] for m in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"pandas", "numpy", "xlwings", "sqlalchemy", "lxml"} & set(eval(done.stdout))
