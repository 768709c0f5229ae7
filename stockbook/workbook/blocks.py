"""The fixed blocks of 首页 and 图数据, found by their defined names and refreshed by writing cells.

Times in cells are Beijing time, so `sb_stale`, which compares them with Excel's NOW(), assumes
that the computer's clock shows Beijing time; a clock that is further off than `sb_stale_minutes`
counts as stale.
"""

from __future__ import annotations

from stockbook.domain.language import Label
from stockbook.workbook.analysis_blocks import analysis_blocks
from stockbook.workbook.columns import LEVEL, SKU, ZERO, BlockSpec, ColumnSpec
from stockbook.workbook.tables import PAST_DAYS

AHEAD_DAYS = 14  # of forecast that charts show
MOST_FILES = 100  # that can be picked at once


def _cell(key: str, kind: str, label: Label | None = None) -> ColumnSpec:
    return ColumnSpec(key, label or Label("", ""), kind=kind)


NO = _cell("no", "number", Label("序", "No."))
CARDS: tuple[tuple[Label, str], ...] = (  # label, kind of the figure
    (Label("今天要办", "To do today"), "pieces"),
    (Label("最近一次断货还有", "Next stock-out in"), "countdown"),
    (Label("今日销量", "Units sold today"), "units"),
    (Label("今日销售额（元）", "Sales today (CNY)"), "big"),
    (Label("建议采购额（元）", "Suggested orders (CNY)"), "big"),
    (Label("已付待发", "Paid, to be shipped"), "units"),
)
CARD_COLUMNS = ((1, 3), (4, 4), (5, 5), (6, 7), (9, 11), (12, 12))  # first and last column
CARD_ROW = 3


def _blocks() -> tuple[BlockSpec, ...]:
    return (
        BlockSpec("sb_home_shop", "home", 0, 5, (_cell("shop", "text"),)),
        BlockSpec("sb_home_line", "home", 1, 1, (_cell("line", "text"),)),
        BlockSpec("sb_status", "home", 1, 9, (_cell("status", "text"),)),
        *(
            BlockSpec(f"sb_card{i}_{part}", "home", CARD_ROW + down, first, (_cell(part, kind),))
            for i, ((first, _), (_, figure)) in enumerate(zip(CARD_COLUMNS, CARDS, strict=True), 1)
            for down, (part, kind) in enumerate(
                (("label", "text"), ("value", figure), ("foot", "text"))
            )
        ),
        BlockSpec("sb_home_actions_title", "home", 7, 1, (_cell("title", "text"),)),
        BlockSpec(
            "sb_home_actions",
            "home",
            9,
            1,
            (
                NO,
                LEVEL,
                _cell("deadline", "time", Label("最晚时间", "Deadline")),
                _cell("action", "text", Label("动作", "Action")),
                _cell("product", "text", Label("商品", "Product")),
                ZERO,
                _cell("sku", "id", SKU),
            ),
            rows=10,
        ),
        BlockSpec(
            "sb_home_counts",
            "home",
            9,
            9,
            (
                _cell("level", "level", Label("级别", "Level")),
                _cell("count", "units", Label("商品数", "SKUs")),
                _cell("share", "share", Label("比例", "Share")),
                _cell("meaning", "text", Label("什么意思", "What it means")),
            ),
            rows=5,
        ),
        BlockSpec(
            "sb_home_fresh",
            "home",
            16,
            9,
            (
                _cell("source", "text", Label("数据", "Data")),
                _cell("age_minutes", "units", Label("延迟(分)", "Age (min)")),
                _cell("state", "word", Label("状态", "State")),
                _cell("updated", "text", Label("最近更新", "Last update")),
            ),
            rows=3,
        ),
        BlockSpec(
            "sb_home_countdown",
            "home",
            22,
            1,
            (
                NO,
                LEVEL,
                _cell("sku", "id", SKU),
                _cell("name", "text", Label("商品", "Product")),
                ZERO,
                _cell("inbound", "word", Label("最近到货", "Next delivery")),
                _cell("free", "units", Label("可售(件)", "Free (units)")),
            ),
            rows=10,
        ),
        # Past rows leave the forecast truly empty, but for the last one, where the lines join.
        BlockSpec(
            "sb_chart_shop",
            "chart_data",
            1,
            0,
            (
                _cell("date", "date", Label("日期", "Date")),
                _cell("actual", "units", Label("实际销量", "Sales")),
                _cell("forecast", "units", Label("预测", "Forecast")),
                _cell("low", "units", Label("下限", "Low")),
                _cell("band", "units", Label("八成区间", "80 % range")),
            ),
            rows=PAST_DAYS + AHEAD_DAYS,
        ),
        # 商品卡片: which SKU, chosen by people, and its 42 days, all by formulas.
        BlockSpec("sb_sku_choice", "card", 3, 2, (_cell("choice", "id"),)),
        BlockSpec("sb_sku_code", "chart_data", 7, 7, (_cell("code", "id"),)),
        BlockSpec("sb_sku_row", "chart_data", 8, 7, (_cell("row", "number"),)),
        BlockSpec("sb_sku_history", "chart_data", 9, 7, (_cell("row", "number"),)),
        BlockSpec("sb_sku_mean", "chart_data", 10, 7, (_cell("mean", "mean"),)),
        BlockSpec("sb_sku_sd", "chart_data", 11, 7, (_cell("sd", "mean"),)),
        BlockSpec(
            "sb_chart_sku",
            "chart_data",
            1,
            10,
            (
                _cell("date", "date", Label("日期", "Date")),
                _cell("stock", "units", Label("可售库存", "Free stock")),
                _cell("left", "units", Label("预计剩余", "Expected to be left")),
                _cell("reorder_point", "units", Label("安全库存线", "Reorder point")),
                _cell("actual", "units", Label("实际销量", "Sales")),
                _cell("forecast", "units", Label("预测", "Forecast")),
                _cell("low", "units", Label("下限", "Low")),
                _cell("band", "units", Label("八成区间", "80 % range")),
            ),
            rows=PAST_DAYS + AHEAD_DAYS,
        ),
        BlockSpec("sb_as_of", "chart_data", 0, 7, (_cell("as_of", "instant"),)),
        BlockSpec("sb_stale_minutes", "chart_data", 1, 7, (_cell("minutes", "number"),)),
        BlockSpec("sb_stale", "chart_data", 2, 7, (_cell("stale", "number"),)),
        BlockSpec("sb_age_minutes", "chart_data", 3, 7, (_cell("age_minutes", "number"),)),
        BlockSpec("sb_as_of_text", "chart_data", 4, 7, (_cell("as_of_text", "text"),)),
        BlockSpec("sb_book_id", "chart_data", 5, 7, (_cell("book_id", "id"),)),
        BlockSpec("sb_language", "chart_data", 6, 7, (_cell("language", "id"),)),
        # What the macro 导入订单文件 lets people pick: cells hold names in any script.
        BlockSpec("sb_import_count", "chart_data", 12, 7, (_cell("count", "number"),)),
        BlockSpec("sb_import_files", "chart_data", 13, 7, (_cell("file", "id"),), rows=MOST_FILES),
        # What the macro 发布 asks before it changes anything on the shop.
        BlockSpec("sb_publish_question", "chart_data", 14 + MOST_FILES, 7, (_cell("ask", "text"),)),
    )


BLOCKS = {block.name: block for block in (*_blocks(), *analysis_blocks())}
FORMULA_BLOCKS = frozenset(  # never written
    {
        "sb_stale",
        "sb_age_minutes",
        "sb_as_of_text",
        "sb_sku_code",
        "sb_sku_row",
        "sb_sku_history",
        "sb_sku_mean",
        "sb_sku_sd",
        "sb_chart_sku",
    }
)
