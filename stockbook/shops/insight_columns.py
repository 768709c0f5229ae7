"""The columns of analysis files: what we call them, and the names that files use, best first.

Names are compared without case, spaces and what stands in brackets: `成交金额（元）` is 成交金额.
A file whose names are none of these is read with `--map`, such as `--map visitors=浏览人数`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from stockbook.domain.language import Label, say
from stockbook.domain.problems import ShopError

TRAFFIC = {
    "day": ("日期", "统计日期", "数据日期", "时间", "date", "day"),
    "product": ("商品ID", "商品编号", "货品ID", "product_id", "product", "item_id"),
    "name": ("商品名称", "商品标题", "商品信息", "商品", "product_name", "name", "title"),
    "exposures": ("商品曝光次数", "曝光次数", "曝光量", "曝光", "展现量", "商品曝光人数",
                  "曝光人数", "exposures", "impressions"),
    "clicks": ("商品点击次数", "点击次数", "点击量", "点击", "商品点击人数", "点击人数", "clicks"),
    "visitors": ("商品访客数", "访客数", "访客", "UV", "浏览人数", "商品访问人数", "商品浏览人数",
                 "visitors"),
    "buyers": ("成交人数", "支付人数", "支付买家数", "成交用户数", "商品成交人数", "buyers"),
    "units": ("成交件数", "支付件数", "商品成交件数", "销量", "units"),
    "amount": ("成交金额", "支付金额", "用户支付金额", "商品成交金额", "销售额", "amount", "gmv"),
    "rate": ("转化率", "支付转化率", "成交转化率", "点击成交转化率", "商品点击-成交转化率",
             "conversion", "conversion_rate"),
}  # fmt: skip
METRICS = ("exposures", "clicks", "visitors", "buyers", "units", "amount")
AUDIENCE = {
    "gender": ("性别", "性别分布", "gender", "sex"),
    "age": ("年龄", "年龄段", "年龄分布", "age"),
    "city_tier": ("城市等级", "城市线级", "城市级别", "city_tier"),
    "province": ("省份", "省", "地域", "地域分布", "province"),
    "kind": ("维度", "画像维度", "标签类型", "kind"),
    "segment": ("分类", "标签", "人群", "标签值", "segment"),
    "share": ("占比", "人数占比", "成交人数占比", "用户占比", "比例", "share", "percent"),
    "people": ("人数", "用户数", "people"),
}
KINDS = ("gender", "age", "city_tier", "province")
KIND_LABELS = {
    "gender": Label("性别", "Sex"),
    "age": Label("年龄", "Age"),
    "city_tier": Label("城市等级", "City tier"),
    "province": Label("省份", "Province"),
}
_BRACKETS = re.compile(r"[（(\[【].*?[）)\]】]|\s")
Names = Mapping[str, Sequence[str]]


def plain(name: object) -> str:
    """Return a header as it is compared.

    Example:
        >>> plain(" 成交金额（元）"), plain("Product ID")
        ('成交金额', 'productid')
    """
    return _BRACKETS.sub("", str(name or "")).replace("_", "").casefold()


def places(header: Sequence[object], names: Names, own: Mapping[str, str]) -> dict[str, int]:
    """Return where our columns stand in a header.

    Args:
        own: Our name → the file's, as people gave it; it comes first.
    """
    there = [plain(cell) for cell in header]
    found = {}
    for key, synonyms in names.items():
        wanted = [own[key]] if key in own else synonyms
        place = next((there.index(p) for p in map(plain, wanted) if p in there), None)
        if place is not None:
            found[key] = place
    return found


def mapped(pairs: Sequence[str]) -> dict[str, str]:
    """Return our name → the file's from texts such as `visitors=浏览人数` or `访客数=浏览人数`.

    Raises:
        ShopError: One of them is no such pair, or names no column of ours.
    """
    every = {**AUDIENCE, **TRAFFIC}
    ours = {plain(name): key for key, names in every.items() for name in (key, *names)}
    found = {}
    for pair in pairs:
        name, sign, theirs = pair.partition("=")
        key = ours.get(plain(name))
        if not sign or not theirs.strip() or key is None:
            known = "、".join(every)
            raise ShopError(
                say(
                    f"--map {pair} 看不懂：写成 列=文件里的列名，如 visitors=浏览人数；"
                    f"列可以是 {known}",
                    f"--map {pair} is unclear: write column=name in the file, such as "
                    f"visitors=UV; columns are {known}",
                )
            )
        found[key] = theirs.strip()
    return found
