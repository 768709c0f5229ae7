"""Where a sale came from: its channel, its host, and the province it went to.

| channel | from the platform's answers | from the words of downloaded files |
|---|---|---|
| live 直播 | `room_id`, or `ad_env_type` live | 直播 |
| video 短视频/图文 | `video_id`, or `ad_env_type` video | 短视频, 视频, 图文 |
| alliance 达人橱窗 | `c_biz` 2 (联盟) or `author_id`, no room, no video | 橱窗, 联盟, 达人 |
| shelf 商品卡/货架 | `c_biz` 8 (自卖) without any of these | 商品卡, 商城, 搜索, 货架, 店铺, 推荐 |
| other 其他 | – | any other word |
| "" unknown | none of the fields came | no such column, or empty |

Where it was seen comes before who brought it: a host's livestream is live, and the host is told
by the name. Of a buyer's address only the province is ever looked at, and only the names of the
34 provinces are taken: whatever else stands there is dropped.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

from stockbook.domain.language import Label


class Channel(StrEnum):
    """Where buyers found what they bought."""

    LIVE = "live"
    VIDEO = "video"
    SHELF = "shelf"
    ALLIANCE = "alliance"
    OTHER = "other"
    UNKNOWN = ""

    @property
    def label(self) -> Label:
        """Return what people call it."""
        return LABELS[self]


LABELS = {
    Channel.LIVE: Label("直播", "Livestream"),
    Channel.VIDEO: Label("短视频/图文", "Video"),
    Channel.SHELF: Label("商品卡/货架", "Shelf"),
    Channel.ALLIANCE: Label("达人橱窗", "Alliance"),
    Channel.OTHER: Label("其他", "Other"),
    Channel.UNKNOWN: Label("没有来源", "Not told"),
}
WORDS = (  # the first that holds
    (Channel.LIVE, ("直播", "live")),
    (Channel.VIDEO, ("短视频", "视频", "图文", "video")),
    (Channel.ALLIANCE, ("橱窗", "联盟", "达人", "alliance")),
    (
        Channel.SHELF,
        ("商品卡", "商城", "搜索", "货架", "店铺", "推荐", "猜你喜欢", "shelf", "shop"),
    ),
)
OWN_SALE, ALLIANCE_SALE = 8, 2  # c_biz: 自卖, 联盟
PROVINCES = (
    "北京", "天津", "河北", "山西", "内蒙古", "辽宁", "吉林", "黑龙江", "上海", "江苏", "浙江",
    "安徽", "福建", "江西", "山东", "河南", "湖北", "湖南", "广东", "广西",
    "海南", "重庆", "四川", "贵州", "云南", "西藏", "陕西", "甘肃", "青海", "宁夏",
    "新疆", "香港", "澳门", "台湾",
)  # fmt: skip


def channel_of(
    *, room_id: str, video_id: str, author_id: str, business: int | None, setting: str
) -> Channel:
    """Return a line's channel from the platform's fields.

    Args:
        business: `c_biz`; `setting`: `ad_env_type`, or a word of `theme_type`.

    Example:
        >>> channel_of(room_id="7", video_id="", author_id="1", business=2, setting="").value
        'live'
        >>> channel_of(room_id="", video_id="", author_id="", business=8, setting="").value
        'shelf'
    """
    worded = channel_in_words(setting)
    if room_id or worded == Channel.LIVE:
        return Channel.LIVE
    if video_id or worded == Channel.VIDEO:
        return Channel.VIDEO
    if author_id or business == ALLIANCE_SALE:
        return Channel.ALLIANCE
    return Channel.SHELF if business == OWN_SALE else worded


@lru_cache(1000)
def channel_in_words(*words: str) -> Channel:
    """Return the channel that some words of a file tell, the first column first.

    Example:
        >>> channel_in_words("商品卡", "直播推广").value, channel_in_words("", "-").value
        ('shelf', '')
    """
    told = [text for word in words if (text := word.strip(" -").casefold())]
    for text in told:
        for channel, marks in WORDS:
            if any(mark in text for mark in marks):
                return channel
    return Channel.OTHER if told else Channel.UNKNOWN


@lru_cache(1000)
def province_of(name: str) -> str:
    """Return the bare name of a province, "" where the text is none.

    Example:
        >>> province_of("广西壮族自治区"), province_of("浙江省"), province_of("杭州市西湖区")
        ('广西', '浙江', '')
    """
    text = name.strip()
    return next((p for p in PROVINCES if text.startswith(p) and len(text) <= len(p) + 6), "")
