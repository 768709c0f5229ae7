"""商品卡片: choose one SKU and see its figures, stock and sales. Formulas only: no click needed."""

from __future__ import annotations

from xlsxwriter.worksheet import Worksheet

from stockbook.domain.language import Label
from stockbook.workbook import look
from stockbook.workbook.builder_charts import stock, trend
from stockbook.workbook.builder_parts import Parts
from stockbook.workbook.sheets import AHEAD_DAYS, BLOCKS, CARD, PAST_DAYS, column, sheet

EIGHTY = 1.2816  # standard deviations on either side of the mean that hold 80 %
LAST, WIDTH = 12, 11.5
CHOICE_ROW, SAID_ROW, CARD_TOP, SECTION_ROW, CHART_ROW, LAST_ROW = 3, 4, 6, 9, 10, 28
CHART_SIZE = (516, 390)  # [pixels]
FIGURES = ("time_to_zero", "free", "in_transit", "sales_7d_mean", "reorder_point", "suggested")
HINT = Label("在蓝色格里选编码，或输入名称的一部分", "Choose a code, or type part of a name")
SECTIONS = (
    Label(
        f"库存：过去 {PAST_DAYS} 天与未来 {AHEAD_DAYS} 天（件）",
        f"Stock: {PAST_DAYS} days back, {AHEAD_DAYS} ahead (units)",
    ),
    Label("销量与预测（件/天，浅蓝为八成把握）", "Sales and forecast (units/day, 80 % range)"),
)


def write_card(parts: Parts, ws: Worksheet) -> None:
    """Lay out the chooser, what to do, six figures and two charts."""
    ws.set_column(0, 0, 1.5)
    ws.set_column(1, LAST, WIDTH)
    for row, height in {0: 30, 1: 18, 2: 8, CHOICE_ROW: 30, SAID_ROW: 24, 5: 8, 8: 8}.items():
        ws.set_row(row, height)
    ws.write_string(0, 1, parts.text(CARD), parts.format(**look.TITLE))
    cached = f"{parts.never_refreshed}　　{parts.text(HINT)}"
    hint = f'=sb_as_of_text&"　　{parts.text(HINT)}"'
    ws.write_formula(1, 1, hint, parts.format(**look.NOTE), cached)
    _write_chooser(parts, ws)
    _write_figures(parts, ws)
    for place, label, chart in zip((1, 7), SECTIONS, (stock, trend), strict=True):
        ws.write_string(SECTION_ROW, place, parts.text(label), parts.format(**look.SECTION))
        made = chart(parts, "sb_chart_sku", CHART_SIZE)
        ws.insert_chart(CHART_ROW, place, made, {"object_position": 2, "x_offset": 2})
    parts.name_block(BLOCKS["sb_sku_choice"])
    ws.print_area(0, 0, LAST_ROW, LAST)
    ws.set_selection(CHOICE_ROW, 2, CHOICE_ROW, 2)
    ws.freeze_panes(CHOICE_ROW + 1, 0)


def _write_chooser(parts: Parts, ws: Worksheet) -> None:
    label = parts.format(font_color=look.BLUE, bold=True, align="right", indent=1)
    ws.write_string(CHOICE_ROW, 1, parts.either("选择商品", "Choose"), label)
    blue = {"bg_color": look.INPUT_FILL, "font_color": look.BLUE, "bold": True, "font_size": 14}
    box = parts.format(**blue, border=1, border_color=look.BLUE, indent=1, num_format="@")
    ws.merge_range(CHOICE_ROW, 2, CHOICE_ROW, 4, "", box)
    parts.book.define_name("sb_skus", f"={sheet('sku').table}[{_header(parts, 'sku', 'sku')}]")
    ws.data_validation(
        CHOICE_ROW, 2, CHOICE_ROW, 2,
        {"validate": "list", "source": "=sb_skus", "show_error": False},
    )  # fmt: skip
    level = parts.format(align="center", bold=True)
    ws.write_formula(CHOICE_ROW, 5, _of_sku(parts, "level", '""'), level, "")
    parts.colour_levels(ws, (CHOICE_ROW, 5, CHOICE_ROW, 5))
    name, category, supplier = (
        _of_sku(parts, k, '""')[1:] for k in ("name", "category", "supplier")
    )
    who = f'=IF(sb_sku_row=0,"",sb_sku_code&"　"&{name}&"　"&{category}&"　"&{supplier})'
    ws.write_formula(CHOICE_ROW, 6, who, parts.format(indent=1, font_size=11), "")
    fine = parts.either("现在不用管", "Nothing to do now")
    alert = sheet("alert").table
    match = f"MATCH(sb_sku_code,{alert}[{_header(parts, 'alert', 'sku')}],0)"
    action, reason = (
        f"INDEX({alert}[{_header(parts, 'alert', key)}],{match})" for key in ("action", "reason")
    )
    do = f'=IF(sb_sku_row=0,"",IFERROR({action}&"　"&{reason},"{fine}"))'
    ws.write_formula(SAID_ROW, 2, do, parts.format(font_size=11, bold=True), "")
    parts.hold_back_if_stale(ws, (SAID_ROW, 2, SAID_ROW, 2))
    ws.write_string(SAID_ROW, 1, parts.either("怎么办", "To do"), label)


def _write_figures(parts: Parts, ws: Worksheet) -> None:
    """Write six figures, two columns wide each."""
    for i, key in enumerate(FIGURES):
        spec, first = column("sku", key), 1 + 2 * i
        accent = look.RED if key == "time_to_zero" else look.SLATE
        edge = {"bg_color": look.PANEL, "align": "left", "indent": 1, "right": 5,
                "right_color": look.WHITE}  # fmt: skip
        top = parts.format(**edge, **look.NOTE, top=5, top_color=accent)
        ws.merge_range(CARD_TOP, first, CARD_TOP, first + 1, parts.text(spec.label), top)
        figure = parts.format(
            **edge,
            bold=True,
            font_size=18,
            num_format=parts.number_format(spec.kind).replace("_ ", ""),
        )
        ws.merge_range(CARD_TOP + 1, first, CARD_TOP + 1, first + 1, "", figure)
        ws.write_formula(CARD_TOP + 1, first, _of_sku(parts, key, '"–"'), figure, "–")
        ws.set_row(CARD_TOP + 1, 34)
    suggested = 1 + 2 * FIGURES.index("suggested")
    parts.hold_back_if_stale(ws, (CARD_TOP + 1, suggested, CARD_TOP + 1, suggested + 1))
    parts.grey_if_stale(ws, (CARD_TOP + 1, 1, CARD_TOP + 1, LAST))


def _header(parts: Parts, name: str, key: str) -> str:
    return parts.text(column(name, key).label)


def _of_sku(parts: Parts, key: str, empty: str) -> str:
    """Return the formula of one of the chosen SKU's cells on 商品."""
    cell = f"INDEX({sheet('sku').table}[{_header(parts, 'sku', key)}],sb_sku_row)"
    return f'=IF(sb_sku_row=0,{empty},IF({cell}="",{empty},{cell}))'


def chosen(parts: Parts) -> dict[str, tuple[str, object]]:
    """Return the formulas that find the chosen SKU, with what they give in an empty workbook.

    What people enter is a code or part of a name; without it, it is the SKU that runs out first.
    """
    sku = sheet("sku").table
    codes, names = (f"{sku}[{_header(parts, 'sku', key)}]" for key in ("sku", "name"))
    first = "INDEX(sb_home_countdown,1,3)"
    by_code = f'INDEX({codes},MATCH(sb_sku_choice&"",{codes},0))'
    by_name = f'INDEX({codes},MATCH("*"&sb_sku_choice&"*",{names},0))'
    code = (
        f'=IF(sb_sku_choice="",IF({first}="",INDEX({codes},1)&"",{first}),'
        f'IFERROR({by_code},IFERROR({by_name},"")))'
    )

    def row(name: str) -> str:
        return f"MATCH(sb_sku_code,{sheet(name).table}[{_header(parts, name, 'sku')}],0)"

    def forecast(key: str) -> str:
        return (
            f"INDEX({sheet('forecast').table}[{_header(parts, 'forecast', key)}],{row('forecast')})"
        )

    return {
        "sb_sku_code": (code, ""),
        "sb_sku_row": (f'=IF(sb_sku_code="",0,IFERROR({row("sku")},0))', 0),
        "sb_sku_history": (f'=IF(sb_sku_code="",0,IFERROR({row("history")},0))', 0),
        "sb_sku_mean": (f"=IFERROR({forecast('next_14')}/14,0)", 0),
        "sb_sku_sd": (f"=IFERROR({forecast('demand_sd')}+0,0)", 0),
    }


def write_sku_chart(parts: Parts, ws: Worksheet) -> None:
    """Write what the card's charts read: past rows and rows ahead, joined at yesterday.

    Cells that a line must not reach stay truly empty: a formula would draw a zero there.
    """
    block = BLOCKS["sb_chart_sku"]
    for offset, spec in enumerate(block.columns):
        ws.write_string(block.row - 1, block.column + offset, parts.text(spec.label))
    keys = [spec.key for spec in block.columns]
    for i in range(block.rows):
        for key, formula in _day(parts, i).items():
            place = block.column + keys.index(key)
            style = parts.format(
                num_format=parts.number_format(block.columns[keys.index(key)].kind)
            )
            value = "" if key == "date" else 0
            ws.write_formula(block.row + i, place, formula, style, value)


def _day(parts: Parts, i: int) -> dict[str, str]:
    """Return the formulas of the i-th of the 42 days by column."""
    history = sheet("history").table

    def past(what: str) -> str:
        header = _header(parts, "history", f"{what}_{PAST_DAYS - i}")
        cell = f"INDEX({history}[{header}],sb_sku_history)"
        return f'=IF(sb_sku_history=0,0,IF({cell}="",0,{cell}))'

    of_sku = f"INDEX({sheet('sku').table}[{_header(parts, 'sku', 'reorder_point')}],sb_sku_row)"
    day: dict[str, str] = {
        "date": f'=IF(sb_as_of="","",INT(sb_as_of)+{i - PAST_DAYS})',
        "reorder_point": f'=IF(sb_sku_row=0,0,IF({of_sku}="",0,{of_sku}))',
    }
    if i < PAST_DAYS:
        day |= {"stock": past("free"), "actual": past("sold")}
        if i == PAST_DAYS - 1:
            day |= {"left": past("free"), "forecast": past("sold"), "low": past("sold")}
            day["band"] = "=0"
        return day
    ahead = i - PAST_DAYS
    free = f"INDEX({sheet('sku').table}[{_header(parts, 'sku', 'free')}],sb_sku_row)"
    low = f"MAX(0,sb_sku_mean-{EIGHTY}*sb_sku_sd)"
    return day | {
        "left": f"=IF(sb_sku_row=0,0,MAX(0,{free}-sb_sku_mean*{ahead}))",
        "forecast": "=sb_sku_mean",
        "low": f"={low}",
        "band": f"=sb_sku_mean+{EIGHTY}*sb_sku_sd-{low}",
    }
