"""What a robot missed while another took it is kept over a restart."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the table, empty."""
    op.execute(
        """
        CREATE TABLE alert_owed (
            shop_id VARCHAR NOT NULL, robot VARCHAR NOT NULL, sku VARCHAR NOT NULL,
            change_id INTEGER NOT NULL,
            PRIMARY KEY (shop_id, robot, sku, change_id)
        ) WITHOUT ROWID
        """
    )
