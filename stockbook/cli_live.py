"""The terminal's commands for a shop while it sells: reconcile and publish."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stockbook import publish_actions
from stockbook.domain.language import say, speak
from stockbook.publish_actions import ShopReport
from stockbook.running import Run

Book = Annotated[
    Path, typer.Argument(help="The workbook (.xlsx or .xlsm). 工作簿", resolve_path=True)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Now = Annotated[
    str | None, typer.Option("--now", help="Work at this instant (ISO; Beijing time if bare).")
]
MOST = 15  # rows shown
ARunMaker = Callable[[str | None, bool], Run]
Explained = Callable[[bool], AbstractContextManager[None]]


def register(app: typer.Typer, a_run: ARunMaker, explained: Explained, out: Console) -> None:
    """Add the commands to the command line."""

    @app.command()
    def reconcile(book: Book, now: Now = None, as_json: AsJson = False) -> None:
        """对账: the shop's own stock against the ledger, and why they differ; changes nothing."""
        with explained(as_json):
            show(publish_actions.reconcile(book, a_run(now, as_json)), out, as_json=as_json)

    @app.command()
    def publish(book: Book,
                apply: Annotated[bool, typer.Option("--apply", help="Send it to the shop; "
                                 "without it nothing is changed there.")] = False,
                undo: Annotated[bool, typer.Option("--undo", help="Take the last publishing "
                                "back.")] = False,
                now: Now = None, as_json: AsJson = False) -> None:  # fmt: skip
        """发布: sellable stock to the shop, by increments; shows them only, unless --apply."""
        with explained(as_json):
            run = a_run(now, as_json)
            report = publish_actions.publish(book, run, apply=apply, undo=undo)
            show(report, out, as_json=as_json)
            if report.failure:
                raise typer.Exit(1)


def show(report: ShopReport, out: Console, *, as_json: bool) -> None:
    """Print what was found and done."""
    if as_json:
        print(json.dumps(report.as_json(), ensure_ascii=False, indent=1, default=str))
        return
    with speak(report.language):
        for sentence in publish_actions.summary(report):
            out.print(escape(sentence), soft_wrap=True)
        _show_rows(report, out)
        for note in report.notes:
            out.print(f"· {escape(note)}", style="dim")
        for p in report.problems[:5]:
            place = " ".join(str(x) for x in (p.where, p.column) if x)
            told = escape(f"{place}: {p.found} → {p.expected}. {p.fix}")
            out.print(f"[yellow]![/] {told}", soft_wrap=True)
        out.print(escape(say(f"工作簿：{report.book}", f"Workbook: {report.book}")), soft_wrap=True)


def _show_rows(report: ShopReport, out: Console) -> None:
    shown = [row for row in report.rows if row["step"] or row["cause"] or row["difference"]]
    if not shown:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in (say("商家编码", "SKU"), say("仓库", "warehouse"), say("平台现货", "spot"),
                 say("活动", "activity"), say("账面可售", "free"), say("应发布", "target"),
                 say("增量", "step")):  # fmt: skip
        table.add_column(name, no_wrap=True)
    table.add_column(say("可能原因", "likely cause"))
    table.add_column(say("结果", "result"))
    for row in shown[:MOST]:
        step = f"{row['step']:+}" if row["step"] else ""
        figures = [row[name] for name in ("spot", "activity", "book", "target")]
        texts = [str(row["sku"] or row["shop_sku_id"]), row["warehouse"] or "",
                 *("" if n is None else f"{n:,}" for n in figures), step,
                 row["cause"] or "", row["result"] or ""]  # fmt: skip
        table.add_row(*(escape(text) for text in texts))
    out.print(table)
    if len(shown) > MOST:
        more = len(shown) - MOST
        out.print(say(f"  还有 {more} 行，见 店铺库存 表", f"  {more} more on Shop stock"))
