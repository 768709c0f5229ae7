"""The terminal's commands for a shop while it sells: reconcile and publish."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from stockbook import publish_actions
from stockbook.domain.language import say, speak
from stockbook.publish_actions import ShopReport
from stockbook.terminal import OUT, AsJson, Book, Now, a_run, explained, print_json

MOST = 15  # rows shown
app = typer.Typer()


@app.command()
def reconcile(book: Book, now: Now = None, as_json: AsJson = False) -> None:
    """对账: the shop's own stock against the ledger, and why they differ; changes nothing."""
    with explained(as_json):
        show(publish_actions.reconcile(book, a_run(now, as_json)), as_json=as_json)


@app.command()
def publish(book: Book,
            apply: Annotated[bool, typer.Option("--apply", help="Send it to the shop; "
                             "without it nothing is changed there.")] = False,
            undo: Annotated[bool, typer.Option("--undo", help="Take the last publishing "
                            "back.")] = False,
            now: Now = None, as_json: AsJson = False) -> None:  # fmt: skip
    """发布: sellable stock to the shop, by increments; shows them only, unless --apply."""
    with explained(as_json):
        report = publish_actions.publish(book, a_run(now, as_json), apply=apply, undo=undo)
        show(report, as_json=as_json)
        if report.failure:
            raise typer.Exit(1)


def show(report: ShopReport, *, as_json: bool) -> None:
    """Print what was found and done."""
    if as_json:
        print_json(report.as_json())
        return
    with speak(report.language):
        for sentence in publish_actions.summary(report):
            OUT.print(escape(sentence), soft_wrap=True)
        _show_rows(report)
        for note in report.notes:
            OUT.print(f"· {escape(note)}", style="dim")
        for p in report.problems[:5]:
            place = " ".join(str(x) for x in (p.where, p.column) if x)
            told = escape(f"{place}: {p.found} → {p.expected}. {p.fix}")
            OUT.print(f"[yellow]![/] {told}", soft_wrap=True)
        OUT.print(escape(say(f"工作簿：{report.book}", f"Workbook: {report.book}")), soft_wrap=True)


def _show_rows(report: ShopReport) -> None:
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
    OUT.print(table)
    if len(shown) > MOST:
        more = len(shown) - MOST
        OUT.print(say(f"  还有 {more} 行，见 店铺库存 表", f"  {more} more on Shop stock"))
