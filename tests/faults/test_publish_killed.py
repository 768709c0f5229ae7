"""A publishing that is killed at any instant: after the next one the shop shows what there is."""

import os
import random
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from stockbook import publish_actions
from stockbook.domain.records import ChangeState, Entry, EntryKind
from stockbook.settings import data_folder
from stockbook.store.ledger_store import LedgerStore
from stockbook.store.place import ledger_path
from stockbook.workbook.closed_book import ClosedBook
from tests.faults.killing import killed
from tests.practice import NOW
from tests.selling import selling
from tests.test_publish_actions import shop as shop_fixture
from tests.test_publish_actions import spots

KILLS = int(os.environ.get("STOCKBOOK_PROVE_KILLS") or 10)
shop = shop_fixture
STEPS = ("write", "add_stock", "answered", "settle")


class KilledError(BaseException):
    """What a process that is killed does not catch either."""


def receive(at, units, number):
    """The same units of every SKU come into the house (or are lost)."""
    now = at.simulation.now
    kind = EntryKind.RECEIPT if units > 0 else EntryKind.CORRECTION
    entries = [
        Entry("463000001", f"{number}-{i.index}", kind, i.sku, units, now, reason="破损")
        for i in at.simulation.items
    ]
    at.ledger.post_entries(entries, now)
    for item in at.simulation.items:
        at.simulation.house.put_back(item, units)


def killed_at(at, step, monkeypatch):
    """Publish, and die before or after one of the steps."""
    shop, journal = at.shop(), type(at.ledger.journal)
    add = shop.add_stock

    def die(*_, **__):
        raise KilledError

    def add_and_die(changes, batch, *, again=False):
        add(changes, batch, again=again)
        raise KilledError

    with monkeypatch.context() as patch:
        if step in ("write", "settle"):
            patch.setattr(journal, step, die)
        else:
            shop.add_stock = die if step == "add_stock" else add_and_die
        with pytest.raises(KilledError):
            at.publish(shop=shop)


@pytest.mark.parametrize("units", [4, -2])
@pytest.mark.parametrize("step", STEPS)
def test_req_10_killed_between_journal_send_and_settle_nothing_is_lost_or_doubled(
    tmp_path, step, units, monkeypatch
):
    with selling(tmp_path, skus=8) as at:
        receive(at, 6, "before")
        at.publish()
        receive(at, units, "R")
        killed_at(at, step, monkeypatch)
        rows = at.ledger.journal.since("463000001", 0)
        waiting = [row for row in rows if row.state == ChangeState.SENDING]
        assert bool(waiting) == (step != "write")
        at.publish()
        assert at.differences() == {}
        assert at.ledger.journal.pending("463000001") == []
        report = at.get("oversold")
        assert [c for c in report["changes"] if c["risk"]] == []
        ids = {c["idempotent_id"] for c in report["changes"]}
        assert len(ids) <= 3


def killed_as_it_sends(at, pause):
    """Publish from a process of its own and kill it a moment after the shop has changed.

    Returns:
        Whether it was killed before it ended.
    """
    changes, now = at.simulation.stock.changes, datetime.fromtimestamp(NOW, UTC).isoformat()
    before = len(changes)
    process = subprocess.Popen(
        [sys.executable, "-m", "stockbook", "publish", at.path, "--apply", "--now", now],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ.copy(),
    )
    while process.poll() is None and len(changes) == before:
        time.sleep(0.001)
    time.sleep(pause)
    process.kill()
    return process.wait() != 0


def test_req_10_a_publishing_killed_anywhere_leaves_shop_and_ledger_equal_after_the_next(shop):
    dice, cut = random.Random(3), 0
    killed(shop, "publish", "--apply")
    lasts = killed(shop, "publish", "--apply")
    for turn in range(KILLS):
        for item in dice.sample(shop.simulation.items, 4):
            units = dice.randint(0, 2 * max(1, shop.simulation.free(item)))
            shop.post("stock", {"sku": item.sku, "stock_num": units})
        before = len(shop.simulation.stock.changes)
        if turn % 3 < 2:
            cut += killed_as_it_sends(shop, dice.choice((0, 0.002, 0.01, 0.05)))
        else:
            after = dice.uniform(0.4, 0.98) * lasts
            cut += killed(shop, "publish", "--apply", after=after) is None
        publish_actions.publish(shop.path, shop.run(), apply=True)
        assert spots(shop) == {
            i.sku: max(0, shop.simulation.free(i)) for i in shop.simulation.items
        }
        changes = shop.simulation.stock.changes[before:]
        moved = [c.sku for c in changes if c.change_num]
        assert len(set(moved)) == len(moved)  # each once
        found = ledger_path(data_folder(), ClosedBook(shop.path).book_id())
        with LedgerStore.open(found) as ledger:
            assert ledger.journal.pending(shop.sandbox.shop_id) == []
    assert cut > 0
