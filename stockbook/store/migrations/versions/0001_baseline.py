"""The first ledger: lines, moves, counts, caches, cursors."""

from alembic import op

revision = "0001"
down_revision = None

TABLES = (
    """
    CREATE TABLE balance (shop_id VARCHAR NOT NULL, warehouse VARCHAR NOT NULL, sku
    VARCHAR NOT NULL, bucket VARCHAR NOT NULL, quantity INTEGER NOT NULL, PRIMARY KEY
    (shop_id, warehouse, sku, bucket)) WITHOUT ROWID
    """,
    """
    CREATE TABLE cursor (shop_id VARCHAR NOT NULL, stream VARCHAR NOT NULL, until INTEGER
    NOT NULL, PRIMARY KEY (shop_id, stream), UNIQUE (shop_id, stream)) WITHOUT ROWID
    """,
    """
    CREATE TABLE daily_demand (shop_id VARCHAR NOT NULL, sku VARCHAR NOT NULL, day VARCHAR
    NOT NULL, units INTEGER NOT NULL, PRIMARY KEY (shop_id, sku, day)) WITHOUT ROWID
    """,
    """
    CREATE TABLE line_place (shop_id VARCHAR NOT NULL, line_id VARCHAR NOT NULL, sku
    VARCHAR NOT NULL, bucket VARCHAR NOT NULL, quantity INTEGER NOT NULL, PRIMARY KEY
    (shop_id, line_id, sku, bucket)) WITHOUT ROWID
    """,
    """
    CREATE TABLE order_line (shop_id VARCHAR NOT NULL, line_id VARCHAR NOT NULL, order_id
    VARCHAR NOT NULL, shop_sku_id VARCHAR NOT NULL, product_id VARCHAR NOT NULL, sku
    VARCHAR NOT NULL, quantity INTEGER NOT NULL, status INTEGER NOT NULL, main_status
    INTEGER, reduce_stock_type INTEGER, shipped_quantity INTEGER, warehouse VARCHAR NOT
    NULL, created_at INTEGER, paid_at INTEGER, shipped_at INTEGER, finished_at INTEGER,
    pay_amount_fen INTEGER, cancel_reason VARCHAR NOT NULL, after_sale_type INTEGER,
    after_sale_status INTEGER, refund_status INTEGER, updated_at INTEGER NOT NULL,
    status_rank INTEGER NOT NULL, posted_sku VARCHAR NOT NULL, demand_on VARCHAR,
    demand_units INTEGER NOT NULL, PRIMARY KEY (shop_id, line_id)) WITHOUT ROWID
    """,
    """
    CREATE INDEX ix_order_line_order_id ON order_line (order_id)
    """,
    """
    CREATE INDEX ix_order_line_shop_sku_id ON order_line (shop_sku_id)
    """,
    """
    CREATE TABLE sku_map (shop_id VARCHAR NOT NULL, shop_sku_id VARCHAR NOT NULL,
    product_id VARCHAR NOT NULL, sku VARCHAR NOT NULL, name VARCHAR NOT NULL, category
    VARCHAR NOT NULL, price_fen INTEGER, stock INTEGER, created_at INTEGER, PRIMARY KEY
    (shop_id, shop_sku_id)) WITHOUT ROWID
    """,
    """
    CREATE TABLE stock_count (shop_id VARCHAR NOT NULL, warehouse VARCHAR NOT NULL, sku
    VARCHAR NOT NULL, effective_at INTEGER NOT NULL, on_hand INTEGER NOT NULL, reason
    VARCHAR NOT NULL, variance INTEGER NOT NULL, PRIMARY KEY (shop_id, warehouse, sku,
    effective_at)) WITHOUT ROWID
    """,
    """
    CREATE TABLE stock_move (move_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, shop_id
    VARCHAR NOT NULL, warehouse VARCHAR NOT NULL, sku VARCHAR NOT NULL, source VARCHAR NOT
    NULL, target VARCHAR NOT NULL, quantity INTEGER NOT NULL, cause VARCHAR NOT NULL,
    reference VARCHAR NOT NULL, effective_at INTEGER NOT NULL, posted_at INTEGER NOT NULL,
    CONSTRAINT quantity_positive CHECK (quantity > 0), CONSTRAINT buckets_differ CHECK
    (source <> target))
    """,
    """
    CREATE INDEX stock_move_by_sku ON stock_move (shop_id, warehouse, sku, effective_at)
    """,
)
GUARDS = tuple(
    f"CREATE TRIGGER stock_move_no_{verb.lower()} BEFORE {verb} ON stock_move "
    "BEGIN SELECT RAISE(ABORT, 'stock moves are append-only'); END"
    for verb in ("UPDATE", "DELETE")
)


def upgrade() -> None:
    """Make every table, and the triggers that keep moves append-only."""
    for statement in (*TABLES, *GUARDS):
        op.execute(statement)
