"""The door from a terminal: the same actions as the ribbon, for people and for machines.

Exit codes: 0 done, 1 a problem that is explained, 2 wrong usage.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stockbook import actions, cli_live, demo, doctor, running, settings, setup
from stockbook.domain.clock import beijing, instant
from stockbook.domain.language import Language, say, speak
from stockbook.domain.problems import StockBookError
from stockbook.domain.records import Bucket
from stockbook.domain.urgent import until_zero
from stockbook.domain.words import BUCKETS, CAUSES

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="StockBook: what will run out, when, and what to do. 库存预警工作簿。",
)
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


def main() -> None:
    """Run the command line; problems become one sentence and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")
    app()


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


@app.command("new")
def new_(book: Book, shop: Annotated[str, typer.Option(help="Shop name.")] = "",
         lang: Lang = "zh", as_json: AsJson = False) -> None:  # fmt: skip
    """新建: make an empty workbook."""
    spoken = language(lang)
    with speak(spoken), explained(as_json):
        report = actions.new(book, language=spoken, shop_name=shop)
        print_json(report.as_json()) if as_json else OUT.print(
            escape(say(f"已新建 {report.book}", f"made {report.book}")), soft_wrap=True
        )


@app.command()
def refresh(book: Book, now: Now = None, as_json: AsJson = False) -> None:
    """一键刷新: pull, recompute, colour."""
    with explained(as_json):
        show(actions.refresh(book, a_run(now, as_json)), as_json)


@app.command()
def pull(book: Book, now: Now = None, as_json: AsJson = False) -> None:
    """拉取订单: new orders into the ledger, stock into the workbook."""
    with explained(as_json):
        show(actions.pull(book, a_run(now, as_json)), as_json)


@app.command("import")
def import_(book: Book, files: Annotated[list[Path], typer.Argument(help="Downloaded files.")],
            dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would do.")]
            = False, now: Now = None, as_json: AsJson = False) -> None:  # fmt: skip
    """导入订单文件: order and after-sale files downloaded by hand (CSV, XLSX)."""
    with explained(as_json):
        report = actions.import_files(book, files, a_run(now, as_json), dry_run=dry_run)
        if dry_run and not as_json:
            OUT.print(say("试运行，什么都没有改：", "dry run, nothing was changed:"))
        show(report, as_json)


@app.command()
def recompute(book: Book, now: Now = None, as_json: AsJson = False) -> None:
    """重新计算: forecast, levels, plans, alerts from what was pulled."""
    with explained(as_json):
        show(actions.recompute(book, a_run(now, as_json)), as_json)


@app.command()
def colour(book: Book, now: Now = None, as_json: AsJson = False) -> None:
    """预警着色: alert levels again, from what is known."""
    with explained(as_json):
        show(actions.colour(book, a_run(now, as_json)), as_json)


@app.command()
def stock(book: Book, as_json: AsJson = False) -> None:
    """Every SKU's buckets as the ledger has them."""
    with explained(as_json):
        rows = actions.stock(book)
        if as_json:
            print_json(rows)
            return
        table = Table(*(rows[0] if rows else ["sku"]), box=None)
        for row in rows:
            table.add_row(*(escape(str(value)) for value in row.values()))
        OUT.print(table)


@app.command()
def trace(book: Book, sku: str, sheet: Annotated[bool, typer.Option(
              "--sheet", help="Write the latest moves onto the sheet Trace.")] = False,
          now: Now = None, as_json: AsJson = False) -> None:  # fmt: skip
    """追溯: every move behind a SKU's figures."""
    with explained(as_json):
        if sheet:
            show(actions.trace_sheet(book, a_run(now, as_json), sku), as_json)
            return
        moves = actions.trace(book, sku)
        if as_json:
            print_json(moves)
            return
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in (say("时间", "when"), say("从", "from"), say("到", "to"), say("件", "units"),
                     say("可售", "free"), say("凭据", "what for")):  # fmt: skip
            table.add_column(name, no_wrap=True)
        for m in moves:
            when = f"{beijing(m['effective_at']):%Y-%m-%d %H:%M}"
            ends = (str(BUCKETS[Bucket(m[end])]) for end in ("source", "target"))
            what = escape(f"{CAUSES[m['cause']]} {m['reference']}")
            table.add_row(when, *ends, f"{m['quantity']:,}", f"{m['free']:,}", what)
        OUT.print(table)


@app.command()
def undo(book: Book, as_json: AsJson = False) -> None:
    """撤销: take the last write into the workbook back; never the ledger or the shop."""
    with explained(as_json):
        undone = actions.undo(book)
        print_json(asdict(undone)) if as_json else OUT.print(
            escape(actions.told(undone)), soft_wrap=True
        )


@app.command()
def audit(book: Book, as_json: AsJson = False) -> None:
    """自检: replay the ledger; exit 1 if anything differs."""
    with explained(as_json):
        findings = actions.audit(book)
        if as_json:
            print_json([asdict(f) for f in findings])
        elif not findings:
            OUT.print(say("自检通过：账目与流水一致", "audit clean: every figure equals its moves"))
        for finding in () if as_json else findings:
            OUT.print(f"[red]✗[/] {escape(str(finding))}", soft_wrap=True)
        if findings:
            raise typer.Exit(1)


@app.command()
def authorize(code: Annotated[str, typer.Argument(help="The code of the merchant's consent.")],
              now: Now = None, as_json: AsJson = False) -> None:  # fmt: skip
    """授权: take a merchant's code, good for 10 minutes and one use (tool apps only)."""
    with explained(as_json):
        told = actions.authorize(code, a_run(now, as_json))
        print_json({"message": told}) if as_json else OUT.print(escape(told), soft_wrap=True)


@app.command("setup")
def setup_(as_json: AsJson = False) -> None:
    """安装: tell Excel which Python runs the buttons."""
    with explained(as_json):
        done = setup.setup(setup.Machine.here())
        if as_json:
            print_json(done)
        for line in () if as_json else done:
            OUT.print(f"[green]✓[/] {escape(line)}", soft_wrap=True)


@app.command("doctor")
def doctor_(book: Annotated[Path | None, typer.Argument()] = None, as_json: AsJson = False) -> None:
    """诊断: what is installed, where data lives, whether the shop answers."""
    with explained(as_json):
        lines = doctor.examine(book)
        if as_json:
            print_json([asdict(line) for line in lines])
        for line in () if as_json else lines:
            mark = "[green]✓[/]" if line.ok else "[red]✗[/]"
            OUT.print(f"{mark} {line.what}: {escape(line.found)}", soft_wrap=True)
        if not all(line.ok for line in lines):
            raise typer.Exit(1)


cli_live.register(app, a_run, explained, OUT)


@app.command("sandbox")
def sandbox_(port: int = 8765, seed: int = 7, skus: Skus = 200, days: Days = 85, now: Now = None,
             truth: Annotated[Path | None, typer.Option(help="Write what truly happened.")] = None,
             live: Annotated[bool, typer.Option("--live", help="Let its clock run.")] = False,
             rich: Annotated[bool, typer.Option("--rich", help="With kits, gifts, presales, two "
                             "warehouses and a house that works.")] = False,
             files: Annotated[Path | None, typer.Option(help="Write order files here.")] = None,
             ) -> None:  # fmt: skip
    """A practice shop on 127.0.0.1 that speaks the platform's protocol."""
    with explained(as_json=False):
        at = a_run(now, as_json=True).now
        simulation = demo.Plan(seed, skus, days, rich).shop(at)
        demo.run_sandbox(simulation, port=port, truth=truth, live=live, files=files,
                         tell=lambda text: print(text, flush=True))  # fmt: skip


@app.command("demo")
def demo_(folder: Annotated[Path, typer.Option(help="Where to put it.")] = Path("demo"),
          seed: int = 7, skus: Skus = 200, days: Days = 365, now: Now = None, lang: Lang = "zh",
          truth: Annotated[Path | None, typer.Option(help="Write what truly happened.")] = None,
          as_json: AsJson = False) -> None:  # fmt: skip
    """A practice shop's orders into a filled workbook, in one go."""
    spoken = language(lang)
    with speak(spoken), explained(as_json):
        run = a_run(now, as_json)
        plan = demo.Plan(seed, skus, days)
        show(demo.run(folder, run, plan, language=spoken, truth=truth), as_json)
