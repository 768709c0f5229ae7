"""How fast order lines are posted: ratios to SQLite itself, run in turn on this machine.

    python3 scripts/bench_ledger.py                  100,000 lines
    python3 scripts/bench_ledger.py --lines 10000

Posting reads what is known, places every line, and writes snapshots, moves, balances, places and
daily demand in one transaction a window of 2,000 lines. Beside it, the same snapshot and move rows
go into the same two tables by a bare executemany. Then all of it is posted once more, and 1,000 new
lines are posted into the full ledger.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import _venv

sys.path.insert(0, str(_venv.ROOT))
from stockbook.domain.records import OrderLine
from stockbook.store.ledger_store import LedgerStore

WINDOW, SKUS = 2_000, 500
SNAPSHOTS = ("order_line", "ix_order_line_order_id", "ix_order_line_shop_sku_id")
MOVES = ("stock_move", "stock_move_by_sku")
TARGETS = {
    "posting / raw executemany": ("at most", 4.0),
    "lines a second": ("at least", 20_000.0),
    "moves of posting the same again": ("at most", 0.0),
    "time a line, all : the first tenth": ("at most", 1.5),
    "1,000 new lines, s": ("at most", 2.0),
}


def made(first: int, count: int) -> list[OrderLine]:
    """Return parsed order lines, three of four shipped."""
    return [
        OrderLine(
            "s", str(6_900_000_000_000_000_000 + i // 2), str(6_900_000_000_000_000_000 + i),
            f"90{i % SKUS}", 1 + i % 3, 3 if i % 4 else 2, 1_700_000_000 + i,
            product_id="1", sku=f"SKU-{i % SKUS}", created_at=1_699_990_000 + i,
            paid_at=1_699_990_100 + i, shipped_at=1_700_000_000 + i if i % 4 else None,
            pay_amount_fen=1_000,
        )
        for i in range(first, first + count)
    ]  # fmt: skip


def posted(store: LedgerStore, lines: list[OrderLine]) -> tuple[float, int]:
    """Post lines in windows; return seconds and moves."""
    began, moves = time.perf_counter(), 0
    for at in range(0, len(lines), WINDOW):
        window = lines[at : at + WINDOW]
        moves += store.post_window("s", window, cursor=at, now=1_800_000_000).moves
    return time.perf_counter() - began, moves


def raw(ledger: Path, folder: Path) -> float:
    """Write the ledger's snapshot and move rows into a bare file; return seconds."""
    with (
        closing(sqlite3.connect(ledger)) as source,
        closing(sqlite3.connect(folder / "raw.sqlite")) as target,
    ):
        target.execute("PRAGMA journal_mode=WAL")
        target.execute("PRAGMA synchronous=FULL")
        for name in (*SNAPSHOTS, *MOVES):
            query = "SELECT sql FROM sqlite_master WHERE name = ?"
            target.execute(source.execute(query, (name,)).fetchone()[0])
        tables = {
            name: source.execute(f"SELECT * FROM {name}").fetchall()
            for name in ("order_line", "stock_move")
        }
        began = time.perf_counter()
        for at in range(0, len(tables["order_line"]), WINDOW):
            for name, rows in tables.items():
                marks = ",".join("?" * len(rows[0]))
                part = rows[at : at + WINDOW]
                target.executemany(f"INSERT INTO {name} VALUES ({marks})", part)
            target.commit()
        return time.perf_counter() - began


def compare(count: int, folder: Path) -> dict[str, float]:
    """Measure everything; print what it took."""
    lines = made(0, count)
    with LedgerStore.open(folder / "ledger.sqlite") as store:
        tenth = count // 10
        first, _ = posted(store, lines[:tenth])
        rest, _ = posted(store, lines[tenth:])
        _, again = posted(store, lines)
        late, _ = posted(store, made(count, 1_000))
    bare = raw(folder / "ledger.sqlite", folder)
    print(f"{count:,} lines: posted in {first + rest:.2f} s, raw {bare:.2f} s")
    return {
        "posting / raw executemany": (first + rest) / bare,
        "lines a second": count / (first + rest),
        "moves of posting the same again": again,
        "time a line, all : the first tenth": ((first + rest) / count) / (first / tenth),
        "1,000 new lines, s": late,
    }


def main(arguments: list[str]) -> int:
    """Compare, and say which targets hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=100_000)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        found = compare(asked.lines, Path(folder))
    missed = 0
    for name, (sense, target) in TARGETS.items():
        holds = found[name] <= target if sense == "at most" else found[name] >= target
        missed += not holds
        print(f"{'✓' if holds else '✗'} {name}: {found[name]:,.2f} ({sense} {target:,})")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
