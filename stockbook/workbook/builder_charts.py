"""The native charts: quiet axes, actual solid, forecast dashed, a range as a pale band."""

from __future__ import annotations

from typing import Any

from xlsxwriter.chart import Chart
from xlsxwriter.utility import xl_range_abs

from stockbook.workbook import look
from stockbook.workbook.builder_parts import Parts
from stockbook.workbook.sheets import BLOCKS, CHART_DATA, pick

Size = tuple[int, int]  # [pixels]


def trend(parts: Parts, block: str, size: Size) -> Chart:
    """Return sales and forecast: range as a pale band, sales solid, forecast dashed."""
    chart = parts.book.add_chart({"type": "area", "subtype": "stacked"})
    chart.add_series(
        series(parts, block, "low", {"fill": {"none": True}, "border": {"none": True}})
    )
    chart.add_series(
        series(parts, block, "band", {"fill": {"color": look.BAND}, "border": {"none": True}})
    )
    lines = parts.book.add_chart({"type": "line"})
    lines.add_series(series(parts, block, "actual", _line(look.INK, 2.25)))
    lines.add_series(series(parts, block, "forecast", _line(look.BLUE, 2, "dash")))
    chart.combine(lines)
    return _quiet(parts, chart, size, hidden=[0])


def stock(parts: Parts, block: str, size: Size) -> Chart:
    """Return stock at each day's end, what is expected to be left, and the reorder point."""
    chart = parts.book.add_chart({"type": "area"})
    chart.add_series(
        series(parts, block, "stock", {"fill": {"color": look.STOCK}, "border": {"none": True}})
    )
    lines = parts.book.add_chart({"type": "line"})
    lines.add_series(series(parts, block, "left", _line(look.TEAL, 2.25, "dash")))
    lines.add_series(series(parts, block, "reorder_point", _line(look.RED, 1.5)))
    chart.combine(lines)
    return _quiet(parts, chart, size)


def series(parts: Parts, name: str, key: str, style: dict[str, Any]) -> dict[str, Any]:
    """Return one column of a chart block as a series over its dates."""
    block = BLOCKS[name]
    keys = [column.key for column in block.columns]

    def area(which: str) -> str:
        column = block.column + keys.index(which)
        cells = xl_range_abs(block.row, column, block.row + block.rows - 1, column)
        return f"='{parts.text(CHART_DATA)}'!{cells}"

    label = block.columns[keys.index(key)].label
    categories = area("date")
    return {"name": pick(label, parts.language), "categories": categories, "values": area(key),
            **style}  # fmt: skip


def _line(colour: str, width: float, dash: str = "solid") -> dict[str, Any]:
    return {"line": {"color": colour, "width": width, "dash_type": dash}}


def _quiet(parts: Parts, chart: Chart, size: Size, hidden: list[int] | None = None) -> Chart:
    small = {"name": look.FONT["font_name"], "size": 9, "color": look.MUTED}
    legend: dict[str, Any] = {"position": "top", "font": small}
    chart.set_legend(legend | ({"delete_series": hidden} if hidden else {}))
    chart.set_x_axis(
        {
            "num_font": small,
            "line": {"color": look.AXIS},
            "date_axis": True,
            "major_unit": 7,
            "major_unit_type": "days",
            "num_format": "m/d",
            "major_tick_mark": "outside",
            "minor_tick_mark": "none",
        }
    )
    chart.set_y_axis(
        {
            "num_font": small,
            "num_format": parts.number_format("big"),
            "line": {"none": True},
            "major_gridlines": {"visible": True, "line": {"color": look.RULE, "width": 0.75}},
            "major_tick_mark": "none",
            "min": 0,
        }
    )
    chart.set_chartarea({"border": {"none": True}, "fill": {"color": look.WHITE}})
    chart.set_plotarea({"fill": {"none": True}})
    chart.show_blanks_as("gap")
    chart.set_size({"width": size[0], "height": size[1]})
    return chart
