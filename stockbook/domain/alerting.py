"""The state machine of one SKU's alert: which level holds, when it changed, what is worth telling.

Levels from worst: out, critical, low, watch, ok. Pure: the caller brings the clock and the state.
What to send, and when, is `digest.due`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from stockbook.domain.alert_level import AlertLevel
from stockbook.domain.clock import AHEAD, DAY

HOUR = 3600
URGENT = (AlertLevel.OUT, AlertLevel.CRITICAL)  # quiet hours do not hold these


@dataclass(frozen=True, slots=True)
class State:
    """What holds of one SKU.

    Attributes:
        level: The level that holds; `since`: from when [Unix s].
        better: The worst of the better levels seen since `better_since` [Unix s]; None where no
            better one waits.
        snoozed_until: Told nothing before this instant [Unix s], unless the level becomes worse
            than `snoozed_level`. An instant that is over stays until the waking was told.
    """

    level: AlertLevel
    since: int
    better: AlertLevel | None = None
    better_since: int | None = None
    snoozed_until: int | None = None
    snoozed_level: AlertLevel | None = None

    def is_asleep(self, now: int) -> bool:
        """Whether its snooze still runs."""
        return self.snoozed_until is not None and now < self.snoozed_until

    def has_woken(self, now: int) -> bool:
        """Whether its snooze is over and that was not dealt with yet."""
        return self.snoozed_until is not None and now >= self.snoozed_until


@dataclass(frozen=True, slots=True)
class Change:
    """The level that holds has changed; `text` says the figures of that instant.

    `change_id` is the ledger's number of it, 0 before it is stored.
    """

    sku: str
    at: int
    old: AlertLevel
    new: AlertLevel
    text: str
    change_id: int = 0


@dataclass(frozen=True, slots=True)
class Policy:
    """What people chose on 设置.

    Attributes:
        tell_from: Becoming this bad, or worse, is told.
        calm_minutes: A better level counts when it has held for so long.
        quiet_from, quiet_until: Hours of the Beijing day [0–24]; may span midnight; equal means
            no quiet hours.
        digest_lines: SKUs named in one message; the rest is counted.
        gap_seconds: At least between two messages.
    """

    tell_from: AlertLevel = AlertLevel.LOW
    calm_minutes: float = 30
    quiet_from: float = 22
    quiet_until: float = 8
    digest_lines: int = 12
    gap_seconds: int = 10

    @property
    def calm_seconds(self) -> int:
        """How long a better level has to hold [s]."""
        return round(self.calm_minutes * 60)

    def tells(self, change: Change) -> bool:
        """Whether people want to know: worse and bad enough, or back from 告急 or 断货."""
        if change.new.rank > change.old.rank:
            return change.new.rank >= self.tell_from.rank
        return change.old in URGENT and change.new not in URGENT

    def is_quiet(self, now: int) -> bool:
        """Whether an instant [Unix s] lies in the quiet hours.

        Example:
            >>> Policy(quiet_from=22, quiet_until=8).is_quiet(1_700_000_000)  # 06:13 in Beijing
            True
        """
        hour = (now + AHEAD) % DAY / HOUR
        if self.quiet_from <= self.quiet_until:
            return self.quiet_from <= hour < self.quiet_until
        return hour >= self.quiet_from or hour < self.quiet_until

    def quiet_end(self, now: int) -> int:
        """Return when the quiet hours end next [Unix s]."""
        midnight = now - (now + AHEAD) % DAY
        end = midnight + round(self.quiet_until * HOUR)
        return end if end > now else end + DAY


def step(
    sku: str, state: State | None, level: AlertLevel, now: int, *, calm_seconds: int, text: str = ""
) -> tuple[State, Change | None]:
    """Return the state after a look at the SKU, and the change of the level that holds, if any.

    A worse level holds at once. A better one holds when nothing worse than it was seen for
    `calm_seconds`; of several better ones the worst counts. A SKU seen for the first time comes
    from "ok".

    Args:
        level: What the figures say now.
        now: Unix s.
        text: The figures in words, kept with the change.

    Example:
        >>> state, change = step("A", None, AlertLevel.LOW, 0, calm_seconds=60)
        >>> change.old.value, change.new.value
        ('ok', 'low')
        >>> step("A", state, AlertLevel.OK, 30, calm_seconds=60)[1] is None
        True
    """
    before = state or State(AlertLevel.OK, now)
    after = _after(before, level, now, calm_seconds)
    if after.level == before.level:
        return after, None
    return after, Change(sku, now, before.level, after.level, text)


def _after(state: State, level: AlertLevel, now: int, calm_seconds: int) -> State:
    if level.rank >= state.level.rank:
        since = state.since if level == state.level else now
        held = replace(state, level=level, since=since, better=None, better_since=None)
        return _snooze_broken(held)
    since = now if state.better_since is None else min(state.better_since, now)
    better = worst(level, state.better or level)
    if now - since < calm_seconds:
        return replace(state, better=better, better_since=since)
    waits = level if level != better else None
    return replace(
        state, level=better, since=now, better=waits, better_since=now if waits else None
    )


def _snooze_broken(state: State) -> State:
    """A level worse than the one snoozed ends the snooze."""
    if state.snoozed_level is None or state.level.rank <= state.snoozed_level.rank:
        return state
    return replace(state, snoozed_until=None, snoozed_level=None)


def worst(*levels: AlertLevel) -> AlertLevel:
    """Return the worst of some levels."""
    return max(levels, key=lambda level: level.rank)
