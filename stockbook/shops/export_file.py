"""Order and after-sale files that merchants download by hand, as the same records as the API's.

Columns may stand in any order and under several names. Only the columns named in `export_rows`
are read: buyers' names, phones and addresses are skipped.
"""

from __future__ import annotations

import csv
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from stockbook.domain.clock import beijing
from stockbook.domain.language import say
from stockbook.domain.problems import Problem, ShopError
from stockbook.domain.records import AfterSale, OrderLine
from stockbook.shops.export_rows import (
    HEADERS,
    NEEDED,
    NEEDED_AFTER_SALE,
    BadCellError,
    after_sale,
    digits_cure,
    lost_digits,
    order_line,
    text_of,
)

SCAN = 10  # rows in which the header is looked for
AHEAD = 600  # [s] that this computer's clock may be behind without a word
MOST_SAID = 20  # problems of one column that are named one by one
MOST_BYTES, MOST_RATIO = 1 << 30, 500  # of an unpacked .xlsx: more is no order file
OLE = b"\xd0\xcf\x11\xe0"
_BROKEN = (  # what openpyxl and zipfile raise for files that are no workbooks
    zipfile.BadZipFile, InvalidFileException, SyntaxError, LookupError, OSError, ValueError,
    TypeError, AttributeError, NotImplementedError, EOFError, RuntimeError,
)  # fmt: skip

Table = Iterator[tuple[int, list[Any]]]  # (row number, cells)


@dataclass
class Export:
    """What one file holds.

    Attributes:
        rows: Data rows read, bad ones included.
    """

    name: str
    rows: int = 0
    lines: list[OrderLine] = field(default_factory=list)
    after_sales: list[AfterSale] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class Header:
    """Where our columns stand; `own` is the header row itself, which may come again."""

    places: dict[str, int]
    own: list[Any]
    after_sales: bool


def read_export(path: Path, *, shop_id: str, now: int) -> Export:
    """Read one downloaded file.

    Args:
        now: Rows that lie more than a day ahead are refused [Unix s].

    Raises:
        ShopError: It cannot be read, has a password, or is no order file; the message says what
            to do.
    """
    table = open_table(path)
    header = _header(path, table)
    export, bad = Export(path.name), list[tuple[int, BadCellError]]()
    places = list(header.places.items())
    for number, cells in table:
        row = {key: text_of(cells[at]) for key, at in places if at < len(cells)}
        if not any(row.values()) or cells == header.own:
            continue  # blank, or the header once more
        export.rows += 1
        try:
            if header.after_sales:
                export.after_sales.append(after_sale(row, shop_id, now))
            else:
                export.lines.append(order_line(row, shop_id, now))
        except BadCellError as error:
            bad.append((number, error))
    _refuse_a_wrong_clock(path, export, bad, now)
    _refuse_lost_digits(path, export)
    export.after_sales = _told_apart(export.after_sales)
    export.problems += [*_said(path.name, bad), *_notes(path.name, header, export, now)]
    return export


# --- what the whole file says -----------------------------------------------------------------


def _refuse_a_wrong_clock(
    path: Path, export: Export, bad: Sequence[tuple[int, BadCellError]], now: int
) -> None:
    """Refuse a file whose rows mostly lie in the future: this computer's date is wrong."""
    ahead = [error.ahead for _, error in bad if error.ahead]
    if ahead and len(ahead) * 2 > export.rows:
        today, found = f"{beijing(now):%Y-%m-%d}", f"{beijing(max(ahead)):%Y-%m-%d}"
        raise refused(
            path,
            say(f"里的订单到 {found}，而这台电脑的日期是 {today}；请先把电脑的日期和时间调准",
                f"has orders until {found}, but this computer's date is {today}; "
                "set its date and time first"),
        )  # fmt: skip


def _refuse_lost_digits(path: Path, export: Export) -> None:
    """Refuse a file whose ids mostly end in 0000: Excel kept fifteen digits of each."""
    ids = [x.line_id for x in export.lines] + [x.line_id for x in export.after_sales]
    lost = [line_id for line_id in ids if lost_digits(line_id)]
    if len(lost) * 2 > len(ids):
        raise refused(
            path,
            say(f"里的编号（如 {lost[0]}）末尾都是 0：{digits_cure()}",
                f"has ids that end in zeros, such as {lost[0]}: {digits_cure()}"),
        )  # fmt: skip


def _told_apart(sales: list[AfterSale]) -> list[AfterSale]:
    """Give an after-sale about several lines (a gift goes back, too) one id for each, as the API.

    Example:
        >>> gift = [AfterSale("s", "1", line, 2, 12, 1, 0) for line in ("a", "b")]
        >>> [sale.after_sale_id for sale in _told_apart(gift)]
        ['1-a', '1-b']
    """
    lines: dict[str, set[str]] = {}
    for sale in sales:
        lines.setdefault(sale.after_sale_id, set()).add(sale.line_id)
    return [
        replace(sale, after_sale_id=f"{sale.after_sale_id}-{sale.line_id}")
        if len(lines[sale.after_sale_id]) > 1
        else sale
        for sale in sales
    ]


def _said(name: str, bad: Sequence[tuple[int, BadCellError]]) -> Iterator[Problem]:
    """Yield what is wrong, row by row; a column that is wrong all over is not listed on and on."""
    seen: Counter[str] = Counter()
    for number, error in bad:
        seen[error.column] += 1
        if seen[error.column] <= MOST_SAID:
            yield Problem(name, number, error.column, str(error.found), error.expected, error.fix)
    for column, n in seen.items():
        if n > MOST_SAID:
            more = n - MOST_SAID
            yield Problem(
                name, None, column,
                say(f"还有 {more:,} 行也不对", f"{more:,} more rows"), "",
                say("这些行都已跳过；请核对导出文件", "all were skipped; check the file"),
            )  # fmt: skip


def _notes(name: str, header: Header, export: Export, now: int) -> Iterator[Problem]:
    """Yield what a person should know about rows that were taken."""
    times = [x.updated_at for x in export.lines] + [x.updated_at for x in export.after_sales]
    latest = max(times, default=0)
    if latest > now + AHEAD:
        yield Problem(
            name, None, HEADERS["paid_at"][0], f"{beijing(latest):%Y-%m-%d %H:%M}",
            say(f"不晚于现在（{beijing(now):%Y-%m-%d %H:%M}）",
                f"not after now ({beijing(now):%Y-%m-%d %H:%M})"),
            say("文件比这台电脑的时钟还新：电脑可能慢了一天，请核对日期和时间；这些行已导入",
                "the file is newer than this computer's clock, which may be a day late: check its "
                "date and time; the rows were imported"),
        )  # fmt: skip
    if header.after_sales and "units" not in header.places and export.after_sales:
        yield Problem(
            name, None, HEADERS["units"][0], say("没有这一列", "no such column"),
            say("每笔售后的件数", "the units of each after-sale"),
            say("每笔先按 1 件记；有多件的请导出时勾选件数，或用接口拉取",
                "each counts as one unit: tick the quantity when exporting, or pull by the API"),
        )  # fmt: skip


# --- the header -------------------------------------------------------------------------------


def _header(path: Path, table: Table) -> Header:
    """Find the header: one row, or two of which the second has what the first leaves open."""
    best: list[str] = []
    above: list[str] = []
    for _, cells in first_rows(table, SCAN):
        names = [str(text_of(cell)) for cell in cells]
        for whole in (names, _both(above, names)):
            places = _places(whole)
            sales = all(key in places for key in NEEDED_AFTER_SALE) and "status" not in places
            if sales or all(key in places for key in NEEDED):
                return Header(places, cells, sales)
        above = names
        best = max(best, [name for name in names if name], key=len)
    wanted = "、".join(HEADERS[key][0] for key in NEEDED)
    have = "、".join(best[:12]) or "–"
    raise refused(
        path,
        say(f"不像抖店的订单或售后导出：需要列 {wanted}；看到的是 {have}",
            f"does not look like an order or after-sale export: it needs {wanted}; found {have}"),
    )  # fmt: skip


def _both(above: Sequence[str], below: Sequence[str]) -> list[str]:
    """Return the names of two rows, one over the other: the lower one wins."""
    wide = max(len(above), len(below))
    one, other = ([*row, *[""] * (wide - len(row))] for row in (above, below))
    return [low or high for high, low in zip(one, other, strict=True)]


def _places(names: Sequence[str]) -> dict[str, int]:
    return {
        key: names.index(name)
        for key, synonyms in HEADERS.items()
        for name in reversed(synonyms)
        if name in names
    }


def first_rows(table: Table, most: int) -> Table:
    """Yield so many rows of a table at most, and leave the others in it."""
    for _ in range(most):
        row = next(table, None)
        if row is None:
            return
        yield row


# --- the file ---------------------------------------------------------------------------------


def open_table(path: Path, sheet: int = 0) -> Table:
    """Yield the rows of a CSV or of one sheet of a workbook, with the numbers people see.

    Raises:
        ShopError: It cannot be read, has a password, or is neither; on the first row at the latest.
    """
    return _xlsx(path, sheet) if _is_zip(path) else _csv(path)


def sheet_names(path: Path) -> list[str]:
    """Return the names of a workbook's sheets; of a CSV one name, ""."""
    if not _is_zip(path):
        return [""]
    with path.open("rb") as file:
        return [sheet.title for sheet in _opened(path, file).worksheets]


def _is_zip(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise refused(
            path, say(f"打不开（{error.strerror}）", f"cannot be opened ({error})")
        ) from error
    if start.startswith(OLE):
        raise refused(
            path,
            say("是有密码的或旧格式（.xls）的文件；请去掉密码，另存为 .xlsx 或 CSV",
                "has a password or is an old .xls; save it without one as .xlsx or CSV"),
        )  # fmt: skip
    return start.startswith(b"PK")


def refused(path: Path, why: str) -> ShopError:
    """Return what to raise where a file cannot be used."""
    return ShopError(
        say(f"{path.name} {why}；没有导入", f"{path.name} {why}; nothing was imported")
    )


def _csv(path: Path) -> Table:
    for encoding in ("utf-8-sig", "gb18030"):
        if _is_text(path, encoding):
            try:
                with path.open(encoding=encoding, newline="") as file:
                    yield from enumerate(csv.reader(file), 1)
            except csv.Error as error:
                raise _damaged(path) from error
            return
    raise refused(
        path,
        say("不是 UTF-8 或 GBK 编码的 CSV；请从抖店后台重新下载，不要用别的软件另存",
            "is no CSV in UTF-8 or GBK; download it again and do not save it with another program"),
    )  # fmt: skip


def _is_text(path: Path, encoding: str) -> bool:
    """Tell whether a whole file is text in an encoding; a large one is never in memory at once."""
    try:
        with path.open(encoding=encoding) as file:
            return all("\x00" not in part for part in iter(lambda: file.read(1 << 20), ""))
    except UnicodeDecodeError:
        return False


def _damaged(path: Path) -> ShopError:
    return refused(
        path,
        say("已损坏，或不是 Excel 工作簿或 CSV；请重新下载",
            "is damaged, or neither a workbook nor a CSV; download it again"),
    )  # fmt: skip


def _xlsx(path: Path, sheet: int) -> Table:
    """Read one sheet; what openpyxl stumbles over on the way is a damaged file."""
    with path.open("rb") as file:
        book = _opened(path, file)
        try:
            rows = book.worksheets[sheet].iter_rows(values_only=True)
        except _BROKEN as error:
            raise _damaged(path) from error
        number = 0
        while (cells := _next(path, rows.__next__)) is not None:
            number += 1
            yield number, cells


def _opened(path: Path, file: BinaryIO) -> Any:
    try:
        with zipfile.ZipFile(file) as archive:
            _refuse_other_zips(path, archive)
        return openpyxl.load_workbook(file, read_only=True, data_only=True)
    except _BROKEN as error:
        raise _damaged(path) from error


def _next(path: Path, take: Callable[[], tuple[Any, ...]]) -> list[Any] | None:
    try:
        return list(take())
    except StopIteration:
        return None
    except _BROKEN as error:
        raise _damaged(path) from error


def _refuse_other_zips(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse a zip that is no workbook, or that unpacks to more than an order file can be."""
    sizes = [(i.file_size, max(i.compress_size, 1)) for i in archive.infolist()]
    too_large = sum(size for size, _ in sizes) > MOST_BYTES
    if too_large or any(a > 1 << 20 and a / b > MOST_RATIO for a, b in sizes):
        raise refused(
            path, say("解开后大得不像订单文件", "unpacks to more than an order file can be")
        )
    if any(name.lower().endswith((".csv", ".xlsx")) for name in archive.namelist()):
        raise refused(
            path,
            say("是压缩包；请先解压，再导入里面的文件",
                "is an archive: unpack it and import the files inside"),
        )  # fmt: skip
