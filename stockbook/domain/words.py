"""What people call buckets, entries and the causes of moves, in both languages."""

from __future__ import annotations

from stockbook.domain.language import Label
from stockbook.domain.records import Bucket, EntryKind

BUCKETS = {
    Bucket.FREE: Label("可售", "free"),
    Bucket.HELD: Label("未付占用", "held"),
    Bucket.ALLOCATED: Label("已付待发", "allocated"),
    Bucket.LOCKED: Label("活动锁定", "locked"),
    Bucket.DEFECTIVE: Label("次品", "defective"),
    Bucket.RETURNING: Label("退货在途", "returning"),
    Bucket.ON_ORDER: Label("已订未发", "on order"),
    Bucket.IN_TRANSIT: Label("在途", "in transit"),
    Bucket.CUSTOMER: Label("顾客", "customer"),
    Bucket.SUPPLIER: Label("供应商", "supplier"),
    Bucket.ADJUSTMENT: Label("调整", "adjustment"),
}
ENTRY_KINDS = {
    EntryKind.RECEIPT: Label("收货", "Receipt"),
    EntryKind.RETURN: Label("退货入库", "Return"),
    EntryKind.REFUSED: Label("拒收退回", "Refused parcel"),
    EntryKind.TRANSFER: Label("调拨", "Transfer"),
    EntryKind.DEFECT: Label("转次品", "To defective"),
    EntryKind.SCRAP: Label("次品出库", "Scrap"),
    EntryKind.CORRECTION: Label("调整", "Correction"),
    EntryKind.COUNT: Label("盘点", "Count"),
    EntryKind.VOID: Label("作废", "Void"),
}
CHOICES = {  # ways to forecast, as people choose them
    "auto": Label("自动", "Auto"),
    "wma": Label("加权移动平均", "Moving average"),
    "ses": Label("指数平滑", "Exp. smoothing"),
    "dow_ses": Label("星期指数平滑", "Weekday smoothing"),
    "hw": Label("霍尔特-温特斯", "Holt-Winters"),
    "croston": Label("克罗斯顿", "Croston"),
    "tsb": Label("TSB 间断需求", "TSB intermittent"),
    "blend": Label("混合", "Blend"),
    "naive": Label("朴素法", "Naive"),
}
METHODS = CHOICES | {  # and those that only StockBook chooses
    "wma_long": Label("长期移动平均", "Long moving average"),
    "ramp": Label("新品爬坡", "New-product ramp"),
    "ets": Label("ETS 时间序列", "ETS"),
    "sarimax": Label("SARIMAX 时间序列", "SARIMAX"),
    "ml": Label("机器学习", "Machine learning"),
}
RULES = {  # ways to set levels
    "quantile": Label("按把握", "quantile"),
    "normal": Label("按波动", "normal"),
    "days": Label("按天数", "days"),
}
CAUSES = {"order": Label("订单", "order")} | {
    kind.value: label for kind, label in ENTRY_KINDS.items()
}
