"""What to send now: everything that waits as one message, each SKU once, worst first.

Pure: the caller brings the clock, the states and the changes that nobody has been told of yet, so
what could not be sent yet is found again the next time, together with what came meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stockbook.domain.alert_level import AlertLevel
from stockbook.domain.alerting import URGENT, Change, Policy, State, worst
from stockbook.domain.clock import beijing
from stockbook.domain.language import say

WORST_FIRST = tuple(sorted(AlertLevel, key=lambda level: -level.rank))


@dataclass(frozen=True, slots=True)
class Message:
    """What to send now, and what is settled once somebody got it.

    Attributes:
        skus: The SKUs it speaks of, worst first, also those it only counts.
        changes: The changes it tells, by `change_id`.
        woken: SKUs whose snooze is over with it.
    """

    text: str
    skus: tuple[str, ...]
    changes: tuple[int, ...]
    woken: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Due:
    """What `due` found.

    Attributes:
        message: What to send now, or None.
        folded: Changes nobody needs to hear of: settle them without telling.
        woken: SKUs whose snooze ended with nothing to tell: forget the snooze.
        wake_at: When something that waits may be due [Unix s]; None where nothing waits.
    """

    message: Message | None
    folded: tuple[int, ...] = ()
    woken: tuple[str, ...] = ()
    wake_at: int | None = None


@dataclass(frozen=True, slots=True)
class _News:
    """What there is to tell of one SKU: where it was, the worst meanwhile, where it stands."""

    sku: str
    level: AlertLevel
    base: AlertLevel
    worst: AlertLevel
    changes: tuple[int, ...]
    body: str
    asleep_until: int | None
    has_woken: bool
    recovering: bool
    is_told: bool


def due(
    untold: Sequence[Change],
    states: Mapping[str, State],
    now: int,
    policy: Policy,
    *,
    lines: Mapping[str, str],
    last_sent: float | None = None,
) -> Due:
    """Return what to send now; everything that is ready goes as one message.

    A SKU is told once, with its present level and figures, whatever it went through since people
    last heard of it. If it is back at the level it came from, nothing is told (its changes are
    folded), unless it had been 告急 or 断货 and they never knew: then one line says so.

    Args:
        untold: Changes nobody was told of, oldest first.
        states: Of every SKU.
        now: Unix s.
        lines: The present figures of each SKU in words (`alert_text.alert_lines`), most urgent
            first; without one the change's own text is used.
        last_sent: When the last message got through [Unix s].
    """
    news = _all_news(untold, states, now, policy, lines)
    quiet = policy.is_quiet(now)
    told = [n for n in news if n.is_told]
    awake = [n for n in told if n.asleep_until is None]
    ready = [n for n in awake if n.level in URGENT or not quiet]
    too_soon = last_sent is not None and 0 <= now - last_sent < policy.gap_seconds
    wakes = [s.snoozed_until for s in states.values() if s.snoozed_until and s.is_asleep(now)]
    if len(ready) < len(awake):
        wakes.append(policy.quiet_end(now))
    if ready and too_soon and last_sent is not None:
        wakes.append(int(last_sent) + policy.gap_seconds)
    return Due(
        _message(ready, now, policy, list(lines)) if ready and not too_soon else None,
        tuple(i for n in news if not n.is_told for i in n.changes),
        tuple(n.sku for n in news if n.has_woken and not n.is_told),
        min(wakes, default=None),
    )


def _all_news(
    untold: Sequence[Change],
    states: Mapping[str, State],
    now: int,
    policy: Policy,
    lines: Mapping[str, str],
) -> list[_News]:
    found: dict[str, list[Change]] = {}
    for change in untold:
        found.setdefault(change.sku, []).append(change)
    for sku, state in states.items():
        if state.has_woken(now):
            found.setdefault(sku, [])
    return [
        _news(sku, changes, states.get(sku), now, policy, lines.get(sku))
        for sku, changes in found.items()
    ]


def _news(
    sku: str,
    changes: Sequence[Change],
    state: State | None,
    now: int,
    policy: Policy,
    line: str | None,
) -> _News:
    """Gather one SKU's news; it has changes, a state or both."""
    level = state.level if state else changes[-1].new
    base = changes[0].old if changes else level
    worse = worst(level, *(c.new for c in changes))
    has_woken = state is not None and state.has_woken(now)
    unknown = worse in URGENT and worse.rank > base.rank
    told = any(policy.tells(c) for c in changes) and (level != base or unknown)
    return _News(
        sku,
        level,
        base,
        worse,
        tuple(c.change_id for c in changes),
        line or (changes[-1].text if changes else "") or sku,
        state.snoozed_until if state and state.is_asleep(now) else None,
        has_woken,
        state is not None and state.better is not None,
        told or (has_woken and level.rank >= policy.tell_from.rank),
    )


def _message(news: Sequence[_News], now: int, policy: Policy, order: Sequence[str]) -> Message:
    place = {sku: i for i, sku in enumerate(order)}
    ranked = sorted(news, key=lambda n: (-n.level.rank, place.get(n.sku, len(place)), n.sku))
    named, rest = ranked[: policy.digest_lines], ranked[policy.digest_lines :]
    lines = [*_heading(ranked), *(_line(n) for n in named)]
    if rest:
        lines.append(say(f"还有 {len(rest)} 个，见工作簿", f"{len(rest)} more, see the workbook"))
    lines.append(
        say("StockBook 库存预警 ", "StockBook stock alert ") + f"{beijing(now):%m-%d %H:%M}"
    )
    return Message(
        "\n".join(lines),
        tuple(n.sku for n in ranked),
        tuple(i for n in ranked for i in n.changes),
        tuple(n.sku for n in ranked if n.has_woken),
    )


def _heading(news: Sequence[_News]) -> list[str]:
    """How many stand at each level, where a message speaks of several SKUs."""
    if len(news) == 1:
        return []
    counts = [(level.label, sum(n.level == level for n in news)) for level in WORST_FIRST]
    told = say("、", ", ").join(f"{label} {n}" for label, n in counts if n)
    return [say(f"{len(news)} 个商品有变化：{told}", f"{len(news)} SKUs changed: {told}")]


def _line(news: _News) -> str:
    label = say(f"【{news.level.label}】", f"[{news.level.label}] ")
    return label + news.body + _meanwhile(news)


def _meanwhile(news: _News) -> str:
    """What it went through, where the present level does not say it."""
    words = []
    if news.worst.rank > max(news.level.rank, news.base.rank):
        words.append(say(f"期间{news.worst.label}", f"was {news.worst.label} meanwhile"))
    elif news.base in URGENT and news.level.rank < news.base.rank:
        words.append(say(f"从{news.base.label}恢复", f"was {news.base.label}"))
    if news.recovering:
        words.append(say("正在回升", "recovering"))
    if news.has_woken:
        words.append(say("静音已到期", "snooze is over"))
    if not words:
        return ""
    return say(f"（{'，'.join(words)}）", f" ({', '.join(words)})")
