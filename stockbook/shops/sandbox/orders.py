"""What the practice shop knows of its buyers: orders with their lines, and what is wished later."""

from __future__ import annotations

from dataclasses import dataclass, field

from stockbook.shops.sandbox.catalogue import Item
from stockbook.shops.sandbox.origins import Origin


@dataclass(slots=True)
class Line:
    """One line of an order; `shipped` lists (instant, units) of its parcels.

    `refunded` units were paid back before shipping and never ship; a gift names its `master`
    line, 0 where the line is none. `cut` is what its price was cut by [per cent].
    """

    line_id: int
    item: Item
    quantity: int
    shipped: list[tuple[int, int]] = field(default_factory=list)
    refunded: int = 0
    master: int = 0
    cut: int = 0

    @property
    def amount_fen(self) -> int:
        """What the buyer pays for it [fen]."""
        return self.of_units_fen(self.quantity)

    def of_units_fen(self, units: int) -> int:
        """Return what the buyer pays for some of its units [fen]."""
        return self.item.price_fen * units * (100 - self.cut) // 100

    def left(self) -> int:
        """Return the units that are still to be shipped."""
        return self.quantity - self.refunded - sum(units for _, units in self.shipped)


@dataclass(slots=True)
class Wish:
    """What a buyer wants afterwards of one line.

    `kind` is part (some units back before shipping), return, exchange or resend; `state` is
    asked, agreed, back (on its way), again (to be sent again), sent (again), done or refused.
    A `gift` goes with the units that are paid back.
    """

    wish_id: int
    order_id: int
    line: Line
    kind: str
    units: int
    applied_at: int
    updated_at: int
    state: str = "asked"
    agreed_at: int = 0
    back_at: int = 0
    sent_at: int = 0
    gift: Line | None = None

    def about(self) -> list[tuple[Line, int]]:
        """Return the lines it is about, each with its units."""
        more = [(self.gift, self.gift.quantity)] if self.gift else []
        return [(self.line, self.units), *more]


@dataclass(slots=True)
class Order:
    """One order.

    `state` is unpaid, deposit, paid, part, shipped, done, cancelled, refunded, or returned.
    `refunded` is money back before shipping, `returned` is money back after it: the goods stay
    with the buyer. `deposit` is a presale whose rest is still to be paid. Only orders of a rich
    shop tell their `origin`.
    """

    order_id: int
    created_at: int
    lines: list[Line]
    state: str = "unpaid"
    updated_at: int = 0
    paid_at: int = 0
    shipped_at: int = 0
    finished_at: int = 0
    reason: str = ""
    deposit_at: int = 0
    origin: Origin | None = None

    @property
    def presale(self) -> bool:
        """Whether a deposit is paid first."""
        return self.lines[0].item.presale

    def line_state(self, line: Line) -> str:
        """Return a line's own state: in an order shipped in parts it may be further on."""
        if line.refunded == line.quantity:
            return "refunded"
        if self.state != "part":
            return self.state
        gone = sum(units for _, units in line.shipped)
        return "paid" if not gone else "shipped" if gone == line.quantity else "part"
