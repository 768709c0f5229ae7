"""安全库存 and 销量预测: what is expected, and what to keep for it."""

from __future__ import annotations

from stockbook.domain.language import Label
from stockbook.workbook.columns import KEY, LEVEL, NOTE, OUT_NAME, SheetSpec, computed, entered
from stockbook.workbook.look import SLATE
from stockbook.workbook.override_columns import OVERRIDE_COLUMNS

REORDER_POINT = computed(
    "reorder_point",
    "安全库存线",
    "Reorder point",
    "units",
    help=Label("可售 + 在途 + 已订未发 低到这里就补货", "Order when free + coming falls to this"),
)

PLANNING_SHEETS: tuple[SheetSpec, ...] = (
    SheetSpec(
        "safety",
        Label("安全库存", "Safety stock"),
        "tblSafetyStock",
        SLATE,
        Label(
            "安全库存线 = （保护期内的需求 + 缓冲量）× 四个系数；填了手工安全库存线就用手工值",
            "Reorder point = (demand in the protection period + safety stock) × four factors; "
            "a manual one wins",
        ),
        (
            KEY,
            OUT_NAME,
            LEVEL,
            computed("demand_mean", "日均需求", "Demand per day", "mean", 9),
            computed("demand_sd", "需求波动", "Demand sd", "mean", 9),
            computed("lead_time_days", "补货周期(天)", "Lead time (days)", "days"),
            computed("lead_time_sd", "周期波动(天)", "Lead time sd (days)", "days"),
            computed(
                "protection_days",
                "保护期(天)",
                "Protection (days)",
                "days",
                help=Label("补货周期 + 订货间隔", "Lead time + time between orders"),
            ),
            computed("days_low", "按天数下限", "Low by days", "units"),
            computed("days_high", "按天数上限", "High by days", "units"),
            computed("safety_stock", "缓冲量", "Safety stock", "units"),
            REORDER_POINT,
            computed("order_up_to", "补货上限", "Order up to", "units"),
            computed("season_factor", "季节系数", "Season", "factor", 9),
            computed("hot_factor", "爆款系数", "Hot", "factor", 9),
            computed("trend_factor", "趋势系数", "Trend", "factor", 9),
            computed("campaign_factor", "活动系数", "Campaign", "factor", 9),
            computed(
                "asked",
                "所用服务水平",
                "Service level used",
                "share",
                help=Label("保护期内不断货的把握", "Chance of no stock-out in the period"),
            ),
            computed(
                "stockout_rate",
                "回测断货率",
                "Stock-out rate",
                "share",
                help=Label(
                    "过去各周里，当时的线没有盖住需求的比例；应接近 1 − 服务水平",
                    "Share of held-out windows above the level; about 1 − service level",
                ),
            ),
            computed("rule", "算法", "Rule", "word", 14),
            entered(
                "service_level",
                "服务水平",
                "Service level",
                "share",
                help=Label(
                    "一个周期不断货的把握；留空用默认", "Chance of no stock-out; empty = default"
                ),
                low=0.5,
                high=0.999,
            ),
            entered(
                "manual_reorder_point",
                "手工安全库存线",
                "Manual reorder point",
                "units",
                help=Label("填了就用它，不再计算", "When filled, it replaces the computed one"),
                low=0,
            ),
            NOTE,
        ),
        legend=8,
    ),
    SheetSpec(
        "forecast",
        Label("销量预测", "Forecast"),
        "tblForecast",
        SLATE,
        Label(
            "比朴素法差的预测不用来下单，改用朴素法；断货日和大促日不算",
            "A forecast worse than naive is not used; stock-out and event days do not count",
        ),
        (
            KEY,
            OUT_NAME,
            computed("change_7d", "较上周", "Against last week", "change"),
            computed("sales_7d", "近7天销量", "Sales of 7 days", "units"),
            computed("sales_28d", "近28天销量", "Sales of 28 days", "units"),
            computed("next_7", "未来7天预测", "Next 7 days", "units"),
            computed("next_14", "未来14天预测", "Next 14 days", "units"),
            computed("protection_mean", "保护期需求", "Protection demand", "units"),
            computed("protection_p90", "保护期九成线", "Protection p90", "units"),
            computed("demand_sd", "日波动", "Daily sd", "mean"),
            computed("method", "所用方法", "Method", "text", 16),
            computed(
                "wape",
                "误差WAPE",
                "WAPE",
                "share",
                help=Label("偏差绝对值之和 ÷ 实际销量之和", "Sum of |error| ÷ sum of sales"),
            ),
            computed("naive_wape", "朴素法误差", "Naive WAPE", "share"),
            computed(
                "bias",
                "偏差",
                "Bias",
                "change",
                help=Label("正数是预测偏高", "Above zero: forecasts were too high"),
            ),
            computed(
                "covered",
                "九成线覆盖",
                "Covered by p90",
                "share",
                help=Label("过去各窗口落在九成线内的比例", "Share of past windows within the p90"),
            ),
            computed("history_days", "有效天数", "Days of history", "units"),
            computed("stockout_days", "断货天数", "Stock-out days", "optional"),
            *OVERRIDE_COLUMNS,
            NOTE,
        ),
    ),
)
