"""The commands on plain files: the maths of the workbook, on anyone's history."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from stockbook import plain, plain_plans
from stockbook.domain.language import say, speak
from stockbook.domain.levels import RULES
from stockbook.domain.replenish import Terms
from stockbook.plain import History
from stockbook.terminal import ERR, OUT, AsJson, Lang, explained, language, print_json

app = typer.Typer()
File = Annotated[
    Path, typer.Argument(help="CSV or Parquet with sku,date,units[,in_stock]. 历史文件")
]
Out = Annotated[Path, typer.Option("-o", "--out", help="Parquet, or CSV if it ends in .csv.")]
Lead = Annotated[float, typer.Option(min=0, max=365, help="Lead time in days.")]
Spread = Annotated[float, typer.Option(min=0, max=180, help="Its standard deviation in days.")]
OutJson = Annotated[Path, typer.Option("-o", "--out", help="A .json file.")]
TABLES = (".parquet", ".pq", ".csv")
Review = Annotated[float, typer.Option(min=0, max=365, help="Days between two orders.")]


@app.command("forecast")
def forecast_(
    history: File,
    out: Out = Path("forecast.parquet"),
    days: Annotated[int, typer.Option(min=1, max=366, help="Days ahead.")] = 14,
    quantiles: Annotated[str, typer.Option(help="Coverage of the total, such as 0.9,0.95.")] = (
        "0.9,0.95,0.98"
    ),
    lang: Lang = "zh",
    as_json: AsJson = False,
) -> None:
    """销量预测: each SKU's demand by day, and its total with quantiles."""
    asked = shares(quantiles, "--quantiles")
    check_out(history, TABLES, out, plain_plans.totals_path(out))
    with speak(language(lang)), explained(as_json):
        started = time.perf_counter()
        read = plain.read(history, _progress(as_json))
        daily, totals = plain_plans.forecast(
            read, days=days, quantiles=asked, progress=_progress(as_json)
        )
        written = [
            plain_plans.write(daily, out),
            plain_plans.write(totals, plain_plans.totals_path(out)),
        ]
        methods = totals["method"].value_counts().to_dict()
        _done(read, written, {"methods": methods}, started, as_json)


@app.command("levels")
def levels_(
    history: File,
    out: Out = Path("levels.parquet"),
    lead_time: Lead = 7,
    lead_time_sd: Spread = 0,
    review: Review = 7,
    service: Annotated[
        float, typer.Option(min=0.5, max=0.9999, help="Chance of no stock-out in a cycle (P1).")
    ] = 0.95,
    rule: Annotated[str, typer.Option(help=f"One of {', '.join(RULES)}.")] = "quantile",
    lang: Lang = "zh",
    as_json: AsJson = False,
) -> None:
    """安全库存: each SKU's reorder point and order-up-to level."""
    if rule not in RULES:
        raise typer.BadParameter(f"--rule: {rule!r} is none of {', '.join(RULES)}")
    check_out(history, TABLES, out)
    with speak(language(lang)), explained(as_json):
        started = time.perf_counter()
        read = plain.read(history, _progress(as_json))
        found = plain_plans.levels(
            read, lead_time=lead_time, lead_time_sd=lead_time_sd, review=review, service=service,
            rule=rule, progress=_progress(as_json),
        )  # fmt: skip
        written = [plain_plans.write(found, out)]
        summed = {"reorder_point": float(found["reorder_point"].sum())}
        _done(read, written, summed, started, as_json)


@app.command("simulate")
def simulate_(
    history: File,
    out: OutJson = Path("simulation.json"),
    lead_time: Annotated[int, typer.Option(min=1, max=180, help="Lead time in days.")] = 7,
    lead_time_spread: Spread = 0,
    review: Annotated[int, typer.Option(min=1, max=90, help="Days between two orders.")] = 7,
    burn_in: Annotated[int, typer.Option(min=28, max=3000, help="Days before it begins.")] = 168,
    fill: Annotated[str, typer.Option(help="Fill rates to compare at.")] = "0.95,0.97",
    lang: Lang = "zh",
    as_json: AsJson = False,
) -> None:
    """试算: what each ordering rule would have cost and delivered on this history."""
    fills = shares(fill, "--fill")
    check_out(history, (".json",), out)
    with speak(language(lang)), explained(as_json):
        started = time.perf_counter()
        read = plain.read(history, _progress(as_json))
        terms = Terms(lead_time, lead_time_spread, review, burn_in)
        found = plain_plans.simulate(read, terms, fills, _progress(as_json))
        at = {name: policy["stock_days_at_fill"] for name, policy in found["policies"].items()}
        _done(read, [plain_plans.write_json(found, out)], {"stock_days_at_fill": at}, started,
              as_json)  # fmt: skip


def check_out(history: Path, kinds: Sequence[str], *outs: Path) -> None:
    """See before computing that results can be written, and not over the history.

    Raises:
        typer.BadParameter: They cannot; the message says why.
    """
    for out in outs:
        if out.suffix.lower() not in kinds:
            raise typer.BadParameter(f"--out: {out.name} does not end in {' or '.join(kinds)}")
        if out.resolve() == history.resolve():
            raise typer.BadParameter(f"--out: {out} would replace the history; name another file")
        if out.is_dir() or not out.resolve().parent.is_dir():
            raise typer.BadParameter(f"--out: {out} is a folder, or its folder does not exist")


def shares(text: str, option: str) -> list[float]:
    """Read a list of shares strictly between 0 and 1.

    Raises:
        typer.BadParameter: It is none; the message names the option.
    """
    try:
        found = [float(part) for part in text.replace("，", ",").split(",") if part.strip()]
    except ValueError:
        found = []
    if not found or not all(0 < share < 1 for share in found):
        raise typer.BadParameter(f"{option}: {text!r} is not a list such as 0.9,0.95")
    return found


def _progress(as_json: bool) -> plain.Progress:
    return (
        (lambda _: None) if as_json else (lambda text: ERR.print(f"  {escape(text)}", style="dim"))
    )


def _done(
    read: History, written: Sequence[Path], more: dict[str, Any], started: float, as_json: bool
) -> None:
    """Say what was read, made and written."""
    seconds, files = round(time.perf_counter() - started, 2), [str(path) for path in written]
    skus = len(read.demand.skus)
    if as_json:
        facts = {"skus": skus, "days": read.demand.units.shape[1], "rows": read.rows}
        problems = [{f: getattr(p, f) for f in p.__dataclass_fields__} for p in read.problems]
        told = {"skipped": read.skipped, "seconds": seconds, "files": files, "problems": problems}
        print_json({**facts, **told, **more})
        return
    for problem in read.problems[:5]:
        where = f"{problem.where} {problem.row or ''} {problem.column}"
        told_of = f"! {where}: {problem.found} → {problem.expected}；{problem.fix}"
        ERR.print(escape(told_of), style="yellow")
    zh, en = f"✓ {skus:,} 个 SKU，{read.rows:,} 行", f"✓ {skus:,} SKUs, {read.rows:,} rows"
    if read.skipped:
        zh, en = f"{zh}，跳过 {read.skipped:,} 行", f"{en}, {read.skipped:,} left out"
    OUT.print(escape(say(f"{zh}，{seconds} 秒", f"{en}, {seconds} s")))
    OUT.print(escape("\n".join(files)))
    OUT.print(escape(json.dumps(more, ensure_ascii=False)))
