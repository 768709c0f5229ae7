"""A watch loop without clock, ledger or network: what would be told, and when."""

from dataclasses import replace

from stockbook.domain.alerting import Policy, State, step
from stockbook.domain.digest import due


class Desk:
    """Looks at levels, keeps states and changes, sends while the webhook works."""

    def __init__(self, policy=None):
        self.policy = policy or Policy()
        self.states: dict[str, State] = {}
        self.changes, self.settled, self.sent, self.folds = [], {}, [], []
        self.last_sent = None
        self.due = None

    def look(self, levels, now, *, works=True, lines=None):
        """One step: levels of all SKUs → changes → what is due → sent → settled."""
        lines = lines if lines is not None else {sku: f"{sku}：…" for sku in levels}
        calm = self.policy.calm_seconds
        for sku, level in levels.items():
            self.states[sku], change = step(
                sku, self.states.get(sku), level, now, calm_seconds=calm, text=lines.get(sku, "")
            )
            if change:
                self.changes.append(replace(change, change_id=len(self.changes) + 1))
        return self.tell(now, works=works, lines=lines)

    def tell(self, now, *, works=True, lines=None):
        untold = [c for c in self.changes if c.change_id not in self.settled]
        self.due = due(
            untold, self.states, now, self.policy, lines=lines or {}, last_sent=self.last_sent
        )
        self._settle(self.due.folded, self.due.woken, None)
        self._note_folds(self.due.folded)
        message = self.due.message
        if message is None or not works:
            return None
        self._settle(message.changes, message.woken, now)
        self.last_sent = now
        self.sent.append((now, message))
        return message

    def snooze(self, sku, until):
        state = self.states[sku]
        self.states[sku] = replace(state, snoozed_until=until, snoozed_level=state.level)

    def _settle(self, changes, woken, at):
        for change in changes:
            assert change not in self.settled, f"change {change} was settled twice"
            self.settled[change] = at
        for sku in woken:
            self.states[sku] = replace(self.states[sku], snoozed_until=None, snoozed_level=None)

    def _note_folds(self, folded):
        groups = {}
        for number in folded:
            change = self.changes[number - 1]
            groups.setdefault(change.sku, []).append(change)
        self.folds += groups.values()
