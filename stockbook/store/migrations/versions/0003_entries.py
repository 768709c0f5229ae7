"""What people enter (receipts, returns, transfers, counts …), and kits the platform names."""

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
)


def upgrade() -> None:
    """Add the tables; nothing else changes."""
    for table in TABLES:
        op.execute(table)
