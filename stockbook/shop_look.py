"""One look at the shop and at the ledger: what the shop shows, what it should, and why they differ.

The order is what makes it safe (docs/LIVE.md): the shop's stock is read, orders up to now are
brought in, and only then is computed what to add or take.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from stockbook import intake
from stockbook.domain.causes import Signs, causes
from stockbook.domain.clock import DAY
from stockbook.domain.language import say
from stockbook.domain.problems import Problem
from stockbook.domain.reconciling import Reading, expected, net_taken, released
from stockbook.domain.records import ChangeState, ShopStock
from stockbook.domain.sellable import Facts, Offer, Part, Pool, allowed, offers
from stockbook.shops.base import Shop
from stockbook.store.journal import Journaled
from stockbook.store.ledger_store import LedgerStore
from stockbook.store.selling import Changed
from stockbook.workbook.inputs import Inputs

SALES_DAYS = 28  # what a shared component is split by
MORE_PULLS = 3  # while stock is gone that no order explains, each after twice the wait
MARGIN = 2  # [s] the shop's clock is told in whole seconds
READINGS_LAST = 2 * DAY  # [s]
SKIPPED = {"order_id", "sku_order_id", "sku_id", "item_num", "sku_order_list", "order_status",
           "order_status, update_time"}  # fmt: skip


@dataclass(frozen=True)
class Task:
    """What publishing works on.

    Attributes:
        now: The run's instant [Unix s].
        sleep: Waits [s].
    """

    shop: Shop
    ledger: LedgerStore
    inputs: Inputs
    now: int
    progress: Callable[[str], None]
    sleep: Callable[[float], None]


@dataclass(frozen=True)
class Look:
    """One look at the shop and at the ledger.

    Attributes:
        at: When reading the shop's stock began, by the shop's clock [Unix s].
        unseen: Units gone from the shop that no order explains yet; those that stay so although
            orders were brought in again were changed by hand.
        signs: What explains the differences; its `steps` is what should be sent.
    """

    at: int
    offers: tuple[Offer, ...]
    facts: Facts
    unseen: Mapping[Pool, int]
    signs: Signs
    pulled: intake.Pulled
    problems: tuple[Problem, ...] = ()

    @property
    def steps(self) -> Mapping[Pool, int]:
        """What should be added to each, below zero to be taken away [units]."""
        return self.signs.steps

    def causes(self) -> dict[Pool, str]:
        """Return why things differ."""
        return causes(self.offers, self.signs)


def look(task: Task) -> Look:
    """Read the shop's stock, wait, bring orders in up to now, and compute.

    Stock that is gone and that no order explains may be orders which cannot be seen yet: then
    orders are brought in again, a few times. What is still unexplained was done by hand.
    """
    began, settle_seconds = task.shop.clock(), task.inputs.settings.settle_seconds
    listed = task.ledger.listed_stock(task.shop.shop_id)
    task.progress(say("正在读取平台库存", "reading the shop's stock"))
    stocks, problems = task.shop.stock()
    pulled = _bring_in(task, settle_seconds)
    found = _seen(task, stocks, began, pulled, listed)
    for _ in range(MORE_PULLS if settle_seconds else 0):
        if not any(found.unseen.values()):
            break
        task.progress(say("有库存变化还查不到订单，再等一会", "waiting for orders to show"))
        more = _bring_in(task, settle_seconds * 2, listing=False)
        pulled = replace(
            more,
            orders=pulled.orders + more.orders,
            lines=pulled.lines + more.lines,
            moves=pulled.moves + more.moves,
            problems=intake.condensed([*pulled.problems, *more.problems]),
        )
        found = _seen(task, stocks, began, pulled, listed)
    return replace(found, problems=(*task.inputs.problems, *problems, *pulled.problems))


def _bring_in(task: Task, wait_seconds: float, *, listing: bool = True) -> intake.Pulled:
    if wait_seconds:
        task.sleep(wait_seconds)
    return intake.pull(
        task.shop,
        task.ledger,
        now=task.now,
        history=task.inputs.settings.history_days,
        progress=task.progress,
        listing=listing,
    )


def _seen(
    task: Task,
    stocks: Sequence[ShopStock],
    began: int,
    pulled: intake.Pulled,
    listed: Mapping[str, Reading],
) -> Look:
    """Compute what the shop should show from what is known now."""
    shop_id, ledger, settings = task.shop.shop_id, task.ledger, task.inputs.settings
    ids = [stock.shop_sku_id for stock in stocks]
    selling = ledger.selling(shop_id, ids, since=began - SALES_DAYS * DAY, now=began)
    readings = _readings(ledger.journal.since(shop_id, began - READINGS_LAST))
    for key, reading in listed.items():
        if reading.at >= began - READINGS_LAST:
            readings.setdefault((key, ""), [reading])
    cut = began - max(MARGIN, int(settings.settle_seconds))
    oldest = min((r.at for rows in readings.values() for r in rows), default=cut)
    changed = ledger.changed_lines(shop_id, min(cut, oldest))
    facts = Facts(
        selling.free,
        selling.made_of,
        selling.sales,
        task.inputs.buffer,
        int(settings.buffer_units),
        settings.buffer_share,
        selling.apart,
    )
    fresh = released(changed, cut, selling.made_of, facts)
    facts = replace(facts, free=_less(selling.free, fresh))
    found = tuple(offers(stocks, facts))
    should = _expected(found, readings, changed, began)
    unseen = {o.pool: max(0, should.get(o.pool, 0) - o.spot) for o in found if o.pool in should}
    taken = net_taken(changed, began + 1)
    signs = Signs(
        facts,
        expected=should,
        late={o.pool: taken.get((o.stock.shop_sku_id, "*"), 0) for o in found},
        released=fresh,
        claimed=selling.claimed,
        blocked=_unread(pulled.problems),
    )
    seen = Look(began, found, facts, unseen, signs, pulled)
    wanted = {o.pool: o.step for o in found if o.step}
    return replace(seen, signs=replace(signs, steps=fitted(seen, wanted, {})))


def _less(free: Mapping[Part, int], taken: Mapping[Part, int]) -> dict[Part, int]:
    return {part: units - taken.get(part, 0) for part, units in free.items()}


def _unread(problems: Sequence[Problem]) -> bool:
    """Tell whether an order was skipped: nobody knows what it took."""
    return any(p.where == "order.searchList" and p.column in SKIPPED for p in problems)


def _readings(rows: Sequence[Journaled]) -> dict[tuple[str, str], list[Reading]]:
    found: dict[tuple[str, str], list[Reading]] = {}
    for row in rows:
        step = row.change.step if row.state == ChangeState.DONE else 0
        reading = Reading(row.read_at, row.change.before, step, row.sure)
        found.setdefault((row.change.shop_sku_id, row.change.warehouse), []).append(reading)
    return found


def _expected(
    found: Sequence[Offer],
    readings: Mapping[tuple[str, str], Sequence[Reading]],
    changed: Sequence[Changed],
    now: int,
) -> dict[Pool, int]:
    """Return what each pool should show, where all of its warehouses were read before."""
    should = {}
    for offer in found:
        spots = [(offer.stock.shop_sku_id, warehouse) for warehouse, _ in offer.spots]
        told = [expected(readings.get(spot, ()), changed, spot, now) for spot in spots]
        if not offer.alone and all(units is not None for units in told):
            should[offer.pool] = sum(units for units in told if units is not None)
    return should


def fitted(found: Look, wanted: Mapping[Pool, int], shown: Mapping[Pool, int]) -> dict[Pool, int]:
    """Return the steps that are safe: all decreases, and increases as far as there is room.

    Args:
        wanted: Steps by pool; those above zero are cut.
        shown: What the shop shows by now; where it is not told, as if the decreases were done.
    """
    down = {pool: step for pool, step in wanted.items() if step < 0}
    spots = {o.pool: o.spot for o in found.offers}
    after = {pool: spots[pool] + step for pool, step in down.items()} | dict(shown)
    room = {} if found.signs.blocked else allowed(found.offers, found.facts, after)
    up = {pool: min(step, room.get(pool, 0)) for pool, step in wanted.items() if step > 0}
    return {pool: step for pool, step in (down | up).items() if step}
