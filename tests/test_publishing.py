"""Reconciling with the shop's own stock and publishing to it, against the practice shop."""

import random

import pytest

from stockbook import publishing
from stockbook.domain.problems import ShopRefused, ShopUnavailable, StoreError
from stockbook.domain.records import (
    REPEATED,
    ChangeResult,
    ChangeState,
    Entry,
    EntryKind,
    OrderLine,
)
from tests.selling import selling

DAY = 86_400


@pytest.fixture
def at(tmp_path):
    with selling(tmp_path) as found:
        yield found


def receive(at, item, units, number="R1", kind=EntryKind.RECEIPT, reason=""):
    """Goods come into (or are missing from) the house and are written down."""
    entry = Entry("463000001", number, kind, item.sku, units, at.simulation.now,
                  item.warehouse, reason=reason)  # fmt: skip
    at.ledger.post_entries([entry], at.simulation.now)
    at.simulation.house.put_back(item, units)


def pool(item):
    return str(item.shop_sku_id), item.warehouse


def journal(at):
    return at.ledger.journal.since("463000001", 0)


def states(at):
    return {row.state for row in journal(at)}


# --- reconciliation ---------------------------------------------------------------------


def test_req_10_a_shop_that_agrees_differs_nowhere_and_gets_nothing(at):
    found = at.reconcile()
    assert len(found.offers) == 12
    assert {o.step for o in found.offers} == {0}
    assert set(found.causes().values()) == {""}
    at.publish()
    assert at.writes() == [] == journal(at)


def test_req_10_each_difference_is_named_with_its_likely_cause(at):
    first, second, third, fourth = [i for i in at.simulation.items if at.simulation.free(i) >= 8][
        :4
    ]
    receive(at, first, 10)
    at.post("stock", {"sku": second.sku, "prom_stock_num": 3})
    at.post("stock", {"sku": third.sku, "step_stock_num": 7})
    at.publish()  # from here on the journal can tell
    at.post("stock", {"sku": first.sku, "stock_num": 2})
    receive(at, fourth, 5, "R2")
    at.advance(300)
    found = at.reconcile()
    why = found.causes()
    assert "应为" in why[pool(first)]
    assert "改过" in why[pool(first)]
    assert "没发布" in why[pool(fourth)] or "没有发布过" in why[pool(fourth)]
    assert why[pool(second)] == ""  # what the activity holds was taken off by the publishing
    at.post("stock", {"sku": second.sku, "prom_stock_num": 6})
    assert "活动占用 6" in at.reconcile().causes()[pool(second)]
    receive(at, third, 4, "R3")
    assert "预售库存 7" in at.reconcile().causes()[pool(third)]


def test_req_10_an_oversold_sku_is_said_and_taken_off_the_shelf(at):
    item = at.item()
    free = at.simulation.free(item)
    receive(at, item, -(free + 3), kind=EntryKind.CORRECTION, reason="丢失")
    found = at.reconcile()
    assert "已超卖 3" in found.causes()[pool(item)]
    at.publish()
    assert at.spots()[str(item.shop_sku_id)] == 0


def test_req_10_reconciling_and_previewing_write_nothing_on_the_shop(at):
    item = at.item()
    receive(at, item, 10)
    before = at.spots()
    at.reconcile()
    outcome = at.publish(apply=False)
    assert outcome.steps == {pool(item): 10}
    assert not outcome.applied
    assert at.spots() == before
    assert at.writes() == [] == journal(at)


# --- publishing -------------------------------------------------------------------------


def test_req_10_pushes_are_incremental_with_an_idempotent_id_and_journaled(at):
    item = at.item()
    receive(at, item, 10)
    at.publish()
    (change,), (row,) = at.writes(), journal(at)
    assert change["incremental"] is True
    assert change["change_num"] == 10 == row.change.step
    assert change["idempotent_id"] == row.batch
    assert row.state == ChangeState.DONE
    assert at.differences() == {}


def test_a_sku_without_a_count_is_never_published(at):
    item = at.item()
    codes = at.ledger.selling("463000001", [str(item.shop_sku_id)], since=0, now=at.simulation.now)
    assert (item.sku, "") in codes.free
    with selling(at.folder / "second", seed=5) as other:
        skipped = other.item()
        with other.ledger._engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM stock_count WHERE sku = ?", (skipped.sku,))
        other.post("stock", {"sku": skipped.sku, "stock_num": 1})
        outcome = other.publish()
        assert "没盘点过" in outcome.look.causes()[pool(skipped)]
        assert other.writes() == []


def test_req_10_a_lost_answer_is_repeated_with_the_same_id_and_changes_once(at):
    item = at.item()
    for number, kind in enumerate(("truncate", "reset")):
        receive(at, item, 10, f"R{number}")
        shop = at.shop()
        add = shop.add_stock

        def lossy(changes, batch, *, again=False, kind=kind, add=add):
            at.post("faults", {"next": [{"kind": kind}]})
            return add(changes, batch, again=again)

        shop.add_stock = lossy
        outcome = at.publish(shop=shop)
        assert outcome.sent[pool(item)].result.answer == REPEATED
        assert outcome.sent[pool(item)].result.state == ChangeState.DONE
    assert [change["change_num"] for change in at.writes()] == [10, 10]
    assert at.differences() == {}


@pytest.mark.parametrize("code", [10000, 10001])
def test_req_10_a_refused_item_is_named_and_the_rest_goes_on(at, code):
    at.post("modes", {"partial_code": code})
    banned, held, good = [i for i in at.simulation.items if at.simulation.free(i) >= 8][:3]
    receive(at, banned, 10, "R1")
    receive(at, held, -2, "R2", EntryKind.CORRECTION, "破损")
    receive(at, good, -4, "R3", EntryKind.CORRECTION, "破损")
    at.post("stock", {"sku": banned.sku, "state": "banned"})
    at.post("stock", {"sku": held.sku, "activity": True})
    outcome = at.publish()
    told = {key: sent.result for key, sent in outcome.sent.items()}
    assert "封禁" in told[pool(banned)].answer
    assert "活动" in told[pool(held)].answer
    assert told[pool(good)].state == ChangeState.DONE
    assert set(at.differences()) == {banned.sku, held.sku}
    assert states(at) == {ChangeState.DONE, ChangeState.REFUSED}


def test_req_10_what_the_shop_sells_while_it_is_taken_away_is_tried_again(at):
    item = at.item(least=20)
    free = at.simulation.free(item)
    receive(at, item, -(free - 2), kind=EntryKind.CORRECTION, reason="丢失")
    shop = at.shop()
    add, first = shop.add_stock, []

    def late(changes, batch, *, again=False):
        if not first:
            first.append(batch)
            at.post("stock", {"sku": item.sku, "stock_num": free - 5})
        return add(changes, batch, again=again)

    shop.add_stock = late
    outcome = at.publish(shop=shop)
    assert outcome.sent[pool(item)].result.state == ChangeState.DONE
    assert at.spots()[str(item.shop_sku_id)] <= 2
    assert [row.state for row in journal(at)] == [ChangeState.REFUSED, ChangeState.DONE]


def test_more_than_fifty_changes_go_in_several_requests(tmp_path):
    with selling(tmp_path, skus=60) as at:
        for number, item in enumerate(at.simulation.items):
            receive(at, item, 2, f"R{number}")
        at.publish()
        assert at.differences() == {}
        assert {row.batch.rpartition("-")[2] for row in journal(at)} == {"001", "002"}
        assert len({row.run for row in journal(at)}) == 1


def test_where_changes_of_several_products_are_not_permitted_they_go_one_by_one(at):
    items = at.simulation.items[:3]
    for number, item in enumerate(items):
        receive(at, item, 5, f"R{number}")
    shop = without_batches(at)
    outcome = at.publish(shop=shop)
    assert {s.result.state for s in outcome.sent.values()} == {ChangeState.DONE}
    assert {change["method"] for change in at.writes()} == {"sku.syncStock"}
    assert at.differences() == {}


def without_batches(at):
    """A shop whose app may not call the method for several products."""
    shop = at.shop()
    call = shop._call

    def limited(method, params):
        if method == "sku.syncStockBatchMultiProducts":
            raise ShopRefused("30001 isv.permission")
        return call(method, params)

    shop._call = limited
    return shop


def test_kits_warehouses_and_presales_agree_after_a_publishing(tmp_path):
    with selling(tmp_path, rich=True, skus=30) as at:
        for item in at.simulation.items:
            if not item.presale:
                at.post("stock", {"sku": item.sku, "stock_num": 0})
        at.publish()
        steps = {row["sku"]: row["step_stock_num"] for row in at.get("stock")["skus"]}
        assert any(steps.values())  # presale stock was not touched
        report = at.get("oversold")
        assert all(change["risk"] == 0 for change in report["changes"])
        assert all(row["shown"] <= max(0, row["free"]) for row in report["skus"])
        left = {row["sku"]: row["free"] - row["shown"] for row in report["skus"]}
        kits = {i.sku for i in at.simulation.items if i.parts}
        parts = {part.sku for i in at.simulation.items for part, _ in i.parts}
        assert all(units == 0 for sku, units in left.items() if sku not in kits | parts)


def test_req_10_undo_takes_the_last_publishing_back_but_never_above_what_is_sellable(at):
    up, down = [i for i in at.simulation.items if at.simulation.free(i) >= 8][:2]
    before = at.spots()
    receive(at, up, 10, "R1")
    receive(at, down, -4, "R2", EntryKind.CORRECTION, "破损")
    at.publish()
    preview = publishing.undo(at.task(), apply=False)
    assert preview.steps == {pool(up): -10}
    publishing.undo(at.task(), apply=True)
    after = at.spots()
    assert after[str(up.shop_sku_id)] == before[str(up.shop_sku_id)]
    assert after[str(down.shop_sku_id)] == before[str(down.shop_sku_id)] - 4  # the units are gone
    assert journal(at)[-1].undoes == journal(at)[0].run
    with pytest.raises(StoreError, match="没有可以撤销"):
        publishing.undo(at.task(), apply=True)


def gone(*_, **__):
    raise ShopUnavailable("没有网络")


def refused(changes, batch, **_):
    return [ChangeResult(ChangeState.REFUSED, "商品审核中")] * len(changes)


@pytest.mark.parametrize("fault", [gone, refused])
def test_an_undo_that_failed_and_is_tried_again_takes_back_no_older_publishing(at, fault):
    older = at.item()
    newer = next(
        i for i in at.simulation.items
        if i is not older and at.simulation.free(i) >= 5 and i.warehouse == older.warehouse
    )  # fmt: skip
    before = at.spots()
    for item, units, number in ((older, 10, "R1"), (newer, 7, "R2")):
        receive(at, item, units, number)
        at.publish()
        at.advance(300)
    sold = {key: units - at.spots()[key] for key, units in before.items()}
    shop = at.shop()
    shop.add_stock = fault
    publishing.undo(at.task(shop), apply=True)
    publishing.undo(at.task(), apply=True)
    moved = {key: units - before[key] + sold[key] for key, units in at.spots().items()}
    assert moved[str(newer.shop_sku_id)] == -7
    assert moved[str(older.shop_sku_id)] == 0


def test_two_publishings_at_once_are_refused(at):
    with publishing.only_one(at.ledger), pytest.raises(StoreError, match="另一个发布"):
        at.publish()
    at.publish()


def test_an_answer_that_stays_out_stops_and_is_settled_next_time(at):
    item = at.item()
    receive(at, item, 10)
    shop = at.shop()
    add = shop.add_stock

    def unanswered(changes, batch, *, again=False):
        add(changes, batch, again=again)
        raise ShopUnavailable("超时")

    shop.add_stock = unanswered
    outcome = at.publish(shop=shop)
    assert outcome.failure
    assert states(at) == {ChangeState.SENDING}
    outcome = at.publish()
    assert outcome.settled == 1
    assert states(at) == {ChangeState.DONE}
    assert at.differences() == {}
    assert len(at.writes()) == 1


# --- what could oversell ----------------------------------------------------------------


def test_a_rise_left_on_its_way_is_not_sent_again_where_the_books_have_fallen(at):
    """The increment of a killed run was right then; now it would put sold units on sale."""
    item = at.item(least=20)
    receive(at, item, 10)
    shop = at.shop()

    def killed(*_, **__):
        raise KeyboardInterrupt

    shop.add_stock = killed
    with pytest.raises(KeyboardInterrupt):
        at.publish(shop=shop)
    assert states(at) == {ChangeState.SENDING}
    receive(at, item, -(at.simulation.free(item) - 1), "R2", EntryKind.CORRECTION, "丢失")
    at.publish()
    assert at.spots()[str(item.shop_sku_id)] == 1
    assert [change["change_num"] for change in at.writes() if change["change_num"] > 0] == []


def test_a_rise_of_one_listing_waits_for_the_decrease_of_another_that_was_refused(at):
    """Two listings share a code: what one keeps against our will the other must not promise."""
    first, second = [i for i in at.simulation.items if at.simulation.free(i) >= 20][:2]
    keys = [str(first.shop_sku_id), str(second.shop_sku_id)]
    at.ledger.map_components("463000001", {keys[1]: ((first.sku, 1),)}, at.simulation.now)
    free = at.simulation.free(first)
    at.post("stock", {"sku": first.sku, "stock_num": free})
    at.post("stock", {"sku": second.sku, "stock_num": 0})
    at.post("stock", {"sku": first.sku, "activity": True})
    outcome = at.publish()
    assert outcome.sent[pool(first)].result.state == ChangeState.REFUSED
    assert at.spots()[keys[0]] + at.spots()[keys[1]] == free


def order(at, item, units=1):
    """A buyer orders now; returns the order."""
    found = at.simulation.order_now([(item.index, units)], at.simulation.now)
    at.simulation.act(found.order_id, "pay")
    return found


def test_a_cancel_between_the_reading_and_the_pull_is_not_counted_twice(at):
    """The shop puts the units back itself, after its stock was read."""
    item = at.item(least=20)
    bought = order(at, item, 3)
    at.advance(600)
    at.settle = 5
    shop = at.shop()
    stock = shop.stock

    def then_cancelled():
        found = stock()
        at.advance(2)
        at.simulation.act(bought.order_id, "refund")
        return found

    shop.stock = then_cancelled
    at.publish(shop=shop)
    assert all(change["risk"] == 0 for change in at.writes())
    assert at.spots()[str(item.shop_sku_id)] <= at.simulation.free(item)
    at.advance(600)
    at.publish()
    assert at.differences() == {}


@pytest.mark.parametrize("published_before", [True, False])
def test_orders_that_cannot_be_seen_yet_are_waited_for(at, published_before):
    """Lists are later than we wait: what is gone from the shop unexplained may be sold."""
    item = at.item(least=30)
    if published_before:
        receive(at, item, 2, "R0")
        at.publish()
    at.advance(200)
    at.settle = 5
    at.pull()
    at.post("modes", {"lag": 20})
    order(at, item, 4)
    at.advance(2)
    at.publish()
    assert sum(at.waits) > 20
    assert all(change["risk"] == 0 for change in at.writes())
    assert at.spots()[str(item.shop_sku_id)] <= at.simulation.free(item)


def test_what_someone_changed_by_hand_is_said_and_mended(at):
    item = at.item(least=30)
    at.advance(60)
    at.pull()
    at.settle = 1
    at.post("stock", {"sku": item.sku, "stock_num": 3})
    outcome = at.publish()
    assert "改过" in outcome.look.causes()[pool(item)]
    assert at.differences() == {}


def test_an_order_that_cannot_be_read_lets_nothing_rise(at):
    item = at.item()
    receive(at, item, 10)
    at.post("modes", {"strange": True})
    at.advance(7200)
    outcome = at.publish()
    assert outcome.look.signs.blocked
    assert [c for c in at.writes() if c["change_num"] > 0] == []


def test_unpaid_orders_that_do_not_tell_whether_they_hold_stock_count_as_if_they_did(at):
    item = at.item()
    now = at.simulation.now
    line = OrderLine("463000001", "1", "2", str(item.shop_sku_id), 3, 1, now, created_at=now)
    ids = [str(item.shop_sku_id)]
    before = at.ledger.selling("463000001", ids, since=0, now=now).free[item.sku, ""]
    at.ledger.post_window("463000001", [line], cursor=0, now=now)
    after = at.ledger.selling("463000001", ids, since=0, now=now).free[item.sku, ""]
    assert after == before - 3


@pytest.mark.parametrize("lag", [0, 4])
def test_req_10_a_running_burst_with_lost_answers_is_never_oversold_by_publishing(tmp_path, lag):
    dice = random.Random(lag)
    with selling(tmp_path, rich=True, skus=20, settle=6, ticks=1) as at:
        at.publish()
        hot = sorted((i for i in at.simulation.items if not (i.parts or i.presale or i.is_gift)),
                     key=at.simulation.free, reverse=True)[:3]  # fmt: skip
        at.post("modes", {"lag": lag})
        for item in hot:
            at.post("burst", {"sku": item.sku, "orders_per_second": 2, "seconds": 400})
        at.post("faults", {"rates": {"reset": 0.05, "truncate": 0.05}, "seed": 1})
        for turn in range(6):
            item = dice.choice(hot)
            units = dice.choice((30, -5))
            kind = EntryKind.RECEIPT if units > 0 else EntryKind.CORRECTION
            receive(at, item, units, f"R{turn}", kind, "" if units > 0 else "破损")
            outcome = at.publish()
            assert outcome.failure == ""
            report = at.get("oversold")
            assert report["oversold_by_changes"] == 0
            assert [c for c in report["changes"] if c["risk"]] == []
            at.advance(20)
        sold = at.get("burst")
        at.post("faults", {})
        at.post("modes", {"lag": 0})
        at.advance(3 * 3600)
        at.ticks = 0
        at.pull()
        at.know()
        assert positions(at) == {
            (i.sku, i.warehouse): at.simulation.free(i) for i in at.simulation.items if not i.parts
        }
        assert sum(b["made"] for b in sold["bursts"]) > 50


def positions(at):
    known = {(i.sku, i.warehouse) for i in at.simulation.items if not i.parts}
    rows = at.ledger.positions().itertuples()
    return {(r.sku, r.warehouse): r.free for r in rows if (r.sku, r.warehouse) in known}
