"""The ledger's tables. Moves are facts; `balance`, `line_place` and `daily_demand` are caches."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

METADATA = MetaData()

order_line = Table(
    "order_line",
    METADATA,
    Column("shop_id", String, primary_key=True),
    Column("line_id", String, primary_key=True),
    Column("order_id", String, nullable=False, index=True),
    Column("shop_sku_id", String, nullable=False, index=True),
    Column("product_id", String, nullable=False, default=""),
    Column("sku", String, nullable=False, default=""),
    Column("quantity", Integer, nullable=False),
    Column("status", Integer, nullable=False),
    Column("main_status", Integer),
    Column("reduce_stock_type", Integer),
    Column("shipped_quantity", Integer),
    Column("warehouse", String, nullable=False, default=""),
    Column("created_at", Integer),
    Column("paid_at", Integer),
    Column("shipped_at", Integer),
    Column("finished_at", Integer),
    Column("pay_amount_fen", Integer),
    Column("cancel_reason", String, nullable=False, default=""),
    Column("after_sale_type", Integer),
    Column("after_sale_status", Integer),
    Column("refund_status", Integer),
    # Of where a sale came from a newer snapshot may tell less: what is known stays.
    *(
        Column(name, String, nullable=False, default="", info={"kept": True})
        for name in ("channel", "author_id", "author_name", "room_id", "video_id")
    ),
    Column("list_fen", Integer, info={"kept": True}),
    Column("province", String, nullable=False, default="", info={"kept": True}),
    Column("updated_at", Integer, nullable=False),
    Column("status_rank", Integer, nullable=False),
    Column("left_at", Integer),
    Column("posted_as", String, nullable=False),  # JSON: [[sku, units in one], …]
    Column("demand_on", String),
    Column("demand_units", Integer, nullable=False, default=0),
    sqlite_with_rowid=False,
)
after_sale = Table(
    "after_sale",
    METADATA,
    Column("shop_id", String, primary_key=True),
    Column("after_sale_id", String, primary_key=True),
    Column("line_id", String, nullable=False, index=True),
    Column("order_id", String, nullable=False),
    Column("kind", Integer, nullable=False),
    Column("status", Integer, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("refund_status", Integer),
    Column("shop_sku_id", String, nullable=False),
    Column("applied_at", Integer),
    Column("refund_fen", Integer),
    Column("sent_at", Integer),
    Column("updated_at", Integer, nullable=False),
    Column("status_rank", Integer, nullable=False),
    sqlite_with_rowid=False,
)
component = Table(
    "component",
    METADATA,
    Column("shop_id", String, primary_key=True),
    Column("shop_sku_id", String, primary_key=True),
    Column("sku", String, primary_key=True),
    Column("units", Integer, nullable=False),
    CheckConstraint("units > 0", name="units_positive"),
    sqlite_with_rowid=False,
)
warehouse = Table(  # every warehouse that orders name; what is not kept apart is the main one
    "warehouse",
    METADATA,
    Column("shop_id", String, primary_key=True),
    Column("warehouse", String, primary_key=True),
    Column("kept_apart", Integer, nullable=False),
    sqlite_with_rowid=False,
)
kit_hint = Table(  # platform SKUs that the platform itself calls kits, without saying of what
    "kit_hint",
    METADATA,
    Column("shop_id", String, primary_key=True),
    Column("shop_sku_id", String, primary_key=True),
    sqlite_with_rowid=False,
)
sku_map = Table(
    "sku_map",
    METADATA,
    Column("shop_id", String, primary_key=True),
    Column("shop_sku_id", String, primary_key=True),
    Column("product_id", String, nullable=False),
    Column("sku", String, nullable=False),
    Column("name", String, nullable=False),
    Column("category", String, nullable=False),
    Column("price_fen", Integer),
    Column("stock", Integer),
    Column("created_at", Integer),
    sqlite_with_rowid=False,
)
stock_move = Table(
    "stock_move",
    METADATA,
    Column("move_id", Integer, primary_key=True, autoincrement=True),
    Column("shop_id", String, nullable=False),
    Column("warehouse", String, nullable=False),
    Column("sku", String, nullable=False),
    Column("source", String, nullable=False),
    Column("target", String, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("cause", String, nullable=False),
    Column("reference", String, nullable=False),
    Column("effective_at", Integer, nullable=False),
    Column("posted_at", Integer, nullable=False),
    CheckConstraint("quantity > 0", name="quantity_positive"),
    CheckConstraint("source <> target", name="buckets_differ"),
    Index("stock_move_by_sku", "shop_id", "warehouse", "sku", "effective_at"),
    sqlite_autoincrement=True,
)
stock_count = Table(
    "stock_count",
    METADATA,
    Column("shop_id", String, primary_key=True),
    Column("warehouse", String, primary_key=True),
    Column("sku", String, primary_key=True),
    Column("effective_at", Integer, primary_key=True),
    Column("on_hand", Integer, nullable=False),
    Column("reason", String, nullable=False),
    Column("variance", Integer, nullable=False),
    sqlite_with_rowid=False,
)
entry = Table(
    "entry",
    METADATA,
    Column("shop_id", String, primary_key=True),
    Column("entry_id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("sku", String, nullable=False),
    Column("units", Integer, nullable=False),
    Column("effective_at", Integer, nullable=False),
    Column("warehouse", String, nullable=False),
    Column("defective", Integer, nullable=False),
    Column("to_warehouse", String, nullable=False),
    Column("reference", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("posted_at", Integer, nullable=False),
    sqlite_with_rowid=False,
)
balance = Table(
    "balance",
    METADATA,
    Column("shop_id", String, primary_key=True),
    Column("warehouse", String, primary_key=True),
    Column("sku", String, primary_key=True),
    Column("bucket", String, primary_key=True),
    Column("quantity", Integer, nullable=False),
    sqlite_with_rowid=False,
)
line_place = Table(
    "line_place",
    METADATA,
    Column("shop_id", String, primary_key=True),
    Column("line_id", String, primary_key=True),
    Column("warehouse", String, primary_key=True),
    Column("sku", String, primary_key=True),
    Column("bucket", String, primary_key=True),
    Column("quantity", Integer, nullable=False),
    sqlite_with_rowid=False,
)
daily_demand = Table(
    "daily_demand",
    METADATA,
    Column("shop_id", String, primary_key=True),
    Column("sku", String, primary_key=True),
    Column("day", String, primary_key=True),
    Column("units", Integer, nullable=False),
    sqlite_with_rowid=False,
)
cursor = Table(
    "cursor",
    METADATA,
    Column("shop_id", String, primary_key=True),
    Column("stream", String, primary_key=True),
    Column("until", Integer, nullable=False),
    UniqueConstraint("shop_id", "stream"),
    sqlite_with_rowid=False,
)
alert_state = Table(  # of each SKU: the level that holds, and the better one that may follow
    "alert_state",
    METADATA,
    Column("shop_id", String, primary_key=True),
    Column("sku", String, primary_key=True),
    Column("level", String, nullable=False),
    Column("since", Integer, nullable=False),
    Column("better", String, nullable=False),  # "" where none waits
    Column("better_since", Integer),
    Column("snoozed_until", Integer),
    Column("snoozed_level", String, nullable=False),
    sqlite_with_rowid=False,
)
alert_change = Table(
    "alert_change",
    METADATA,
    Column("change_id", Integer, primary_key=True, autoincrement=True),
    Column("shop_id", String, nullable=False),
    Column("sku", String, nullable=False),
    Column("at", Integer, nullable=False),
    Column("old", String, nullable=False),
    Column("new", String, nullable=False),
    Column("text", String, nullable=False),
    Column("told_at", Integer),
    Index("alert_change_untold", "shop_id", "told_at"),
    sqlite_autoincrement=True,
)
alert_owed = Table(  # what a robot missed while another took it
    "alert_owed",
    METADATA,
    Column("shop_id", String, primary_key=True),
    Column("robot", String, primary_key=True),  # a fingerprint of its address
    Column("sku", String, primary_key=True),
    Column("change_id", Integer, primary_key=True),  # 0: its snooze was over
    sqlite_with_rowid=False,
)
shop_change = Table(  # the journal: what was sent to the shop, written before it is sent
    "shop_change",
    METADATA,
    Column("change_id", Integer, primary_key=True, autoincrement=True),
    Column("shop_id", String, nullable=False),
    Column("batch", String, nullable=False),  # the idempotent id
    Column("shop_sku_id", String, nullable=False),
    Column("product_id", String, nullable=False),
    Column("warehouse", String, nullable=False),
    Column("stock_before", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    Column("state", String, nullable=False),  # sending, done, refused, superseded
    Column("answer", String, nullable=False),
    Column("sent_at", Integer, nullable=False),
    Column("settled_at", Integer),
    Column("undoes", String, nullable=False),  # the batch that it takes back, or ""
    Index("shop_change_by_batch", "shop_id", "batch"),
    Index("shop_change_by_state", "shop_id", "state"),
    sqlite_autoincrement=True,
)
traffic = Table(  # of imported files: what a product was shown and how it sold on one day
    "traffic",
    METADATA,
    Column("shop_id", String, primary_key=True),
    Column("day", String, primary_key=True),
    Column("product", String, primary_key=True),  # the product's id, or its name without one
    Column("name", String, nullable=False),
    *(Column(name, Integer) for name in ("exposures", "clicks", "visitors", "buyers", "units")),
    Column("amount_fen", Integer),
    sqlite_with_rowid=False,
)
audience = Table(  # of imported files: shares of buyers, never single ones
    "audience",
    METADATA,
    Column("shop_id", String, primary_key=True),
    Column("kind", String, primary_key=True),  # gender, age, city_tier, province …
    Column("segment", String, primary_key=True),
    Column("place", Integer, nullable=False),  # its place in the file
    Column("share", Float, nullable=False),
    sqlite_with_rowid=False,
)
TRIGGERS = {
    f"stock_move_no_{verb.lower()}": (
        f"CREATE TRIGGER stock_move_no_{verb.lower()} BEFORE {verb} ON stock_move "
        "BEGIN SELECT RAISE(ABORT, 'stock moves are append-only'); END"
    )
    for verb in ("UPDATE", "DELETE")
}
