"""The sheet of the shop's own stock: what it shows, what it should show, and why they differ."""

from __future__ import annotations

from stockbook.domain.language import Label
from stockbook.workbook.columns import SheetSpec, computed
from stockbook.workbook.look import SLATE

SHOP_SHEETS = (
    SheetSpec(
        "shop_stock",
        Label("店铺库存", "Shop stock"),
        "tblShopStock",
        SLATE,
        Label(
            "stockbook reconcile 对账，publish 发布；只发增减量，没点 发布 之前店铺不会变",
            "stockbook reconcile compares, publish sends increments; nothing changes before that",
        ),
        (
            computed("sku", "商家编码", "SKU", "id", 16),
            computed("shop_sku_id", "平台SKU编号", "Shop SKU id", "id", 22),
            computed("warehouse", "仓库", "Warehouse", "id", 12),
            computed(
                "spot",
                "平台现货",
                "Shop spot",
                "units",
                10,
                help=Label("平台上现在能买的，不含活动", "Can be bought now, activities apart"),
            ),
            computed(
                "activity",
                "活动",
                "Activity",
                "optional",
                8,
                help=Label("被平台活动占着的库存", "Set aside for the platform's activities"),
            ),
            computed(
                "prehold",
                "占用",
                "Prehold",
                "optional",
                8,
                help=Label("平台上被未完成订单占着的", "Taken by orders that are not through yet"),
            ),
            computed(
                "step_stock",
                "阶梯",
                "Presale",
                "optional",
                8,
                help=Label("预售库存，StockBook 从不改它", "Presale stock; never touched"),
            ),
            computed(
                "book",
                "账面可售",
                "Free in books",
                "units",
                10,
                help=Label(
                    "账本里的可售；组合按最缺的组成算",
                    "Free in the ledger; of a kit what its scarcest component allows",
                ),
            ),
            computed(
                "target",
                "应发布",
                "Should show",
                "units",
                10,
                help=Label(
                    "平台现货应该是多少：扣掉余量和活动，几个链接共用的分着给",
                    "What spot should be: buffer and activities off, shared stock split",
                ),
            ),
            computed("step", "增量", "Increment", "optional", 9),
            computed(
                "difference",
                "差异",
                "Difference",
                "optional",
                9,
                help=Label("平台现货 + 活动 − 账面可售", "Shop spot + activity − free in books"),
            ),
            computed("cause", "可能原因", "Likely cause", "long", 50),
            computed("result", "结果", "Result", "text", 30),
            computed("at", "时间", "When", "instant", 18),
        ),
        freeze=2,
        by_position=True,
    ),
)
