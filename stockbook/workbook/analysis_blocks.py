"""The fixed blocks of 数据分析, and of the hidden 分析数据 that its charts read.

The sheet is a grid of bands, two fields a band: a heading, a sentence, and below them a chart or a
table of eight rows. Everything about a field stands in `FIELDS`, in the order people read.
"""

from __future__ import annotations

from dataclasses import dataclass

from stockbook.domain.language import Label
from stockbook.workbook.columns import BlockSpec, ColumnSpec

TOP, BAND_ROWS, BODY_ROWS = 7, 12, 9  # first band's row; rows of a band; of a chart or table
LEFT, RIGHT, HALF = 1, 7, 6  # first columns of the two fields, and their width [columns]
TABLE_ROWS = BODY_ROWS - 1
CARD_ROW = 3
CARDS = (  # label, kind of the figure
    (Label("近 28 天销售额（元）", "Revenue, 28 days (CNY)"), "big"),
    (Label("近 28 天销量（件）", "Units, 28 days"), "units"),
    (Label("平均每笔（元）", "Mean order line (CNY)"), "money"),
    (Label("退款率", "Refund rate"), "rate"),
    (Label("直播占比", "From livestreams"), "share"),
    (Label("优惠力度", "Price cuts"), "rate"),
)


def _c(key: str, kind: str, zh: str = "", en: str = "") -> ColumnSpec:
    return ColumnSpec(key, Label(zh, en), kind=kind)


_NAME = (_c("name", "text", "商品", "Product"), _c("name2", "text"), _c("name3", "text"))


@dataclass(frozen=True, slots=True)
class Field:
    """One half of a band.

    Attributes:
        key: Names its sentence and its block (`sb_an_KEY`).
        columns: Of a table on the sheet (`is_chart` False), or of the data behind its chart.
        rows: Of that block.
    """

    key: str
    title: Label
    columns: tuple[ColumnSpec, ...]
    rows: int = TABLE_ROWS
    is_chart: bool = False


FIELDS = (
    Field(
        "daily",
        Label("每天销售额（元）", "Revenue by day (CNY)"),
        (
            _c("date", "date", "日期", "Date"),
            _c("revenue", "units", "当天", "Day"),
            _c("mean7", "units", "7 日均线", "7-day mean"),
        ),
        84,
        is_chart=True,
    ),
    Field(
        "weekly",
        Label("每周销售额（元）", "Revenue by week (CNY)"),
        (_c("week", "text", "周", "Week"), _c("revenue", "units", "销售额", "Revenue")),
        13,
        is_chart=True,
    ),
    Field(
        "hourly",
        Label("一天里几点卖得好（件/小时）", "Hours of a usual day (units an hour)"),
        (_c("hour", "text", "点", "Hour"), _c("units", "mean", "件", "Units")),
        24,
        is_chart=True,
    ),
    Field(
        "weekdays",
        Label("一周里哪天卖得好（元/天）", "Days of a usual week (CNY a day)"),
        (_c("weekday", "text", "星期", "Weekday"), _c("revenue", "units", "销售额", "Revenue")),
        7,
        is_chart=True,
    ),
    Field(
        "channels",
        Label("从哪里卖出（元）", "Where it was sold (CNY)"),
        (
            _c("channel", "text", "来源", "Channel"),
            _c("now", "units", "近 28 天", "Last 28 days"),
            _c("before", "units", "前 28 天", "28 days before"),
        ),
        6,
        is_chart=True,
    ),
    Field(
        "hosts",
        Label("达人带货（近 28 天）", "Hosts (28 days)"),
        (
            _c("author", "text", "达人", "Host"),
            _c("author2", "text"),
            _c("revenue", "units", "销售额", "Revenue"),
            _c("share", "share", "占比", "Share"),
            _c("units", "units", "件数", "Units"),
            _c("price", "money", "每件(元)", "CNY/unit"),
        ),
    ),
    Field(
        "ranking",
        Label("哪些商品撑起销售额（前 10 名）", "Which SKUs bring the revenue (first 10)"),
        (
            _c("name", "text", "商品", "SKU"),
            _c("share", "share", "占销售额", "Share"),
            _c("cumulative", "share", "累计", "Cumulative"),
        ),
        10,
        is_chart=True,
    ),
    Field(
        "matrix",
        Label("ABC–XYZ：卖得多不多、稳不稳", "ABC–XYZ: how much, how evenly"),
        (
            _c("abc", "text", "分类", "Class"),
            _c("x", "optional", "X 稳", "X even"),
            _c("y", "optional", "Y 波动", "Y varies"),
            _c("z", "optional", "Z 忽高忽低", "Z erratic"),
            _c("unknown", "optional", "数据少", "Too new"),
            _c("share", "share", "占销售额", "Revenue"),
        ),
        3,
    ),
    Field(
        "split",
        Label("一个商品的趋势", "One SKU's trend"),
        (
            _c("date", "date", "日期", "Date"),
            _c("units", "units", "当天(件)", "Day (units)"),
            _c("trend", "mean", "趋势", "Trend"),
        ),
        91,
        is_chart=True,
    ),
    Field(
        "season",
        Label("它一周里的起伏（比平常）", "Its week (against its mean)"),
        (_c("weekday", "text", "星期", "Weekday"), _c("change", "signed", "比平常", "Change")),
        7,
        is_chart=True,
    ),
    Field(
        "prices",
        Label("降价能多卖多少", "What a lower price brings"),
        (
            *_NAME[:2],
            _c("range", "word", "实付价(元)", "Paid (CNY)"),
            _c("effect", "signed", "便宜10%销量", "10% off: units"),
            _c("interval", "word", "95%区间", "95 % range"),
            _c("sure", "word", "说得准吗", "Sure?"),
        ),
    ),
    Field(
        "uplift",
        Label("大促和活动多卖多少", "What festivals and promotions bring"),
        (
            _c("event", "text", "活动类型", "Event"),
            _c("event2", "text"),
            _c("events", "optional", "商品数", "SKUs"),
            _c("factor", "factor", "是平日的", "Of a usual day"),
            _c("low", "factor", "至少", "At least"),
            _c("high", "factor", "至多", "At most"),
        ),
    ),
    Field(
        "refunds",
        Label("退款率（按类目，占付款件数）", "Refund rate by category (of units paid)"),
        (
            _c("category", "text", "类目", "Category"),
            _c("before", "rate", "发货前", "Before shipping"),
            _c("after", "rate", "发货后", "After shipping"),
        ),
        8,
        is_chart=True,
    ),
    Field(
        "refund_skus",
        Label("退款率最高的商品（近 91 天）", "SKUs with most refunds (91 days)"),
        (
            *_NAME[:2],
            _c("units", "units", "付款件数", "Units paid"),
            _c("before", "rate", "发货前", "Before"),
            _c("after", "rate", "发货后", "After"),
            _c("refund", "units", "退款(元)", "CNY back"),
        ),
    ),
    Field(
        "newcomers",
        Label("新品（60 天内第一次卖出）", "New SKUs (first sold within 60 days)"),
        (
            *_NAME[:2],
            _c("first_on", "date", "首次卖出", "First sold"),
            _c("days", "units", "天数", "Days"),
            _c("first_week", "mean", "首周 件/天", "1st week/day"),
            _c("last_week", "mean", "近周 件/天", "Last week/day"),
        ),
    ),
    Field(
        "ramp",
        Label("新品平均爬坡（上架第几天，件/天）", "Mean ramp of new SKUs (units a day)"),
        (_c("day", "text", "第几天", "Day"), _c("units", "mean", "件/天", "Units a day")),
        28,
        is_chart=True,
    ),
    Field(
        "visits",
        Label("每天转化率（成交人数 ÷ 访客）", "Conversion by day (buyers ÷ visitors)"),
        (_c("date", "date", "日期", "Date"), _c("conversion", "rate", "转化率", "Conversion")),
        56,
        is_chart=True,
    ),
    Field(
        "conversion",
        Label("商品转化，有货时间另算（近 28 天）", "Conversion, and while in stock (28 days)"),
        (
            *_NAME[:2],
            _c("visitors", "units", "访客", "Visitors"),
            _c("conversion", "rate", "转化率", "Conversion"),
            _c("sellable", "share", "有货时间", "In stock"),
            _c("in_stock", "rate", "有货转化率", "While in stock"),
        ),
    ),
    Field(
        "provinces",
        Label("卖到哪些省（占销售额）", "Provinces (share of revenue)"),
        (_c("province", "text", "省份", "Province"), _c("share", "share", "占比", "Share")),
        10,
        is_chart=True,
    ),
    Field(
        "audience",
        Label("买家画像（占比）", "Buyer profile (shares)"),
        (_c("group", "text", "人群", "Group"), _c("share", "share", "占比", "Share")),
        14,
        is_chart=True,
    ),
)
BANDS = len(FIELDS) // 2


def place(number: int) -> tuple[int, int]:
    """Return the heading's row and first column of the n-th field.

    Example:
        >>> place(0), place(3)
        ((7, 1), (19, 7))
    """
    return TOP + number // 2 * BAND_ROWS, (LEFT, RIGHT)[number % 2]


def analysis_blocks() -> tuple[BlockSpec, ...]:
    """Return every block of both sheets: few and wide, as an open Excel is asked once a block."""
    return (_cards(), *_sentences(), *_bodies(), _choice())


def _cards() -> BlockSpec:
    """Label, value and foot of the cards; each takes two columns, of which the first is written."""
    wide = tuple(_c(f"card{i}", "text") for i in range(1, 2 * len(CARDS) + 1))
    return BlockSpec("sb_an_cards", "analysis", CARD_ROW, LEFT, wide, rows=3)


def _sentences() -> list[BlockSpec]:
    """One block a band: the left sentence first, the right one last."""
    wide = tuple(_c(f"said{i}", "text") for i in range(RIGHT - LEFT + 1))
    rows = (place(2 * band)[0] + 1 for band in range(BANDS))
    return [
        BlockSpec(f"sb_an_said{band}", "analysis", row, LEFT, wide)
        for band, row in enumerate(rows, 1)
    ]


def _bodies() -> list[BlockSpec]:
    found, column = [], 0
    for number, each in enumerate(FIELDS):
        name = f"sb_an_{each.key}"
        if each.is_chart:
            found.append(BlockSpec(name, "analysis_data", 1, column, each.columns, each.rows))
            column += len(each.columns) + 1
        else:
            row, first = place(number)
            found.append(BlockSpec(name, "analysis", row + 3, first, each.columns, each.rows))
    return found


def _choice() -> BlockSpec:
    """Where people choose the SKU whose trend is split off."""
    number = next(i for i, each in enumerate(FIELDS) if each.key == "split")
    row, column = place(number)
    return BlockSpec("sb_an_choice", "analysis", row, column + 3, (_c("choice", "id"),))
