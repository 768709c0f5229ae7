"""What the shop's stock should be by the journal and the orders, and why it differs.

Orders move the shop's stock by themselves. What they and the journal do not explain was done by
hand, or by orders that cannot be seen yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from stockbook.domain.ledger import FALLS_ON_ORDER, Components, whereabouts
from stockbook.domain.records import AfterSale, Bucket, OrderLine
from stockbook.domain.sellable import Facts, Part

Changed = tuple[OrderLine, tuple[AfterSale, ...]]
Spot = tuple[str, str]  # (platform SKU, platform warehouse; "" where stock is not kept by it)
GRACE = 120  # [s] within this an order becomes visible


@dataclass(frozen=True, slots=True)
class Reading:
    """What the shop once showed, and what was added then.

    Attributes:
        at: When it was read [Unix s].
        spot: What it showed [units]; `step`: what was added to it since then, as far as it is done.
        sure: Whether the outcome of the change is known.
    """

    at: int
    spot: int
    step: int
    sure: bool = True


def taken_at(line: OrderLine) -> int | None:
    """Return when the shop took a line's units out of its stock [Unix s], None if it did not.

    A line that does not tell whether stock falls on order counts as if it did.
    """
    if line.reduce_stock_type in (FALLS_ON_ORDER, None):
        return line.created_at or line.paid_at
    return line.paid_at


def net_taken(changed: Iterable[Changed], since: int) -> dict[Spot, int]:
    """Return what orders took from the shop's stock since an instant, less what they gave back.

    Returns:
        Units of each platform SKU by the warehouse that the line names, and over all under
        (platform SKU, "*").
    """
    found: defaultdict[Spot, int] = defaultdict(int)
    for line, sales in changed:
        at = taken_at(line)
        if at is None:
            continue
        back = whereabouts(line, sales).get(Bucket.FREE, 0)
        fresh = at >= since
        touched = max([line.updated_at, *(sale.updated_at for sale in sales)])
        units = (line.quantity if fresh else 0) - (back if touched >= since else 0)
        found[line.shop_sku_id, line.warehouse] += units
        found[line.shop_sku_id, "*"] += units
    return dict(found)


def released(
    changed: Iterable[Changed], since: int, made_of: Mapping[str, Components], facts: Facts
) -> dict[Part, int]:
    """Return the units that orders let go of since an instant.

    The shop may have put them back after its stock was read, so they must not count as free yet.
    """
    found: defaultdict[Part, int] = defaultdict(int)
    for line, sales in changed:
        touched = max([line.updated_at, *(sale.updated_at for sale in sales)])
        if touched < since or taken_at(line) is None:
            continue
        back = whereabouts(line, sales).get(Bucket.FREE, 0)
        for sku, n in made_of.get(line.shop_sku_id, ()):
            found[sku, facts.house(line.warehouse)] += back * n
    return dict(found)


def expected(
    readings: Sequence[Reading], changed: Sequence[Changed], spot: Spot, now: int
) -> int | None:
    """Return what the shop should show by its last reading, the journal and the orders.

    The reading is the newest that is older than `GRACE`, as orders up to it can be seen by now;
    where all are younger, the oldest.

    Args:
        readings: Of this SKU and warehouse, oldest first.
        changed: The lines that changed since the first of them.

    Returns:
        None where nothing was read before, or a change's outcome is not known.
    """
    old = [i for i, reading in enumerate(readings) if reading.at <= now - GRACE]
    after = readings[old[-1] if old else 0 :]
    if not after or not all(reading.sure for reading in after):
        return None
    taken = net_taken(changed, after[0].at).get((spot[0], spot[1] or "*"), 0)
    return after[0].spot + sum(reading.step for reading in after) - taken
