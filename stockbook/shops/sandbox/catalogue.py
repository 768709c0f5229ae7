"""What the practice shop sells: products with SKUs, how fast they sell, who supplies them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

DAY = 86_400
CATEGORIES: dict[str, tuple[str, tuple[str, ...], tuple[str, ...], tuple[int, int]]] = {
    # category: code, nouns, variants, price range in yuan
    "女装": (
        "NZ",
        ("纯棉短袖T恤", "高腰阔腿裤", "法式碎花裙", "针织开衫", "防晒衬衫", "羊毛大衣"),
        ("白色 M", "白色 L", "黑色 M", "黑色 L"),
        (59, 399),
    ),
    "美妆": (
        "MZ",
        ("玻尿酸保湿面霜", "氨基酸洁面乳", "哑光口红", "烟酰胺精华", "防晒喷雾"),
        ("50g", "100g", "两支装"),
        (39, 199),
    ),
    "食品": (
        "SP",
        ("每日坚果礼盒", "手撕牛肉干", "桂花酸梅汤", "低脂鸡胸肉", "冻干咖啡", "海苔脆片"),
        ("500g", "1kg", "两袋装"),
        (19, 129),
    ),
    "家居": (
        "JJ",
        ("可折叠收纳箱", "抗菌砧板", "加厚纯棉毛巾", "免打孔挂钩", "香薰蜡烛", "四件套"),
        ("小号", "中号", "大号"),
        (15, 259),
    ),
    "母婴": (
        "MY",
        ("婴儿棉柔巾", "儿童保温杯", "益智积木", "宝宝防滑袜"),
        ("单包", "三包", "六包"),
        (25, 169),
    ),
    "数码配件": (
        "SM",
        ("磁吸充电宝", "氮化镓充电头", "蓝牙耳机", "手机支架", "编织数据线"),
        ("黑色", "白色", "蓝色"),
        (19, 239),
    ),
    "宠物": ("CW", ("全价猫粮", "豆腐猫砂", "狗狗冻干零食"), ("2kg", "5kg", "10kg"), (29, 219)),
}
LOCAL = ("本地云仓代发", 2.0, 0.5, 12.0)  # name, lead time [days], spread [days], emergency [hours]
SUPPLIERS = {
    "女装": ("杭州云裳服饰", 5.0, 1.0, 36.0),
    "美妆": ("广州美研化妆品", 7.0, 1.5, 48.0),
    "食品": ("山东味源食品", 4.0, 1.0, 20.0),
    "家居": ("佛山宜居家品", 9.0, 2.0, 72.0),
    "母婴": ("义乌恒达百货", 3.0, 0.5, 24.0),
    "数码配件": ("东莞锐科电子", 6.0, 1.0, 30.0),
    "宠物": ("上海宠享仓储", 3.0, 0.5, 24.0),
}
NEW_SHARE = 0.04
FALLS_ON_ORDER_SHARE = 0.25
PACKS = (1, 1, 6, 10, 12, 20)


@dataclass(frozen=True, slots=True)
class Item:
    """One SKU of the practice shop.

    Attributes:
        rate: Units a day in a usual week.
        lumpy: Buyers take several at once.
        launched_at: Nothing sells before [Unix s].
        cover: Stock at the end of the simulated past, in protection periods; ≤ 0 sells out.
        falls_on_order: Stock is held from the order on (reduce_stock_type 1), else from payment.
        warehouse: The merchant's own id of the house it is kept in, "" for the main one.
        parts: What a kit takes, as (item, units); a kit has no stock of its own.
        gift: The place of what goes along for nothing, None if nothing does.
        is_gift: It only ever goes along.
        presale: Buyers pay a deposit first, and the rest days later.
        promoted: Its price is cut in some weeks (`origins.cut`).
    """

    index: int
    sku: str
    shop_sku_id: int
    product_id: int
    name: str
    variant: str
    category: str
    price_fen: int
    rate: float
    lumpy: bool
    launched_at: int
    cover: float
    falls_on_order: bool
    supplier: str
    lead_time_days: float
    lead_time_sd: float
    emergency_hours: float
    moq: int
    pack_size: int
    unit_cost: float
    warehouse: str = ""
    parts: tuple[tuple[Item, int], ...] = ()
    gift: int | None = None
    is_gift: bool = False
    presale: bool = False
    promoted: bool = False

    def made_of(self) -> tuple[tuple[Item, int], ...]:
        """Return (item, units) of whatever stock one unit takes."""
        return self.parts or ((self, 1),)


def make(seed: int, skus: int, *, start: int, now: int) -> list[Item]:
    """Return the shop's SKUs, best seller first; the same arguments give the same shop."""
    dice = random.Random(f"catalogue {seed}")
    ranks = list(range(skus))
    items: list[Item] = []
    serial = 0
    while len(items) < skus:
        category = dice.choice(sorted(CATEGORIES))
        serial += 1
        variants = CATEGORIES[category][2]
        size = min(dice.randint(1, len(variants)), skus - len(items))
        items += _product(dice, category, serial, size, first=len(items), ranks=ranks)
    items.sort(key=lambda item: -item.rate)
    return [_placed(dice, item, i, start, now) for i, item in enumerate(items)]


def _product(
    dice: random.Random, category: str, serial: int, size: int, *, first: int, ranks: list[int]
) -> list[Item]:
    """Return one product's SKUs; their ranks lie anywhere along the long tail."""
    code, nouns, variants, (low, high) = CATEGORIES[category]
    name = f"{dice.choice(nouns)} {_grade(dice)}".strip()
    price = dice.randint(low, high) * 100 - 10
    product_id = 3_600_000_000_000_000_000 + dice.randrange(10**17) * 10 + serial % 10
    far = dice.random() < 0.75
    supplier, lead, spread, emergency = SUPPLIERS[category] if far else LOCAL
    on_order = dice.random() < FALLS_ON_ORDER_SHARE
    pack = dice.choice(PACKS)
    made = []
    for j in range(size):
        rank = ranks.pop(dice.randrange(len(ranks)))
        made.append(
            Item(
                index=first + j,
                sku=f"{code}{serial:03d}-{j + 1:02d}",
                shop_sku_id=1_700_000_000_000_000_000 + dice.randrange(10**17),
                product_id=product_id,
                name=name,
                variant=variants[j],
                category=category,
                price_fen=price + 1000 * j,
                rate=_rate(rank, dice),
                lumpy=dice.random() < 0.12,
                launched_at=0,
                cover=1.0,
                falls_on_order=on_order,
                supplier=supplier,
                lead_time_days=lead,
                lead_time_sd=spread,
                emergency_hours=emergency,
                moq=pack * dice.choice((1, 2, 5)),
                pack_size=pack,
                unit_cost=round(price / 100 * dice.uniform(0.35, 0.6), 2),
            )
        )
    return made


def _grade(dice: random.Random) -> str:
    return dice.choice(("", "经典款", "升级款", "家庭装", "轻享版", "旗舰款", "新国风"))


def _rate(rank: int, dice: random.Random) -> float:
    """Units a day: a few sell dozens, most sell one in days."""
    return float(58.0 / (rank + 1) ** 0.85 * dice.uniform(0.8, 1.25))


def _placed(dice: random.Random, item: Item, index: int, start: int, now: int) -> Item:
    """Give a SKU its place by rate, its launch and how much stock it ends with."""
    is_new = dice.random() < NEW_SHARE and item.rate > 0.5
    launched = now - dice.randint(10, 25) * DAY if is_new else start - DAY
    fields = {name: getattr(item, name) for name in Item.__slots__}
    return Item(
        **fields | {"index": index, "launched_at": launched, "cover": _cover(dice, item.rate)}
    )


def _cover(dice: random.Random, rate: float) -> float:
    """Return the stock to end with: most are comfortable, some are not.

    What sells little is left comfortable: there chance would decide, not the plan.
    """
    draw = dice.random()
    if rate < 0.7:
        return dice.uniform(2.0, 6.0) + 2 / rate / 7
    for share, low, high in ((0.04, 0.02, 0.05), (0.08, 0.06, 0.14), (0.22, 0.4, 0.95),
                             (0.2, 1.2, 1.5)):  # fmt: skip
        if draw < share:
            return dice.uniform(low, high)
        draw -= share
    return dice.uniform(2.0, 6.0)


def supply(items: list[Item]) -> list[dict[str, Any]]:
    """Return who supplies each SKU, how fast, and on what terms."""
    return [
        {
            "sku": i.sku,
            "supplier": i.supplier,
            "lead_time_days": i.lead_time_days,
            "lead_time_sd": i.lead_time_sd,
            "emergency_lead_time_hours": i.emergency_hours,
            "moq": i.moq,
            "pack_size": i.pack_size,
            "unit_cost": i.unit_cost,
        }
        for i in items
        if not i.parts
    ]
