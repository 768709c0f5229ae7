"""A practice shop on this machine, and a workbook filled from it.

Its last 90 days are pulled through real HTTP, what its people know is typed in (terms, counts,
kits, and what came, went and broke), its 罗盘 files and the order files of a whole year are
imported on top. In this order new rows get their products' names, which files do not tell; the
ledger is the same in any.
"""

from __future__ import annotations

import gc
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stockbook import actions, running
from stockbook.domain.clock import beijing
from stockbook.domain.language import Language, say
from stockbook.domain.records import EntryKind
from stockbook.domain.words import ENTRY_KINDS
from stockbook.settings import data_folder
from stockbook.shops.sandbox import compass, exports
from stockbook.shops.sandbox.server import Sandbox, run_forever, serve
from stockbook.shops.sandbox.simulation import ShopSimulation
from stockbook.store.place import ledger_path
from stockbook.workbook.book import Changes, TableChange
from stockbook.workbook.closed_book import ClosedBook
from stockbook.workbook.sheets import sheet

BOOK = "StockBook.xlsm"
LOOKED_AT_LATER = {"data.stale_minutes": 1440}  # nothing is pulled once the demo has ended


@dataclass(frozen=True)
class Plan:
    """What to simulate: how many SKUs, over how many days, from which seed.

    Attributes:
        rich: With kits, gifts, presales, a second warehouse and a house that works.
    """

    seed: int = 7
    skus: int = 200
    days: int = 365
    rich: bool = True

    def shop(self, now: int, *, gated: bool = False) -> ShopSimulation:
        """Return the shop at an instant [Unix s].

        Args:
            gated: From then on it sells what it shows, whether or not the house has it.
        """
        return ShopSimulation(
            seed=self.seed, skus=self.skus, days=self.days, now=now, rich=self.rich, gated=gated
        )


def run(
    folder: Path, run: running.Run, plan: Plan, *, language: Language, truth: Path | None = None
) -> running.Report:
    """Simulate a shop, pull its orders, enter what its people know, import its files, and fill."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / BOOK
    book_id = f"demo-{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]}"
    start_over(path, book_id)
    skus, days = plan.skus, plan.days
    run.progress(say(f"模拟一家店：{skus} 个商品，{days} 天", f"a shop: {skus} SKUs, {days} days"))
    simulation = plan.shop(run.now)
    files = download(folder / say("订单导出", "downloads"), simulation, run)
    name = say("小满优选旗舰店", "Demo shop")
    with serve(simulation, truth=truth) as sandbox, environment(sandbox), set_aside():
        actions.new(path, language=language, shop_name=name, book_id=book_id)
        pulled = actions.pull(path, run)
        enter_what_people_know(path, simulation, LOOKED_AT_LATER)
        looked = compass.write_insight(folder / say("罗盘导出", "compass"), simulation)
        # before the year's lines come, which need kits and warehouses
        known = actions.import_analysis(path, looked, run)
        imported = actions.import_files(path, files, run)
    total = running.merged(running.merged(pulled, known), imported)
    return replace(total, orders=imported.orders)  # those that were pulled are among them


@contextmanager
def set_aside() -> Iterator[None]:
    """Let the garbage collector pass over the simulation's million objects, not count them anew."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def download(folder: Path, simulation: ShopSimulation, run: running.Run) -> list[Path]:
    """Write the files that the shop's back office gives; those of an earlier demo go."""
    for old in (*folder.glob("订单_*"), *folder.glob("售后.csv")):
        old.unlink()
    files = exports.write_files(folder, simulation)
    run.progress(
        say(f"后台导出的 {len(files)} 个文件在 {folder}", f"{len(files)} downloads are in {folder}")
    )
    return files


def start_over(path: Path, book_id: str) -> None:
    """Remove the workbook and the ledger of an earlier demo in the same place.

    Raises:
        WorkbookError: The workbook is open.
    """
    if path.exists():
        ClosedBook(path).refuse_if_open()
        path.unlink()
    ledger = ledger_path(data_folder(), book_id)
    for name in (ledger.name, f"{ledger.name}-wal", f"{ledger.name}-shm"):
        ledger.with_name(name).unlink(missing_ok=True)


@contextmanager
def environment(sandbox: Sandbox, data: Path | None = None) -> Iterator[None]:
    """Point the settings at the sandbox, and put the user's own back afterwards."""
    ours = {
        "STOCKBOOK_GATEWAY": sandbox.gateway,
        "STOCKBOOK_APP_KEY": sandbox.app_key,
        "STOCKBOOK_APP_SECRET": sandbox.app_secret,
        "STOCKBOOK_SHOP_ID": sandbox.shop_id,
    }
    if data is not None:
        ours["STOCKBOOK_DATA"] = str(data.resolve())
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


def enter_what_people_know(
    path: Path, simulation: ShopSimulation, settings: Mapping[str, object] | None = None
) -> None:
    """Type into the workbook what the shop's people know, each thing where it belongs.

    Suppliers, terms and the count of the main warehouse go to 商品, kits to SKU对照, the count
    of the second warehouse, which 设置 keeps apart, and what happened in the house since to
    收货与盘点.
    """
    kits = [{"shop_sku_id": key, "parts": text} for key, text in simulation.kits()]
    apart = "、".join(simulation.warehouses())
    chosen = ({"shop.warehouses": apart} if apart else {}) | dict(settings or {})
    changes = [
        _typed("setting", [{"setting": key, "value": value} for key, value in chosen.items()]),
        _typed("sku", _terms(simulation)),
        _typed("sku_map", kits),
    ]
    rows = typed_entries(simulation)
    columns = tuple(column.key for column in sheet("entry").columns if column.role == "input")
    typed = [{key: row.get(key) for key in columns} for row in rows]
    changes.append(TableChange("entry", typed, by_position=True, columns=columns))
    ClosedBook(path).apply(Changes(tuple(change for change in changes if change.rows)))


def _typed(name: str, rows: list[dict[str, Any]]) -> TableChange:
    """Return rows of a keyed sheet, with the inputs that they fill in."""
    given = rows[0] if rows else {}
    columns = [c.key for c in sheet(name).columns if c.key in given and c.role == "input"]
    return TableChange(name, rows, columns=tuple(columns))


def _terms(simulation: ShopSimulation) -> list[dict[str, Any]]:
    counts = {c.sku: (c.on_hand, beijing(c.at)) for c in simulation.stock_take() if not c.warehouse}
    rows = []
    for terms in simulation.supply():
        counted = counts.get(terms["sku"], (None, None))
        rows.append(
            {
                "sku": terms["sku"],
                "supplier": terms["supplier"],
                "unit_cost": terms["unit_cost"],
                "lead_time_days": terms["lead_time_days"],
                "lead_time_sd": terms["lead_time_sd"],
                "emergency_hours": terms["emergency_lead_time_hours"],
                "moq": terms["moq"],
                "pack_size": terms["pack_size"],
                "counted_on_hand": counted[0],
                "counted_at": counted[1],
            }
        )
    return rows


def typed_entries(simulation: ShopSimulation) -> list[dict[str, Any]]:
    """Return the rows of 收货与盘点 as people would type them, by column key."""
    first = [
        {"kind": "count", "sku": c.sku, "units": c.on_hand, "warehouse": c.warehouse, "at": c.at}
        for c in simulation.stock_take()
        if c.warehouse
    ]
    return [
        row | {"kind": str(ENTRY_KINDS[EntryKind(row["kind"])]), "at": beijing(row["at"]),
               "defective": row.get("defective") or None}
        for row in (*first, *simulation.entries())
    ]  # fmt: skip


def run_sandbox(
    simulation: ShopSimulation,
    *,
    port: int,
    truth: Path | None,
    live: bool,
    tell: Callable[[str], None],
    files: Path | None = None,
) -> None:
    """Serve a practice shop until Ctrl-C, telling first how to reach it.

    Args:
        files: A folder for what its back office lets people download.
    """
    for path in exports.write_files(files, simulation) if files else ():
        tell(f"# {path}")

    def ready(sandbox: Sandbox) -> None:
        tell(f"STOCKBOOK_GATEWAY={sandbox.gateway}")
        tell(f"STOCKBOOK_APP_KEY={sandbox.app_key}")
        tell(f"STOCKBOOK_APP_SECRET={sandbox.app_secret}")
        tell(f"STOCKBOOK_SHOP_ID={sandbox.shop_id}")
        state = "runs" if live else "stands still (POST /sandbox/clock)"
        tell(f"# clock {beijing(simulation.now):%Y-%m-%d %H:%M:%S} {state}, Ctrl-C stops it")

    run_forever(simulation, port, truth, ready, live=live)
