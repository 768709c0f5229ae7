"""Gives a worker process a pretended Excel that has the test's workbook open.

The tests put this folder on PYTHONPATH; other processes than the worker are left alone. When the
worker ends, what a person would see is appended to the test's report.
"""

import atexit
import json
import os
import sys
from pathlib import Path

if "stockbook.worker" in sys.orig_argv and os.environ.get("STOCKBOOK_TEST_BOOK"):
    import warnings

    sys.path.insert(0, os.environ["STOCKBOOK_TEST_ROOT"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import xlwings as xw

        from tests.excel.engine import excel, opened

        book = opened(os.environ["STOCKBOOK_TEST_BOOK"])
    xw.engines.active = xw.engines[excel.name]
    book.impl._fullname = os.environ["STOCKBOOK_TEST_FULLNAME"]
    if os.environ.get("STOCKBOOK_TEST_BUSY"):
        excel.busy_after = int(os.environ["STOCKBOOK_TEST_BUSY"])

    def report():
        excel.busy = 0
        app = book.app.impl
        told = [value for name, value in app.history if name == "status_bar"]
        seen = {
            "action": sys.orig_argv[sys.orig_argv.index("stockbook.worker") + 1],
            "told": told,
            "status": book.names["sb_status"].refers_to_range.value,
            "states": {k: v for k, v in app.states.items() if k != "status_bar"},
            "skus": len([v for (_, c), v in book.sheets[1].impl.values.items() if c == 1]),
        }
        with Path(os.environ["STOCKBOOK_TEST_REPORT"]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(seen, ensure_ascii=False) + "\n")

    atexit.register(report)
