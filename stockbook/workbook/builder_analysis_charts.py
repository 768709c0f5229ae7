"""The native charts of 数据分析: one quiet look, one axis each, no titles of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xlsxwriter.chart import Chart
from xlsxwriter.utility import xl_range_abs

from stockbook.workbook import look
from stockbook.workbook.builder_parts import Parts
from stockbook.workbook.sheets import ANALYSIS_DATA, BLOCKS

SIZE = (508, 250)  # [pixels]
PALE, ORANGE = "#AEC6CE", "#F7B15C"
Maker = Callable[[Parts, str], Chart]


def _series(parts: Parts, name: str, key: str, style: dict[str, Any]) -> dict[str, Any]:
    """Return one column of a block as a series over its first column."""
    block = BLOCKS[name]
    keys = [spec.key for spec in block.columns]
    sheet = parts.text(ANALYSIS_DATA)

    def area(offset: int) -> str:
        column = block.column + offset
        cells = xl_range_abs(block.row, column, block.row + block.rows - 1, column)
        return f"='{sheet}'!{cells}"

    label = parts.text(block.columns[keys.index(key)].label)
    return {"name": label, "categories": area(0), "values": area(keys.index(key)), **style}


def _fill(colour: str, **more: Any) -> dict[str, Any]:
    return {"fill": {"color": colour}, "border": {"none": True}, **more}


def _line(colour: str, width: float = 2.25, dash: str = "solid") -> dict[str, Any]:
    return {
        "line": {"color": colour, "width": width, "dash_type": dash},
        "marker": {"type": "none"},
    }


def _labels(parts: Parts, kind: str) -> dict[str, Any]:
    """Return labels at the ends of bars."""
    small = {"name": look.FONT["font_name"], "size": 8, "color": look.MUTED}
    return {"data_labels": {"value": True, "num_format": _format(parts, kind), "font": small}}


def _format(parts: Parts, kind: str) -> str:
    return parts.number_format(kind).removesuffix("_ ")


def _over_time(parts: Parts, name: str, *lines: tuple[str, str], kind: str, days: int) -> Chart:
    """Return columns of each day, with lines over them, on an axis of dates."""
    keys = [spec.key for spec in BLOCKS[name].columns]
    chart = parts.book.add_chart({"type": "column"})
    chart.add_series(_series(parts, name, keys[1], _fill(PALE, gap=30)))
    if lines:
        over = parts.book.add_chart({"type": "line"})
        for key, colour in lines:
            over.add_series(_series(parts, name, key, _line(colour)))
        chart.combine(over)
    return _quiet(parts, chart, kind, legend=bool(lines), days=days)


def daily(parts: Parts, name: str) -> Chart:
    """Return revenue of each day, pale, and its mean of seven days."""
    return _over_time(parts, name, ("mean7", look.TEAL), kind="big", days=14)


def split(parts: Parts, name: str) -> Chart:
    """Return units of each day, pale, and the trend behind them."""
    return _over_time(parts, name, ("trend", look.RED), kind="units", days=14)


def visits(parts: Parts, name: str) -> Chart:
    """Return conversion of each day."""
    return _over_time(parts, name, kind="rate", days=7)


def _columns(kind: str, colour: str = look.TEAL, *, labels: bool = False) -> Maker:
    """Return a maker of plain columns over words."""

    def made(parts: Parts, name: str) -> Chart:
        key = BLOCKS[name].columns[1].key
        chart = parts.book.add_chart({"type": "column"})
        more = _labels(parts, kind) if labels else {}
        chart.add_series(_series(parts, name, key, _fill(colour, gap=45, **more)))
        return _quiet(parts, chart, kind, scale=not labels)

    return made


def _bars(kind: str, colour: str = look.TEAL) -> Maker:
    """Return a maker of bars with their values, the first on top."""

    def made(parts: Parts, name: str) -> Chart:
        key = BLOCKS[name].columns[1].key
        chart = parts.book.add_chart({"type": "bar"})
        chart.add_series(_series(parts, name, key, _fill(colour, gap=35, **_labels(parts, kind))))
        return _lying(chart)

    return made


def channels(parts: Parts, name: str) -> Chart:
    """Return each channel's revenue now and before, as pairs of bars."""
    chart = parts.book.add_chart({"type": "bar"})
    now = _fill(look.TEAL, gap=60, **_labels(parts, "big"))
    chart.add_series(_series(parts, name, "now", now))
    chart.add_series(_series(parts, name, "before", _fill(PALE)))
    return _lying(chart, legend=True)


def ranking(parts: Parts, name: str) -> Chart:
    """Return each SKU's share and, pale, the share of all up to it: a Pareto chart, lying."""
    chart = parts.book.add_chart({"type": "bar"})
    for key, colour in (("share", look.TEAL), ("cumulative", PALE)):
        chart.add_series(
            _series(parts, name, key, _fill(colour, gap=40, **_labels(parts, "share")))
        )
    return _lying(chart, legend=True)


def refunds(parts: Parts, name: str) -> Chart:
    """Return refunds before and after shipping, one on top of the other."""
    chart = parts.book.add_chart({"type": "bar", "subtype": "stacked"})
    for key, colour in (("before", look.BAR), ("after", ORANGE)):
        chart.add_series(_series(parts, name, key, _fill(colour, gap=40, **_labels(parts, "rate"))))
    return _lying(chart, legend=True)


def ramp(parts: Parts, name: str) -> Chart:
    """Return the mean of new SKUs from day to day."""
    chart = parts.book.add_chart({"type": "line"})
    chart.add_series(_series(parts, name, "units", _line(look.TEAL)))
    return _quiet(parts, chart, "units")


def _small() -> dict[str, Any]:
    return {"name": look.FONT["font_name"], "size": 9, "color": look.MUTED}


def _frame(chart: Chart, *, legend: bool) -> None:
    chart.set_title({"none": True})  # the cell above says it
    chart.set_legend({"position": "top", "font": _small()} if legend else {"none": True})
    chart.set_chartarea({"border": {"none": True}, "fill": {"color": look.WHITE}})
    chart.set_plotarea({"fill": {"none": True}})
    chart.show_blanks_as("gap")
    chart.set_size({"width": SIZE[0], "height": SIZE[1]})


def _quiet(parts: Parts, chart: Chart, kind: str, *, legend: bool = False, days: int = 0,
           scale: bool = True) -> Chart:  # fmt: skip
    """Give a standing chart its axes: dates every `days`, or words; no `scale` beside labels."""
    _frame(chart, legend=legend)
    axis: dict[str, Any] = {"num_font": _small(), "line": {"color": look.AXIS},
                            "major_tick_mark": "none", "label_position": "low"}  # fmt: skip
    if days:
        axis |= {"date_axis": True, "major_unit": days, "major_unit_type": "days",
                 "num_format": "m/d"}  # fmt: skip
    chart.set_x_axis(axis)
    chart.set_y_axis(
        {"visible": scale, "num_font": _small(), "num_format": _format(parts, kind),
         "line": {"none": True}, "major_tick_mark": "none",
         "major_gridlines": {"visible": scale, "line": {"color": look.RULE, "width": 0.75}},
         **({} if kind == "signed" else {"min": 0})}
    )  # fmt: skip
    return chart


def _lying(chart: Chart, *, legend: bool = False) -> Chart:
    """Give a chart of bars its axes: names on the left, the first on top; bars tell their values.

    Of a chart of bars the library's y axis is the one with the names.
    """
    _frame(chart, legend=legend)
    chart.set_x_axis({"visible": False, "min": 0, "major_gridlines": {"visible": False}})
    chart.set_y_axis(
        {"reverse": True, "interval_unit": 1, "num_font": _small() | {"size": 8},
         "line": {"color": look.AXIS}, "major_tick_mark": "none",
         "major_gridlines": {"visible": False}}
    )  # fmt: skip
    return chart


CHARTS: dict[str, Maker] = {
    "daily": daily,
    "weekly": _columns("big", labels=True),
    "hourly": _columns("units"),
    "weekdays": _columns("big", labels=True),
    "channels": channels,
    "ranking": ranking,
    "split": split,
    "season": _columns("signed", labels=True),
    "refunds": refunds,
    "ramp": ramp,
    "visits": visits,
    "provinces": _bars("share"),
    "audience": _bars("share", look.BLUE),
}
