"""The alerts of a ledger: states, changes of level, and what each robot is still owed.

A change is settled (`told_at`) when a webhook took it, or with 0 where nobody needs to hear of it.
Between the webhook's answer and that note a kill makes one message come twice: at least once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, bindparam, delete, select, update

from stockbook.domain.alert_level import AlertLevel
from stockbook.domain.alerting import Change, State, step
from stockbook.domain.owed import Owed
from stockbook.store import schema
from stockbook.store.writing import many, upsert

_OWED = schema.alert_owed
WAKING = 0  # in the place of a change: its snooze was over
CHANGE_FIELDS = ("shop_id", "sku", "at", "old", "new", "text")


class Noted(NamedTuple):
    """The states after a look at the levels, and the changes that were new with it."""

    states: dict[str, State]
    changes: list[Change]


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
    ) -> Noted:
        """Bring the alert states up to the levels seen now [Unix s], and keep each change.

        Args:
            calm_seconds: How long a better level has to hold before it counts.
            texts: Each SKU's figures in words, kept with its change.
        """
        with self._engine.begin() as connection:
            return note_levels(
                connection, shop_id, levels, now, calm_seconds=calm_seconds, texts=texts
            )

    def states(self, shop_id: str) -> dict[str, State]:
        """Return the alert state of every SKU that was ever looked at."""
        with self._engine.begin() as connection:
            return alert_states(connection, shop_id)

    def untold(self, shop_id: str) -> list[Change]:
        """Return the changes of level that nobody was told of, oldest first."""
        with self._engine.begin() as connection:
            return untold_changes(connection, shop_id)

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
            settle_changes(connection, shop_id, changes, now if told else None)
            forget_snoozes(connection, shop_id, woken, now)

    def snooze(
        self, shop_id: str, sku: str, until: int, level: AlertLevel | None = None
    ) -> State | None:
        """Tell nothing of a SKU before `until` [Unix s], unless it becomes worse than `level`.

        Returns:
            Its state now; None, with nothing done, for a SKU that was never looked at.
        """
        with self._engine.begin() as connection:
            return snooze(connection, shop_id, sku, until, level)

    def owed(self, shop_id: str, robot: str) -> Owed:
        """Return what a robot is owed, oldest first."""
        with self._engine.begin() as connection:
            return _owed(connection, shop_id, robot)

    def owe(self, shop_id: str, robot: str, owed: Owed) -> None:
        """Note what a robot is owed from now on."""
        mine = (_OWED.c.shop_id == shop_id) & (_OWED.c.robot == robot)
        row = {"shop_id": shop_id, "robot": robot}
        rows = [row | {"sku": c.sku, "change_id": i} for i, c in owed.changes.items()]
        rows += [row | {"sku": sku, "change_id": WAKING} for sku in sorted(owed.woken)]
        with self._engine.begin() as connection:
            connection.execute(delete(_OWED).where(mine))
            if rows:
                connection.execute(_OWED.insert(), rows)


def alert_states(connection: Connection, shop_id: str) -> dict[str, State]:
    """Return the state of every SKU that was ever looked at, by SKU."""
    t = schema.alert_state
    rows = connection.execute(select(t).where(t.c.shop_id == shop_id).order_by(t.c.sku))
    return {row.sku: _state(row) for row in rows}


def note_levels(
    connection: Connection,
    shop_id: str,
    levels: Mapping[str, AlertLevel],
    now: int,
    *,
    calm_seconds: int,
    texts: Mapping[str, str],
) -> Noted:
    """Bring the states up to what the figures say now, and keep each change of a level.

    A SKU that is not in `levels` keeps its state.
    """
    before = alert_states(connection, shop_id)
    after, changes = dict(before), list[Change]()
    for sku, level in levels.items():
        text = texts.get(sku, "")
        after[sku], change = step(
            sku, before.get(sku), level, now, calm_seconds=calm_seconds, text=text
        )
        if change:
            changes.append(change)
    _save(connection, shop_id, {k: s for k, s in after.items() if s != before.get(k)})
    rows = [(shop_id, c.sku, c.at, c.old.value, c.new.value, c.text) for c in changes]
    if rows:
        many(connection, schema.alert_change.insert(), CHANGE_FIELDS, rows)
    return Noted(after, changes)


def untold_changes(connection: Connection, shop_id: str) -> list[Change]:
    """Return the changes that are not settled, oldest first."""
    t = schema.alert_change
    query = select(t).where(t.c.shop_id == shop_id, t.c.told_at.is_(None)).order_by(t.c.change_id)
    return [change_of(row) for row in connection.execute(query)]


def change_of(row: Any) -> Change:
    """Return a row of `alert_change` as what it tells."""
    old, new = AlertLevel(row.old), AlertLevel(row.new)
    return Change(row.sku, row.at, old, new, row.text, row.change_id)


def settle_changes(
    connection: Connection, shop_id: str, changes: Iterable[int], at: int | None
) -> None:
    """Mark changes told at an instant [Unix s], or settled without telling where it is None."""
    t = schema.alert_change
    # the first note stays: a change is told once
    one = update(t).where(
        t.c.shop_id == shop_id, t.c.change_id == bindparam("change"), t.c.told_at.is_(None)
    )
    rows = [{"change": change} for change in changes]
    if rows:
        connection.execute(one.values(told_at=at or 0), rows)


def forget_snoozes(connection: Connection, shop_id: str, skus: Iterable[str], now: int) -> None:
    """Forget the snoozes of these SKUs that are over; one that was begun meanwhile stays."""
    t = schema.alert_state
    one = update(t).where(
        t.c.shop_id == shop_id, t.c.sku == bindparam("key"), t.c.snoozed_until <= now
    )
    rows = [{"key": sku} for sku in skus]
    if rows:
        connection.execute(one.values(snoozed_until=None, snoozed_level=""), rows)


def snooze(
    connection: Connection, shop_id: str, sku: str, until: int, level: AlertLevel | None = None
) -> State | None:
    """Tell nothing of a SKU before an instant [Unix s], unless it becomes worse than `level`.

    Args:
        level: The level that holds now where it is None.

    Returns:
        The state as it is now, None for a SKU that was never looked at: nothing is done.
    """
    t = schema.alert_state
    query = select(t).where(t.c.shop_id == shop_id, t.c.sku == sku)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    state = _state(row)
    state = replace(state, snoozed_until=until, snoozed_level=level or state.level)
    _save(connection, shop_id, {sku: state})
    return state


def _save(connection: Connection, shop_id: str, states: Mapping[str, State]) -> None:
    if states:
        upsert(connection, schema.alert_state, [_row(shop_id, k, s) for k, s in states.items()])


def _row(shop_id: str, sku: str, state: State) -> dict[str, Any]:
    return {
        "shop_id": shop_id,
        "sku": sku,
        "level": state.level.value,
        "since": state.since,
        "better": state.better.value if state.better else "",
        "better_since": state.better_since,
        "snoozed_until": state.snoozed_until,
        "snoozed_level": state.snoozed_level.value if state.snoozed_level else "",
    }


def _state(row: Any) -> State:
    return State(
        AlertLevel(row.level),
        row.since,
        AlertLevel(row.better) if row.better else None,
        row.better_since,
        row.snoozed_until,
        AlertLevel(row.snoozed_level) if row.snoozed_level else None,
    )


def _owed(connection: Connection, shop_id: str, robot: str) -> Owed:
    mine = (_OWED.c.shop_id == shop_id) & (_OWED.c.robot == robot)
    change = schema.alert_change
    query = select(change).join(_OWED, _OWED.c.change_id == change.c.change_id).where(mine)
    changes = map(change_of, connection.execute(query.order_by(change.c.change_id)))
    woken = connection.scalars(select(_OWED.c.sku).where(mine, _OWED.c.change_id == WAKING))
    return Owed({c.change_id: c for c in changes}, set(woken))
