"""What people add to a StockBook workbook: a column, a formula, a filter, a chart, a text box,
a note and a slicer, all on the sheet 预警."""

import io
import re
import zipfile

import xlsxwriter

from tests.workbook.closed.fixtures import add, pack, unpack

SHEET, TABLE, RELS = (
    "xl/worksheets/sheet7.xml",
    "xl/tables/table5.xml",
    "xl/worksheets/_rels/sheet7.xml.rels",
)
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
X14 = "http://schemas.microsoft.com/office/spreadsheetml/2009/9/main"
X15 = "http://schemas.microsoft.com/office/spreadsheetml/2010/11/main"
MS = "http://schemas.microsoft.com/office/2007/relationships/"
THEIRS = {
    "xl/drawings/drawing9.xml",
    "xl/drawings/_rels/drawing9.xml.rels",
    "xl/charts/chart9.xml",
    "xl/comments9.xml",
    "xl/drawings/vmlDrawing9.vml",
    "xl/slicers/slicer1.xml",
    "xl/slicerCaches/slicerCache1.xml",
}


def adorn(path):
    """Add everything; return the table's last row."""
    parts = unpack(path)
    last = int(re.search(rb'<table [^>]*ref="A4:K(\d+)"', parts[TABLE])[1])
    _columns(parts, last)
    _drawing(parts, last)
    _slicer(parts)
    pack(path, parts)
    return last


def _columns(parts, last):
    """A column of their own, a formula column, and an active filter."""
    table = parts[TABLE].decode().replace(f"A4:K{last}", f"A4:M{last}")
    table = table.replace(
        f'<autoFilter ref="A4:M{last}"/>',
        f'<autoFilter ref="A4:M{last}"><filterColumn colId="2"><filters><filter val="断货"/>'
        "</filters></filterColumn></autoFilter>",
    )
    table = table.replace('<tableColumns count="11">', '<tableColumns count="13">')
    table = table.replace(
        "</tableColumns>",
        '<tableColumn id="12" name="我的复核"/><tableColumn id="13" name="我的公式">'
        "<calculatedColumnFormula>tblAlert[[#This Row],[可售]]*2</calculatedColumnFormula>"
        "</tableColumn></tableColumns>",
    )
    parts[TABLE] = table.encode()

    def more(found):
        row = int(found[1])
        if row == 4:
            cells = "".join(text(c, row, t) for c, t in (("L", "我的复核"), ("M", "我的公式")))
        elif 4 < row <= last:
            formula = f'<c r="M{row}"><f>tblAlert[[#This Row],[可售]]*2</f><v>0</v></c>'
            cells = text("L", row, f"看过 {row}") + formula
        else:
            cells = ""
        return f'<row r="{row}"{found[2]}>{found[3]}{cells}</row>'

    sheet = parts[SHEET].decode()
    sheet = re.sub(r'<row r="(\d+)"([^>]*?)>(.*?)</row>', more, sheet, flags=re.DOTALL)
    parts[SHEET] = sheet.encode()


def text(column, row, value):
    return f'<c r="{column}{row}" t="inlineStr"><is><t>{value}</t></is></c>'


def _drawing(parts, last):
    """A chart over a whole column, a text box, and a note: made by XlsxWriter, moved here."""
    raw = io.BytesIO()
    book = xlsxwriter.Workbook(raw, {"in_memory": True})
    sheet = book.add_worksheet("预警")
    chart = book.add_chart({"type": "column"})
    chart.add_series({"values": ["预警", 4, 4, last - 1, 4]})
    sheet.insert_chart("O5", chart)
    sheet.insert_textbox("O25", "周一例会看这里")
    sheet.write_comment("B5", "问过供应商", {"author": "店长"})
    book.close()
    made = {i: zipfile.ZipFile(raw).read(i) for i in zipfile.ZipFile(raw).namelist()}
    for part, name in {
        "xl/drawings/drawing1.xml": "xl/drawings/drawing9.xml",
        "xl/charts/chart1.xml": "xl/charts/chart9.xml",
        "xl/comments1.xml": "xl/comments9.xml",
        "xl/drawings/vmlDrawing1.vml": "xl/drawings/vmlDrawing9.vml",
    }.items():
        parts[name] = made[part]
    rels = made["xl/drawings/_rels/drawing1.xml.rels"].replace(b"chart1.xml", b"chart9.xml")
    parts["xl/drawings/_rels/drawing9.xml.rels"] = rels
    links = [
        ("rIdD", OFFICE + "drawing", "../drawings/drawing9.xml"),
        ("rIdV", OFFICE + "vmlDrawing", "../drawings/vmlDrawing9.vml"),
        ("rIdC", OFFICE + "comments", "../comments9.xml"),
    ]
    add(parts, RELS, links)
    both = b'<drawing r:id="rIdD"/><legacyDrawing r:id="rIdV"/><tableParts'
    parts[SHEET] = parts[SHEET].replace(b"<tableParts", both)
    kind = "application/vnd.openxmlformats-officedocument."
    for part, what in (
        ("xl/drawings/drawing9.xml", "drawing+xml"),
        ("xl/charts/chart9.xml", "drawingml.chart+xml"),
        ("xl/comments9.xml", "spreadsheetml.comments+xml"),
    ):
        typed(parts, part, kind + what)
    types = parts["[Content_Types].xml"].decode()
    if 'Extension="vml"' not in types:
        vml = f'<Default Extension="vml" ContentType="{kind}vmlDrawing"/><Override'
        parts["[Content_Types].xml"] = types.replace("<Override", vml, 1).encode()


def _slicer(parts):
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n'
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    parts["xl/slicers/slicer1.xml"] = (
        f'{head}<slicers xmlns="{X14}"><slicer name="预警" cache="切片器_预警" caption="预警" '
        'rowHeight="241300"/></slicers>'
    ).encode()
    parts["xl/slicerCaches/slicerCache1.xml"] = (
        f'{head}<slicerCacheDefinition xmlns="{X14}" xmlns:x="{main}" name="切片器_预警" '
        'sourceName="预警"><extLst><x:ext '
        f'xmlns:x15="{X15}" uri="{{2F2917AC-EB37-4324-AD4E-5DD8C200BD13}}">'
        '<x15:tableSlicerCache tableId="5" column="3"/></x:ext></extLst></slicerCacheDefinition>'
    ).encode()
    add(parts, RELS, [("rIdS", MS + "slicer", "../slicers/slicer1.xml")])
    cache = [("rIdSC", MS + "slicerCache", "slicerCaches/slicerCache1.xml")]
    add(parts, "xl/_rels/workbook.xml.rels", cache)
    typed(parts, "xl/slicers/slicer1.xml", "application/vnd.ms-excel.slicer+xml")
    typed(parts, "xl/slicerCaches/slicerCache1.xml", "application/vnd.ms-excel.slicerCache+xml")
    listed = (
        f'<extLst><ext xmlns:x15="{X15}" uri="{{3A4CF648-6AED-40f4-86FF-DC5316D8AED3}}">'
        f'<x14:slicerList xmlns:x14="{X14}"><x14:slicer r:id="rIdS"/></x14:slicerList></ext>'
        "</extLst></worksheet>"
    )
    parts[SHEET] = parts[SHEET].replace(b"</worksheet>", listed.encode())
    known = (
        f'<extLst><ext xmlns:x15="{X15}" uri="{{46BE6895-7355-4a93-B00E-2C351335B9C9}}">'
        f'<x15:slicerCaches><x14:slicerCache xmlns:x14="{X14}" r:id="rIdSC"/></x15:slicerCaches>'
        "</ext></extLst></workbook>"
    )
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(b"</workbook>", known.encode())


def typed(parts, part, kind):
    types = parts["[Content_Types].xml"].decode()
    more = f'<Override PartName="/{part}" ContentType="{kind}"/></Types>'
    parts["[Content_Types].xml"] = types.replace("</Types>", more).encode()
