"""The first ledger: lines, moves, counts, caches, cursors."""

from alembic import op

from stockbook.store.schema import METADATA, TRIGGERS

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table, and the triggers that keep moves append-only."""
    METADATA.create_all(op.get_bind())
    for trigger in TRIGGERS.values():
        op.execute(trigger)
