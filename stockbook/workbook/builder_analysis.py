"""Lay out 数据分析: six figures, then bands of two fields: a sentence over a chart or table."""

from __future__ import annotations

from typing import Any

from xlsxwriter.worksheet import Worksheet

from stockbook.domain.language import Label
from stockbook.workbook import look
from stockbook.workbook.analysis_blocks import (
    BAND_ROWS,
    BANDS,
    BODY_ROWS,
    CARD_ROW,
    CARDS,
    FIELDS,
    LEFT,
    TOP,
    Field,
    place,
)
from stockbook.workbook.builder_analysis_charts import CHARTS
from stockbook.workbook.builder_parts import Parts
from stockbook.workbook.sheets import ANALYSIS, BLOCKS, sheet

LAST, WIDTH = 12, 11.5
SCALE, BANDS_A_PAGE = 78, 2  # of the printed page [per cent]
HINT = Label(
    "算到昨天为止；每块的第一句就是结论",
    "Up to yesterday; the first line of each says what there is to see",
)
ADVICE = (  # below the ABC–XYZ table
    Label("AX 少备勤补；AZ 多留缓冲、盯紧", "AX: order often, little. AZ: keep a buffer, watch"),
    Label("CX 一次备够；CZ 少备或停卖", "CX: order rarely. CZ: keep little, or stop selling"),
    Label(
        "X：每周销量起伏 ≤ 50%；Y ≤ 100%；Z 更大",
        "X: weekly units vary up to 50 %, Y 100 %, Z more",
    ),
)


def write_analysis(parts: Parts, ws: Worksheet) -> None:
    """Write the sheet's heading, cards, fields and names."""
    ws.set_column(0, 0, 1.5)
    ws.set_column(1, LAST, WIDTH)
    for row, height in {0: 30, 1: 18, 2: 8, CARD_ROW: 20, CARD_ROW + 1: 34, CARD_ROW + 2: 19,
                        CARD_ROW + 3: 8}.items():  # fmt: skip
        ws.set_row(row, height)
    ws.write_string(0, 1, parts.text(ANALYSIS), parts.format(**look.TITLE))
    gap = f"　　{parts.text(HINT)}"
    cached = f"{parts.never_refreshed}{gap}"
    ws.write_formula(1, 1, f'=sb_as_of_text&"{gap}"', parts.format(**look.NOTE), cached)
    _write_cards(parts, ws)
    for number, field in enumerate(FIELDS):
        _write_field(parts, ws, number, field)
    _write_choice(parts, ws)
    _write_advice(parts, ws)
    for block in BLOCKS.values():
        if block.sheet == "analysis":
            parts.name_block(block)
    _set_up_print(ws)
    ws.freeze_panes(2, 0)


def _set_up_print(ws: Worksheet) -> None:
    end = TOP + BANDS * BAND_ROWS
    ws.print_area(0, 0, end - 1, LAST)
    ws.set_print_scale(SCALE)
    ws.repeat_rows(0, 2)
    ws.set_h_pagebreaks([TOP + i * BAND_ROWS for i in range(BANDS_A_PAGE, BANDS, BANDS_A_PAGE)])


def _write_cards(parts: Parts, ws: Worksheet) -> None:
    edge = {"bg_color": look.PANEL, "align": "left", "indent": 1, "right": 5,
            "right_color": look.WHITE}  # fmt: skip
    for i, (label, kind) in enumerate(CARDS):
        first = 1 + 2 * i
        top = parts.format(**edge, **look.NOTE, top=5, top_color=look.SLATE)
        number = parts.number_format(kind).removesuffix("_ ")
        figure = parts.format(**edge, bold=True, font_size=18, num_format=number)
        foot = parts.format(**edge, **look.NOTE)
        for down, (text, style) in enumerate(((parts.text(label), top), ("", figure), ("", foot))):
            ws.merge_range(CARD_ROW + down, first, CARD_ROW + down, first + 1, text, style)
    parts.grey_if_stale(ws, (CARD_ROW + 1, 1, CARD_ROW + 1, LAST))


def _write_field(parts: Parts, ws: Worksheet, number: int, field: Field) -> None:
    row, column = place(number)
    if column == LEFT:
        ws.set_row(row, 26)
        ws.set_row(row + 1, look.NOTE_ROW)
        ws.set_row(row + BAND_ROWS - 1, look.GAP_ROW)
    ws.write_string(row, column, parts.text(field.title), parts.format(**look.SECTION))
    said = parts.format(font_size=9, font_color=look.TEAL, bold=True)
    ws.write_blank(row + 1, column, None, said)
    if field.is_chart:
        chart = CHARTS[field.key](parts, f"sb_an_{field.key}")
        ws.insert_chart(row + 2, column, chart, {"object_position": 2, "x_offset": 2})
    else:
        _write_table(parts, ws, row + 2, column, field)


def _write_table(parts: Parts, ws: Worksheet, row: int, column: int, field: Field) -> None:
    for offset, spec in enumerate(field.columns):
        align = look.KINDS[spec.kind].align
        indent: dict[str, Any] = {} if align == "center" else {"indent": 1}
        head = parts.format(font_size=9, font_color=look.MUTED, align=align, bottom=2,
                            bottom_color=look.SLATE, **indent)  # fmt: skip
        ws.write_string(row, column + offset, parts.text(spec.label), head)
        for down in range(1, field.rows + 1):
            ws.write_blank(row + down, column + offset, None, parts.body(spec))


def _write_choice(parts: Parts, ws: Worksheet) -> None:
    """Write the box in which people choose a SKU; the next run splits its trend off."""
    block = BLOCKS["sb_an_choice"]
    label = parts.format(font_size=9, font_color=look.BLUE, align="right", indent=1)
    ws.write_string(
        block.row, block.column - 1, parts.either("选商品，再重新计算", "Choose"), label
    )
    box = parts.format(bg_color=look.INPUT_FILL, font_color=look.BLUE, bold=True, border=1,
                       border_color=look.BLUE, indent=1, num_format="@")  # fmt: skip
    ws.merge_range(block.row, block.column, block.row, block.column + 1, "", box)
    title = parts.either("选一个商品", "Choose a SKU")
    message = parts.either(
        "选编码，或输入名称的一部分，再点 重新计算；留空是销售额最高的商品",
        "A code or part of a name, then Recompute; empty takes the best seller",
    )
    ws.data_validation(
        block.row, block.column, block.row, block.column,
        {"validate": "list", "source": "=sb_skus", "show_error": False,
         "input_title": title, "input_message": message},
    )  # fmt: skip


def _write_advice(parts: Parts, ws: Worksheet) -> None:
    block = BLOCKS["sb_an_matrix"]
    for down, text in enumerate(ADVICE, block.row + block.rows + 1):
        ws.write_string(down, block.column, parts.text(text), parts.format(**look.NOTE))


def write_analysis_data(parts: Parts, ws: Worksheet) -> None:
    """Write hidden 分析数据: the cells that the charts read."""
    for block in (block for block in BLOCKS.values() if block.sheet == "analysis_data"):
        parts.name_block(block)
        for offset, spec in enumerate(block.columns):
            ws.write_string(block.row - 1, block.column + offset, parts.text(spec.label))
            style = parts.format(num_format=parts.number_format(spec.kind))
            for row in range(block.row, block.row + block.rows):
                ws.write_blank(row, block.column + offset, None, style)
    ws.hide()


assert sheet("sku").table  # noqa: S101 - the choice lists its codes
assert BODY_ROWS + 3 == BAND_ROWS  # noqa: S101 - heading, sentence and gap
