"""How fast order lines are posted: ratios to SQLite itself, run in turn on this machine.

    python3 scripts/bench_ledger.py                  100,000 lines
    python3 scripts/bench_ledger.py --lines 1000000
    python3 scripts/bench_ledger.py --growth         10,000, 100,000 and 1,000,000 lines in turn
    python3 scripts/bench_ledger.py --csv            1,000,000 lines from a downloaded file

Every SKU is counted once, in the middle of the lines, as shops are. Posting reads what is known,
places every line, and writes snapshots, moves, balances, places and daily demand in one transaction
a window of 2,000 lines. Beside it, the same snapshot and move rows go into the same two tables by a
bare executemany. Then all of it is posted once more, 1,000 new orders are pulled over HTTP from a
practice shop into the full ledger, and the audit replays it.
"""

from __future__ import annotations

import argparse
import csv
import resource
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import _venv

sys.path.insert(0, str(_venv.ROOT))
from stockbook.domain.records import OrderLine, StockCount
from stockbook.intake import AFTER_SALES, pull
from stockbook.shops.doudian.client import DoudianShop
from stockbook.shops.doudian.transport import Account
from stockbook.shops.export_file import read_export
from stockbook.shops.sandbox.server import SHOP_ID, serve
from stockbook.shops.sandbox.simulation import ShopSimulation
from stockbook.store.ledger_store import LedgerStore

WINDOW, SKUS, FIRST_ID = 2_000, 500, 6_900_000_000_000_000_000
SNAPSHOTS = ("order_line", "ix_order_line_order_id", "ix_order_line_shop_sku_id")
MOVES = ("stock_move", "stock_move_by_sku")
TARGETS = {
    "posting / raw executemany": ("at most", 4.0),
    "lines a second": ("at least", 20_000.0),
    "moves of posting the same again": ("at most", 0.0),
    "time a line, all : the first tenth": ("at most", 1.5),
    "1,000 new orders pulled, s": ("at most", 2.0),
}
FROM_FILE = {"1,000,000 lines from CSV, s": 60.0, "its peak memory, GB": 1.0}


def made(first: int, count: int) -> list[OrderLine]:
    """Return parsed order lines, three of four shipped."""
    return [
        OrderLine(
            "s", str(FIRST_ID + i // 2), str(FIRST_ID + i),
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


def from_file(count: int, folder: Path) -> tuple[float, float]:
    """Import that many lines of a CSV file; return seconds and peak memory [GB]."""
    path = folder / "orders.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["主订单编号", "子订单编号", "商品数量", "商家编码", "订单提交时间",
                         "支付完成时间", "订单状态", "收件人"])  # fmt: skip
        for i in range(count):
            day = f"2026-0{1 + i % 9}-1{i % 9} 10:{i % 60:02d}"
            order, line = FIRST_ID + i // 2, f"{FIRST_ID + i}\t"
            sold = 1 + i % 3, f"SKU-{i % SKUS}", f"{day}:00", f"{day}:30"
            writer.writerow([order, line, *sold, "已发货", "某"])
    began = time.perf_counter()
    export = read_export(path, shop_id="s", now=1_800_000_000)
    with LedgerStore.open(folder / "file.sqlite") as store:
        store.post_file("s", export.lines, now=1_800_000_000)
    unit = 2**20 if sys.platform == "linux" else 2**30
    return time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def pulled(store: LedgerStore) -> tuple[float, int]:
    """Pull the newest orders of a practice shop over HTTP; return seconds and orders."""
    simulation = ShopSimulation(seed=7, skus=24, days=30, now=1_801_000_000)
    updated = sorted(order.updated_at for order in simulation.orders.values())
    store.post_window(SHOP_ID, cursor=updated[-1_000], now=1_800_000_000)
    store.post_window(SHOP_ID, cursor=updated[-1_000], now=1_800_000_000, stream=AFTER_SALES)
    with serve(simulation) as sandbox:
        account = Account(sandbox.gateway, sandbox.app_key, sandbox.app_secret, SHOP_ID)
        shop = DoudianShop(account, clock=lambda: float(simulation.now))
        began = time.perf_counter()
        found = pull(shop, store, now=simulation.now, history=90, progress=lambda _: None)
        return time.perf_counter() - began, found.orders


def compare(count: int, folder: Path) -> dict[str, float]:
    """Measure everything; print what it took."""
    lines = made(0, count)
    counts = [StockCount("s", f"SKU-{i}", 5_000, lines[count // 2].updated_at) for i in range(SKUS)]
    with LedgerStore.open(folder / "ledger.sqlite") as store:
        store.post_counts(counts, 1_800_000_000)
        tenth = count // 10
        first, _ = posted(store, lines[:tenth])
        rest, _ = posted(store, lines[tenth:])
        bare = raw(folder / "ledger.sqlite", folder)
        _, again = posted(store, lines)
        late, orders = pulled(store)
        began = time.perf_counter()
        wrong = store.audit()
        audited = time.perf_counter() - began
    if wrong:
        raise SystemExit(f"the audit found {len(wrong)} differences: {wrong[0]}")
    print(f"{count:,} lines: posted in {first + rest:.2f} s, raw {bare:.2f} s; "
          f"{orders:,} orders pulled in {late:.2f} s; audit {audited:.1f} s")  # fmt: skip
    return {
        "posting / raw executemany": (first + rest) / bare,
        "lines a second": count / (first + rest),
        "moves of posting the same again": again,
        "time a line, all : the first tenth": ((first + rest) / count) / (first / tenth),
        "1,000 new orders pulled, s": late,
    }


def growth(folder: Path) -> float:
    """Return the time a line at a million lines against the time a line at 10,000."""
    each = {}
    for count in (10_000, 100_000, 1_000_000):
        place = folder / str(count)
        place.mkdir()
        each[count] = 1 / compare(count, place)["lines a second"]
    return each[1_000_000] / each[10_000]


def main(arguments: list[str]) -> int:
    """Compare, and say which targets hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--growth", action="store_true", help="10,000 to a million lines")
    parser.add_argument("--csv", action="store_true", help="a million lines from a file instead")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if asked.csv:
            figures = zip(FROM_FILE, from_file(1_000_000, folder), strict=True)
            return sum([_told(n, found, "at most", FROM_FILE[n]) for n, found in figures])
        if asked.growth:
            return _told("time a line, 1,000,000 : 10,000", growth(folder), "at most", 1.5)
        found = compare(asked.lines, folder)
    return sum([_told(n, found[n], *target) for n, target in TARGETS.items()])


def _told(name: str, found: float, sense: str, target: float) -> bool:
    """Print one figure; return whether it misses its target."""
    holds = found <= target if sense == "at most" else found >= target
    print(f"{'✓' if holds else '✗'} {name}: {found:,.2f} ({sense} {target:,})")
    return not holds


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
