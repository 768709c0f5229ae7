"""A table that gets more rows: is there room, and what follows it down."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from stockbook.domain.language import say
from stockbook.domain.problems import WorkbookError
from stockbook.workbook.closed.parts import Parts, find, find_all
from stockbook.workbook.closed.refs import Box, bounds, grown, span
from stockbook.workbook.closed.sheet_part import New, SheetPart, attributes_of, style_of
from stockbook.workbook.closed.text import plain

_ABSOLUTE = re.compile(r"(?:'((?:[^']|'')+)'|([^'!(),]+))!(\$[A-Z]+\$\d+:\$[A-Z]+\$\d+)")
_CHART = re.compile(r"/charts/chart\w*\.xml$")
_GROWS = {"conditionalFormatting", "dataValidation", "ignoredError", "protectedRange"}


@dataclass
class Table:
    """One table as its part describes it.

    Attributes:
        sheet: The sheet's part.
        calculated: Column number → its formula, and whether it is an array formula.
        linked: Filled by a query or XML map: not ours to grow.
        filtered: A filter is active.
    """

    name: str
    part: str
    sheet: str
    sheet_name: str
    columns: list[str]
    box: Box
    calculated: dict[int, tuple[str, bool]]
    linked: bool
    filtered: bool

    def column(self, name: str) -> int:
        """Return the number of the column with that header.

        Raises:
            WorkbookError: There is none; the message lists what is there.
        """
        if name in self.columns:
            return self.box.left + self.columns.index(name)
        have = "、".join(self.columns)
        raise WorkbookError(
            say(
                f"“{self.sheet_name}”的表 {self.name} 没有“{name}”列；现有：{have}。"
                f"请把表头改回“{name}”，或用备份恢复这一列（列的位置可以随意移动）",
                f"Table {self.name} on “{self.sheet_name}” has no column “{name}”; it has: {have}. "
                f"Name the header “{name}” again or restore it from a backup "
                "(columns may stand in any order)",
            )
        )


def tables_of(parts: Parts) -> dict[str, Table]:
    """Return all tables by display name."""
    return {
        table.name: table
        for sheet_name, sheet in parts.sheet_parts.items()
        for kind, part in parts.relations(sheet).values()
        if kind == "table"
        for table in [_table(parts, part, sheet, sheet_name)]
    }


def _table(parts: Parts, part: str, sheet: str, sheet_name: str) -> Table:
    root = parts.xml(part)
    left, top, right, bottom = bounds(root.get("ref") or "")
    columns = list(find_all(root, "tableColumn"))
    formulas = {
        left + i: (f.text or "", f.get("array") == "1")
        for i, c in enumerate(columns)
        if (f := find(c, "calculatedColumnFormula")) is not None
    }
    first = top + int(root.get("headerRowCount") or 1)
    last = bottom - int(root.get("totalsRowCount") or 0)
    return Table(
        root.get("displayName") or "",
        part,
        sheet,
        sheet_name,
        [plain(c.get("name") or "") for c in columns],
        Box(left, right, first, last, bottom),
        formulas,
        (root.get("tableType") or "worksheet") != "worksheet",
        next(find_all(root, "filterColumn"), None) is not None,
    )


def make_room(
    parts: Parts, tables: dict[str, Table], table: Table, sheet: SheetPart, extra: int
) -> dict[int, dict[int, New]]:
    """Check that `extra` rows fit below the data; return the totals row at its new place.

    Raises:
        WorkbookError: Content, a merge or another table is in the way, or a query fills the table.
    """
    if table.linked:
        raise WorkbookError(
            say(
                f"表 {table.name} 由外部查询填充，不能追加行；请把它转换为普通表",
                f"Table {table.name} is filled by a query; turn it into a plain table",
            )
        )
    box, totals = table.box, dict[int, dict[int, New]]()
    obstacles = [bounds(m.get("ref") or "") for m in find_all(sheet.frame(), "mergeCell")]
    obstacles += [
        (t.box.left, t.box.first - 1, t.box.right, t.box.bottom)
        for t in tables.values()
        if t.sheet == table.sheet and t is not table
    ]
    for row in sheet.rows():
        if not box.last < row.number <= box.bottom + extra:
            continue
        for column, attributes, content in sheet.cells(row.body):
            if row.number > box.bottom and content:
                obstacles.append((column, row.number, column, row.number))
            elif row.number <= box.bottom and box.left <= column <= box.right:
                moved = _moved_down(parts, table, sheet, attributes, content)
                totals.setdefault(row.number + extra, {})[column] = moved
    _refuse_obstacles(table, obstacles, extra)
    return totals


def _refuse_obstacles(table: Table, obstacles: list[tuple[int, int, int, int]], extra: int) -> None:
    box = table.box
    for left, top, right, bottom in obstacles:
        beside = left > box.right or right < box.left
        if not beside and top <= box.bottom + extra and bottom > box.bottom:
            place = span(left, top, right, bottom)
            raise WorkbookError(
                say(
                    f"表 {table.name} 需要 {extra} 个新行，但“{table.sheet_name}”的 {place} "
                    "已有内容或合并单元格，没有写入；请把它移到表的右边后重试",
                    f"Table {table.name} needs {extra} new rows, but {place} on "
                    f"“{table.sheet_name}” is in use, nothing was written; "
                    "move it to the right of the table and try again",
                )
            )


def _moved_down(
    parts: Parts, table: Table, sheet: SheetPart, attributes: bytes, content: bytes
) -> New:
    """Return a totals row's cell for its new place."""
    if b"<%bf t=" % sheet.prefix in content:
        raise WorkbookError(
            say(
                f"表 {table.name} 的汇总行含数组或共享公式，无法下移；请先关闭汇总行",
                f"The totals row of {table.name} holds an array formula and cannot move down; "
                "switch the totals row off first",
            )
        )
    if sheet.is_formula(content):
        parts.drop_calc_chain()
    kind = attributes_of(attributes).get("t")
    shown = b' t="%b"' % kind.encode() if kind else b""
    tail = b"%b>%b</%bc>" % (shown, content, sheet.prefix) if content else b"/>"
    return New(tail, style_of(attributes), force=True)


def follow(parts: Parts, table: Table, sheet: SheetPart, extra: int) -> None:
    """Let everything that ended with the table's last row end with the new one.

    Its part, filters and sorts, conditional formats, validations, ignored errors, protected
    ranges, the sheet's dimension, and chart ranges over a whole column.
    """
    box, root = table.box, parts.xml(table.part)
    left, top, right, bottom = bounds(root.get("ref") or "")
    root.set("ref", span(left, top, right, bottom + extra))
    if "insertRow" in root.attrib:
        del root.attrib["insertRow"]
    for e in _filters(root):
        e.set("ref", grown(e.get("ref") or "", box._replace(bottom=box.last), extra))
    parts.put(table.part, root)
    sheet.reframe(lambda frame: _grow_frame(frame, table, extra))
    for part in sorted(name for name in parts.names if _CHART.search(name)):
        _grow_chart(parts, part, table, extra)
    table.box = box._replace(last=box.last + extra, bottom=box.bottom + extra)


def _filters(root: etree._Element) -> Iterator[etree._Element]:
    for name in ("autoFilter", "sortState", "sortCondition"):
        yield from list(find_all(root, name))


def _grow_frame(frame: etree._Element, table: Table, extra: int) -> None:
    box = table.box
    for e in frame.iter("{*}*"):
        name, parent = etree.QName(e).localname, e.getparent()
        if name in _GROWS and e.get("sqref"):
            e.set("sqref", grown(e.get("sqref") or "", box, extra))
        elif name == "sqref" and parent is not None and etree.QName(parent).localname in _GROWS:
            e.text = grown(e.text or "", box, extra)
        elif name == "dimension":
            a, b, c, d = bounds(e.get("ref") or "")
            more = (min(a, box.left), min(b, box.first), max(c, box.right))
            e.set("ref", span(*more, max(d, box.bottom + extra)))


def _grow_chart(parts: Parts, part: str, table: Table, extra: int) -> None:
    chart, moved = parts.xml(part), False
    for f in find_all(chart, "f"):
        text = _ABSOLUTE.sub(lambda m: _longer(m, table, extra), f.text or "")
        moved = moved or text != (f.text or "")
        f.text = text
    if moved:
        parts.put(part, chart)


def _longer(found: re.Match[str], table: Table, extra: int) -> str:
    """Return a reference to a whole column of the table, as long as the table now is."""
    sheet, ref = (found[1] or "").replace("''", "'") or found[2], found[3]
    left, top, right, bottom = bounds(ref)
    box = table.box
    inside = box.left <= left <= right <= box.right
    if sheet != table.sheet_name or not inside or bottom != box.last or top > box.first:
        return found[0]
    return found[0][: -len(str(bottom))] + str(bottom + extra)
