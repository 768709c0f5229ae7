"""Lists of what changed, read whole: windows of update time, however rows move meanwhile.

A row that is updated while we page leaves its window and those behind it move forward. So a window
of several pages is read from the last page to the first: what moves forward is still to be read.
What left goes to the end of time, which is read last, until it fits into one answer: one answer
cannot be torn.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from stockbook.domain.clock import DAY, beijing
from stockbook.domain.language import say
from stockbook.domain.problems import Problem, ShopUnavailable
from stockbook.shops.doudian.fields import whole
from stockbook.shops.doudian.transport import RowCapError

PAGE = 100
AIM = 2_000  # rows a window should hold
FIRST_WIDTH = DAY
IDLE_PASSES = 3  # readings of a window that bring nothing new, until the rest is given up
TAILS = 4  # readings of what changed while the rest was read
AHEAD = 60  # [s] the last reading reaches so far past the clock: nothing slips out of it

Row = Mapping[str, Any]
R = TypeVar("R")
AskPage = Callable[[int, int, int], Row]  # begin, until [Unix s], page → answer


@dataclass(frozen=True)
class Found(Generic[R]):
    """The rows of [start, end), each record in its newest state."""

    start: int
    end: int
    rows: int
    records: tuple[R, ...]
    problems: tuple[Problem, ...]


@dataclass
class Windows(Generic[R]):
    """Reads one listing of the platform.

    Attributes:
        ask: One page of a window.
        rows: The field that holds an answer's rows.
        row_id: What tells one row from another.
        read: A row's records, and what is wrong with it.
        record_id: What tells one record from another.
        age: Of two snapshots of a record the greater is the newer.
        clock: The platform's time [Unix s].
        row_cap: How many rows may be paged through; learned where the platform refuses.
    """

    ask: AskPage
    rows: str
    row_id: Callable[[Row], Hashable]
    read: Callable[[Row], tuple[Sequence[R], Sequence[Problem]]]
    record_id: Callable[[R], str]
    age: Callable[[R], tuple[int, int]]
    clock: Callable[[], int]
    row_cap: int

    def between(self, begin: int, end: int | None) -> Iterator[Found[R]]:
        """Yield closed windows that cover [begin, end), oldest first.

        Args:
            end: None reads up to the present, and then what changed while it was read.

        Raises:
            ShopUnavailable: More rows share one second than may be paged through.
        """
        last = self.clock() if end is None else end
        yield from self._closed(begin, last)
        for _ in range(TAILS if end is None else 0):
            began = self.clock()
            first = self.ask(last - 1, began + AHEAD, 0)
            if self._total(first) <= PAGE:
                yield self._whole(last - 1, began + AHEAD, first).found(last, began)
                return
            yield from self._closed(last, began)
            last = began

    def _closed(self, begin: int, end: int) -> Iterator[Found[R]]:
        width = FIRST_WIDTH
        while begin < end:
            until = min(begin + width, end)
            first = self.ask(begin, until, 0)
            total = self._total(first)
            reading = self._tried(begin, until, first) if total <= self.row_cap else None
            if reading is None:
                width = self._halved(begin, until)
                continue
            yield reading.found(begin, until)
            width = self._next_width(until - begin, total)
            begin = until

    def _tried(self, begin: int, until: int, first: Row) -> Reading[R] | None:
        """Read one window, or learn that fewer rows may be paged through than was thought."""
        try:
            return self._whole(begin, until, first)
        except RowCapError:
            self.row_cap = max(PAGE, self._total(first) // 2)
            return None

    def _whole(self, begin: int, until: int, first: Row) -> Reading[R]:
        """Read one window whole, its first page last; what is missing then is looked for again."""
        reading, last, idle = Reading(self), first, 0
        reading.add(first)
        torn = self._total(first) > PAGE
        while torn or (self._total(last) > len(reading.seen) and idle < IDLE_PASSES):
            known, torn = len(reading.seen), False
            for page in reversed(range(-(-self._total(last) // PAGE))):
                last = self.ask(begin, until, page)
                reading.add(last)
            idle = idle + 1 if len(reading.seen) == known else 0
        if self._total(last) > len(reading.seen):
            reading.problems.append(_short(begin, len(reading.seen), self._total(last)))
        return reading

    def _total(self, answer: Row) -> int:
        """Return how many rows the window has.

        Raises:
            ShopUnavailable: The answer does not tell, so nobody knows when all have been read.
        """
        total = whole(answer.get("total"))
        if total is None:
            raise ShopUnavailable(
                say(
                    f"抖店的答复没有总数 total（{self.rows}），无法确认读全；"
                    "没有记下半截数据，请稍后再试",
                    f"the answer tells no total ({self.rows}), so nobody knows when all is read; "
                    "nothing was half recorded, try again later",
                )
            )
        return total

    def _halved(self, begin: int, until: int) -> int:
        if until - begin <= 1:
            at = f"{beijing(begin):%Y-%m-%d %H:%M:%S}"
            raise ShopUnavailable(
                say(
                    f"{at} 这一秒内更新的订单超过 {self.row_cap:,} 行，接口读不全；"
                    "请用订单导出文件补这一段",
                    f"more than {self.row_cap:,} orders were updated in the second {at}; "
                    "bring them in with an order export file",
                )
            )
        return (until - begin) // 2

    def _next_width(self, width: int, total: int) -> int:
        """Return the next window's width [s], aiming at `AIM` rows, or less under a small cap."""
        aim = min(AIM, self.row_cap * 3 // 4)
        return max(1, min(width * aim // max(total, 1), 4 * max(width, 3600), 30 * DAY))


@dataclass
class Reading(Generic[R]):
    """What the pages of one window have told so far."""

    listing: Windows[R]
    seen: set[Hashable] = field(default_factory=set)
    best: dict[str, R] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def add(self, answer: Row) -> None:
        """Take a page's rows; of two snapshots of one record the newer stays."""
        of = self.listing
        told = answer.get(of.rows)
        for row in told if isinstance(told, list) else ():
            if not isinstance(row, Mapping):
                self.seen.add(repr(row))
                self.problems.append(_no_row(of.rows, row))
                continue
            self.seen.add(of.row_id(row))
            records, problems = of.read(row)
            self.problems += problems
            for record in records:
                old = self.best.get(of.record_id(record))
                if old is None or of.age(record) >= of.age(old):
                    self.best[of.record_id(record)] = record

    def found(self, start: int, end: int) -> Found[R]:
        """Return what was read as one window."""
        records, problems = tuple(self.best.values()), tuple(dict.fromkeys(self.problems))
        return Found(start, end, len(self.seen), records, problems)


def _short(begin: int, rows: int, total: int) -> Problem:
    return Problem(
        "order.searchList",
        None,
        "total",
        say(
            f"{beijing(begin):%Y-%m-%d %H:%M} 起的一段读到 {rows:,} 行",
            f"{rows:,} rows of the time from {beijing(begin):%Y-%m-%d %H:%M}",
        ),
        say(f"{total:,} 行", f"{total:,} rows"),
        say("下次拉取会再读这一段", "the next pull reads this time again"),
    )


def _no_row(where: str, row: object) -> Problem:
    return Problem(
        where,
        None,
        "",
        repr(row)[:60],
        say("一行订单或售后", "a row"),
        say("已跳过；下次拉取会再读", "skipped; the next pull reads it again"),
    )
