"""From the figures to the phone: alert levels into states, changes into messages.

Sending has a thread of its own, so a robot that is slow or down holds up nothing. What was not
taken for certain stays in the ledger, and is part of the next message.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from stockbook import settings
from stockbook.domain.alert_level import AlertLevel
from stockbook.domain.alert_text import alert_lines
from stockbook.domain.alerting import Policy
from stockbook.domain.digest import Due, due
from stockbook.domain.language import Language, current, say, speak
from stockbook.domain.outlook import Outlook
from stockbook.notify import Sender
from stockbook.store.ledger_store import LedgerStore

LONGEST_SLEEP = 60.0  # [s] between two looks at what waits
SAID = 3  # sentences about the robots that are kept for the status


@dataclass
class Teller:
    """Takes note of levels, and tells the phones what changed.

    Attributes:
        sender: The robots; without any, changes only stand in the workbook.
        clock: The time now [Unix s].
        messages: How many got through.
    """

    ledger: LedgerStore
    shop_id: str
    sender: Sender
    clock: Callable[[], float]
    policy: Policy = field(default_factory=Policy)
    language: Language = field(default_factory=current)
    messages: int = 0
    _lines: dict[str, str] = field(default_factory=dict)
    _last_sent: float | None = None
    _said: list[str] = field(default_factory=list)
    _woken: threading.Event = field(default_factory=threading.Event)
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def see(self, outlook: Outlook, policy: Policy, now: int) -> None:
        """Take note of every SKU's level [Unix s]; the sending follows."""
        found = outlook.alerts
        levels = {s: AlertLevel(v) for s, v in zip(found["sku"], found["level"], strict=True)}
        self.policy, self._lines = policy, alert_lines(outlook)
        self.ledger.note_levels(
            self.shop_id, levels, now, calm_seconds=policy.calm_seconds, texts=self._lines
        )
        self._woken.set()

    def tell(self) -> Due:
        """Send what is due now; return what was found."""
        now = int(self.clock())
        untold = self.ledger.untold_changes(self.shop_id)
        states = self.ledger.alert_states(self.shop_id)
        found = due(
            untold, states, now, self.policy, lines=dict(self._lines), last_sent=self._last_sent
        )
        self._settle(found.folded, found.woken, now, told=False)
        message = found.message
        if message is None or not self._can_send(message.changes, message.woken, now):
            return found
        sent = self.sender.send(message.text)
        self._said = [*self._said, *sent.said][-SAID:]
        if sent.definite_ok:
            self._last_sent = now
            self.messages += 1
            self._settle(message.changes, message.woken, now, told=True)
        return found

    def _can_send(self, changes: tuple[int, ...], woken: tuple[str, ...], now: int) -> bool:
        if not self.sender.webhooks:  # nobody to tell: the workbook says it
            self._settle(changes, woken, now, told=False)
            return False
        return self.sender.retry_at() is None

    def _settle(
        self, changes: tuple[int, ...], woken: tuple[str, ...], now: int, *, told: bool
    ) -> None:
        if changes or woken:
            self.ledger.settle_alerts(self.shop_id, changes, woken, now, told=told)

    def told(self) -> str:
        """Return in words what was told, and what the robots said last."""
        if not self.sender.webhooks:
            return say("没有设置群机器人", "no group robot set up")
        sent = say(f"已提醒 {self.messages} 次", f"{self.messages} messages sent")
        return "；".join([sent, *self._said])

    # --- the thread ---------------------------------------------------------------------

    def start(self) -> None:
        """Begin to send in a thread of its own."""
        self._thread = threading.Thread(target=self._go_on, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the message that is being sent."""
        self._ended.set()
        self._woken.set()
        if self._thread:
            self._thread.join(LONGEST_SLEEP)

    def _go_on(self) -> None:
        with speak(self.language):
            while not self._ended.is_set():
                self._woken.wait(self._sleep())
                self._woken.clear()

    def _sleep(self) -> float:
        """Tell what is due; return until when nothing more will be [s]."""
        found: Due | None = None
        try:
            found = self.tell()
        except Exception as error:  # noqa: BLE001 - a thread that ends would tell nothing more
            settings.log_error(error)
            self._said = [*self._said, type(error).__name__][-SAID:]
        now = self.clock()
        waits = [LONGEST_SLEEP]
        if found and found.wake_at is not None:
            waits.append(found.wake_at - now)
        if found and found.message and (retry := self.sender.retry_at()) is not None:
            waits.append(retry - now)
        return max(0.05, min(waits))
