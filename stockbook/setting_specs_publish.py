"""The settings of publishing stock to the shop, as the arguments of `SettingSpec`."""

from __future__ import annotations

from stockbook.domain.language import Label

PUBLISH = Label("发布库存", "Publishing")
UNITS, SECONDS = Label("件", "units"), Label("秒", "seconds")
PUBLISH_SPECS: tuple[tuple[str, Label, Label, Label, Label, float, float], ...] = (
    (
        "publish.buffer_units",
        PUBLISH,
        Label("发布余量", "Units kept back"),
        UNITS,
        Label(
            "每个商品留这么多件不发布；和下一行的比例取大的；商品 表里填了 发布余量 的以它为准",
            "kept back of each SKU; the larger of this and the share below; an entry on SKUs wins",
        ),
        0,
        1_000_000,
    ),
    (
        "publish.buffer_share",
        PUBLISH,
        Label("发布余量比例", "Share kept back"),
        Label("比例", "share"),
        Label("可售的这一部分不发布", "this share of free is not published"),
        0,
        1,
    ),
    (
        "publish.settle_seconds",
        PUBLISH,
        Label("发布前等待", "Wait before publishing"),
        SECONDS,
        Label(
            "读完平台库存后等这么久再拉订单，让刚下的单都查得到；直播爆单时可加大",
            "between reading the shop's stock and its orders, so that fresh ones can be seen",
        ),
        0,
        120,
    ),
)
