"""The columns of 销量预测 in which people override a forecast."""

from __future__ import annotations

from stockbook.domain.language import Label
from stockbook.domain.words import CHOICES
from stockbook.workbook.columns import computed, entered

OVERRIDE_COLUMNS = (
    computed("override", "手动状态", "Override", "state", 22),
    entered(
        "manual_factor",
        "手动系数",
        "Manual factor",
        "factor",
        help=Label("预测乘以它；要填 有效至", "Multiplies the forecast; needs a last day"),
        low=0.1,
        high=10,
    ),
    entered(
        "manual_method",
        "手动方法",
        "Manual method",
        "word",
        16,
        choices=tuple(CHOICES.values()),
        help=Label("不用系统挑的方法；要填 有效至", "Instead of ours; needs a last day"),
    ),
    entered(
        "until",
        "有效至",
        "Valid until",
        "day",
        12,
        help=Label("手动系数和方法的最后一天", "Last day of manual factor and method"),
    ),
    entered(
        "analogue",
        "参照商品",
        "Analogue SKU",
        "id",
        14,
        help=Label("新品像哪个老品，填商家编码", "The SKU that a new product is like"),
    ),
    entered(
        "analogue_factor",
        "参照倍数",
        "Analogue factor",
        "factor",
        help=Label("估计卖它的几倍；留空是 1", "How many times as much; empty is 1"),
        low=0.05,
        high=20,
    ),
    entered(
        "trend",
        "市场趋势系数",
        "Market trend",
        "factor",
        help=Label(
            "市场在涨就大于 1；要填 趋势有效至",
            "Above 1 as it grows; needs a last day",
        ),
        low=0.2,
        high=5,
    ),
    entered("trend_until", "趋势有效至", "Trend until", "day", 12),
)
