"""Alert states and their changes; the journal of what was done on the shop."""

from alembic import op

revision = "0004"
down_revision = "0003"

TABLES = (
    """
    CREATE TABLE alert_state (
        shop_id VARCHAR NOT NULL, sku VARCHAR NOT NULL, level VARCHAR NOT NULL,
        since INTEGER NOT NULL, better VARCHAR NOT NULL, better_since INTEGER,
        snoozed_until INTEGER, snoozed_level VARCHAR NOT NULL,
        PRIMARY KEY (shop_id, sku)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE alert_change (
        change_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, shop_id VARCHAR NOT NULL,
        sku VARCHAR NOT NULL, at INTEGER NOT NULL, old VARCHAR NOT NULL, new VARCHAR NOT NULL,
        text VARCHAR NOT NULL, told_at INTEGER
    )
    """,
    "CREATE INDEX alert_change_untold ON alert_change (shop_id, told_at)",
    """
    CREATE TABLE shop_change (
        change_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, shop_id VARCHAR NOT NULL,
        batch VARCHAR NOT NULL, shop_sku_id VARCHAR NOT NULL, product_id VARCHAR NOT NULL,
        warehouse VARCHAR NOT NULL, stock_before INTEGER NOT NULL, step INTEGER NOT NULL,
        state VARCHAR NOT NULL, answer VARCHAR NOT NULL, sent_at INTEGER NOT NULL,
        settled_at INTEGER, undoes VARCHAR NOT NULL
    )
    """,
    "CREATE INDEX shop_change_by_batch ON shop_change (shop_id, batch)",
    "CREATE INDEX shop_change_by_state ON shop_change (shop_id, state)",
)


def upgrade() -> None:
    """Add the tables; nothing else changes."""
    for table in TABLES:
        op.execute(table)
