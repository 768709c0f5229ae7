"""Turn a workbook into one picture a page: `python3 scripts/pictures.py BOOK FOLDER`.

Needs LibreOffice and pdftoppm. LibreOffice shows the workbook as it would be printed; the clock
of the pictures is Beijing's, as the users' computers'.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TIMEOUT = 180  # [s]
RECALCULATE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
 <item oor:path="/org.openoffice.Office.Calc/Formula/Load">
  <prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop>
 </item>
</oor:items>"""  # on every load, as Excel does with what StockBook writes


def pdf(book: Path, folder: Path) -> Path:
    """Print a workbook into a PDF file."""
    convert(book, folder, "pdf")
    return folder / f"{book.stem}.pdf"


def convert(book: Path, folder: Path, kind: str) -> None:
    """Let LibreOffice open a workbook, recalculate it and save it as another kind of file."""
    with tempfile.TemporaryDirectory() as profile:
        (Path(profile) / "user").mkdir()
        (Path(profile) / "user/registrymodifications.xcu").write_text(RECALCULATE, "utf-8")
        subprocess.run(
            ["soffice", f"-env:UserInstallation={Path(profile).as_uri()}", "--headless",
             "--convert-to", kind, "--outdir", str(folder), str(book)],
            check=True, capture_output=True, timeout=TIMEOUT,
            env={**os.environ, "TZ": "Asia/Shanghai"},
        )  # fmt: skip


def pictures(book: Path, folder: Path, *, resolution: int = 100) -> list[Path]:
    """Return one PNG a page, in order."""
    folder.mkdir(parents=True, exist_ok=True)
    printed = pdf(book, folder)
    command = ["pdftoppm", "-r", str(resolution), "-png", str(printed), str(folder / "page")]
    subprocess.run(command, check=True, timeout=TIMEOUT)
    return sorted(folder.glob("page*.png"))


def main(arguments: list[str]) -> int:
    """Render, or say what is missing."""
    if len(arguments) != 2:  # noqa: PLR2004 - the book and the folder
        print(__doc__)
        return 2
    for program in ("soffice", "pdftoppm"):
        if not shutil.which(program):
            print(f"{program} is not installed (Debian: libreoffice-calc, poppler-utils)")
            return 1
    for path in pictures(Path(arguments[0]), Path(arguments[1])):
        print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
