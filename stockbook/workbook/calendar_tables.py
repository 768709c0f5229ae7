"""The sheet 日历: festivals, holidays, campaigns and closures, and what each did to demand."""

from __future__ import annotations

from stockbook.domain.festivals import EVENT_KINDS
from stockbook.domain.language import Label
from stockbook.workbook.columns import YES_NO, SheetSpec, computed, entered, keyed, seeded
from stockbook.workbook.look import TEAL

CALENDAR_SHEETS = (
    SheetSpec(
        "calendar",
        Label("日历", "Calendar"),
        "tblCalendar",
        TEAL,
        Label(
            "档期每年由平台公布：请改成今年的；自己的活动加一行；不要的删掉，不会再加回来",
            "The platform announces the dates each year: correct them, add your own campaigns, "
            "delete what does not concern you",
        ),
        (
            seeded("name", "事件", "Event", "text", 28),
            seeded(
                "kind",
                "类型",
                "Kind",
                "word",
                12,
                choices=tuple(EVENT_KINDS.values()),
                help=Label(
                    "公众假期：国家放假；店铺大促：平台的节；本店活动：自己的；停工停运：不发货",
                    "A public holiday, the platform's festival, your own campaign, or no shipping",
                ),
            ),
            seeded("first", "开始", "First day", "day", 12),
            seeded(
                "last",
                "结束",
                "Last day",
                "day",
                12,
                help=Label("含这一天；只有一天可以留空", "Included; empty where it is one day"),
            ),
            entered(
                "applies_to",
                "适用",
                "Applies to",
                "text",
                18,
                help=Label(
                    "类目或商家编码，用顿号隔开；留空是全部",
                    "Categories or SKUs, separated by commas; empty is all",
                ),
            ),
            seeded(
                "out_of_baseline",
                "不计入基线",
                "Leave out of baseline",
                "word",
                10,
                choices=tuple(YES_NO.values()),
                help=Label(
                    "是：这些天的销量不算平时的销量；留空：假期算，其余不算",
                    "Yes: sales of these days are no ordinary sales; empty: yes but for holidays",
                ),
            ),
            entered(
                "factor",
                "提升倍数(手填)",
                "Uplift (entered)",
                "factor",
                10,
                help=Label(
                    "填了就用它：这些天卖平时的几倍", "When filled, it wins: times the usual sales"
                ),
                low=0.05,
                high=50,
            ),
            computed(
                "uplift",
                "实测提升倍数",
                "Measured uplift",
                "factor",
                11,
                help=Label(
                    "过去同名活动的销量 ÷ 当时的平时销量", "Sales ÷ usual sales of that time"
                ),
            ),
            computed(
                "low",
                "区间下",
                "Low",
                "factor",
                9,
                help=Label("九成把握不低于、不高于", "90 % interval"),
            ),
            computed("high", "区间上", "High", "factor", 9),
            computed("basis", "依据", "Based on", "text", 34),
            seeded("note", "备注", "Note", "text", 34),
            keyed("event_id", "编号", "Id", "id", 20),
        ),
        freeze=1,
    ),
)
