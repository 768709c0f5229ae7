"""Every sheet that holds a table: its columns, in order, in both languages."""

from __future__ import annotations

from typing import Any

from stockbook.domain.language import Label
from stockbook.workbook.columns import (
    DECISIONS,
    HANDLING,
    LEVEL,
    NAME,
    SKU,
    ZERO,
    ColumnSpec,
    SheetSpec,
)
from stockbook.workbook.look import GREY, RED, SLATE, TEAL


def _key(key: str, zh: str, en: str, kind: str = "text", width: int = 10) -> ColumnSpec:
    return ColumnSpec(key, Label(zh, en), "key", kind, width)


def _seed(
    key: str, zh: str, en: str, kind: str = "text", width: int = 10, **more: Any
) -> ColumnSpec:
    return ColumnSpec(key, Label(zh, en), "seed", kind, width, **more)


def _input(
    key: str, zh: str, en: str, kind: str = "text", width: int = 10, **more: Any
) -> ColumnSpec:
    return ColumnSpec(key, Label(zh, en), "input", kind, width, **more)


def _out(
    key: str, zh: str, en: str, kind: str = "text", width: int = 10, **more: Any
) -> ColumnSpec:
    return ColumnSpec(key, Label(zh, en), "output", kind, width, **more)


KEY = _key("sku", *SKU, "id", 14)
OUT_NAME = _out("name", *NAME, "text", 26)
NOTE = _input("note", "备注", "Note", "text", 20)
REORDER_POINT = _out(
    "reorder_point",
    "安全库存线",
    "Reorder point",
    "units",
    help=Label("可售 + 在途 + 已订未发 低到这里就补货", "Order when free + coming falls to this"),
)

PAST_DAYS = 28  # of sales and stock that charts show

SHEETS: tuple[SheetSpec, ...] = (
    SheetSpec(
        "sku",
        Label("商品", "SKUs"),
        "tblSku",
        SLATE,
        Label(
            "件数均为最小销售单位；可售天数 = 可售 ÷ 预测日均",
            "Units are sales units; days of cover = free ÷ forecast per day",
        ),
        (
            _key("sku", "商家编码", "SKU", "id", 14),
            _seed("name", "商品名称", "Product", "text", 26),
            _seed("category", "类目", "Category", "word", 9),
            LEVEL,
            ZERO,
            _out("days_of_cover", "可售天数", "Days of cover", "days", 13),
            _out(
                "free",
                "可售",
                "Free",
                "units",
                9,
                help=Label(
                    "没有人占用的良品；负数是超卖", "Good stock nobody claimed; < 0 oversold"
                ),
            ),
            _out("allocated", "已付待发", "Allocated", "optional", 9),
            _out("held", "未付占用", "Held", "optional", 9),
            _out("locked", "活动锁定", "Locked", "optional", 9),
            _out(
                "in_transit",
                "在途",
                "In transit",
                "optional",
                9,
                help=Label("供应商已发出、还没到", "Shipped by the supplier, not here yet"),
            ),
            _out("on_order", "已订未发", "On order", "optional", 9),
            _out(
                "on_hand",
                "在库良品",
                "On hand",
                "units",
                9,
                help=Label(
                    "可售 + 未付占用 + 已付待发 + 活动锁定", "Free + held + allocated + locked"
                ),
            ),
            _out("sales_7d_mean", "近7日日均", "Mean of 7 days", "mean", 9),
            REORDER_POINT,
            _out(
                "suggested",
                "建议补货",
                "Suggested order",
                "optional",
                help=Label(
                    "现在该下单的件数，已按起订量和箱规取整", "Units to order, MOQ and packs kept"
                ),
            ),
            _seed("price", "售价(元)", "Price (CNY)", "money", low=0),
            _input("supplier", "主供应商", "Main supplier", "text", 16),
            _input("unit_cost", "进价(元)", "Unit cost (CNY)", "money", low=0),
            _input(
                "lead_time_days",
                "补货周期(天)",
                "Lead time (days)",
                "days",
                help=Label("从下单到能卖，平均几天", "Mean days from order to bookable"),
                low=0,
                high=365,
            ),
            _input(
                "lead_time_sd",
                "周期波动(天)",
                "Lead time sd (days)",
                "days",
                help=Label(
                    "补货周期的标准差；不清楚就留空", "Standard deviation; empty if unknown"
                ),
                low=0,
                high=180,
            ),
            _input(
                "emergency_hours",
                "应急到货(小时)",
                "Emergency (hours)",
                "hours",
                help=Label("最快的供货方几小时能到", "Hours of the fastest source"),
                low=0,
                high=720,
            ),
            _input("moq", "起订量", "MOQ", "units", 8, low=0),
            _input("pack_size", "箱规", "Pack size", "units", 8, low=1),
            _input(
                "counted_on_hand",
                "盘点数量",
                "Counted",
                "units",
                help=Label(
                    "盘到的良品总数，含已付待发和被占用的",
                    "Good units counted, allocated and held ones included",
                ),
                low=0,
            ),
            _input(
                "counted_at",
                "盘点时间",
                "Counted at",
                "instant",
                18,
                help=Label("北京时间，如 2026-03-01 9:30", "Beijing time, such as 2026-03-01 9:30"),
            ),
            _out("shop_sku_id", "平台SKU编号", "Shop SKU id", "id", 20),
            NOTE,
        ),
        bars=(("days_of_cover", 30),),
        legend=4,
        typed_key=True,
    ),
    SheetSpec(
        "safety",
        Label("安全库存", "Safety stock"),
        "tblSafetyStock",
        SLATE,
        Label(
            "安全库存线 = 保护期内的需求 + 缓冲量；填了手工安全库存线就用手工值",
            "Reorder point = demand in the protection period + safety stock; a manual one wins",
        ),
        (
            KEY,
            OUT_NAME,
            LEVEL,
            _out("demand_mean", "日均需求", "Demand per day", "mean", 9),
            _out("demand_sd", "需求波动", "Demand sd", "mean", 9),
            _out("lead_time_days", "补货周期(天)", "Lead time (days)", "days"),
            _out("lead_time_sd", "周期波动(天)", "Lead time sd (days)", "days"),
            _out(
                "protection_days",
                "保护期(天)",
                "Protection (days)",
                "days",
                help=Label("补货周期 + 订货间隔", "Lead time + time between orders"),
            ),
            _out("days_low", "按天数下限", "Low by days", "units"),
            _out("days_high", "按天数上限", "High by days", "units"),
            _out("safety_stock", "缓冲量", "Safety stock", "units"),
            REORDER_POINT,
            _out("order_up_to", "补货上限", "Order up to", "units"),
            _out("rule", "算法", "Rule", "word", 14),
            _input(
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
            _input(
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
            "误差高于朴素法的预测不会用来下单；断货日不计入误差",
            "A forecast worse than the naive one is not used; stock-out days do not count",
        ),
        (
            KEY,
            OUT_NAME,
            _out("change_7d", "较上周", "Against last week", "change"),
            _out("sales_7d", "近7天销量", "Sales of 7 days", "units"),
            _out("sales_28d", "近28天销量", "Sales of 28 days", "units"),
            _out("next_7", "未来7天预测", "Next 7 days", "units"),
            _out("next_14", "未来14天预测", "Next 14 days", "units"),
            _out("demand_sd", "日波动", "Daily sd", "mean"),
            _out("method", "所用方法", "Method", "text", 16),
            _out(
                "wape",
                "误差WAPE",
                "WAPE",
                "share",
                help=Label("偏差绝对值之和 ÷ 实际销量之和", "Sum of |error| ÷ sum of sales"),
            ),
            _out("naive_wape", "朴素法误差", "Naive WAPE", "share"),
            _out("history_days", "有效天数", "Days of history", "units"),
            _out("stockout_days", "断货天数", "Stock-out days", "optional"),
            NOTE,
        ),
    ),
    SheetSpec(
        "purchase",
        Label("采购计划", "Purchase plan"),
        "tblPurchasePlan",
        TEAL,
        Label(
            "选好 处理，需要改数量就填 确认数量",
            "Choose a decision; fill in the confirmed quantity where it differs",
        ),
        (
            KEY,
            OUT_NAME,
            LEVEL,
            _out("supplier", "供应商", "Supplier", "text", 16),
            _out("order_by", "最晚下单", "Order by", "time", 15),
            _out("quantity", "建议数量", "Quantity", "units"),
            _out("moq", "起订量", "MOQ", "optional", 8),
            _out("pack_size", "箱规", "Pack size", "optional", 7),
            _out("unit_cost", "进价(元)", "Unit cost (CNY)", "money"),
            _out("amount", "金额(元)", "Amount (CNY)", "money", 13),
            ZERO,
            _out(
                "arrival",
                "预计到货(九成)",
                "Arrival (p90)",
                "date",
                14,
                help=Label("九成把握在这天之前到", "Arrives by then nine times in ten"),
            ),
            _out("why", "为什么", "Why", "text", 42),
            _input("decision", "处理", "Decision", "word", choices=tuple(DECISIONS.values())),
            _input("confirmed", "确认数量", "Confirmed", "units", low=0),
            NOTE,
        ),
    ),
    SheetSpec(
        "alert",
        Label("预警", "Alerts"),
        "tblAlert",
        RED,
        Label(
            "按最晚时间办；办了就在 处理 里选一个",
            "Act by the deadline, then choose how it was handled",
        ),
        (
            KEY,
            OUT_NAME,
            LEVEL,
            ZERO,
            _out("free", "可售", "Free", "units", 9),
            _out("reason", "原因", "Reason", "text", 54),
            _out("action", "建议动作", "Action", "text", 34),
            _out("deadline", "最晚时间", "Deadline", "time", 15),
            _input("handled", "处理", "Handled", "word", choices=tuple(HANDLING.values())),
            _input("owner", "处理人", "Owner", "word", 9),
            NOTE,
        ),
    ),
    SheetSpec(
        "sku_map",
        Label("SKU对照", "SKU map"),
        "tblSkuMap",
        SLATE,
        Label(
            "组合和赠品：在 组成 里写商家编码和件数，如 A×2 + B；留空就是平台商家编码",
            "Kits and gifts: write codes and units under Made of, such as A×2 + B",
        ),
        (
            _key("shop_sku_id", "平台SKU编号", "Shop SKU id", "id", 22),
            OUT_NAME,
            _out("code", "平台商家编码", "Code in the shop", "id", 16),
            _input(
                "parts",
                "组成",
                "Made of",
                "text",
                36,
                help=Label(
                    "卖一件要从哪些商家编码里各出几件，用 + 连接，如 A×2 + B",
                    "Which codes one unit takes, joined by +, such as A×2 + B",
                ),
            ),
            _out("free", "组合可售", "Free kits", "units", 10),
            NOTE,
        ),
    ),
    SheetSpec(
        "problem",
        Label("问题", "Problems"),
        "tblProblem",
        GREY,
        Label("没改好的行会先跳过，其余照常计算", "Rows listed here are skipped until mended"),
        (
            _out("number", "序", "No.", "number", 6),
            _out("sheet", "表", "Sheet", "text", 14),
            _out("row", "行", "Row", "number", 7),
            _out("column", "列", "Column", "text", 16),
            _out("found", "看到的", "Found", "long", 34),
            _out("expected", "应该是", "Expected", "long", 34),
            _out("fix", "怎么改", "What to do", "long", 50),
        ),
        freeze=0,
        by_position=True,
    ),
    SheetSpec(
        "setting",
        Label("设置", "Settings"),
        "tblSetting",
        GREY,
        Label(
            "蓝色格由你填写，留空用默认；填错会在 问题 表里说明",
            "Blue cells are yours, empty = default; mistakes are explained on Problems",
        ),
        (
            _out("group", "分组", "Group", "text", 12),
            _out("label", "设置项", "Setting", "text", 24),
            _input("value", "值", "Value", "word", 18),
            _out("unit", "单位", "Unit", "word"),
            _out("default", "默认", "Default", "word", 12),
            _out("bounds", "允许范围", "Allowed", "word", 22),
            _out("help", "说明", "What it does", "long", 62),
            _key("setting", "编号", "Id", "id", 28),
        ),
    ),
    SheetSpec(
        "history",
        Label("历史", "history"),
        "tblHistory",
        GREY,
        Label("商品卡片的图读这里", "The charts of the SKU card read this"),
        (
            KEY,
            *(
                _out(f"sold_{day}", f"销{day}天前", f"Sold {day} days ago", "units", 9)
                for day in range(PAST_DAYS, 0, -1)
            ),
            *(
                _out(f"free_{day}", f"存{day}天前", f"Free {day} days ago", "units", 9)
                for day in range(PAST_DAYS, 0, -1)
            ),
        ),
        freeze=1,
        hidden=True,
    ),
)
