"""Live: orders come in by push or by the clock, and what nears its end is told within seconds.

One loop, one step after the other: bring in → judge → tell → write. What can go wrong on the way
(no network, a locked workbook, a webhook that is down) is said in the status and tried again; the
ledger's cursor and the inbox know what is still to come, so a watch that is killed starts where it
was.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from stockbook import intake, pipeline, settings
from stockbook.domain.alerting import Policy
from stockbook.domain.clock import day_of
from stockbook.domain.language import say
from stockbook.domain.outlook import Outlook
from stockbook.domain.problems import (
    ShopError,
    ShopRefused,
    ShopUnavailable,
    StockBookError,
    WorkbookError,
)
from stockbook.domain.sight import Sight
from stockbook.domain.urgent import level_counts
from stockbook.receiver import Receiver
from stockbook.running import BusyError, Run, book_at, only_one
from stockbook.shops.base import Shop
from stockbook.shops.doudian.messages import PRODUCT_TAGS, SALE_TAGS
from stockbook.store.inbox import Inbox, Waiting
from stockbook.store.ledger_store import LedgerStore
from stockbook.workbook import plan
from stockbook.workbook.book import Book
from stockbook.workbook.inputs import Inputs, read_inputs

MOST_FETCHED = 30  # orders that are asked for one by one; more are cheaper to pull
GATHER = 0.05  # [s] a push may bring others along
LOCKED_AGAIN = 10  # [s] until a locked workbook is tried again
LIST_EVERY = 3600  # [s] what the shop lists is read so often
PLAN_EVERY = 3600  # [s] forecast and levels are computed so often
JUDGE_EVERY = 60  # [s] alerts are looked at so often even where nothing sells
LONGEST_WAIT = 300  # [s] between two tries while the shop does not answer
KEEP_MESSAGES = 7 * 86_400  # [s] ids of messages are remembered against doubles
GLANCE = 0.5  # [s] how often a wish to stop is looked for
LIVE = plan.Scope(
    {
        "sku": (*plan.STOCK, *plan.DANGER, "days_of_cover"),
        "safety": ("level",),
        "purchase": plan.DANGER,
        "alert": None,
    }
)


@dataclass(frozen=True)
class Options:
    """How a watch goes.

    Attributes:
        every: Between two polls [s].
        write_minutes: An open or closed workbook is written at most so often while no level
            changes [min].
        listen: Host and port for pushed messages; None does without.
    """

    every: float = 20.0
    write_minutes: float = 5.0
    listen: tuple[str, int] | None = None


@dataclass
class Status:
    """What a watch has done, and what stands in its way.

    Attributes:
        at: When this was true; `read_at`: when the shop was last read whole [Unix s].
        levels: SKUs at each alert level.
        trouble: What does not work now, "" where all does; `locked`: why the workbook waits.
        listens: Where pushed messages are taken, "" where none are.
        pushed: What the receiver took and refused, in words.
        told: What was said to the phones, in words.
    """

    at: int = 0
    read_at: int | None = None
    orders: int = 0
    moves: int = 0
    writes: int = 0
    levels: dict[str, int] = field(default_factory=dict)
    trouble: str = ""
    locked: str = ""
    listens: str = ""
    pushed: str = ""
    told: str = ""


class Telling(Protocol):
    """Whoever tells people of alerts."""

    def see(self, outlook: Outlook, policy: Policy, now: int) -> None:
        """Take note of every SKU's level [Unix s]."""
        ...

    def note_sight(self, sight: Sight) -> None:
        """Take note of whether the shop can be seen."""
        ...

    def told(self) -> str:
        """Return in words what was told."""
        ...


@dataclass
class Watcher:
    """One workbook, one shop, one ledger, watched.

    Attributes:
        open_book: Opens the workbook as it is now.
        show: Is given the status after every step.
    """

    path: Path
    shop: Shop
    ledger: LedgerStore
    inbox: Inbox
    run: Run
    options: Options
    teller: Telling
    show: Callable[[Status], None]
    open_book: Callable[[Path], Book] = book_at
    receiver: Receiver | None = None
    woken: threading.Event = field(default_factory=threading.Event)
    status: Status = field(default_factory=Status)
    _inputs: Inputs | None = None
    _outlook: Outlook | None = None
    _levels: dict[str, str] = field(default_factory=dict)
    _poll_at: float = 0.0
    _list_at: float = 0.0
    _plan_at: float = 0.0
    _judge_at: float = 0.0
    _judged_at: int | None = None
    _full_at: float = 0.0
    _locked_until: float = 0.0
    _clock_was: float = 0.0
    _failures: int = 0
    _lost_at: int | None = None  # since when steps fail
    _why: str = ""
    _reads: bool = False  # orders are read, something else fails
    _unlisted: str = ""  # why the SKUs could not be listed
    _written_as: tuple[int, int] | None = None
    _changed: bool = True  # something is not in the workbook yet
    _urgent: bool = False  # a level is not in the workbook yet

    def watch(self, stop: threading.Event) -> None:
        """Go on until `stop` is set, whatever happens on the way."""
        while not stop.is_set():
            try:
                self.step()
            except Exception as error:  # noqa: BLE001 - said, logged, and tried again
                settings.log_error(error)
                self._failed(error)
                self._locked_until = self._poll_at
                self._note_sight()
                self.show(replace(self.status))
            self._wait(stop)
        self.inbox.prune(self._now() - KEEP_MESSAGES)

    def _now(self) -> int:
        return int(self.run.clock())

    def _wait(self, stop: threading.Event) -> None:
        """Wait for a push, for the next poll, or for a wish to stop."""
        while not stop.is_set():
            self._mind_the_clock()
            left = self._poll_at - self.run.clock()
            if left <= 0:
                return
            if self.woken.wait(min(left, GLANCE)):
                time.sleep(GATHER)
                self.woken.clear()
                return
            if self._urgent and self.run.clock() >= self._locked_until:
                return

    def _mind_the_clock(self) -> None:
        """Begin anew where the PC's clock was set back: what was due then would be so far off."""
        now = self.run.clock()
        if now < self._clock_was - 1:
            self._poll_at = self._list_at = self._plan_at = self._judge_at = 0.0
            self._full_at = self._locked_until = 0.0
        self._clock_was = now

    def step(self) -> None:
        """Bring in, judge, tell, write."""
        self._mind_the_clock()
        now = self._now()
        news = self._bring_in(now)
        self._changed = self._changed or self._stamp() != self._written_as
        if self._inputs is None or news or now >= min(self._plan_at, self._judge_at):
            self._judge(now)
        self._write(now)
        if not self._failures:
            self._lost_at = None
        self._note_sight()
        self.status.at = self._now()
        self.status.told = self.teller.told()
        self.status.pushed = self.receiver.told() if self.receiver else ""
        self.show(replace(self.status, levels=dict(self.status.levels)))

    def _note_sight(self) -> None:
        read = self._judged_at if self._reads else self.status.read_at
        seen = Sight(read, self._lost_at, self._why, self._reads)
        if self._inputs:
            seen = replace(seen, patience_seconds=self._inputs.settings.stale_minutes * 60)
        self.teller.note_sight(seen)

    def _stamp(self) -> tuple[int, int] | None:
        """Return what tells whether a person has saved the workbook since we wrote it."""
        try:
            found = self.path.stat()
        except OSError:  # it is being replaced just now
            return self._written_as
        return found.st_mtime_ns, found.st_size

    # --- bring in -----------------------------------------------------------------------

    def _bring_in(self, now: int) -> bool:
        """Read what is new from the shop; return whether anything was."""
        if self._failures and self.run.clock() < self._poll_at:
            return False
        waiting = self.inbox.waiting()
        try:
            pulled = self._read(waiting, now)
        except ShopError as error:
            self._changed = True  # what was read until then is in the ledger
            self._failed(error)
            return False
        self._changed = self._changed or pulled.moves > 0
        self.inbox.done([each.msg_id for each in waiting], now)
        self._failures, self.status.trouble = 0, self._unlisted
        self.status.orders += pulled.orders
        self.status.moves += pulled.moves
        return pulled.moves > 0

    def _read(self, waiting: list[Waiting], now: int) -> intake.Pulled:
        orders = list(dict.fromkeys(each.order_id for each in waiting if each.order_id))
        products = any(each.tag in PRODUCT_TAGS for each in waiting) or now >= self._list_at
        if self.run.clock() >= self._poll_at or len(orders) > MOST_FETCHED:
            return self._poll(now, products=products)
        pulled = intake.Pulled()
        if orders:
            pulled = intake.fetch(self.shop, self.ledger, orders, now=now)
        if any(each.tag in SALE_TAGS for each in waiting):
            oldest = self.shop.clock() - self.shop.reach()
            intake.pull_after_sales(self.shop, self.ledger, pulled, oldest=oldest, now=now)
        if products:
            self._list(pulled, now)
        return pulled

    def _poll(self, now: int, *, products: bool) -> intake.Pulled:
        """Read all that changed since the cursor."""
        history = self._inputs.settings.history_days if self._inputs else 90.0
        listed = intake.Pulled()
        if products:
            self._list(listed, now)
        pulled = intake.pull(
            self.shop,
            self.ledger,
            now=now,
            history=history,
            progress=self.run.progress,
            listing=False,
        )
        pulled.moves += listed.moves
        self._poll_at = self.run.clock() + self.options.every
        self.status.read_at = now
        return pulled

    def _list(self, pulled: intake.Pulled, now: int) -> None:
        """Read what the shop lists; where it refuses, orders go on coming in without."""
        try:
            intake.list_skus(self.shop, self.ledger, pulled, now=now)
        except ShopError as error:
            self._list_at = now + LONGEST_WAIT
            self._unlisted = say(f"商品列表没有读到：{error}", f"SKUs were not listed: {error}")
            return
        self._list_at, self._plan_at, self._unlisted = now + LIST_EVERY, 0.0, ""

    def _failed(self, error: Exception) -> None:
        """Say what is wrong, and wait longer from try to try."""
        self._failures += 1
        self._lost_at, self._why = min(self._lost_at or self._now(), self._now()), _reason(error)
        self._reads = not isinstance(error, ShopError)
        often = LONGEST_WAIT if isinstance(error, ShopRefused) else self.options.every
        wait = min(LONGEST_WAIT, often * 2 ** min(self._failures - 1, 8))
        self._poll_at = self.run.clock() + wait
        self.status.trouble = say(
            f"{_worded(error)}（{wait:.0f} 秒后再试）",
            f"{_worded(error)} (tried again in {wait:.0f} s)",
        )

    # --- judge --------------------------------------------------------------------------

    def _judge(self, now: int) -> None:
        """Forecast and levels now and then, alerts each time: what is better has to stay so."""
        try:
            self._look(now)
        except (WorkbookError, OSError) as error:  # it is being saved just now, or was moved
            self.status.locked = _worded(error)
            if self._outlook and self._inputs:  # by the plan before; the next look tries again
                self._outlook = pipeline.look_again(
                    self.ledger, self._inputs, self._outlook, now=now
                )
        if self._outlook is None or self._inputs is None:
            return
        found = self._outlook.alerts
        levels = dict(zip(found["sku"], found["level"].astype(str), strict=True))
        self._urgent = self._urgent or levels != self._levels
        self._levels = levels
        self.status.levels = level_counts(self._outlook)
        self.teller.see(self._outlook, self._inputs.settings.alert_policy(), now)
        self._judged_at = now
        self._judge_at = now + JUDGE_EVERY  # not before: what failed is tried again at once

    def _look(self, now: int) -> None:
        before = self._outlook
        due = now >= self._plan_at or before is None or day_of(before.now) != day_of(now)
        if not due and before is not None and self._inputs is not None:
            self._outlook = pipeline.look_again(self.ledger, self._inputs, before, now=now)
            return
        book = self.open_book(self.path)
        self._inputs = read_inputs(book, shop_id=self.shop.shop_id, now=now)
        self._outlook = pipeline.look_ahead(self.ledger, self._inputs, now=now)
        self._plan_at = now + PLAN_EVERY

    # --- write --------------------------------------------------------------------------

    def _write(self, now: int) -> None:
        """Write what changed: a level at once, anything else every few minutes."""
        full = self._changed and now >= self._full_at
        if not (full or self._urgent) or self._outlook is None or now < self._locked_until:
            return
        try:
            book = self.open_book(self.path)
            book.refuse_if_open()
            with only_one("watch", book.book_id()):
                self._write_into(book, now, full=full)
        except (WorkbookError, BusyError, OSError) as error:  # the disk may be full
            self._locked_until = now + LOCKED_AGAIN
            self.status.locked = _worded(error)
            return
        self._written_as = self._stamp()
        self.status.writes += 1
        self.status.locked = ""
        self._urgent = False

    def _write_into(self, book: Book, now: int, *, full: bool) -> None:
        if self._inputs is None or self._outlook is None:
            return
        if not full:
            book.apply(plan.changes(self._inputs, self._outlook, LIVE))
            return
        inputs = read_inputs(book, shop_id=self.shop.shop_id, now=now)
        self._outlook, _ = pipeline.recompute(
            book, self.ledger, inputs, now=now, progress=self.run.progress
        )
        self._inputs = inputs
        self._plan_at = now + PLAN_EVERY
        self._full_at = now + self.options.write_minutes * 60
        self._changed = False


def _worded(error: Exception) -> str:
    """Return an error as people should read it; one that nobody foresaw stands in the log."""
    if isinstance(error, StockBookError):
        return str(error)
    if isinstance(error, OSError):
        return say(f"磁盘或文件出错：{error}", f"the disk or a file fails: {error}")
    return _reason(error) + say("，详情在 ", ", details are in ") + str(settings.log_file())


def _reason(error: Exception) -> str:
    """Return an error in words that name no place of this computer: they go to a group."""
    if isinstance(error, ShopUnavailable):
        return say(
            "连接不上抖店，请检查这台电脑的网络",
            "no connection to the shop; check the network",
        )
    if isinstance(error, StockBookError):
        return str(error).rstrip("。.")
    return say(f"意外错误 {type(error).__name__}", f"unexpected {type(error).__name__}")
