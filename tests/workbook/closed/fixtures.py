"""Workbooks to edit: one with everything a shop may have put into it, and the same in other producers' dialects."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from pathlib import Path

import xlsxwriter

HEADERS = ["SKU", "名称", "现货", "预警", "更新日", "我的备注", "我的公式"]
OWN = ["名称", "现货", "预警", "更新日"]
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def rich(
    path: Path,
    rows: int = 6,
    *,
    totals: bool = False,
    macro: bytes | None = None,
    obstacle: bool = False,
) -> Path:
    """Title above the table, panes, filter, heights, formulas, notes, text box, chart, sparklines, x14 bars, a neighbour."""
    raw = io.BytesIO()
    book = xlsxwriter.Workbook(raw, {"in_memory": True})
    date, money, text = (
        book.add_format({"num_format": f}) for f in ("yyyy-mm-dd", "#,##0.00", "@")
    )
    red = book.add_format({"bg_color": "#FFC7CE"})
    home, stock, other = (
        book.add_worksheet("首页"),
        book.add_worksheet("库'存 表"),
        book.add_worksheet("Other"),
    )
    first, last = 4, 3 + rows  # zero-based data rows; header in row 3
    stock.merge_range(
        0, 0, 0, 6, "库存（数据截至见首页）", book.add_format({"bold": True, "align": "center"})
    )
    columns = [{"header": h} for h in HEADERS]
    columns[6]["formula"] = "=Stock[[#This Row],[现货]]*2"
    columns[2]["format"] = money
    if totals:
        columns[0]["total_string"], columns[2]["total_function"] = "合计", "sum"
    stock.add_table(
        3,
        0,
        last + totals,
        6,
        {"name": "Stock", "columns": columns, "total_row": totals, "style": "Table Style Medium 2"},
    )
    for i in range(rows):
        r = first + i
        stock.write_string(r, 0, f"{1000000000000000000 + i}", text)
        stock.write_string(r, 1, f"商品 {i}")
        stock.write_number(r, 2, i * 10, money)
        stock.write_string(r, 3, "正常")
        stock.write_datetime(r, 4, dt.datetime(2026, 1, 1 + i % 28), date)
        stock.write_string(r, 5, f"备注 {i}")
        stock.write_formula(r, 6, "=Stock[[#This Row],[现货]]*2", None, i * 20)
    stock.add_table(
        3,
        8,
        5,
        9,
        {
            "name": "Side",
            "columns": [{"header": "k"}, {"header": "v"}],
            "data": [["a", 1], ["b", 2]],
        },
    )
    stock.write_array_formula("L4:L6", "{=C5:C7*2}", None, 0)
    stock.write_formula("M5", "=C5*3", None, 0)
    if obstacle:
        stock.write(last + 3, 2, "我的小结")
    stock.set_row(first + 1, 33)
    stock.set_row(first + 2, None, None, {"hidden": True})
    stock.freeze_panes(4, 1)
    stock.write_comment(first, 1, "旧式批注", {"author": "店员"})
    stock.insert_textbox("O2", "文本框")
    chart = book.add_chart({"type": "column"})
    chart.add_series(
        {"categories": ["库'存 表", first, 1, last, 1], "values": ["库'存 表", first, 2, last, 2]}
    )
    home.insert_chart("D2", chart)
    fixed = book.add_chart({"type": "line"})
    fixed.add_series({"values": ["库'存 表", first, 2, first + 1, 2]})
    home.insert_chart("D20", fixed)
    for r in range(first, last + 1):
        stock.add_sparkline(r, 7, {"range": f"'库''存 表'!C{r + 1}:D{r + 1}"})
    stock.conditional_format(
        first, 3, last, 3, {"type": "cell", "criteria": "==", "value": '"断货"', "format": red}
    )
    stock.conditional_format(
        first, 0, last, 9, {"type": "formula", "criteria": "=$C5<0", "format": red}
    )
    stock.conditional_format(first, 2, last, 2, {"type": "data_bar", "data_bar_2010": True})
    stock.data_validation(first, 3, last, 3, {"validate": "list", "source": ["正常", "断货"]})
    stock.data_validation(first, 5, 999, 5, {"validate": "length", "criteria": "<", "value": 200})
    stock.ignore_errors({"number_stored_as_text": f"A{first + 1}:A{last + 1}"})
    stock.protect("x", {"autofilter": True})
    (
        home.write("A1", "数据截至"),
        home.write("B1", "", date),
        home.write_formula("B2", "=SUM(Stock[现货])", money, 1),
    )
    other.write_column("A1", list("abc"))
    book.define_name("数据截至", "=首页!$B$1")
    book.define_name("公式格", "=首页!$B$2")
    if macro:
        book.add_vba_project(io.BytesIO(macro), is_stream=True)
    book.close()
    parts = {i.filename: zipfile.ZipFile(raw).read(i) for i in zipfile.ZipFile(raw).infolist()}
    _extras(parts)
    pack(path, parts)
    return path


def _extras(parts: dict[str, bytes]) -> None:
    """What XlsxWriter cannot write: threaded comments, a slicer, a pivot cache, a calculation chain."""
    sheet = "xl/worksheets/sheet2.xml"
    rels = "xl/worksheets/_rels/sheet2.xml.rels"
    add(
        parts,
        rels,
        [
            (
                "rIdT",
                "http://schemas.microsoft.com/office/2017/10/relationships/threadedComment",
                "../threadedComments/threadedComment1.xml",
            ),
            (
                "rIdS",
                "http://schemas.microsoft.com/office/2007/relationships/slicer",
                "../slicers/slicer1.xml",
            ),
        ],
    )
    add(
        parts,
        "xl/_rels/workbook.xml.rels",
        [
            (
                "rIdP",
                "http://schemas.microsoft.com/office/2017/10/relationships/person",
                "persons/person.xml",
            ),
            (
                "rIdSC",
                "http://schemas.microsoft.com/office/2007/relationships/slicerCache",
                "slicerCaches/slicerCache1.xml",
            ),
            ("rIdPC", REL + "/pivotCacheDefinition", "pivotCache/pivotCacheDefinition1.xml"),
            ("rIdCC", REL + "/calcChain", "calcChain.xml"),
        ],
    )
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n'
    who, what = "{11111111-1111-4111-8111-111111111111}", "{22222222-2222-4222-8222-222222222222}"
    tc = "http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments"
    parts["xl/threadedComments/threadedComment1.xml"] = (
        f'{head}<ThreadedComments xmlns="{tc}"><threadedComment ref="B5" dT="2026-01-01T00:00:00.00" personId="{who}" id="{what}"><text>新式批注</text></threadedComment></ThreadedComments>'.encode()
    )
    parts["xl/persons/person.xml"] = (
        f'{head}<personList xmlns="{tc}"><person displayName="店员" id="{who}" userId="s" providerId="None"/></personList>'.encode()
    )
    x14, x15 = (
        "http://schemas.microsoft.com/office/spreadsheetml/2009/9/main",
        "http://schemas.microsoft.com/office/spreadsheetml/2010/11/main",
    )
    parts["xl/slicers/slicer1.xml"] = (
        f'{head}<slicers xmlns="{x14}"><slicer name="预警" cache="切片器_预警" caption="预警" rowHeight="241300"/></slicers>'.encode()
    )
    parts["xl/slicerCaches/slicerCache1.xml"] = (
        f'{head}<slicerCacheDefinition xmlns="{x14}" xmlns:x="{MAIN}" name="切片器_预警" sourceName="预警"><extLst><x:ext xmlns:x15="{x15}" uri="{{2F2917AC-EB37-4324-AD4E-5DD8C200BD13}}"><x15:tableSlicerCache tableId="1" column="4"/></x:ext></extLst></slicerCacheDefinition>'.encode()
    )
    parts["xl/pivotCache/pivotCacheDefinition1.xml"] = (
        f'{head}<pivotCacheDefinition xmlns="{MAIN}" xmlns:r="{REL}" saveData="0" refreshOnLoad="1" refreshedBy="x" refreshedDate="46000" createdVersion="6" refreshedVersion="6" recordCount="0">'
        f'<cacheSource type="worksheet"><worksheetSource name="Stock"/></cacheSource><cacheFields count="7">'
        + "".join(
            f'<cacheField name="{h}" numFmtId="0"><sharedItems/></cacheField>' for h in HEADERS
        )
        + "</cacheFields></pivotCacheDefinition>"
    ).encode()
    rows = [int(r) for r in re.findall(rb'<c r="G(\d+)"[^>]*><f>', parts[sheet])]
    parts["xl/calcChain.xml"] = (
        f'{head}<calcChain xmlns="{MAIN}">{"".join(f"""<c r="G{r}" i="2"/>""" for r in rows)}</calcChain>'.encode()
    )
    types = parts["[Content_Types].xml"].decode()
    for part, kind in (
        (
            "xl/threadedComments/threadedComment1.xml",
            "application/vnd.ms-excel.threadedcomments+xml",
        ),
        ("xl/persons/person.xml", "application/vnd.ms-excel.person+xml"),
        ("xl/slicers/slicer1.xml", "application/vnd.ms-excel.slicer+xml"),
        ("xl/slicerCaches/slicerCache1.xml", "application/vnd.ms-excel.slicerCache+xml"),
        (
            "xl/pivotCache/pivotCacheDefinition1.xml",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.pivotCacheDefinition+xml",
        ),
        (
            "xl/calcChain.xml",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.calcChain+xml",
        ),
    ):
        types = types.replace(
            "</Types>", f'<Override PartName="/{part}" ContentType="{kind}"/></Types>'
        )
    parts["[Content_Types].xml"] = types.encode()
    ext = f'<ext xmlns:x15="{x15}" uri="{{3A4CF648-6AED-40f4-86FF-DC5316D8AED3}}"><x14:slicerList xmlns:x14="{x14}"><x14:slicer r:id="rIdS"/></x14:slicerList></ext>'
    parts[sheet] = parts[sheet].replace(
        b"</extLst></worksheet>", ext.encode() + b"</extLst></worksheet>"
    )
    book = parts["xl/workbook.xml"].decode()
    book = book.replace(
        "</definedNames>", '<definedName name="切片器_预警">#N/A</definedName></definedNames>'
    )
    book = re.sub(r"(<calcPr[^>]*?) fullCalcOnLoad=\"1\"", r"\1", book)
    book = book.replace(
        "</workbook>",
        f'<pivotCaches><pivotCache cacheId="9" r:id="rIdPC"/></pivotCaches><extLst><ext xmlns:x15="{x15}" uri="{{46BE6895-7355-4a93-B00E-2C351335B9C9}}"><x15:slicerCaches><x14:slicerCache xmlns:x14="{x14}" r:id="rIdSC"/></x15:slicerCaches></ext></extLst></workbook>',
    )
    parts["xl/workbook.xml"] = book.encode()


def add(parts: dict[str, bytes], rels: str, links: list[tuple[str, str, str]]) -> None:
    new = "".join(
        f'<Relationship Id="{i}" Type="{t}" Target="{target}"/>' for i, t, target in links
    )
    parts[rels] = parts[rels].replace(b"</Relationships>", new.encode() + b"</Relationships>")


def pack(path: Path, parts: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in parts.items():
            archive.writestr(
                zipfile.ZipInfo(name, (2020, 1, 2, 3, 4, 6)), data, zipfile.ZIP_DEFLATED, 9
            )


def unpack(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {i.filename: archive.read(i) for i in archive.infolist()}


def strict(source: Path, path: Path) -> Path:
    """The same workbook in the Strict namespaces."""
    table = [
        (MAIN, "http://purl.oclc.org/ooxml/spreadsheetml/main"),
        (REL, "http://purl.oclc.org/ooxml/officeDocument/relationships"),
        (
            "http://schemas.openxmlformats.org/drawingml/2006/",
            "http://purl.oclc.org/ooxml/drawingml/",
        ),
    ]
    parts = {
        n: _replace(d, table) if n.endswith((".xml", ".rels")) else d
        for n, d in unpack(source).items()
    }
    pack(path, parts)
    return path


def _replace(data: bytes, table: list[tuple[str, str]]) -> bytes:
    for a, b in table:
        data = data.replace(a.encode(), b.encode())
    return data


def prefixed(source: Path, path: Path) -> Path:
    """Every element of the sheets under x:, as the Open XML SDK writes."""
    parts = unpack(source)
    for n in parts:
        if n.startswith("xl/worksheets/sheet"):
            t = re.sub(
                r"<(/?)(?=[a-z]\w*[\s/>])(?!\w+:)", r"<\1x:", parts[n].decode().split("?>", 1)[1]
            )
            parts[n] = t.replace(f'xmlns="{MAIN}"', f'xmlns:x="{MAIN}"').encode()
    pack(path, parts)
    return path


def bare(source: Path, path: Path) -> Path:
    """Rows and cells without r, inline text, comments between rows: what small exporters write."""
    parts = unpack(source)
    strings = re.findall(r"<si>(.*?)</si>", parts["xl/sharedStrings.xml"].decode(), re.DOTALL)

    def cell(m: re.Match[str]) -> str:
        return f'<c{m[1]} t="inlineStr"><is>{strings[int(m[2])]}</is></c>'

    n = "xl/worksheets/sheet2.xml"
    t = re.sub(r'<c( r="[A-Z]+\d+"(?: s="\d+")?) t="s"><v>(\d+)</v></c>', cell, parts[n].decode())
    body = t[t.index("<sheetData>") : t.index("</sheetData>")]
    full = "".join(_dense(r, i) for i, r in enumerate(_rows(body), 1))
    parts[n] = t.replace(body, "<sheetData><!-- made by a small exporter -->" + full).encode()
    pack(path, parts)
    return path


def _rows(body: str) -> list[str]:
    found = {
        int(m[1]): m[2] or ""
        for m in re.finditer(r'<row r="(\d+)"[^>]*?(?:/>|>(.*?)</row>)', body, re.DOTALL)
    }
    return [found.get(i, "") for i in range(1, max(found) + 1)]


def _dense(row: str, number: int) -> str:
    out, want = [], 1
    for c in re.finditer(r"<c\b(?P<a>[^>]*?)(?:/>|>.*?</c>)", row, re.DOTALL):
        ref = re.search(r' r="([A-Z])\d+"', c[0])
        at = ord(ref[1]) - 64 if ref else want
        out += ["<c/>"] * (at - want) + [re.sub(r' r="[A-Z]+\d+"', "", c[0], count=1)]
        want = at + 1
    return f"<row>{''.join(out)}</row>"
