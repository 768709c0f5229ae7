"""Every sheet that holds a table: its columns, in order, in both languages."""

from __future__ import annotations

from stockbook.domain.language import Label
from stockbook.workbook.calendar_tables import CALENDAR_SHEETS
from stockbook.workbook.columns import (
    DECISIONS,
    HANDLING,
    KEY,
    LEVEL,
    NOTE,
    OUT_NAME,
    REASONS,
    ZERO,
    SheetSpec,
    computed,
    entered,
    keyed,
    seeded,
)
from stockbook.workbook.ledger_tables import LEDGER_SHEETS
from stockbook.workbook.look import GREY, RED, SLATE, TEAL
from stockbook.workbook.planning_tables import PLANNING_SHEETS, REORDER_POINT
from stockbook.workbook.shop_tables import SHOP_SHEETS

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
            keyed("sku", "商家编码", "SKU", "id", 14),
            seeded("name", "商品名称", "Product", "text", 26),
            seeded("category", "类目", "Category", "word", 9),
            LEVEL,
            ZERO,
            computed("days_of_cover", "可售天数", "Days of cover", "days", 13),
            computed(
                "free",
                "可售",
                "Free",
                "units",
                9,
                help=Label(
                    "没有人占用的良品；负数是超卖", "Good stock nobody claimed; < 0 oversold"
                ),
            ),
            computed("allocated", "已付待发", "Allocated", "optional", 9),
            computed("held", "未付占用", "Held", "optional", 9),
            computed("locked", "活动锁定", "Locked", "optional", 9),
            computed(
                "in_transit",
                "在途",
                "In transit",
                "optional",
                9,
                help=Label("供应商已发出、还没到", "Shipped by the supplier, not here yet"),
            ),
            computed("on_order", "已订未发", "On order", "optional", 9),
            computed(
                "on_hand",
                "在库良品",
                "On hand",
                "units",
                9,
                help=Label(
                    "可售 + 未付占用 + 已付待发 + 活动锁定", "Free + held + allocated + locked"
                ),
            ),
            computed("sales_7d_mean", "近7日日均", "Mean of 7 days", "mean", 9),
            REORDER_POINT,
            computed(
                "suggested",
                "建议补货",
                "Suggested order",
                "optional",
                help=Label(
                    "现在该下单的件数，已按起订量和箱规取整", "Units to order, MOQ and packs kept"
                ),
            ),
            seeded("price", "售价(元)", "Price (CNY)", "money", low=0),
            entered("supplier", "主供应商", "Main supplier", "text", 16),
            entered("unit_cost", "进价(元)", "Unit cost (CNY)", "money", low=0),
            entered(
                "lead_time_days",
                "补货周期(天)",
                "Lead time (days)",
                "days",
                help=Label("从下单到能卖，平均几天", "Mean days from order to bookable"),
                low=0,
                high=365,
            ),
            entered(
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
            entered(
                "emergency_hours",
                "应急到货(小时)",
                "Emergency (hours)",
                "hours",
                help=Label("最快的供货方几小时能到", "Hours of the fastest source"),
                low=0,
                high=720,
            ),
            entered("moq", "起订量", "MOQ", "units", 8, low=0),
            entered("pack_size", "箱规", "Pack size", "units", 8, low=1),
            entered(
                "counted_on_hand",
                "盘点数量",
                "Counted",
                "units",
                help=Label(
                    "主仓盘到的良品总数，含已付待发和被占用的",
                    "Good units in the main warehouse, allocated and held ones included",
                ),
                low=0,
            ),
            entered(
                "counted_at",
                "盘点时间",
                "Counted at",
                "instant",
                18,
                help=Label("北京时间，如 2026-03-01 9:30", "Beijing time, such as 2026-03-01 9:30"),
            ),
            entered(
                "count_reason",
                "差异原因",
                "Count reason",
                "word",
                12,
                choices=REASONS,
                help=Label(
                    "再次盘点和账上不一样时为什么", "Why a later count differs from the books"
                ),
            ),
            entered(
                "publish_buffer",
                "发布余量",
                "Keep back",
                "units",
                9,
                help=Label(
                    "发布到店铺时留这么多件；留空用 设置 里的",
                    "Units not published to the shop; empty = as in Settings",
                ),
                low=0,
            ),
            computed("shop_sku_id", "平台SKU编号", "Shop SKU id", "id", 20),
            NOTE,
        ),
        bars=(("days_of_cover", 30),),
        legend=4,
        typed_key=True,
        advice=("suggested",),
    ),
    *PLANNING_SHEETS,
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
            computed("supplier", "供应商", "Supplier", "text", 16),
            computed("order_by", "最晚下单", "Order by", "time", 15),
            computed("quantity", "建议数量", "Quantity", "units"),
            computed("moq", "起订量", "MOQ", "optional", 8),
            computed("pack_size", "箱规", "Pack size", "optional", 7),
            computed("unit_cost", "进价(元)", "Unit cost (CNY)", "money"),
            computed("amount", "金额(元)", "Amount (CNY)", "money", 13),
            ZERO,
            computed(
                "arrival",
                "预计到货(九成)",
                "Arrival (p90)",
                "date",
                14,
                help=Label("九成把握在这天之前到", "Arrives by then nine times in ten"),
            ),
            computed("why", "为什么", "Why", "text", 42),
            entered("decision", "处理", "Decision", "word", choices=tuple(DECISIONS.values())),
            entered("confirmed", "确认数量", "Confirmed", "units", low=0),
            NOTE,
        ),
        advice=("order_by", "quantity", "amount", "arrival"),
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
            computed("free", "可售", "Free", "units", 9),
            computed("reason", "原因", "Reason", "text", 54),
            computed("action", "建议动作", "Action", "text", 34),
            computed("deadline", "最晚时间", "Deadline", "time", 15),
            entered("handled", "处理", "Handled", "word", choices=tuple(HANDLING.values())),
            entered("owner", "处理人", "Owner", "word", 9),
            NOTE,
        ),
        advice=("action", "deadline"),
    ),
    *LEDGER_SHEETS,
    *SHOP_SHEETS,
    *CALENDAR_SHEETS,
    SheetSpec(
        "problem",
        Label("问题", "Problems"),
        "tblProblem",
        GREY,
        Label("没改好的行会先跳过，其余照常计算", "Rows listed here are skipped until mended"),
        (
            computed("number", "序", "No.", "number", 6),
            computed("sheet", "表", "Sheet", "text", 14),
            computed("row", "行", "Row", "number", 7),
            computed("column", "列", "Column", "text", 16),
            computed("found", "看到的", "Found", "long", 34),
            computed("expected", "应该是", "Expected", "long", 34),
            computed("fix", "怎么改", "What to do", "long", 50),
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
            computed("group", "分组", "Group", "text", 12),
            computed("label", "设置项", "Setting", "text", 24),
            entered("value", "值", "Value", "word", 18),
            computed("unit", "单位", "Unit", "word"),
            computed("default", "默认", "Default", "word", 12),
            computed("bounds", "允许范围", "Allowed", "word", 32),
            computed("help", "说明", "What it does", "long", 62),
            keyed("setting", "编号", "Id", "id", 28),
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
                computed(f"sold_{day}", f"销{day}天前", f"Sold {day} days ago", "units", 9)
                for day in range(PAST_DAYS, 0, -1)
            ),
            *(
                computed(f"free_{day}", f"存{day}天前", f"Free {day} days ago", "units", 9)
                for day in range(PAST_DAYS, 0, -1)
            ),
        ),
        freeze=1,
        hidden=True,
    ),
)
