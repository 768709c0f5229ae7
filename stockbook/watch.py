"""实时监控, started and stopped: one watch a ledger, with its push door, inbox and phones."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from stockbook import settings
from stockbook.domain.language import speak
from stockbook.notify import Sender
from stockbook.receiver import Receiver, receive
from stockbook.running import BusyError, Run, book_at, connect, only_one, shop_key
from stockbook.store.inbox import Inbox
from stockbook.store.ledger_store import LedgerStore
from stockbook.store.place import ledger_path
from stockbook.teller import Teller
from stockbook.watcher import GLANCE, Options, Status, Watcher


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
        stop_file(book_id).unlink(missing_ok=True)
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
            stack.enter_context(receive(watcher.receiver, *options.listen))
        teller.start()
        stack.callback(teller.stop)
        listening = threading.Thread(
            target=_heed, args=(stop_file(book_id), stop, watcher.woken), daemon=True
        )
        listening.start()
        watcher.watch(stop)
        stop_file(book_id).unlink(missing_ok=True)


def watch_name(book_id: str) -> str:
    """Return the name of the lock that a watch holds."""
    return f"watch-{book_id}"


def stop_file(book_id: str) -> Path:
    """Return the file whose presence asks a watch to stop."""
    return settings.data_folder() / "locks" / f"watch-{book_id}.stop"


def ask_to_stop(book_id: str, *, patience: float = 30.0) -> bool:
    """Ask the watch on a workbook's ledger to stop, and wait until it has.

    Returns:
        Whether there was one.

    Raises:
        BusyError: It did not stop in time.
    """
    try:
        with only_one("watch", watch_name(book_id)):
            return False
    except BusyError:
        stop_file(book_id).touch()
    ends = time.monotonic() + patience
    while True:
        try:
            with only_one("watch", watch_name(book_id)):
                return True
        except BusyError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)


def _heed(wish: Path, stop: threading.Event, woken: threading.Event) -> None:
    """Set `stop` once someone asks for it."""
    while not stop.wait(GLANCE):
        if wish.exists():
            stop.set()
    woken.set()
