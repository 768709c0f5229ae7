"""Plain history files, opened: CSV in several encodings, or Parquet; which column is which."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from stockbook.domain.language import say
from stockbook.domain.problems import StockBookError

ALIASES = {
    "sku": ("sku", "商家编码", "编码", "unique_id", "item_id"),
    "date": ("date", "日期", "ds", "day"),
    "units": ("units", "销量", "件数", "数量", "y", "quantity"),
    "in_stock": ("in_stock", "在售比例", "有货比例"),
}
FOREIGN = {  # how files begin that are no CSV
    b"PK": "Excel / zip", b"\x1f\x8b": "gzip", b"PAR1": "Parquet",
    b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"\xd0\xcf": "Excel 97",
}  # fmt: skip
Ragged = Callable[[pacsv.InvalidRow], str]


class HistoryError(StockBookError):
    """A plain history cannot be used; the message says what was found and expected."""


@contextmanager
def opened(path: Path, ragged: Ragged) -> Iterator[Iterator[pa.RecordBatch]]:
    """Yield a history's rows piece by piece.

    Args:
        ragged: Is told each CSV row with too many or too few cells; it is left out.

    Raises:
        HistoryError: It is no such file, or has no such columns.
    """
    if path.is_dir():
        raise HistoryError(
            say(f"{path} 是文件夹；请给出一个文件", f"{path} is a folder; name a file")
        )
    if not path.is_file():
        raise HistoryError(say(f"找不到文件 {path}", f"there is no file {path}"))
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            with pq.ParquetFile(path) as stored:
                yield stored.iter_batches(1 << 19, columns=list(chosen(stored.schema_arrow.names)))
        else:
            yield _csv(path, ragged)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        told = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise HistoryError(
            say(f"{path.name} 读不了：{told}；要 CSV 或 Parquet，列为 sku,date,units[,in_stock]",
                f"{path.name} cannot be read: {told}; CSV or Parquet with the columns "
                "sku,date,units[,in_stock] is expected")
        ) from error  # fmt: skip


def _csv(path: Path, ragged: Ragged) -> Iterator[pa.RecordBatch]:
    """The pieces of a CSV file, every column as text; UTF-8, else GBK."""
    with path.open("rb") as file:
        head = file.read(1 << 16)
    if kind := next((kind for begin, kind in FOREIGN.items() if head.startswith(begin)), ""):
        raise HistoryError(
            say(f"{path.name} 不是 CSV（是 {kind}）；请另存为 CSV UTF-8，或用 .parquet 结尾的文件",
                f"{path.name} is no CSV but {kind}; save it as CSV UTF-8, or use a .parquet file")
        )  # fmt: skip
    encoding = _encoding(path)
    lines = head.decode("gb18030" if encoding != "utf8" else "utf-8-sig", "replace").splitlines()
    blank = next((i for i, line in enumerate(lines) if line.strip()), None)
    if blank is None:
        raise HistoryError(say(f"{path.name} 是空的", f"{path.name} is empty"))
    comma = max(",;\t", key=lines[blank].count)
    names = next(csv.reader([lines[blank]], delimiter=comma))
    kinds = dict.fromkeys(chosen(names), pa.string())
    reader = pacsv.open_csv(
        path,
        pacsv.ReadOptions(block_size=1 << 24, encoding=encoding),
        pacsv.ParseOptions(delimiter=comma, invalid_row_handler=ragged),
        pacsv.ConvertOptions(column_types=kinds, include_columns=list(kinds), null_values=[""],
                             strings_can_be_null=True),
    )  # fmt: skip
    yield from reader


def _encoding(path: Path) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while part := file.read(1 << 22):
                decoder.decode(part)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "gb18030"
    return "utf8"


def chosen(names: list[str]) -> dict[str, str]:
    """Return the file's columns that count, with ours.

    Raises:
        HistoryError: One is missing.
    """
    by_name = {name.strip().lower(): name for name in names}
    found: dict[str, str] = {}
    for ours, aliases in ALIASES.items():
        name = next((by_name[alias] for alias in aliases if alias in by_name), None)
        if name is not None:
            found[name] = ours
        elif ours != "in_stock":
            raise HistoryError(
                say(
                    f"没有 {ours} 列；看到的列是 {'、'.join(names[:12])}；"
                    "要有 sku,date,units，可加 in_stock",
                    f"there is no column {ours}; found {', '.join(names[:12])}; "
                    "expected sku,date,units and perhaps in_stock",
                )
            )
    return found
