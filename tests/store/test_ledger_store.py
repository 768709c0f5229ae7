"""The ledger on disk: posting by difference, counts that hold, caches that can be audited."""

import itertools
import os
import random
import time
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from stockbook.domain.problems import StoreError
from stockbook.domain.records import (
    AfterSale,
    Entry,
    EntryKind,
    OrderLine,
    ShopSku,
    StockCount,
)
from stockbook.store import audit
from stockbook.store.ledger_store import LedgerStore
from stockbook.store.place import ledger_path
from stockbook.store.schema import TRIGGERS

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


def sale(i=1, kind=0, status=7, at=500, units=1, **changes):
    base = AfterSale("s", f"a{i}-{kind}", f"l{i}", kind, status, units, at, order_id=f"o{i}")
    return replace(base, **changes)


def post(store, *events, cursor=0):
    """Post snapshots of lines and of after-sales, as they come."""
    lines = [e for e in events if isinstance(e, OrderLine)]
    sales = [e for e in events if isinstance(e, AfterSale)]
    return store.post_window("s", lines, sales, cursor=cursor, now=1000)


def free_of(store, sku="sku-1"):
    frame = store.positions().set_index("sku")
    return {k: int(v) for k, v in frame.loc[sku].items() if isinstance(v, int) and v} | {
        k: int(frame.loc[sku, k])
        for k in ("free", "held", "allocated", "customer", "returning")
        if frame.loc[sku, k]
    }


def life(rng, i):
    """One order line's snapshots, in their true order."""
    steps = [line(i, 1, 100, reduce_stock_type=rng.choice([1, 2]))]
    fate = rng.choice(["cancelled", "unpaid", "refunded", "shipped", "done", "untold", "parts"])
    if fate == "cancelled":
        steps.append(line(i, 4, 200, paid_at=None))
    if fate in ("refunded", "shipped", "done", "untold", "parts"):
        steps += [line(i, 105, 150), line(i, 2, 150)]
    if fate == "refunded":
        steps.append(line(i, 4, 300, main_status=21))
    if fate in ("shipped", "done"):
        steps.append(line(i, 3, 400, shipped_at=400))
    if fate == "done":
        steps.append(line(i, 5, 900, shipped_at=400))
    if fate == "untold":  # the ship time is trimmed
        steps += [line(i, 3, 420), line(i, 5, 900)]
    if fate == "parts":
        steps += [line(i, 101, 400, shipped_at=400, shipped_quantity=1),
                  line(i, 3, 640, shipped_at=400)]  # fmt: skip
    return steps + afterwards(rng, i, fate)


def afterwards(rng, i, fate):
    """What a buyer may want after that, as the after-sale stream tells it."""
    if fate == "refunded":
        return [sale(i, 2, 6, 250, units=2), sale(i, 2, 12, 300, units=2, refund_status=3)]
    if fate not in ("shipped", "done", "untold"):
        return []
    wish = rng.choice(["", "", "return", "refused", "exchange", "other", "resend", "part", "price"])
    back = [sale(i, 0, 6, 500), sale(i, 0, 7, 600)]
    other = f"90{(i + 1) % 5}"
    return {
        "": [],
        "return": [*back, sale(i, 0, 11, 700), sale(i, 0, 12, 700, refund_status=3)],
        "refused": [*back, sale(i, 0, 28, 700)],
        "exchange": [sale(i, 3, s, at) for s, at in ((7, 600), (8, 610), (13, 640), (12, 700))],
        "other": [sale(i, 3, s, 600 + s, shop_sku_id=other) for s in (7, 8, 12)],
        "resend": [sale(i, 7, 6, 600), sale(i, 7, 8, 650), sale(i, 7, 13, 700)],
        "part": [sale(i, 2, 6, 160), sale(i, 2, 12, 170)],
        "price": [sale(i, 6, 12, 600, refund_status=3)],
    }[wish]


COUNTS = [StockCount("s", f"sku-{i}", 500 + i, at) for i in range(4) for at in (120, 450, 650)]
KITS = {"904": (("sku-0", 2), ("sku-3", 1))}


def test_req_01_every_balance_is_the_sum_of_its_moves(ledger):
    rng = random.Random(1)
    for i in range(200):
        post(ledger, *life(rng, i))
    assert ledger.audit() == []
    buckets = ["free", "held", "allocated", "returning", "customer"]
    assert ledger.positions()[buckets].to_numpy().sum() == 0


WINDOW = max(90, ORDERS // 40)  # events


def as_file(snapshot):
    """The line as a downloaded file tells it: no platform SKU, no update time of its own."""
    known = (snapshot.created_at, snapshot.paid_at, snapshot.shipped_at)
    return replace(
        snapshot,
        shop_sku_id="",
        sku=f"sku-{snapshot.shop_sku_id[-1]}",
        updated_at=max(at for at in known if at),
        main_status=None,
        reduce_stock_type=None,
    )


def every_life():
    return [life(random.Random(7000 + i), i) for i in range(ORDERS)]


def outcome(store):
    assert store.audit() == []
    return store.balance_hash(), store.daily_demand().to_csv()


@pytest.fixture(scope="module")
def in_true_order(tmp_path_factory):
    """What the ledger says where everything came once, in order."""
    path = tmp_path_factory.mktemp("true") / "l.sqlite"
    events = [snapshot for steps in every_life() for snapshot in steps]
    with LedgerStore.open(path) as store:
        store.map_skus(SKUS, 0)
        store.map_components("s", KITS, 0)
        for at in range(0, len(events), WINDOW):
            post(store, *events[at : at + WINDOW])
        store.post_counts(COUNTS, 1000)
        return outcome(store)


@pytest.mark.parametrize("seed", range(int(os.environ.get("STOCKBOOK_PROVE_SEEDS", "20"))))
def test_req_03_shuffled_doubled_and_overlapping_pulls_give_one_ledger(
    tmp_path, seed, in_true_order
):
    """Orders, after-sales, counts and a kit, 30 % doubled, in overlapping pulls and files."""
    rng = random.Random(seed)
    events = [snapshot for steps in every_life() for snapshot in steps]
    events += rng.sample(events, len(events) * 3 // 10)
    rng.shuffle(events)
    counts, mapped = rng.sample(COUNTS, len(COUNTS)), rng.randrange(len(events))
    with LedgerStore.open(tmp_path / "l.sqlite") as store:
        store.map_skus(SKUS, 0)
        for at in range(0, len(events), WINDOW):
            if mapped in range(at, at + WINDOW):
                store.map_components("s", KITS, 1000)
            window = events[max(0, at - WINDOW // 4) : at + WINDOW]
            post(store, *window)
            if rng.random() < 0.2:
                lines = [e for e in rng.sample(events, WINDOW) if isinstance(e, OrderLine)]
                store.post_file("s", [as_file(line) for line in lines], now=1000)
            if counts and rng.random() < 0.2:
                store.post_counts([counts.pop(), *counts[:1]], 1000)
        store.post_counts(COUNTS, 1000)
        assert outcome(store) == in_true_order


def free_after(path, *steps):
    """Free stock after some steps on a new ledger whose sku-1 and sku-2 were counted at 450."""
    with LedgerStore.open(path) as store:
        store.map_skus(SKUS, 0)
        store.post_counts([StockCount("s", f"sku-{i}", 50, 450) for i in (1, 2)], 1000)
        for step in steps:
            step(store)
        assert store.audit() == []
        return free_of(store), free_of(store, "sku-2"), store.balance_hash()


LATE = {  # the news of one line, in true order, around the count at 450
    "shipped, and done without a ship time": [line(1, 3, 400), line(1, 5, 900)],
    "shipped, and the ship time told later": [line(1, 3, 600), line(1, 5, 900, shipped_at=400)],
    "in two parcels": [
        line(1, 101, 400, shipped_at=400, shipped_quantity=1), line(1, 3, 700, shipped_at=400)],
    "sent again, then done": [
        line(1, 3, 300, shipped_at=300), sale(1, 7, 13, 400), sale(1, 7, 12, 700)],
    "exchanged for another": [
        line(1, 3, 300, shipped_at=300), sale(1, 3, 13, 400, shop_sku_id="902"),
        sale(1, 3, 12, 700, shop_sku_id="902")],
}  # fmt: skip


@pytest.mark.parametrize("case", LATE)
def test_req_08_units_leave_at_the_earliest_instant_told_in_whatever_order(tmp_path, case):
    found = set()
    for i, order in enumerate(itertools.permutations(LATE[case])):
        steps = [lambda store, event=event: post(store, event) for event in order]
        found.add(str(free_after(tmp_path / f"{i}.sqlite", *steps)))
    found.add(str(free_after(tmp_path / "once.sqlite", lambda s: post(s, *LATE[case]))))
    assert len(found) == 1


def test_units_taken_back_go_back_at_the_instant_they_left(tmp_path):
    """An exchange's new SKU gets another code: nothing is left over on either side of a count."""
    events = [line(1, 3, 300, shipped_at=300), sale(1, 3, 13, 400, shop_sku_id="902")]
    later = sale(1, 3, 12, 700, shop_sku_id="902")
    recoded = ShopSku("s", "902", "p", "other")
    plain = free_after(tmp_path / "a.sqlite", lambda s: s.map_skus([recoded], 1),
                       lambda s: post(s, *events, later))  # fmt: skip
    turned = free_after(
        tmp_path / "b.sqlite", lambda s: post(s, *events), lambda s: post(s, later),
        lambda s: s.map_skus([recoded], 1),
    )  # fmt: skip
    assert plain == turned
    assert plain[1] == {"free": 50}


def test_a_files_after_sale_never_forgets_which_sku_is_sent_instead(tmp_path):
    shipped = line(1, 3, 300, shipped_at=300)
    told = sale(1, 3, 13, 600, shop_sku_id="902", applied_at=500)
    for i, later in enumerate((600, 700)):
        file = replace(told, shop_sku_id="", applied_at=None, updated_at=later)
        for j, order in enumerate(((told, file), (file, told))):
            steps = [lambda s, e=e: post(s, e) for e in (shipped, *order)]
            _, other, _ = free_after(tmp_path / f"{i}{j}.sqlite", *steps)
            assert other == {"free": 49, "customer": 1}


LIVES = {  # what happens to a line of two units, and every move it posts
    "paid, cancelled": ([line(status=2), line(status=4, at=200)],
        ["free>allocated 2", "allocated>free 2"]),
    "paid, shipped": ([line(status=2), line(status=3, at=400, shipped_at=400)],
        ["free>allocated 2", "allocated>customer 2"]),
    "shipped, seen late": ([line(status=3, at=400, shipped_at=400)], ["free>customer 2"]),
    "one unit refunded before shipping": (
        [line(status=2), sale(1, 2, 12, 170), line(status=3, at=400, shipped_at=400)],
        ["free>allocated 2", "allocated>free 1", "allocated>customer 1"]),
    "refund asked and refused": ([line(status=2), sale(1, 2, 6, 170), sale(1, 2, 28, 180)],
        ["free>allocated 2"]),
    "returned": (
        [line(status=3, at=400, shipped_at=400), sale(1, 0, 6), sale(1, 0, 7, 600),
         sale(1, 0, 12, 700)],
        ["free>customer 2", "customer>returning 1"]),
    "return closed": (
        [line(status=3, at=400, shipped_at=400), sale(1, 0, 7, 600), sale(1, 0, 28, 700)],
        ["free>customer 2", "customer>returning 1", "returning>customer 1"]),
    "returned, seen only at its end": (
        [sale(1, 0, 12, 700), line(status=5, at=900, shipped_at=400)],
        ["free>customer 2", "customer>returning 1"]),
    "exchanged": (
        [line(status=3, at=400, shipped_at=400), sale(1, 3, 7, 600), sale(1, 3, 8, 650),
         sale(1, 3, 12, 700)],
        ["free>customer 2", "customer>returning 1", "free>allocated 1", "allocated>customer 1"]),
    "sent again": ([line(status=3, at=400, shipped_at=400), sale(1, 7, 8, 600),
                    sale(1, 7, 13, 700)],
        ["free>customer 2", "free>allocated 1", "allocated>customer 1"]),
    "money back only": ([line(status=3, at=400, shipped_at=400), sale(1, 1, 12, 600)],
        ["free>customer 2"]),
    "price protected": ([line(status=3, at=400, shipped_at=400),
                         sale(1, 6, 12, 600, refund_status=3)], ["free>customer 2"]),
}  # fmt: skip


@pytest.mark.parametrize("case", LIVES)
def test_req_04_the_moves_of_each_life(ledger, case):
    events, moves = LIVES[case]
    for event in events:
        post(ledger, event)
        post(ledger, event)
    with ledger._engine.begin() as connection:
        rows = connection.execute(text("SELECT source, target, quantity FROM stock_move"))
        assert [f"{s}>{t} {n}" for s, t, n in rows] == moves
    assert ledger.audit() == []


def test_an_after_sale_that_comes_before_its_line_waits_for_it(ledger):
    assert post(ledger, sale(1, 0, 7)).moves == 0
    post(ledger, line(status=3, at=400, shipped_at=400))
    assert free_of(ledger) == {"free": -2, "customer": 1, "returning": 1}


def test_req_08_a_return_never_cancels_a_count_between_shipping_and_return(ledger):
    ledger.post_counts([StockCount("s", "sku-1", 10, 450)], 1000)
    post(ledger, line(status=3, at=700, shipped_at=400), sale(1, 0, 7, 600))
    assert free_of(ledger) == {"free": 10, "customer": 1, "returning": 1}
    assert ledger.audit() == []


def test_req_05_a_kit_takes_its_components_and_demand_counts_them(ledger):
    post(ledger, line(4))
    assert free_of(ledger, "sku-4") == {"free": -2, "allocated": 2}
    ledger.map_components("s", KITS, 1000)
    assert free_of(ledger, "sku-4") == {}
    assert free_of(ledger, "sku-0") == {"free": -4, "allocated": 4}
    assert free_of(ledger, "sku-3") == {"free": -2, "allocated": 2}
    demand = ledger.daily_demand().set_index("sku")["units"].to_dict()
    assert demand == {"sku-0": 4, "sku-3": 2}
    ledger.map_components("s", {}, 1000)  # it is no kit after all
    assert free_of(ledger, "sku-4") == {"free": -2, "allocated": 2}
    assert free_of(ledger, "sku-0") == {}
    assert ledger.audit() == []


def test_a_line_that_moves_to_another_warehouse_is_there_only(ledger):
    ledger.keep_apart("s", ["北仓", "南仓"], 0)
    post(ledger, line(warehouse="北仓"))
    post(ledger, line(at=200, warehouse="南仓"))
    frame = ledger.positions()
    found = frame[frame["sku"] == "sku-1"].set_index("warehouse")["allocated"].to_dict()
    assert {house: n for house, n in found.items() if n} == {"南仓": 2}
    assert ledger.audit() == []


def test_an_exchange_for_another_sku_moves_when_that_sku_gets_its_code(ledger):
    shipped = line(status=3, at=400, shipped_at=400)
    post(ledger, shipped, sale(1, 3, 8, 600, shop_sku_id="777"))
    assert free_of(ledger, "未识别:777") == {"free": -1, "allocated": 1}
    ledger.map_skus([ShopSku("s", "777", "p", "new", "新品")], 1000)
    assert free_of(ledger, "new") == {"free": -1, "allocated": 1}
    assert free_of(ledger, "未识别:777") == {}
    assert ledger.audit() == []


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


GONE = "SELECT move_id FROM stock_move WHERE reference = 'l4'"  # it went, and came back whole
FAULTS = {  # what is done to the database → what a finding names
    "a move is lost": ("DELETE FROM stock_move WHERE move_id = 2", "#2"),
    "two moves that cancel are lost": (f"DELETE FROM stock_move WHERE move_id IN ({GONE})", "#"),
    "a move is edited": (
        "UPDATE stock_move SET quantity = quantity + 1 WHERE move_id = 2", "sku-2"),
    "a move is doubled": (DOUBLED, "l2"),
    "a balance is edited": (
        "UPDATE balance SET quantity = quantity + 1 WHERE sku = 'sku-3'", "sku-3"),
    "demand is edited": ("UPDATE daily_demand SET units = 99 WHERE sku = 'sku-3'", "sku-3"),
    "a place is edited": ("UPDATE line_place SET quantity = 1 WHERE line_id = 'l1'", "l1"),
    "an after-sale is edited": ("UPDATE after_sale SET quantity = 2", "l3"),
    "an after-sale is lost": ("DELETE FROM after_sale", "l3"),
    "a count is edited": ("UPDATE stock_count SET on_hand = 1 WHERE sku = 'sku-1'", "500"),
    "a count is lost": ("DELETE FROM stock_count WHERE sku = 'sku-1'", "count:sku-1:500"),
    "an entry is edited": ("UPDATE entry SET units = 8", "E1"),
    "an entry is lost": ("DELETE FROM entry", "E1"),
    "an entry's moves are lost": ("DELETE FROM stock_move WHERE cause = 'receipt'", "E1"),
    "an entry's kind is unknown": ("UPDATE entry SET kind = 'gift' WHERE entry_id = 'E1'", "E1"),
    "an entry's count is edited": ("UPDATE entry SET units = 8 WHERE entry_id = 'E2'", "E2"),
    "a move's cause is invented": (
        DOUBLED.replace("cause, ", "'magic', "), "magic"),
    "a receipt becomes a return": (
        "UPDATE stock_move SET cause = 'return' WHERE cause = 'receipt'", "E1"),
    "units left another day": (
        "UPDATE stock_move SET effective_at = 9 WHERE target = 'customer'", "l7"),
    "a line's demand is edited": ("UPDATE order_line SET demand_units = 9", "l1"),
    "what a line is posted as is broken": (
        "UPDATE order_line SET posted_as = 'x' WHERE line_id = 'l1'", "l1"),
    "a code is edited": ("UPDATE sku_map SET sku = 'sku-3' WHERE shop_sku_id = '901'", "l1"),
    "the guards are gone": ("SELECT 1", "stock_move_no_delete"),
}  # fmt: skip


def findings_after(ledger, fault):
    """What the audit says of a ledger that was whole before the fault."""
    post(ledger, *(line(i) for i in range(1, 5)), sale(3, 2, 12, 170))
    post(ledger, line(4, 4, at=300, paid_at=None))
    ledger.post_counts([StockCount("s", "sku-1", 10, 500)], 1000)
    post(ledger, line(7, 3, at=400, shipped_at=400))
    ledger.post_entries(
        [
            Entry("s", "E1", EntryKind.RECEIPT, "sku-2", 7, 400),
            Entry("s", "E2", EntryKind.COUNT, "sku-3", 70, 410),
        ],
        1000,
    )
    assert ledger.audit() == []
    with ledger._engine.begin() as db:
        if fault == "SELECT 1":
            db.execute(text("DROP TRIGGER stock_move_no_delete"))
        else:
            for name in TRIGGERS:
                db.execute(text(f"DROP TRIGGER {name}"))
            db.execute(text(fault))
            for statement in TRIGGERS.values():
                db.execute(text(statement))
    return [str(finding) for finding in ledger.audit()]


@pytest.mark.parametrize("fault", FAULTS)
def test_req_09_seeded_corruption_is_found_and_named(ledger, fault):
    statement, named = FAULTS[fault]
    assert any(named in finding for finding in findings_after(ledger, statement))


@pytest.mark.parametrize("check", audit.CHECKS)
def test_req_09_without_any_one_check_some_corruption_goes_unseen(tmp_path, check, monkeypatch):
    monkeypatch.delitem(audit.CHECKS, check)
    unseen = []
    for i, (fault, (statement, _)) in enumerate(FAULTS.items()):
        with LedgerStore.open(tmp_path / f"{i}.sqlite") as store:
            store.map_skus(SKUS, 0)
            unseen += [fault] * (not findings_after(store, statement))
    assert unseen


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


def file_line(i=1, **more):
    """A line as a downloaded file tells it: no platform SKU."""
    return line(i, 3, at=400, shipped_at=400, **({"shop_sku_id": "", "sku": f"sku-{i % 5}"} | more))


def test_a_line_of_a_file_moves_to_its_components_when_its_code_becomes_a_kit(ledger):
    ledger.post_file("s", [file_line(4)], now=1000)
    assert free_of(ledger, "sku-4") == {"free": -2, "customer": 2}
    ledger.map_components("s", KITS, 1000)
    assert free_of(ledger, "sku-4") == {}
    assert free_of(ledger, "sku-0") == {"free": -4, "customer": 4}
    assert ledger.audit() == []


def test_a_line_of_a_file_without_a_code_waits_under_its_product_until_that_is_mapped(ledger):
    ledger.post_file("s", [file_line(1, sku="", product_id="777")], now=1000)
    assert free_of(ledger, "未识别:777") == {"free": -2, "customer": 2}
    row = ledger.stock(2000).listing.set_index("sku").loc["未识别:777"]
    assert row["shop_sku_id"] == "777"  # so SKU对照 shows it
    ledger.map_components("s", {"777": (("sku-2", 1),)}, 1000)
    assert free_of(ledger, "未识别:777") == {}
    assert free_of(ledger, "sku-2") == {"free": -2, "customer": 2}
    assert ledger.audit() == []


def test_a_sku_that_only_files_know_is_listed_for_the_workbook(ledger):
    ledger.post_file("s", [file_line(1, sku="old-code")], now=1000)
    assert "old-code" in ledger.stock(2000).listing["sku"].tolist()


def test_a_kit_that_the_platform_names_asks_for_its_components_until_they_are_written(ledger):
    for _ in range(2):
        ledger.post_window("s", [line(4)], cursor=0, now=1000, kits=["904"])
    (problem,) = [p for p in ledger.stock(2000).problems() if p.where == "SKU对照"]
    assert "904" in problem.found
    ledger.map_components("s", KITS, 1000)
    assert not [p for p in ledger.stock(2000).problems() if p.where == "SKU对照"]


def test_a_kit_without_a_code_takes_no_line_that_has_none_either(tmp_path):
    with LedgerStore.open(tmp_path / "l.sqlite") as store:
        store.map_skus([ShopSku("s", "7", "p", "")], 0)
        store.map_components("s", {"7": (("sku-1", 2),)}, 0)
        store.post_file("s", [file_line(1, sku="", product_id="P99")], now=1)
        assert free_of(store, "未识别:P99") == {"free": -2, "customer": 2}


def test_a_kit_gets_another_code_before_or_after_a_file_tells_of_the_old_one(tmp_path):
    def file(store):
        store.post_file("s", [file_line(4)], now=1)

    def recode(store):
        store.map_skus([ShopSku("s", "904", "p", "new")], 1)

    found = set()
    for i, steps in enumerate(([file, recode], [recode, file])):
        with LedgerStore.open(tmp_path / f"{i}.sqlite") as store:
            store.map_skus(SKUS, 0)
            store.map_components("s", KITS, 0)
            for step in steps:
                step(store)
            assert store.audit() == []
            found.add(store.balance_hash())
    assert len(found) == 1


def test_a_sku_that_was_received_before_it_had_a_code_is_listed_once(tmp_path):
    with LedgerStore.open(tmp_path / "l.sqlite") as store:
        store.map_skus([ShopSku("s", "7", "p", "")], 0)
        store.post_entries([Entry("s", "E", EntryKind.RECEIPT, "未识别:7", 5, 400)], 1000)
        store.map_skus([ShopSku("s", "7", "p", "new")], 0)
        listing = store.stock(2000).listing
        assert listing["shop_sku_id"].tolist().count("7") == 1
        assert {"new", "未识别:7"} <= set(listing["sku"])
