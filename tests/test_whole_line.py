"""From a shop's orders to the workbook, over real HTTP: what issue A promises."""

import zipfile

import pytest

from stockbook import actions
from stockbook.domain.problems import ShopRefused, ShopUnavailable, WorkbookError
from stockbook.workbook.closed_book import ClosedBook
from stockbook.workbook.sheets import SHEETS
from tests.practice import any_unit, practice


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with practice(tmp_path_factory.mktemp("line")) as at:
        yield at


@pytest.fixture
def fresh(tmp_path):
    with practice(tmp_path, skus=12, days=20) as at:
        yield at


def known(rows):
    return [row for row in rows if any_unit(row)]


def cells(path):
    """(sheet, row, column key) -> value of every table."""
    book = ClosedBook(path)
    return {
        (spec.key, row.number, key): value
        for spec in SHEETS
        for row in book.read_table(spec.key)
        for key, value in row.cells.items()
    }


def test_the_ledger_equals_the_truth_for_every_sku_and_bucket(shop):
    assert known(shop.stock()) == shop.truth()
    assert actions.audit(shop.path) == []


def test_a_second_refresh_at_the_same_instant_posts_nothing_and_changes_not_one_byte(shop):
    shop.refresh()
    before, stamp = shop.path.read_bytes(), shop.path.stat().st_mtime_ns
    report = shop.refresh()
    assert (report.moves, report.lines) == (0, 0)
    assert shop.path.read_bytes() == before
    assert shop.path.stat().st_mtime_ns == stamp


def test_a_week_later_the_ledger_equals_the_truth_again(fresh):
    fresh.post("clock", {"advance_seconds": 7 * 86_400})
    fresh.refresh()
    assert known(fresh.stock()) == fresh.truth()
    assert actions.audit(fresh.path) == []


def test_one_cancelled_order_changes_its_own_cells_and_no_other(fresh):
    order, line = a_paid_order(fresh)
    before = cells(fresh.path)
    stock = {row["sku"]: row for row in fresh.stock()}
    fresh.post(f"orders/{order}", {"action": "refund"})
    fresh.refresh()
    after = cells(fresh.path)
    changed = {key for key in after if after[key] != before.get(key)}
    assert set(before) == set(after)
    skus = {after[sheet, row, "sku"] for sheet, row, _ in changed if sheet != "problem"}
    assert skus == {line["sku"]}
    freed = {row["sku"]: row for row in fresh.stock()}[line["sku"]]
    assert freed["free"] == stock[line["sku"]]["free"] + line["quantity"]
    assert freed["allocated"] == stock[line["sku"]]["allocated"] - line["quantity"]


def a_paid_order(at):
    """A paid, unshipped order with one line, and that line."""
    found = min(
        (o for o in at.simulation.orders.values() if o.state == "paid" and len(o.lines) == 1),
        key=lambda o: o.order_id,
    )
    line = found.lines[0]
    return found.order_id, {"sku": line.item.sku, "quantity": line.quantity}


def test_an_unreachable_shop_leaves_workbook_and_ledger_as_they_were(fresh, monkeypatch):
    before, stock = fresh.path.read_bytes(), fresh.stock()
    monkeypatch.setenv("STOCKBOOK_GATEWAY", "http://127.0.0.1:9")
    with pytest.raises(ShopUnavailable):
        fresh.refresh()
    assert (fresh.path.read_bytes(), fresh.stock()) == (before, stock)


def test_a_wrong_secret_is_said_and_not_shown(fresh, monkeypatch):
    monkeypatch.setenv("STOCKBOOK_APP_SECRET", "not-the-secret")
    for token in fresh.data.glob("token*"):
        token.unlink()
    with pytest.raises(ShopRefused) as caught:
        fresh.refresh()
    assert "not-the-secret" not in str(caught.value)


def test_an_open_workbook_is_refused_before_anything_is_pulled(fresh):
    fresh.post("clock", {"advance_seconds": 86_400})
    before, stock = fresh.path.read_bytes(), fresh.stock()
    lock = fresh.path.with_name(f"~${fresh.path.name}")
    lock.write_bytes(b"\x04Anna")
    with pytest.raises(WorkbookError, match="Anna"):
        fresh.refresh()
    lock.unlink()
    assert (fresh.path.read_bytes(), fresh.stock()) == (before, stock)


def test_faults_on_the_way_are_survived(fresh):
    fresh.post("clock", {"advance_seconds": 86_400})
    kinds = ["busy", "traffic", "truncate", "http500", "token_expired"]
    fresh.post("faults", {"next": [{"kind": kind} for kind in kinds]})
    fresh.refresh()
    assert known(fresh.stock()) == fresh.truth()


def test_every_part_that_is_not_ours_keeps_its_bytes(fresh):
    fresh.post("clock", {"advance_seconds": 3600})
    before = parts(fresh.path)
    fresh.refresh()
    after = parts(fresh.path)
    changed = {name for name in before if before[name] != after.get(name)}
    assert set(before) == set(after)
    assert all(n.startswith("xl/worksheets/sheet") or n == "xl/workbook.xml" for n in changed)


def parts(path):
    with zipfile.ZipFile(path) as archive:
        return {i.filename: archive.read(i) for i in archive.infolist()}
