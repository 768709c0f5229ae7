"""The watcher, step by step, against a practice shop whose clock is moved by hand."""

import errno
import itertools
import json
import shutil
import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest
import requests

from stockbook import running, watch
from stockbook import watcher as loop
from stockbook.domain.clock import beijing
from stockbook.domain.problems import ShopRefused, ShopUnavailable
from stockbook.shops.doudian.push import HMAC, event_sign
from stockbook.store.inbox import Inbox
from stockbook.store.ledger_store import LedgerStore
from stockbook.store.place import ledger_path
from stockbook.workbook.closed_book import ClosedBook
from tests.practice import any_unit, practice
from tests.test_receiver import APP, SECRET
from tests.test_stock_sheets import enter, rows


class Notes:
    """Remembers the levels it was shown."""

    def __init__(self):
        self.seen = []

    def told(self):
        return ""

    def note_sight(self, sight):
        self.sight = sight

    def see(self, outlook, policy, now):
        self.seen.append(dict(zip(outlook.alerts["sku"], outlook.alerts["level"], strict=True)))


@contextmanager
def watching(at):
    """Yield a watcher whose clock is the practice shop's."""
    run = running.Run(at.simulation.now, lambda: float(at.simulation.now), lambda _: None)
    book = ClosedBook(at.path)
    found = ledger_path(at.data, book.book_id())
    inbox = Inbox(found.with_name("inbox.sqlite"))
    with LedgerStore.open(found) as ledger:
        shop = running.connect(run, running.shop_key(ledger))
        yield loop.Watcher(
            at.path, shop, ledger, inbox, run, loop.Options(), Notes(), lambda _: None, ClosedBook
        )
    inbox.close()


@pytest.fixture
def at(tmp_path):
    with practice(tmp_path) as found:
        yield found


def message(order, tag="101", number=1):
    return {"msg_id": f"m{number}", "tag": tag, "order_id": str(order), "after_sale_id": "",
            "received_at": 0, "done_at": None}  # fmt: skip


def stock(at):
    return [row for row in at.stock() if any_unit(row)]


def test_a_poll_brings_in_what_changed_and_writes_the_workbook(at):
    with watching(at) as watcher:
        watcher.step()
        at.simulation.advance(6 * 3600)
        watcher.step()
        assert watcher.status.orders > 0
        assert watcher.status.read_at == at.simulation.now
        assert watcher.status.writes == 2
    assert stock(at) == at.truth()
    shown = [row.cells["free"] for row in ClosedBook(at.path).read_table("sku")]
    assert sorted(x for x in shown if x is not None) == sorted(r["free"] for r in at.truth())


def test_a_push_brings_in_its_order_before_the_next_poll(at):
    with watching(at) as watcher:
        watcher.step()
        at.simulation.advance(1)
        order = next(o for o in at.simulation.orders.values() if o.state == "paid")
        at.post(f"orders/{order.order_id}", {"action": "refund"})
        watcher.step()
        assert not watcher.status.moves, "nothing is due before the interval has passed"
        watcher.inbox.put([[message(order.order_id, "106")]])
        watcher.step()
        assert watcher.status.moves
        assert not watcher.inbox.waiting()
    assert stock(at) == at.truth()


def test_many_pushes_are_covered_by_one_pull(at, monkeypatch):
    with watching(at) as watcher:
        watcher.step()
        before = watcher.shop.stats.requests
        orders = list(at.simulation.orders)[: loop.MOST_FETCHED + 1]
        watcher.inbox.put([[message(o, number=i) for i, o in enumerate(orders)]])
        watcher.step()
        assert watcher.shop.stats.requests - before < 10
        assert not watcher.inbox.waiting()


def test_pushed_after_sales_are_read_before_the_next_poll(at):
    with watching(at) as watcher:
        watcher.step()
        seen = watcher.shop.stats.requests
        watcher.inbox.put([[message("", "202")]])
        at.simulation.advance(2)
        watcher.step()
        assert 0 < watcher.shop.stats.requests - seen < 5


def test_what_push_lost_is_made_up_by_the_next_poll(at):
    with watching(at) as watcher:
        watcher.step()
        at.simulation.advance(21)
        order = next(o for o in at.simulation.orders.values() if o.state == "paid")
        at.post(f"orders/{order.order_id}", {"action": "refund"})
        at.simulation.advance(1)
        watcher.step()
    assert stock(at) == at.truth()


def test_without_a_change_of_level_few_writes_reach_the_workbook(at):
    """An hour of orders, a step every minute: 12 full writes, and one for each change."""
    with watching(at) as watcher:
        watcher.step()
        for _ in range(60):
            at.simulation.advance(60)
            watcher.step()
        changes = sum(a != b for a, b in itertools.pairwise(watcher.teller.seen))
        assert watcher.status.orders > 5
        assert 2 <= watcher.status.writes <= 1 + 12 + changes


def test_a_locked_workbook_waits_and_nothing_is_lost(at):
    lock = at.path.with_name(f"~${at.path.name}")
    with watching(at) as watcher:
        watcher.step()
        lock.write_bytes(b"\x05Carol")
        at.simulation.advance(6 * 3600)
        watcher.step()
        assert "Carol" in watcher.status.locked or at.path.name in watcher.status.locked
        assert watcher.status.writes == 1
        lock.unlink()
        at.simulation.advance(30)
        watcher.step()
        assert not watcher.status.locked
        assert watcher.status.writes == 2
    assert stock(at) == at.truth()


def test_a_network_that_is_gone_is_said_and_made_up_for(at):
    class Gone:
        """The shop, while the network may be away."""

        def __init__(self, shop):
            self.shop, self.away = shop, False

        def __getattr__(self, name):
            if self.away and name in ("skus", "clock", "orders", "order_windows"):
                raise ShopUnavailable("没有网络")
            return getattr(self.shop, name)

    with watching(at) as watcher:
        watcher.shop = Gone(watcher.shop)
        watcher.step()
        watcher.shop.away = True
        waits = []
        for _ in range(5):
            at.simulation.advance(max(1, int(watcher._poll_at - at.simulation.now) + 1))
            watcher.step()
            waits.append(watcher._poll_at - at.simulation.now)
            assert "没有网络" in watcher.status.trouble
        assert waits == sorted(waits)
        assert waits[-1] <= loop.LONGEST_WAIT
        sight = watcher.teller.sight
        assert sight.why == "连接不上抖店，请检查这台电脑的网络"
        assert not sight.reads
        assert sight.read_at < sight.lost_at
        assert sight.is_blind(sight.lost_at + 30 * 60)
        assert not sight.is_blind(sight.lost_at + 29 * 60)
        watcher.shop.away = False
        at.simulation.advance(loop.LONGEST_WAIT + 3600)
        watcher.step()
        assert not watcher.status.trouble
        assert watcher.teller.sight.lost_at is None
    assert stock(at) == at.truth()


def test_what_people_type_meanwhile_is_posted_with_the_next_full_write(at):
    with watching(at) as watcher:
        watcher.step()
        before = {row["sku"]: row["free"] for row in at.stock()}
        sku = next(iter(before))
        came = {"at": beijing(at.simulation.now), "sku": sku, "kind": "收货", "units": 50}
        enter(at.path, came)
        at.simulation.advance(301)
        watcher.step()
    truth = {row["sku"]: row["free"] for row in at.truth()}
    assert {row["sku"]: row["free"] for row in at.stock()}[sku] == truth[sku] + 50
    assert rows(at.path, "entry")[0]["status"] == "已记账"


def test_what_nobody_foresaw_is_said_logged_and_tried_again(at, monkeypatch):
    with watching(at) as watcher:
        shown, stop, failing = [], threading.Event(), [ZeroDivisionError("oh")]

        def step():
            if failing:
                raise failing.pop()
            stop.set()

        def show(status):
            shown.append(status)
            at.simulation.advance(60)

        watcher.show, watcher.step = show, step
        watcher.watch(stop)
        assert "ZeroDivisionError" in shown[0].trouble
        assert "oh" in (at.data / "logs/stockbook.log").read_text("utf-8")
        assert watcher.teller.sight.why == "意外错误 ZeroDivisionError"  # no place of this PC


def test_a_full_disk_is_said_and_does_not_make_the_watch_spin(at):
    """A level waits to be written, and every writing fails in a way nobody foresaw."""
    with watching(at) as watcher:
        watcher.step()
        shown, stop = [], threading.Event()
        watcher._urgent = True
        watcher.show = shown.append
        watcher.open_book = lambda _: full_disk()
        thread = threading.Thread(target=watcher.watch, args=(stop,))
        thread.start()
        time.sleep(2)
        stop.set()
        thread.join(20)
        assert "28" in shown[-1].locked
        assert len(shown) <= 2


def full_disk():
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_pc_clock_that_is_set_back_does_not_stop_the_polling(at):
    """The PC was a day ahead, polled, and then its clock was put right."""
    with watching(at) as watcher:
        ahead = [86_400]
        watcher.run = replace(watcher.run, clock=lambda: float(at.simulation.now + ahead[0]))
        watcher.step()
        ahead[0] = 0
        at.simulation.advance(60)
        order = next(o for o in at.simulation.orders.values() if o.state == "paid")
        at.post(f"orders/{order.order_id}", {"action": "refund"})
        stop = threading.Event()
        thread = threading.Thread(target=watcher.watch, args=(stop,))
        thread.start()
        until(lambda: watcher.status.moves, 10)
        stop.set()
        thread.join(20)
        assert watcher._full_at <= at.simulation.now + 300


def test_a_workbook_that_is_gone_is_said_and_orders_still_come_in(at):
    with watching(at) as watcher:
        watcher.step()
        moved = at.path.rename(at.path.with_name("moved.xlsm"))
        at.simulation.advance(6 * 3600)
        watcher.step()
        assert at.path.name in watcher.status.locked
        assert watcher.status.moves
        assert not watcher.status.trouble
        assert watcher._outlook.now == at.simulation.now  # alerts go on by the plan before
        moved.rename(at.path)
        at.simulation.advance(30)
        watcher.step()
        assert not watcher.status.locked


def test_alerts_that_fail_each_time_count_as_blind_though_orders_come_in(at, monkeypatch):
    def fails(*_):
        raise ZeroDivisionError

    with watching(at) as watcher:
        watcher.step()
        stop, began = threading.Event(), at.simulation.now
        monkeypatch.setattr(watcher.teller, "see", fails, raising=False)
        monkeypatch.setattr(watcher, "_wait", lambda _: at.simulation.advance(20))
        shown = []

        def show(status):
            shown.append(status)
            if at.simulation.now > began + 2400:
                stop.set()

        watcher.show = show
        watcher.watch(stop)
        sight = watcher.teller.sight
        assert sight.is_blind(at.simulation.now)
        assert sight.reads
        assert sight.read_at <= began + 120
        assert sight.lost_words(at.simulation.now).startswith("【预警停了】")


def test_a_list_that_the_shop_refuses_stops_no_orders(at):
    def refuses(*_, **__):
        raise ShopRefused("没有权限")

    with watching(at) as watcher:
        watcher.step()
        watcher.shop.skus, watcher._list_at = refuses, 0
        for _ in range(6):
            at.simulation.advance(3600)
            watcher.step()
        assert "没有权限" in watcher.status.trouble
        assert watcher.teller.sight.lost_at is None
    assert stock(at) == at.truth()


def test_what_half_a_pull_brought_reaches_the_workbook(at, monkeypatch):
    def fails(*_, **__):
        raise ShopUnavailable("没有网络")

    with watching(at) as watcher:
        watcher.step()
        at.simulation.advance(200)  # no write is due
        with monkeypatch.context() as patched:
            patched.setattr(watcher.shop, "after_sale_windows", fails, raising=False)
            watcher.step()
        assert watcher.status.trouble
        assert watcher._changed


def test_what_is_better_is_noted_even_where_nothing_sells(at):
    with watching(at) as watcher:
        watcher.step()
        seen = len(watcher.teller.seen)
        watcher.shop.clock = lambda: at.simulation.now
        for _ in range(3):
            at.simulation.now += 61  # nothing happens meanwhile
            watcher.step()
        assert len(watcher.teller.seen) >= seen + 3


def test_one_ledger_is_watched_once(at):
    book_id = ClosedBook(at.path).book_id()
    run, stop, shown = at.run(), threading.Event(), []
    first = threading.Thread(
        target=watch.watch, args=(at.path, run, loop.Options(), shown.append, stop)
    )
    first.start()
    until(lambda: shown)
    copy = at.path.with_name("copy.xlsm")
    shutil.copy(at.path, copy)
    with pytest.raises(running.BusyError, match="实时监控"):
        watch.watch(copy, run, loop.Options(), shown.append, threading.Event())
    assert watch.ask_to_stop(book_id)
    first.join(10)
    assert not first.is_alive()
    assert not watch.ask_to_stop(book_id), "nothing runs any more"


def until(holds, patience=90.0):
    ends = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < ends, "it did not come to pass"
        time.sleep(0.02)


@contextmanager
def running_watch(path, run, options):
    """Run the whole watch in a thread; yields what it shows."""
    shown, stop = [], threading.Event()
    thread = threading.Thread(target=watch.watch, args=(path, run, options, shown.append, stop))
    thread.start()
    try:
        until(lambda: shown)
        yield shown
    finally:
        stop.set()
        thread.join(60)
    assert not thread.is_alive()


def test_a_pushed_message_wakes_the_watcher_over_http(at):
    options = loop.Options(every=600, listen=("127.0.0.1", 0))
    with running_watch(at.path, at.run(), options) as shown:
        order = next(o for o in at.simulation.orders.values() if o.state == "paid")
        at.post(f"orders/{order.order_id}", {"action": "refund"})
        told = [{"tag": "106", "msg_id": "x", "data": {"p_id": order.order_id}}]
        body = json.dumps(told).encode()
        headers = {"app-id": APP, "event-sign": event_sign(APP, body, SECRET, HMAC)}
        requests.post(shown[-1].listens, body, timeout=5, headers=headers)
        until(lambda: shown[-1].moves)
        assert "推送 1 条" in shown[-1].pushed
    assert stock(at) == at.truth()
