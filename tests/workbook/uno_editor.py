"""Edits a workbook in LibreOffice again and again; runs under Debian's own Python, which has `uno`.

    /usr/bin/python3 uno_editor.py BOOK TIMES

Each time: open, write `edit-N` into a cell of a column that is nobody's, save, close. Prints how
often it could be opened for writing.
"""

import sys
import time
from pathlib import Path

from uno_driver import office, setting

COLUMN = 60  # far to the right of what anyone uses


def main(path, times):
    done = []
    with office() as desktop:
        for n in range(times):
            document = desktop.loadComponentFromURL(
                path.as_uri(), "_blank", 0, (setting("Hidden", True),)
            )
            if not document.isReadonly():
                document.Sheets.getByIndex(0).getCellByPosition(COLUMN, n).String = f"edit-{n}"
                document.store()
                done.append(n)
            document.close(True)
            time.sleep(0.7)
    print(" ".join(map(str, done)))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), int(sys.argv[2]))
