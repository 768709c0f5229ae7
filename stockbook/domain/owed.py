"""What one robot has not been told while another took it: kept, and told once it works again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from stockbook.domain.alerting import Change, Policy, State
from stockbook.domain.digest import Due, due

MOST_OWED = 1_000  # changes that are kept for a robot that does not work


@dataclass
class Owed:
    """What one robot is owed.

    Attributes:
        changes: By `change_id`.
        woken: SKUs whose snooze was over.
    """

    changes: dict[int, Change] = field(default_factory=dict)
    woken: set[str] = field(default_factory=set)

    def add(self, changes: Mapping[int, Change], woken: Iterable[str]) -> None:
        """Owe more; of very much the newest."""
        kept = [*(self.changes | dict(changes)).items()][-MOST_OWED:]
        self.changes, self.woken = dict(kept), self.woken | set(woken)

    def copy(self) -> Owed:
        """Return one that may change on its own."""
        return Owed(dict(self.changes), set(self.woken))

    def digest(
        self, states: Mapping[str, State], now: int, policy: Policy, lines: Mapping[str, str]
    ) -> Due:
        """Return what of it may be told now."""
        own = {sku: self._snooze(sku, state, now) for sku, state in states.items()}
        return due([*self.changes.values()], own, now, policy, lines=lines)

    def _snooze(self, sku: str, state: State, now: int) -> State:
        """A snooze that runs holds; one that is over is news only where this robot missed it."""
        if state.is_asleep(now):
            return state
        return replace(state, snoozed_until=0 if sku in self.woken else None)

    def settle(self, found: Due, *, taken: bool) -> None:
        """Forget what needs no telling, and what was taken."""
        message = found.message if taken else None
        done = (*found.folded, *(message.changes if message else ()))
        self.changes = {k: c for k, c in self.changes.items() if k not in done}
        self.woken -= {*found.woken, *(message.woken if message else ())}

    def __bool__(self) -> bool:
        return bool(self.changes or self.woken)
