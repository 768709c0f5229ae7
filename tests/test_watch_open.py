"""The watcher beside a workbook that is open in (a pretended) Excel: how often it writes there."""

import itertools
from contextlib import contextmanager

import pytest

from stockbook.domain.clock import beijing
from stockbook.workbook.live_book import LiveBook
from tests.excel.engine import excel, opened
from tests.practice import practice
from tests.test_stock_sheets import enter
from tests.test_watch import watching

EVERY, HOUR = 60, 3600
MOST_AN_HOUR = 12  # full writes, one in five minutes
CALLS_A_WRITE = 30  # at most, whatever the number of SKUs; 8–14 were seen
pytestmark = pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning:openpyxl")


@pytest.fixture
def at(tmp_path):
    """A shop with so much stock that no level changes."""
    with practice(tmp_path, skus=12, days=20) as found:
        now = beijing(found.simulation.now)
        came = [{"at": now, "sku": row["sku"], "kind": "收货", "units": 9_000}
                for row in found.stock()]  # fmt: skip
        enter(found.path, *came)
        found.refresh()
        yield found


@contextmanager
def watching_open(at):
    """Yield a watcher whose workbook stays open, and when cells were written: time → calls."""
    xl, wrote = opened(at.path), {}
    with watching(at) as watcher:
        watcher.open_book = lambda _: LiveBook(xl, patience=0)

        def step():
            before = excel.writes.total()
            watcher.step()
            if excel.writes.total() > before:
                wrote[at.simulation.now] = excel.writes.total() - before

        yield watcher, step, wrote


def levels_changed(watcher):
    return sum(a != b for a, b in itertools.pairwise(watcher.teller.seen))


def test_an_hour_of_orders_that_change_no_level_reaches_an_open_workbook_twelve_times(at):
    with watching_open(at) as (watcher, step, wrote):
        step()
        wrote.clear()
        for _ in range(HOUR // EVERY):
            at.simulation.advance(EVERY)
            step()
        assert watcher.status.orders > 5
        assert levels_changed(watcher) == 0
        assert 1 <= len(wrote) <= MOST_AN_HOUR
        assert max(wrote.values()) <= CALLS_A_WRITE
        assert all(b - a >= 300 for a, b in itertools.pairwise(wrote))


def test_a_level_that_changes_reaches_an_open_workbook_at_once(at):
    with watching_open(at) as (watcher, step, wrote):
        step()
        at.simulation.advance(EVERY)
        step()
        wrote.clear()
        item = next(i for i in at.simulation.items if i.falls_on_order and not i.parts)
        row = next(r for r in at.stock() if r["sku"] == item.sku)
        at.simulation.house.put_back(item, 9_000)
        basket = [(at.simulation.items.index(item), row["free"])]
        assert at.simulation.order_now(basket, at.simulation.now)
        at.simulation.advance(EVERY)
        step()
        assert list(wrote) == [at.simulation.now]
        assert wrote[at.simulation.now] <= CALLS_A_WRITE
        assert levels_changed(watcher) == 1
        rows = {r.cells["sku"]: r.cells for r in watcher.open_book(at.path).read_table("alert")}
        assert rows[item.sku]["level"] == "断货"
