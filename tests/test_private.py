"""What buyers want nobody to keep is nowhere: ledger, workbook, backups, logs, leftovers."""

import subprocess
import sys
import tempfile
import zipfile

import pytest

from stockbook import actions, settings
from stockbook.domain.clock import beijing
from stockbook.domain.problems import StoreError
from stockbook.store.ledger_store import LedgerStore
from tests.practice import practice

PERSONAL = {
    "收件人": "欧阳诱饵", "收件人手机号": "13912345678", "省": "浙江省", "市": "杭州市",
    "区": "诱饵区", "街道": "诱饵街道", "详细地址": "诱饵路7号", "买家留言": "请放门口诱饵",
    "商家备注": "老客户诱饵",
}  # fmt: skip
ORDER = {
    "主订单编号": "6900000000000000001", "子订单编号": "6900000000000000002", "商品数量": "3",
    "商家编码": "A-1", "订单提交时间": "2026-12-01 10:00:00", "支付完成时间": "2026-12-01 10:01:00",
    "订单状态": "待发货", "达人昵称": "小鱼直播间",
}  # fmt: skip
WORDS = ("诱饵", "13912345678", "139****", "encrypt", "杭州市")


def written(path, *rows):
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    path.write_text("\n".join(lines), "utf-8-sig")
    return path


def everything(*folders):
    """All bytes below some folders, zip parts and compressed data unpacked."""
    for folder in folders:
        for file in (f for f in folder.rglob("*") if f.is_file()):
            yield file, file.read_bytes()
            if zipfile.is_zipfile(file):
                with zipfile.ZipFile(file) as parts:
                    for name in parts.namelist():
                        yield f"{file}!{name}", parts.read(name)


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A shop that was pulled, in a place with a temporary folder of its own."""
    place, leftovers = tmp_path / "place", tmp_path / "tmp"
    place.mkdir()
    leftovers.mkdir()
    monkeypatch.setenv("TMPDIR", str(leftovers))
    monkeypatch.setattr(tempfile, "tempdir", str(leftovers))
    with practice(place, skus=8, days=16) as at:
        yield at, place, leftovers


def kept(*folders):
    return {
        (str(name), word)
        for name, data in everything(*folders)
        for word in WORDS
        if word.encode() in data or word.encode("gbk") in data or word.encode("utf-16-le") in data
    }


def test_nothing_of_buyers_stays_after_pulls_imports_and_errors(shop, tmp_path, monkeypatch):
    at, place, leftovers = shop
    good = written(tmp_path / "orders.csv", ORDER | PERSONAL)
    bad = written(tmp_path / "bad.csv", ORDER | PERSONAL | {"商品数量": "0", "订单状态": "奇怪"})
    for file in (good, bad):
        report = actions.import_files(at.path, [file], at.run())
    assert any(problem.where == "bad.csv" for problem in report.problems)
    subprocess.run(
        [sys.executable, "-m", "stockbook", "import", str(at.path), str(bad), "--json",
         "--now", f"{beijing(at.simulation.now):%Y-%m-%dT%H:%M:%S}"],
        check=True, capture_output=True,
    )  # fmt: skip
    with monkeypatch.context() as patch:  # a fault with a buyer's row in hand

        def fail(*_, **__):
            raise StoreError("disk full")

        patch.setattr(LedgerStore, "post_file", fail)
        try:
            actions.import_files(at.path, [good], at.run())
        except StoreError as error:
            settings.log_error(error)
    assert settings.log_file().exists()
    assert any(place.rglob("*.sqlite"))
    assert kept(place, leftovers) == set()


def test_nothing_of_buyers_stays_of_analysis_files(shop, tmp_path):
    at, place, leftovers = shop
    path = tmp_path / "流量.csv"
    header = "日期,商品ID,商品名称,访客数,成交人数,用户昵称,手机号,市"
    row = f"{beijing(at.simulation.now):%Y-%m-%d},1,伞,100,5,买家诱饵,13912345678,杭州市"
    path.write_text(f"{header}\n{row}", "utf-8-sig")
    profile = tmp_path / "画像.csv"
    profile.write_text(
        "维度,分类,占比\n性别,女,70%\n手机号,13912345678,1%\n省份,诱饵省,3%", "utf-8"
    )
    actions.import_analysis(at.path, [path, profile], at.run())
    # what a bad row says is named on 问题, so that people find it; of these two only the kinds
    assert kept(place, leftovers) == set()


def test_the_scan_sees_what_is_planted(shop):
    _, place, leftovers = shop
    (place / "note.txt").write_text("收件人 欧阳诱饵", "utf-8")
    assert {word for _, word in kept(place, leftovers)} == {"诱饵"}
