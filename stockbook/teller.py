"""From the figures to the phone: alert levels into states, changes into messages.

Sending has a thread of its own, so a robot that is slow or down holds up nothing. What was not
taken for certain stays in the ledger, and is part of the next message.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from stockbook import settings
from stockbook.domain.alert_level import AlertLevel
from stockbook.domain.alert_text import alert_lines
from stockbook.domain.alerting import Change, Policy, State
from stockbook.domain.digest import Due, Message, due
from stockbook.domain.language import Language, current, say, speak
from stockbook.domain.outlook import Outlook
from stockbook.domain.owed import Owed
from stockbook.domain.sight import Sight
from stockbook.notify import Sender
from stockbook.store.ledger_store import LedgerStore

LONGEST_SLEEP = 60.0  # [s] between two looks at what waits
SAID = 3  # sentences about the robots that are kept for the status


class _Taken(NamedTuple):
    """A message that a robot took, the changes in it, and the robots that missed it."""

    message: Message
    told: Mapping[int, Change]
    missed: set[int]


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
    _owed: dict[int, Owed] = field(default_factory=dict)  # by the robot's place, as in the ledger
    _sight: Sight = field(default_factory=Sight)
    _heard_lost: dict[int, int] = field(default_factory=dict)  # robot: lost since [Unix s]
    _last_sent: float | None = None
    _unsettled: _Taken | None = None  # taken by a robot, and not in the ledger yet
    _said: list[str] = field(default_factory=list)
    _woken: threading.Event = field(default_factory=threading.Event)
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def see(self, outlook: Outlook, policy: Policy, now: int) -> None:
        """Take note of every SKU's level [Unix s]; the sending follows."""
        found = outlook.alerts
        levels = {s: AlertLevel(v) for s, v in zip(found["sku"], found["level"], strict=True)}
        self.policy, self._lines = policy, alert_lines(outlook)
        self.ledger.alerts.note_levels(
            self.shop_id, levels, now, calm_seconds=policy.calm_seconds, texts=self._lines
        )
        self._woken.set()

    def note_sight(self, sight: Sight) -> None:
        """Take note of whether the shop can be seen; phones are told once it is gone too long."""
        self._sight = sight
        if self._heard_lost and sight.lost_at is None:
            self._woken.set()

    def tell(self) -> Due:
        """Send what is due now; return what was found."""
        now = int(self.clock())
        if self._unsettled:  # the ledger took nothing, so nothing is told twice
            self._note_taken(self._unsettled, now)
        self._tell_of_sight(now)
        untold = self.ledger.alerts.untold(self.shop_id)
        states = self.ledger.alerts.states(self.shop_id)
        found = due(
            untold, states, now, self.policy, lines=dict(self._lines), last_sent=self._last_sent
        )
        self._settle(found.folded, found.woken, now, told=False)
        message = found.message
        if message and not self.sender.webhooks:  # nobody to tell: the workbook says it
            self._settle(message.changes, message.woken, now, told=False)
            return found
        told = {c.change_id: c for c in untold if message and c.change_id in message.changes}
        heard = {robot for robot in self.sender.ready() if self._give(robot, message, told, states)}
        if message and heard:
            self._last_sent = now
            self.messages += 1
            missed = set(range(len(self.sender.webhooks))) - heard
            self._unsettled = _Taken(message, told, missed)
            self._note_taken(self._unsettled, now)
        return found

    def _note_taken(self, taken: _Taken, now: int) -> None:
        """Note in the ledger that a message was taken, and who missed it."""
        for robot in taken.missed:
            owed = self._owed_to(robot).copy()
            owed.add(taken.told, taken.message.woken)
            self._owe(robot, owed)  # before it counts as told: a kill between loses nothing
        self._settle(taken.message.changes, taken.message.woken, now, told=True)
        self._unsettled = None

    def _tell_of_sight(self, now: int) -> None:
        """Tell each robot once that the shop is lost, and once that it is back."""
        sight, heard = self._sight, self._heard_lost
        if sight.lost_at is not None:
            if sight.is_blind(now):
                for robot in set(self.sender.ready()) - heard.keys():
                    if self._take(robot, sight.lost_words(now)):
                        heard[robot] = sight.lost_at
            return
        for robot in heard.keys() & set(self.sender.ready()):
            if self._take(robot, sight.back_words(now, heard[robot])):
                del heard[robot]

    def _give(
        self,
        robot: int,
        message: Message | None,
        told: Mapping[int, Change],
        states: Mapping[str, State],
    ) -> bool:
        """Give one robot the message, as a digest with what it missed; return whether it took it.

        What is taken, but for the present message, is settled for this robot only.
        """
        owed = self._owed_to(robot)
        if not owed:
            return message is not None and self._take(robot, message.text)
        both = owed.copy()
        both.add(told, message.woken if message else ())
        found = both.digest(states, int(self.clock()), self.policy, self._lines)
        taken = found.message is not None and self._take(robot, found.message.text)
        if taken or found.message is None:
            both.settle(found, taken=taken)
            self._owe(robot, both)
        return taken or (message is not None and found.message is None)

    def _owed_to(self, robot: int) -> Owed:
        if robot not in self._owed:
            name = self.sender.webhooks[robot].fingerprint
            self._owed[robot] = self.ledger.alerts.owed(self.shop_id, name)
        return self._owed[robot]

    def _owe(self, robot: int, owed: Owed) -> None:
        self.ledger.alerts.owe(self.shop_id, self.sender.webhooks[robot].fingerprint, owed)
        self._owed[robot] = owed

    def _take(self, robot: int, text: str) -> bool:
        taken, said = self.sender.give(robot, text)
        self._said = [*self._said, *said][-SAID:]
        return taken

    def _settle(
        self, changes: tuple[int, ...], woken: tuple[str, ...], now: int, *, told: bool
    ) -> None:
        if changes or woken:
            self.ledger.alerts.settle(self.shop_id, changes, woken, now, told=told)

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
