"""Whether a watch sees its shop, and what phones are told when it does not, and when it does again.

Nobody looks at a status line in the middle of a livestream: a watch that is blind has to say so.
"""

from __future__ import annotations

from dataclasses import dataclass

from stockbook.domain.alerts import duration
from stockbook.domain.clock import DAY, beijing, day_of
from stockbook.domain.language import say


@dataclass(frozen=True, slots=True)
class Sight:
    """How well a watch sees its shop.

    Attributes:
        read_at: When the shop was last read whole [Unix s]; None where it never was.
        lost_at: Since when it cannot be seen [Unix s]; None while it can.
        why: What stands in the way, in words.
        reads: Orders are read, but nothing can be computed from them.
        patience_seconds: How long it may stay unseen before people are told.
    """

    read_at: int | None = None
    lost_at: int | None = None
    why: str = ""
    reads: bool = False
    patience_seconds: float = 1800

    def is_blind(self, now: int) -> bool:
        """Whether it has been unseen for so long that people have to know [Unix s].

        Example:
            >>> Sight(lost_at=0, patience_seconds=60).is_blind(59)
            False
        """
        return self.lost_at is not None and now - self.lost_at >= self.patience_seconds

    def lost_words(self, now: int) -> str:
        """Return the message that says so.

        Example:
            >>> seen = Sight(1_700_000_000, 1_700_000_020, "连接不上")
            >>> print(seen.lost_words(1_700_001_820))
            【看不到店铺】已经 30 分钟看不到新订单，库存和预警停在 06:13：连接不上
            现在不能只靠预警，请看抖店后台
            StockBook 库存监控 11-15 06:43
        """
        lasts = _lasts(now, self.lost_at or now)
        if self.reads:
            head = say(
                f"【预警停了】已经 {lasts}算不出预警",
                f"[Alerts have stopped] Nothing computed for {lasts}",
            )
        else:
            head = say(
                f"【看不到店铺】已经 {lasts}看不到新订单",
                f"[Cannot see the shop] No new orders seen for {lasts}",
            )
        return say(
            f"{head}，{self._since(now)}：{self.why}\n"
            f"现在不能只靠预警，请看抖店后台\nStockBook 库存监控 {_when(now)}",
            f"{head}, {self._since(now)}: {self.why}\n"
            f"Do not rely on alerts now, look at the shop itself\nStockBook watch {_when(now)}",
        )

    def back_words(self, now: int, lost_at: int) -> str:
        """Return the message that says that it can be seen again.

        Args:
            now: Unix s.
            lost_at: Since when it could not [Unix s].
        """
        lasts = _lasts(now, lost_at)
        return say(
            f"【监控恢复】中断了 {lasts}，期间的订单已补上，库存和预警是最新的\n"
            f"StockBook 库存监控 {_when(now)}",
            f"[The watch is back] After {lasts}; orders of that time are in, stock and "
            f"alerts are up to date\nStockBook watch {_when(now)}",
        )

    def _since(self, now: int) -> str:
        if self.read_at is None:
            return say("还没有读到过", "it was not read yet")
        moment = beijing(self.read_at)
        same_day = day_of(self.read_at) == day_of(now)
        at = f"{moment:%H:%M}" if same_day else f"{moment:%m-%d %H:%M}"
        return say(f"库存和预警停在 {at}", f"stock and alerts are those of {at}")


def _lasts(now: int, since: int) -> str:
    """Return a span of at least a minute in words; the PC's clock may have been set back."""
    return duration(max(60, now - since) / DAY)


def _when(now: int) -> str:
    return f"{beijing(now):%m-%d %H:%M}"
