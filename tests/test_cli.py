"""The commands, as a person and as a machine use them."""

import json

import pytest
from typer.testing import CliRunner

from stockbook.cli import app
from stockbook.shops.sandbox import exports
from stockbook.workbook.closed.package import Package
from stockbook.workbook.closed_book import ClosedBook
from tests.practice import NOW, any_unit, practice

STOCK = [
    "sku", "shop_sku_id", "warehouse", "free", "held", "allocated", "locked", "defective",
    "returning", "on_order", "in_transit", "customer",
]  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with practice(tmp_path_factory.mktemp("cli"), skus=12, days=20) as at:
        yield at


def run(*words, code=0):
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result


def test_stock_tells_every_bucket_to_machines(shop):
    rows = json.loads(run("stock", shop.path, "--json").stdout)
    assert [list(row) for row in rows] == [STOCK] * len(rows)
    assert [row for row in rows if any_unit(row)] == shop.truth()
    assert rows[0]["sku"] in run("stock", shop.path).stdout


def test_refresh_reports_to_machines_and_to_people(shop):
    report = json.loads(run("refresh", shop.path, "--now", NOW_TEXT, "--json").stdout)
    assert report["moves"] == 0
    assert sum(report["levels"].values()) == 12
    said = run("refresh", shop.path, "--now", NOW_TEXT).stdout
    assert "记账 0 笔" in said
    assert str(shop.path) in said.replace("\n", "")


NOW_TEXT = "2026-12-10T10:10:00+08:00"


def test_the_fixed_instant_is_the_sandboxes():
    from datetime import datetime  # noqa: PLC0415

    assert datetime.fromisoformat(NOW_TEXT).timestamp() == NOW


@pytest.mark.parametrize("command", ["pull", "recompute", "colour"])
def test_each_button_has_its_command(shop, command):
    report = json.loads(run(command, shop.path, "--now", NOW_TEXT, "--json").stdout)
    assert report["book"] == str(shop.path)
    assert run("audit", shop.path).stdout.strip().startswith("自检通过")


def test_refresh_says_what_the_shop_made_it_wait_for(shop):
    shop.post("faults", {"next": [{"kind": "traffic"}, {"kind": "truncate"}]})
    said = run("refresh", shop.path, "--now", NOW_TEXT)
    assert "抖店让我们等了 2 次、共 " in said.stdout
    assert "60000 isv.traffic-limited ×1、答复不完整 ×1" in said.stdout.replace("\n", "")
    assert "60000 isv.traffic-limited，等 " in said.stderr
    quiet = json.loads(run("refresh", shop.path, "--now", NOW_TEXT, "--json").stdout)
    assert quiet["notes"] == []


def test_authorize_takes_a_code_once_and_never_shows_it(shop):
    code = shop.post("authorize", {})["code"]
    said = run("authorize", code, "--now", NOW_TEXT)
    assert "已授权" in said.stdout
    assert json.loads(run("pull", shop.path, "--now", NOW_TEXT, "--json").stdout)["moves"] == 0
    again = run("authorize", code, "--now", NOW_TEXT, code=1)
    assert "31007" in again.stderr
    assert code not in said.output + again.output


def test_import_fills_a_book_from_downloaded_files_without_any_api(tmp_path, shop, monkeypatch):
    for name in ("APP_KEY", "APP_SECRET", "SHOP_ID", "GATEWAY"):
        monkeypatch.delenv(f"STOCKBOOK_{name}")
    monkeypatch.setenv("STOCKBOOK_DATA", str(tmp_path / "data"))
    book = tmp_path / "文件店.xlsm"
    files = exports.write_files(tmp_path / "下载", shop.simulation)
    run("new", book)
    fresh = book.read_bytes()
    said = run("import", book, *files, "--dry-run", "--now", NOW_TEXT).stdout
    assert said.startswith("试运行")
    assert book.read_bytes() == fresh
    report = json.loads(run("import", book, *files, "--now", NOW_TEXT, "--json").stdout)
    assert report["orders"] == len(shop.simulation.orders)
    assert report["moves"] > 0
    assert book.read_bytes() != fresh
    again = json.loads(run("import", book, *files, "--now", NOW_TEXT, "--json").stdout)
    assert (again["moves"], again["lines"]) == (0, 0)
    wrong = tmp_path / "照片.csv"
    wrong.write_bytes(b"\x89PNG\x00\x00")
    assert "没有导入" in run("import", book, wrong, code=1).stderr
    assert run("audit", book).stdout.startswith("自检通过")


def test_undo_takes_back_what_a_command_wrote(tmp_path):
    with practice(tmp_path, skus=6, days=16, anew=True) as at:
        filled = at.path.read_bytes()
        said = run("undo", at.path).stdout
        assert said.startswith("✓ 已撤销 12-10 10:10 的一键刷新：恢复")
        assert at.path.read_bytes() != filled
        run("undo", at.path)  # the pull before it
        assert "没有可撤销的写入" in run("undo", at.path, code=1).stderr
        run("recompute", at.path, "--now", NOW_TEXT)
        undone = json.loads(run("undo", at.path, "--json").stdout)
        assert (undone["action"], undone["whole"], undone["left"]) == ("recompute", True, [])


def test_trace_lists_the_moves_that_add_up_to_the_figure(shop):
    row = max(shop.truth(), key=lambda row: row["customer"])
    moves = json.loads(run("trace", shop.path, row["sku"], "--json").stdout)
    assert moves[-1]["free"] == row["free"]
    gone = sum(m["quantity"] for m in moves if m["target"] == "customer")
    back = sum(m["quantity"] for m in moves if m["source"] == "customer")
    assert gone - back == row["customer"]
    assert [m["effective_at"] for m in moves] == sorted(m["effective_at"] for m in moves)
    said = run("trace", shop.path, row["sku"]).stdout
    assert "已付待发" in said
    assert f"订单 {moves[0]['reference']}" in said
    assert row["sku"] in run("trace", shop.path, row["sku"][:-1] + "x", code=1).stderr


def test_brackets_in_names_and_cells_are_only_brackets(tmp_path):
    assert "[/a].xlsm" in run("undo", tmp_path / "[/a].xlsm", code=1).stderr.replace("\n", "")
    with practice(tmp_path, skus=6, days=16) as at:
        package = Package.open(at.path)
        package.put("tblSku", {5: {"起订量": "[/b]"}})
        package.save()
        assert "[/b]" in run("recompute", at.path, "--now", NOW_TEXT).stdout


def test_audit_is_empty_for_machines(shop):
    assert json.loads(run("audit", shop.path, "--json").stdout) == []


def test_doctor_tells_where_things_are(shop):
    said = run("doctor", shop.path).stdout
    assert str(shop.data) in said.replace("\n", "")
    assert "sandbox-secret" not in said


def test_new_makes_a_book_and_leaves_an_existing_one_alone(tmp_path):
    path = tmp_path / "新 店.xlsx"
    run("new", path, "--shop", "新店")
    before = path.read_bytes()
    error = json.loads(run("new", path, "--json", code=1).stdout)
    assert error["error"] == "WorkbookError"
    assert "已存在" in error["message"]
    assert path.read_bytes() == before


def test_an_english_book_speaks_english(tmp_path, monkeypatch):
    monkeypatch.setenv("STOCKBOOK_DATA", str(tmp_path / "data"))
    path = tmp_path / "shop.xlsx"
    run("new", path, "--lang", "en")
    said = run("recompute", path, "--now", NOW_TEXT).stdout
    assert "cells written" in said


def test_a_problem_is_one_sentence_and_exit_code_1(tmp_path):
    result = run("refresh", tmp_path / "none.xlsx", code=1)
    assert "none.xlsx" in result.stderr.replace("\n", "")
    assert "Traceback" not in result.output


def test_an_error_nobody_foresaw_goes_to_the_log_and_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("STOCKBOOK_DATA", str(tmp_path))
    monkeypatch.setattr("stockbook.actions.audit", lambda _: 1 / 0)
    result = run("audit", tmp_path / "x.xlsx", code=1)
    assert "ZeroDivisionError" in result.stderr
    assert "Traceback" not in result.output
    log = tmp_path / "logs" / "stockbook.log"
    assert "division by zero" in log.read_text(encoding="utf-8")


def test_a_folder_that_is_a_file_is_said(tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    result = run("demo", "--folder", tmp_path / "file", "--skus", 2, "--days", 2, code=1)
    assert "file" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("sandbox", "--skus", "0"),
        ("demo", "--days", "1"),
        ("refresh",),
        ("refresh", "x", "--now", "yesterday"),
        ("new", "x", "--lang", "fr"),
        ("nope",),
    ],
)
def test_wrong_usage_exits_with_2(words):
    run(*words, code=2)


def test_without_credentials_one_is_told_how_to_store_them(shop, monkeypatch):
    monkeypatch.delenv("STOCKBOOK_APP_SECRET")
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    error = json.loads(run("refresh", shop.path, "--json", code=1).stdout)
    assert error["error"] == "SettingsError"
    assert "STOCKBOOK_APP_SECRET" in error["message"]


def test_the_demo_fills_a_book_and_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("STOCKBOOK_DATA", str(tmp_path / "data"))
    folder = tmp_path / "demo"
    words = ("demo", "--folder", folder, "--skus", 20, "--days", 20, "--now", NOW_TEXT)
    said = run(*words).stdout
    assert "怎么办" in said
    assert "下单" in said
    assert (folder / "StockBook.xlsm").exists()
    report = json.loads(run(*words, "--json").stdout)
    assert report["orders"] > 100
    assert len(report["urgent"]) <= 10
    assert report["problems"] == []
    truth = tmp_path / "truth.json"
    run(*words, "--truth", truth)
    told = [r for r in json.loads(truth.read_text(encoding="utf-8"))["skus"] if any_unit(r)]
    rows = json.loads(run("stock", folder / "StockBook.xlsm", "--json").stdout)
    assert [row for row in rows if any_unit(row)] == told
    assert sum(report["levels"].values()) == len({row["sku"] for row in told})
    assert len(list((folder / "订单导出").iterdir())) == 3
    book = ClosedBook(folder / "StockBook.xlsm")
    for block in ("sb_an_conversion", "sb_an_audience"):
        assert any(row[0] for row in book.read_block(block)), f"{block} is empty"


def test_files_of_months_and_ninety_days_of_orders_give_what_truly_happened(tmp_path, monkeypatch):
    monkeypatch.setenv("STOCKBOOK_DATA", str(tmp_path / "data"))
    folder, truth = tmp_path / "demo", tmp_path / "truth.json"
    run("demo", "--folder", folder, "--skus", 2, "--days", 130, "--now", NOW_TEXT, "--truth", truth)
    told = [r for r in json.loads(truth.read_text(encoding="utf-8"))["skus"] if any_unit(r)]
    rows = json.loads(run("stock", folder / "StockBook.xlsm", "--json").stdout)
    assert [row for row in rows if any_unit(row)] == told
    assert run("audit", folder / "StockBook.xlsm").stdout.strip().startswith("自检通过")


def test_the_sandbox_sells_what_it_shows_when_it_is_told_so(monkeypatch):
    shops = []
    monkeypatch.setattr("stockbook.demo.run_forever", lambda shop, *_, **__: shops.append(shop))
    for more in ((), ("--gated",)):
        run("sandbox", "--skus", 3, "--days", 4, "--now", NOW_TEXT, *more)
    assert [shop.stock is not None for shop in shops] == [False, True]


def test_the_sandbox_writes_its_files_and_tells_how_to_reach_it(tmp_path, monkeypatch):
    monkeypatch.setattr("stockbook.demo.run_forever", lambda shop, *_, **__: None)
    words = ("--rich", "--skus", 5, "--days", 10, "--now", NOW_TEXT, "--files", tmp_path / "下载")
    said = run("sandbox", *words).stdout
    assert said.replace("\n", "").count("下载") == 3
    assert {path.name for path in (tmp_path / "下载").iterdir()} == {
        "订单_2026-11.csv",
        "订单_2026-12.xlsx",
        "售后.csv",
    }
