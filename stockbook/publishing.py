"""Publish what may be sold: settle, look, send increments, and take them back.

The order is what makes it safe (docs/LIVE.md): what an earlier run left on its way is settled; the
shop's stock is read; orders up to now are brought in; only then is computed what to add or take.
Decreases go first, and an increase only as far as no component is promised twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from filelock import FileLock, Timeout

from stockbook.domain.clock import DAY
from stockbook.domain.language import say
from stockbook.domain.problems import ShopRefused, ShopUnavailable, StoreError
from stockbook.domain.records import (
    REPEATED,
    ChangeResult,
    ChangeState,
    StockChange,
)
from stockbook.domain.sellable import Offer, Pool, spread
from stockbook.shop_look import Look, Task, fitted, look
from stockbook.shops.base import Shop
from stockbook.store.journal import Journaled, new_run
from stockbook.store.ledger_store import LedgerStore

MOST = 50  # changes in one request
ROUNDS = 3  # while the shop sells what is to be taken away
IN_FLIGHT = 60  # [s] after this no request of ours is on its way
ID_LASTS = DAY - 600  # [s] the shop knows an idempotent id


@dataclass(frozen=True)
class Sent:
    """What became of one pool's change."""

    step: int
    result: ChangeResult


@dataclass(frozen=True)
class Outcome:
    """What a publishing did.

    Attributes:
        applied: Whether anything may have been sent.
        steps: What was to be sent, by pool [units].
        sent: What became of it.
        failure: Why it stopped half-way, "" where it did not.
        settled: Changes of an earlier run that were settled first.
    """

    look: Look
    applied: bool
    steps: Mapping[Pool, int]
    sent: Mapping[Pool, Sent] = field(default_factory=dict)
    failure: str = ""
    settled: int = 0


def publish(task: Task, *, apply: bool) -> Outcome:
    """Bring the shop's stock to what may be sold, by increments.

    Args:
        apply: Send them; else only say what would be sent.

    Raises:
        StoreError: Another publishing of this ledger is at work.
        ShopError: The shop cannot be reached; nothing was sent, or the journal says what was.
    """
    if not apply:
        found = look(task)
        return Outcome(found, applied=False, steps=found.steps)
    with only_one(task.ledger):
        settled = settle(task)
        found = look(task)
        outcome = _publish(task, found)
        for _ in range(ROUNDS - 1):
            short = {pool for pool, sent in outcome.sent.items() if sent.result.short}
            if not short or outcome.failure:
                break
            outcome = _joined(outcome, _publish(task, look(task), short), short)
        return replace(outcome, settled=settled)


def undo(task: Task, *, apply: bool) -> Outcome:
    """Send the last publishing's increments back, never above what may be sold now.

    Raises:
        StoreError: There is nothing to take back, or another publishing is at work.
        ShopError: As with `publish`.
    """
    with only_one(task.ledger):
        journal, shop_id = task.ledger.journal, task.shop.shop_id
        begun = {row.undoes for rows in journal.pending(shop_id) for row in rows} - {""}
        settled = settle(task) if apply else 0
        last = journal.last_run(shop_id)
        if settled and begun and (not last or last[0].run not in begun):
            return Outcome(look(task), applied=True, steps={}, settled=settled)
        if not last:
            raise StoreError(
                say("没有可以撤销的发布", "there is no publishing that could be taken back")
            )
        found = look(task)
        wanted = _backwards(found, last)
        if not apply:
            return Outcome(found, applied=False, steps=fitted(found, wanted, {}))
        outcome = _sent(task, found, wanted, undoes=last[0].run)
        return replace(outcome, settled=settled)


@contextmanager
def only_one(ledger: LedgerStore) -> Iterator[None]:
    """Hold the right to publish; the system frees it if this process dies.

    Raises:
        StoreError: Another process holds it: both would send the same increments.
    """
    try:
        with FileLock(f"{ledger.path}.publish.lock", timeout=0):
            yield
    except Timeout:
        raise StoreError(
            say(
                "另一个发布正在进行；请等它完成再试",
                "another publishing is at work; wait for it and try again",
            )
        ) from None


# --- sending ----------------------------------------------------------------------------


def _publish(task: Task, found: Look, only: set[Pool] | None = None) -> Outcome:
    wanted = {o.pool: o.step for o in found.offers if o.step and (only is None or o.pool in only)}
    return _sent(task, found, wanted)


def _sent(task: Task, found: Look, wanted: Mapping[Pool, int], undoes: str = "") -> Outcome:
    """Send decreases, then the increases that they leave room for."""
    courier = Courier(task, new_run(found.at), undoes)
    by_pool = {o.pool: o for o in found.offers}
    down = {pool: step for pool, step in wanted.items() if step < 0}
    courier.send([(by_pool[pool], step) for pool, step in down.items()])
    shown = {pool: by_pool[pool].spot + courier.taken(pool) for pool in down}
    steps = down | fitted(found, {p: s for p, s in wanted.items() if s > 0}, shown)
    courier.send([(by_pool[pool], step) for pool, step in steps.items() if step > 0])
    return Outcome(found, applied=True, steps=steps, sent=courier.sent, failure=courier.failure)


@dataclass
class Courier:
    """Sends changes in batches, each written into the journal before, and settled after."""

    task: Task
    run: str
    undoes: str = ""
    sent: dict[Pool, Sent] = field(default_factory=dict)
    failure: str = ""
    _batches: int = 0

    def send(self, steps: Sequence[tuple[Offer, int]]) -> None:
        """Send steps; after an answer that stays out nothing more is sent."""
        changes = [
            (offer.pool, _change(offer, warehouse, units))
            for offer, step in steps
            for warehouse, units in spread(offer, step)
        ]
        for start in range(0, len(changes), MOST):
            if not self.failure:
                self._send(changes[start : start + MOST])

    def taken(self, pool: Pool) -> int:
        """Return what was surely taken away from a pool [≤ 0 units]."""
        sent = self.sent.get(pool)
        sure = sent and sent.result.state == ChangeState.DONE and sent.result.answer != REPEATED
        return sent.step if sent and sure else 0

    def _send(self, part: Sequence[tuple[Pool, StockChange]]) -> None:
        shop, journal = self.task.shop, self.task.ledger.journal
        self._batches += 1
        batch, changes = f"{self.run}-{self._batches:03d}", [change for _, change in part]
        journal.write(shop.shop_id, batch, changes, sent_at=shop.clock(), undoes=self.undoes)
        self.task.progress(say(f"正在发布 {len(changes)} 项", f"publishing {len(changes)} changes"))
        try:
            results = shop.add_stock(changes, batch)
        except ShopUnavailable as error:
            self.failure = str(error)
            results = [ChangeResult(ChangeState.SENDING)] * len(changes)
        else:
            steps = [change.step for change in changes]
            journal.settle(batch, list(zip(results, steps, strict=True)), at=shop.clock())
        for (pool, change), result in zip(part, results, strict=True):
            self._note(pool, Sent(change.step, result))

    def _note(self, pool: Pool, new: Sent) -> None:
        """Add what became of one warehouse's part to its pool; the worst answer counts."""
        old = self.sent.get(pool)
        if old is None:
            self.sent[pool] = new
            return
        bad = next((s for s in (old, new) if s.result != ChangeResult(ChangeState.DONE)), new)
        good = [s.step for s in (old, new) if s.result.state == ChangeState.DONE]
        self.sent[pool] = Sent(sum(good), bad.result)


def _change(offer: Offer, warehouse: str, step: int) -> StockChange:
    before = dict(offer.spots)[warehouse]
    return StockChange(offer.stock.shop_sku_id, offer.stock.product_id, warehouse, step, before)


def _joined(first: Outcome, then: Outcome, pools: set[Pool]) -> Outcome:
    """Return one outcome of two rounds; of the pools tried again the later one counts."""
    later = {o.pool: o for o in then.look.offers if o.pool in pools}
    merged = tuple(later.get(o.pool, o) for o in first.look.offers)
    old = {pool: step for pool, step in first.steps.items() if pool not in pools}
    sent = {pool: sent for pool, sent in first.sent.items() if pool not in pools}
    return replace(
        first,
        look=replace(first.look, offers=merged),
        steps={**old, **then.steps},
        sent={**sent, **then.sent},
        failure=then.failure,
    )


def _backwards(found: Look, last: Sequence[Journaled]) -> dict[Pool, int]:
    """Return the steps that take a publishing back, as far as the shop has what was added."""
    place = {
        (o.stock.shop_sku_id, warehouse): o
        for o in found.offers
        for warehouse, _ in o.spots
        if o.target is not None
    }
    wanted: dict[Pool, int] = {}
    for row in last:
        offer = place.get((row.change.shop_sku_id, row.change.warehouse))
        if offer is not None and row.state == ChangeState.DONE:
            wanted[offer.pool] = wanted.get(offer.pool, 0) - row.change.step
    spots = {o.pool: o.spot for o in found.offers}
    return {pool: max(step, -spots[pool]) for pool, step in wanted.items()}


# --- settling ---------------------------------------------------------------------------


def settle(task: Task) -> int:
    """Settle what an earlier run left on its way; return how many changes.

    Each batch is sent again with its id: where it had arrived the shop says so and does nothing.
    What would raise stock is cut to what may be added now, down to nothing, as the books may have
    changed since; the id is used up by it all the same, so that nothing can arrive later.
    """
    journal, shop = task.ledger.journal, task.shop
    pending = journal.pending(shop.shop_id)
    if not pending:
        return 0
    found = look(task)
    room = dict(fitted(found, {o.pool: o.step for o in found.offers if o.step > 0}, {}))
    place = {
        (o.stock.shop_sku_id, warehouse): o.pool for o in found.offers for warehouse, _ in o.spots
    }
    for batch in pending:
        steps = []
        for row in batch:
            pool = place.get((row.change.shop_sku_id, row.change.warehouse))
            most = room.get(pool, 0) if pool else 0
            step = min(row.change.step, most) if row.change.step > 0 else row.change.step
            if pool and step > 0:
                room[pool] = most - step
            steps.append(step)
        _settle(task, batch, steps)
    return sum(len(batch) for batch in pending)


def _settle(task: Task, rows: Sequence[Journaled], steps: Sequence[int]) -> None:
    """Send one batch again, as far as it is still wanted, and write down what became of it."""
    shop, batch = task.shop, rows[0].batch
    age = shop.clock() - rows[0].sent_at
    again = [replace(r.change, step=s) for r, s in zip(rows, steps, strict=True)]
    answers = _again(shop, again, batch) if age < ID_LASTS else None
    results = [ChangeResult(ChangeState.SUPERSEDED)] * len(rows)
    if answers is None:
        if age < IN_FLIGHT:  # it may still be on its way: let it arrive before stock is read
            task.sleep(IN_FLIGHT - age)
    elif all(answer.answer == REPEATED for answer in answers):
        results, steps = [answers[0]] * len(rows), [row.change.step for row in rows]
    else:
        results = [
            answer if step else result
            for answer, result, step in zip(answers, results, steps, strict=True)
        ]
    task.ledger.journal.settle(batch, list(zip(results, steps, strict=True)), at=shop.clock())


def _again(shop: Shop, changes: Sequence[StockChange], batch: str) -> Sequence[ChangeResult] | None:
    """Return what the shop answers to a batch that is sent again; None where it takes none."""
    try:
        return shop.add_stock(changes, batch, again=True)
    except ShopRefused:
        return None
