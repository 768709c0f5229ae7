"""What a merchant of the practice shop downloads gives the ledger that the API gives."""

import csv
import itertools

import openpyxl
import pytest

from stockbook.domain.kits import parse_components
from stockbook.shops.export_file import read_export
from stockbook.shops.sandbox import exports
from stockbook.shops.sandbox.answers import DECOY
from stockbook.shops.sandbox.simulation import ShopSimulation
from stockbook.store.ledger_store import LedgerStore
from tests.shops import ledgers
from tests.shops.ledgers import SHOP_ID

NIGHT = 1_796_868_600 - 5 * 3600 - 10 * 60  # 2026-12-10 05:00 in Beijing
DAY = 86_400
FORMS = ("utf-8-sig", "gbk", "xlsx")


@pytest.fixture(scope="module")
def shop():
    """A rich shop at an instant at which files and API know the same.

    A file does not say how much of an order left that is partly shipped, nor whether stock falls
    when an order is made.
    """
    shop = ShopSimulation(seed=7, skus=40, days=50, now=NIGHT, rich=True)
    while any(order.state in ("part", "unpaid") for order in shop.orders.values()):
        shop.advance(60)
    return shop


@pytest.fixture(scope="module")
def files(shop, tmp_path_factory):
    return exports.write_files(tmp_path_factory.mktemp("downloads"), shop)


def read(paths, shop):
    found = [read_export(path, shop_id=SHOP_ID, now=shop.now) for path in paths]
    assert [problem for export in found for problem in export.problems] == []
    lines = [line for export in found for line in export.lines]
    return lines, [sale for export in found for sale in export.after_sales]


def rows_of(path):
    if path.suffix == ".xlsx":
        return [list(row) for row in openpyxl.load_workbook(path).worksheets[0].values]
    for encoding in ("utf-8-sig", "gbk"):
        try:
            return list(csv.reader(path.read_text(encoding=encoding).splitlines()))
        except UnicodeDecodeError:
            continue
    raise AssertionError(path)


def test_there_is_a_file_a_month_in_turn_of_encodings_and_one_of_after_sales(shop, files):
    assert [path.name for path in files] == [
        "订单_2026-10.csv",
        "订单_2026-11.csv",
        "订单_2026-12.xlsx",
        "售后.csv",
    ]
    assert files[0].read_bytes().startswith(b"\xef\xbb\xbf")
    files[1].read_text(encoding="gbk")
    lines = sum(len(order.lines) for order in shop.orders.values())
    assert sum(len(rows_of(path)) - 1 for path in files[:3]) == lines
    assert all(len({len(row) for row in rows_of(path)}) == 1 for path in files)


def test_rows_look_as_the_platforms_do(shop, files):
    header, *rows = rows_of(files[1])
    assert header == list(exports.ORDER_HEADERS)
    row = dict(zip(header, rows[0], strict=True))
    assert row["主订单编号"].endswith("\t")
    assert (row["预约发货时间"], row["收件人"], row["省"][-1]) == ("-", DECOY, "省")
    assert row["商品单价"].count(".") == 1
    dear = [row for row in rows if "," in row[header.index("订单应付金额")]]
    assert dear or max(item.price_fen for item in shop.items) < 50_000
    kits = {item.sku for item in shop.items if item.parts}
    assert kits & {row[header.index("商家编码")] for row in rows}
    gifts = [row for row in rows if row[header.index("商家编码")].startswith("ZP")]
    assert {row[header.index("订单应付金额")] for row in gifts} == {"0.00"}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_the_same(shop, tmp_path, form):
    end = shop.start + 4 * DAY
    path = exports.write_orders(tmp_path / f"x.{form[:4]}", shop, shop.start, end, form)
    lines, _ = read([path], shop)
    told, _ = ledgers.told(shop)
    wanted = {x.line_id: x for x in told if x.created_at < end}
    assert {line.line_id for line in lines} == set(wanted)
    for line in lines:
        other = wanted[line.line_id]
        for name in ("order_id", "quantity", "status", "sku", "product_id", "warehouse",
                     "created_at", "paid_at", "shipped_at", "finished_at"):  # fmt: skip
            assert getattr(line, name) == getattr(other, name), (line, name)


def test_no_decoy_is_read(shop, files):
    assert DECOY not in repr(read(files, shop))


def imported(store, shop, files):
    store.post_file(SHOP_ID, *read(files, shop), now=shop.now)


def pulled(store, shop, files):
    store.post_window(SHOP_ID, *ledgers.told(shop), cursor=shop.now, now=shop.now)


@pytest.fixture(scope="module")
def api_hash(shop, tmp_path_factory):
    with LedgerStore.open(tmp_path_factory.mktemp("api") / "l.sqlite") as store:
        ledgers.post_all(store, shop)
        assert ledgers.positions(store) == ledgers.truth(shop)
        return store.balance_hash()


@pytest.mark.parametrize(
    "steps",
    [(imported,), (imported, pulled), (pulled, imported), (imported, imported, pulled, imported)],
    ids=lambda steps: "-".join(step.__name__ for step in steps),
)
def test_files_and_api_in_any_order_give_one_ledger(shop, files, tmp_path, api_hash, steps):
    with LedgerStore.open(tmp_path / "l.sqlite") as store:
        store.map_skus(ledgers.listed(shop), shop.now)
        components = {key: parse_components(text) for key, text in shop.kits()}
        store.map_components(SHOP_ID, components, shop.now)
        for step in steps:
            step(store, shop, files)
        ledgers.post_what_people_know(store, shop)
        assert ledgers.positions(store) == ledgers.truth(shop)
        assert store.balance_hash() == api_hash
        assert store.audit() == []


def test_files_may_come_in_any_order_and_overlap(shop, files, tmp_path, api_hash):
    older = tmp_path / "older.csv"
    exports.write_orders(older, shop, shop.start, shop.start + 30 * DAY, "gbk")
    with LedgerStore.open(tmp_path / "l.sqlite") as store:
        store.map_skus(ledgers.listed(shop), shop.now)
        ledgers.post_what_people_know(store, shop)
        for path in itertools.chain(reversed(files), [older]):
            imported(store, shop, [path])
        assert store.balance_hash() == api_hash


def test_what_overlaps_with_what_the_api_gave_posts_nothing(shop, files, tmp_path):
    with LedgerStore.open(tmp_path / "l.sqlite") as store:
        ledgers.post_all(store, shop)
        assert store.post_file(SHOP_ID, *read(files, shop), now=shop.now).moves == 0


def test_a_dry_run_says_what_would_change_and_changes_nothing(shop, files, tmp_path):
    with LedgerStore.open(tmp_path / "l.sqlite") as store:
        found = read(files, shop)
        said = store.post_file(SHOP_ID, *found, now=shop.now, dry_run=True)
        assert said.moves > 100
        assert (store.move_count(), store.shop_id()) == (0, "")
        assert store.post_file(SHOP_ID, *found, now=shop.now).moves == said.moves


def test_what_files_leave_open_the_api_tells(tmp_path):
    """At noon: orders that are partly shipped, or unpaid where stock falls on the order."""
    shop = ShopSimulation(seed=3, skus=40, days=20, now=NIGHT + 9 * 3600, rich=True)
    while not all(any(o.state == s for o in shop.orders.values()) for s in ("part", "unpaid")):
        shop.advance(600)
    files = exports.write_files(tmp_path, shop)
    with LedgerStore.open(tmp_path / "l.sqlite") as store:
        store.map_skus(ledgers.listed(shop), shop.now)
        ledgers.post_what_people_know(store, shop)
        imported(store, shop, files)
        pulled(store, shop, files)
        assert ledgers.positions(store) == ledgers.truth(shop)
        assert store.audit() == []
