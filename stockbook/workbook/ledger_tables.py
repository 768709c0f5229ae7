"""The sheets around the ledger: what people enter, what a platform SKU is, and every movement."""

from __future__ import annotations

from stockbook.domain.language import Label
from stockbook.domain.words import ENTRY_KINDS
from stockbook.workbook.columns import (
    KEY,
    NOTE,
    OUT_NAME,
    REASONS,
    SheetSpec,
    computed,
    entered,
    keyed,
)
from stockbook.workbook.look import SLATE, TEAL

LEDGER_SHEETS = (
    SheetSpec(
        "entry",
        Label("收货与盘点", "Receiving and counts"),
        "tblEntry",
        TEAL,
        Label(
            "一行一笔；改了按差额更正；不要了把类型改成 作废，删行不会撤销记账",
            "One row an event; changed rows post their difference; void a row by its type, "
            "deleting it undoes nothing",
        ),
        (
            entered(
                "at",
                "时间",
                "When",
                "instant",
                18,
                help=Label(
                    "北京时间，如 2026-03-01 9:30；盘点是数完的那一刻",
                    "Beijing time, such as 2026-03-01 9:30; of a count, when it was done",
                ),
            ),
            entered(
                "kind",
                "类型",
                "What",
                "word",
                12,
                choices=tuple(ENTRY_KINDS.values()),
                help=Label(
                    "收货：供应商到货；退货入库：平台上有退货单；拒收退回：没有退货单的包裹；盘点：数到的良品",
                    "Receipt: from a supplier; Return: the platform knows of it; Refused parcel: "
                    "it does not; Count: good units counted",
                ),
            ),
            entered("sku", "商家编码", "SKU", "id", 16),
            entered(
                "units",
                "数量",
                "Units",
                "units",
                9,
                help=Label(
                    "含次品；调整写增减（减少写负数）；盘点写在库良品总数（含已付待发和被占用的）",
                    "Defective ones included; of a correction, more (+) or less (−); of a count, "
                    "all good units, allocated and held ones included",
                ),
            ),
            entered("defective", "其中次品", "Defective", "optional", 9, low=0),
            entered(
                "warehouse",
                "仓库",
                "Warehouse",
                "id",
                12,
                help=Label(
                    "设置 里登记的分仓编号；主仓留空",
                    "One kept apart in Settings; empty is the main",
                ),
            ),
            entered("to_warehouse", "调入仓库", "To warehouse", "id", 12),
            entered("reference", "单号", "Document", "id", 20),
            entered(
                "reason",
                "原因",
                "Reason",
                "word",
                12,
                choices=REASONS,
                help=Label(
                    "调整必填；盘点有差异也要填", "Corrections, and counts that differ, need one"
                ),
            ),
            entered("owner", "经手人", "By", "word", 9),
            computed("status", "状态", "State", "state", 30),
            OUT_NAME,
            NOTE,
            keyed("entry_id", "编号", "Number", "id", 12),
        ),
        freeze=0,
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
            keyed("shop_sku_id", "平台SKU编号", "Shop SKU id", "id", 22),
            OUT_NAME,
            computed("code", "平台商家编码", "Code in the shop", "id", 16),
            entered(
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
            computed("free", "组合可售", "Free kits", "units", 10),
            NOTE,
        ),
    ),
    SheetSpec(
        "movement",
        Label("库存流水", "Stock movements"),
        "tblMovement",
        SLATE,
        Label(
            "在库良品：期初 + 各项 = 期末；从起点算起，起点不早于第一次盘点",
            "Good units in the house: opening + all columns = closing, from the first count on",
        ),
        (
            KEY,
            OUT_NAME,
            computed("since", "起点", "From", "instant", 18),
            computed("opening", "期初在库", "Opening", "units", 10),
            computed("received", "收货", "Received", "optional", 9),
            computed("returned", "退货入库", "Returned", "optional", 9),
            computed("shipped", "发货", "Shipped", "optional", 9),
            computed("spoiled", "转次品", "To defective", "optional", 9),
            computed("adjusted", "调整", "Corrected", "optional", 9),
            computed("counted", "盘点差异", "Count variance", "optional", 9),
            computed("closing", "期末在库", "Closing", "units", 10),
            computed("free", "可售", "Free", "units", 9),
            computed("defective", "次品", "Defective", "optional", 9),
            computed("returning", "退货在途", "Returning", "optional", 9),
            NOTE,
        ),
    ),
    SheetSpec(
        "trace",
        Label("追溯", "Trace"),
        "tblTrace",
        SLATE,
        Label(
            "先在 商品卡片 选商品，再点 追溯：最近的每一笔，最新的在上面",
            "Choose a product on SKU card, then press Trace: its latest moves, newest first",
        ),
        (
            computed("at", "时间", "When", "instant", 18),
            computed("sku", "商家编码", "SKU", "id", 16),
            computed("cause", "事由", "Cause", "word", 11),
            computed("source", "从", "From", "word", 11),
            computed("target", "到", "To", "word", 11),
            computed("units", "件数", "Units", "units", 9),
            computed(
                "free",
                "之后可售",
                "Free after",
                "units",
                10,
                help=Label("全部仓库加起来", "Over all warehouses"),
            ),
            computed("warehouse", "仓库", "Warehouse", "id", 12),
            computed("reference", "凭据", "Record", "id", 26),
            computed("posted_at", "记账时间", "Posted at", "instant", 18),
        ),
        freeze=2,
        by_position=True,
    ),
)
