"""The rows of a sheet as bytes: our cells are replaced, every other cell is copied as found."""

from __future__ import annotations

import datetime as dt
import functools
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, NamedTuple

from lxml import etree

from stockbook.domain.language import say
from stockbook.domain.problems import WorkbookError
from stockbook.workbook.closed.refs import letters, number
from stockbook.workbook.closed.text import escape, fits, missing, serial
from stockbook.workbook.trail import Column

DECLARATION = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n'
EXACT = 10**15  # a cell keeps 15 digits
PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True, huge_tree=True
)
REMEMBERED = 10_000  # texts
UNSET = object()  # compares equal to no value: such a cell is always written


class New(NamedTuple):
    """A cell's new content.

    Attributes:
        tail: The bytes that follow its style.
        style: Its style; None is the one the cell has.
        dated: The style must show a date.
        force: It replaces a formula, too.
        value: What it shows, to leave a cell alone that shows it already.
    """

    tail: bytes
    style: int | None = None
    dated: bool = False
    force: bool = False
    value: Any = UNSET


EMPTY = New(b"/>", value=None)
_ROW_NUMBER = re.compile(rb'\sr="(\d+)"')
NOTHING = (1 << 20, EMPTY)  # behind the last column


Old = tuple[int, int, bytes, bytes, bytes]  # row, column, reference, attributes, content


class Row(NamedTuple):
    """One row as found: `data[begin:end]`."""

    number: int
    attributes: bytes = b""
    body: bytes = b""
    begin: int = 0
    end: int = 0


@dataclass
class Rewriting:
    """How cells are read and dressed while a sheet is rewritten, and what came of it.

    Attributes:
        dated: A style's twin that shows a date.
        value_of: What a cell shows, from its attributes and content.
        kept: Cells that were ours to write, but hold a person's formula.
        changed: Cells that got other bytes.
        before: By column number, the cells that changed: rows, what they showed, what they show.
    """

    dated: Callable[[int], int]
    value_of: Callable[[bytes, bytes], Any]
    kept: list[str] = field(default_factory=list)
    changed: int = 0
    before: dict[int, Column] = field(default_factory=dict)

    def note(self, row: int, column: int, old: Any, new: Any) -> None:
        """Count a changed cell; formulas that are filled down are not noted."""
        self.changed += 1
        if new is not UNSET:
            if column not in self.before:
                self.before[column] = Column([], [], [])
            rows, olds, news = self.before[column]
            rows.append(row)
            olds.append(old)
            news.append(new)


@functools.cache
def _patterns(prefix: bytes) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    p = re.escape(prefix)
    cell = (
        rb'<%bc(?:\s+r="([A-Z]+)\d+")?((?:\s[^>]*?)?)(?:/>|>([^<]*(?:<(?!/%bc\s*>)[^<]*)*+)</%bc\s*>)'
        % (p, p, p)
    )
    return re.compile(rb"<%brow(\s[^>]*?)?(/?)>" % p), re.compile(cell)


@functools.lru_cache(100_000)
def attributes_of(xml: bytes) -> dict[str, str]:
    """Return the attributes of a row or cell; they hold only numbers, names and references."""
    found = re.findall(rb'([\w:]+)\s*=\s*(["\'])(.*?)\2', xml)
    return {key.decode(): value.decode() for key, _, value in found}


@functools.cache
def _column(name: bytes) -> int:
    return number(name.decode())


def _name(attributes: bytes, column: int) -> tuple[bytes, bytes]:
    """Return a cell's column name and other attributes where r does not stand first."""
    ref = attributes_of(attributes).get("r")
    if ref is None:  # without r it follows the one before
        return letters(column).encode(), attributes
    rest = re.sub(rb"\sr\s*=\s*([\"'])\w+\1", b"", attributes)
    return ref.rstrip("0123456789").encode(), rest


@functools.lru_cache(10_000)
def style_of(attributes: bytes) -> int:
    """Return the style a cell's attributes name."""
    return int(attributes_of(attributes).get("s", 0))


@functools.lru_cache(10_000)
def _style_tag(attributes: bytes) -> bytes:
    """Return what follows a cell's r: its closing quote and the style."""
    style = style_of(attributes)
    return b'" s="%d"' % style if style else b'"'


class SheetPart:
    """A sheet part: `data[begin:end]` are its rows, the rest is its frame."""

    def __init__(self, data: bytes) -> None:
        if b"<!" in data or not data.lstrip(b"\xef\xbb\xbf").startswith(b"<"):
            root = etree.fromstring(data, PARSER)  # comments, CDATA, UTF-16
            data = DECLARATION + etree.tostring(root, encoding="UTF-8")
        found = re.search(rb"<((?:[\w.-]+:)?)sheetData\s*(/?)>", data)
        if not found:
            raise WorkbookError(
                say(
                    "有一张表的内容已损坏（没有 sheetData）；请用备份恢复",
                    "a sheet is damaged (no sheetData); restore a backup",
                )
            )
        self.prefix = p = found[1]
        if found[2]:
            full = b"<%bsheetData></%bsheetData>" % (p, p)
            data = data[: found.start()] + full + data[found.end() :]
        self.data, self.begin = data, found.end() - len(found[2])
        self.end = data.rindex(b"</%bsheetData" % p)
        self._row_pattern, self._cell_pattern = _patterns(p)
        self._formula, self._start = b"<%bf" % p, b'<%bc r="' % p
        self._number = b"><%bv>%%r</%bv></%bc>" % (p, p, p)
        self._texts: dict[str, New] = {}

    # --- reading ------------------------------------------------------------------------

    def rows(self) -> Iterator[Row]:
        """Yield the rows as found, in order; one without number follows the one before."""
        close, at, last = b"</%brow" % self.prefix, self.begin, 0
        while found := self._row_pattern.search(self.data, at, self.end):
            attributes, at = found[1] or b"", found.end()
            first = _ROW_NUMBER.match(attributes)
            last = int(first[1] if first else attributes_of(attributes).get("r", last + 1))
            stop = at if found[2] else self.data.index(close, at)
            body = self.data[at:stop]
            at = stop if found[2] else self.data.index(b">", stop) + 1
            yield Row(last, attributes, body, found.start(), at)

    def cells(self, body: bytes) -> Iterator[tuple[int, bytes, bytes]]:
        """Yield column, attributes other than r, and content of each cell of a row."""
        column = 0
        for found in self._cell_pattern.finditer(body):
            name, attributes, content = found.groups()
            if name is None:
                name, attributes = _name(attributes, column + 1)
            column = _column(name)
            yield column, attributes, content or b""

    def some(self, body: bytes, wanted: Sequence[int]) -> dict[int, tuple[bytes, bytes]]:
        """Return attributes and content of the cells in some columns of a row."""
        last, found = max(wanted), {}
        for column, attributes, content in self.cells(body):
            if column in wanted:
                found[column] = attributes, content
            if column >= last:
                break
        return found

    def is_formula(self, content: bytes) -> bool:
        """Tell whether a cell's content computes something."""
        return self._formula in content

    # --- new cells ----------------------------------------------------------------------

    def new(self, value: Any, *, since_1904: bool = False) -> New:  # noqa: C901, PLR0911 - one a kind
        """Return a cell that holds `value`; text is never a formula, '' is an empty cell.

        Raises:
            WorkbookError: Infinity, or a whole number with more than 15 digits.
        """
        p, kind = self.prefix, type(value)
        if kind is float and isfinite(value):
            return New(self._number % value, None, False, False, value)
        if kind is int and -EXACT < value < EXACT:
            return New(self._number % value, None, False, False, float(value))
        if kind is str:
            return self._texts.get(value) or self._remembered(value)
        if missing(value):
            return EMPTY
        if isinstance(value, dt.date):
            return self._date(value, since_1904=since_1904)
        value = value.item() if hasattr(value, "item") else value
        if isinstance(value, str):
            return self.new(str(value))
        if isinstance(value, bool):
            return New(b' t="b"><%bv>%d</%bv></%bc>' % (p, value, p, p), value=value)
        if not isfinite(value) or (isinstance(value, int) and abs(value) >= EXACT):
            raise WorkbookError(
                say(
                    f"{value} 不是单元格能准确保存的数；编号请作为文本写入",
                    f"a cell cannot hold {value} exactly; write ids as text",
                )
            )
        shown = value if isinstance(value, int) else float(value)
        return New(self._number % shown, value=float(shown))

    def _remembered(self, value: str) -> New:
        """Return a text's cell; few texts make most of a table."""
        if len(self._texts) >= REMEMBERED:
            self._texts.clear()
        self._texts[value] = made = self._text(value) if value else EMPTY
        return made

    def _date(self, value: dt.date, *, since_1904: bool) -> New:
        p, days = self.prefix, serial(value, since_1904=since_1904)
        at = value if isinstance(value, dt.datetime) else dt.datetime.combine(value, dt.time())
        tail = b"><%bv>%r</%bv></%bc>" % (p, days, p, p)
        return New(tail, dated=True, value=at.replace(tzinfo=None))

    def _text(self, value: str) -> New:
        p, text = self.prefix, fits(value)
        keep = text != text.strip() or "\n" in text or "  " in text
        space = b' xml:space="preserve"' if keep else b""
        tail = b' t="inlineStr"><%bis><%bt%b>%b</%bt></%bis></%bc>' % (
            *(p, p, space, escape(text), p, p, p),
        )
        return New(tail, value=text)

    def new_formula(self, text: str, array_ref: str = "") -> New:
        """Return a cell that computes `text`; Excel fills in the result on load."""
        p = self.prefix
        kind = b' t="array" ref="%b"' % array_ref.encode() if array_ref else b""
        return New(b"><%bf%b>%b</%bf></%bc>" % (p, kind, escape(text), p, p))

    # --- writing ------------------------------------------------------------------------

    def rewrite(
        self,
        numbers: Iterable[int],
        cells_of: Callable[[int], Mapping[int, New]],
        how: Rewriting,
    ) -> None:
        """Put new cells into the rows `numbers` (ascending); everything else is copied.

        Args:
            cells_of: The new cells of a row by column number, in column order.
            how: Receives what changed and what was kept; nothing changed leaves `data` as is.
        """
        out, at, todo = io.BytesIO(), 0, iter(numbers)
        old = memoryview(self.data)
        want = next(todo, None)
        for row in self.rows():
            while want is not None and want < row.number:
                out.write(old[at : row.begin])
                out.write(self._row(Row(want), cells_of(want), how))
                at, want = row.begin, next(todo, None)
            if want is None:
                break
            if want == row.number:
                out.write(old[at : row.begin])
                out.write(self._row(row, cells_of(want), how))
                at, want = row.end, next(todo, None)
        out.write(old[at : self.end])
        while want is not None:
            out.write(self._row(Row(want), cells_of(want), how))
            want = next(todo, None)
        if how.changed:
            size = out.tell()
            out.write(old[self.end :])
            self.data, self.end = out.getvalue(), size

    def _row(self, row: Row, new: Mapping[int, New], how: Rewriting) -> bytes:
        before = how.changed
        cells = b"".join(self._merged(row, new, how))
        if how.changed == before:
            return self.data[row.begin : row.end]
        attributes = re.sub(rb"\sspans=([\"'])[^\"']*\1", b"", row.attributes)
        if not re.search(rb"\sr\s*=", attributes):
            attributes = b' r="%d"' % row.number + attributes
        return b"<%brow%b>%b</%brow>" % (self.prefix, attributes, cells, self.prefix)

    def _merged(self, row: Row, new: Mapping[int, New], how: Rewriting) -> Iterator[bytes]:
        """Yield a row's cells: the new ones in their places, all others as found."""
        digits, column, todo = b"%d" % row.number, 0, iter(new.items())
        want, cell = next(todo, NOTHING)
        for found in self._cell_pattern.finditer(row.body):
            name, attributes, content = found.groups()
            if name is None:
                name, attributes = _name(attributes, column + 1)
            column = _column(name)
            while want < column:
                yield self._added(row.number, want, cell, how)
                want, cell = next(todo, NOTHING)
            if column < want:
                has_ref = found[1] or b" r=" in found[2]
                rest = found[0] if has_ref else found[0][len(self.prefix) + 2 :]
                yield rest if has_ref else self._start + name + digits + b'"' + rest
                continue
            old = row.number, column, name + digits, attributes, content or b""
            yield self._replaced(found[0], old, cell, how)
            want, cell = next(todo, NOTHING)
            if want == NOTHING[0] and row.body.startswith(self._start, found.end()):
                yield row.body[found.end() :]  # what is left is people's
                return
        while want < NOTHING[0]:
            yield self._added(row.number, want, cell, how)
            want, cell = next(todo, NOTHING)

    def _replaced(self, found: bytes, old: Old, cell: New, how: Rewriting) -> bytes:
        """Return a cell in place of another, or the other where it must or may stay."""
        row, column, ref, attributes, content = old
        plain = cell.style is None and not cell.dated
        spelled = self._start + ref + _style_tag(attributes) + cell.tail
        if plain and spelled == found:
            return found
        if content and not cell.force and self._formula in content:
            how.kept.append(ref.decode())
            return found
        shown = None if cell.value is UNSET else how.value_of(attributes, content)
        style = style_of(attributes)
        same_style = plain or (cell.style is None and how.dated(style) == style)
        if same_style and type(shown) is type(cell.value) and shown == cell.value:
            return found
        how.note(row, column, shown, cell.value)
        if plain and (style or cell is not EMPTY):
            return spelled
        return self._spelled(ref, style if cell.style is None else cell.style, cell, how)

    def _added(self, row: int, column: int, cell: New, how: Rewriting) -> bytes:
        """Return a cell where none stood; an empty one without a style is left out."""
        made = self._spelled(b"%b%d" % (letters(column).encode(), row), cell.style or 0, cell, how)
        if made:
            how.note(row, column, None, cell.value)
        return made

    def _spelled(self, ref: bytes, style: int, cell: New, how: Rewriting) -> bytes:
        style = how.dated(style) if cell.dated else style
        if not style and cell.tail == b"/>":
            return b""
        shown = b' s="%d"' % style if style else b""
        return b'<%bc r="%b"%b%b' % (self.prefix, ref, shown, cell.tail)

    def reframe(self, edit: Callable[[etree._Element], None]) -> None:
        """Let lxml edit what surrounds the rows."""
        mark, close = b"<%bsheetData/>" % self.prefix, b"</%bsheetData>" % self.prefix
        after = self.data[self.data.index(b">", self.end) + 1 :]
        root = etree.fromstring(self.data[: self.begin] + close + after, PARSER)
        edit(root)
        head, _, tail = etree.tostring(root, encoding="UTF-8").partition(mark)
        head = DECLARATION + head + mark[:-2] + b">"
        self.data = b"".join([head, self.data[self.begin : self.end], close, tail])
        self.begin, self.end = len(head), len(head) + self.end - self.begin

    def frame(self) -> etree._Element:
        """Return what surrounds the rows, to look at."""
        frames: list[etree._Element] = []
        SheetPart(self.data[: self.begin] + self.data[self.end :]).reframe(frames.append)
        return frames[0]
