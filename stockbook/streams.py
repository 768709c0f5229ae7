"""One stream of snapshots from a shop into the ledger: what is new, and what was doubtful before.

A stream has two marks in the ledger, which only move forward: its cursor, before which everything
was read, and the sound mark, before which everything was also understood. Fields that a permission
trims, values nobody knows and rows that cannot be used leave the sound mark behind. Once the newest
rows are sound again, the time between the two marks is read once more, and what was left out or
guessed moves to its place by difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from stockbook.shops.base import OrderWindow
from stockbook.store.ledger_store import LedgerStore

SETTLE = 60  # [s] the marks stay this far behind what was read: late rows are read again
SOUND = ".sound"
LOOK_BACK = 3600  # [s] the first look back; each further one is four times as long
ENOUGH = 200  # sound rows that show that whatever was strange is over


@dataclass
class Stream:
    """Order lines or after-sales of one shop.

    Attributes:
        windows: Reads closed windows, as `Shop` says; None as the end is the present.
        post: Posts a window, with the cursor to move to; counts and tells what it did.
        oldest: Before this instant nothing is asked for [Unix s].
        until: Up to where the stream has been read [Unix s].
    """

    ledger: LedgerStore
    shop_id: str
    name: str
    windows: Callable[[int, int | None], Iterator[OrderWindow]]
    post: Callable[[OrderWindow, int], None]
    oldest: int
    now: int
    until: int

    def pull(self) -> None:
        """Read what is new; read again what was doubtful, if that is over."""
        start = self.ledger.cursor(self.shop_id, self.name)
        begin = self.oldest if start is None else start
        sound = self._sound(begin)
        rows, clean = 0, True
        for window in self.windows(begin, None):
            self.post(window, window.end - SETTLE)
            self.until = max(self.until, window.end)
            rows, clean = rows + window.orders, clean and not window.doubtful
            if clean and sound >= begin:
                self._mark_sound(window.end - SETTLE)
        if clean and sound < begin:
            self._read_again(sound, begin, rows)

    def _sound(self, begin: int) -> int:
        """Return the sound mark; a stream that has none was sound so far."""
        mark = self.ledger.cursor(self.shop_id, self.name + SOUND)
        if mark is None:
            self._mark_sound(begin)
            return begin
        return max(mark, self.oldest)

    def _mark_sound(self, at: int) -> None:
        self.ledger.post_window(self.shop_id, cursor=at, now=self.now, stream=self.name + SOUND)

    def _read_again(self, sound: int, begin: int, rows: int) -> None:
        """Read [sound, begin) again, newest first.

        A doubtful row among the newest says that it is not over, and ends this. After enough
        sound rows it is taken for an oddity of its own, which reading again would not mend.
        """
        edge, span = begin, LOOK_BACK
        while edge > sound:
            start = max(sound, edge - span)
            for window in self.windows(start, edge):
                self.post(window, window.end - SETTLE)
                rows += window.orders
                if window.doubtful and rows < ENOUGH:
                    return
            edge, span = start, span * 4
        self._mark_sound(begin)
