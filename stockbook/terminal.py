"""What all commands share: how they read their arguments, show results and explain problems."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stockbook import running, settings
from stockbook.domain.clock import beijing, instant
from stockbook.domain.language import Language, say, speak
from stockbook.domain.problems import StockBookError
from stockbook.domain.urgent import until_zero

PIPED = None if sys.stdout.isatty() else 120  # [columns] where nobody tells how wide it is
OUT = Console(highlight=False, width=PIPED)
ERR = Console(stderr=True, highlight=False)
WORDS = {
    "out": "断货 out",
    "critical": "告急 critical",
    "low": "偏低 low",
    "watch": "关注 watch",
    "ok": "正常 ok",
}
STYLES = {
    "out": "bold white on #4b1535",
    "critical": "bold white on #c8371b",
    "low": "bold #452300 on #f7b15c",
    "watch": "#5c4300 on #ffefb0",
    "ok": "#1e5b48 on #e9f4f0",
}

Book = Annotated[
    Path, typer.Argument(help="The workbook (.xlsx or .xlsm). 工作簿", resolve_path=True)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Now = Annotated[
    str | None, typer.Option("--now", help="Work at this instant (ISO; Beijing time if bare).")
]
Skus = Annotated[int, typer.Option(min=1, max=5000)]
Days = Annotated[int, typer.Option(min=2, max=400)]
Lang = Annotated[str, typer.Option("--lang", help="zh or en.")]


@contextmanager
def explained(as_json: bool) -> Iterator[None]:
    """Turn a problem into words (or JSON) and exit code 1; a traceback is never shown."""
    try:
        yield
    except StockBookError as error:
        if as_json:
            print(json.dumps({"error": type(error).__name__, "message": str(error)},
                             ensure_ascii=False))  # fmt: skip
        else:
            ERR.print(f"[bold red]✗[/] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(1) from error
    except OSError as error:
        what, why = error.filename or "…", error.strerror or error
        told = say(
            f"读写 {what} 失败（{why}）；请检查路径、权限和磁盘",
            f"{what} could not be read or written ({why}); check path, permissions and disk",
        )
        ERR.print(f"[bold red]✗[/] {escape(told)}", soft_wrap=True)
        raise typer.Exit(1) from error
    except (typer.Exit, typer.BadParameter):
        raise
    except Exception as error:
        ERR.print(f"[bold red]✗[/] {escape(unexpected(error))}", soft_wrap=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt as error:
        ERR.print(say("已停止", "stopped"))
        raise typer.Exit(1) from error


def unexpected(error: Exception) -> str:
    """Put an error nobody foresaw into the log, and return what to say about it."""
    settings.log_error(error)
    log = settings.log_file()
    return say(
        f"意外错误 {type(error).__name__}，没有完成；详情在 {log}，请发给维护者",
        f"An unexpected {type(error).__name__} stopped the run; details are in {log}: "
        "send it to the maintainers",
    )


def a_run(now: str | None, as_json: bool) -> running.Run:
    """Read the clock once; `--now` makes it stand still."""
    progress: Callable[[str], None] = (
        (lambda _: None) if as_json else (lambda text: ERR.print(f"  {escape(text)}", style="dim"))
    )
    if now is None:
        return running.Run(int(time.time()), time.time, progress)
    try:
        at = instant(datetime.fromisoformat(now))
    except ValueError as error:
        raise typer.BadParameter(
            f"--now: {now!r} is not a time such as 2026-12-10T10:10:00+08:00"
        ) from error
    return running.Run(at, lambda: float(at), progress)


def language(name: str) -> Language:
    """Check `--lang`."""
    if name in ("zh", "en"):
        return name  # type: ignore[return-value]
    raise typer.BadParameter(f"--lang: {name!r} is neither zh nor en")


def show(report: running.Report, as_json: bool) -> None:
    """Print what an action did."""
    if as_json:
        print_json(report.as_json())
        return
    with speak(report.language):
        _show(report)


def _show(report: running.Report) -> None:
    OUT.print(
        say(
            f"拉取 {report.orders:,} 单（{report.lines:,} 行变化），记账 {report.moves:,} 笔；"
            f"写入 {report.cells:,} 格，新增 {report.rows_added:,} 行",
            f"{report.orders:,} orders ({report.lines:,} lines changed), {report.moves:,} moves; "
            f"{report.cells:,} cells written, {report.rows_added:,} rows added",
        )
    )
    _show_levels(report)
    _show_urgent(report)
    for note in report.notes:
        OUT.print(f"· {escape(note)}", style="dim")
    _show_problems(report)
    told = say(f"工作簿：{report.book}", f"Workbook: {report.book}")
    OUT.print(escape(told), soft_wrap=True)


def _show_levels(report: running.Report) -> None:
    if report.levels:
        parts = [
            f"[{STYLES[k]}] {say(*WORDS[k].split())} [/] {n}" for k, n in report.levels.items()
        ]
        OUT.print("  ".join(parts))


def _show_urgent(report: running.Report) -> None:
    if not report.urgent:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, side in [
        (say("预警", "level"), "left"),
        (say("商家编码", "SKU"), "left"),
        (say("商品", "name"), "left"),
        (say("可售", "free"), "right"),
        (say("断货倒计时", "runs out in"), "right"),
        (say("最晚", "by"), "left"),
        (say("怎么办", "what to do"), "left"),
    ]:
        table.add_column(name, justify=side, no_wrap=True)  # type: ignore[arg-type]
    for u in report.urgent:
        by = "" if u.order_by_at is None else f"{beijing(u.order_by_at):%m-%d %H:%M}"
        level = f"[{STYLES[u.level]}] {say(*WORDS[u.level].split())} [/]"
        countdown = until_zero(u.time_to_zero_days)
        texts = [escape(text) for text in (u.sku, u.name)]
        table.add_row(level, *texts, f"{u.free:,}", countdown, by, escape(u.action))
    OUT.print(table)


def _show_problems(report: running.Report, most: int = 5) -> None:
    for p in report.problems[:most]:
        place = " ".join(str(x) for x in (p.where, p.row and f"#{p.row}", p.column) if x)
        told = escape(f"{place}: {p.found} → {p.expected}. {p.fix}")
        OUT.print(f"[yellow]![/] {told}", soft_wrap=True)
    if len(report.problems) > most:
        more = len(report.problems) - most
        OUT.print(say(f"  还有 {more} 个问题，见 问题 表", f"  {more} more on the Problems sheet"))


def print_json(value: Any) -> None:
    """Print a value as JSON, instants and ids as they are."""
    print(json.dumps(value, ensure_ascii=False, indent=1, default=str))
