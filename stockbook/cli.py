"""The door from a terminal: the same actions as the ribbon, for people and for machines.

Exit codes: 0 done, 1 a problem that is explained, 2 wrong usage.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from stockbook import actions, cli_insight, cli_live, cli_plan, cli_publish, demo, doctor, setup
from stockbook.domain.clock import beijing
from stockbook.domain.language import say, speak
from stockbook.domain.records import Bucket
from stockbook.domain.words import BUCKETS, CAUSES
from stockbook.terminal import (
    OUT,
    AsJson,
    Book,
    Days,
    Lang,
    Now,
    Skus,
    a_run,
    explained,
    language,
    print_json,
    show,
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="StockBook: what will run out, when, and what to do. 库存预警工作簿。",
)


def main() -> None:
    """Run the command line; problems become one sentence and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")
    app()


@app.command("new")
def new_(book: Book, shop: Annotated[str, typer.Option(help="Shop name.")] = "",
         lang: Lang = "zh", now: Now = None, as_json: AsJson = False) -> None:  # fmt: skip
    """新建: make an empty workbook."""
    spoken = language(lang)
    with speak(spoken), explained(as_json):
        at = a_run(now, as_json).now
        report = actions.new(book, language=spoken, shop_name=shop, now=at)
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


@app.command("sandbox")
def sandbox_(port: int = 8765, seed: int = 7, skus: Skus = 200, days: Days = 85, now: Now = None,
             truth: Annotated[Path | None, typer.Option(help="Write what truly happened.")] = None,
             live: Annotated[bool, typer.Option("--live", help="Let its clock run.")] = False,
             rich: Annotated[bool, typer.Option("--rich", help="With kits, gifts, presales, two "
                             "warehouses and a house that works.")] = False,
             gated: Annotated[bool, typer.Option("--gated", help="It sells what it shows, "
                              "whether or not the house has it.")] = False,
             files: Annotated[Path | None, typer.Option(help="Write order files here.")] = None,
             ) -> None:  # fmt: skip
    """A practice shop on 127.0.0.1 that speaks the platform's protocol."""
    with explained(as_json=False):
        at = a_run(now, as_json=True).now
        simulation = demo.Plan(seed, skus, days, rich).shop(at, gated=gated)
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


for part in (cli_live, cli_publish, cli_plan, cli_insight):
    app.registered_commands += part.app.registered_commands
