"""What all sheets share: formats made once, rules, bars, print set-up and defined names."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from stockbook.domain.language import Label, Language
from stockbook.workbook import look
from stockbook.workbook.sheets import (
    FIXED_SHEETS,
    HEADER_ROW,
    BlockSpec,
    ColumnSpec,
    pick,
)

Area = tuple[int, int, int, int]  # first row, first column, last row, last column, from 0
CREATED = datetime(2026, 1, 1)  # noqa: DTZ001 - fixed, so that the same book has the same bytes
A4 = 9


class Parts:
    """One workbook in the making, in one language, with its formats cached."""

    earliest = datetime(2020, 1, 1)  # noqa: DTZ001 - cells hold naive Beijing time

    def __init__(self, target: io.BytesIO, language: Language) -> None:
        self.language = language
        options = {"in_memory": True, "default_format_properties": dict(look.FONT)}
        self.book = xlsxwriter.Workbook(target, options)
        self.book.set_properties({"title": "StockBook", "created": CREATED})
        self._formats: dict[tuple[tuple[str, object], ...], Format] = {}

    @property
    def never_refreshed(self) -> str:
        """What the freshness sentence says before the first refresh."""
        return self.either("尚未刷新", "Not refreshed yet")

    def either(self, zh: str, en: str) -> str:
        """Return the text in the workbook's language."""
        return zh if self.language == "zh" else en

    def text(self, label: Label) -> str:
        """Return the label in the workbook's language."""
        return pick(label, self.language)

    def format(self, **properties: Any) -> Format:
        """Return the format with these properties on top of the house font."""
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self.book.add_format({**look.FONT, **properties})
        return self._formats[key]

    def number_format(self, kind: str) -> str:
        """Return a kind's number format in the workbook's language."""
        return look.KINDS[kind].number_format(self.language)

    def body(
        self, column: ColumnSpec, *, theirs: bool = False, number_format: str = "", **more: Any
    ) -> Format:
        """Return the format of a body cell: hairline below, blue where people fill in.

        Args:
            number_format: The kind whose number format replaces the column's own, or "".
        """
        align = look.KINDS[column.kind].align
        style: dict[str, Any] = {
            "num_format": self.number_format(number_format or column.kind),
            "align": align,
            "bottom": 1,
            "bottom_color": look.RULE,
        }
        if align != "center":
            style["indent"] = 1
        if column.kind == "long":
            style["text_wrap"] = True
        if theirs:
            style["bg_color"] = look.INPUT_FILL
            if column.kind not in {"id", "text"}:
                style["font_color"] = look.BLUE
        return self.format(**style | more)

    def colour_levels(self, ws: Worksheet, area: Area) -> None:
        """Colour the level words; grey and without glyphs where the data are stale."""
        grey = self.format(bg_color=look.STALE_FILL, font_color=look.GREY)
        self._if_stale(ws, area, grey, filled=True)
        for level in look.LEVELS.values():
            self.colour_word(ws, area, self.text(level.label), level)

    def colour_word(self, ws: Worksheet, area: Area, word: str, level: look.LevelLook) -> None:
        """Give the cells that hold `word` the level's colours and glyph."""
        style = self.format(
            bold=True, bg_color=level.fill, font_color=level.text, num_format=f'"{level.glyph} "@'
        )
        rule = {"type": "cell", "criteria": "==", "value": f'"{word}"', "format": style}
        ws.conditional_format(*area, rule)

    def grey_if_stale(self, ws: Worksheet, area: Area) -> None:
        """Grey everything where the data are stale; the rules after this one then rest."""
        self._if_stale(ws, area, self.format(font_color=look.GREY))

    def hold_back_if_stale(self, ws: Worksheet, area: Area) -> None:
        """Show, in place of a recommendation, that stale data allow none."""
        shown = self.either("先刷新", "refresh first")
        style = self.format(num_format=";".join([f'"{shown}"'] * 4), font_color=look.GREY)
        self._if_stale(ws, area, style, filled=True)

    def _if_stale(self, ws: Worksheet, area: Area, style: Format, *, filled: bool = False) -> None:
        """Give an area, or its cells that hold something, a look that stops the rules after it."""
        first = xl_rowcol_to_cell(area[0], area[1])
        rule = f'=AND(sb_stale=1,{first}<>"")' if filled else "=sb_stale=1"
        stale = {"type": "formula", "criteria": rule, "format": style, "stop_if_true": True}
        ws.conditional_format(*area, stale)

    def name_near_days(self, ws: Worksheet, area: Area) -> None:
        """Let times of the data's day and the next read 今天 13:20 and 明天 09:00."""
        first = xl_rowcol_to_cell(area[0], area[1])
        for days, kind in look.NEAR_DAYS:
            style = self.format(num_format=kind.number_format(self.language), bold=days == 0)
            rule = f"=AND(ISNUMBER({first}),INT({first})=INT(sb_as_of)+{days})"
            ws.conditional_format(*area, {"type": "formula", "criteria": rule, "format": style})

    def bar(self, ws: Worksheet, area: Area, full: float) -> None:
        """Draw bars from 0 to `full`, the same in every row."""
        ws.conditional_format(
            *area,
            {
                "type": "data_bar",
                "data_bar_2010": True,
                "bar_solid": True,
                "bar_color": look.BAR,
                "bar_no_border": True,
                "bar_axis_position": "none",
                "min_type": "num",
                "min_value": 0,
                "max_type": "num",
                "max_value": full,
            },
        )

    def name_block(self, block: BlockSpec) -> None:
        """Give a fixed block its defined name."""
        last = block.row + block.rows - 1, block.column + len(block.columns) - 1
        area = xl_range_abs(block.row, block.column, *last)
        self.book.define_name(block.name, f"='{self.text(FIXED_SHEETS[block.sheet])}'!{area}")


def add_sheet(
    parts: Parts,
    label: Label,
    tab: str,
    *,
    repeat_rows: bool = True,
    pages: tuple[int, int],
    row_height: float = look.BODY_ROW,
) -> Worksheet:
    """Add a sheet without grid lines, set up for A4 landscape.

    Args:
        pages: Pages wide and tall; 0 is as many as needed.
        row_height: Height of rows that are added later, too [points].
    """
    ws = parts.book.add_worksheet(parts.text(label))
    ws.hide_gridlines(2)
    ws.set_tab_color(tab)
    ws.set_default_row(row_height)
    ws.set_landscape()
    ws.set_paper(A4)
    ws.fit_to_pages(*pages)
    ws.center_horizontally()
    ws.set_margins(0.4, 0.4, 0.45, 0.55)
    if repeat_rows:  # so that 数据截至 stands on each page
        ws.repeat_rows(0, HEADER_ROW - 1)
    font = '&"微软雅黑,Regular"&8'
    printed = parts.either(
        "打印于 &D &T，数据截至见页眉行", "Printed &D &T, data as of: see the top"
    )
    page = parts.either("第 &P / &N 页", "Page &P of &N")
    ws.set_footer(f"&L{font}StockBook · &A&C{font}{printed}&R{font}{page}")
    return ws
