"""Pulls from a shop that fails, moves, leaves fields out and sends what nobody announced."""

from contextlib import contextmanager
from dataclasses import replace

import pytest

from stockbook.domain.problems import ShopUnavailable
from stockbook.store.ledger_store import LedgerStore
from tests.shops.pulling import pulling

DAY = 86_400
RATES = {"timeout": 0.05, "traffic": 0.05, "truncate": 0.02, "reset": 0.02, "busy": 0.02}
BOUND = 1.5  # requests under RATES against a pull without faults: 1 / (1 - 0.16) = 1.19 expected


@pytest.fixture
def at(tmp_path):
    with pulling(tmp_path) as found:
        yield found


@contextmanager
def a_plain_pull(at):
    """The same shop as it stands, pulled into an empty ledger over a quiet line."""
    at.post("faults", {})
    at.post("modes", {"trimmed": False, "strange": False, "restless": False})
    plain = at.folder / "plain.sqlite"
    plain.unlink(missing_ok=True)
    with LedgerStore.open(plain) as ledger:
        ours, at.ledger = at.ledger, ledger
        shop = at.shop()
        at.pull(shop)
        at.ledger = ours
        yield ledger, shop.stats


def facts(ledger):
    """What a ledger knows: balances, demand a day, and the newest snapshots.

    Not when units left: who saw the first parcel knows more than who saw the last.
    """
    lines, sales = ledger.snapshots()
    lines = [replace(line, left_at=None) for line in lines]
    sales = [replace(sale, sent_at=None) for sale in sales]
    demand = ledger.daily_demand().to_dict("records")
    newest = sorted(map(repr, lines)), sorted(map(repr, sales))
    return ledger.balance_hash(), demand, *newest


def equals_the_truth(at):
    return at.stock() == at.truth() and at.ledger.audit() == []


# --- faults -------------------------------------------------------------------------------


@pytest.mark.parametrize("row_cap", [10_000, 300])
def test_with_every_sixth_answer_lost_the_ledger_is_true_and_the_requests_are_bounded(at, row_cap):
    at.post("modes", {"row_cap": row_cap})
    at.post("faults", {"rates": RATES, "seed": 5, "next": [{"kind": "token_expired", "call": 30}]})
    shop = at.shop()
    pulled = at.pull(shop)
    faults = at.post("faults", {})[1]["given"]
    assert set(faults) == {*RATES, "token_expired"}
    assert equals_the_truth(at)
    with a_plain_pull(at) as (ledger, plain):
        assert facts(at.ledger) == facts(ledger)
        assert plain.requests < shop.stats.requests <= BOUND * plain.requests
    assert pulled.problems == []


def test_the_run_says_what_it_waited_for(at):
    at.post("faults", {"next": [{"kind": k} for k in ("traffic", "truncate", "reset", "traffic")]})
    pulled = at.pull()
    (note,) = pulled.notes
    assert note.startswith(f"抖店让我们等了 4 次、共 {sum(at.waits):.1f} 秒：")
    for reason in ("60000 isv.traffic-limited ×2", "答复不完整 ×1", "连接中断 ×1"):
        assert reason in note
    waiting = [text for text in at.said if "再试" in text]
    assert len(waiting) == 4
    assert "60000 isv.traffic-limited" in waiting[0]


def test_a_run_that_waited_for_nothing_says_nothing(at):
    assert at.pull().notes == ()


def test_a_token_that_dies_again_and_again_is_renewed_and_it_is_said(at):
    calls = (20, 21, 22, 40)  # in a row: the refresh itself is hit, too
    at.post("faults", {"next": [{"kind": "token_expired", "call": n} for n in calls]})
    pulled = at.pull()
    assert equals_the_truth(at)
    assert "令牌" in pulled.notes[0]


def test_a_cap_smaller_than_the_client_thinks_is_learned(at):
    at.post("modes", {"row_cap": 250})
    shop = at.shop()
    at.pull(shop)
    assert equals_the_truth(at)
    with a_plain_pull(at) as (_, plain):
        assert plain.requests <= shop.stats.requests
    calls = at.post("modes", {"row_cap": None})[1]
    assert calls["row_cap"] == 10_000


def test_faults_without_end_leave_the_ledger_as_it_was(at):
    at.pull()
    before = facts(at.ledger)
    at.advance(DAY)
    at.post("faults", {"rates": {"busy": 1}})
    with pytest.raises(ShopUnavailable, match="20004"):
        at.pull()
    assert facts(at.ledger) == before
    at.post("faults", {})
    at.pull()
    assert equals_the_truth(at)


# --- a shop that does not stand still ------------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
def test_orders_that_change_while_a_pull_pages_are_all_there(tmp_path, seed):
    with pulling(tmp_path, skus=5, days=8, seed=seed) as at:
        at.post("modes", {"restless": {"seed": seed, "seconds": 4, "changes": 3}})
        at.pull()
        assert at.post("modes", {})[1]["restless"]["changed"] >= 20
        at.post("modes", {"restless": False})
        lines, _ = at.ledger.snapshots()
        newest = {line.order_id: line.updated_at for line in lines}
        there = {str(o.order_id): o.updated_at for o in at.simulation.orders.values()}
        assert newest == there
        at.pull()
        assert equals_the_truth(at)


def test_orders_that_a_click_shipped_in_one_second_are_all_there_in_whatever_order_they_come(at):
    """Several pages of rows with one update time, mixed anew in every answer."""
    at.pull()
    at.advance(DAY)
    at.simulation.advance(-at.simulation.now % DAY + 2 * 3600)  # 10:00: few have been shipped
    done = at.post("orders", {"action": "ship"})[1]["done"]
    at.post("modes", {"strange": {"share": 0}})
    at.advance(120)
    pulled = at.pull()
    assert done > 100
    assert pulled.problems == []
    assert equals_the_truth(at)


def test_what_changes_while_the_products_are_read_is_in_the_same_pull(at):
    at.pull()
    shop = at.shop()
    listed = shop.skus

    def slowly():
        found = listed()
        at.advance(3 * 3600)
        return found

    shop.skus = slowly
    at.pull(shop)
    assert equals_the_truth(at)


# --- fields left out, and what nobody announced --------------------------------------------

TRIMMED = {"trimmed": True}
STRANGE = {"strange": {"seed": 5, "share": 0.2}}


@pytest.mark.parametrize("mode", [TRIMMED, STRANGE, TRIMMED | STRANGE], ids="+".join)
def test_the_run_goes_on_and_says_so_and_once_it_is_over_the_ledger_is_true(at, mode):
    at.pull()
    at.advance(DAY)
    for _ in range(2):
        at.post("modes", mode)
        pulled = at.pull()
        assert pulled.orders > 0
        assert 0 < len(pulled.problems) < 100
        assert all(p.found and p.expected and p.fix for p in pulled.problems)
        at.advance(6 * 3600)
    assert at.ledger.audit() == []
    at.post("modes", {"trimmed": False, "strange": False})
    assert at.pull().problems == []
    assert equals_the_truth(at)
    with a_plain_pull(at) as (ledger, _):
        assert facts(at.ledger) == facts(ledger)


@pytest.mark.parametrize("mode", [TRIMMED, STRANGE, TRIMMED | STRANGE], ids="+".join)
def test_strange_from_the_very_first_pull_every_unit_finds_its_place_later(at, mode):
    at.post("modes", mode)
    for _ in range(2):
        assert at.pull().problems
        at.advance(6 * 3600)
    at.post("modes", {"trimmed": False, "strange": False})
    assert at.pull().problems == []
    assert equals_the_truth(at)
    with a_plain_pull(at) as (ledger, _):
        assert facts(at.ledger) == facts(ledger)


def placed(rows):
    return [{key: n for key, n in row.items() if key != "free"} for row in rows]


def test_what_is_left_out_for_good_costs_no_more_requests(at):
    at.post("modes", TRIMMED)
    at.pull()
    asked = requests_of_pulls(at, 3)
    at.post("modes", {"trimmed": False})
    (again,) = requests_of_pulls(at, 1)  # reads it all again, once
    plain = requests_of_pulls(at, 3)
    assert max(asked) <= max(plain) + 1
    assert again > 2 * max(plain)
    assert placed(at.stock()) == placed(at.truth())


def requests_of_pulls(at, times, hours=1):
    asked = []
    for _ in range(times):
        at.advance(hours * 3600)
        shop = at.shop()
        at.pull(shop)
        asked.append(shop.stats.requests)
    return asked


def test_rows_that_stay_odd_are_named_and_cost_less_than_twice_the_requests(tmp_path):
    asked = []
    for share in (0.0005, 0):
        with pulling(tmp_path / str(share)) as at:
            at.post("modes", {"strange": {"seed": 8, "share": share}})
            assert bool(at.pull().problems) is (share > 0)
            asked.append(sum(requests_of_pulls(at, 8, hours=12)))
    odd, plain = asked
    assert plain < odd < 2 * plain


def test_a_paid_order_without_its_pay_time_is_demand_of_the_day_it_was_created(at):
    at.post("modes", {"trimmed": ["pay_time"]})
    (problem,) = at.pull().problems
    assert (problem.where, problem.column) == ("order.searchList", "pay_time")
    lines, _ = at.ledger.snapshots()
    paid = {o.order_id for o in at.simulation.orders.values() if o.paid_at}
    assert {int(line.order_id) for line in lines if line.paid_at} == paid
    assert all(line.paid_at == line.created_at for line in lines if line.paid_at)
    units = int(at.ledger.daily_demand()["units"].sum())
    with a_plain_pull(at) as (ledger, _):
        assert units == int(ledger.daily_demand()["units"].sum())
    assert equals_the_truth(at)


def test_codes_that_the_permission_takes_away_stay_known(at):
    at.pull()
    before = at.stock()
    at.post("modes", {"trimmed": ["code"]})
    pulled = at.pull()
    assert {(p.where, p.column) for p in pulled.problems} == {("sku.list", "code")}
    assert at.stock() == before == at.truth()


# --- clocks -------------------------------------------------------------------------------


@pytest.mark.parametrize("ahead", [DAY, -DAY], ids=["a day ahead", "a day behind"])
def test_with_the_pcs_clock_off_by_a_day_the_ledger_is_the_same(at, ahead):
    at.ahead = ahead
    at.pull()
    at.advance(DAY // 2)
    at.pull()
    assert equals_the_truth(at)
    assert at.ledger.cursor(at.sandbox.shop_id) == at.simulation.now - 60
    assert at.ledger.stock(int(at.clock())).as_of == at.simulation.now
    at.ahead = 0
    with a_plain_pull(at) as (ledger, _):
        assert facts(at.ledger) == facts(ledger)
