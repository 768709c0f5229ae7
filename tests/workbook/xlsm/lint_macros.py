"""The macros and the ribbon of a workbook: do they fit each other and the sheets?"""

import io
import re
import warnings
from collections import Counter
from pathlib import Path

import olefile
from lxml import etree

with warnings.catch_warnings():  # its own dependencies are behind the times
    warnings.simplefilter("ignore")
    from oletools.olevba import VBA_Parser

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RIBBON = "{http://schemas.microsoft.com/office/2009/07/customui}"
IMAGES = set((Path(__file__).parent / "imagemso.txt").read_text().split())
CALLBACKS = {
    "onLoad": 1, "onAction": 1, "getEnabled": 2, "getLabel": 2, "getVisible": 2, "getImage": 2,
    "getPressed": 2, "getScreentip": 2, "getSupertip": 2, "getText": 2, "getItemCount": 2,
    "loadImage": 2,
}  # fmt: skip
EITHER = ("label", "image", "enabled", "visible", "screentip", "supertip", "keytip", "size")
LIMITS = {"label": 1024, "screentip": 1024, "supertip": 1024, "keytip": 3}
PROCEDURE = re.compile(
    r"^[ \t]*(?:Public[ \t]+)?(?:Sub|Function)[ \t]+(\w+)[ \t]*\(([^\r\n]*?)\)"
    r"[ \t]*(?:As[ \t]+\w+)?[ \t]*\r?$",
    re.MULTILINE,
)


def sources(data):
    """Module name → source text of a vbaProject.bin."""
    parser = VBA_Parser("vbaProject.bin", data=data)
    return {name.rsplit(".", 1)[0]: code for _, _, name, code in parser.extract_macros()}


def procedures(data):
    """Lower-case name → number of arguments, of every public procedure."""
    found = {}
    for code in sources(data).values():
        for name, arguments in PROCEDURE.findall(code):
            found[name.lower()] = len([a for a in arguments.split(",") if a.strip()])
    return found


def check(book):
    """Compare document modules with code names, buttons and ribbon with procedures."""
    name = next((n for n in book.parts if n.endswith("vbaProject.bin")), None)
    known = project(book, book.parts[name]) if name else {}
    if not name and book.codes:
        book.bad("code names, but no vbaProject.bin")
    for part, macro in buttons(book):
        if macro.split("!")[-1].split(".")[-1].lower() not in known:
            book.bad(part, "macro is not in the VBA project:", macro)
    for kind, target, _ in book.links("").values():
        if kind.endswith("/2007/relationships/ui/extensibility"):
            ribbon(book, target, known)


def project(book, data):
    try:
        file = olefile.OleFileIO(io.BytesIO(data), raise_defects=olefile.DEFECT_INCORRECT)
        text = file.openstream("PROJECT").read().decode("latin1")
        held = set(sources(data))
    except Exception as error:  # noqa: BLE001 - whatever a broken file makes the parser raise
        book.bad("vbaProject.bin:", error)
        return {}
    documents = set(re.findall(r"^Document=([^/\r]+)", text, re.MULTILINE))
    others = set(re.findall(r"^(?:Module|Class|BaseClass)=([^\r]+)", text, re.MULTILINE))
    properties = book.trees[book.main].find(MAIN + "workbookPr")
    wanted = {*book.codes, properties.get("codeName")}
    if documents != wanted:
        book.bad("document modules", sorted(documents), "differ from code names", wanted)
    if len(book.codes) != len(book.sheets):
        book.bad("a sheet has no code name, or two share one")
    if held != documents | others:
        book.bad("PROJECT declares", sorted(documents | others), "dir holds", sorted(held))
    return procedures(data)


def buttons(book):
    for part in book.drawings:
        text = book.parts[part].decode()
        yield from ((part, m) for m in re.findall(r"<x:FmlaMacro>([^<]+)<", text))
    for name, tree in book.trees.items():
        if name.startswith("xl/drawings/drawing"):
            yield from ((name, m) for m in tree.xpath("//@macro") if m)


def ribbon(book, part, known):
    root = book.trees[part]
    if root.tag != RIBBON + "customUI":
        book.bad(part, "root is", root.tag)
        return
    images = book.links(part)
    ids = Counter(e.get("id") for e in root.iter("*") if e.get("id"))
    for name, n in ids.items():
        if n > 1:
            book.bad(part, "id twice:", name)
    for e in root.iter("*"):
        control(book, part, e, images)
        callbacks(book, part, e, known)


def control(book, part, e, images):
    name = e.get("id")
    for key in EITHER:
        if e.get(key) and e.get("get" + key.capitalize()):
            book.bad(part, name, "has both", key, "and its get callback")
    if e.get("image") and e.get("imageMso"):
        book.bad(part, name, "has image and imageMso")
    if e.get("image") and e.get("image") not in images:
        book.bad(part, name, "image names no relationship:", e.get("image"))
    if e.get("imageMso") and e.get("imageMso") not in IMAGES:
        book.bad(part, name, "unknown imageMso:", e.get("imageMso"))
    if sum(k in e.attrib for k in ("id", "idQ", "idMso")) > 1:
        book.bad(part, name, "two kinds of id")
    for key, limit in LIMITS.items():
        if len(e.get(key, "")) > limit:
            book.bad(part, name, key, "too long")


def callbacks(book, part, e, known):
    for key, value in e.attrib.items():
        if key not in CALLBACKS:
            continue
        toggles = key == "onAction" and etree.QName(e).localname in ("toggleButton", "checkBox")
        macro = value.rsplit(".", 1)[-1].lower()
        if macro not in known:
            book.bad(part, e.get("id"), key, "is not in the VBA project:", value)
        elif known[macro] != CALLBACKS[key] + toggles:
            book.bad(part, key, value, "takes", known[macro], "arguments")
    if e.get("tag", "").startswith("SB_") and e.get("tag").lower() not in known:
        book.bad(part, e.get("id"), "tag names no macro:", e.get("tag"))
