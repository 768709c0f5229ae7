"""Macros and ribbon for a workbook: our thin VBA, xlwings' own module, and the ribbon's XML.

Sources are text: `templates/src/vba`, `templates/src/ribbon`, and the VBA of the installed xlwings,
whose version the package pins because its VBA and its Python must agree.
"""

from __future__ import annotations

import importlib.util
import io
import zipfile
from functools import cache
from pathlib import Path

from stockbook.domain.language import Language
from stockbook.workbook.vba.modules import (
    WORKBOOK,
    Module,
    class_module,
    document,
    standard,
)
from stockbook.workbook.vba.project import vba_project

WORKBOOK_MODULE = "ThisWorkbook"
STAMP = (1980, 1, 1, 0, 0, 0)
EXTENSIBILITY = {
    "customUI14": "http://schemas.microsoft.com/office/2007/relationships/ui/extensibility",
    "customUI": "http://schemas.microsoft.com/office/2006/relationships/ui/extensibility",
}
NAMESPACE = {
    "customUI14": "http://schemas.microsoft.com/office/2009/07/customui",
    "customUI": "http://schemas.microsoft.com/office/2006/01/customui",
}
CONFIG_SHEET = "xlwings.conf"
CONFIG = (("ADD_WORKBOOK_TO_PYTHONPATH", "False"), ("USE UDF SERVER", "False"))


def sources() -> Path:
    """Return the folder of the VBA and ribbon sources: in the package, or beside it."""
    packed = Path(__file__).parent / "macro_sources"
    return packed if packed.exists() else Path(__file__).parents[2] / "templates" / "src"


def sheet_module(number: int) -> str:
    """Return the code name of the n-th sheet, counted from 1."""
    return f"Sheet{number}"


@cache
def macros(sheets: int) -> bytes:
    """Return the vbaProject.bin for a workbook with that many sheets."""
    modules = [document(WORKBOOK_MODULE, WORKBOOK)]
    modules += [document(sheet_module(i)) for i in range(1, sheets + 1)]
    files = sorted((sources() / "vba").glob("*.bas"))
    modules += [standard(file.stem, file.read_text("ascii")) for file in files]
    return vba_project(modules + library())


def library() -> list[Module]:
    """Return the modules of the installed xlwings that a workbook embeds."""
    spec = importlib.util.find_spec("xlwings")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("xlwings is not installed")
    folder = Path(spec.origin).parent
    return [
        standard("xlwings", (folder / "xlwings.bas").read_text("ascii")),
        class_module("Dictionary", (folder / "addin" / "Dictionary.cls").read_text("utf-8")),
    ]


def with_ribbon(package: bytes, language: Language) -> bytes:
    """Return a workbook with the ribbon added; entries in a fixed order with a fixed time.

    Excel 2010 and later read `customUI14.xml`; the 2006 twin is the one that other tools keep.
    """
    with zipfile.ZipFile(io.BytesIO(package)) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    source = (sources() / "ribbon" / f"customUI14.{language}.xml").read_text("utf-8")
    links = ""
    for name, kind in EXTENSIBILITY.items():
        text = source.replace(NAMESPACE["customUI14"], NAMESPACE[name])
        parts[f"customUI/{name}.xml"] = text.encode()
        links += f'<Relationship Id="rId{name}" Type="{kind}" Target="customUI/{name}.xml"/>'
    rels = parts["_rels/.rels"].decode()
    parts["_rels/.rels"] = rels.replace("</Relationships>", f"{links}</Relationships>").encode()
    return _packed(parts)


def _packed(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as new:
        for name, data in parts.items():
            entry = zipfile.ZipInfo(name, STAMP)
            entry.create_system = 0
            new.writestr(entry, data, zipfile.ZIP_DEFLATED, 9)
    return out.getvalue()
