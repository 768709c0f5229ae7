"""The look of the workbook: colours, type sizes, number formats. Plain data, no Excel library.

Colour is spent on alerts and on "you fill this in"; everything else is ink on white. Darker and
more solid means worse, and a glyph and a word stand beside every colour. All glyphs are in
GB2312, and every text colour reaches a contrast of 4.5 : 1 on its fill (a test proves it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from stockbook.domain.language import Label, Language

INK, MUTED, GREY, WHITE = "#1F2933", "#5F6B7A", "#6C7581", "#FFFFFF"
SLATE, TEAL, BLUE, RED, STALE_BAND = "#24424F", "#0F6E66", "#1F5FA8", "#C8371B", "#8A4B08"
INPUT_FILL, PANEL, RULE, STALE_FILL = "#EFF5FC", "#F5F7F9", "#DDE3E8", "#E7EAED"
BAR, BAND, AXIS, SHOP_NAME = "#BFD5DD", "#CFE0F2", "#AEB8C1", "#C9D6DC"
STOCK = "#D5EBE6"

FONT = {
    "font_name": "微软雅黑",
    "font_charset": 134,  # GB2312: older Excel picks the right fallback where the font is missing
    "font_size": 10,
    "font_color": INK,
    "valign": "vcenter",
}
TITLE = {"font_size": 16, "bold": True, "font_color": SLATE}
SECTION = {"font_size": 12, "bold": True, "font_color": SLATE}
NOTE = {"font_size": 9, "font_color": MUTED}
FIGURE = {"font_size": 22, "bold": True}
# Row heights [points].
TITLE_ROW, NOTE_ROW, OWNER_ROW, HEADER_ROW, BODY_ROW, SENTENCE_ROW, GAP_ROW = (
    30,
    18,
    15,
    28,
    21,
    34,
    8,
)
LINE = 13  # points that one more line of a sentence takes


@dataclass(frozen=True, slots=True)
class LevelLook:
    """How one alert level looks; the cell holds the bare word, the format adds the glyph."""

    code: str
    label: Label
    fill: str
    text: str
    glyph: str
    meaning: Label


LEVELS = {  # mildest first
    look.code: look
    for look in (
        LevelLook(
            "ok",
            Label("正常", "OK"),
            "#E9F4F0",
            "#1E5B48",
            "○",
            Label("够卖到补货到货之后，不用管", "Lasts past the next delivery"),
        ),
        LevelLook(
            "watch",
            Label("关注", "Watch"),
            "#FFEFB0",
            "#5C4300",
            "◇",
            Label("接近安全库存线，留意销量", "Near the reorder point"),
        ),
        LevelLook(
            "low",
            Label("偏低", "Low"),
            "#F7B15C",
            "#452300",
            "△",
            Label("到安全库存线了，今天要下单", "At the reorder point: order today"),
        ),
        LevelLook(
            "critical",
            Label("告急", "Critical"),
            "#C8371B",
            "#FFFFFF",
            "▲",
            Label("到货前就会卖完，立即处理", "Sells out first: act now"),
        ),
        LevelLook(
            "out",
            Label("断货", "Out"),
            "#4B1535",
            "#FFFFFF",
            "■",
            Label("已卖空或超卖，先止损再补", "Sold out: stop losses, refill"),
        ),
    )
}


class Kind(NamedTuple):
    """What a column holds: its number format in both languages and its alignment."""

    zh: str
    en: str
    align: str

    def number_format(self, language: Language) -> str:
        """Return the Excel number format."""
        return self.zh if language == "zh" else self.en


def _same(number_format: str, align: str = "right") -> Kind:
    return Kind(number_format, number_format, align)


# One value in days: it sorts, draws bars and reads well. Excel allows two conditions a format.
COUNTDOWN = Kind(
    '[<=0]"已断货";[<2][h]"小时"mm"分";0.0"天"', '[<=0]"out";[<2][h]"h "mm"m";0.0" days"', "right"
)
KINDS = {
    "text": _same("General", "left"),
    "long": _same("General", "left"),
    "id": _same("@", "left"),
    "state": _same("General", "left"),
    "word": _same("General", "center"),
    "level": _same("General", "center"),
    "units": _same("#,##0_ "),
    "optional": _same('#,##0_ ;-#,##0_ ;"–"_ '),
    "number": _same("0"),
    "mean": _same("#,##0.0_ "),
    "days": _same("0.0_ "),
    "hours": _same("0.0_ "),
    "countdown": COUNTDOWN,
    "money": _same("#,##0.00_ "),
    # 12.9万: the comma divides by 1,000 and the literal point stands before the last digit.
    "big": Kind(r'[>=10000]0\.0,"万";#,##0', '[>=1000000]0.0,,"M";[>=10000]0.0,"k";#,##0', "right"),
    "pieces": Kind('0" 件"', "0", "right"),
    "share": _same("0%"),
    "rate": _same("0.0%"),
    "signed": _same("+0%;-0%;0%"),
    "change": _same('"↑ "0%;"↓ "0%;"→ "0%'),
    "factor": _same('"×"0.00'),
    "day": _same("yyyy-mm-dd", "center"),
    "date": Kind('m"月"d"日"', "d mmm", "center"),
    "time": Kind('m"月"d"日" hh:mm', "d mmm hh:mm", "center"),
    "instant": _same("yyyy-mm-dd hh:mm", "center"),
}
NEAR_DAYS = (  # days from the data's day -> how a time of that day reads
    (0, Kind('"今天 "hh:mm', '"today "hh:mm', "center")),
    (1, Kind('"明天 "hh:mm', '"tomorrow "hh:mm', "center")),
)
CHINESE_FROM = 0x2E80  # first code point that takes two digits' width


def level_word(code: str, language: Language) -> str:
    """Return a level's word.

    Example:
        >>> level_word("critical", "zh"), level_word("critical", "en")
        ('告急', 'Critical')
    """
    label = LEVELS[code].label
    return label.zh if language == "zh" else label.en


def text_width(text: str) -> int:
    """Return the width of `text` [Excel column units]: a Chinese character counts 2.

    Example:
        >>> text_width("售价(元)")
        8
    """
    return sum(2 if ord(char) >= CHINESE_FROM else 1 for char in text)


def header_width(text: str) -> int:
    """Return the least width of a header [Excel column units], filter button included.

    Chinese stands on one line; English may break between words into two.
    """
    room = 4
    words = text.split()
    if text_width(text) != len(text) or len(words) == 1:
        return text_width(text) + room
    return max(*map(len, words), -(-len(text) // 2) + 1) + room
