"""Why the shop's stock and the books differ, in words, the likeliest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from stockbook.domain.language import say
from stockbook.domain.sellable import (
    ELSEWHERE,
    NO_CODE,
    STEPPED,
    UNCOUNTED,
    UNTOLD,
    Facts,
    Offer,
    Part,
    Pool,
)


@dataclass(frozen=True)
class Signs:
    """What is known around the offers of one look at the shop.

    Attributes:
        steps: What will be added to each, after everything that holds it back [units].
        expected: What each should show by the journal and the orders.
        late: Units sold of each since its stock was read.
        released: Units of components that orders have just let go of.
        claimed: Units held, and allocated, of each component.
        blocked: Orders could not be read, so nothing may rise.
    """

    facts: Facts
    steps: Mapping[Pool, int] = field(default_factory=dict)
    expected: Mapping[Pool, int] = field(default_factory=dict)
    late: Mapping[Pool, int] = field(default_factory=dict)
    released: Mapping[Part, int] = field(default_factory=dict)
    claimed: Mapping[Part, tuple[int, int]] = field(default_factory=dict)
    blocked: bool = False


def causes(offers: Sequence[Offer], signs: Signs) -> dict[Pool, str]:
    """Return the likely causes of what differs, "" where nothing does."""
    users: defaultdict[Part, list[Offer]] = defaultdict(list)
    for offer in offers:
        for part, _ in offer.parts:
            users[part].append(offer)
    return {o.pool: "；".join(_causes(o, users, signs)) for o in offers}


def difference(offer: Offer) -> int | None:
    """Return by how much the shop shows more than the books allow [units].

    None where one of the two is not known.
    """
    if offer.book is None or offer.alone == UNTOLD:
        return None
    return offer.spot + offer.activity - offer.book


def _causes(offer: Offer, users: Mapping[Part, Sequence[Offer]], signs: Signs) -> Iterable[str]:
    if offer.alone:
        yield _alone(offer)
        return
    if not difference(offer) and not offer.step:
        yield from _prehold(offer, users, signs)
        return
    before = [
        *_oversold(offer),
        *_late(offer, signs),
        *_activity(offer),
        *_shared(offer, users),
        *_kept(offer, signs.facts),
        *_elsewhere(offer, signs.facts),
        *_released(offer, signs),
    ]
    yield from before
    yield from _moved(offer, signs, explained=bool(before))
    yield from _prehold(offer, users, signs)
    yield from _held_back(offer, signs)


def _alone(offer: Offer) -> str:
    codes = "、".join(sku for (sku, _), _ in offer.parts)
    missing = "、".join(offer.stock.missing)
    return {
        STEPPED: say("预售（阶梯）库存，不发布", "presale stock: left alone"),
        UNTOLD: say(f"平台没有给 {missing}，不发布", f"the shop does not tell {missing}"),
        NO_CODE: say(
            "没有商家编码：在抖店后台或 SKU对照 填上，不发布",
            "no merchant code: enter one in the shop or on SKU map",
        ),
        UNCOUNTED: say(f"没盘点过：{codes}，不发布", f"never counted: {codes}; left alone"),
        ELSEWHERE: say(
            f"这个仓里没有 {codes} 的盘点或收货，不发布",
            f"nothing of {codes} was counted or received in this warehouse; left alone",
        ),
    }[offer.alone]


def _oversold(offer: Offer) -> Iterable[str]:
    if offer.book is not None and offer.book < 0:
        yield say(f"已超卖 {-offer.book} 件", f"oversold by {-offer.book}")


def _late(offer: Offer, signs: Signs) -> Iterable[str]:
    units = signs.late.get(offer.pool, 0)
    if units > 0:
        yield say(f"读库存之后又卖了 {units} 件", f"{units} sold after the stock was read")


def _activity(offer: Offer) -> Iterable[str]:
    if offer.activity:
        yield say(f"活动占用 {offer.activity} 件", f"an activity holds {offer.activity}")
    if offer.stock.step:
        yield say(f"另有预售库存 {offer.stock.step} 件", f"presale stock of {offer.stock.step}")


def _shared(offer: Offer, users: Mapping[Part, Sequence[Offer]]) -> Iterable[str]:
    others = sorted(
        {o.stock.shop_sku_id for part, _ in offer.parts for o in users[part]}
        - {offer.stock.shop_sku_id}
    )
    if others:
        some = "、".join(others[:3]) + ("…" if len(others) > 3 else "")  # noqa: PLR2004
        yield say(f"和 {some} 共用库存，按销量分", f"shares its stock with {some}")
    elif len(offer.parts) > 1 or any(n > 1 for _, n in offer.parts):
        yield say("组合，按最缺的组成算", "a kit: its scarcest component counts")


def _kept(offer: Offer, facts: Facts) -> Iterable[str]:
    kept = {part: facts.free[part] - facts.sellable(part) for part, _ in offer.parts}
    told = [f"{sku} {kept[sku, house]}" for sku, house in kept if kept[sku, house] > 0]
    if told:
        yield say(f"留了余量 {'、'.join(told)} 件", f"kept back: {', '.join(told)}")


def _elsewhere(offer: Offer, facts: Facts) -> Iterable[str]:
    codes = {sku for (sku, _), _ in offer.parts}
    there = sum(
        max(0, facts.free[sku, house])
        for sku in codes
        for house in facts.houses.get(sku, ())
        if house != offer.house
    )
    if there and not offer.stock.by_warehouse:
        yield say(f"其他仓还有 {there} 件，不算在内", f"{there} in other warehouses do not count")


def _released(offer: Offer, signs: Signs) -> Iterable[str]:
    units = sum(signs.released.get(part, 0) for part, _ in offer.parts)
    if units:
        yield say(
            f"刚取消或退款 {units} 件，下次再发布", f"{units} just cancelled: published next time"
        )


def _moved(offer: Offer, signs: Signs, *, explained: bool) -> Iterable[str]:
    """What the journal and the orders say of the spot."""
    should = signs.expected.get(offer.pool)
    if should is None:
        if not explained:
            yield say(
                "还没有发布过，或有收货、盘点没发布",
                "never published so far, or receipts and counts that were not",
            )
    elif should != offer.spot:
        yield say(
            f"按发布记录和订单平台现货应为 {should}：有人在平台改过，或有订单还查不到",
            f"by the journal and the orders the shop should show {should}: changed by hand, or "
            "orders that cannot be seen yet",
        )
    elif offer.step and not explained:
        yield say(
            "上次发布之后的收货、盘点或调整还没发布",
            "receipts, counts or corrections since the last publishing",
        )


def _prehold(offer: Offer, users: Mapping[Part, Sequence[Offer]], signs: Signs) -> Iterable[str]:
    """Compare 占用 where one platform SKU is one of our codes; what it means differs by shop."""
    ((part, n), *more) = offer.parts
    if offer.stock.prehold is None or more or n > 1 or len(users[part]) > 1:
        return
    held, allocated = signs.claimed.get(part, (0, 0))
    if offer.stock.prehold not in (held, held + allocated):
        yield say(
            f"平台占用 {offer.stock.prehold}，账上未付占用 {held}、已付待发 {allocated}",
            f"prehold is {offer.stock.prehold}; the books have {held} held, {allocated} allocated",
        )


def _held_back(offer: Offer, signs: Signs) -> Iterable[str]:
    step = signs.steps.get(offer.pool, 0)
    if offer.step > 0 and step < offer.step:
        why = (
            say("有订单读不出来", "orders could not be read")
            if signs.blocked
            else say("为防超卖", "lest it oversells")
        )
        yield say(
            f"{why}，这次只加 {step} 件，少 {offer.step - step} 件",
            f"{why}: only {step} are added now, {offer.step - step} fewer",
        )
