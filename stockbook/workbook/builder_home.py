"""The fixed sheets of a fresh workbook: 首页, one screen and one page, and hidden 图数据."""

from __future__ import annotations

from typing import Any

from xlsxwriter.worksheet import Worksheet

from stockbook.domain.language import Label
from stockbook.workbook import look
from stockbook.workbook.builder_card import chosen, write_sku_chart
from stockbook.workbook.builder_charts import trend
from stockbook.workbook.builder_parts import Parts
from stockbook.workbook.sheets import (
    BLOCKS,
    CARD_COLUMNS,
    CARD_ROW,
    CARDS,
    FORMULA_BLOCKS,
    FRESHNESS,
    BlockSpec,
    ColumnSpec,
)

WIDTHS = (1.5, 5, 11, 14.5, 33, 25, 17, 15, 2.5, 11, 9.5, 10, 33)
LAST_COLUMN = len(WIDTHS) - 1
HEIGHTS = {0: 38, 1: 20, 2: 8, 3: 20, 4: 34, 5: 19, 6: 8, 7: 26, 8: 22, 19: 12, 20: 26, 21: 22}
ROW_HEIGHT = 24
LAST_ROW = 32
COUNTDOWN_BAR_DAYS = 4
CHART_SIZE = (474, 340)  # [pixels]
STRONG = {"action", "time_to_zero", "count"}
QUIET = {"no", "sku", "inbound", "meaning", "updated"}
STALE_MINUTES = 30
ACCENTS = (look.RED, look.RED, look.TEAL, look.TEAL, look.SLATE, look.SLATE)
TITLES = {
    "sb_home_counts": Label("预警分布与图例", "Alert levels"),
    "sb_home_fresh": Label("数据新鲜度", "Freshness of the data"),
    "sb_home_countdown": Label("断货倒计时 前 10", "The ten shortest countdowns"),
}
CHART_TITLE = Label(
    "近 28 天销量与未来 14 天预测（件/天，浅蓝为八成把握）",
    "Sales of 28 days, forecast of 14 (units/day, 80 % range)",
)


def write_home(parts: Parts, ws: Worksheet, shop_name: str) -> None:
    """Lay out 首页: top band, six cards, four lists and the trend chart."""
    for place, width in enumerate(WIDTHS):
        ws.set_column(place, place, width)
    for row in range(LAST_ROW + 1):
        ws.set_row(row, HEIGHTS.get(row, ROW_HEIGHT))
    _write_band(parts, ws, shop_name)
    _write_cards(parts, ws)
    title = BLOCKS["sb_home_actions_title"]
    words = parts.either("现在要做什么", "What to do now")
    ws.write_string(title.row, title.column, words, parts.format(**look.SECTION))
    for name in ("sb_home_actions", *TITLES):
        _write_block(parts, ws, BLOCKS[name])
    _write_levels(parts, ws)
    _add_rules(parts, ws)
    _add_chart(parts, ws)
    for block in BLOCKS.values():
        if block.sheet == "home":
            parts.name_block(block)
    ws.print_area(0, 0, LAST_ROW, LAST_COLUMN)
    ws.set_selection(9, 4, 9, 4)
    ws.freeze_panes(2, 0)


def _write_band(parts: Parts, ws: Worksheet, shop_name: str) -> None:
    band = {"bg_color": look.SLATE, "font_color": look.WHITE}
    for place in range(LAST_COLUMN + 1):
        ws.write_blank(0, place, None, parts.format(**band))
        ws.write_blank(1, place, None, parts.format(bg_color=look.PANEL))
    title = parts.either("StockBook 首页", "StockBook Home")
    ws.write_string(0, 1, title, parts.format(**band, font_size=18, bold=True))
    shop, line = BLOCKS["sb_home_shop"], BLOCKS["sb_home_line"]
    quiet = parts.format(bg_color=look.SLATE, font_color=look.SHOP_NAME, font_size=11)
    ws.write(shop.row, shop.column, shop_name, quiet)
    fresh = parts.format(**band, align="right", bold=True, indent=1)
    ws.write_formula(0, LAST_COLUMN, "=sb_as_of_text", fresh, parts.never_refreshed)
    first = parts.either(
        "还没有数据：先在 设置 里填好，再点 刷新",
        "No data yet: fill in Settings, then refresh",
    )
    ws.write_string(line.row, line.column, first, parts.format(bg_color=look.PANEL, **look.NOTE))
    status = BLOCKS["sb_status"]
    told = parts.format(bg_color=look.PANEL, **look.NOTE)
    ws.write_blank(status.row, status.column, None, told)
    brown = parts.format(bg_color=look.STALE_BAND, font_color=look.WHITE)
    rule = {"type": "formula", "criteria": "=sb_stale=1", "format": brown}
    ws.conditional_format(0, 0, 0, LAST_COLUMN, rule)


def _write_cards(parts: Parts, ws: Worksheet) -> None:
    for (label, kind), (first, last), accent in zip(CARDS, CARD_COLUMNS, ACCENTS, strict=True):
        figure = {
            **look.FIGURE,
            "num_format": parts.number_format(kind).removesuffix("_ "),
            "font_color": accent if accent == look.RED else look.INK,
        }
        top = {**look.NOTE, "top": 5, "top_color": accent}
        for down, (text, style) in enumerate(
            ((parts.text(label), top), ("", figure), ("", look.NOTE))
        ):
            edge = {"align": "left", "indent": 1, "right": 5, "right_color": look.WHITE}
            made = parts.format(bg_color=look.PANEL, **edge, **style)
            row = CARD_ROW + down
            if first < last:
                ws.merge_range(row, first, row, last, text, made)
            else:
                ws.write(row, first, text, made)


def _write_block(parts: Parts, ws: Worksheet, block: BlockSpec) -> None:
    """Write a list's heading, its header, and its empty rows with their formats."""
    if block.name in TITLES:
        heading = parts.text(TITLES[block.name])
        # Right below another list, a heading stands nearer to its own.
        valign = "bottom" if block.name == "sb_home_fresh" else "vcenter"
        style = parts.format(**look.SECTION | {"valign": valign})
        ws.write_string(block.row - 2, block.column, heading, style)
    for offset, column in enumerate(block.columns):
        place = block.column + offset
        align = look.KINDS[column.kind].align
        head: dict[str, Any] = {
            "font_size": 9,
            "font_color": look.MUTED,
            "align": align,
            "bottom": 2,
            "bottom_color": look.SLATE,
        }
        indent = {} if align == "center" else {"indent": 1}
        ws.write_string(
            block.row - 1, place, parts.text(column.label), parts.format(**head, **indent)
        )
        for row in range(block.row, block.row + block.rows):
            ws.write_blank(row, place, None, _block_format(parts, column, indent))


def _block_format(parts: Parts, column: ColumnSpec, indent: dict[str, int]) -> Any:
    more: dict[str, Any] = dict(indent)
    if column.key in STRONG:
        more["bold"] = True
    if column.key in QUIET:
        more |= look.NOTE
    if column.key == "no":
        more["align"] = "center"
        more.pop("indent", None)
    return parts.body(column, **more)


def _write_levels(parts: Parts, ws: Worksheet) -> None:
    """Fill in the levels and what they mean, worst first: the list is the legend, too."""
    block = BLOCKS["sb_home_counts"]
    level, _, _, meaning = block.columns
    for down, look_ in enumerate(reversed(look.LEVELS.values())):
        row = block.row + down
        ws.write_string(row, block.column, parts.text(look_.label), _block_format(parts, level, {}))
        ws.write_string(
            row,
            block.column + 3,
            parts.text(look_.meaning),
            _block_format(parts, meaning, {"indent": 1}),
        )


def _area(name: str, key: str = "") -> tuple[int, int, int, int]:
    """Return a block's area, or that of one of its columns."""
    block = BLOCKS[name]
    keys = [column.key for column in block.columns]
    first, last = (keys.index(key),) * 2 if key else (0, len(keys) - 1)
    return block.row, block.column + first, block.row + block.rows - 1, block.column + last


def _add_rules(parts: Parts, ws: Worksheet) -> None:
    lists = ("sb_home_actions", "sb_home_counts", "sb_home_countdown")
    for name in lists:
        parts.colour_levels(ws, _area(name, "level"))
    state = _area("sb_home_fresh", "state")
    parts.colour_word(ws, state, parts.text(FRESHNESS["aged"]), look.LEVELS["watch"])
    parts.colour_word(ws, state, parts.text(FRESHNESS["failed"]), look.LEVELS["critical"])
    for key in ("action", "deadline"):
        parts.hold_back_if_stale(ws, _area("sb_home_actions", key))
    for area in ((CARD_ROW + 1, 1, CARD_ROW + 1, LAST_COLUMN), *map(_area, lists)):
        parts.grey_if_stale(ws, area)
    parts.name_near_days(ws, _area("sb_home_actions", "deadline"))
    parts.bar(ws, _area("sb_home_countdown", "time_to_zero"), COUNTDOWN_BAR_DAYS)


def _add_chart(parts: Parts, ws: Worksheet) -> None:
    """Add the trend of the whole shop."""
    place = BLOCKS["sb_home_fresh"].column
    ws.write_string(20, place, parts.text(CHART_TITLE), parts.format(**look.SECTION))
    chart = trend(parts, "sb_chart_shop", CHART_SIZE)
    ws.insert_chart(21, place, chart, {"object_position": 2, "x_offset": 2, "y_offset": 2})


def write_chart_data(parts: Parts, ws: Worksheet, book_id: str) -> None:
    """Write hidden 图数据: what the chart reads, and the names that every sheet reads."""
    chart = BLOCKS["sb_chart_shop"]
    for offset, column in enumerate(chart.columns):
        ws.write_string(chart.row - 1, chart.column + offset, parts.text(column.label))
        style = parts.format(num_format=parts.number_format(column.kind))
        for row in range(chart.row, chart.row + chart.rows):
            ws.write_blank(row, chart.column + offset, None, style)
    values = {
        "sb_stale_minutes": STALE_MINUTES,
        "sb_book_id": book_id,
        "sb_language": parts.language,
        "sb_publish_question": parts.either(
            "现在读取平台库存和最新订单，再把可售库存的增减量发到店铺。要发布吗？",
            "The shop's stock and newest orders will be read, and increments sent to the shop. "
            "Publish now?",
        ),
        **_freshness(parts),
        **chosen(parts),
    }
    for block in (block for block in BLOCKS.values() if block.sheet == "chart_data"):
        parts.name_block(block)
        if block.rows == 1:
            _write_named(parts, ws, block, values.get(block.name))
    write_sku_chart(parts, ws)
    ws.set_column(6, 7, 24)
    ws.hide()


def _write_named(parts: Parts, ws: Worksheet, block: BlockSpec, value: Any) -> None:
    ws.write_string(block.row, block.column - 1, block.name)
    kind = block.columns[0].kind
    style = parts.format(num_format=parts.number_format(kind))
    if block.name in FORMULA_BLOCKS:
        formula, cached = value
        ws.write_formula(block.row, block.column, formula, style, cached)
    elif isinstance(value, str):
        ws.write_string(block.row, block.column, value, style)
    else:
        ws.write(block.row, block.column, value, style)


def _freshness(parts: Parts) -> dict[str, tuple[str, object]]:
    """Return the formulas that tell the data's age, with what they give before a refresh.

    NOW() is the computer's clock and is taken for Beijing time. Data "from the future" are stale,
    too: then the clock or its time zone is wrong and no age can be trusted.
    """
    wrong = parts.either("电脑时间不是北京时间，请校准", "this computer is not on Beijing time")
    stale = parts.either("已过期，请先刷新", "stale, please refresh")
    as_of = parts.either("数据截至 ", "Data as of ")
    minutes = parts.either(" 分钟前", " min ago")
    sentence = (
        f'=IF(sb_as_of="","{parts.never_refreshed}","{as_of}"'
        '&TEXT(sb_as_of,"yyyy-mm-dd hh:mm")&" · "'
        f'&IF(sb_stale=0,MAX(0,sb_age_minutes)&"{minutes}",'
        f'IF(sb_age_minutes<0,"{wrong}","{stale}")))'
    )
    return {
        "sb_stale": (
            '=IF(sb_as_of="",0,IF(ABS((NOW()-sb_as_of)*1440)>sb_stale_minutes,1,0))',
            0,
        ),
        "sb_age_minutes": ('=IF(sb_as_of="","",ROUND((NOW()-sb_as_of)*1440,0))', ""),
        "sb_as_of_text": (sentence, parts.never_refreshed),
    }
