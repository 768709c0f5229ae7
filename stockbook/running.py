"""What every action shares: what it is told, what it opens, and what it tells."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from stockbook import settings
from stockbook.domain.language import Label, Language, say, speak
from stockbook.domain.problems import Problem, StockBookError, StoreError, WorkbookError
from stockbook.domain.urgent import Urgent
from stockbook.shops.doudian.client import DoudianShop
from stockbook.shops.doudian.transport import Account
from stockbook.store.ledger_store import LedgerStore
from stockbook.store.place import ledger_path
from stockbook.workbook.book import Book
from stockbook.workbook.closed_book import ClosedBook
from stockbook.workbook.history import History
from stockbook.workbook.undo import KeptBook

Progress = Callable[[str], None]
FILES_ONLY = "files"  # the shop of a ledger that no API has told its id yet
NAMES = {
    "refresh": Label("一键刷新", "refresh"),
    "pull": Label("拉取订单", "pull"),
    "recompute": Label("重新计算", "recompute"),
    "colour": Label("预警着色", "alert levels"),
    "audit": Label("自检", "self-check"),
    "undo": Label("撤销", "undo"),
    "import": Label("导入订单文件", "import of order files"),
    "trace": Label("追溯", "trace"),
    "watch": Label("实时监控", "live watch"),
    "publish": Label("发布", "publishing"),
    "preview": Label("同步可售库存", "preview of publishing"),
}


@dataclass(frozen=True)
class Run:
    """What every action is told: the instant it works at, the PC's clock, and whom to tell.

    Attributes:
        now: The run's instant [Unix s].
        clock: The time to sign requests with [Unix s]; stands still where `--now` fixes it.
    """

    now: int
    clock: Callable[[], float]
    progress: Progress


@dataclass(frozen=True)
class Report:
    """What an action did, for a person or (through `as_json`) for a machine."""

    book: str
    orders: int = 0
    lines: int = 0
    moves: int = 0
    as_of: int | None = None
    levels: dict[str, int] | None = None
    urgent: tuple[Urgent, ...] = ()
    cells: int = 0
    rows_added: int = 0
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    language: Language = "zh"

    def as_json(self) -> dict[str, Any]:
        """Return plain values for `json.dumps`."""
        return asdict(self)


@dataclass(frozen=True)
class Desk:
    """A workbook and its ledger, open for the length of one action."""

    book: Book
    ledger: LedgerStore


@contextmanager
def desk(place: Path | Book, action: str = "", now: int = 0) -> Iterator[Desk]:
    """Open a workbook's file, or take one that is open in Excel, with its ledger.

    Inside, the workbook's language is spoken, and what `action` writes can be taken back.

    Raises:
        WorkbookError: It is open elsewhere or not a StockBook workbook; nothing was touched.
        StoreError: Its ledger cannot be opened.
    """
    book = ClosedBook(place) if isinstance(place, Path) else place
    with speak(book.language()):
        book.refuse_if_open()
        found = ledger_path(settings.data_folder(), book.book_id())
        with LedgerStore.open(found) as ledger:
            yield Desk(KeptBook(book, history(book), action, now) if action else book, ledger)


def book_at(path: Path) -> Book:
    """Return a workbook as it is now: open in Excel, or a closed file."""
    if sys.platform in ("win32", "darwin"):
        from stockbook.workbook.live.excel import attach  # noqa: PLC0415 - slow to import
        from stockbook.workbook.live_book import LiveBook  # noqa: PLC0415

        try:
            return LiveBook(attach(str(path), path.name))
        except WorkbookError:  # not open
            return ClosedBook(path)
    return ClosedBook(path)


def history(book: Book) -> History:
    """Return what was written into a workbook, and its backups."""
    return History(settings.data_folder(), book.book_id(), book.path)


def token_file(shop_id: str) -> Path:
    """Return where a shop's tokens are kept; only its owner may read it."""
    return settings.data_folder() / f"token-{shop_id}.json"


def connect(run: Run, known_as: str = "") -> DoudianShop:
    """Return the platform's shop, with the credentials of the environment or the keyring.

    Args:
        known_as: The shop under which the ledger keeps its facts.
    """
    found = settings.credentials()
    return DoudianShop(
        Account(found.gateway, found.app_key, found.app_secret, found.shop_id),
        clock=run.clock,
        progress=run.progress,
        token_file=token_file(found.shop_id),
        known_as=known_as,
    )


def shop_key(ledger: LedgerStore) -> str:
    """Return the shop under which a ledger keeps its facts.

    One that began with downloaded files goes on under that name when the API is connected: the
    same order must not stand in it twice.

    Raises:
        StoreError: It belongs to another shop than the credentials.
    """
    known, ours = ledger.shop_id(), settings.shop_id()
    if known and ours and known not in (ours, FILES_ONLY):
        raise StoreError(
            say(
                f"这本工作簿的账本属于店铺 {known}，现在的凭证是店铺 {ours} 的；没有改动。"
                "请换回原来的凭证，或为另一家店新建一本工作簿",
                f"this workbook's ledger belongs to shop {known}, and the credentials are shop "
                f"{ours}'s; nothing was changed. Use the former credentials, or make a workbook "
                "of its own for the other shop",
            )
        )
    return known or ours or FILES_ONLY


def merged(first: Report, then: Report) -> Report:
    """Return one report of two runs on the same workbook, the second being the newer."""
    return replace(
        then,
        orders=first.orders + then.orders,
        lines=first.lines + then.lines,
        moves=first.moves + then.moves,
        cells=first.cells + then.cells,
        rows_added=first.rows_added + then.rows_added,
    )


class BusyError(StockBookError):
    """Something on the same workbook is still at work; says what and since when."""


@contextmanager
def only_one(action: str, name: str) -> Iterator[None]:
    """Hold a lock, such as a workbook's by its id; the system frees it if this process dies.

    Raises:
        BusyError: Another process holds it.
    """
    folder = settings.data_folder() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / f"{name}.json"
    try:
        with FileLock(folder / f"{name}.lock", timeout=0):
            note.write_text(json.dumps({"action": action, "since": time.time()}), "utf-8")
            yield
            note.unlink(missing_ok=True)
    except Timeout:
        raise BusyError(_running(note)) from None


def _running(note: Path) -> str:
    """Return what the other click does, and since when."""
    try:
        found = json.loads(note.read_text("utf-8"))
        label, since = NAMES[found["action"]], float(found["since"])
    except (OSError, ValueError, KeyError):
        return say("上一次点击还在进行，请稍候", "the last click is still at work; please wait")
    seconds = max(0, round(time.time() - since))
    return say(
        f"正在{label}，已 {seconds} 秒；请等它完成",
        f"{label} is running for {seconds} s; please wait",
    )
