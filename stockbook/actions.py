"""What each ribbon button and each command does: one function each, the same for both doors.

An action opens what it needs, runs the pipeline and returns a report; it never prints.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from stockbook import intake, pipeline, settings
from stockbook.domain.clock import beijing, day_of
from stockbook.domain.language import Language, current, say, speak
from stockbook.domain.outlook import Outlook
from stockbook.domain.problems import Problem, ShopError, StoreError, WorkbookError
from stockbook.domain.tables import records
from stockbook.domain.urgent import level_counts, most_urgent
from stockbook.running import NAMES, Desk, Report, Run, connect, desk, history, shop_key
from stockbook.shops.insight_columns import mapped
from stockbook.shops.insight_file import is_insight
from stockbook.store.audit import AuditFinding
from stockbook.store.ledger_store import LedgerStore
from stockbook.workbook import builder, plan
from stockbook.workbook import undo as undoing
from stockbook.workbook.book import Book, Changes, TableChange, Written
from stockbook.workbook.calendar_rows import first_calendar
from stockbook.workbook.closed_book import ClosedBook
from stockbook.workbook.inputs import Inputs, chosen_sku, read_inputs
from stockbook.workbook.ledger_rows import trace_rows
from stockbook.workbook.sheets import MOST_FILES
from stockbook.workbook.undo import Undone


def authorize(code: str, run: Run) -> str:
    """授权: exchange a merchant's code for tokens, and keep them; returns what to tell.

    Raises:
        ShopRefused: The code is used, older than ten minutes, or another shop's.
    """
    shop = connect(run)
    shop.authorize(code.strip())
    return say(
        f"✓ 店铺 {shop.shop_id} 已授权，令牌自动更新；每两周至少拉取一次，否则要重新授权",
        f"✓ shop {shop.shop_id} is authorised and its tokens renew themselves; pull at least "
        "every two weeks, or it has to be authorised again",
    )


def new(
    path: Path,
    *,
    language: Language = "zh",
    shop_name: str = "",
    book_id: str = "",
    now: int | None = None,
) -> Report:
    """新建: make an empty workbook with a ledger of its own.

    Args:
        now: The instant [Unix s] whose years 日历 comes with; None leaves it to the first refresh.

    Raises:
        WorkbookError: There is a file already; it is left alone.
    """
    if path.exists():
        raise WorkbookError(
            say(
                f"{path.name} 已存在，没有覆盖；请换个文件名，或先移走它",
                f"{path.name} exists and was left alone; choose another name or move it first",
            )
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with speak(language):
        rows = settings.setting_rows(settings.Settings(shop_name=shop_name))
        builder.build(
            path,
            language=language,
            book_id=book_id or uuid.uuid4().hex,
            setting_rows=rows,
            shop_name=shop_name,
        )
        if now is not None:
            ClosedBook(path).apply(first_calendar(day_of(now)))
    return Report(str(path))


def refresh(place: Path | Book, run: Run) -> Report:
    """一键刷新: pull, recompute, write."""
    with desk(place, "refresh", run.now) as at:
        pulled, outlook, written = pipeline.refresh(
            at.book,
            connect(run, shop_key(at.ledger)),
            at.ledger,
            now=run.now,
            progress=run.progress,
        )
        return _report(at.book.path, pulled, outlook, written)


def pull(place: Path | Book, run: Run) -> Report:
    """拉取订单: new orders into the ledger, stock figures into the workbook."""
    with desk(place, "pull", run.now) as at:
        shop = connect(run, shop_key(at.ledger))
        inputs = read_inputs(at.book, shop_id=shop.shop_id, now=run.now)
        history = inputs.settings.history_days
        pulled = intake.pull(shop, at.ledger, now=run.now, history=history, progress=run.progress)
        outlook, written = _recompute(at, inputs, run, plan.STOCK_ONLY, pulled.problems)
        return _report(at.book.path, pulled, outlook, written)


def recompute(place: Path | Book, run: Run) -> Report:
    """重新计算: forecast, levels, plans and alerts from the orders already pulled."""
    return _from_ledger(place, "recompute", run, plan.EVERYTHING)


def colour(place: Path | Book, run: Run) -> Report:
    """预警着色: alert levels again, from what is known."""
    return _from_ledger(place, "colour", run, plan.ALERTS_ONLY)


def _from_ledger(place: Path | Book, action: str, run: Run, scope: plan.Scope) -> Report:
    with desk(place, action, run.now) as at:
        inputs = read_inputs(at.book, shop_id=shop_key(at.ledger), now=run.now)
        outlook, written = _recompute(at, inputs, run, scope)
        return _report(at.book.path, intake.Pulled(), outlook, written)


def _recompute(
    at: Desk, inputs: Inputs, run: Run, scope: plan.Scope, problems: Sequence[Problem] = ()
) -> tuple[Outlook, Written]:
    return pipeline.recompute(
        at.book,
        at.ledger,
        inputs,
        now=run.now,
        progress=run.progress,
        scope=scope,
        problems=problems,
    )


def _report(path: Path, pulled: intake.Pulled, outlook: Outlook, written: Written) -> Report:
    return Report(
        str(path),
        pulled.orders,
        pulled.lines,
        pulled.moves,
        outlook.stock.as_of,
        level_counts(outlook),
        tuple(most_urgent(outlook, 10)),
        written.cells,
        written.rows_added,
        (*pulled.notes, *written.notes()),
        tuple(outlook.problems),
        current(),
    )


def import_files(
    place: Path | Book, files: Sequence[Path], run: Run, *, dry_run: bool = False
) -> Report:
    """导入订单文件: downloaded order and after-sale files into the ledger, then recompute.

    Analysis files among them go where `import_analysis` puts them.

    Raises:
        ShopError: A file cannot be used; nothing of any file was posted.
    """
    insight = [file for file in files if is_insight(file)]
    if insight and len(insight) == len(files):
        return import_analysis(place, files, run, dry_run=dry_run)
    if insight:
        names = "、".join(file.name for file in insight)
        raise ShopError(
            say(
                f"{names} 是分析文件，请和订单文件分开导入；这次没有导入",
                f"{names}: analysis files are imported apart from order files; "
                "nothing was imported",
            )
        )
    with desk(place, "import", run.now) as at:
        shop_id = shop_key(at.ledger)
        inputs = read_inputs(at.book, shop_id=shop_id, now=run.now)
        if not dry_run:  # so that lines are placed once, where they belong
            intake.take_maps(at.ledger, inputs, run.now)
        pulled = intake.bring_in(files, at.ledger, shop_id=shop_id, now=run.now, dry_run=dry_run)
        if dry_run:
            return Report(
                str(place),
                pulled.orders,
                pulled.lines,
                pulled.moves,
                problems=tuple(pulled.problems),
                language=current(),
            )
        outlook, written = _recompute(at, inputs, run, plan.EVERYTHING, pulled.problems)
        return _report(at.book.path, pulled, outlook, written)


def import_analysis(
    place: Path | Book,
    files: Sequence[Path],
    run: Run,
    *,
    columns: Sequence[str] = (),
    dry_run: bool = False,
) -> Report:
    """导入分析文件: traffic and buyer profiles of 电商罗盘 or other tools, then recompute.

    Args:
        columns: `column=name in the file`, where the names differ from those that are known.

    Raises:
        ShopError: A file or a column cannot be used; nothing of any file was kept.
    """
    own = mapped(columns)
    with desk(place, "import", run.now) as at:
        shop_id = shop_key(at.ledger)
        inputs = read_inputs(at.book, shop_id=shop_id, now=run.now)
        read = intake.bring_insight(
            files, at.ledger, shop_id=shop_id, now=run.now, own=own, dry_run=dry_run
        )
        if dry_run:
            return Report(
                str(place), notes=read.notes, problems=tuple(read.problems), language=current()
            )
        outlook, written = _recompute(at, inputs, run, plan.EVERYTHING, read.problems)
        return _report(at.book.path, read, outlook, written)


def import_picked(book: Book, run: Run) -> Report:
    """导入订单文件 from the ribbon: the files that its dialog wrote into the workbook.

    Raises:
        WorkbookError: More were picked than there is room for; nothing was posted.
    """
    ((count,),) = book.read_block("sb_import_count")
    files = [str(cell) for (cell,) in book.read_block("sb_import_files") if cell]
    if int(count or 0) > MOST_FILES:
        raise WorkbookError(
            say(
                f"选了 {int(count)} 个文件，一次最多 {MOST_FILES} 个；请分几次导入，这次没有导入",
                f"{int(count)} files were picked and {MOST_FILES} fit at once: import them in "
                "parts; nothing was imported",
            )
        )
    return import_files(book, [Path(file) for file in files], run)


def stock(place: Path | Book) -> list[dict[str, Any]]:
    """Every SKU's buckets as the ledger has them, one mapping a SKU and warehouse."""
    with desk(place) as at:
        frame = at.ledger.positions()
        return records(frame)


def trace(place: Path | Book, sku: str) -> list[dict[str, Any]]:
    """追溯: every move behind a SKU's figures, the oldest first.

    Raises:
        StoreError: The ledger knows no such SKU; the message names some that are alike.
    """
    with desk(place) as at:
        return _moves(at.ledger, sku)


def _moves(ledger: LedgerStore, sku: str) -> list[dict[str, Any]]:
    moves = records(ledger.trace(sku))
    known = [] if moves else ledger.positions()["sku"].tolist()
    if not moves and sku not in known:
        near = "、".join(get_close_matches(sku, known, 3, 0.4)) or "–"
        raise StoreError(
            say(
                f"账本里没有商家编码 {sku}；相近的有：{near}",
                f"the ledger knows no SKU {sku}; alike are: {near}",
            )
        )
    return moves


def trace_sheet(place: Path | Book, run: Run, sku: str = "") -> Report:
    """追溯: a SKU's latest moves onto the sheet 追溯.

    Args:
        sku: Its code; "" takes the one chosen on 商品卡片.

    Raises:
        StoreError: The ledger knows no such SKU.
    """
    with desk(place, "trace", run.now) as at:
        code = sku or chosen_sku(at.book)
        moves = _moves(at.ledger, code)
        rows = trace_rows(code, moves)
        written = at.book.apply(Changes((TableChange("trace", rows, by_position=True),)))
        shown = say(
            f"{code} 共 {len(moves):,} 笔，列出最近 {len(rows):,} 笔，见 追溯 表",
            f"{code}: {len(moves):,} moves, the latest {len(rows):,} on the sheet Trace",
        )
        notes = (shown, *written.notes())
        return Report(str(at.book.path), cells=written.cells, notes=notes, language=current())


def snooze(place: Path | Book, sku: str, hours: float, run: Run) -> int:
    """静音: tell nothing of a SKU for some hours, unless it gets worse than it is.

    Returns:
        Until when [Unix s].

    Raises:
        StoreError: It never had an alert level.
    """
    until = run.now + round(hours * 3600)
    with desk(place) as at:
        if at.ledger.alerts.snooze(shop_key(at.ledger), sku, until) is None:
            raise StoreError(
                say(
                    f"商家编码 {sku} 还没有预警状态，没有可静音的；先刷新一次，或核对编码",
                    f"{sku} has no alert state yet, so there is nothing to silence: refresh "
                    "once, or check the code",
                )
            )
    return until


def undo(place: Path | Book) -> Undone:
    """撤销: take the last write into the workbook back; the ledger and the shop stay as they are.

    Raises:
        WorkbookError: There is nothing to take back, or the workbook cannot be written.
    """
    with desk(place) as at:
        return undoing.undo(at.book, history(at.book))


def told(undone: Undone) -> str:
    """Return in words what was taken back and what was left."""
    with speak(undone.language):
        return _told(undone)


def _told(undone: Undone) -> str:
    what, when = NAMES[undone.action], f"{beijing(undone.at):%m-%d %H:%M}"
    said = say(
        f"✓ 已撤销 {when} 的{what}：恢复 {undone.cells:,} 格；账本和店铺不受影响",
        f"✓ took back the {what} of {when}: {undone.cells:,} cells restored; "
        "the ledger and the shop stay as they are",
    )
    if not undone.left:
        return said
    some = "、".join(undone.left[:5])
    more = len(undone.left)
    return said + say(
        f"。{more} 处后来有人改过，没有动：{some}",
        f". {more} were changed since and left alone: {some}",
    )


def audit(place: Path | Book) -> Sequence[AuditFinding]:
    """自检: replay the ledger and name every difference."""
    with desk(place) as at:
        return at.ledger.audit()
