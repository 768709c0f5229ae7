"""What buyers of the practice shop want after they have paid, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from stockbook.shops.sandbox.catalogue import DAY
from stockbook.shops.sandbox.orders import Line, Order, Wish

if TYPE_CHECKING:
    from stockbook.shops.sandbox.simulation import ShopSimulation

RETURNED, EXCHANGED, RESENT, WISH_REFUSED = 0.02, 0.004, 0.003, 0.1
KINDS = ("part", "return", "exchange", "resend")


class Aftercare:
    """The life of every wish of one shop."""

    def __init__(self, shop: ShopSimulation) -> None:
        self._shop = shop
        self._seed = shop.seed

    def events(self) -> dict[str, Callable[[int, int], None]]:
        """Return what can happen here, by name."""
        names = (*KINDS, "refuse", "agree", "back", "settle", "sent")
        return {name: getattr(self, f"_do_{name}") for name in names}

    def may_follow(self, order: Order, at: int) -> None:
        """Draw what the buyer of an order that was shipped will want."""
        dice = self._shop.dice(f"{self._seed} wishes {order.order_id}")
        for kind, share in (("return", RETURNED), ("exchange", EXCHANGED), ("resend", RESENT)):
            if dice.random() < share:
                self._shop.push(at + dice.randint(DAY, 6 * DAY), kind, order.order_id)
                return

    # --- asking -------------------------------------------------------------------------

    def _do_part(self, at: int, order_id: int) -> None:
        order = self._shop.orders[order_id]
        line = next((line for line in order.lines if line.quantity > 1), None)
        if order.state == "paid" and line:
            gift = next((gift for gift in order.lines if gift.master == line.line_id), None)
            self._ask(order, line, "part", at, gift)

    def _do_return(self, at: int, order_id: int) -> None:
        self._ask_later(order_id, "return", at)

    def _do_exchange(self, at: int, order_id: int) -> None:
        self._ask_later(order_id, "exchange", at)

    def _do_resend(self, at: int, order_id: int) -> None:
        self._ask_later(order_id, "resend", at)

    def _ask_later(self, order_id: int, kind: str, at: int) -> None:
        order = self._shop.orders[order_id]
        if order.state in ("shipped", "done"):
            self._ask(order, order.lines[0], kind, at)

    def _ask(self, order: Order, line: Line, kind: str, at: int, gift: Line | None = None) -> None:
        wish_id = 7_100_000_000_000_000_000 + line.line_id % 10**15 * 10 + KINDS.index(kind)
        wish = Wish(wish_id, order.order_id, line, kind, 1, at, at, gift=gift)
        self._shop.wishes[wish_id] = wish
        self._shop.changed(wish)
        refused = self._shop.dice(f"{self._seed} wish {wish_id}").random() < WISH_REFUSED
        self._shop.push(at + 1200, "refuse" if refused else "agree", wish_id)

    # --- the answer ---------------------------------------------------------------------

    def _do_refuse(self, at: int, wish_id: int) -> None:
        self._turn(self._shop.wishes[wish_id], "refused", at)

    def _do_agree(self, at: int, wish_id: int) -> None:
        """Agree: money back before shipping at once, the rest takes its time."""
        wish = self._shop.wishes[wish_id]
        wish.agreed_at = at
        if wish.kind == "part":
            self._pay_back(wish, at)
        elif wish.kind == "resend":
            self._send_again(wish, at)
        else:
            self._turn(wish, "agreed", at)
            self._shop.push(at + DAY, "back", wish_id)

    def _pay_back(self, wish: Wish, at: int) -> None:
        """Pay units back that have not left yet, with the gift that came with them."""
        in_time = self._shop.orders[wish.order_id].state == "paid"
        for line, units in wish.about() if in_time else ():
            line.refunded += units
            self._shop.move(line, units)
        self._turn(wish, "done" if in_time else "refused", at)

    def _do_back(self, at: int, wish_id: int) -> None:
        wish = self._shop.wishes[wish_id]
        wish.back_at = at
        self._turn(wish, "back", at)
        self._shop.push(at + 2 * DAY, "settle", wish_id)

    def _do_settle(self, at: int, wish_id: int) -> None:
        """Settle what has come back; the house checks the parcel in when it gets to it."""
        wish = self._shop.wishes[wish_id]
        if wish.kind == "exchange":
            self._send_again(wish, at)
        else:
            self._turn(wish, "done", at)
        if wish.state != "refused":
            self._shop.house.expect(wish, at)

    def _send_again(self, wish: Wish, at: int) -> None:
        """Set a new unit aside, or refuse where there is none."""
        if not self._shop.house.has(wish.line.item, wish.units):
            self._turn(wish, "refused", at)
            return
        self._shop.house.take_out(wish.line.item, wish.units)
        self._turn(wish, "again", at)
        self._shop.push(at + DAY, "sent", wish.wish_id)

    def _do_sent(self, at: int, wish_id: int) -> None:
        wish = self._shop.wishes[wish_id]
        wish.sent_at = at
        self._turn(wish, "sent", at)

    def _turn(self, wish: Wish, state: str, at: int) -> None:
        """Change a wish; the order's own update time does not move."""
        wish.state, wish.updated_at = state, at
        self._shop.changed(wish)
