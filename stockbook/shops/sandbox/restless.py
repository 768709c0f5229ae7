"""A shop that does not stand still while someone pages through it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from stockbook.shops.sandbox.simulation import Order, ShopSimulation

ACTIONS = {"unpaid": ("pay", "cancel"), "paid": ("ship", "refund"), "shipped": ("refund",)}


@dataclass
class Restless:
    """Orders inside the window that is asked for are changed before each answer.

    Attributes:
        seconds: The clock advances by up to so many before each answer [s].
        changes: So many orders are changed before each answer.
    """

    seed: int = 1
    seconds: int = 3
    changes: int = 2
    answers: int = 0
    changed: list[int] = field(default_factory=list)

    def stir(self, shop: ShopSimulation, found: list[Order]) -> None:
        """Let time pass and people act on some of the orders that were about to be shown."""
        self.answers += 1
        dice = random.Random(f"{self.seed} answer {self.answers}")
        shop.advance(dice.randint(0, self.seconds))
        open_orders = [o for o in found if o.state in ACTIONS]
        for order in dice.sample(open_orders, min(self.changes, len(open_orders))):
            actions = ACTIONS.get(order.state)  # time may have changed it
            if actions:
                shop.act(order.order_id, dice.choice(actions))
                self.changed.append(order.order_id)
