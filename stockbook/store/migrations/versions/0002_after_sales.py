"""After-sales, components of kits, and warehouses of places."""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    """
    CREATE TABLE after_sale (
        shop_id VARCHAR NOT NULL, after_sale_id VARCHAR NOT NULL, line_id VARCHAR NOT NULL,
        order_id VARCHAR NOT NULL, kind INTEGER NOT NULL, status INTEGER NOT NULL,
        quantity INTEGER NOT NULL, refund_status INTEGER, shop_sku_id VARCHAR NOT NULL,
        applied_at INTEGER, updated_at INTEGER NOT NULL, status_rank INTEGER NOT NULL,
        PRIMARY KEY (shop_id, after_sale_id)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX ix_after_sale_line_id ON after_sale (line_id)",
    """
    CREATE TABLE component (
        shop_id VARCHAR NOT NULL, shop_sku_id VARCHAR NOT NULL, sku VARCHAR NOT NULL,
        units INTEGER NOT NULL, PRIMARY KEY (shop_id, shop_sku_id, sku),
        CONSTRAINT units_positive CHECK (units > 0)
    ) WITHOUT ROWID
    """,
    "ALTER TABLE line_place RENAME TO line_place_0001",
    """
    CREATE TABLE line_place (
        shop_id VARCHAR NOT NULL, line_id VARCHAR NOT NULL, warehouse VARCHAR NOT NULL,
        sku VARCHAR NOT NULL, bucket VARCHAR NOT NULL, quantity INTEGER NOT NULL,
        PRIMARY KEY (shop_id, line_id, warehouse, sku, bucket)
    ) WITHOUT ROWID
    """,
    """
    INSERT INTO line_place (shop_id, line_id, warehouse, sku, bucket, quantity)
    SELECT p.shop_id, p.line_id, l.warehouse, p.sku, p.bucket, p.quantity
    FROM line_place_0001 AS p JOIN order_line AS l USING (shop_id, line_id)
    """,
    "DROP TABLE line_place_0001",
    "ALTER TABLE order_line RENAME COLUMN posted_sku TO posted_as",
    "UPDATE order_line SET posted_as = json_array(json_array(posted_as, 1))",
)


def upgrade() -> None:
    """Keep every line, move and place."""
    for statement in STATEMENTS:
        op.execute(statement)
