"""What may be sold of each platform SKU in each warehouse, and the increments that lead there.

A component's sellable units are shared out among the platform SKUs that it goes into, so that
together they never promise more than there is, whatever is sold first. What an activity holds, and
what SKUs that are left alone show, is promised already and comes off first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from stockbook.domain.ledger import Components
from stockbook.domain.records import DEFAULT_WAREHOUSE, UNMAPPED, ShopStock

Part = tuple[str, str]  # (our SKU, our warehouse)
Pool = tuple[str, str]  # (platform SKU, our warehouse)
UNTOLD, STEPPED, NO_CODE, UNCOUNTED, ELSEWHERE = "untold", "stepped", "no_code", "uncounted", "else"


@dataclass(frozen=True)
class Facts:
    """What the ledger and the people say.

    Attributes:
        free: Units that nobody has claimed, of the SKUs and warehouses whose stock is known.
        made_of: What one unit of each platform SKU takes.
        sales: Units sold lately of each platform SKU: how much it gets of what it shares.
        buffer: Units to keep back of each of our SKUs; where none is named, the default.
        buffer_units, buffer_share: The default: the larger of units, and of a share of free.
        apart: The warehouses kept apart; what any other holds is the main one's.
    """

    free: Mapping[Part, int]
    made_of: Mapping[str, Components] = field(default_factory=dict)
    sales: Mapping[str, int] = field(default_factory=dict)
    buffer: Mapping[str, int] = field(default_factory=dict)
    buffer_units: int = 0
    buffer_share: float = 0.0
    apart: frozenset[str] = frozenset()

    def sellable(self, part: Part) -> int:
        """Return what may be promised of a component: max(0, free − buffer) [units].

        Example:
            >>> Facts({("A", ""): 21}, buffer_units=2, buffer_share=0.1).sellable(("A", ""))
            18
        """
        free = self.free[part]
        own = self.buffer.get(part[0])
        kept = math.ceil(max(free, 0) * self.buffer_share - 1e-9)
        return max(0, free - (max(self.buffer_units, kept) if own is None else own))

    @cached_property
    def houses(self) -> Mapping[str, frozenset[str]]:
        """Our warehouses in which each SKU's stock is known."""
        found: dict[str, set[str]] = {}
        for sku, house in self.free:
            found.setdefault(sku, set()).add(house)
        return {sku: frozenset(houses) for sku, houses in found.items()}

    def house(self, warehouse: str) -> str:
        """Return which of our warehouses a platform's warehouse is."""
        return warehouse if warehouse in self.apart else DEFAULT_WAREHOUSE


@dataclass(frozen=True)
class Offer:
    """One platform SKU in one of our warehouses: what the shop shows, and what it should [units].

    Attributes:
        spots: The platform's warehouses that count as this one, with what each shows; "" is the
            only one where stock is not kept by warehouse.
        parts: What one unit takes, as (component, units).
        book: What the books alone would allow: the least of what its components allow.
        target: What the shop should show; None where it is left alone, and `alone` says why.
    """

    stock: ShopStock
    house: str
    spots: tuple[tuple[str, int], ...]
    parts: tuple[tuple[Part, int], ...] = ()
    book: int | None = None
    target: int | None = None
    alone: str = ""

    @property
    def pool(self) -> Pool:
        """What identifies it."""
        return self.stock.shop_sku_id, self.house

    @property
    def spot(self) -> int:
        """What the shop shows now, activities apart."""
        return sum(units for _, units in self.spots)

    @property
    def activity(self) -> int:
        """What activities hold of it."""
        return self.stock.activity or 0

    @property
    def step(self) -> int:
        """What has to be added, below zero to be taken away; 0 where it is left alone."""
        return 0 if self.target is None else self.target - self.spot


def offers(stocks: Iterable[ShopStock], facts: Facts) -> list[Offer]:
    """Return what the shop should show of everything that it shows, in the same order."""
    found = [offer for stock in stocks for offer in _seen(stock, facts)]
    left = _unclaimed(found, facts, claimed=lambda o: o.activity + (o.spot if o.alone else 0))
    open_to = {o.pool: dict(o.parts) for o in found if not o.alone}
    weights = {pool: 1 + max(0, facts.sales.get(pool[0], 0)) for pool in open_to}
    shares = share_out(left, open_to, weights)
    return [o if o.alone else replace(o, target=shares[o.pool]) for o in found]


def share_out(
    units: Mapping[Part, int], users: Mapping[Pool, Mapping[Part, int]], weights: Mapping[Pool, int]
) -> dict[Pool, int]:
    """Share components among the kits and listings that take them, as long as any gains.

    Each round shares what is left by largest remainder; whoever another component holds back
    takes only what it can use, and the rest goes round again.

    Args:
        units: What there is of each component [≥ 0].
        users: What one unit of each takes.
        weights: Of each user [> 0].

    Returns:
        Units of each user: together they take no more of any component than there is.

    Example:
        >>> share_out({("A", ""): 7}, {("x", ""): {("A", ""): 1}, ("kit", ""): {("A", ""): 2}},
        ...           {("x", ""): 1, ("kit", ""): 1})
        {('x', ''): 3, ('kit', ''): 2}
    """
    left, got = dict(units), dict.fromkeys(users, 0)
    able = [u for u, takes in users.items() if takes]
    while able := [u for u in able if all(left[part] >= n for part, n in users[u].items())]:
        gains = _round(left, {u: users[u] for u in able}, weights)
        if not any(gains.values()):
            gains = _ones(left, {u: users[u] for u in able}, weights)
        for user, n in gains.items():
            got[user] += n
            for part, each in users[user].items():
                left[part] -= n * each
    return got


def _round(
    left: Mapping[Part, int],
    users: Mapping[Pool, Mapping[Part, int]],
    weights: Mapping[Pool, int],
) -> dict[Pool, int]:
    """Return what each user can make of its shares of what is left."""
    wanted: dict[Part, dict[Pool, int]] = {}
    for user, takes in users.items():
        for part, n in takes.items():
            wanted.setdefault(part, {})[user] = weights[user] * n
    shares = {part: largest_remainder(left[part], by) for part, by in wanted.items()}
    return {
        user: min(shares[part][user] // n for part, n in takes.items())
        for user, takes in users.items()
    }


def _ones(
    left: Mapping[Part, int],
    users: Mapping[Pool, Mapping[Part, int]],
    weights: Mapping[Pool, int],
) -> dict[Pool, int]:
    """Give one unit to whoever can still be given one, the heaviest first."""
    rest, found = dict(left), dict[Pool, int]()
    for user in sorted(users, key=lambda u: (-weights[u], u)):
        if all(rest[part] >= n for part, n in users[user].items()):
            found[user] = 1
            for part, n in users[user].items():
                rest[part] -= n
    return found


def largest_remainder(units: int, weights: Mapping[Pool, int]) -> dict[Pool, int]:
    """Share whole units in proportion to weights; every unit goes to someone.

    Example:
        >>> largest_remainder(10, {("a", ""): 1, ("b", ""): 1, ("c", ""): 1})
        {('a', ''): 4, ('b', ''): 3, ('c', ''): 3}
    """
    total = sum(weights.values())
    found = {key: units * weight // total for key, weight in weights.items()}
    by_rest = sorted(weights, key=lambda key: (-(units * weights[key] % total), key))
    for key in by_rest[: units - sum(found.values())]:
        found[key] += 1
    return found


def allowed(found: Sequence[Offer], facts: Facts, shown: Mapping[Pool, int]) -> dict[Pool, int]:
    """Return by how much each offer that should rise may rise now.

    Whatever else went wrong before, such as a decrease that the shop refused, no component is
    promised beyond what is sellable.

    Args:
        shown: What the shop shows of each by now, its reading where not named [units].
    """
    left = _unclaimed(found, facts, lambda o: o.activity + shown.get(o.pool, o.spot))
    for offer in found:  # nobody knows what these promise
        if offer.alone == UNTOLD:
            left.update((part, 0) for part, _ in offer.parts)
    rises: dict[Pool, int] = {}
    for offer in found:
        now = shown.get(offer.pool, offer.spot)
        wanted = 0 if offer.target is None else offer.target - now
        if wanted > 0:
            most = min(max(0, left[part]) // n for part, n in offer.parts)
            rises[offer.pool] = min(wanted, most)
            for part, n in offer.parts:
                left[part] -= rises[offer.pool] * n
    return rises


def spread(offer: Offer, step: int) -> list[tuple[str, int]]:
    """Return how a step falls on the platform's warehouses that count as one of ours.

    What is added goes to the one that has most (the first of equals), what is taken away comes
    from those that have most.

    Example:
        >>> offer = Offer(ShopStock("1", "2"), "", (("GZ", 3), ("SZ", 5)))
        >>> spread(offer, 2), spread(offer, -6)
        ([('SZ', 2)], [('SZ', -5), ('GZ', -1)])
    """
    order = sorted(offer.spots, key=lambda spot: -spot[1])
    if step >= 0:
        return [(order[0][0], step)] if step and order else []
    found = []
    for warehouse, units in order:
        taken = min(units, -step)
        if taken > 0:
            found.append((warehouse, -taken))
            step += taken
    return found


def _unclaimed(
    found: Iterable[Offer], facts: Facts, claimed: Callable[[Offer], int]
) -> dict[Part, int]:
    """Return what is left of each known component after what is promised already."""
    left = {part: facts.sellable(part) for part in facts.free}
    for offer in found:
        for part, n in offer.parts:
            if part in left:
                left[part] -= n * claimed(offer)
    return left


def _seen(stock: ShopStock, facts: Facts) -> list[Offer]:
    """Return the offers of one platform SKU, one a warehouse of ours, without targets."""
    components = facts.made_of.get(stock.shop_sku_id, ())
    told = not ({"stock_num", "prom_stock_num", "sku_type", "stock_map"} & set(stock.missing))
    if not stock.by_warehouse or not stock.houses:
        house = _house_of(stock, components, facts)
        return [_offer(stock, house, (("", stock.spot or 0),), components, facts, told=told)]
    by_house: dict[str, list[tuple[str, int]]] = {}
    for warehouse, units in stock.houses:
        by_house.setdefault(facts.house(warehouse), []).append((warehouse, units))
    return [
        _offer(stock, house, tuple(spots), components, facts, told=told)
        for house, spots in by_house.items()
    ]


def _offer(
    stock: ShopStock,
    house: str,
    spots: tuple[tuple[str, int], ...],
    components: Components,
    facts: Facts,
    *,
    told: bool,
) -> Offer:
    parts = tuple(((sku, house), n) for sku, n in components)
    known = bool(parts) and all(part in facts.free for part, _ in parts)
    book = min(facts.free[part] // n for part, n in parts) if known else None
    offer = Offer(stock, house, spots, parts, book)
    return replace(offer, alone=_alone(offer, facts, told=told))


def _alone(offer: Offer, facts: Facts, *, told: bool) -> str:
    """Return why an offer must be left alone, "" where it need not."""
    if offer.stock.stepped:
        return STEPPED
    if not told:
        return UNTOLD
    if not offer.parts or any(sku.startswith(UNMAPPED) for (sku, _), _ in offer.parts):
        return NO_CODE
    if offer.book is None:
        counted = all(sku in facts.houses for (sku, _), _ in offer.parts)
        return ELSEWHERE if counted else UNCOUNTED
    return ""


def _house_of(stock: ShopStock, components: Components, facts: Facts) -> str:
    """Return the warehouse that a SKU without stock by warehouse sells from.

    The one that the shop names; else the main one, or the only one that has it where the main
    one does not.
    """
    named = {facts.house(warehouse) for warehouse, _ in stock.houses}
    if len(named) == 1:
        return named.pop()
    known = [facts.houses.get(code, frozenset[str]()) for code, _ in components]
    common = frozenset.intersection(*known) if known else frozenset[str]()
    if DEFAULT_WAREHOUSE not in common and len(common) == 1:
        return next(iter(common))
    return DEFAULT_WAREHOUSE
