"""Seeded faults: each breaks the template in a way that Excel repairs or refuses, and is caught.

The lint of Excel's unwritten rules catches most; what it leaves is the schema's business, and the
validator catches that.
"""

import re
import warnings
import zipfile

import pytest

from tests.workbook.closed.fixtures import unpack
from tests.workbook.xlsm import lint
from tests.workbook.xlsm.test_template import TEMPLATES, VALIDATOR, validated

UI, TABLE = "customUI/customUI14.xml", "xl/tables/table1.xml"
BOOK, TYPES = "xl/workbook.xml", "[Content_Types].xml"
HOME, SKUS = "xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"


def swap(part, old, new):
    def apply(parts):
        text = parts[part].decode()
        assert old in text, (part, old)
        parts[part] = text.replace(old, new, 1).encode()

    return apply


def match(part, pattern, new):
    def apply(parts):
        text, n = re.subn(pattern, new, parts[part].decode(), count=1, flags=re.DOTALL)
        assert n == 1, (part, pattern)
        parts[part] = text.encode()

    return apply


def drop(part):
    return lambda parts: parts.pop(part)


def both(*faults):
    def apply(parts):
        for fault in faults:
            fault(parts)

    return apply


def truncated(parts):
    parts["xl/vbaProject.bin"] = parts["xl/vbaProject.bin"][:9000]


LINT = {
    "ribbon: label and getLabel": swap(UI, 'label="一键刷新"', 'label="一键刷新" getLabel="X"'),
    "ribbon: one id twice": swap(UI, 'id="btnPull"', 'id="btnRefresh"'),
    "ribbon: unknown imageMso": swap(UI, 'imageMso="RefreshAll"', 'imageMso="NoSuchImage"'),
    "ribbon: image without a part": swap(UI, 'imageMso="RefreshAll"', 'image="book"'),
    "ribbon: image and imageMso": swap(UI, 'imageMso="RefreshAll"', 'imageMso="Help" image="b"'),
    "ribbon: not well formed": swap(UI, "</ribbon>", "</ribon>"),
    "ribbon: the namespace of 2006": swap(UI, "2009/07/customui", "2006/01/customui"),
    "ribbon: tag without a macro": swap(UI, 'tag="SB_Pull"', 'tag="SB_Pul"'),
    "ribbon: callback without a macro": swap(UI, 'onAction="SB_OnAction"', 'onAction="SB_On"'),
    "ribbon: callback with other arguments": swap(UI, 'onLoad="SB_OnLoad"', 'onLoad="SB_Refresh"'),
    "ribbon: key tip too long": swap(UI, 'keytip="K"', 'keytip="KKKK"'),
    "type: workbook without macros": match(
        TYPES, r"application/vnd\.ms-excel\.sheet\.macroEnabled\.main\+xml",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"),
    "type: a table has none": match(TYPES, r'<Override PartName="/xl/tables/table1.xml".*?/>', ""),
    "type: of a part that is not there": swap(
        TYPES, "</Types>", '<Override PartName="/xl/x.xml" ContentType="a/b"/></Types>'),
    "link: a table is missing": drop("xl/tables/table2.xml"),
    "link: the macros are missing": drop("xl/vbaProject.bin"),
    "link: a drawing's relations are missing": drop("xl/drawings/_rels/drawing1.xml.rels"),
    "macros: cut short": truncated,
    "macros: a sheet has another code name": swap(SKUS, 'codeName="Sheet2"', 'codeName="Sheet99"'),
    "table: header differs from its cell": swap(TABLE, 'name="可售"', 'name="可 售"'),
    "table: a column twice": swap(TABLE, 'name="可售"', 'name="预警"'),
    "table: one name twice": both(
        match("xl/tables/table2.xml", r'displayName="\w+"', 'displayName="tblSku"'),
        match("xl/tables/table2.xml", r' name="tbl\w+"', ' name="tblSku"')),
    "table: one id twice": match("xl/tables/table2.xml", r' id="2" ', ' id="1" '),
    "table: too narrow": match(TABLE, r'ref="A4:[A-Z]+(\d+)"', r'ref="A4:C\1"'),
    "table: a name like a cell": both(
        match(TABLE, 'displayName="tblSku"', 'displayName="AB12"'),
        match(TABLE, ' name="tblSku"', ' name="AB12"')),
    "table: no data row": match(TABLE, r'ref="A4:([A-Z]+)\d+"', r'ref="A4:\g<1>4"'),
    "table: a filter of another width": match(
        TABLE, r'<autoFilter ref="A4:[A-Z]+', '<autoFilter ref="A4:C'),
    "table: a merge in it": swap(
        SKUS, "<conditionalFormatting",
        '<mergeCells count="1"><mergeCell ref="A4:B4"/></mergeCells><conditionalFormatting'),
    "name: twice": swap(BOOK, "</definedNames>",
                        '<definedName name="sb_as_of">1</definedName></definedNames>'),
    "name: a blank in it": swap(BOOK, 'name="sb_as_of"', 'name="sb as of"'),
    "name: of a table": swap(BOOK, 'name="sb_as_of"', 'name="tblSku"'),
    "name: of a column that is not there": swap(BOOK, "tblSku[商家编码]", "tblSku[没有]"),
    "validation: a list that is not there": swap(
        "xl/worksheets/sheet3.xml", "<formula1>sb_skus<", "<formula1>sb_nothing<"
    ),
    "name: on no sheet": swap(BOOK, "首页!$A$1:$M$33", "首 页!$A$1:$M$33"),
    "sheet: name too long": swap(BOOK, 'name="安全库存"', f'name="{"安" * 32}"'),
    "sheet: name twice": swap(BOOK, 'name="安全库存"', 'name="首页"'),
    "sheet: a slash in its name": swap(BOOK, 'name="安全库存"', 'name="安全/库存"'),
    "cell: a style that is not there": match(HOME, r' s="\d+"', ' s="9999"'),
    "cell: a text that is not there": match(HOME, r't="s"><v>\d+<', 't="s"><v>99999<'),
    "cell: twice": swap(HOME, 'r="C1"', 'r="B1"'),
    "cell: rows in disorder": match(HOME, r'(<row r="1".*?</row>)(<row r="2".*?</row>)', r"\2\1"),
    "formula: begins with =": match(SKUS, "<f>sb_as_of_text", "<f>=sb_as_of_text"),
    "formula: a name that is not there": match(SKUS, "<f>sb_as_of_text", "<f>sb_as_of_txt"),
    "formula: newer than Excel 2016": match(SKUS, "<f>sb_as_of_text", "<f>TEXTJOIN(1,1,1)"),
    "formula: a parenthesis too many": match(SKUS, "<f>sb_as_of_text", "<f>(sb_as_of_text"),
    "formula: a table that is not there": match(SKUS, "<f>sb_as_of_text", "<f>tblNo[可售]"),
    "formula: a column that is not there": match(SKUS, "<f>sb_as_of_text", "<f>tblSku[不在]"),
    "rule: a format that is not there": match(SKUS, r'dxfId="\d+"', 'dxfId="999"'),
    "validation: a list over 255": match(
        "xl/worksheets/sheet6.xml", r'<formula1>"[^<]*</formula1>',
        '<formula1>"' + ",".join(["已下单"] * 100) + '"</formula1>'),
    "validation: a title over 32": match(
        SKUS, r'promptTitle="[^"]*"', f'promptTitle="{"长" * 33}"'),
}  # fmt: skip
SCHEMA = {
    "sheet: validations after the margins": match(
        SKUS, r"(<dataValidations.*?</dataValidations>)(.*?<pageMargins[^>]*/>)", r"\2\1"),
    "sheet: columns after the rows": match(
        SKUS, r"(<cols>.*?</cols>)(<sheetData>.*?</sheetData>)", r"\2\1"),
    "sheet: an attribute nobody knows": swap(SKUS, "<sheetData>", '<sheetData colour="1">'),
    "chart: parts in disorder": match(
        "xl/charts/chart1.xml", r"(<c:plotArea>.*?</c:plotArea>)(<c:legend>.*?</c:legend>)",
        r"\2\1"),
    "styles: a fill nobody knows": match(
        "xl/styles.xml", r'patternType="solid"', 'patternType="sold"'),
    "table: a style option that is no truth value": match(
        TABLE, r'showRowStripes="\d"', 'showRowStripes="often"'),
}  # fmt: skip


def broken(fault, path):
    parts = unpack(TEMPLATES["zh"])
    fault(parts)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize("fault", LINT.values(), ids=LINT)
def test_the_lint_catches_it(fault, tmp_path):
    assert lint.findings(broken(fault, tmp_path / "b.xlsm"))


def test_the_lint_catches_an_entry_that_stands_twice(tmp_path):
    path = broken(lambda parts: None, tmp_path / "b.xlsm")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(BOOK, b"<x/>")
    assert any("entry twice" in found for found in lint.findings(path))


@pytest.mark.ooxml
@pytest.mark.parametrize("fault", SCHEMA.values(), ids=SCHEMA)
def test_the_validator_catches_it(fault, tmp_path):
    assert VALIDATOR.exists()
    assert validated(broken(fault, tmp_path / "b.xlsm"))


def test_there_are_at_least_as_many_faults_as_were_promised():
    assert len(LINT) + 1 + len(SCHEMA) >= 38
