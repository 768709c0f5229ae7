"""收货与盘点 in the ledger: each row posts by difference under its own number; counts hold."""

import itertools
import random
from dataclasses import replace

import pytest

from stockbook.domain.records import Entry, EntryKind, OrderLine, ShopSku, StockCount
from stockbook.store.ledger_store import LedgerStore

K = EntryKind
AT = 1000


@pytest.fixture
def ledger(tmp_path):
    with LedgerStore.open(tmp_path / "l.sqlite") as store:
        store.map_skus([ShopSku("s", "9", "p", "A"), ShopSku("s", "8", "p", "B")], 0)
        yield store


def entry(kind, units, number="N", **more):
    return Entry("s", number, kind, "A", units, AT, **more)


def line(at=AT, house="", number="l", units=2):
    shipped = OrderLine("s", "o", number, "9", units, 3, at, paid_at=at, shipped_at=at)
    return replace(shipped, warehouse=house)


def sell(store, *lines):
    store.post_window("s", lines, cursor=0, now=9999)


def held(store, sku="A"):
    frame = store.positions()
    rows = frame[frame["sku"] == sku].to_dict("records")
    names = ("free", "allocated", "defective", "returning", "customer")
    return {(r["warehouse"], n): r[n] for r in rows for n in names if r[n]}


WHERE = {
    K.RECEIPT: (entry(K.RECEIPT, 10, defective=1), {"free": 9, "defective": 1}),
    K.RETURN: (
        entry(K.RETURN, 3, defective=3),
        {"defective": 3, "returning": -3},
    ),
    K.REFUSED: (entry(K.REFUSED, 2), {"free": 2, "customer": -2}),
    K.DEFECT: (entry(K.DEFECT, 4), {"free": -4, "defective": 4}),
    K.SCRAP: (entry(K.SCRAP, 4), {"defective": -4}),
    "more": (entry(K.CORRECTION, 5), {"free": 5}),
    "less": (entry(K.CORRECTION, -5), {"free": -5}),
    K.COUNT: (entry(K.COUNT, 7), {"free": 7}),
    K.VOID: (entry(K.VOID, 7), {}),
}


@pytest.mark.parametrize("kind", WHERE)
def test_each_kind_of_entry_has_its_moves_and_posts_them_once(ledger, kind):
    made, where = WHERE[kind]
    ledger.post_entries([made], 2000)
    assert held(ledger) == {("", bucket): n for bucket, n in where.items()}
    again = ledger.post_entries([made], 3000)
    assert (again.lines, again.moves) == (0, 0)
    assert ledger.audit() == []


def test_a_transfer_leaves_one_warehouse_and_comes_into_the_other(ledger):
    ledger.post_entries([entry(K.TRANSFER, 6, warehouse="北", to_warehouse="南")], 2000)
    assert held(ledger) == {("北", "free"): -6, ("南", "free"): 6}


@pytest.mark.parametrize(
    "change",
    [
        {"units": 4},
        {"units": 20, "defective": 5},
        {"sku": "B"},
        {"effective_at": 500},
        {"warehouse": "北"},
        {"kind": K.RETURN},
        {"kind": K.COUNT},
        {"kind": K.VOID},
        {"reference": "送货单 7"},
    ],
)
def test_a_changed_row_leaves_what_it_says_now_and_nothing_else(ledger, tmp_path, change):
    first = entry(K.RECEIPT, 10, defective=1)
    with LedgerStore.open(tmp_path / "new.sqlite") as new:
        new.post_entries([replace(first, **change)], 2000)
        ledger.post_entries([first], 2000)
        ledger.post_entries([replace(first, **change)], 3000)
        assert ledger.balance_hash() == new.balance_hash()
    assert ledger.audit() == []


def test_a_count_that_is_moved_in_time_holds_at_its_new_time_only(ledger):
    counted = replace(entry(K.COUNT, 50), effective_at=1500)
    ledger.post_entries([counted], 2000)
    sell(ledger, line(at=1200))
    assert held(ledger) == {("", "free"): 50, ("", "customer"): 2}
    ledger.post_entries([replace(counted, effective_at=1100)], 2000)
    assert held(ledger) == {("", "free"): 48, ("", "customer"): 2}
    assert ledger.audit() == []


EVENTS = {
    "count early": lambda s: s.post_entries([replace(entry(K.COUNT, 40), effective_at=1000)], 1),
    "count late": lambda s: s.post_entries(
        [replace(entry(K.COUNT, 55, "M", reason="破损"), effective_at=1600)], 1
    ),
    "receipt before both": lambda s: s.post_entries(
        [replace(entry(K.RECEIPT, 30, "R1"), effective_at=900)], 1
    ),
    "receipt between": lambda s: s.post_entries(
        [replace(entry(K.RECEIPT, 20, "R2", defective=2), effective_at=1300)], 1
    ),
    "order between": lambda s: sell(s, line(at=1400)),
    "order after": lambda s: sell(s, line(at=1700, number="m")),
}


def test_req_08_counts_backdated_receipts_and_late_orders_in_every_order_give_one_ledger(tmp_path):
    hashes, variances = set(), set()
    for i, order in enumerate(itertools.permutations(EVENTS)):
        if i % 6 and i not in (1, 100):  # each first and last event, a sixth of all orders
            continue
        with LedgerStore.open(tmp_path / f"{i}.sqlite") as store:
            store.map_skus([ShopSku("s", "9", "p", "A")], 0)
            for name in order:
                EVENTS[name](store)
            assert store.audit() == []
            hashes.add(store.balance_hash())
            variances.add(tuple(c.variance for c in store.stock(9999).counts))
    assert len(hashes) == 1
    assert variances == {(10, -1)}  # 40 against 30 received; 55 against 40 + 18 − 2


def test_req_08_a_count_that_differs_asks_for_its_reason_until_one_is_given(ledger):
    first = replace(entry(K.COUNT, 40), effective_at=1000)
    second = replace(entry(K.COUNT, 37, "M"), effective_at=1500)
    ledger.post_entries([first], 2000)
    assert not any("原因" in p.column for p in ledger.stock(3000).problems())
    ledger.post_entries([second], 2000)
    (problem,) = [p for p in ledger.stock(3000).problems() if p.column == "原因"]
    assert "A" in problem.found
    assert "-3" in problem.found
    assert held(ledger) == {("", "free"): 37}  # what was counted is what is there
    ledger.post_entries([replace(second, reason="丢失")], 2500)
    assert not any(p.column == "原因" for p in ledger.stock(3000).problems())
    assert held(ledger) == {("", "free"): 37}
    assert ledger.audit() == []


@pytest.mark.parametrize("seed", range(12))
def test_entries_edited_in_any_order_end_as_if_only_their_last_state_were_posted(tmp_path, seed):
    rng = random.Random(seed)

    def some(number):
        kind = rng.choice([k for k in K if k != K.COUNT or number == "c"])
        units = rng.randint(1, 30)
        return Entry(
            "s", number, kind, rng.choice("AB"), units, rng.randint(1, 9) * 100,
            rng.choice(["", "北"]), rng.randint(0, units) if kind == K.RECEIPT else 0, "南",
        )  # fmt: skip

    steps = [some(rng.choice("abcde")) for _ in range(30)]
    last = list({e.entry_id: e for e in steps}.values())
    with (
        LedgerStore.open(tmp_path / "a.sqlite") as one,
        LedgerStore.open(tmp_path / "b.sqlite") as other,
    ):
        for step in steps:
            one.post_entries([step], 5000)
        other.post_entries(last, 5000)
        assert one.balance_hash() == other.balance_hash()
        assert one.audit() == other.audit() == []


# --- warehouses ---------------------------------------------------------------------------------


def test_all_warehouses_are_the_main_one_until_some_are_kept_apart(ledger):
    """Old files name none, the interface does: a count is of both."""
    sell(ledger, line(at=1200, house="北"), line(at=1300, number="m"))
    ledger.post_counts([StockCount("s", "A", 50, 1500)], 2000)
    assert held(ledger) == {("", "free"): 50, ("", "customer"): 4}
    assert ledger.warehouses("s") == ["北"]


def test_the_ledger_is_the_same_whenever_a_warehouse_is_kept_apart(tmp_path):
    steps = {
        "apart": lambda s: s.keep_apart("s", ["北"], 1),
        "count": lambda s: s.post_counts([StockCount("s", "A", 50, 1500)], 1),
        "count there": lambda s: s.post_entries([entry(K.COUNT, 7, warehouse="北")], 1),
        "sell there": lambda s: sell(s, line(at=1200, house="北")),
        "sell here": lambda s: sell(s, line(at=1300, number="m", house="南")),
        "sell later": lambda s: sell(s, line(at=1700, number="n", house="北")),
    }
    hashes = set()
    for i, order in enumerate(itertools.permutations(steps)):
        if i % 40 in (0, 7):
            with LedgerStore.open(tmp_path / f"{i}.sqlite") as store:
                store.map_skus([ShopSku("s", "9", "p", "A")], 0)
                for name in order:
                    steps[name](store)
                assert store.audit() == []
                hashes.add(store.balance_hash())
                assert held(store)["", "free"] == 50
                assert held(store)["北", "free"] == 3
    assert len(hashes) == 1


def test_a_warehouse_that_is_no_longer_kept_apart_is_part_of_the_main_one_again(ledger):
    ledger.keep_apart("s", ["北"], 0)
    sell(ledger, line(at=1200, house="北"))
    assert held(ledger) == {("北", "free"): -2, ("北", "customer"): 2}
    ledger.keep_apart("s", [], 0)
    assert held(ledger) == {("", "free"): -2, ("", "customer"): 2}
    assert ledger.audit() == []


def test_a_count_that_two_rows_assert_holds_while_one_of_them_does(ledger):
    one, other = entry(K.COUNT, 40, "N"), entry(K.COUNT, 40, "M")
    ledger.post_entries([one, other], 2000)
    ledger.post_entries([replace(one, kind=K.VOID)], 2000)
    assert held(ledger) == {("", "free"): 40}
    ledger.post_entries([replace(other, kind=K.VOID)], 2000)
    assert held(ledger) == {}
    assert ledger.audit() == []


# --- 库存流水 -------------------------------------------------------------------------------------


def test_opening_and_every_movement_make_the_closing_figure(ledger):
    ledger.post_counts([StockCount("s", "A", 100, 500)], 2000)
    sell(ledger, line(at=900))
    ledger.post_entries(
        [
            replace(entry(K.RECEIPT, 30, "1", defective=5), effective_at=1100),
            replace(entry(K.RETURN, 2, "2", defective=1), effective_at=1200),
            replace(entry(K.DEFECT, 3, "3"), effective_at=1300),
            replace(entry(K.CORRECTION, -4, "4", reason="样品领用"), effective_at=1400),
            replace(entry(K.COUNT, 110, "5", reason="丢失"), effective_at=1500),
        ],
        2000,
    )
    sell(ledger, line(at=1600, number="m", units=7))
    (row,) = ledger.movements(1000).to_dict("records")
    assert row == {
        "sku": "A", "since": 1000, "received": 25, "returned": 1, "shipped": -7, "spoiled": -3,
        "adjusted": -4, "counted": -7,
    }  # fmt: skip
    closing = 110 - 7
    opening = 98
    assert opening + sum(v for k, v in row.items() if k not in ("sku", "since")) == closing
    assert ledger.movements(0).iloc[0]["since"] == 500  # never before the first count


def test_what_left_a_warehouse_that_was_never_counted_takes_nothing_from_those_that_were(ledger):
    """An old file that names no warehouse, beside a shop that keeps its goods elsewhere."""
    ledger.keep_apart("s", ["北"], 0)
    ledger.post_entries([replace(entry(K.COUNT, 50, warehouse="北"), effective_at=1500)], 2000)
    sell(ledger, line(at=1200), line(at=1700, number="m", house="北"), line(at=1800, number="n"))
    stock = ledger.stock(9999)
    assert stock.free() == {"A": 48}
    assert ledger.stock_path()["free"].tolist() == [50, 48]
    (row,) = ledger.movements(0).to_dict("records")
    assert (row["shipped"], row["counted"]) == (-2, 0)
