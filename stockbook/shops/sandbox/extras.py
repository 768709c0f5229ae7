"""What a rich practice shop has besides: a second warehouse, kits, gifts and presales."""

from __future__ import annotations

import random
from dataclasses import replace

from stockbook.shops.sandbox.catalogue import DAY, Item
from stockbook.shops.sandbox.house import SECOND

SECOND_SHARE = 0.25
KITS_EACH, PRESALES_EACH, GIFTS_EACH = 40, 60, 100  # one for so many SKUs
KIT_RATE = 0.35  # of what its slowest component sells
MAINS_A_GIFT = 3


def enrich(seed: int, items: list[Item], *, start: int, burst_item: int) -> list[Item]:
    """Return the items, some of them changed, with kits and gifts behind them.

    Args:
        start: What is added is on sale from the beginning [Unix s].
        burst_item: The place of what the livestream sells: it stays as it is.
    """
    dice = random.Random(f"extras {seed}")
    made = [
        replace(item, warehouse=SECOND if dice.random() < SECOND_SHARE else "", promoted=True)
        for item in items
    ]
    usual = [i for i in made if i.launched_at <= start and i.index != burst_item and i.rate > 0.2]
    dice.shuffle(usual)
    for _ in range(min(len(usual) // 4, 1 + len(items) // PRESALES_EACH)):
        item = usual.pop()
        made[item.index] = replace(item, presale=True, falls_on_order=False)
    made += _kits(dice, usual, len(made), 1 + len(items) // KITS_EACH, start)
    for number in range(min(len(usual), 1 + len(items) // GIFTS_EACH)):
        made.append(_gift(dice, usual[number], len(made), number + 1, start))
        for main in usual[number * MAINS_A_GIFT : (number + 1) * MAINS_A_GIFT]:
            made[main.index] = replace(made[main.index], gift=len(made) - 1)
    return made


def _kits(dice: random.Random, usual: list[Item], first: int, most: int, start: int) -> list[Item]:
    """Return kits of two components that lie in one warehouse: 2×A + 1×B."""
    kits: list[Item] = []
    for house, upto in (("", (most + 1) // 2), (SECOND, most)):
        there = [item for item in usual if item.warehouse == house]
        for one, other in zip(there[::2], there[1::2], strict=False):
            if len(kits) < upto:
                kits.append(_kit(dice, one, other, first + len(kits), len(kits) + 1, start))
    return kits


def _kit(dice: random.Random, one: Item, other: Item, place: int, number: int, start: int) -> Item:
    parts = ((one, 2), (other, 1))
    price = (one.price_fen * 2 + other.price_fen) * 9 // 10
    return _added(
        dice,
        one,
        place,
        f"KIT-{number:03d}",
        start,
        name=f"组合装 {one.name}+{other.name}",
        price_fen=price,
        rate=max(0.3, KIT_RATE * min(one.rate, other.rate)),
        falls_on_order=False,
        parts=parts,
    )


def _gift(dice: random.Random, main: Item, place: int, number: int, start: int) -> Item:
    return _added(
        dice,
        main,
        place,
        f"ZP{number:03d}-01",
        start,
        name="赠品 旅行收纳袋",
        price_fen=0,
        rate=0.0,
        cover=4.0,
        unit_cost=1.8,
        falls_on_order=False,
        is_gift=True,
    )


def _added(
    dice: random.Random, like: Item, place: int, sku: str, start: int, **changes: object
) -> Item:
    """Return an item of its own product, in the warehouse of another one."""
    ids = {
        "shop_sku_id": 1_700_000_000_000_000_000 + dice.randrange(10**17),
        "product_id": 3_600_000_000_000_000_000 + dice.randrange(10**17) * 10,
    }
    plain = {"variant": "标准", "lumpy": False, "launched_at": start - DAY, "gift": None,
             "promoted": False}  # fmt: skip
    fields = {name: getattr(like, name) for name in Item.__slots__}
    return Item(**fields | {"index": place, "sku": sku} | ids | plain | changes)


def typed_kits(items: list[Item]) -> list[tuple[str, str]]:
    """Return (platform SKU, what it is made of) as a person types it: `A×2 + B`."""
    return [
        (str(item.shop_sku_id), " + ".join(_typed(part.sku, n) for part, n in item.parts))
        for item in items
        if item.parts
    ]


def _typed(sku: str, units: int) -> str:
    return f"{sku}×{units}" if units > 1 else sku
