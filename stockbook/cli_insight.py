"""The terminal's door to analysis files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stockbook import actions
from stockbook.domain.language import say
from stockbook.terminal import OUT, AsJson, Book, Now, a_run, explained, show

app = typer.Typer()


@app.command("import-analysis")
def import_analysis(
    book: Book,
    files: Annotated[list[Path], typer.Argument(help="Files of 电商罗盘 or other tools.")],
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", help="column=name in the file, such as visitors=浏览人数."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would do.")] = False,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """导入分析文件: product traffic and buyer profiles (CSV, XLSX)."""
    with explained(as_json):
        run = a_run(now, as_json)
        report = actions.import_analysis(book, files, run, columns=columns or (), dry_run=dry_run)
        if dry_run and not as_json:
            OUT.print(say("试运行，什么都没有改：", "dry run, nothing was changed:"))
        show(report, as_json)
