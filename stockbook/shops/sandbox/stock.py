"""The stock that the practice shop itself shows, platform SKU by platform SKU.

A gated shop sells what it shows, whether or not the house has it. Its figures move with its own
orders and by what people and the stock methods change; `oversold` tells what came of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from stockbook.shops.sandbox.catalogue import DAY, Item
from stockbook.shops.sandbox.orders import Line, Order
from stockbook.shops.sandbox.oversold import Oversold

if TYPE_CHECKING:
    from stockbook.shops.sandbox.simulation import ShopSimulation

PLAIN, REGIONAL, STEPPED = 0, 1, 10  # sku_type
STATES = ("on", "deleted", "banned", "auditing")
UNITS = ("stock_num", "prom_stock_num", "step_stock_num")  # what a person may set
ID_LASTS = DAY
Fields = dict[str, Any]


class StockRefusedError(Exception):
    """A stock change that the shop does not take.

    `kind` is missing, deleted, banned, auditing, warehouse, activity or short.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(slots=True)
class Figures:
    """What the shop shows of one platform SKU [units].

    Attributes:
        kind: Its `sku_type`: plain, by warehouse, or stepped (presales sell from `step`).
        spot: `stock_num`, what can be bought now outside of activities.
        prehold, prehold_step: Taken by orders that wait for payment (of the rest).
        prom: What activities hold; it sells before `spot`.
        activity: It is in one of the platform's activities: its stock may only rise.
        state: One of `STATES`.
    """

    kind: int
    warehouse: str
    spot: int = 0
    prehold: int = 0
    prom: int = 0
    step: int = 0
    prehold_step: int = 0
    activity: bool = False
    state: str = "on"

    def promised(self) -> int:
        """Return the units that buyers can still order."""
        return self.spot + self.prom + self.step if self.state == "on" else 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """One asked-for change of a platform SKU's stock; None leaves a figure as it is [units]."""

    item: Item
    spot: int | None
    step: int | None
    incremental: bool
    warehouse: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """An accepted change, and what the house had free at that instant [units].

    `risk` is how much of it no unit in the house stood behind, of the worst component.
    """

    at: int
    sku: str
    shop_sku_id: str
    warehouse: str
    method: str
    idempotent_id: str
    incremental: bool
    change_num: int
    step_change_num: int
    stock_num: int
    step_stock_num: int
    house_free: int
    risk: int


class ShopStock:
    """The figures of one gated shop.

    Attributes:
        figures: By the item's place.
        changes: What the stock methods changed, as it happened.
    """

    def __init__(self, shop: ShopSimulation) -> None:
        self._shop = shop
        self.figures = [_first(item, max(0, shop.free(item))) for item in shop.items]
        self.changes: list[Change] = []
        self._from_prom: dict[int, int] = {}  # line → units that came out of an activity
        self._ids: dict[str, int] = {}  # idempotent id → when it was used
        for order in shop.orders.values():
            self.turned(order, "", order.state)
        self.oversold = Oversold(shop, self.figures)

    # --- orders -------------------------------------------------------------------------

    def has(self, item: Item, units: int) -> bool:
        """Tell whether the shop would sell that many."""
        at = self.figures[item.index]
        can = at.step if item.presale else at.spot + at.prom
        return at.state == "on" and can >= units

    def covers(self, order: Order) -> bool:
        """Tell whether what falls on payment is still there for an order."""
        needed: Counter[int] = Counter()
        for line in order.lines:
            if not line.item.falls_on_order:
                needed[line.item.index] += line.quantity
        return all(self.has(self._shop.items[i], units) for i, units in needed.items())

    def sold(self, line: Line, units: int) -> None:
        """Take units of a line out of what is shown; the house has let go of them, too."""
        at = self.figures[line.item.index]
        if line.item.presale:
            at.step -= units
        else:
            prom = min(at.prom, units)
            at.prom -= prom
            at.spot -= units - prom
            if prom:
                self._from_prom[line.line_id] = prom
        self.oversold.settle(line.item, "orders")

    def restored(self, line: Line, units: int) -> None:
        """Show units of a line again; the house has them back, too."""
        at = self.figures[line.item.index]
        if line.item.presale:
            at.step += units
        else:
            prom = min(units, self._from_prom.get(line.line_id, 0))
            at.prom += prom
            at.spot += units - prom
            if prom:
                self._from_prom[line.line_id] -= prom
        self.oversold.settle(line.item, "orders")

    def turned(self, order: Order, before: str, after: str) -> None:
        """Keep what waiting orders hold when an order's state changes."""
        for line in order.lines:
            at, units = self.figures[line.item.index], line.quantity
            if line.item.falls_on_order:
                at.prehold += units * ((after == "unpaid") - (before == "unpaid"))
            at.prehold_step += units * ((after == "deposit") - (before == "deposit"))

    # --- the stock methods --------------------------------------------------------------

    def used(self, idempotent_id: str) -> bool:
        """Tell whether an id was used within the last 24 hours."""
        at = self._ids.get(idempotent_id)
        return at is not None and self._shop.now - at < ID_LASTS

    def weigh(self, wanted: Wanted, draft: dict[int, Figures]) -> Figures:
        """Return the figures that a change would lead to, on top of a draft's.

        Raises:
            StockRefusedError: The shop would not take it.
        """
        place = wanted.item.index
        at = draft.get(place) or self.figures[place]
        self._may_change(wanted.item)
        if wanted.warehouse != (at.warehouse if at.kind == REGIONAL else ""):
            raise StockRefusedError("warehouse")
        base = (at.spot, at.step) if wanted.incremental else (0, 0)
        spot = at.spot if wanted.spot is None else base[0] + wanted.spot
        step = at.step if wanted.step is None else base[1] + wanted.step
        if spot < 0 or step < 0:
            raise StockRefusedError("short")
        if at.activity and (spot < at.spot or step < at.step):
            raise StockRefusedError("activity")
        return replace(at, spot=spot, step=step)

    def _may_change(self, item: Item) -> None:
        """Raise where the SKU is gone, or its product may not be touched."""
        if self.gone(item):
            raise StockRefusedError("deleted")
        for other in self._shop.items:
            state = self.figures[other.index].state
            if other.product_id == item.product_id and state in ("banned", "auditing"):
                raise StockRefusedError(state)

    def carry_out(self, wanted: Iterable[Wanted], method: str, idempotent_id: str) -> list[Change]:
        """Change stock that was weighed, and use up the id."""
        made = [self._changed(one, method, idempotent_id) for one in wanted]
        if idempotent_id and made:
            self._ids[idempotent_id] = self._shop.now
        settled = [replace(change, risk=self.oversold.settle(item, "change"))
                   for item, change in made]  # fmt: skip
        self.changes += settled
        return settled

    def _changed(self, wanted: Wanted, method: str, key: str) -> tuple[Item, Change]:
        item = wanted.item
        at, new = self.figures[item.index], self.weigh(wanted, {})
        spot, step = new.spot - at.spot, new.step - at.step
        at.spot, at.step = new.spot, new.step
        return item, Change(self._shop.now, item.sku, str(item.shop_sku_id), wanted.warehouse,
                            method, key, wanted.incremental, spot, step, at.spot, at.step,
                            self._shop.free(item), 0)  # fmt: skip

    # --- what people set ----------------------------------------------------------------

    def set(self, item: Item, body: Fields) -> Fields:
        """Let a person set figures, put a SKU into an activity, or change its state.

        Raises:
            ValueError: It names what cannot be set, or a figure below zero; nothing is changed.
        """
        known = {*UNITS, "activity", "state"}
        if not body or set(body) - known:
            raise ValueError(f"set some of {sorted(known)}")
        if any(type(body.get(name, 0)) is not int or body.get(name, 0) < 0 for name in UNITS):
            raise ValueError(f"{', '.join(UNITS)} are whole numbers, 0 or more")
        if body.get("state", "on") not in STATES:
            raise ValueError(f"state is one of {list(STATES)}")
        at = self.figures[item.index]
        at.spot = body.get("stock_num", at.spot)
        at.prom = body.get("prom_stock_num", at.prom)
        at.step = body.get("step_stock_num", at.step)
        at.activity = bool(body.get("activity", at.activity))
        at.state = body.get("state", at.state)
        self.oversold.settle(item, "person")
        return self.row(item)

    # --- what is told -------------------------------------------------------------------

    def shown(self, item: Item) -> Fields:
        """Return the stock fields of sku.list, sku.stockNum and product.detail."""
        at = self.figures[item.index]
        by_house = at.kind == REGIONAL
        return {
            "stock_num": at.spot,
            "prehold_stock_num": at.prehold,
            "prom_stock_num": at.prom,
            "step_stock_num": at.step,
            "prehold_step_stock_num": at.prehold_step,
            "sku_type": at.kind,
            "stock_map": {at.warehouse: at.spot} if by_house else None,
            "prehold_stock_map": {at.warehouse: at.prehold} if by_house else None,
        }

    def gone(self, item: Item) -> bool:
        """Tell whether a SKU was deleted."""
        return self.figures[item.index].state == "deleted"

    def row(self, item: Item) -> Fields:
        """Return a SKU's figures for whoever practises."""
        at = self.figures[item.index]
        who = {"sku": item.sku, "shop_sku_id": str(item.shop_sku_id)}
        what = {"activity": at.activity, "state": at.state, "house_free": self._shop.free(item)}
        return who | self.shown(item) | what


def _first(item: Item, free: int) -> Figures:
    """Return what the shop shows when it begins to keep stock of its own: what the house has."""
    if item.presale:
        return Figures(STEPPED, "", step=free)
    return Figures(REGIONAL if item.warehouse else PLAIN, item.warehouse, spot=free)


def stock_fields(item: Item, shop: ShopSimulation) -> Fields:
    """Return the stock fields of sku.list: the shop's own figures, or what the house has."""
    if shop.stock:
        return shop.stock.shown(item)
    free = max(0, shop.free(item))
    return {
        "stock_num": free,
        "prehold_stock_num": 0,
        "prom_stock_num": 0,
        "step_stock_num": 0,
        "sku_type": 0,
        "stock_map": {item.warehouse: free} if item.warehouse else None,
    }


def priced_stock(item: Item, shop: ShopSimulation) -> Fields:
    """Return the stock fields of product.detail, which names the same figures otherwise."""
    found = stock_fields(item, shop)
    if not shop.stock:
        return {"stock_num": found["stock_num"], "lock_stock_num": 0, "sku_type": 0}
    same = {name: found[name] for name in ("stock_num", "prom_stock_num", "step_stock_num",
                                           "prehold_stock_num", "sku_type")}  # fmt: skip
    return same | {"lock_stock_num": 0, "stock_num_map": found["stock_map"]}
