"""The alerts of a ledger: states, changes of level, and what each robot is still owed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, Engine, delete, select

from stockbook.domain.alert_level import AlertLevel
from stockbook.domain.alerting import Change, State
from stockbook.domain.owed import Owed
from stockbook.store import alarms, schema

_T = schema.alert_owed
WAKING = 0  # in the place of a change: its snooze was over


class Alerts:
    """The alerts of one ledger; one call is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def note_levels(
        self,
        shop_id: str,
        levels: Mapping[str, AlertLevel],
        now: int,
        *,
        calm_seconds: int,
        texts: Mapping[str, str],
    ) -> alarms.Noted:
        """Bring the alert states up to the levels seen now [Unix s], and keep each change.

        Args:
            calm_seconds: How long a better level has to hold before it counts.
            texts: Each SKU's figures in words, kept with its change.
        """
        with self._engine.begin() as connection:
            return alarms.note_levels(
                connection, shop_id, levels, now, calm_seconds=calm_seconds, texts=texts
            )

    def states(self, shop_id: str) -> dict[str, State]:
        """Return the alert state of every SKU that was ever looked at."""
        with self._engine.begin() as connection:
            return alarms.alert_states(connection, shop_id)

    def untold(self, shop_id: str) -> list[Change]:
        """Return the changes of level that nobody was told of, oldest first."""
        with self._engine.begin() as connection:
            return alarms.untold_changes(connection, shop_id)

    def settle(
        self, shop_id: str, changes: Iterable[int], woken: Iterable[str], now: int, *, told: bool
    ) -> None:
        """Note that changes were told, or need no telling, and that snoozes were dealt with.

        Args:
            changes: Their `change_id`.
            woken: SKUs whose snooze is over.
            now: Unix s.
        """
        with self._engine.begin() as connection:
            alarms.settle_changes(connection, shop_id, changes, now if told else None)
            alarms.forget_snoozes(connection, shop_id, woken, now)

    def snooze(
        self, shop_id: str, sku: str, until: int, level: AlertLevel | None = None
    ) -> State | None:
        """Tell nothing of a SKU before `until` [Unix s], unless it becomes worse than `level`.

        Returns:
            Its state now; None, with nothing done, for a SKU that was never looked at.
        """
        with self._engine.begin() as connection:
            return alarms.snooze(connection, shop_id, sku, until, level)

    def owed(self, shop_id: str, robot: str) -> Owed:
        """Return what a robot is owed, oldest first."""
        with self._engine.begin() as connection:
            return _owed(connection, shop_id, robot)

    def owe(self, shop_id: str, robot: str, owed: Owed) -> None:
        """Note what a robot is owed from now on."""
        mine = (_T.c.shop_id == shop_id) & (_T.c.robot == robot)
        row = {"shop_id": shop_id, "robot": robot}
        rows = [row | {"sku": c.sku, "change_id": i} for i, c in owed.changes.items()]
        rows += [row | {"sku": sku, "change_id": WAKING} for sku in sorted(owed.woken)]
        with self._engine.begin() as connection:
            connection.execute(delete(_T).where(mine))
            if rows:
                connection.execute(_T.insert(), rows)


def _owed(connection: Connection, shop_id: str, robot: str) -> Owed:
    mine = (_T.c.shop_id == shop_id) & (_T.c.robot == robot)
    change = schema.alert_change
    query = select(change).join(_T, _T.c.change_id == change.c.change_id).where(mine)
    changes = map(alarms.change_of, connection.execute(query.order_by(change.c.change_id)))
    woken = connection.scalars(select(_T.c.sku).where(mine, _T.c.change_id == WAKING))
    return Owed({c.change_id: c for c in changes}, set(woken))
