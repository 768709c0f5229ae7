"""The files of the practice shop's 电商罗盘: who looks at its products, and who buys."""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stockbook.domain.clock import beijing, midnight
from stockbook.shops.sandbox.catalogue import DAY
from stockbook.shops.sandbox.simulation import ShopSimulation

DAYS = 60  # up to yesterday
TRAFFIC = (
    "日期", "商品ID", "商品名称", "商品曝光次数", "商品点击次数", "商品访客数", "成交人数",
    "成交件数", "成交金额（元）",
)  # fmt: skip
PROFILE = ("维度", "分类", "占比")
SHARES = {  # [per cent]
    "性别": {"女": 68, "男": 32},
    "年龄": {"18-23": 17, "24-30": 31, "31-40": 29, "41-50": 15, "50+": 8},
    "城市等级": {"一线": 14, "新一线": 23, "二线": 21, "三线": 20, "四线及以下": 22},
}
Row = Sequence[object]


@dataclass
class Sold:
    """What one product sold on one day: buyers, units, and what they paid [fen]."""

    buyers: int = 0
    units: int = 0
    fen: int = 0


def write_insight(folder: Path, shop: ShopSimulation) -> list[Path]:
    """Write the traffic of every product in the last 60 days, and the buyers' profile."""
    folder.mkdir(parents=True, exist_ok=True)
    profile = [
        (kind, segment, f"{share}%")
        for kind, shares in SHARES.items()
        for segment, share in shares.items()
    ]
    return [
        _write(folder / "商品流量.csv", TRAFFIC, _traffic(shop)),
        _write(folder / "买家画像.csv", PROFILE, profile),
    ]


def _write(path: Path, header: Row, rows: Iterable[Row]) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows((header, *rows))
    return path


def _traffic(shop: ShopSimulation) -> Iterator[Row]:
    """Yield a row a day and product; people look at what is sold out, too, and buy nothing."""
    end = midnight(beijing(shop.now).date())
    start = max(shop.start, end - DAYS * DAY)
    days = range(start, end, DAY)
    sold = _sold(shop, start, end)
    names = {item.product_id: item.name for item in shop.items if not item.is_gift}
    for product, name in names.items():
        mine = sold.get(product, {})
        dice = random.Random(f"{shop.seed} compass {product}")
        rate, usual = dice.uniform(0.02, 0.07), sum(s.buyers for s in mine.values()) / len(days)
        for number, day in enumerate(days):
            seen = mine.get(number, Sold())
            drawn = (seen.buyers + usual) / 2 / rate * dice.uniform(0.85, 1.15)
            visitors = max(seen.buyers, round(drawn))
            clicks = round(visitors * dice.uniform(1.1, 1.4))
            yield (
                f"{beijing(day):%Y-%m-%d}", f"{product}\t", name,
                f"{round(clicks / dice.uniform(0.04, 0.09)):,}", f"{clicks:,}", f"{visitors:,}",
                f"{seen.buyers:,}", f"{seen.units:,}", f"{seen.fen / 100:,.2f}",
            )  # fmt: skip


def _sold(shop: ShopSimulation, start: int, end: int) -> Mapping[int, Mapping[int, Sold]]:
    """Return product → number of the day → what was paid on it."""
    found: dict[int, dict[int, Sold]] = defaultdict(lambda: defaultdict(Sold))
    for order in shop.orders.values():
        if not order.paid_at or not start <= order.paid_at < end:
            continue
        day, products = (order.paid_at - start) // DAY, set[int]()
        for line in (line for line in order.lines if not line.item.is_gift):
            seen = found[line.item.product_id][day]
            seen.buyers += line.item.product_id not in products
            seen.units += line.quantity
            seen.fen += line.amount_fen
            products.add(line.item.product_id)
    return found
