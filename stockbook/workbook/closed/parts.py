"""Which part of a workbook is what: relationships, sheets, names, styles and shared texts."""

from __future__ import annotations

import copy
import datetime as dt
import functools
import posixpath
import re
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from lxml import etree

from stockbook.domain.language import say
from stockbook.domain.problems import WorkbookError
from stockbook.workbook.closed.archive import Stamp, snapshot
from stockbook.workbook.closed.sheet_part import DECLARATION, PARSER, SheetPart, attributes_of
from stockbook.workbook.closed.text import CellError, inline_text, moment, plain, unescape

DATE_FORMATS = {*range(14, 23), *range(27, 37), *range(50, 59)}  # built in, with those of China
SHORT_DATE = "14"
BEYOND_DATES = 2_958_466  # [days] 1 January 10000
_V = re.compile(rb"<(?:[\w.-]+:)?v(?:\s[^>]*)?>([^<]*)<")
_LITERAL = re.compile(
    r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE
)  # in a number format: what is shown as it stands
_CELL = re.compile(r"(?:'((?:[^']|'')+)'|([^'!]+))!(\$[A-Z]+\$\d+(?::\$[A-Z]+\$\d+)?)")


UNREADABLE = (BadZipFile, KeyError, zlib.error, NotImplementedError, RuntimeError)  # of a zip


def find(root: etree._Element, *path: str) -> etree._Element | None:
    """Return a descendant by local names: strict files use other namespaces."""
    at: etree._Element | None = root
    for name in path:
        if at is None:
            return None
        at = next((c for c in at if etree.QName(c).localname == name), None)
    return at


def find_all(root: etree._Element, name: str) -> Iterator[etree._Element]:
    """Yield all descendants of that local name."""
    return root.iter("{*}" + name)


class Parts:
    """A workbook's parts as they will be after the changes made so far.

    The file is read once, whole: someone who saves it meanwhile cannot mix two versions.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.changed: dict[str, bytes] = {}
        self.sheets: dict[str, SheetPart] = {}
        self.dropped: set[str] = set()
        self.zip, self.seen = self._opened(path)
        self.names = set(self.zip.namelist())
        links = self.relations("")
        kinds = dict(links.values())
        if "officeDocument" not in kinds:
            raise WorkbookError(_not_a_workbook(path))
        self.main = kinds["officeDocument"]
        self.signed = "origin" in kinds
        self._load_workbook()
        self._load_styles()

    @staticmethod
    def _opened(path: Path) -> tuple[ZipFile, Stamp]:
        try:
            raw, seen = snapshot(path)
            return ZipFile(BytesIO(raw)), seen
        except FileNotFoundError:
            raise WorkbookError(
                say(
                    f"找不到工作簿 {path}；请检查路径，或用 stockbook new 新建",
                    f"There is no workbook {path}; check the path, or make one: stockbook new",
                )
            ) from None
        except UNREADABLE:
            raise WorkbookError(_not_a_workbook(path)) from None
        except OSError as error:
            raise WorkbookError(
                say(
                    f"读不了 {path}（{error.strerror}）；请检查权限",
                    f"Cannot read {path} ({error.strerror}); check the permissions",
                )
            ) from None

    # --- parts --------------------------------------------------------------------------

    def part(self, name: str) -> bytes:
        """Return a part's content."""
        if name in self.sheets:
            return self.sheets[name].data
        if name in self.changed:
            return self.changed[name]
        try:
            return self.zip.read(name)
        except (*UNREADABLE, OSError) as error:
            raise WorkbookError(
                say(
                    f"{self.path.name} 已损坏（{name}：{error}）；请用备份恢复",
                    f"{self.path.name} is damaged ({name}: {error}); restore a backup",
                )
            ) from None

    def xml(self, name: str) -> etree._Element:
        """Return a small part as a tree."""
        try:
            return etree.fromstring(self.part(name), PARSER)
        except etree.XMLSyntaxError as error:
            raise WorkbookError(
                say(
                    f"{self.path.name} 已损坏（{name}：{error}）；请用备份恢复",
                    f"{self.path.name} is damaged ({name}: {error}); restore a backup",
                )
            ) from None

    def put(self, name: str, root: etree._Element) -> None:
        """Give a small part a new content."""
        self.changed[name] = DECLARATION + etree.tostring(root, encoding="UTF-8")

    def relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Return id → (last word of the type, target) of a part's internal relationships."""
        folder, base = posixpath.split(part)
        rels = posixpath.join(folder, "_rels", base + ".rels")
        if rels not in self.names:
            return {}
        found = {}
        for e in self.xml(rels):
            if e.get("TargetMode") != "External":
                target = posixpath.join("/" + folder, e.get("Target") or "")
                kind = (e.get("Type") or "").rsplit("/", 1)[-1]
                found[e.get("Id") or ""] = (kind, posixpath.normpath(target).lstrip("/"))
        return found

    def sheet(self, part: str) -> SheetPart:
        """Return a sheet's rows, as changed so far; keep it in `sheets` to have it saved."""
        return self.sheets[part] if part in self.sheets else SheetPart(self.part(part))

    def _load_workbook(self) -> None:
        book, links = self.xml(self.main), self.relations(self.main)
        settings = find(book, "workbookPr")
        self.since_1904 = settings is not None and settings.get("date1904") in ("1", "true")
        calc = find(book, "calcPr")
        self.recalculates = calc is not None and calc.get("fullCalcOnLoad") in ("1", "true")
        self.sheet_parts = {
            str(s.get("name")): links[str(v)][1]
            for s in find_all(book, "sheet")
            for k, v in s.items()
            if str(k).endswith("}id") and str(v) in links
        }
        kinds = dict(links.values())
        self.calc_chain, self._styles_part = kinds.get("calcChain"), kinds["styles"]
        self._strings = self._shared(kinds["sharedStrings"]) if "sharedStrings" in kinds else []

    def _shared(self, part: str) -> list[str]:
        return [
            plain(
                "".join(
                    t.text or ""
                    for t in find_all(item, "t")
                    if next(t.iterancestors("{*}rPh"), None) is None
                )
            )
            for item in find_all(self.xml(part), "si")
        ]

    def named_range(self, name: str) -> tuple[str, str]:
        """Return the sheet part and the reference that a defined name means.

        Raises:
            WorkbookError: There is no such name, or it is no range of cells.
        """
        defined = find_all(self.xml(self.main), "definedName")
        text = next((e.text for e in defined if (e.get("name") or "").lower() == name.lower()), "")
        found = _CELL.fullmatch(text or "")
        part = found and self.sheet_parts.get((found[1] or found[2]).replace("''", "'"))
        if not found or not part:
            raise WorkbookError(
                say(
                    f"{self.path.name} 的名称 {name} 不存在，或不是单元格（{text or '无'}）；"
                    "请在 公式 → 名称管理器 恢复它，或用备份恢复",
                    f"In {self.path.name} the name {name} is missing or names no cells "
                    f"({text or 'nothing'}); restore it under Formulas → Name Manager, "
                    "or restore a backup",
                )
            )
        return part, found[3]

    # --- styles -------------------------------------------------------------------------

    def _load_styles(self) -> None:
        self._styles = self.xml(self._styles_part)
        dates = set(DATE_FORMATS)
        customs = find(self._styles, "numFmts")  # those of <dxfs> count for themselves
        for custom in () if customs is None else find_all(customs, "numFmt"):
            code = _LITERAL.sub("", custom.get("formatCode") or "").split(";")[0]
            shows_date = re.search(r"[ydhms年月日]", code, re.IGNORECASE)
            other = re.search(r"\[|general", code, re.IGNORECASE)
            number = int(custom.get("numFmtId") or 0)
            (dates.add if shows_date and not other else dates.discard)(number)
        formats = find(self._styles, "cellXfs")
        listed = [] if formats is None else list(formats)
        self._shows_date = [int(x.get("numFmtId") or 0) in dates for x in listed]

    def dated(self, style: int) -> int:
        """Return the style itself if it shows a date, else its twin with the short date."""
        formats = find(self._styles, "cellXfs")
        if self._shows_date[style] or formats is None:
            return style
        twin = copy.deepcopy(formats[style])
        twin.set("numFmtId", SHORT_DATE)
        twin.set("applyNumberFormat", "1")
        wanted = etree.tostring(twin, with_tail=False)
        for i, other in enumerate(formats):
            if etree.tostring(other, with_tail=False) == wanted:
                return i
        formats.append(twin)
        formats.set("count", str(len(formats)))
        self._shows_date.append(True)
        self.put(self._styles_part, self._styles)
        return len(formats) - 1

    # --- values -------------------------------------------------------------------------

    def value(self, xml: bytes, content: bytes) -> Any:  # noqa: PLR0911 - one a kind
        """Return what a cell shows; of a formula, its last result.

        Args:
            xml: The cell's attributes.

        Returns:
            float, str, bool, datetime, CellError or None.
        """
        kind, style = _kind(xml)
        if kind == "n" and content[:3] == b"<v>" and content[-4:] == b"</v>":
            number = float(content[3:-4])
            return self._moment(number) if self._shows_date[style] else number
        if kind == "inlineStr":
            return inline_text(content)
        found = _V.search(content)
        if not found or (not found[1] and kind != "str"):
            return None
        if kind == "s":
            return self._strings[int(found[1])]
        if kind in ("str", "e"):
            return CellError(found[1].decode()) if kind == "e" else unescape(found[1])
        if kind == "b":
            return found[1] == b"1"
        if kind == "d":
            return dt.datetime.fromisoformat(found[1].decode())
        number = float(found[1])
        return self._moment(number) if self._shows_date[style] else number

    def _moment(self, number: float) -> float | dt.datetime:
        """Return the date a number means; beyond the calendar it is but a number."""
        inside = 0 <= number < BEYOND_DATES
        return moment(number, since_1904=self.since_1904) if inside else number

    # --- before saving ------------------------------------------------------------------

    def drop_calc_chain(self) -> None:
        """Drop the calculation chain: Excel repairs a file whose chain names no formula."""
        if not self.calc_chain or self.calc_chain in self.dropped:
            return
        folder, base = posixpath.split(self.main)
        rels = posixpath.join(folder, "_rels", base + ".rels")
        for part, attribute in ((rels, "Target"), ("[Content_Types].xml", "PartName")):
            root = self.xml(part)
            name = posixpath.basename(self.calc_chain)
            for e in [e for e in root if (e.get(attribute) or "").endswith(name)]:
                root.remove(e)
            self.put(part, root)
        self.dropped.add(self.calc_chain)

    def recalculate_on_load(self) -> None:
        """Have Excel compute everything when it opens the file."""
        book = self.xml(self.main)
        calc = find(book, "calcPr")
        if calc is not None and calc.get("fullCalcOnLoad") in ("1", "true"):
            return
        if calc is None:
            names = ("sheets", "functionGroups", "externalReferences", "definedNames")
            before = [e for n in names if (e := find(book, n)) is not None]
            calc = etree.Element(etree.QName(etree.QName(book).namespace, "calcPr"))
            before[-1].addnext(calc)
        calc.set("fullCalcOnLoad", "1")
        self.put(self.main, book)


@functools.lru_cache(10_000)
def _kind(xml: bytes) -> tuple[str, int]:
    """Return the type and style that a cell's attributes name."""
    attributes = attributes_of(xml)
    return attributes.get("t", "n"), int(attributes.get("s", 0))


def _not_a_workbook(path: Path) -> str:
    return say(
        f"{path.name} 不是 .xlsx/.xlsm 工作簿，或设有打开密码，或已损坏；"
        "请在 Excel 里另存为 .xlsx，或用备份恢复",
        f"{path.name} is no .xlsx/.xlsm workbook, or has a password, or is damaged; "
        "save it as .xlsx in Excel, or restore a backup",
    )
