"""实时监控, started and stopped: one watch a ledger, with its push door, inbox and phones."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from stockbook import settings
from stockbook.addin import spawn
from stockbook.domain.language import say, speak
from stockbook.domain.problems import WorkbookError
from stockbook.notify import Sender
from stockbook.receiver import Receiver, receive
from stockbook.running import BusyError, Run, book_at, connect, only_one, shop_key
from stockbook.store.inbox import Inbox
from stockbook.store.ledger_store import LedgerStore
from stockbook.store.place import ledger_path
from stockbook.teller import Teller
from stockbook.watcher import GLANCE, Options, Status, Watcher

STARTING = 30.0  # [s]


def watch(
    path: Path, run: Run, options: Options, show: Callable[[Status], None], stop: threading.Event
) -> None:
    """实时监控: watch a workbook's shop until `stop` is set.

    Raises:
        BusyError: Another watch runs on the same ledger.
        WorkbookError, StoreError, SettingsError: As for every action; nothing was touched.
    """
    book = book_at(path)
    with ExitStack() as stack:
        stack.enter_context(speak(book.language()))
        book_id = book.book_id()
        stack.enter_context(only_one("watch", watch_name(book_id)))
        for old in (stop_file(book_id), ready_file(book_id)):
            old.unlink(missing_ok=True)
        found = ledger_path(settings.data_folder(), book_id)
        ledger = stack.enter_context(LedgerStore.open(found))
        inbox = Inbox(found.with_name(f"inbox-{book_id}.sqlite"))
        stack.callback(inbox.close)
        shop = connect(run, shop_key(ledger))
        teller = Teller(ledger, shop.shop_id, Sender(settings.webhooks(), run.clock), run.clock)
        watcher = Watcher(path, shop, ledger, inbox, run, options, teller, show)
        if options.listen:
            known = settings.credentials()
            watcher.receiver = Receiver(
                known.app_key, known.app_secret, inbox, run.clock, watcher.woken.set
            )
            port = stack.enter_context(receive(watcher.receiver, *options.listen))
            watcher.status.listens = f"http://{options.listen[0]}:{port}/"
        teller.start()
        stack.callback(teller.stop)
        listening = threading.Thread(
            target=_heed, args=(stop_file(book_id), stop, watcher.woken), daemon=True
        )
        listening.start()
        ready_file(book_id).touch()
        stack.callback(ready_file(book_id).unlink, missing_ok=True)
        watcher.watch(stop)
        stop_file(book_id).unlink(missing_ok=True)


def toggle(path: Path, book_id: str) -> str:
    """Start the watch on a workbook, or stop the one that runs; return what to tell.

    Raises:
        WorkbookError: It is not on this computer, or the watch did not start; says why.
    """
    if ask_to_stop(book_id):
        return say("✓ 实时监控已停止", "✓ the live watch was stopped")
    if not path.exists():
        raise WorkbookError(
            say(
                f"{path.name} 不在这台电脑上；请先另存到本机的文件夹，再开始监控",
                f"{path.name} is not on this computer: save it to a local folder first",
            )
        )
    ready_file(book_id).unlink(missing_ok=True)  # of one that was killed
    log = settings.log_file().with_name("watch.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as errors:
        process = spawn([sys.executable, "-m", "stockbook", "watch", str(path)], errors)
    ends = time.monotonic() + STARTING
    while process.poll() is None and time.monotonic() < ends and not ready_file(book_id).exists():
        time.sleep(0.1)
    if process.poll() is not None:
        raise WorkbookError(log.read_text("utf-8", "replace").rpartition("✗ ")[2].strip())
    return say(
        "✓ 实时监控已开始：每 20 秒看一次新订单，预警变化会写进来、发到群里；再点一次停止",
        "✓ the live watch has started: new orders every 20 seconds, changes of level written "
        "here and sent to the robots; click again to stop it",
    )


def _is_watched(book_id: str) -> bool:
    try:
        with only_one("watch", watch_name(book_id)):
            return False
    except BusyError:
        return True


def watch_name(book_id: str) -> str:
    """Return the name of the lock that a watch holds."""
    return f"watch-{book_id}"


def stop_file(book_id: str) -> Path:
    """Return the file whose presence asks a watch to stop."""
    return settings.data_folder() / "locks" / f"watch-{book_id}.stop"


def ready_file(book_id: str) -> Path:
    """Return the file whose presence says that a watch has begun."""
    return stop_file(book_id).with_suffix(".ready")


def ask_to_stop(book_id: str, *, patience: float = 30.0) -> bool:
    """Ask the watch on a workbook's ledger to stop, and wait until it has.

    Returns:
        Whether there was one.

    Raises:
        BusyError: It did not stop in time.
    """
    if not _is_watched(book_id):
        return False
    stop_file(book_id).touch()
    ends = time.monotonic() + patience
    while _is_watched(book_id):
        if time.monotonic() > ends:
            with only_one("watch", watch_name(book_id)):  # says what runs, and since when
                break
        time.sleep(0.1)
    return True


def _heed(wish: Path, stop: threading.Event, woken: threading.Event) -> None:
    """Set `stop` once someone asks for it."""
    while not stop.wait(GLANCE):
        if wish.exists():
            stop.set()
    woken.set()
