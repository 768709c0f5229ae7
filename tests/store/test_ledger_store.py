"""The ledger on disk: posting by difference, counts that hold, caches that can be audited."""

import os
import random
import time
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from stockbook.domain.problems import StoreError
from stockbook.domain.records import OrderLine, ShopSku, StockCount
from stockbook.store.ledger_store import LedgerStore
from stockbook.store.place import ledger_path

DOUBLED = (
    "INSERT INTO stock_move SELECT NULL, shop_id, warehouse, sku, source, target, quantity, cause, "
    "reference, effective_at, posted_at FROM stock_move WHERE move_id = 2"
)
SKUS = [ShopSku("s", f"90{i}", "p", f"sku-{i}", f"商品 {i}") for i in range(5)]
ORDERS = int(os.environ.get("STOCKBOOK_PROVE_ORDERS", "300"))


@pytest.fixture
def ledger(tmp_path):
    with LedgerStore.open(tmp_path / "l.sqlite") as store:
        store.map_skus(SKUS, 0)
        yield store


def line(i=1, status=2, at=100, **changes):
    paid = None if status == 1 else 60
    base = OrderLine(
        "s", f"o{i}", f"l{i}", f"90{i % 5}", 2, status, at, created_at=50, paid_at=paid
    )
    return replace(base, **changes)


def post(store, *lines, cursor=0):
    return store.post_window("s", lines, cursor=cursor, now=1000)


def free_of(store, sku="sku-1"):
    frame = store.positions().set_index("sku")
    return {k: int(v) for k, v in frame.loc[sku].items() if isinstance(v, int) and v} | {
        k: int(frame.loc[sku, k])
        for k in ("free", "held", "allocated", "customer")
        if frame.loc[sku, k]
    }


def life(rng, i):
    """One order line's snapshots, in their true order."""
    steps = [line(i, 1, 100, reduce_stock_type=rng.choice([1, 2]))]
    fate = rng.choice(["cancelled", "unpaid", "refunded", "shipped", "done"])
    if fate == "cancelled":
        steps.append(line(i, 4, 200, paid_at=None))
    if fate in ("refunded", "shipped", "done"):
        steps += [line(i, 105, 150), line(i, 2, 150)]
    if fate == "refunded":
        steps.append(line(i, 4, 300, main_status=21))
    if fate in ("shipped", "done"):
        steps.append(line(i, 3, 400, shipped_at=400))
    if fate == "done":
        steps.append(line(i, 5, 900, shipped_at=400))
    return steps


def test_req_01_every_balance_is_the_sum_of_its_moves(ledger):
    rng = random.Random(1)
    for i in range(200):
        post(ledger, *life(rng, i))
    assert ledger.audit() == []
    assert ledger.positions()[["free", "held", "allocated", "customer"]].to_numpy().sum() == 0


@pytest.mark.parametrize("seed", range(int(os.environ.get("STOCKBOOK_PROVE_SEEDS", "5"))))
def test_req_03_shuffled_doubled_and_overlapping_pulls_give_one_ledger(tmp_path, seed):
    lives = [life(random.Random(7000 + i), i) for i in range(ORDERS)]
    hashes = set()
    for how in (None, seed):
        events = [snapshot for steps in lives for snapshot in steps]
        with LedgerStore.open(tmp_path / f"{how}.sqlite") as store:
            store.map_skus(SKUS, 0)
            if how is not None:
                rng = random.Random(how)
                events += rng.sample(events, len(events) * 3 // 10)
                rng.shuffle(events)
            for at in range(0, len(events), 90):
                post(store, *events[max(0, at - 20) : at + 90])
            assert store.audit() == []
            hashes.add((store.balance_hash(), store.daily_demand().to_csv()))
    assert len(hashes) == 1


def test_posting_the_same_again_moves_nothing(ledger):
    assert post(ledger, line()).moves == 1
    again = post(ledger, line())
    assert (again.lines, again.moves) == (0, 0)


@pytest.mark.parametrize(
    ("steps", "where"),
    [
        ([line(status=2, at=9), line(status=1, at=5)], {"free": -2, "allocated": 2}),
        ([line(status=2), line(status=4, at=200), line(status=4, at=200)], {}),
        ([line(status=2), line(status=4, main_status=21, at=300)], {}),
        ([line(status=3, shipped_at=90), line(status=4, main_status=22, at=400)],
         {"free": -2, "customer": 2}),
    ],
)  # fmt: skip
def test_req_04_each_ending_releases_exactly_once(ledger, steps, where):
    for step in steps:
        post(ledger, step)
    assert free_of(ledger) == where


def test_req_02_buckets_are_kept_apart(ledger):
    post(ledger, line(1, 1, reduce_stock_type=1), line(6, 2), line(11, 3, shipped_at=70))
    assert free_of(ledger) == {"free": -6, "held": 2, "allocated": 2, "customer": 2}


def test_req_06_the_pcs_zone_does_not_move_the_day(ledger, monkeypatch):
    before = os.environ.get("TZ")
    for i, zone in enumerate(("America/New_York", "Pacific/Auckland", "Asia/Shanghai")):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        post(ledger, line(1 + 5 * i, paid_at=1700063940), line(101 + 5 * i, paid_at=1700064060))
    monkeypatch.setenv("TZ", before) if before else monkeypatch.delenv("TZ")
    time.tzset()
    days = {d.date(): n for d, n in ledger.daily_demand()[["date", "units"]].to_numpy()}
    assert days == {date(2023, 11, 15): 6, date(2023, 11, 16): 6}


def test_req_08_a_line_that_arrives_late_never_cancels_a_count(ledger):
    count = StockCount("s", "sku-1", 50, 500)
    ledger.post_counts([count], 1000)
    assert free_of(ledger) == {"free": 50}
    post(ledger, line(1, 3, at=450, shipped_at=400))
    assert free_of(ledger) == {"free": 50, "customer": 2}
    post(ledger, line(6, 3, at=650, shipped_at=600))
    assert free_of(ledger) == {"free": 48, "customer": 4}
    assert ledger.post_counts([count], 1000).moves == 0
    assert ledger.audit() == []


def test_a_later_count_holds_when_an_earlier_one_is_corrected(ledger):
    ledger.post_counts([StockCount("s", "sku-1", 50, 500), StockCount("s", "sku-1", 40, 900)], 1)
    ledger.post_counts([StockCount("s", "sku-1", 70, 500)], 2)
    assert free_of(ledger) == {"free": 40}
    assert ledger.audit() == []


def test_a_counted_sku_counts_what_is_allocated_as_on_hand(ledger):
    post(ledger, line(1, 2))
    ledger.post_counts([StockCount("s", "sku-1", 10, 500)], 1000)
    assert free_of(ledger) == {"free": 8, "allocated": 2}


def test_a_line_without_a_code_waits_and_moves_when_its_code_comes(ledger):
    post(ledger, line(1, shop_sku_id="999"))
    assert free_of(ledger, "未识别:999") == {"free": -2, "allocated": 2}
    ledger.map_skus([ShopSku("s", "999", "p", "sku-1")], 2000)
    assert free_of(ledger) == {"free": -2, "allocated": 2}
    assert ledger.daily_demand()["sku"].tolist() == ["sku-1"]
    assert ledger.audit() == []


def test_the_cursor_never_goes_back(ledger):
    post(ledger, cursor=500)
    post(ledger, cursor=300)
    assert ledger.cursor("s") == 500


def test_the_stock_path_begins_with_the_first_count(ledger):
    ledger.post_counts([StockCount("s", "sku-1", 3, 500)], 1000)
    post(ledger, line(1, 2, at=650, paid_at=600), line(6, 2, at=750, paid_at=700))
    path = ledger.stock_path()
    assert path[["at", "free"]].to_numpy().tolist() == [[500, 3], [600, 1], [700, -1]]


@pytest.mark.parametrize(
    "statement", ["UPDATE stock_move SET quantity = 9", "DELETE FROM stock_move"]
)
def test_req_01_the_database_refuses_to_change_a_move(ledger, statement):
    post(ledger, line())
    with pytest.raises(DatabaseError, match="append-only"), ledger._engine.begin() as db:
        db.execute(text(statement))


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ("DELETE FROM stock_move WHERE move_id = 2", "#2"),
        ("UPDATE stock_move SET quantity = quantity + 1 WHERE move_id = 2", "sku-2"),
        (DOUBLED, "l2"),
        ("UPDATE balance SET quantity = quantity + 1 WHERE sku = 'sku-3'", "sku-3"),
        ("UPDATE daily_demand SET units = 99 WHERE sku = 'sku-3'", "sku-3"),
        ("UPDATE line_place SET quantity = 1 WHERE line_id = 'l1'", "l1"),
        ("UPDATE stock_count SET on_hand = 1", "500"),
        ("SELECT 1", "stock_move_no_delete"),
    ],
)  # fmt: skip
def test_req_09_seeded_corruption_is_found_and_named(ledger, fault, named):
    post(ledger, *(line(i) for i in range(1, 4)))
    ledger.post_counts([StockCount("s", "sku-1", 10, 500)], 1000)
    assert ledger.audit() == []
    with ledger._engine.begin() as db:
        db.execute(text("DROP TRIGGER stock_move_no_update"))
        db.execute(text("DROP TRIGGER stock_move_no_delete"))
        db.execute(text(fault))
    assert any(named in str(finding) for finding in ledger.audit())


def test_what_is_no_ledger_is_refused_in_words(tmp_path):
    path = tmp_path / "x.sqlite"
    path.write_bytes(b"this is not a database, not at all" * 99)
    with pytest.raises(StoreError, match="打不开"):
        LedgerStore.open(path)


def test_a_newer_ledger_is_refused(tmp_path):
    with LedgerStore.open(tmp_path / "l.sqlite") as store, store._engine.begin() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="9999"):
        LedgerStore.open(tmp_path / "l.sqlite")


@pytest.mark.parametrize("folder", ["OneDrive - Firma", "Dropbox", "坚果云"])
def test_a_synced_folder_is_refused(tmp_path, folder):
    with pytest.raises(StoreError, match="STOCKBOOK_DATA"):
        ledger_path(tmp_path / folder, "id")
