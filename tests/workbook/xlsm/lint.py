"""Rules that real Excel applies when it opens a workbook and no schema states.

`findings(path)` returns what breaks one; each rule has a seeded fault in `test_faults.py`.
"""

import posixpath
import re
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

from lxml import etree
from openpyxl.formula import Tokenizer
from openpyxl.utils import range_boundaries

from tests.workbook.xlsm import lint_macros

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
NAME = re.compile(r"[^\W\d][\w.\\]*|[_\\][\w.\\]*")
CELL = re.compile(r"\$?[A-Za-z]{1,3}\$?\d+|[RrCc]|[Rr]\d*[Cc]\d*")
NEWER = {
    "XLOOKUP", "XMATCH", "FILTER", "SORT", "SORTBY", "UNIQUE", "SEQUENCE", "LET", "LAMBDA", "IFS",
    "SWITCH", "TEXTJOIN", "CONCAT", "MAXIFS", "MINIFS", "TEXTSPLIT", "VSTACK", "HSTACK", "TAKE",
    "DROP", "CHOOSECOLS", "IFNA", "XOR", "DAYS", "STDEV.S", "RANK.EQ", "PERCENTILE.INC",
}  # fmt: skip
TYPES = {
    "worksheet": "spreadsheetml.worksheet+xml", "table": "spreadsheetml.table+xml",
    "drawing": "drawing+xml", "chart": "chart+xml", "styles": "styles+xml",
    "sharedStrings": "sharedStrings+xml", "comments": "comments+xml", "vmlDrawing": "vmlDrawing",
    "vbaProject": "vbaProject",
}  # fmt: skip
LIST_LIMIT, PROMPT_LIMITS = 255, {"promptTitle": 32, "errorTitle": 32, "prompt": 255, "error": 255}


@dataclass
class Book:
    """A workbook's parts, and what was found wrong with them."""

    path: str
    parts: dict = field(default_factory=dict)
    trees: dict = field(default_factory=dict)
    found: list = field(default_factory=list)
    tables: dict = field(default_factory=dict)  # name → column names, all lower case
    codes: dict = field(default_factory=dict)  # code name → sheet
    drawings: list = field(default_factory=list)  # VML parts
    formulas: list = field(default_factory=list)  # (where, text)

    def bad(self, *what):
        self.found.append(" ".join(map(str, what)))

    def links(self, part):
        folder, base = posixpath.split(part)
        place = posixpath.join(folder, "_rels", base + ".rels")
        if place not in self.trees:
            return {}
        links = {}
        for e in self.trees[place]:
            target = e.get("Target")
            if e.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/" + folder, target)).lstrip("/")
            links[e.get("Id")] = (e.get("Type"), target, e.get("TargetMode") == "External")
        return links

    @cached_property
    def main(self):
        kinds = self.links("").values()
        return next(t for kind, t, _ in kinds if kind.endswith("/officeDocument"))

    @cached_property
    def sheets(self):
        links = self.links(self.main)
        listed = self.trees[self.main].find(MAIN + "sheets")
        return [(s.get("name"), links[s.get(REL + "id")][1]) for s in listed]

    def linked(self, ending):
        """The first tree that the workbook links to with that kind."""
        links = self.links(self.main).values()
        return next((self.trees[t] for kind, t, _ in links if kind.endswith(ending)), None)


def findings(path):
    """Return everything found wrong with a workbook, [] for a good one."""
    book = Book(str(path))
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        book.parts = {name: archive.read(name) for name in names}
    for name, n in Counter(name.lower() for name in names).items():
        if n > 1:
            book.bad("zip: entry twice", name)
    for name, data in book.parts.items():
        if name.endswith((".xml", ".rels", ".vml")):
            try:
                book.trees[name] = etree.fromstring(data)
            except etree.XMLSyntaxError as error:
                book.bad(name, "not well formed:", error)
    if book.found:
        return book.found
    package(book)
    if not book.found:
        sheet_names(book)
        for name, part in book.sheets:
            sheet(book, name, part)
        defined_names(book)
        formulas(book)
        lint_macros.check(book)
    return book.found


# --- the package -----------------------------------------------------------------------------


def package(book):
    """Content types and relationships."""
    root = book.trees["[Content_Types].xml"]
    parts = {e.get("PartName").lstrip("/"): e.get("ContentType") for e in root if e.get("PartName")}
    endings = {e.get("Extension").lower(): e.get("ContentType") for e in root if e.get("Extension")}

    def kind_of(name):
        return parts.get(name) or endings.get(name.rsplit(".", 1)[-1].lower()) or ""

    for name in book.parts:
        if name != "[Content_Types].xml" and not kind_of(name):
            book.bad(name, "has no content type")
    for name in parts:
        if name not in book.parts:
            book.bad("content type for an absent part", name)
    for name in ["", *book.parts]:
        if not name.endswith(".rels"):
            relations(book, name, kind_of)
    if book.path.endswith(".xlsm") and "macroEnabled.main+xml" not in kind_of(book.main):
        book.bad("workbook content type is", kind_of(book.main))


def relations(book, name, kind_of):
    links = book.links(name)
    for link, (kind, target, external) in links.items():
        if external:
            continue
        wanted = TYPES.get(kind.rsplit("/", 1)[-1])
        if target not in book.parts:
            book.bad(name or "package", link, "points at the absent part", target)
        elif wanted and wanted not in kind_of(target):
            book.bad(target, "has content type", kind_of(target))
    for e in book.trees[name].iter("*") if name in book.trees else ():
        for key, value in e.attrib.items():
            if key.startswith(REL) and value and value not in links:
                book.bad(name, etree.QName(e).localname, "names no relationship", value)


def sheet_names(book):
    low = Counter(name.lower() for name, _ in book.sheets)
    for name, _ in book.sheets:
        if low[name.lower()] > 1:
            book.bad("sheet name twice:", name)
        quoted = name.startswith("'") or name.endswith("'")
        if not 0 < len(name) <= 31 or re.search(r"[\[\]:*?/\\]", name) or quoted:
            book.bad("sheet name not allowed:", name)


# --- one sheet -------------------------------------------------------------------------------


def sheet(book, name, part):
    """Cells, merges, rules, validations and tables of one sheet."""
    root = book.trees[part]
    properties = root.find(MAIN + "sheetPr")
    if properties is not None and properties.get("codeName"):
        book.codes[properties.get("codeName")] = name
    found = cells(book, name, root)
    boxes = merges(book, name, root)
    rules(book, name, root)
    for e in root.iter(MAIN + "dataValidation"):
        validation(book, name, e)
    for kind, target, _ in book.links(part).values():
        if kind.endswith("/vmlDrawing"):
            book.drawings.append(target)
        if kind.endswith("/table"):
            table(book, target, found, boxes)


def cells(book, name, root):
    """Row and cell order, styles and shared strings; (row, column) → (type, value)."""
    styles, strings = book.linked("/styles"), book.linked("/sharedStrings")
    count = len(styles.find(MAIN + "cellXfs")) if styles is not None else 0
    texts = ["".join(item.itertext()) for item in strings] if strings is not None else []
    found, last_row = {}, 0
    for row in root.find(MAIN + "sheetData"):
        number, last = int(row.get("r")), 0
        if number <= last_row:
            book.bad(name, "row", number, "after row", last_row)
        last_row = number
        for c in row:
            column, at, _, _ = range_boundaries(c.get("r"))
            if at != number or column <= last:
                book.bad(name, "cell out of order", c.get("r"))
            last = column
            if int(c.get("s", 0)) >= count:
                book.bad(name, c.get("r"), "style", c.get("s"), "of", count)
            value = c.findtext(MAIN + "v")
            if c.get("t") == "s" and int(value) >= len(texts):
                book.bad(name, c.get("r"), "shared string", value, "of", len(texts))
            elif c.get("t") == "s":
                value = texts[int(value)]
            elif c.get("t") == "inlineStr":
                value = "".join(c.find(MAIN + "is").itertext())
            found[number, column] = (c.get("t"), value)
            if c.findtext(MAIN + "f"):
                book.formulas.append((f"{name}!{c.get('r')}", c.findtext(MAIN + "f")))
    return found


def overlap(a, b):
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]


def merges(book, name, root):
    boxes = [range_boundaries(e.get("ref")) for e in root.iter(MAIN + "mergeCell")]
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            if overlap(a, b):
                book.bad(name, "merges overlap", a, b)
    return boxes


def rules(book, name, root):
    styles = book.linked("/styles")
    listed = styles.find(MAIN + "dxfs") if styles is not None else None
    count = len(listed) if listed is not None else 0
    for e in root.iter(MAIN + "cfRule"):
        if e.get("dxfId") and int(e.get("dxfId")) >= count:
            book.bad(name, "cfRule dxfId", e.get("dxfId"), "of", count)
        book.formulas += [(f"{name} rule", f.text) for f in e.findall(MAIN + "formula") if f.text]


def validation(book, name, e):
    for tag in ("formula1", "formula2"):
        text = e.findtext(MAIN + tag)
        if text and text.startswith('"') and len(text) - 2 > LIST_LIMIT:
            book.bad(name, "validation list over 255 characters", e.get("sqref"))
        elif text and not text.startswith('"'):
            book.formulas.append((f"{name} validation {e.get('sqref')}", text))
    for key, limit in PROMPT_LIMITS.items():
        if len(e.get(key, "")) > limit:
            book.bad(name, "validation", key, "over", limit)


def table(book, part, found, boxes):
    """A table's names, box, columns, headers and filter."""
    root = book.trees[part]
    name = root.get("displayName")
    if root.get("name") not in (None, name):
        book.bad(part, "name", root.get("name"), "differs from displayName", name)
    if name.lower() in book.tables:
        book.bad("table name twice:", name)
    if not NAME.fullmatch(name) or CELL.fullmatch(name) or len(name) > 255:
        book.bad("table name not allowed:", name)
    box = left, top, right, bottom = range_boundaries(root.get("ref"))
    for other in boxes:
        if overlap(box, other):
            book.bad(name, "overlaps", other)
    boxes.append(box)
    columns = [e.get("name") for e in root.iter(MAIN + "tableColumn")]
    book.tables[name.lower()] = {column.lower() for column in columns}
    count = int(root.find(MAIN + "tableColumns").get("count"))
    if not right - left + 1 == len(columns) == count:
        book.bad(name, "is", right - left + 1, "wide, with", len(columns), "columns")
    extra = int(root.get("headerRowCount", 1)) + int(root.get("totalsRowCount", 0))
    if bottom - top < extra:
        book.bad(name, "has no data row")
    for column, n in Counter(column.lower() for column in columns).items():
        if n > 1:
            book.bad(name, "column twice:", column)
    headers(book, name, columns, [found.get((top, left + i)) for i in range(len(columns))])
    ids = [e.get("id") for t in book.trees.values() if t.tag == MAIN + "table" for e in [t]]
    if ids.count(root.get("id")) > 1:
        book.bad("table id twice:", root.get("id"))
    filtered = root.find(MAIN + "autoFilter")
    if filtered is not None and range_boundaries(filtered.get("ref"))[:3] != box[:3]:
        book.bad(name, "autoFilter", filtered.get("ref"))
    computed = root.iter(MAIN + "calculatedColumnFormula")
    book.formulas += [(f"{name} column", e.text) for e in computed if e.text]


def headers(book, name, columns, seen):
    for column, cell in zip(columns, seen, strict=True):
        kind, text = cell or (None, None)
        if kind not in ("s", "str", "inlineStr") or text != column.replace("_x000a_", "\n"):
            book.bad(name, "header cell", cell, "differs from column", column)


# --- names and formulas ----------------------------------------------------------------------


def defined_names(book):
    seen = Counter()
    for e in book.trees[book.main].iter(MAIN + "definedName"):
        name = e.get("name")
        seen[name.lower(), e.get("localSheetId")] += 1
        builtin = name.startswith("_xlnm.")
        if not builtin and (not NAME.fullmatch(name) or CELL.fullmatch(name)):
            book.bad("defined name not allowed:", name)
        if name.lower() in book.tables:
            book.bad("defined name is a table name, too:", name)
        book.formulas.append((f"name {name}", e.text))
    for key, n in seen.items():
        if n > 1:
            book.bad("defined name twice:", key)


def formulas(book):
    names = book.trees[book.main].iter(MAIN + "definedName")
    known = {e.get("name").lower() for e in names} | set(book.tables)
    sheets = {name.lower() for name, _ in book.sheets}
    for where, text in book.formulas:
        formula(book, where, text, known, sheets)


def formula(book, where, text, known, sheets):
    if text.startswith("="):
        book.bad(where, "formula starts with =")
    depth = 0
    for token in Tokenizer("=" + text).items:
        depth += {"OPEN": 1, "CLOSE": -1}.get(token.subtype, 0)
        if token.type == "FUNC" and token.subtype == "OPEN" and token.value[:-1].upper() in NEWER:
            book.bad(where, "function without _xlfn.:", token.value)
        if token.type == "OPERAND" and token.subtype == "RANGE":
            operand(book, where, token.value, known, sheets)
    if depth:
        book.bad(where, "unbalanced parentheses:", text)


def operand(book, where, value, known, sheets):
    structured = re.fullmatch(r"([\w.\\]+)\[(.*)\]", value, re.DOTALL)
    if "!" in value:
        name = value.rsplit("!", 1)[0]
        if name.startswith("'") and name.endswith("'"):
            name = name[1:-1].replace("''", "'")
        elif re.search(r"[^\w.:]", name):
            book.bad(where, "sheet name needs quotes:", value)
        if not name.startswith("[") and name.lower() not in sheets:
            book.bad(where, "names no sheet:", value)
    elif structured:
        columns = book.tables.get(structured[1].lower())
        if columns is None:
            book.bad(where, "names no table:", value)
            return
        for column in re.findall(r"\[([^\[\]]+)\]", structured[2]) or [structured[2]]:
            special = not column or column.startswith("#")
            if not special and column.lstrip("@").lower() not in columns:
                book.bad(where, "names no column:", value)
    elif (
        NAME.fullmatch(value)
        and not CELL.fullmatch(value.replace("$", ""))
        and value.lower() not in known
        and value.upper() not in ("TRUE", "FALSE")
    ):
        book.bad(where, "names no defined name:", value)
