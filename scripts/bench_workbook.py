"""How fast a workbook is written: ratios of whole processes, run in turn on this machine.

    python3 scripts/bench_workbook.py                10,000 SKUs, three runs of each
    python3 scripts/bench_workbook.py --skus 1000 --runs 1

Closed file: every figure of every sheet changes, in a workbook whose people have five formula
columns of their own on each sheet; a backup and what undo needs are written, too. The same cells
are written into a new file by XlsxWriter, and the same file is loaded and saved by openpyxl; both
once more without formula columns. CPU seconds and peak memory are the operating system's own
figures of each process. Live: calls into (a pretended) Excel, counted.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
import _venv

sys.path.insert(0, str(_venv.ROOT))
TARGETS = {
    "ours / XlsxWriter": ("at most", 0.3),
    "openpyxl / ours": ("at least", 3.5),
    "100,000 rows, peak GB": ("at most", 0.6),
    "live calls, 100 × SKUs : SKUs": ("at most", 1.0),
    "import stockbook.addin, s": ("at most", 0.3),
    "a click's entry process, s": ("at most", 0.5),
}
FORMULAS = 5  # columns of their own that people have on each sheet
WORDS = {
    "word": ("包", "服饰", "家居"),
    "level": ("告急", "偏低", "正常"),
    "text": ("商品名称 {}", "第 {} 款", "新款 {}"),
    "long": ("可售 {} 件", "近 7 日 {} 件", "在途 {} 件"),
}
AT = dt.datetime(2026, 12, 10, 10, 10)  # noqa: DTZ001 - cells have no zone


def cell(column: Any, i: int, turn: int) -> Any:
    """Return what stands in a column of the i-th row; outputs change with the turn."""
    turn = turn if column.role == "output" else 0
    if column.kind == "id":
        return f"69{i:011d}"
    if column.kind in ("time", "instant", "date"):
        return AT + dt.timedelta(minutes=i + turn)
    if column.kind in ("text", "word", "level", "long"):
        return WORDS[column.kind][(i + turn) % 3].format(i)
    whole = column.kind in ("units", "optional", "number", "pieces")
    return (i * 7 + turn * 13) % 997 if whole else round((i * 7.3 + turn) % 91 / 3, 4)


def sheets(only: str) -> list[Any]:
    """Return the sheets with a row a SKU."""
    from stockbook.workbook.sheets import SHEETS

    return [s for s in SHEETS if s.key not in ("setting", "problem") and only in ("", s.key)]


def changes(count: int, turn: int, only: str = "") -> Any:
    """Return one refresh of everything."""
    from stockbook.workbook.book import Changes, TableChange

    tables = []
    for spec in sheets(only):
        columns = [c for c in spec.columns if c.role != "input"]
        rows = [{c.key: cell(c, i, turn) for c in columns} for i in range(count)]
        tables.append(TableChange(spec.key, rows))
    return Changes(tables)


def make(path: Path, count: int, turn: int, formulas: int, only: str = "") -> Callable[[], None]:
    """Return what writes a new workbook with XlsxWriter: our columns, inputs, people's formulas."""
    import xlsxwriter as xw

    from stockbook.workbook.columns import FIRST_ROW
    from stockbook.workbook.look import KINDS

    data = {
        spec.key: [[cell(c, i, turn) for c in spec.columns] for i in range(count)]
        for spec in sheets(only)
    }

    def write() -> None:
        book = xw.Workbook(str(path))
        formats = {
            kind: book.add_format({"num_format": look.zh, "align": look.align})
            for kind, look in KINDS.items()
        }
        for spec in sheets(only):
            ws, width = book.add_worksheet(str(spec.label)), len(spec.columns)
            number = next(c for c in spec.columns if c.kind in ("units", "mean"))
            formula = f"={spec.table}[[#This Row],[{number.label}]]*"
            columns = [{"header": str(c.label)} for c in spec.columns]
            columns += [{"header": f"我的{k}", "formula": f"{formula}{k}"} for k in range(formulas)]
            table = {"name": spec.table, "columns": columns}
            ws.add_table(FIRST_ROW - 2, 0, FIRST_ROW - 2 + count, len(columns) - 1, table)
            looks = [formats[c.kind] for c in spec.columns]
            for i, row in enumerate(data[spec.key], FIRST_ROW - 1):
                for j, value in enumerate(row):
                    if isinstance(value, str):
                        ws.write_string(i, j, value, looks[j])
                    elif isinstance(value, dt.datetime):
                        ws.write_datetime(i, j, value, looks[j])
                    else:
                        ws.write_number(i, j, value, looks[j])
                for k in range(formulas):
                    ws.write_formula(i, width + k, f"{formula}{k}", None, k)
        book.close()

    return write


# --- what is measured, each in a process of its own -----------------------------------------------


def ours(path: Path, count: int, formulas: int, only: str) -> Callable[[], object]:
    """Rewrite all of our cells in place, with a backup and what undo needs."""
    from stockbook.workbook.closed_book import ClosedBook
    from stockbook.workbook.history import History
    from stockbook.workbook.undo import KeptBook

    new, history = changes(count, 1, only), History(path.parent / "data", "bench", path)
    return lambda: KeptBook(ClosedBook(path), history, "refresh", 0).apply(new)


def xlsxwriter(path: Path, count: int, formulas: int, only: str) -> Callable[[], object]:
    """Write the same cells into a new file, with the same tables."""
    return make(path.with_suffix(".new.xlsx"), count, 1, formulas, only)


def openpyxl(path: Path, count: int, formulas: int, only: str) -> Callable[[], object]:
    """Load and save the same file."""
    import openpyxl as op

    return lambda: op.load_workbook(path).save(path.with_suffix(".op.xlsx"))


CASES = {"ours": ours, "xlsxwriter": xlsxwriter, "openpyxl": openpyxl}


def case(name: str, path: Path, count: int, formulas: int, only: str) -> None:
    """Run one case and print its CPU seconds [s] and peak memory [GB] as JSON."""
    work = CASES[name](path, count, formulas, only)
    began = time.process_time()
    work()
    cpu = time.process_time() - began
    print(json.dumps({"cpu": cpu, "peak": peak()}))


def peak() -> float:
    """Return this process's peak memory [GB]; Linux tells it without the parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        return int(found[1]) / 2**20 if found else 0.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**30  # macOS: bytes


def measured(
    name: str, path: Path, count: int, formulas: int = FORMULAS, only: str = ""
) -> dict[str, float]:
    """Run a case in a fresh process on a fresh copy of the file."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        copy.write_bytes(path.read_bytes())
        command = [sys.executable, __file__, "--case", name, "--book", str(copy),
                   "--skus", str(count), "--formulas", str(formulas), "--only", only]  # fmt: skip
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    print(f"  {name}: {found['cpu']:.2f} s CPU, peak {found['peak']:.2f} GB")
    return found


def live_calls(folder: Path, count: int) -> int:
    """Count the calls into Excel of one refresh of everything."""
    from stockbook.workbook.builder import build
    from stockbook.workbook.live_book import LiveBook
    from tests.excel.engine import excel, opened

    path = folder / f"live{count}.xlsm"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        build(path, book_id="bench")
        book = opened(path)
        LiveBook(book).apply(changes(count, 0))
        excel.calls.clear()
        LiveBook(book).apply(changes(count, 1))
    print(f"  live, {count:,} SKUs: {excel.calls.total()} calls {dict(excel.calls)}")
    return excel.calls.total()


def seconds(*command: str) -> float:
    """Return the wall time of a Python process, the least of five [s]."""
    times = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run([sys.executable, *command], check=True, capture_output=True)
        times.append(time.perf_counter() - began)
    return min(times)


def entry() -> float:
    """Return how long a click's process lasts: RunPython's command line, with a worker to start.

    The worker finds no Excel here and ends by itself.
    """
    code = (
        "import xlwings.utils;xlwings.utils.prepare_sys_path('False;a.xlsm;;;;;;');"
        "import stockbook.addin;stockbook.addin.run('audit')"
    )
    return seconds("-B", "-c", code, "--wb=a.xlsm", "--from_xl=1", "--app=x", "--hwnd=1")


def ratios(folder: Path, count: int, runs: int, formulas: int) -> tuple[float, float]:
    """Return ours / XlsxWriter and openpyxl / ours, of the middle runs."""
    book = folder / f"bench{formulas}.xlsx"
    make(book, count, 0, formulas)()
    size = book.stat().st_size / 2**20
    print(f"{count:,} SKUs, {len(sheets(''))} sheets, {formulas} formula columns, {size:.1f} MB")
    cpu: dict[str, list[float]] = {name: [] for name in CASES}
    for _ in range(runs):
        for name in CASES:
            cpu[name].append(measured(name, book, count, formulas)["cpu"])
    middle = {name: statistics.median(times) for name, times in cpu.items()}
    return middle["ours"] / middle["xlsxwriter"], middle["openpyxl"] / middle["ours"]


def compare(count: int, runs: int, folder: Path) -> dict[str, float]:
    """Measure everything; print each figure beside what it is compared with."""
    to_new, from_openpyxl = ratios(folder, count, runs, FORMULAS)
    bare_new, bare_openpyxl = ratios(folder, count, runs, 0)
    print(f"  without formula columns: {bare_new:.2f} × XlsxWriter, openpyxl {bare_openpyxl:.2f} ×")
    large = folder / "large.xlsx"
    print(f"one sheet, {count * 10:,} rows")
    make(large, count * 10, 0, FORMULAS, "safety")()
    most = measured("ours", large, count * 10, FORMULAS, "safety")["peak"]
    bare = seconds("-c", "pass")
    imported = seconds("-c", "import stockbook.addin") - bare
    pandas = seconds("-c", "import pandas") - bare
    print(f"import stockbook.addin {imported:.3f} s, import pandas {pandas:.3f} s")
    few, many = live_calls(folder, count // 100), live_calls(folder, count)
    return {
        "ours / XlsxWriter": to_new,
        "openpyxl / ours": from_openpyxl,
        "100,000 rows, peak GB": most,
        "live calls, 100 × SKUs : SKUs": many / few,
        "import stockbook.addin, s": imported,
        "a click's entry process, s": entry(),
    }


def main(arguments: list[str]) -> int:
    """Compare, and say which targets hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--skus", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    parser.add_argument("--book", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--formulas", type=int, default=FORMULAS, help=argparse.SUPPRESS)
    parser.add_argument("--only", default="", help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.case:
        case(asked.case, asked.book, asked.skus, asked.formulas, asked.only)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        found = compare(asked.skus, asked.runs, Path(folder))
    missed = 0
    for name, (sense, target) in TARGETS.items():
        holds = found[name] <= target if sense == "at most" else found[name] >= target
        missed += not holds
        mark = "✓" if holds else "✗"
        print(f"{mark} {name}: {found[name]:.3f} ({sense} {target})")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
