"""What people enter (receipts, counts …), kits the platform names, warehouses."""

from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = (
    """
    CREATE TABLE entry (
        shop_id VARCHAR NOT NULL, entry_id VARCHAR NOT NULL, kind VARCHAR NOT NULL,
        sku VARCHAR NOT NULL, units INTEGER NOT NULL, effective_at INTEGER NOT NULL,
        warehouse VARCHAR NOT NULL, defective INTEGER NOT NULL, to_warehouse VARCHAR NOT NULL,
        reference VARCHAR NOT NULL, reason VARCHAR NOT NULL, posted_at INTEGER NOT NULL,
        PRIMARY KEY (shop_id, entry_id)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE kit_hint (
        shop_id VARCHAR NOT NULL, shop_sku_id VARCHAR NOT NULL,
        PRIMARY KEY (shop_id, shop_sku_id)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE warehouse (
        shop_id VARCHAR NOT NULL, warehouse VARCHAR NOT NULL, kept_apart INTEGER NOT NULL,
        PRIMARY KEY (shop_id, warehouse)
    ) WITHOUT ROWID
    """,
    # Where an earlier version put units into warehouses, they stay apart.
    """
    INSERT INTO warehouse (shop_id, warehouse, kept_apart)
    SELECT DISTINCT shop_id, warehouse, 1 FROM balance WHERE warehouse <> ''
    """,
    "ALTER TABLE order_line ADD COLUMN left_at INTEGER",
    "ALTER TABLE after_sale ADD COLUMN sent_at INTEGER",
    # What left did so when its newest snapshot says.
    """
    UPDATE order_line SET left_at = coalesce(shipped_at, updated_at)
    WHERE (shop_id, line_id) IN (
        SELECT shop_id, line_id FROM line_place WHERE bucket IN ('customer', 'returning')
    )
    """,
    """
    UPDATE after_sale SET sent_at = updated_at
    WHERE (shop_id, 'as:' || after_sale_id) IN (
        SELECT shop_id, line_id FROM line_place WHERE bucket = 'customer'
    )
    """,
)


def upgrade() -> None:
    """Add the tables; nothing else changes."""
    for table in TABLES:
        op.execute(table)
