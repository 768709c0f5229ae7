"""The commands of a shop that is selling right now."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Annotated

import typer
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from stockbook import actions
from stockbook.domain.clock import beijing
from stockbook.domain.language import say, speak
from stockbook.running import Run, book_at
from stockbook.terminal import ERR, OUT, STYLES, WORDS, AsJson, Book, Now, a_run, explained
from stockbook.watch import ask_to_stop, watch
from stockbook.watcher import Options, Status

app = typer.Typer()
Every = Annotated[float, typer.Option(min=1, max=3600, help="Seconds between two polls.")]
Minutes = Annotated[
    float, typer.Option(min=0, max=1440, help="Minutes between two writes while no level changes.")
]
Listen = Annotated[
    str, typer.Option(help="Take pushed messages at HOST:PORT, such as 127.0.0.1:8766.")
]
Hours = Annotated[float, typer.Option(min=0, max=720, help="For so long; 0 ends it.")]
Stop = Annotated[bool, typer.Option("--stop", help="Stop the watch that runs on this workbook.")]


@app.command("watch")
def watch_(book: Book, every: Every = 20, write_minutes: Minutes = 5, listen: Listen = "",
           stop: Stop = False, now: Now = None, as_json: AsJson = False) -> None:  # fmt: skip
    """实时监控: orders as they come, alerts to the phone; Ctrl-C stops it."""
    with explained(as_json):
        if stop:
            _stop(book, as_json)
            return
        options = Options(every, write_minutes, address(listen))
        ending = threading.Event()
        with _signals(ending), _shown(as_json) as show:
            watch(book, _ticking(a_run(now, as_json=True)), options, show, ending)


def _stop(book: Book, as_json: bool) -> None:
    found = book_at(book)
    with speak(found.language()):
        stopped = ask_to_stop(found.book_id())
        told = say("已停止", "stopped") if stopped else say("没有在监控", "nothing was watching")
        print(json.dumps({"stopped": stopped})) if as_json else OUT.print(told)


def _ticking(run: Run) -> Run:
    """Return a run whose clock goes on from its instant: `--now` sets it, and does not stop it."""
    ahead = run.now - time.time()
    return replace(run, clock=lambda: time.time() + ahead)


@app.command()
def snooze(book: Book, sku: Annotated[str, typer.Argument(help="The SKU's code.")],
           hours: Hours = 4,
           now: Now = None, as_json: AsJson = False) -> None:  # fmt: skip
    """静音: no message about a SKU for some hours, unless it gets worse."""
    with explained(as_json):
        until = actions.snooze(book, sku, hours, a_run(now, as_json=True))
        ends = f"{beijing(until):%m-%d %H:%M}"
        told = say(
            f"{sku} 静音到 {ends}；变得更糟会照样提醒",
            f"{sku} is silent until {ends}, unless it gets worse",
        )
        print(json.dumps({"until": until})) if as_json else OUT.print(escape(told))


def address(text: str) -> tuple[str, int] | None:
    """Read HOST:PORT; "" is none."""
    if not text:
        return None
    host, _, port = text.rpartition(":")
    if host and port.isdigit() and int(port) < 1 << 16:
        return host, int(port)
    raise typer.BadParameter(f"--listen: {text!r} is no HOST:PORT such as 127.0.0.1:8766")


class Showing:
    """Shows each status: a line that renews itself, or a line of JSON."""

    def __init__(self, live: Live | None) -> None:
        self._live = live
        self._last = ""

    def __call__(self, status: Status) -> None:
        """Show one status."""
        if self._live is not None:
            self._live.update(Text.from_markup(line(status)), refresh=True)
            return
        text = json.dumps(asdict(status), ensure_ascii=False)
        if text != self._last:
            self._last = text
            print(text, flush=True)


@contextmanager
def _shown(as_json: bool) -> Iterator[Showing]:
    if as_json:
        yield Showing(None)
        return
    ERR.print(say("正在监控；按 Ctrl-C 停止", "watching; Ctrl-C stops it"), style="dim")
    with Live("", console=OUT, auto_refresh=False) as live:
        yield Showing(live)


def line(status: Status) -> str:
    """Return a status in one or two lines of Rich markup."""
    levels = "  ".join(
        f"[{STYLES[key]}] {say(*WORDS[key].split())} [/] {n}"
        for key, n in status.levels.items()
        if n and key != "ok"
    )
    read = "–" if status.read_at is None else f"{beijing(status.read_at):%H:%M:%S}"
    parts = [
        f"[bold]{beijing(status.at):%H:%M:%S}[/]",
        say(f"上次读取 {read}", f"read {read}"),
        say(f"新订单 {status.orders:,}", f"{status.orders:,} orders"),
        levels or say("没有预警", "no alert"),
        escape(f"{status.listens} {status.pushed}".strip()),
        escape(status.told),
    ]
    shown = " · ".join(part for part in parts if part)
    for trouble in (status.trouble, status.locked):
        shown += f"\n[yellow]![/] {escape(trouble)}" if trouble else ""
    return shown


@contextmanager
def _signals(ending: threading.Event) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the watch after the step it is in."""

    def end(_: int, __: object) -> None:
        ending.set()

    before = {kind: signal.signal(kind, end) for kind in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
