"""Make a fresh, empty workbook: all sheets, names, rules and formats, ready for the first refresh.

Everything is a cell, a conditional format, a validation or a native chart, so that a refresh
writes cell values only. Each table has one data row that carries the formats: rows are added
later by copying its styles, and the rules and validations that cover it grow with the table.
Functions are those of Excel 2016 and before.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from xlsxwriter.worksheet import Worksheet

from stockbook.domain.language import Language, say
from stockbook.domain.problems import WorkbookError
from stockbook.workbook import look, macros
from stockbook.workbook.builder_analysis import write_analysis, write_analysis_data
from stockbook.workbook.builder_card import write_card
from stockbook.workbook.builder_home import write_chart_data, write_home
from stockbook.workbook.builder_parts import Parts, add_sheet
from stockbook.workbook.sheets import (
    ANALYSIS,
    ANALYSIS_DATA,
    CARD,
    CHART_DATA,
    FIRST_ROW,
    HEADER_ROW,
    HOME,
    OURS,
    SHEETS,
    THEIRS,
    ColumnSpec,
    SheetSpec,
    pick,
)

SettingRows = Sequence[Mapping[str, object]]
PAGE_WIDTH = 260  # columns' width [Excel column units] that is still readable on one A4 page
EXCEL_SETS = {"units": "integer", "optional": "integer", "number": "integer"}
LINES = re.compile(rb"<c:lineChart>.*?</c:lineChart>", re.DOTALL)
PLOTTED, GAPS = b'<c:plotVisOnly val="1"/>', b'<c:dispBlanksAs val="gap"/>'
OWNERSHIP, TITLE, SUBTITLE = HEADER_ROW - 2, 0, 1  # rows from 0


def build(
    path: Path,
    *,
    language: Language = "zh",
    book_id: str,
    setting_rows: SettingRows = (),
    shop_name: str = "",
) -> None:
    """Write a new workbook; the same arguments give the same bytes.

    A name that ends in .xlsm gets macros and the ribbon.

    Args:
        book_id: Finds the workbook's ledger; copies of the file share it.
        setting_rows: One mapping a setting, with the column keys of the `setting` sheet.

    Raises:
        WorkbookError: There is a file already, or it cannot be written.
    """
    data = package(
        language=language,
        book_id=book_id,
        setting_rows=setting_rows,
        shop_name=shop_name,
        with_macros=path.suffix.lower() == ".xlsm",
    )
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise WorkbookError(
            say(
                f"{path} 已存在，新建工作簿不会覆盖它。请换个文件名，或先移走旧文件。",
                f"{path} exists and is not overwritten. Choose another name or move the old file.",
            )
        ) from None
    except OSError as error:
        raise WorkbookError(
            say(
                f"写不了 {path}（{error.strerror}）。请确认文件夹存在、可以写入，且磁盘没满。",
                f"Cannot write {path} ({error.strerror}). Check that its folder exists, that you "
                f"may write there, and that the disk is not full.",
            )
        ) from error


def package(
    *,
    language: Language = "zh",
    book_id: str = "",
    setting_rows: SettingRows = (),
    shop_name: str = "",
    with_macros: bool = False,
) -> bytes:
    """Return a new workbook's bytes."""
    buffer = io.BytesIO()
    parts = Parts(buffer, language)
    home = add_sheet(parts, HOME, look.RED, repeat_rows=False, pages=(1, 1))
    for spec in SHEETS:
        _write_table(parts, spec, setting_rows if spec.key == "setting" else ())
        if spec.key == "sku":
            card = add_sheet(parts, CARD, look.SLATE, repeat_rows=False, pages=(1, 1))
        if spec.key == "movement":
            analysis = add_sheet(parts, ANALYSIS, look.SLATE, repeat_rows=False, pages=(1, 0))
    chart_data = parts.book.add_worksheet(pick(CHART_DATA, language))
    analysis_data = parts.book.add_worksheet(pick(ANALYSIS_DATA, language))
    write_home(parts, home, shop_name)
    write_card(parts, card)
    write_chart_data(parts, chart_data, book_id)
    write_analysis(parts, analysis)
    write_analysis_data(parts, analysis_data)
    home.activate()
    if with_macros:
        _add_macros(parts)
    parts.book.close()
    made = _explicit(buffer.getvalue())
    return macros.with_ribbon(made, language) if with_macros else made


def _add_macros(parts: Parts) -> None:
    """Add the VBA project, a code name for every sheet, and xlwings' settings."""
    conf = parts.book.add_worksheet(macros.CONFIG_SHEET)
    for row, pair in enumerate(macros.CONFIG):
        for column, text in enumerate(pair):
            conf.write_string(row, column, text)
    conf.hide()
    sheets = parts.book.worksheets()
    project = io.BytesIO(macros.macros(len(sheets)))
    parts.book.add_vba_project(project, is_stream=True)
    parts.book.set_vba_name(macros.WORKBOOK_MODULE)
    for number, ws in enumerate(sheets, 1):
        ws.set_vba_name(macros.sheet_module(number))


def _explicit(package: bytes) -> bytes:
    """Say what Excel assumes and other readers do not.

    Data bars of Excel 2007 start at nothing for 0; lines are not smoothed; gaps stay gaps, where
    the standard's own defaults are a smoothed line that falls to 0.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            data = old.read(info)
            if info.filename.startswith("xl/worksheets/"):
                data = data.replace(b"<dataBar>", b'<dataBar minLength="0" maxLength="100">')
            elif info.filename.startswith("xl/charts/"):
                data = LINES.sub(_unsmoothed, data).replace(PLOTTED, PLOTTED + GAPS)
            new.writestr(info, data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _unsmoothed(lines: re.Match[bytes]) -> bytes:
    return lines[0].replace(b"</c:val></c:ser>", b'</c:val><c:smooth val="0"/></c:ser>')


def _write_table(parts: Parts, spec: SheetSpec, rows: SettingRows) -> None:
    width = sum(_width(parts, column) for column in spec.columns)
    pages_wide = math.ceil(width / PAGE_WIDTH)
    wraps = not rows and any(column.kind == "long" for column in spec.columns)
    height = look.SENTENCE_ROW if wraps else look.BODY_ROW
    ws = add_sheet(parts, spec.label, spec.tab, pages=(pages_wide, 0), row_height=height)
    if pages_wide > 1:
        ws.repeat_columns(0, spec.freeze - 1)
    last = FIRST_ROW - 1 + max(0, len(rows) - 1)
    _write_heading(parts, ws, spec)
    _write_ownership(parts, ws, spec)
    _add_table(parts, ws, spec, last)
    _write_rows(parts, ws, spec, rows)
    _add_rules(parts, ws, spec, last)
    _add_validations(parts, ws, spec, last)
    ws.freeze_panes(HEADER_ROW, spec.freeze)
    if spec.hidden:
        ws.hide()


def _width(parts: Parts, column: ColumnSpec) -> int:
    return max(column.width, look.header_width(parts.text(column.label)))


def _write_heading(parts: Parts, ws: Worksheet, spec: SheetSpec) -> None:
    ws.set_row(TITLE, look.TITLE_ROW)
    ws.set_row(SUBTITLE, look.NOTE_ROW)
    ws.write_string(TITLE, 0, parts.text(spec.label), parts.format(**look.TITLE))
    gap = "　　"
    hint = f"{gap}{parts.text(spec.hint)}"
    cached = f"{parts.never_refreshed}{hint}"
    ws.write_formula(SUBTITLE, 0, f'=sb_as_of_text&"{hint}"', parts.format(**look.NOTE), cached)
    stale = parts.format(font_color=look.STALE_BAND, bold=True)
    ws.conditional_format(
        SUBTITLE, 0, SUBTITLE, 0, {"type": "formula", "criteria": "=sb_stale=1", "format": stale}
    )
    if spec.legend is not None:
        for offset, level in enumerate(look.LEVELS.values()):
            chip = parts.format(align="center", font_size=9)
            ws.write_string(TITLE, spec.legend + offset, parts.text(level.label), chip)
        parts.colour_levels(ws, (TITLE, spec.legend, TITLE, spec.legend + len(look.LEVELS) - 1))


def _write_ownership(parts: Parts, ws: Worksheet, spec: SheetSpec) -> None:
    """Say above the header who fills which columns, once at the start of each stretch."""
    ws.set_row(OWNERSHIP, look.OWNER_ROW)
    before = None
    for place, column in enumerate(spec.columns):
        theirs = spec.is_theirs(column)
        word = "" if theirs == before else parts.text(THEIRS if theirs else OURS)
        colour, line = (look.BLUE, look.BLUE) if theirs else (look.MUTED, look.SLATE)
        style = parts.format(font_size=8, font_color=colour, bottom=5, bottom_color=line)
        ws.write(OWNERSHIP, place, word, style)
        before = theirs


def _add_table(parts: Parts, ws: Worksheet, spec: SheetSpec, last: int) -> None:
    ws.set_row(HEADER_ROW - 1, look.HEADER_ROW)
    columns = []
    for place, column in enumerate(spec.columns):
        ws.set_column(place, place, _width(parts, column))
        header = parts.format(
            bold=True,
            font_color=look.WHITE,
            bg_color=look.BLUE if spec.is_theirs(column) else look.SLATE,
            text_wrap=True,
            align="center",
        )
        columns.append(
            {
                "header": parts.text(column.label),
                "header_format": header,
                "format": parts.body(column, theirs=spec.is_theirs(column)),
            }
        )
    ws.add_table(
        HEADER_ROW - 1,
        0,
        last,
        len(columns) - 1,
        {"name": spec.table, "columns": columns, "style": None},
    )


def _write_rows(parts: Parts, ws: Worksheet, spec: SheetSpec, rows: SettingRows) -> None:
    """Write the rows, at least one blank one: Excel needs it and new rows copy its styles."""
    for down, row in enumerate(rows or ({},), FIRST_ROW - 1):
        for place, column in enumerate(spec.columns):
            value = row.get(column.key)
            theirs = spec.is_theirs(column)
            # An id typed over text stays text: Excel keeps the format of the cell.
            kind = "id" if theirs and isinstance(value, str) else ""
            style = parts.body(column, theirs=theirs, number_format=kind)
            if isinstance(value, str):
                ws.write_string(down, place, value, style)
            else:
                ws.write(down, place, value, style)
        lines = _lines(spec, row)
        if lines > 1:
            ws.set_row(down, look.SENTENCE_ROW + (lines - 2) * look.LINE)


def _lines(spec: SheetSpec, row: Mapping[str, object]) -> int:
    """Return over how many lines the longest sentence of a row goes."""
    room = 2
    return max(
        (
            math.ceil(look.text_width(str(row.get(column.key) or "")) / (column.width - room))
            for column in spec.columns
            if column.kind == "long"
        ),
        default=1,
    )


def _add_rules(parts: Parts, ws: Worksheet, spec: SheetSpec, last: int) -> None:
    """Stale rules come first and stop the others; bars and 今天/明天 come last."""
    first = FIRST_ROW - 1
    areas = {c.key: (first, i, last, i) for i, c in enumerate(spec.columns)}
    of_kind = {k: [areas[c.key] for c in spec.columns if c.kind == k] for k in look.KINDS}
    for area in of_kind["level"]:
        parts.colour_levels(ws, area)
    for key in spec.advice:
        parts.hold_back_if_stale(ws, areas[key])
    parts.grey_if_stale(ws, (first, 0, last, len(spec.columns) - 1))
    for area in of_kind["time"]:
        parts.name_near_days(ws, area)
    for area in of_kind["state"]:
        wrong = parts.format(font_color=look.RED, bold=True)
        rule = {"type": "text", "criteria": "begins with", "value": "✗", "format": wrong}
        ws.conditional_format(*area, rule)
    for key, full in spec.bars:
        parts.bar(ws, areas[key], full)


def _add_validations(parts: Parts, ws: Worksheet, spec: SheetSpec, last: int) -> None:
    for place, column in enumerate(spec.columns):
        rule = _validation(parts, column) if spec.is_theirs(column) else None
        if rule:
            ws.data_validation(FIRST_ROW - 1, place, last, place, rule)
        if column.help:
            title, message = parts.text(column.label)[:32], parts.text(column.help)
            ws.data_validation(
                HEADER_ROW - 1,
                place,
                HEADER_ROW - 1,
                place,
                {"validate": "any", "input_title": title, "input_message": message},
            )


def _validation(parts: Parts, column: ColumnSpec) -> dict[str, object] | None:
    """Return what an input cell accepts, or None where anything goes."""
    if column.choices:
        words = [parts.text(choice) for choice in column.choices]
        return {"validate": "list", "source": words} | _error(parts, column, "、".join(words))
    if column.kind in {"instant", "day"}:
        expected = "2026-03-01 9:30" if column.kind == "instant" else "2026-03-01"
        bound = {"validate": "date", "criteria": ">=", "value": parts.earliest}
        return bound | _error(
            parts, column, parts.either("日期，如 ", "a date, such as ") + expected
        )
    if column.low is None:
        return None
    validate = EXCEL_SETS.get(column.kind, "decimal")
    if column.high is None:
        bound = {"validate": validate, "criteria": ">=", "value": column.low}
        expected = parts.either(f"不小于 {column.low:g} 的", f"{column.low:g} or more, a ")
    else:
        bound = {
            "validate": validate,
            "criteria": "between",
            "minimum": column.low,
            "maximum": column.high,
        }
        reach = f"{column.low:g}–{column.high:g}"
        expected = parts.either(f"{reach} 之间的", f"{reach}, a ")
    number = parts.either("整数", "whole number") if validate == "integer" else ""
    return bound | _error(parts, column, expected + (number or parts.either("数字", "number")))


def _error(parts: Parts, column: ColumnSpec, expected: str) -> dict[str, object]:
    """Return the message of a refused entry: what was expected and what to do."""
    return {
        "error_title": parts.text(column.label)[:32],
        "error_message": parts.either(
            f"这里应填：{expected}。请改正；不清楚就留空。",
            f"Expected {expected}. Please correct it, or leave it empty if unknown.",
        ),
    }
