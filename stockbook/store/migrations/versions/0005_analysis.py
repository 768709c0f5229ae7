"""Where sales came from and what refunds cost; traffic and buyer shares of imported files."""

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = (
    *(
        f"ALTER TABLE order_line ADD COLUMN {name} VARCHAR NOT NULL DEFAULT ''"
        for name in ("channel", "author_id", "author_name", "room_id", "video_id", "province")
    ),
    "ALTER TABLE order_line ADD COLUMN list_fen INTEGER",
    "ALTER TABLE after_sale ADD COLUMN refund_fen INTEGER",
    """
    CREATE TABLE traffic (
        shop_id VARCHAR NOT NULL, day VARCHAR NOT NULL, product VARCHAR NOT NULL,
        name VARCHAR NOT NULL, exposures INTEGER, clicks INTEGER, visitors INTEGER,
        buyers INTEGER, units INTEGER, amount_fen INTEGER,
        PRIMARY KEY (shop_id, day, product)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE audience (
        shop_id VARCHAR NOT NULL, kind VARCHAR NOT NULL, segment VARCHAR NOT NULL,
        place INTEGER NOT NULL, share FLOAT NOT NULL,
        PRIMARY KEY (shop_id, kind, segment)
    ) WITHOUT ROWID
    """,
)


def upgrade() -> None:
    """Add columns and tables; what is known of older lines comes when their files are read."""
    for statement in STATEMENTS:
        op.execute(statement)
