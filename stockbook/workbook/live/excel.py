"""The Excel a workbook is open in: patience with a person's typing, names, tables, bursts."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xlwings as xw

from stockbook.domain.language import say
from stockbook.domain.problems import WorkbookError
from stockbook.workbook.book import no_table
from stockbook.workbook.closed.refs import letters
from stockbook.workbook.live.grid import Cell, Grid, Stretch, risky, with_apostrophe
from stockbook.workbook.trail import alike

BUSY = {-2147418111, -2146777998, -2147417846}  # rejected, in edit mode, in another call
MENDED = 5_000  # cells that are written one by one where a block did not take
PATIENCE, PAUSE = 20.0, 0.25  # [s] how long a person may stay in a cell, and between two tries


@dataclass
class Found:
    """One table as it stands in Excel: its object, place and cells."""

    table: Any
    values: list[list[Cell]]
    formulas: list[list[Cell]]
    row: int  # of the header, as people count
    column: int  # of the first column, from 1
    headers: list[str] = field(default_factory=list)
    totals: bool = False  # a totals row stands below the data

    def place(self, header: str) -> int:
        """Return the position of a column, from 0.

        Raises:
            WorkbookError: There is none; the message lists what is there.
        """
        if header in self.headers:
            return self.headers.index(header)
        have, name = "、".join(self.headers), self.table.name
        raise WorkbookError(
            say(
                f"表 {name} 没有“{header}”列；现有：{have}。请把表头改回“{header}”",
                f"Table {name} has no column “{header}”; it has: {have}. "
                f"Name the header “{header}” again",
            )
        )


class ExcelBusyError(WorkbookError):
    """A person kept Excel busy for longer than we wait."""


class Excel:
    """An open workbook, and the program it is open in.

    Args:
        book: The xlwings book.
        patience: How long to wait while a person is editing a cell [s].
    """

    def __init__(
        self, book: xw.Book, patience: float = PATIENCE, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._book, self._patience, self._sleep = book, patience, sleep
        self.path = Path(self.patiently(lambda: book.fullname))
        self._names: dict[str, Any] = {}
        self._tables: dict[str, Any] = {}

    def patiently(self, call: Callable[[], Any]) -> Any:
        """Make one call; wait a bounded time while Excel is busy with a person's typing.

        Raises:
            WorkbookError: Excel stayed busy.
        """
        waited = 0.0
        while True:
            try:
                return call()
            except Exception as error:
                if not _is_busy(error):
                    raise
                if waited >= self._patience:
                    raise ExcelBusyError(
                        say(
                            "Excel 正在编辑单元格或弹着对话框，没有写入；"
                            "请按回车结束编辑、关掉对话框，再点一次",
                            "Excel is editing a cell or shows a dialog, so nothing more was "
                            "written; press Enter, close the dialog and click again",
                        )
                    ) from error
            self._sleep(PAUSE)
            waited += PAUSE

    def named(self, name: str) -> Any:
        """Return the cells of a defined name.

        Raises:
            WorkbookError: There is no such name, or its cells are gone.
        """
        if name not in self._names:
            try:
                self._names[name] = self.patiently(lambda: self._book.names[name].refers_to_range)
            except WorkbookError:
                raise
            except Exception as error:
                raise WorkbookError(
                    say(
                        f"名称 {name} 不存在或失效；请在 公式 → 名称管理器 恢复它，或用备份恢复",
                        f"The name {name} is missing or broken; restore it under Formulas → "
                        "Name Manager, or restore a backup",
                    )
                ) from error
        return self._names[name]

    def named_value(self, name: str) -> Any:
        """Return the value of a defined name's cell; None where there is no such name."""
        try:
            area = self.named(name)
        except ExcelBusyError:
            raise
        except WorkbookError:
            return None
        return self.patiently(lambda: area.value)

    def table(self, name: str) -> Found:
        """Read one table: its values and its formulas, a block each.

        Raises:
            WorkbookError: The table is not there.
        """
        if not self._tables:
            self._tables = self.patiently(
                lambda: {t.name: t for s in self._book.sheets for t in s.tables}
            )
        if name not in self._tables:
            raise no_table(self.path.name, name, list(self._tables))
        table = self._tables[name]
        area = self.patiently(lambda: table.range)
        values = self.patiently(lambda: area.options(ndim=2, err_to_str=True).value)
        formulas = self.patiently(lambda: area.formula)
        headers = ["" if cell is None else str(cell) for cell in values[0]]
        totals = bool(self.patiently(lambda: table.show_totals))
        last = len(values) - totals
        rows = [list(row) for row in formulas[1:last]]
        return Found(table, values[1:last], rows, area.row, area.column, headers, totals)

    def cells(self, name: str) -> tuple[Any, list[list[Cell]], list[list[Cell]]]:
        """Return the range of a defined name, its values and its formulas."""
        area = self.named(name)
        values = self.patiently(lambda: area.options(ndim=2, err_to_str=True).value)
        formulas = self.patiently(lambda: area.formula)
        listed = formulas if isinstance(formulas, (list, tuple)) else [[formulas]]
        return area, values, [list(row) for row in listed]

    def tell(self, text: str) -> None:
        """Show a text in the status cell and the status bar, where that is possible now."""
        with contextlib.suppress(Exception):
            self._book.app.status_bar = text or False
        with contextlib.suppress(Exception):
            self.named("sb_status").value = with_apostrophe(text)

    # --- writing ------------------------------------------------------------------------

    @contextmanager
    def burst(self) -> Iterator[None]:
        """Stop screen, events and calculation for a moment, and put them back whatever happens."""
        quiet = {"screen_updating": False, "enable_events": False, "calculation": "manual"}
        before = {name: self._app_state(name) for name in quiet}
        try:
            for name, value in quiet.items():
                self._set_app_state(name, value)
            yield
        finally:
            for name, value in reversed(before.items()):
                with contextlib.suppress(Exception):
                    self._set_app_state(name, value)

    def _app_state(self, name: str) -> Any:
        return self.patiently(lambda: getattr(self._book.app, name))

    def _set_app_state(self, name: str, value: Any) -> None:
        self.patiently(lambda: setattr(self._book.app, name, value))

    def refuse_protected(self, sheets: Mapping[str, Any]) -> None:
        """Raise WorkbookError where a sheet that is to be written is protected."""
        names = [
            name
            for name, sheet in sheets.items()
            if self._flag(sheet, "ProtectContents", "protect_contents")
        ]
        if not names:
            return
        which = "、".join(names)
        raise WorkbookError(
            say(
                f"工作表 {which} 受保护，没有写入；请在 审阅 → 撤销工作表保护 之后再点一次",
                f"the sheet {which} is protected, so nothing was written; choose Review → "
                "Unprotect Sheet and click again",
            )
        )

    def is_read_only(self) -> bool:
        """Tell whether the workbook was opened read-only, so that it cannot be saved."""
        return self._flag(self._book, "ReadOnly", "read_only")

    def _flag(self, thing: Any, windows: str, mac: str) -> bool:
        """Ask Excel itself where xlwings has no word for it; what it does not know is no."""
        try:
            api = self.patiently(lambda: thing.api)
            found = self.patiently(lambda: getattr(api, windows, None))
            return bool(self.patiently(lambda: getattr(api, mac).get()) if found is None else found)
        except ExcelBusyError:
            raise
        except Exception:  # noqa: BLE001 - a question that may fail in any of the programs
            return False

    def check_room(self, found: Found, extra: int) -> None:
        """Raise WorkbookError where something stands below a table that needs more rows."""
        if found.totals:
            name = found.table.name
            raise WorkbookError(
                say(
                    f"表 {name} 需要 {extra} 个新行，但它开着汇总行，没有写入；"
                    "请在 表格设计 里取消“汇总行”，刷新后再打开",
                    f"Table {name} needs {extra} new rows but shows a totals row, nothing was "
                    "written; untick Total Row under Table Design, refresh, and tick it again",
                )
            )
        last, right = found.row + len(found.values), found.column + len(found.headers) - 1
        home = found.table.parent
        area = home.range((last + 1, found.column), (last + extra, right))
        below = self.patiently(lambda: area.formula)  # a formula may show nothing
        listed = below if isinstance(below, (list, tuple)) else [[below]]
        taken = next(
            (i for i, row in enumerate(listed) if any(cell not in (None, "") for cell in row)), None
        )
        if taken is None and self.patiently(lambda: area.merge_cells) is False:
            return
        taken = taken or 0
        where = f"{home.name} {last + 1 + taken}"
        raise WorkbookError(
            say(
                f"表 {found.table.name} 需要 {extra} 个新行，但第 {last + 1 + taken} 行"
                f"已有内容或合并单元格（{where}），没有写入；请把它移到表的右边后重试",
                f"Table {found.table.name} needs {extra} new rows, but row "
                f"{last + 1 + taken} below it is in use or merged ({where}), nothing was written; "
                "move it to the right of the table and try again",
            )
        )

    def grow(self, found: Found, extra: int) -> None:
        """Give a table more rows."""
        bottom = found.row + len(found.values) + extra
        right = found.column + len(found.headers) - 1
        area = found.table.parent.range((found.row, found.column), (bottom, right))
        self.patiently(lambda: found.table.resize(area))

    def write_stretch(self, found: Found, grid: Grid, stretch: Stretch) -> list[str]:
        """Write neighbouring columns; texts get the text format first and are read back.

        Returns:
            The cells where Excel shows another text than was written.
        """
        top, left = found.row + 1 + stretch.first, found.column + stretch.left
        bottom, right = found.row + 1 + stretch.last, found.column + stretch.right
        home, cells = found.table.parent, [list(row) for row in stretch.cells]
        marked: set[int] = set()  # columns whose texts carry Excel's mark of a text already
        formulas = {(row - stretch.first, column - stretch.left) for row, column in grid.formulas}
        for j in range(right - left + 1):
            if not any(risky(row[j]) for i, row in enumerate(cells) if (i, j) not in formulas):
                continue
            if grid.has_formula(stretch.left + j):
                for i, row in enumerate(cells):
                    row[j] = row[j] if (i, j) in formulas else with_apostrophe(row[j])
                    marked.add(j)
            else:
                self._as_text(home.range((top, left + j), (bottom, left + j)))
        area = home.range((top, left), (bottom, right))
        self.put(
            area,
            [[c if j in marked else _not_a_prefix(c) for j, c in enumerate(row)] for row in cells],
        )
        wrong = _differences(stretch.cells, self._shown(area), formulas)
        if not wrong:
            return []
        for i, j in wrong[:MENDED]:  # cells one by one: a filter's hidden rows take no block
            cell = home.range((top + i, left + j))
            self.put(cell, [[with_apostrophe(stretch.cells[i][j])]])
        wrong = _differences(stretch.cells, self._shown(area), formulas)
        return [f"{home.name}!{letters(left + j)}{top + i}" for i, j in wrong]

    def _shown(self, area: Any) -> list[list[Cell]]:
        shown: list[list[Cell]] = self.patiently(
            lambda: area.options(ndim=2, err_to_str=True).value
        )
        return shown

    def _as_text(self, area: Any) -> None:
        self.patiently(lambda: setattr(area, "number_format", "@"))

    def put(self, area: Any, cells: list[list[Cell]]) -> None:
        """Write rows × columns of values in one call."""
        self.patiently(lambda: setattr(area.options(ndim=2), "value", cells))


def _not_a_prefix(cell: Cell) -> Cell:
    """Double a leading apostrophe, which Excel would take for its mark of a text."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith("'") else cell


def _is_busy(error: Exception) -> bool:
    """Tell whether Excel refused a call because a person is using it just now."""
    code = getattr(error, "hresult", None)
    return code in BUSY or (bool(error.args) and error.args[0] in BUSY)


def _differences(
    wanted: Sequence[Sequence[Cell]],
    seen: Sequence[Sequence[Cell]],
    formulas: set[tuple[int, int]],
) -> list[tuple[int, int]]:
    """Return the cells, from 0, where Excel shows something else than was written."""
    return [
        (i, j)
        for i, (row, back) in enumerate(zip(wanted, seen, strict=True))
        for j, (cell, shown) in enumerate(zip(row, back, strict=True))
        if cell != shown and (i, j) not in formulas and not alike(cell, shown)
    ]


def attach(fullname: str, name: str, hwnd: str = "") -> xw.Book:
    """Return the open workbook that was clicked.

    Args:
        fullname: Its full name, which may be a OneDrive address; "" where it is not known.
        name: Its name, without folder.
        hwnd: Handle of the Excel window it was clicked in (Windows).

    Raises:
        WorkbookError: It is not open (any more), or two of that name are and none is that one.
    """
    bounded_tries()
    books: list[xw.Book] = [book for app in _apps(hwnd) for book in app.books]
    same = [book for book in books if book.fullname.casefold() == fullname.casefold()]
    named = same or [book for book in books if book.name.casefold() == name.casefold()]
    if len(named) == 1:
        return named[0]
    found = "、".join(book.name for book in books) or "–"
    raise WorkbookError(
        say(
            f"找不到刚才点击的工作簿 {fullname or name}；现在打开着：{found}。"
            "请让它保持打开，不要同时打开两本同名的工作簿，再点一次",
            f"The workbook that was clicked, {fullname or name}, is not open; open now: {found}. "
            "Keep it open, do not open two of the same name, and click again",
        )
    )


def _apps(hwnd: str) -> list[Any]:
    if sys.platform == "win32" and hwnd:
        from xlwings import _xlwindows  # noqa: PLC0415 - there on Windows only

        return [xw.App(impl=_xlwindows.App(xl=int(hwnd)))]
    return list(xw.apps)


def bounded_tries() -> None:
    """Keep xlwings from waiting without end for a busy Excel; we wait, and say so."""
    if sys.platform == "win32":
        from xlwings import _xlwindows  # noqa: PLC0415 - there on Windows only

        _xlwindows.N_COM_ATTEMPTS = 1
