"""Where the orders of a rich practice shop come from: channel, host, province, and price cuts.

All of it follows from the order's id and instant, so nothing else of the shop changes with it.
"""

from __future__ import annotations

from typing import NamedTuple

from stockbook.shops.sandbox.catalogue import DAY, Item
from stockbook.shops.sandbox.dice import Dice

BEIJING = 8 * 3600
HOSTS = (  # id, name, and how often
    ("6700000000000000001", "小满优选直播间", 5),
    ("6700000000000000002", "阿梨的好物", 3),
    ("6700000000000000003", "大鹏严选", 2),
    ("6700000000000000004", "周周穿搭", 2),
    ("6700000000000000005", "豆豆妈妈", 1),
)
PLACES = (  # province, city, and how many of a hundred
    ("广东省", "深圳市", 15), ("江苏省", "苏州市", 11), ("浙江省", "杭州市", 10),
    ("山东省", "青岛市", 8), ("河南省", "郑州市", 8), ("四川省", "成都市", 7),
    ("湖北省", "武汉市", 5), ("湖南省", "长沙市", 5), ("安徽省", "合肥市", 5),
    ("河北省", "石家庄市", 5), ("福建省", "厦门市", 4), ("上海市", "上海市", 4),
    ("北京市", "北京市", 4), ("陕西省", "西安市", 3), ("辽宁省", "沈阳市", 3),
    ("广西壮族自治区", "南宁市", 2), ("黑龙江省", "哈尔滨市", 1),
)  # fmt: skip
EVENING = (19, 23)  # the hours in which hosts are live
LIVE_BY_DAY, LIVE_BY_EVENING, VIDEO, ALLIANCE = 0.15, 0.6, 0.2, 0.12
CUT_SHARE, CUTS = 0.2, (10, 15, 20, 25)  # of a product's weeks; per cent off
ELASTICITY = -1.8  # of the units that buyers want to the price


class Origin(NamedTuple):
    """Where one order comes from; ids are "" where they do not apply."""

    channel: str  # live, video, alliance, shelf
    author_id: str
    author_name: str
    room_id: str
    video_id: str
    province: str
    city: str


def origin(order_id: int, at: int) -> Origin:
    """Return where an order made at an instant [Unix s] comes from."""
    dice = Dice(f"origin {order_id}")
    hour = (at + BEIJING) % DAY // 3600
    live = LIVE_BY_EVENING if EVENING[0] <= hour < EVENING[1] else LIVE_BY_DAY
    draw, left = dice.random(), 1 - live
    province, city, _ = _weighted(dice, PLACES)
    author_id, name, _ = _weighted(dice, HOSTS)
    room = video = ""
    if draw < live:
        channel, room = "live", f"73{author_id[-1]}{(at + BEIJING) // DAY:014d}"
    elif draw < live + VIDEO * left:
        channel, video = "video", f"74{author_id[-1]}{dice.randrange(10**14):014d}"
    elif draw < live + (VIDEO + ALLIANCE) * left:
        channel = "alliance"
    else:
        channel, author_id, name = "shelf", "", ""
    return Origin(channel, author_id, name, room, video, province, city)


def _weighted(dice: Dice, rows: tuple[tuple[str, str, int], ...]) -> tuple[str, str, int]:
    left = dice.random() * sum(weight for *_, weight in rows)
    for row in rows:
        left -= row[2]
        if left < 0:
            break
    return row


def cut(item: Item, at: int) -> int:
    """Return by how many per cent a product's price is cut in the week of an instant."""
    if not item.promoted:
        return 0
    week = (at + BEIJING) // (7 * DAY)
    dice = Dice(f"cut {item.product_id} {week}")
    return dice.choice(CUTS) if dice.random() < CUT_SHARE else 0


def response(item: Item, at: int) -> float:
    """Return by what factor buyers want more of it while its price is cut."""
    return float((1 - cut(item, at) / 100) ** ELASTICITY)
